"""Products and their calendars, for customers and for staff."""

import base64
import binascii
import dataclasses
import datetime as dt
import functools
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from django.db.models import Case, Count, F, Func, Q, Sum, When
from django.utils.translation import gettext as _

from catalog.choices import SaleState
from catalog.models import Departure, Destination, Product
from catalog.rules import month_bounds, month_grid
from core import clock
from core.errors import BadInput

_ORDERS: dict[str, tuple[str, ...]] = {
    "recommended": ("id",),
    "price": ("price_from_amount", "id"),
    "-price": ("-price_from_amount", "-id"),
    "days": ("days", "id"),
}

# What a product is about, as the profile engine reads it: one row per topic.
INTERESTS = """
SELECT product.code AS product, 'destination' AS topic, destination.name
FROM catalog_product AS product JOIN catalog_destination AS destination ON destination.id = product.destination_id
UNION ALL SELECT product.code, 'theme', theme FROM catalog_product AS product CROSS JOIN unnest(product.themes) AS theme
"""


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
        where &= (
            Q(name__icontains=word) | Q(subtitle__icontains=word) | Q(destination__name__icontains=word) | Q(code__iexact=word)
        )
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


# --- for staff -------------------------------------------------------------------------------------------

PRODUCTS_PER_PAGE = 60


@dataclasses.dataclass(frozen=True)
class StaffFilter:
    """What the product page of staff shows; empty values ask for nothing."""

    q: str = ""
    destination: str = ""
    theme: str = ""
    state: str = ""


@dataclasses.dataclass(frozen=True)
class ProductRow:
    """A product as a card: with its next departure and how many dates are still to come."""

    product: Product
    departure: Departure | None
    coming: int
    free_seats: int

    @property
    def seats_left(self) -> int:
        """Free seats of the next departure."""
        return self.departure.seats - self.departure.seats_taken if self.departure else 0


def products_for_staff(wanted: StaffFilter) -> list[ProductRow]:
    """All products that fit, on sale first, each with its coming dates. Three queries whatever their number."""
    where = _where(ProductFilter(wanted.q, wanted.destination, wanted.theme))
    found = Product.objects.select_related("destination").filter(where).exclude(state=SaleState.CUSTOM)
    if wanted.state:
        found = found.filter(state=wanted.state)
    rank = Case(When(state=SaleState.ON_SALE, then=0), When(state=SaleState.PAUSED, then=1), default=2)
    products = list(found.order_by(rank, "code")[:PRODUCTS_PER_PAGE])
    ids = [product.pk for product in products]
    departures, coming = next_departures(ids), _coming(ids)
    return [ProductRow(product, departures.get(product.pk), *coming.get(product.pk, (0, 0))) for product in products]


def _coming(product_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Product -> how many dates are still to come, and their free seats."""
    found = Departure.objects.filter(product_id__in=product_ids, departs_on__gt=clock.today(), is_closed=False)
    rows = found.values("product_id").annotate(dates=Count("id"), free=Sum(F("seats") - F("seats_taken")))
    return {row["product_id"]: (row["dates"], row["free"]) for row in rows}


def state_counts() -> dict[str, int]:
    """Sale state -> number of products."""
    rows = Product.objects.exclude(state=SaleState.CUSTOM).values_list("state").annotate(number=Count("id"))
    return dict(rows)


def themes_in_use() -> list[str]:
    """Every theme a product has, in alphabetical order."""
    rows = Product.objects.annotate(theme=Func(F("themes"), function="unnest")).values_list("theme", flat=True).distinct()
    return sorted(rows)


@dataclasses.dataclass(frozen=True)
class GridDay:
    """A cell of the calendar: the day, its departure if it has one, the holiday if it is one."""

    date: dt.date
    in_month: bool
    departure: Departure | None
    holiday: str
    is_past: bool

    @property
    def left(self) -> int:
        """Free seats."""
        return self.departure.seats - self.departure.seats_taken if self.departure else 0

    @property
    def mood(self) -> str:
        """How it stands: empty, past, closed, full, few (a quarter or less), open."""
        if self.departure is None:
            return "empty"
        if self.is_past:
            return "past"
        if self.departure.is_closed:
            return "closed"
        if self.left <= 0:
            return "full"
        return "few" if self.left * 4 <= self.departure.seats else "open"


def month_of(product: Product, month: dt.date) -> list[list[GridDay]]:
    """The weeks of a month with their departures. One query."""
    departures = {departure.departs_on: departure for departure in calendar_of(product, month)}
    holidays, today = holidays_of(month.year), clock.today()
    return [
        [
            GridDay(cell.date, cell.in_month, departures.get(cell.date), holidays.get(cell.date, ""), cell.date <= today)
            for cell in week
        ]
        for week in month_grid(month)
    ]


@functools.cache
def holidays_of(year: int) -> dict[dt.date, str]:
    """The statutory holidays of a year by their Chinese names; adjusted working days are left out."""
    import holidays  # 20 MB of calendars: only where someone looks at one

    found = holidays.country_holidays("CN", years=year, language="zh_CN")
    names = {day: name.split("（")[0].split(";")[0] for day, name in found.items()}
    return {day: "休" if name == "休息日" else name for day, name in names.items()}
