"""Collecting money: the row first, then the gateway; only a notice or a query marks anything paid.

Key mode: the gateway knows a payment by our `out_trade_no`, so every call may be repeated.
"""

import dataclasses
import datetime as dt
import logging

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import Later, Refused
from core.event_types import InstalmentPaid, OrderPaid
from core.events import record
from core.jobs import enqueue, job
from core.money import to_fen
from customers.services.standing import refresh_standing
from gateways.errors import GatewayError
from gateways.pay import PaymentNotice, pay
from orders.choices import ChangeState, LineKind, OrderState, PaymentMethod, PaymentState
from orders.models import Instalment, Order, OrderChange, Payment
from orders.rules import HOLD, Money, ask_times, can_pay, money_for
from orders.services import offsets
from orders.services.cashier import CLOSED, GONE, OTHER_CONTENT, PAID, UnknownPayment, WrongPayment, notify_url
from orders.services.lines import issue_codes, retake_places
from orders.services.refunds import return_surplus
from orders.services.shipping import tell_shipping

logger = logging.getLogger(__name__)

OPEN = (PaymentState.CREATED, PaymentState.PREPAID, PaymentState.UNKNOWN)
CURRENCY = "CNY"
PATIENCE_SECONDS = 600
ASK_AGAIN_SECONDS = 30.0


def start_payment(*, order: Order, openid: str) -> dict[str, str]:
    """What `wx.requestPayment` needs to pay the order. Calling it again continues the same payment.

    The Payment row is committed before the gateway is called, so do not call this inside a transaction.
    Refused (already_paid, order_closed, hold_expired); GatewayError when the cashier is not available.
    """
    for _attempt in range(2):
        payment = _open_payment(order.pk, openid)
        try:
            return _prepay(order, payment)
        except GatewayError as error:
            if error.errcode in PAID:
                _ask(payment)
                raise Refused(_("This order is paid already."), "already_paid") from error
            if error.errcode not in CLOSED | OTHER_CONTENT or payment.state == PaymentState.CREATED:
                raise
            _close_one(payment)  # its number is spent at the cashier: go on with a new one
    raise Refused(_("The payment could not be started; please try again."), "payment_unavailable")


def _open_payment(order_id: int, openid: str) -> Payment:
    """The order's open payment by this payer, made if there is none, committed. A payment by another payer is closed first."""
    now = clock.now()
    for other in Payment.objects.filter(order_id=order_id, state__in=OPEN).exclude(openid=openid):
        if _close_one(other) == "paid":
            raise Refused(_("This order is paid already."), "already_paid")
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order_id)
        part = next_instalment(order)
        _check_payable(order, part)
        payment = order.payments.filter(state__in=OPEN).first()
        if payment is not None:
            return payment
        number = f"{order.no}P{order.payments.count() + 1}"
        amount = part.amount if part else order.payable_amount
        payment = Payment.objects.create(
            order=order, out_trade_no=number, amount=amount, instalment=part, openid=openid, is_shared=_is_shared(order)
        )
        for index, moment in enumerate(ask_times(now, _ends(order))):
            enqueue(ask_about_payment, key=f"{payment.pk}:{index}", run_at=moment, payment_id=payment.pk)
    return payment


def _is_shared(order: Order) -> bool:
    """Whether the platform must hold the money, because a part of it is a merchant's."""
    return order.lines.filter(kind=LineKind.SERVICE, offer__is_shared=True).exists()


def next_instalment(order: Order) -> Instalment | None:
    """The first part of the order that is not paid; None where it is not paid in parts, or all of them are."""
    return order.instalments.filter(paid_at__isnull=True).order_by("position").first()


def _ends(order: Order) -> dt.datetime:
    """Until when a payment started now may be made: the order's hold, or half an hour for a later part."""
    return order.hold_until if order.state == OrderState.PLACED else clock.now() + HOLD


def _check_payable(order: Order, part: Instalment | None) -> None:
    if order.state == OrderState.PAID and part is not None:
        return
    if order.state in {OrderState.PAID, OrderState.COMPLETED, OrderState.REFUNDED}:
        raise Refused(_("This order is paid already."), "already_paid")
    if order.state == OrderState.CLOSED:
        raise Refused(_("This order is closed; please place a new one."), "order_closed")
    if not can_pay(order.state, order.hold_until, clock.now()):
        raise Refused(_("The half hour to pay is over; please place a new order."), "hold_expired")


