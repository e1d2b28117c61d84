"""What is on sale beside trips, and what an order has to pay next."""

import dataclasses
from decimal import Decimal

from catalog.models import Departure
from core import clock
from core.money import ZERO
from orders.choices import OfferState, OrderState
from orders.models import Offer, Order

MOST_OFFERS = 100
MOST_DAYS = 60


@dataclasses.dataclass(frozen=True)
class OnSale:
    """An offer and the days on which it can be had, the nearest first."""

    offer: Offer
    days: list[Departure]


def offers_on_sale() -> list[OnSale]:
    """Every offer that somebody can order now. Two queries."""
    offers = list(Offer.objects.filter(state=OfferState.ON_SALE).select_related("product").order_by("pk")[:MOST_OFFERS])
    days: dict[int, list[Departure]] = {}
    found = Departure.objects.filter(
        product__in=[one.product_id for one in offers], departs_on__gte=clock.today(), is_closed=False
    )
    for day in found.order_by("departs_on"):
        days.setdefault(day.product_id, []).append(day)
    return [OnSale(one, days[one.product_id][:MOST_DAYS]) for one in offers if one.product_id in days]


def due_now(order: Order) -> Decimal:
    """What the next payment of an order collects; nothing when there is none to make."""
    part = next((one for one in sorted(order.instalments.all(), key=lambda one: one.position) if one.paid_at is None), None)
    if order.state == OrderState.PLACED:
        return part.amount if part else order.payable_amount
    return part.amount if part and order.state == OrderState.PAID else ZERO
