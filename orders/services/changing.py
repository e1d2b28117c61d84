"""Changing an order: another date, other people. Priced by the server, like the order itself; what it costs is told first."""

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.choices import SaleState
from catalog.models import Departure
from catalog.services.products import free_seats, take_seats
from core import clock
from core.errors import BadInput, Refused
from core.event_types import OrderChanged
from core.events import record
from core.money import ZERO
from orders.choices import ChangeState, LineKind, OrderState, PaymentState
from orders.models import CommercePolicy, Instalment, Order, OrderChange, OrderLine, Refund
from orders.rules import HOLD
from orders.services.payments import close_payments, close_payments_later
from orders.services.refunds import owe_back
from staff.models import User
from staff.services import write_audit

PAY_DAYS = 2  # how long the difference of a paid order may stay unpaid


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What an order is to become. The price is never the asker's to say."""

    departs_on: dt.date
    adults: int
    children: int


@dataclasses.dataclass(frozen=True)
class ChangePreview:
    """What a change costs: the new price of the trip less the old one, and the fee; negative money comes back."""

    wanted: Wanted
    difference: Decimal
    fee: Decimal
    adult_amount: Decimal
    child_amount: Decimal

    @property
    def to_pay(self) -> Decimal:
        """What is to be paid (positive) or comes back (negative)."""
        return self.difference + self.fee


def preview_change(order: Order, wanted: Wanted) -> ChangePreview:
    """What changing costs now; nothing is held. Refused and BadInput as `change_order`."""
    _check(order, wanted)
    day = Departure.objects.filter(product=order.product_id, departs_on=wanted.departs_on).first()
    if day is None:
        raise Refused(_("There is no departure on this date."), "no_departure")
    return _cost(order, wanted, day.adult_amount, day.child_amount)


def _cost(order: Order, wanted: Wanted, adult: Decimal, child: Decimal) -> ChangePreview:
    same_day = wanted.departs_on == order.departure.departs_on
    if same_day:  # whoever stays keeps the price of the day the order was placed on
        adult, child = order.adult_amount, order.child_amount if order.children else child
    before = order.adults * order.adult_amount + order.children * order.child_amount
    after = wanted.adults * adult + wanted.children * child
    fee = CommercePolicy.current().change_fee_amount if order.state == OrderState.PAID else ZERO
    return ChangePreview(wanted, after - before, fee, adult, child)


def _check(order: Order, wanted: Wanted) -> None:
    if order.state not in {OrderState.PLACED, OrderState.PAID}:
        raise Refused(_("This order is closed or over."), "over")
    lead = order.lines.order_by("position").first()
    if order.product.state == SaleState.CUSTOM or lead is None or lead.kind != LineKind.ADULT:
        raise Refused(_("Only package trips can be changed like this; give it up and order anew."), "not_changeable")
    if order.departure.departs_on <= clock.today():
        raise Refused(_("This trip has begun."), "begun")
    if wanted.departs_on <= clock.today() or wanted.adults < 1 or wanted.children < 0:
        raise BadInput(_("Please choose a coming date and at least one adult."), {"departs_on": _("must be after today")})
    if not order.product.min_people <= wanted.adults + wanted.children <= order.product.max_people:
        limits = {"low": order.product.min_people, "high": order.product.max_people}
        raise Refused(_("This trip takes %(low)s to %(high)s people per order.") % limits, "group_size")
    if (wanted.departs_on, wanted.adults, wanted.children) == (order.departure.departs_on, order.adults, order.children):
        raise Refused(_("This is what the order is already."), "no_change")
    if order.coupon_amount or order.points_amount:
        raise Refused(_("An order with coupons or points cannot be changed; give it up and order anew."), "has_offsets")
    if order.state == OrderState.PAID and order.instalments.filter(paid_at__isnull=True).exists():
        raise Refused(_("A part of the price is not paid yet."), "balance_due")
    busy = Refund.objects.filter(payment__order=order, payment__state=PaymentState.PAID).exclude(state__in=["rejected", "failed"])
    if busy.exists():
        raise Refused(_("A part of this order was given back; it cannot be changed any more."), "refunded")


def change_order(
    *, order_id: int, wanted: Wanted, key: str, expected: Decimal | None = None, by: User | None = None
) -> OrderChange:
    """Make an order another: seats there are taken before the old ones are free.

    Unpaid, it waits for the new price; paid, the difference becomes a part to be paid, or goes back by a refund that finance
    decides on. `expected` is what the asker was told to pay: Refused (changed) where that is not so any more. The same key
    again returns the same change.
    """
    order = Order.objects.get(pk=order_id)
    existing = OrderChange.objects.filter(key=f"{order.no}:{key}").first()
    if existing is not None:
        return existing
    if order.state == OrderState.PLACED and close_payments(order) == "paid":
        raise Refused(_("This order is being paid; look again in a minute."), "already_paid")
    with transaction.atomic():
        change = _change(order_id, wanted, key, expected, by)
    close_payments_later(change.order)
    return change