def _prepay(order: Order, payment: Payment) -> dict[str, str]:
    try:
        placed = pay().prepay(
            out_trade_no=payment.out_trade_no,
            description=order.product.name,
            amount_fen=to_fen(payment.amount),
            openid=payment.openid,
            notify_url=notify_url(),
            expires_at=_ends(order),
            shares_profit=payment.is_shared,
        )
    except GatewayError as error:
        if error.ambiguous:
            Payment.objects.filter(pk=payment.pk, state=PaymentState.CREATED).update(state=PaymentState.UNKNOWN)
        raise
    Payment.objects.filter(pk=payment.pk, state__in=OPEN).update(state=PaymentState.PREPAID, prepay_id=placed.prepay_id)
    return placed.client_params


# --- money arrives --------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Settled:
    """What came of a payment; `is_new` is False when it was settled before."""

    payment: Payment
    is_new: bool


@transaction.atomic
def settle_payment(notice: PaymentNotice) -> Settled | None:
    """Credit a payment that the platform says succeeded, once, however often and by whatever way it is said.

    Payment, order, seats and facts change in one transaction. None when the notice does not say "paid".
    UnknownPayment and WrongPayment change nothing: answer so that the platform tries again, and look into it.
    """
    order_id = Payment.objects.filter(out_trade_no=notice.out_trade_no).values_list("order_id", flat=True).first()
    if order_id is None:
        raise UnknownPayment(notice.out_trade_no)
    order = Order.objects.select_for_update().get(pk=order_id)
    payment = Payment.objects.select_for_update().get(out_trade_no=notice.out_trade_no)
    _check_notice(notice, payment)
    if not notice.is_paid:
        return None
    if payment.state in {PaymentState.PAID, PaymentState.SURPLUS}:
        return Settled(payment, is_new=False)
    payment.transaction_id = notice.transaction_id
    payment.paid_at = min(notice.success_at or clock.now(), clock.now())
    payment.state = PaymentState.PAID if _takes_money(order, payment) else PaymentState.SURPLUS
    payment.save(update_fields=["transaction_id", "paid_at", "state"])
    if payment.state == PaymentState.PAID:
        _mark_paid(order, payment)
    else:
        logger.warning("payment %s came for an order that cannot take it; it is being returned", payment.out_trade_no)
        return_surplus(payment)
    return Settled(payment, is_new=True)


def _check_notice(notice: PaymentNotice, payment: Payment) -> None:
    """Everything the platform repeats must be what we asked for."""
    expected = {
        "amount": (to_fen(payment.amount), notice.amount_fen),
        "currency": (CURRENCY, notice.currency),
        "appid": (settings.VENDORS["MINI_APP_ID"], notice.appid),
        "mchid": (settings.VENDORS["PAY_MCH_ID"], notice.mchid),
    }
    wrong = [name for name, (ours, theirs) in expected.items() if ours != theirs]
    if payment.transaction_id and notice.transaction_id and payment.transaction_id != notice.transaction_id:
        wrong.append("transaction_id")
    if notice.is_paid and not notice.transaction_id:
        wrong.append("transaction_id")
    if wrong:
        raise WrongPayment(", ".join(wrong))


def _takes_money(order: Order, payment: Payment) -> bool:
    part = payment.instalment
    if part is not None and order.state == OrderState.PAID:
        return part.paid_at is None
    due = part.amount if part else order.payable_amount
    if payment.amount != due:  # the order was changed while the customer paid the old amount
        return False
    money = money_for(order.state, order.close_reason)
    if money is Money.REOPENS:
        # Coupons and points were given back when it closed: what they covered cannot be had with money that came late.
        return order.coupon_amount + order.points_amount == 0 and retake_places(order)
    return money is Money.PAYS


@transaction.atomic
def settle_without_money(order: Order) -> None:
    """Mark an order paid that coupons and points cover whole; a payment of nothing stands for it."""
    now = clock.now()
    number = f"{order.no}P0"
    payment = Payment.objects.create(
        order=order, out_trade_no=number, transaction_id=number, amount=0, method=PaymentMethod.OFFSETS,
        state=PaymentState.PAID, paid_at=now,
    )  # fmt: skip
    _mark_paid(order, payment)


