"""The editor's drawer: resources by words or pinyin, kind, city, theme and price, the best rated first."""

import dataclasses
import functools
from decimal import Decimal

from django.db.models import Q, QuerySet

from catalog.choices import SaleState
from catalog.models import Product, Resource
from customers.services.spelling import speak

FOUND = 40
SPOKEN_ROWS = 8_000  # names looked through for a word in Latin letters


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is looked for; empty values ask for nothing."""

    q: str = ""
    kind: str = ""
    city: str = ""
    theme: str = ""
    price_to: Decimal | None = None


def read_drawer(wanted: Wanted) -> list[Resource]:
    """At most forty. One query; two where a word is pinyin."""
    found = Resource.objects.filter(gone_at__isnull=True)
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.city:
        found = found.filter(Q(city__in=[wanted.city, f"{wanted.city}市"]) | Q(destination__name=wanted.city))
    if wanted.theme:
        found = found.filter(attributes__themes__contains=[wanted.theme])
    if wanted.price_to is not None:
        found = found.filter(price_amount__lte=wanted.price_to)
    for word in wanted.q.split():
        plain = Q(name__icontains=word) | Q(address__icontains=word) | Q(city__icontains=word)
        spoken = spoken_like(found, word.lower()) if word.isascii() and word.isalpha() else []
        found = found.filter(plain | Q(pk__in=spoken))
    return list(found.select_related("supplier").order_by("-rating", "id")[:FOUND])


def themes() -> list[str]:
    """The themes that products and sights are sorted by, as the catalogue's products name them. One query."""
    found = Product.objects.filter(state=SaleState.ON_SALE).values_list("themes", flat=True)
    return sorted({theme for row in found for theme in row})


def spoken_like(rows: QuerySet[Resource], word: str) -> list[int]:
    """Those whose name sounds like the word: part of its pinyin or of its initials (`yulong`, `ylxs` for 玉龙雪山)."""
    known = rows.order_by("pk").values_list("pk", "name")[:SPOKEN_ROWS]
    return [pk for pk, name in known if any(word in spoken for spoken in _spoken(name))]


_spoken = functools.lru_cache(maxsize=50_000)(speak)
