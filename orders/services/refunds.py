"""Giving money back, whole or in part, never more than was paid. Key mode: the gateway knows a refund by our number."""

import datetime as dt
import logging
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from catalog.services.products import free_seats
from core import clock
from core.choices import Lane
from core.errors import BadInput, Refused
from core.event_types import OrderRefunded
from core.events import record
from core.jobs import enqueue, job
from core.money import to_fen
from customers.services.standing import refresh_standing
from gateways.errors import GatewayError
from gateways.pay import PaymentNotice, pay
from gateways.pay import RefundState as GatewayRefund
from orders.choices import OrderState, PaymentState, RefundState
from orders.models import Order, Payment, Refund
from orders.rules import Refundable, refundable
from orders.services.cashier import GONE, UnknownPayment, WrongPayment, notify_url
from staff.models import User
from staff.services import write_audit

logger = logging.getLogger(__name__)

COUNTED = (RefundState.REQUESTED, RefundState.PROCESSING, RefundState.DONE)
ASK_AFTER_SECONDS = (60, 300, 1800)
REASON_LIMIT = 80


@transaction.atomic
def request_refund(*, order_id: int, amount: Decimal, reason: str, key: str, user: User) -> Refund:
    """Ask for a refund; it waits for someone who may execute it.

    `key` names the intent (one form, one key): asking again with it returns the same refund. BadInput for an amount that
    is not positive; Refused (not_paid, too_much, too_late, too_many) with nothing changed.
    """
    order = Order.objects.select_for_update().get(pk=order_id)
    number = f"{order.no}R{key}"
    existing = Refund.objects.filter(out_refund_no=number).first()
    if existing is not None:
        return existing
    payment = _payment_with(order, amount)
    if payment is None or order.state not in {OrderState.PAID, OrderState.COMPLETED}:
        raise Refused(_("Only a paid order can be refunded."), "not_paid")
    _check_amount(amount, refundable_of(payment))
    refund = Refund.objects.create(
        payment=payment, out_refund_no=number, amount=amount, reason=reason[:REASON_LIMIT], requested_by=user
    )
    write_audit(actor=user, action="order.refund_requested", obj=order, detail={"refund": number, "amount": str(amount)})
    return refund


def _payment_with(order: Order, amount: Decimal) -> Payment | None:
    """The payment that still has that much; where none has, the one that has most."""
    paid = list(order.payments.filter(state=PaymentState.PAID).order_by("pk"))
    enough = next((one for one in paid if refundable_of(one).amount >= amount), None)
    return enough or max(paid, key=lambda one: refundable_of(one).amount, default=None)


def refundable_of(payment: Payment) -> Refundable:
    """What may still be refunded of a paid payment."""
    sums = payment.refunds.filter(state__in=COUNTED).aggregate(given=Sum("amount"), count=Count("id"))
    paid_at = payment.paid_at or clock.now()
    given = sums["given"] or Decimal("0.00")
    return refundable(paid=payment.amount, given=given, count=sums["count"], paid_at=paid_at, at=clock.now())


def _check_amount(amount: Decimal, left: Refundable) -> None:
    if amount <= 0:
        raise BadInput(_("The amount must be more than zero."), {"amount": _("must be more than zero")})
    if left.complaint == "too_late":
        raise Refused(_("WeChat Pay refunds only within a year of the payment."), "too_late")
    if left.complaint == "too_many":
        raise Refused(_("WeChat Pay allows 50 refunds per payment."), "too_many")
    if amount > left.amount:
        raise Refused(_("At most ¥%(amount)s can still be refunded.") % {"amount": left.amount}, "too_much")


@transaction.atomic
def execute_refund(*, refund: Refund, user: User) -> None:
    """Approve a refund and send it on its way. Refused unless it waits for that; doing it twice sends it once."""
    _decide(refund, RefundState.PROCESSING, user)
    detail = {"refund": refund.out_refund_no, "amount": str(refund.amount)}
    write_audit(actor=user, action="order.refund_executed", obj=refund.payment.order, detail=detail)
    enqueue(send_refund, key=str(refund.pk), refund_id=refund.pk)


@transaction.atomic
def decline_refund(*, refund: Refund, user: User) -> None:
    """Say no to a requested refund."""
    _decide(refund, RefundState.REJECTED, user)
    detail = {"refund": refund.out_refund_no}
    write_audit(actor=user, action="order.refund_declined", obj=refund.payment.order, detail=detail)


def _decide(refund: Refund, state: RefundState, user: User) -> None:
    waiting = Refund.objects.filter(pk=refund.pk, state=RefundState.REQUESTED)
    if not waiting.update(state=state, decided_by=user):
        raise Refused(_("This refund was decided already."), "decided")