def _mark_paid(order: Order, payment: Payment) -> None:
    is_first = order.state != OrderState.PAID
    order.state = OrderState.PAID
    order.paid_at = payment.paid_at if is_first else order.paid_at
    order.paid_amount += payment.amount
    if payment.instalment_id:
        Instalment.objects.filter(pk=payment.instalment_id).update(paid_at=payment.paid_at)
        OrderChange.objects.filter(instalment=payment.instalment_id).update(state=ChangeState.DONE)
    order.closed_at, order.close_reason = None, ""
    order.save(update_fields=["state", "paid_at", "paid_amount", "closed_at", "close_reason"])
    if is_first:
        offsets.commit(order)
        issue_codes(order)
        fact = OrderPaid(order.customer_id, order.pk, payment.amount)
        record(fact, key=f"order.paid:{order.pk}", occurred_at=payment.paid_at)
    else:
        part = InstalmentPaid(order.customer_id, order.pk, payment.amount)
        record(part, key=f"instalment.paid:{payment.pk}", occurred_at=payment.paid_at)
    tell_shipping(payment)
    refresh_standing([order.customer_id])


# --- asking ------------------------------------------------------------------------------------------------


@job(Lane.USUAL)
def ask_about_payment(payment_id: int) -> None:
    """Ask the platform about a payment that is still open: a lost notice must not lose an order."""
    payment = Payment.objects.filter(pk=payment_id, state__in=OPEN).first()
    if payment is not None:
        _ask(payment)


def _ask(payment: Payment) -> str:
    """The payment's trade state at the platform, settled here; "" when the platform never saw it."""
    try:
        notice = pay().query(payment.out_trade_no)
    except GatewayError as error:
        if error.errcode not in GONE:
            raise
        return ""
    Payment.objects.filter(pk=payment.pk).update(queried_at=clock.now())
    settle_payment(notice)
    if notice.trade_state == "CLOSED":
        Payment.objects.filter(pk=payment.pk, state__in=OPEN).update(state=PaymentState.CLOSED)
    return notice.trade_state


# --- closing ------------------------------------------------------------------------------------------------


def close_payments(order: Order, *, patient: bool = False) -> str:
    """Close the order's open payments at the gateway: "paid" when one turns out to be paid (and is settled), else "closed",
    or "unclear" when the gateway does not answer. `patient` raises Later instead while the hold has just run out."""
    outcome = "closed"
    for payment in order.payments.filter(state__in=OPEN):
        try:
            result = _close_one(payment)
        except GatewayError as error:
            if patient and (clock.now() - order.hold_until).total_seconds() < PATIENCE_SECONDS:
                raise Later(ASK_AGAIN_SECONDS, f"gateway: {error.errcode}") from error
            logger.warning("payment %s could not be closed: %s", payment.out_trade_no, error.errcode)
            result = "unclear"
        if result == "paid":
            return "paid"
        outcome = result if result != "closed" else outcome
    return outcome


def _close_one(payment: Payment) -> str:
    """Close one payment at the gateway; "paid" when the customer was faster."""
    try:
        pay().close(payment.out_trade_no)
    except GatewayError as error:
        if error.errcode in PAID:
            return "paid" if _ask(payment) in {"SUCCESS", "REFUND"} else "unclear"
        if error.errcode not in GONE | CLOSED:
            raise
    Payment.objects.filter(pk=payment.pk, state__in=OPEN).update(state=PaymentState.CLOSED)
    return "closed"


def close_payments_later(order: Order) -> None:
    """Have payments that are still open closed in the background."""
    for payment_id in order.payments.filter(state__in=OPEN).values_list("pk", flat=True):
        enqueue(close_payment, key=str(payment_id), payment_id=payment_id)


@job(Lane.USUAL)
def close_payment(payment_id: int) -> None:
    """Close the payment of a closed order at the gateway; until that works it may still be paid, which is dealt with then."""
    payment = Payment.objects.filter(pk=payment_id, state__in=OPEN).first()
    if payment is not None:
        _close_one(payment)