def _change(order_id: int, wanted: Wanted, key: str, expected: Decimal | None, by: User | None) -> OrderChange:
    order = Order.objects.select_for_update().select_related("product", "departure").get(pk=order_id)
    existing = OrderChange.objects.filter(key=f"{order.no}:{key}").first()
    if existing is not None:
        return existing
    _check(order, wanted)
    before = _shown(order)
    cost = _move_seats(order, wanted)
    if expected is not None and expected != cost.to_pay:
        raise Refused(_("The price changed meanwhile: ¥%(amount)s.") % {"amount": cost.to_pay}, "changed")
    _rewrite(order, cost)
    part = _settle(order, cost, by, key) if order.state == OrderState.PAID else None
    now = clock.now()
    change = OrderChange.objects.create(
        order=order, key=f"{order.no}:{key}", before=before, after=_shown(order), difference_amount=cost.difference,
        fee_amount=cost.fee, state=ChangeState.UNPAID if part else ChangeState.DONE, instalment=part, by=by, at=now,
    )  # fmt: skip
    record(OrderChanged(order.customer_id, order.pk, cost.difference), key=f"order.changed:{change.pk}", occurred_at=now)
    if by is not None:
        write_audit(actor=by, action="order.changed", obj=order, detail={"before": before, "after": change.after})
    return change


def _shown(order: Order) -> dict[str, Any]:
    return {
        "departs_on": order.departure.departs_on.isoformat(), "adults": order.adults, "children": order.children,
        "total": str(order.total_amount),
    }  # fmt: skip


def _move_seats(order: Order, wanted: Wanted) -> ChangePreview:
    """Take the seats there, free the old ones; on the same date only what is more or less."""
    old, people = order.people, wanted.adults + wanted.children
    if wanted.departs_on == order.departure.departs_on:
        if people > old:
            seats = take_seats(product=order.product, day=wanted.departs_on, people=people - old)
            return _cost(order, wanted, seats.adult_amount, seats.child_amount)
        free_seats(departure_id=order.departure_id, people=old - people)
        return _cost(order, wanted, order.departure.adult_amount, order.departure.child_amount)
    seats = take_seats(product=order.product, day=wanted.departs_on, people=people)
    free_seats(departure_id=order.departure_id, people=old)
    cost = _cost(order, wanted, seats.adult_amount, seats.child_amount)
    order.departure = Departure.objects.get(pk=seats.departure_id)
    return cost


def _rewrite(order: Order, cost: ChangePreview) -> None:
    """The order and the lines of its trip, as they are from now on."""
    wanted, now = cost.wanted, clock.now()
    lead = order.lines.order_by("position").first()
    if lead is None:
        raise ValueError("an order without lines")
    fares = {one.kind: one for one in order.lines.filter(departure=lead.departure_id)}
    shared = {"departure": order.departure, "starts_on": wanted.departs_on}
    _set_line(fares[LineKind.ADULT], wanted.adults, cost.adult_amount, shared)
    child = fares.get(LineKind.CHILD)
    if child is not None and wanted.children == 0:
        child.delete()
    elif wanted.children:
        last = order.lines.order_by("-position").first()
        child = child or OrderLine(
            order=order, position=(last.position if last else 0) + 1, kind=LineKind.CHILD, name=lead.name, terms=lead.terms
        )
        _set_line(child, wanted.children, cost.child_amount, shared)
    order.adults, order.children = wanted.adults, wanted.children
    order.adult_amount, order.child_amount = cost.adult_amount, cost.child_amount if wanted.children else ZERO
    order.extra_amount += cost.fee
    order.total_amount += cost.to_pay
    if cost.fee:
        _add_fee(order, cost.fee)
    if order.state == OrderState.PLACED:
        order.hold_until = max(order.hold_until, now + HOLD)
    elif cost.to_pay < 0:
        order.owed_back_amount += -cost.to_pay
    order.save()


def _add_fee(order: Order, fee: Decimal) -> None:
    last = order.lines.order_by("-position").first()
    OrderLine.objects.create(
        order=order, position=(last.position if last else 0) + 1, kind=LineKind.SUPPLEMENT, name=_("Fee for changing"),
        quantity=1, unit_amount=fee, starts_on=order.departure.departs_on, terms=[{"days_before": 0, "fee_percent": 100}],
    )  # fmt: skip


def _set_line(line: OrderLine, quantity: int, unit: Decimal, shared: dict[str, Any]) -> None:
    line.quantity, line.unit_amount = quantity, unit
    for name, value in shared.items():
        setattr(line, name, value)
    line.save()


def _settle(order: Order, cost: ChangePreview, by: User | None, key: str) -> Instalment | None:
    """The difference of a paid order: a part to be paid, or a refund to be decided on."""
    if cost.to_pay < 0:
        owe_back(order=order, amount=-cost.to_pay, key=f"C{key}"[:20], reason=_("The order was changed."), user=by)
        return None
    if cost.to_pay == 0:
        return None
    last = order.instalments.order_by("-position").first()
    return Instalment.objects.create(
        order=order, position=(last.position if last else 0) + 1, label=_("Difference after a change"), amount=cost.to_pay,
        due_on=clock.today() + dt.timedelta(days=PAY_DAYS),
    )  # fmt: skip