def return_surplus(payment: Payment) -> None:
    """Send back, whole, money that its order could not take; in the caller's transaction, no one needs to approve it."""
    refund, is_new = Refund.objects.get_or_create(
        out_refund_no=f"{payment.out_trade_no}S",
        defaults={
            "payment": payment,
            "amount": payment.amount,
            "reason": _("The order was closed; the money is returned."),
            "state": RefundState.PROCESSING,
        },
    )
    if is_new:
        enqueue(send_refund, key=str(refund.pk), refund_id=refund.pk)


# --- on its way through the gateway -----------------------------------------------------------------------


@job(Lane.USUAL)
def send_refund(refund_id: int) -> None:
    """Call the gateway; the same number again is the same refund there, so a retry is safe."""
    refund = Refund.objects.select_related("payment").filter(pk=refund_id, state=RefundState.PROCESSING).first()
    if refund is None:
        return
    payment = refund.payment
    try:
        seen = pay().refund(
            out_trade_no=payment.out_trade_no,
            out_refund_no=refund.out_refund_no,
            refund_fen=to_fen(refund.amount),
            total_fen=to_fen(payment.amount),
            reason=refund.reason,
            notify_url=notify_url(),
        )
    except GatewayError as error:
        if error.retryable or error.ambiguous:
            raise  # the job comes again; after its last attempt `ask_about_refunds` goes on
        fail_refund(refund.pk, error.errcode)
        return
    settle_refund(seen)
    for seconds in ASK_AFTER_SECONDS:
        moment = clock.now() + dt.timedelta(seconds=seconds)
        enqueue(ask_about_refund, key=f"{refund.pk}:{seconds}", run_at=moment, refund_id=refund.pk)


@job(Lane.USUAL)
def ask_about_refund(refund_id: int) -> None:
    """Ask the gateway about a refund on its way; one it never saw is sent again under the same number."""
    refund = Refund.objects.filter(pk=refund_id, state=RefundState.PROCESSING).first()
    if refund is None:
        return
    try:
        seen = pay().query_refund(refund.out_refund_no)
    except GatewayError as error:
        if error.errcode not in GONE:
            raise
        send_refund(refund.pk)
        return
    settle_refund(seen)


@job(Lane.USUAL, coalesce=True)
def ask_about_refunds() -> None:
    """Every five minutes: each refund still on its way is asked about, so that none is forgotten."""
    open_ids = Refund.objects.filter(state=RefundState.PROCESSING).order_by("created_at").values_list("pk", flat=True)[:500]
    slot = int(clock.now().timestamp()) // 300
    for refund_id in open_ids:
        enqueue(ask_about_refund, key=f"{refund_id}:sweep:{slot}", refund_id=refund_id)


def settle_refund(seen: GatewayRefund) -> None:
    """Bring a refund to what the gateway says of it; WrongPayment when the amounts differ."""
    refund = Refund.objects.filter(out_refund_no=seen.out_refund_no).first()
    if refund is None:
        raise UnknownPayment(seen.out_refund_no)
    if seen.refund_fen != to_fen(refund.amount):
        raise WrongPayment("refund amount")
    if seen.status == "SUCCESS":
        _finish(refund.pk, seen)
    elif seen.status in {"CLOSED", "ABNORMAL"}:
        fail_refund(refund.pk, seen.status)


def settle_refund_notice(notice: PaymentNotice) -> None:
    """The same for a notice."""
    settle_refund(GatewayRefund(notice.out_refund_no, "", notice.trade_state, notice.amount_fen, notice.success_at))


@transaction.atomic
def _finish(refund_id: int, seen: GatewayRefund) -> None:
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    order = Order.objects.select_for_update().get(pk=refund.payment.order_id)
    now = clock.now()
    done_at = min(seen.success_at or now, now)
    waiting = (RefundState.PROCESSING, RefundState.FAILED)
    if not Refund.objects.filter(pk=refund_id, state__in=waiting).update(state=RefundState.DONE, done_at=done_at, error=""):
        return
    if refund.payment.state == PaymentState.PAID:
        _credit_back(order, refund, done_at)


def _credit_back(order: Order, refund: Refund, done_at: dt.datetime) -> None:
    done = Refund.objects.filter(payment=refund.payment, state=RefundState.DONE).aggregate(total=Sum("amount"))["total"]
    order.refunded_amount = done
    if done == order.paid_amount:
        order.state = OrderState.REFUNDED
        free_seats(departure_id=order.departure_id, people=order.people)
    order.save(update_fields=["refunded_amount", "state"])
    fact = OrderRefunded(order.customer_id, order.pk, refund.amount)
    record(fact, key=f"order.refunded:{refund.pk}", occurred_at=done_at)
    refresh_standing([order.customer_id])


def fail_refund(refund_id: int, error: str) -> None:
    """The gateway will not pay it out; staff see why, and may ask for another."""
    Refund.objects.filter(pk=refund_id, state=RefundState.PROCESSING).update(state=RefundState.FAILED, error=error[:200])
