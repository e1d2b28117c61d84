"""Orders of custom trips: a product and a departure of their own, paid in parts."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import Departure
from catalog.services.custom import make_custom_product
from core import clock
from core.errors import Refused
from core.event_types import OrderPlaced
from core.events import record
from core.money import ZERO
from customers.models import Customer
from orders.choices import LineKind
from orders.models import Instalment, Order, OrderLine
from orders.services.lines import Service, keep_lines, take_lines
from orders.services.placing import head_of, new_order_no


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
    services: Sequence[Service] = ()


@transaction.atomic
def place_custom_order(*, customer: Customer, trip: CustomTrip, hold_until: dt.datetime) -> Order:
    """Place the order of an accepted quote; its first part is to be paid before `hold_until`. Records order.placed.

    Services ordered with it are paid with the first part. Refused (no_price, past) for a trip without a price or in the past;
    ValueError when the parts are not the total.
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
    lines = _lines(trip, departure)
    more = take_lines(trip.services) if trip.services else []
    for line in more:
        line.position += len(lines)
    order = Order.objects.create(
        no=new_order_no(now), customer=customer, paid_amount=ZERO, refunded_amount=ZERO, placed_at=now, hold_until=hold_until,
        **head_of(departure.product_id, [*lines, *more]),
    )  # fmt: skip
    keep_lines(order, [*lines, *more])
    extra = sum((line.total_amount for line in more), ZERO)
    Instalment.objects.bulk_create(
        Instalment(
            order=order, position=number, label=part.label, due_on=part.due_on,
            amount=part.amount + (extra if number == 1 else ZERO),
        )
        for number, part in enumerate(trip.parts, start=1)
    )  # fmt: skip
    record(OrderPlaced(customer.pk, order.pk, order.total_amount), key=f"order.placed:{order.pk}", occurred_at=now)
    return order


def _lines(trip: CustomTrip, departure: Departure) -> list[OrderLine]:
    """People at their prices, and what the agreed total differs from them."""
    shared = {
        "departure": departure, "starts_on": trip.starts_on, "terms": list(trip.cancellation), "name": trip.name[:80],
    }  # fmt: skip
    lines = [OrderLine(kind=LineKind.ADULT, quantity=trip.adults, unit_amount=trip.adult_amount, **shared)]
    if trip.children:
        lines.append(OrderLine(kind=LineKind.CHILD, quantity=trip.children, unit_amount=trip.child_amount, **shared))
    rest = trip.total_amount - sum((line.total_amount for line in lines), ZERO)
    if rest:
        shared["departure"] = None
        lines.append(OrderLine(kind=LineKind.SUPPLEMENT, quantity=1, unit_amount=rest, **shared))
    for position, line in enumerate(lines, start=1):
        line.position = position
    return lines
