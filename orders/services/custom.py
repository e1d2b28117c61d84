"""Orders of custom trips: a product and a departure of their own, paid in parts."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.services.custom import make_custom_product
from core import clock
from core.errors import Refused
from core.event_types import OrderPlaced
from core.events import record
from core.money import ZERO
from customers.models import Customer
from orders.models import Instalment, Order
from orders.services.placing import new_order_no


@dataclasses.dataclass(frozen=True)
class Part:
    """One instalment to come."""

    label: str
    amount: Decimal
    due_on: dt.date


@dataclasses.dataclass(frozen=True)
class CustomTrip:
    """What was agreed: `adult` and `child` prices where they are uniform, `extra` for what is left to the total."""

    name: str
    days: int
    starts_on: dt.date
    adults: int
    children: int
    adult_amount: Decimal
    child_amount: Decimal
    total_amount: Decimal
    parts: Sequence[Part]
    cancellation: Sequence[dict[str, int]]


@transaction.atomic
def place_custom_order(*, customer: Customer, trip: CustomTrip, hold_until: dt.datetime) -> Order:
    """Place the order of an accepted quote; its first part is to be paid before `hold_until`. Records order.placed.

    Refused (no_price, past) for a trip without a price or in the past; ValueError when the parts are not the total.
    """
    if trip.total_amount <= 0:
        raise Refused(_("This trip has no price yet."), "no_price")
    if sum((part.amount for part in trip.parts), ZERO) != trip.total_amount:
        raise ValueError("the instalments do not add up to the total")
    now = clock.now()
    departure = make_custom_product(
        name=trip.name, days=trip.days, starts_on=trip.starts_on, people=trip.adults + trip.children,
        amounts=(trip.adult_amount, trip.child_amount), cancellation=list(trip.cancellation),
    )  # fmt: skip
    listed = trip.adults * trip.adult_amount + trip.children * trip.child_amount
    order = Order.objects.create(
        no=new_order_no(now), customer=customer, product_id=departure.product_id, departure=departure, adults=trip.adults,
        children=trip.children, adult_amount=trip.adult_amount, child_amount=trip.child_amount,
        extra_amount=trip.total_amount - listed, total_amount=trip.total_amount, paid_amount=ZERO, refunded_amount=ZERO,
        placed_at=now, hold_until=hold_until,
    )  # fmt: skip
    Instalment.objects.bulk_create(
        Instalment(order=order, position=number, label=part.label, amount=part.amount, due_on=part.due_on)
        for number, part in enumerate(trip.parts, start=1)
    )
    record(OrderPlaced(customer.pk, order.pk, trip.total_amount), key=f"order.placed:{order.pk}", occurred_at=now)
    return order
