"""Placing, cancelling and closing orders."""

import datetime as dt
import logging
import secrets
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from catalog.models import Product
from core import clock
from core.choices import Lane
from core.errors import Refused
from core.event_types import OrderClosed, OrderPlaced
from core.events import record
from core.jobs import enqueue, job
from core.money import ZERO
from customers.models import Customer
from messaging.models import Message
from orders.choices import CloseReason, LineKind, OrderState
from orders.models import Order, OrderLine
from orders.rules import HOLD
from orders.services import offsets
from orders.services.lines import Trip, Wish, free_places, keep_lines, place_of, take_lines
from orders.services.payments import close_payments, close_payments_later, settle_without_money
from staff.models import User
from staff.services import write_audit

logger = logging.getLogger(__name__)

EXPIRED_AT_ONCE = 500


def place_order(
    *,
    customer: Customer,
    product: Product,
    departs_on: dt.date,
    adults: int,
    children: int = 0,
    touch: str = "",
    home_id: int | None = None,
) -> Order:
    """Place an order of one trip: see `place_basket`."""
    wishes = [Trip(product, departs_on, adults, children)]
    return place_basket(customer=customer, wishes=wishes, touch=touch, home_id=home_id)


@transaction.atomic
def place_basket(
    *,
    customer: Customer,
    wishes: Sequence[Wish],
    coupon_ids: Sequence[int] = (),
    points: int = 0,
    touch: str = "",
    home_id: int | None = None,
) -> Order:
    """Hold what is wished for, for half an hour, at the prices of this moment; the order waits for payment.

    Coupons and points are held with it, in one transaction; where they cover everything the order is paid at once.
    `touch` is the token of the mass-send task whose card brought the customer; only a message of this customer counts.
    `home_id` is whose log-in it was, where a merge has moved the log-in since (MemberToken).
    BadInput for what can never be had; Refused when it is not on sale, does not fit, is gone, or a coupon does not apply;
    nothing is held then. Records order.placed.
    """
    lines = take_lines(wishes)
    now = clock.now()
    no = new_order_no(now)
    covered = offsets.hold(customer.pk, lines, coupon_ids, points, key=no, at=now)
    order = Order.objects.create(
        no=no, customer=customer, message=_touching_message(customer, touch), home_id=home_id, placed_at=now,
        hold_until=now + HOLD, paid_amount=ZERO, refunded_amount=ZERO, coupon_amount=covered.coupons,
        points_amount=covered.points, points_used=covered.points_used, **head_of(place_of(wishes[0])[0], lines),
    )  # fmt: skip
    keep_lines(order, lines)
    record(OrderPlaced(customer.pk, order.pk, order.total_amount), key=f"order.placed:{order.pk}", occurred_at=now)
    if order.payable_amount == 0:
        settle_without_money(order)
    return order


def head_of(product_id: int, lines: Sequence[OrderLine]) -> dict[str, Any]:
    """What an order says of its lines itself: the first thing in it, its people, the sum of the rest."""
    lead = lines[0]
    of_lead = [line for line in lines if line.departure_id == lead.departure_id]  # a trip's adults and children
    adults = next(line for line in of_lead if line.kind in {LineKind.ADULT, LineKind.SERVICE})
    child = next((line for line in of_lead if line.kind == LineKind.CHILD), None)
    total = sum((line.total_amount for line in lines), ZERO)
    listed = adults.total_amount + (child.total_amount if child else ZERO)
    return {
        "product_id": product_id,
        "departure_id": lead.departure_id,
        "adults": adults.quantity,
        "children": child.quantity if child else 0,
        "adult_amount": adults.unit_amount,
        "child_amount": child.unit_amount if child else ZERO,
        "total_amount": total,
        "extra_amount": total - listed,
    }


def new_order_no(at: dt.datetime) -> str:
    """The Shanghai date and ten random digits: it tells nothing of how many orders there are."""
    return f"{clock.shanghai_date(at):%y%m%d}{secrets.randbelow(10**10):010}"


def _touching_message(customer: Customer, touch: str) -> Message | None:
    """The customer's own message of the task; a forwarded card, or a stranger's token, touches nobody."""
    if not touch:
        return None
    return Message.objects.filter(task__token=touch, customer=customer).order_by("id").first()


def cancel_order(*, order: Order, by: User | None = None) -> Order:
    """Close an unpaid order at the customer's or a member of staff's wish; its seats are free at once.

    Doing it twice is fine. Refused (already_paid) when it is, or turns out to be, paid.
    """
    if order.state == OrderState.CLOSED:
        return order
    if order.state != OrderState.PLACED or close_payments(order) == "paid":
        raise Refused(_("This order is paid; ask for a refund instead."), "already_paid")
    with transaction.atomic():
        closed = _close(order.pk, CloseReason.STAFF if by else CloseReason.CUSTOMER)
        if closed and by is not None:
            write_audit(actor=by, action="order.cancelled", obj=order)
    order.refresh_from_db()
    if order.state not in {OrderState.CLOSED, OrderState.PLACED}:
        raise Refused(_("This order is paid; ask for a refund instead."), "already_paid")
    close_payments_later(order)
    return order


def _close(order_id: int, reason: CloseReason) -> bool:
    """Close an order that still waits for payment, and free its seats; False when it does not wait any more."""
    now = clock.now()
    with transaction.atomic():
        changed = Order.objects.filter(pk=order_id, state=OrderState.PLACED).update(
            state=OrderState.CLOSED, closed_at=now, close_reason=reason
        )
        if not changed:
            return False
        order = Order.objects.get(pk=order_id)
        free_places(order)
        offsets.release(order.no)
        record(OrderClosed(order.customer_id, order.pk), key=f"order.closed:{order.pk}", occurred_at=now)
    return True


@job(Lane.USUAL, coalesce=True)
def close_expired_orders() -> None:
    """Every minute: give each order whose hold ran out a job of its own, so that one slow gateway call holds up none."""
    due = Order.objects.filter(state=OrderState.PLACED, hold_until__lte=clock.now()).order_by("hold_until")
    for order_id in due.values_list("pk", flat=True)[:EXPIRED_AT_ONCE]:
        enqueue(close_unpaid_order, key=str(order_id), order_id=order_id)


@job(Lane.USUAL, coalesce=True)
def close_unpaid_order(order_id: int) -> None:
    """Close an order whose hold ran out: first its payment at the gateway (which tells if it was paid after all), then the
    order, then the seats. Where the gateway does not answer the order is closed all the same after a few minutes: the
    cashier takes no money after the hold, and money that comes late is dealt with when it comes."""
    order = Order.objects.filter(pk=order_id, state=OrderState.PLACED, hold_until__lte=clock.now()).first()
    if order is None or close_payments(order, patient=True) == "paid":
        return
    if _close(order.pk, CloseReason.EXPIRED):
        close_payments_later(order)


_COMPLETE = """
UPDATE orders_order SET state = 'completed'
FROM catalog_departure AS departure JOIN catalog_product AS product ON product.id = departure.product_id
WHERE departure.id = orders_order.departure_id AND orders_order.state = 'paid' AND departure.departs_on + product.days <= %s
"""


@job(Lane.BULK, coalesce=True)
def complete_past_orders() -> None:
    """Every night: paid orders whose trip is over are completed."""
    with connection.cursor() as cursor:
        cursor.execute(_COMPLETE, [clock.today()])
