"""Orders with their payments and refunds into the database, and the facts that the house records about them."""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.backends.utils import CursorWrapper

from core.clock import shanghai_date
from core.event_types import OrderClosed, OrderPaid, OrderPlaced, OrderRefunded
from core.models import Event
from core.money import yuan
from orders.choices import CloseReason, PaymentState, RefundState
from orders.models import Order, Payment, Refund
from orders.services.lines import fill_lines
from scrm.demo.loader.people import EVENT_COLUMNS, fact_row, moment
from scrm.demo.loader.tables import copy
from scrm.demo.purchases import HOLD_SECONDS, Seats
from scrm.demo.purchases import Order as Bought

COMPENSATIONS = ("接机晚了四十分钟，退车费作补偿", "酒店临时换房，退差价", "少去一个景点，退门票", "早餐没有按约定供应，补偿")
REASONS = (
    "孩子临时生病，走不开",
    "单位临时有事，请不出假",
    "和家里时间凑不上，下次再约",
    "天气不好，改期也排不上",
    "老人身体不舒服",
)
_ORDER = (
    "id", "no", "customer_id", "product_id", "departure_id", "state", "adults", "children", "adult_amount", "child_amount",
    "total_amount", "paid_amount", "refunded_amount", "message_id", "placed_at", "hold_until", "paid_at", "closed_at",
    "close_reason",
)  # fmt: skip
_PAYMENT = ("id", "order_id", "out_trade_no", "transaction_id", "amount", "openid", "state", "prepay_id", "created_at", "paid_at")
_REFUND = ("id", "payment_id", "out_refund_no", "amount", "reason", "state", "created_at", "done_at", "error")


@dataclasses.dataclass(frozen=True)
class Sold:
    """An order with what the database calls its parts. `message_id` is the message whose card brought the buyer."""

    id: int
    order: Bought
    customer_id: int
    product_id: int
    openid: str
    message_id: int | None = None
    hold_until: dt.datetime | None = None

    @property
    def no(self) -> str:
        """The order's number: the Shanghai date and ten digits, never the same twice."""
        return f"{shanghai_date(moment(self.order.placed_at)):%y%m%d}{(self.id * 7_654_321_987 + 1_234_567_891) % 10**10:010}"


def write_orders(cursor: CursorWrapper, sold: Sequence[Sold], seats: Seats) -> None:
    """All of it."""
    copy(cursor, Order, _ORDER, (_order(one, seats) for one in sold))
    copy(cursor, Payment, _PAYMENT, (_payment(one) for one in sold if one.order.state != "placed"))
    copy(cursor, Refund, _REFUND, (_refund(one) for one in sold if one.order.refunded_at))
    copy(cursor, Event, EVENT_COLUMNS, (row for one in sold for row in _facts(one)))
    if sold:
        fill_lines(min(one.id for one in sold), max(one.id for one in sold))


def _order(one: Sold, seats: Seats) -> Sequence[Any]:
    order, day = one.order, seats.days[one.order.departure]
    paid = order.total if order.paid_at else 0
    return (
        one.id, one.no, one.customer_id, one.product_id, order.departure + 1, order.state, order.adults, order.children,
        day.adult, day.child, order.total, paid, order.refund, one.message_id, moment(order.placed_at),
        one.hold_until or moment(order.placed_at + HOLD_SECONDS), _moment(order.paid_at), _moment(order.closed_at),
        CloseReason.EXPIRED if order.state == "closed" else "",
    )  # fmt: skip


def _moment(seconds: float | None) -> dt.datetime | None:
    return None if seconds is None else moment(seconds)


def _payment(one: Sold) -> Sequence[Any]:
    """Numbered like the order, so that the two need no look-up."""
    order, is_paid = one.order, one.order.paid_at is not None
    transaction = f"42000{one.id:023}" if is_paid else None
    state = PaymentState.PAID if is_paid else PaymentState.CLOSED
    started = moment(order.placed_at + 20)
    number, prepay, paid_at = f"{one.no}P1", f"wx{one.id:030}", _moment(order.paid_at)
    return one.id, one.id, number, transaction, order.total, one.openid, state, prepay, started, paid_at


def _refund(one: Sold) -> Sequence[Any]:
    order, done = one.order, moment(one.order.refunded_at or 0)
    words = REASONS if order.state == "refunded" else COMPENSATIONS
    reason = words[one.id % len(words)]
    return one.id, one.id, f"{one.no}R1", order.refund, reason, RefundState.DONE, done - dt.timedelta(hours=3), done, ""


def _facts(one: Sold) -> Iterator[Sequence[Any]]:
    order, buyer, total = one.order, one.customer_id, yuan(str(one.order.total))
    yield fact_row(OrderPlaced(buyer, one.id, total), f"order.placed:{one.id}", moment(order.placed_at), buyer)
    if order.paid_at:
        yield fact_row(OrderPaid(buyer, one.id, total), f"order.paid:{one.id}", moment(order.paid_at), buyer)
    if order.closed_at:
        yield fact_row(OrderClosed(buyer, one.id), f"order.closed:{one.id}", moment(order.closed_at), buyer)
    if order.refunded_at:
        fact = OrderRefunded(buyer, one.id, yuan(str(order.refund)))
        yield fact_row(fact, f"order.refunded:{one.id}", moment(order.refunded_at), buyer)  # the refund has the order's id
