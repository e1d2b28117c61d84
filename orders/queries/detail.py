"""One order with its payments, its refunds, and everything that happened to it."""

import dataclasses
import datetime as dt
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import clock
from orders.choices import CloseReason, OrderState, PaymentState, RefundState
from orders.models import Order, Payment, Refund
from orders.rules import fee_percent, suggested_refund
from staff.models import User


@dataclasses.dataclass(frozen=True)
class Moment:
    """Something that happened to an order; `amount` where money moved, `detail` in small print."""

    at: dt.datetime
    icon: str
    tone: str
    text: str
    detail: str = ""
    amount: Decimal | None = None


@dataclasses.dataclass(frozen=True)
class OrderStory:
    """An order and what belongs to it, newest payment and refund last."""

    order: Order
    payments: list[Payment]
    refunds: list[Refund]
    moments: list[Moment]
    fee_percent: int
    suggested: Decimal
    refundable: Decimal

    @property
    def is_moving(self) -> bool:
        """Whether something may change by itself soon: the page then asks again."""
        open_payment = self.order.state == OrderState.PLACED
        return open_payment or any(refund.state == RefundState.PROCESSING for refund in self.refunds)

    @property
    def travellers(self) -> str:
        """Who travels, in words."""
        return travellers(self.order)

    @property
    def to_decide(self) -> list[Refund]:
        """Refunds that wait for finance."""
        return [refund for refund in self.refunds if refund.state == RefundState.REQUESTED]


def order_for(user: User, no: str) -> Order | None:
    """The order of that number, if the user may see it."""
    found = Order.objects.visible_to(user).filter(no=no)
    return found.select_related("customer__owner", "product__destination", "departure", "message__sender").first()


def story_of(order: Order) -> OrderStory:
    """Everything the order's page shows. Two queries."""
    payments = list(order.payments.order_by("pk"))
    found = Refund.objects.filter(payment__order=order).select_related("payment", "requested_by", "decided_by")
    refunds = list(found.order_by("pk"))
    given = [one for one in refunds if one.state in {RefundState.REQUESTED, RefundState.PROCESSING, RefundState.DONE}]
    spent = sum((one.amount for one in given if one.payment.state == PaymentState.PAID), Decimal("0.00"))
    left = max(order.paid_amount - spent, Decimal("0.00"))
    percent = fee_percent(order.product.cancellation, (order.departure.departs_on - clock.today()).days)
    suggested = min(suggested_refund(order.paid_amount, spent, percent), left)
    moments = sorted([*_of_order(order), *_of_payments(payments), *_of_refunds(refunds)], key=lambda one: one.at, reverse=True)
    return OrderStory(order, payments, refunds, moments, percent, suggested, left)


def travellers(order: Order) -> str:
    """Who travels: "2 adults", "2 adults, 1 child"."""
    adults = ngettext("%(n)s adult", "%(n)s adults", order.adults) % {"n": order.adults}
    if not order.children:
        return adults
    return _("%(adults)s, %(children)s") % {
        "adults": adults,
        "children": ngettext("%(n)s child", "%(n)s children", order.children) % {"n": order.children},
    }


def _of_order(order: Order) -> list[Moment]:
    people = travellers(order)
    source = _("from a mass message") if order.message_id else ""
    detail = " · ".join(part for part in (people, source) if part)
    moments = [Moment(order.placed_at, "shopping-bag", "accent", _("Order placed"), detail, order.total_amount)]
    if order.closed_at:
        reason = str(CloseReason(order.close_reason).label) if order.close_reason else ""
        moments.append(Moment(order.closed_at, "circle-x", "", _("Order closed"), reason))
    if order.state == OrderState.COMPLETED:
        back = order.departure.departs_on + dt.timedelta(days=order.product.days)
        moments.append(Moment(clock.day_bounds(back)[0], "luggage", "good", _("Trip over")))
    return moments


def _of_payments(payments: list[Payment]) -> list[Moment]:
    moments = []
    for payment in payments:
        moments.append(Moment(payment.created_at, "credit-card", "", _("Payment started"), payment.out_trade_no))
        if payment.paid_at:
            late = payment.state == PaymentState.SURPLUS
            text = _("Money came too late and is being returned") if late else _("Paid with WeChat Pay")
            detail = payment.transaction_id or ""
            moments.append(Moment(payment.paid_at, "circle-check", "warn" if late else "good", text, detail, payment.amount))
    return moments


def _of_refunds(refunds: list[Refund]) -> list[Moment]:
    moments = []
    for refund in refunds:
        by = str(refund.requested_by) if refund.requested_by else _("by itself")
        detail = f"{by} · {refund.reason}"
        moments.append(Moment(refund.created_at, "banknote-arrow-down", "info", _("Refund asked for"), detail, refund.amount))
        if refund.done_at and refund.state == RefundState.DONE:
            moments.append(Moment(refund.done_at, "banknote", "good", _("Refund arrived"), refund.out_refund_no, refund.amount))
    return moments
