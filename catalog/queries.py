"""Reads of the catalogue: products for customers and staff, calendars, resources, feeds."""

import base64
import binascii
import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from django.db.models import F, Q
from django.utils.translation import gettext as _

from catalog.choices import SaleState
from catalog.models import Departure, Destination, Product
from catalog.rules import month_bounds
from core import clock
from core.errors import BadInput

_ORDERS: dict[str, tuple[str, ...]] = {
    "recommended": ("id",),
    "price": ("price_from_amount", "id"),
    "-price": ("-price_from_amount", "-id"),
    "days": ("days", "id"),
}


@dataclasses.dataclass(frozen=True)
class ProductFilter:
    """What a customer looks for; empty values ask for nothing. Prices are yuan."""

    q: str = ""
    destination: str = ""
    theme: str = ""
    days: int | None = None
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    sort: str = "recommended"
    limit: int = 20
    cursor: str = ""


@dataclasses.dataclass(frozen=True)
class ProductsFound:
    """A page of products and the cursor of the next."""

    products: list[Product]
    next_cursor: str | None


def page_of_products(wanted: ProductFilter) -> ProductsFound:
    """Products on sale, by key-set: new products do not shift pages. BadInput for a cursor we did not make."""
    found = Product.objects.filter(state=SaleState.ON_SALE).select_related("destination").filter(_where(wanted))
    order = _ORDERS[wanted.sort]
    if wanted.cursor:
        found = found.filter(_after(order, _read_cursor(wanted.cursor, wanted.sort)))
    products = list(found.order_by(*order)[: wanted.limit + 1])
    more = len(products) > wanted.limit
    products = products[: wanted.limit]
    return ProductsFound(products, _cursor(products[-1], wanted.sort) if more else None)


def _where(wanted: ProductFilter) -> Q:
    where = Q()
    for word in wanted.q.split():
        where &= Q(name__icontains=word) | Q(subtitle__icontains=word) | Q(destination__name__icontains=word)
    if wanted.destination:
        where &= Q(destination__code=wanted.destination)
    if wanted.theme:
        where &= Q(themes__contains=[wanted.theme])
    if wanted.days is not None:
        where &= Q(days=wanted.days)
    if wanted.price_min is not None:
        where &= Q(price_from_amount__gte=wanted.price_min)
    if wanted.price_max is not None:
        where &= Q(price_from_amount__lte=wanted.price_max)
    return where


def _after(order: Sequence[str], values: list[Any]) -> Q:
    """Rows that come after the values in this order."""
    where, equal = Q(), Q()
    for name, value in zip(order, values, strict=True):
        field, operator = name.removeprefix("-"), "lt" if name.startswith("-") else "gt"
        where |= equal & Q(**{f"{field}__{operator}": value})
        equal &= Q(**{field: value})
    return where


def _cursor(product: Product, sort: str) -> str:
    values = [str(getattr(product, name.removeprefix("-"))) for name in _ORDERS[sort]]
    return base64.urlsafe_b64encode(msgspec.json.encode([sort, *values])).decode().rstrip("=")


class _Place(msgspec.Struct, array_like=True):
    sort: str
    first: str
    second: str = ""


def _read_cursor(cursor: str, sort: str) -> list[Any]:
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=_Place)
        values = [_number(text) for text in (place.first, place.second)[: len(_ORDERS[sort])]]
        if place.sort != sort:
            raise ValueError("made for another order")
    except (binascii.Error, ValueError, UnicodeError, msgspec.MsgspecError) as error:
        raise BadInput(_("The cursor is not one of ours."), {"cursor": _("start again without it")}) from error
    return values


def _number(text: str) -> Decimal:
    if not text.replace(".", "", 1).isascii() or not text.replace(".", "", 1).isdigit() or len(text) > 18:
        raise ValueError("not a number")
    return Decimal(text)


def product_on_sale(code: str) -> Product | None:
    """The product of a code, if customers may see it."""
    return Product.objects.select_related("destination").filter(code=code, state=SaleState.ON_SALE).first()


def next_departures(product_ids: Iterable[int]) -> dict[int, Departure]:
    """Product -> its next coming date with free seats."""
    coming = Departure.objects.filter(
        product_id__in=list(product_ids), departs_on__gt=clock.today(), is_closed=False, seats_taken__lt=F("seats")
    )
    return {departure.product_id: departure for departure in coming.order_by("product_id", "departs_on").distinct("product_id")}


def calendar_of(product: Product, month: dt.date, *, for_customers: bool = False) -> list[Departure]:
    """The departures of a month, in order; for customers only coming ones that are on sale."""
    first, after = month_bounds(month)
    found = Departure.objects.filter(product=product, departs_on__gte=first, departs_on__lt=after)
    if for_customers:
        found = found.filter(departs_on__gt=clock.today(), is_closed=False)
    return list(found.order_by("departs_on"))


def product_names(codes: Iterable[Any]) -> dict[str, str]:
    """Product code -> name, for timelines."""
    return dict(Product.objects.filter(code__in=[str(code)[:20] for code in codes]).values_list("code", "name"))


def destination_names(codes: Iterable[Any]) -> dict[str, str]:
    """Destination code -> name, for timelines."""
    return dict(Destination.objects.filter(code__in=[str(code)[:20] for code in codes]).values_list("code", "name"))
