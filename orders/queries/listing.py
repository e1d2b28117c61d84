"""The order list of staff: views, filters, one page by cursor, the numbers above it."""

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import Product
from core import clock
from customers.queries.search import matching_ids
from orders.choices import OrderState, RefundState
from orders.models import Order, OrderQuerySet, Refund
from staff.access import may
from staff.models import User

PAGE = 30
SOON_DAYS = 7
TREND_DAYS = 14

VIEWS: dict[str, Any] = {
    "all": gettext_lazy("All"),
    "placed": gettext_lazy("Waiting for payment"),
    "paid": gettext_lazy("Paid"),
    "soon": gettext_lazy("Leaving within 7 days"),
    "refunds": gettext_lazy("Refunds to decide"),
    "completed": gettext_lazy("Completed"),
    "refunded": gettext_lazy("Refunded"),
    "closed": gettext_lazy("Closed"),
}
# What a row shows: building whole customers and members of staff took a third of the page's time.
SHOWN = (
    "no", "customer_id", "adults", "children", "total_amount", "refunded_amount", "state", "placed_at",
    "customer__name", "customer__nickname", "customer__city", "customer__owner__display_name", "customer__owner__username",
    "product__code", "product__name", "departure__departs_on",
)  # fmt: skip
_REQUESTED = Refund.objects.filter(payment__order=OuterRef("pk"), state=RefundState.REQUESTED)


@dataclasses.dataclass(frozen=True)
class OrderFilter:
    """What the list shows; empty values ask for nothing."""

    view: str = "all"
    q: str = ""
    product: str = ""
    departs_from: dt.date | None = None
    departs_to: dt.date | None = None


@dataclasses.dataclass(frozen=True)
class OrderPage:
    """Rows, newest first, and the cursor of the next page (empty at the end)."""

    rows: list[Order]
    after: str


def read_orders(user: User, wanted: OrderFilter, after: str) -> OrderPage:
    """One page of what the user may see. `after` is the number of the last row before it; nonsense starts anew."""
    found = orders_for(user, wanted)
    last = Order.objects.filter(no=after).values_list("placed_at", "pk").first() if after else None
    if last is not None:
        found = found.filter(Q(placed_at__lt=last[0]) | Q(placed_at=last[0], pk__lt=last[1]))
    ordered = found.select_related("customer__owner", "product", "departure").only(*SHOWN).order_by("-placed_at", "-pk")
    rows = list(ordered[: PAGE + 1])
    return OrderPage(rows[:PAGE], rows[PAGE - 1].no if len(rows) > PAGE else "")


def orders_for(user: User, wanted: OrderFilter) -> OrderQuerySet:
    """Every order the user may see that fits."""
    found = _view(Order.objects.visible_to(user), wanted.view)
    if wanted.product:
        found = found.filter(product__code=wanted.product)
    if wanted.departs_from:
        found = found.filter(departure__departs_on__gte=wanted.departs_from)
    if wanted.departs_to:
        found = found.filter(departure__departs_on__lte=wanted.departs_to)
    return _search(found, wanted.q.strip()) if wanted.q.strip() else found


def _view(found: OrderQuerySet, view: str) -> OrderQuerySet:
    if view == "soon":
        today = clock.today()
        coming = Q(departure__departs_on__gte=today, departure__departs_on__lte=today + dt.timedelta(days=SOON_DAYS))
        return found.filter(coming, state=OrderState.PAID)
    if view == "refunds":
        return found.filter(Exists(_REQUESTED))
    return found.filter(state=view) if view in OrderState.values else found


def _search(found: OrderQuerySet, text: str) -> OrderQuerySet:
    if text.isascii() and text.isdigit() and len(text) >= 6:
        return found.filter(no__startswith=text[:24])
    products = Product.objects.filter(Q(name__icontains=text) | Q(code__iexact=text)).values("pk")
    return found.filter(Q(customer__in=matching_ids(text)) | Q(product__in=products))


@dataclasses.dataclass(frozen=True)
class Figures:
    """The numbers above the list: orders and money of today, of each of the last days, and what waits."""

    orders_today: int
    paid_today: Decimal
    orders: list[int]
    paid: list[float]
    waiting: int
    refunds: int


def figures_for(user: User) -> Figures:
    """Over what the user may see. Three queries."""
    seen, today = Order.objects.visible_to(user), clock.today()
    days = [today - dt.timedelta(days=back) for back in range(TREND_DAYS - 1, -1, -1)]
    start = clock.day_bounds(days[0])[0]
    placed = seen.filter(placed_at__gte=start).annotate(day=TruncDate("placed_at", tzinfo=clock.SHANGHAI))
    rows = placed.order_by().values("day").annotate(number=Count("id"), money=Sum("paid_amount"))
    by_day = {row["day"]: (row["number"], row["money"] or Decimal(0)) for row in rows}
    orders = [by_day.get(day, (0, Decimal(0))) for day in days]
    return Figures(
        orders_today=orders[-1][0],
        paid_today=orders[-1][1],
        orders=[number for number, _money in orders],
        paid=[float(money) for _number, money in orders],
        waiting=seen.filter(state=OrderState.PLACED).count(),
        refunds=Refund.objects.filter(state=RefundState.REQUESTED, payment__order__in=seen).count(),
    )


@dataclasses.dataclass(frozen=True)
class PaletteRow:
    """An order as the palette shows it."""

    label: str
    url: str
    icon: str = "receipt-text"
    kind: str = ""
    note: str = ""


def palette(user: User, text: str, limit: int) -> list[PaletteRow]:
    """Orders within the user's scope whose number, customer or product matches, newest first."""
    if not may(user, "orders.view"):
        return []
    found = orders_for(user, OrderFilter(q=text)).select_related("product", "customer").order_by("-placed_at")[:limit]
    return [
        PaletteRow(
            f"{order.customer} · {order.product.name}", reverse("orders:detail", args=[order.no]), kind=_("Orders"), note=order.no
        )
        for order in found
    ]
