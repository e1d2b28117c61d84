"""Merchants' shares through WeChat Pay: planned with the redemption, sent, asked about, taken back; the rest let go.

Key mode: the platform knows a share by `out_order_no`, so every call may be repeated.
"""

import datetime as dt
import logging

from django.db import transaction
from django.db.models import Exists, OuterRef, Sum

from core import clock
from core.choices import Lane
from core.errors import Later
from core.jobs import enqueue, job
from core.money import ZERO, to_fen
from gateways.errors import GatewayError
from gateways.pay import ShareReceiver, pay
from gateways.pay import ShareState as GatewayShare
from merchants.choices import ShareKind, ShareState
from merchants.models import Merchant, Redemption, Share
from merchants.rules import YOUNGEST, shareable
from orders.choices import PaymentState, RefundState
from orders.models import OrderLine, Payment

logger = logging.getLogger(__name__)

COUNTED = (ShareState.WAITING, ShareState.PROCESSING, ShareState.DONE, ShareState.RETURNING)
ASK_AGAIN_SECONDS = 60.0
RELATION = "SUPPLIER"
AT_ONCE = 500


def plan_share(redemption: Redemption) -> Share | None:
    """Have the merchant's part of a redemption sent, as much of it as the platform allows; the rest waits for the statement.

    In the caller's transaction. None where the merchant is no receiver, or the payment was not made to be shared.
    """
    line, merchant = redemption.line, redemption.merchant
    if line is None or not merchant.account_ready:
        return None
    payment = Payment.objects.select_for_update().filter(order=line.order_id, state=PaymentState.PAID, is_shared=True).first()
    if payment is None or payment.paid_at is None or Share.objects.filter(payment=payment, kind=ShareKind.UNFREEZE).exists():
        return None
    shared = Share.objects.filter(payment=payment, state__in=COUNTED).aggregate(sum=Sum("amount"))["sum"] or ZERO
    live = [RefundState.REQUESTED, RefundState.PROCESSING, RefundState.DONE]
    refunded = payment.refunds.filter(state__in=live).aggregate(sum=Sum("amount"))["sum"] or ZERO
    amount = shareable(redemption.net_amount, paid=payment.amount, shared=shared, refunded=refunded)
    if amount <= 0:
        return None
    made = Share.objects.create(
        payment=payment, redemption=redemption, account=merchant.account, amount=amount,
        out_order_no=f"{payment.out_trade_no}S{redemption.pk}",
    )  # fmt: skip
    enqueue(send_share, key=str(made.pk), run_at=max(clock.now(), payment.paid_at + YOUNGEST), share_id=made.pk)
    return made


@job(Lane.USUAL)
def send_share(share_id: int) -> None:
    """Call the gateway; the same number again is the same share there."""
    share = Share.objects.select_related("payment", "redemption").filter(pk=share_id, state=ShareState.WAITING).first()
    if share is None:
        return
    what = share.redemption.name if share.redemption else ""
    try:
        seen = pay().share(
            transaction_id=share.payment.transaction_id or "", out_order_no=share.out_order_no, unfreeze=False,
            receivers=(ShareReceiver(share.account, to_fen(share.amount), what),),
        )  # fmt: skip
    except GatewayError as error:
        if error.retryable or error.ambiguous:
            raise
        _fail(share, error.errcode)
        return
    Share.objects.filter(pk=share.pk, state=ShareState.WAITING).update(state=ShareState.PROCESSING)
    _settle(share, seen)
    moment = clock.now() + dt.timedelta(seconds=ASK_AGAIN_SECONDS)
    enqueue(ask_about_share, key=str(share.pk), run_at=moment, share_id=share.pk)


def _fail(share: Share, error: str) -> None:
    """It cannot go this way: the statement pays it by bank transfer."""
    logger.warning("share %s failed: %s", share.out_order_no, error)
    open_ones = Share.objects.filter(pk=share.pk, state__in=[ShareState.WAITING, ShareState.PROCESSING])
    open_ones.update(state=ShareState.FAILED, error=error[:200])


@job(Lane.USUAL)
def ask_about_share(share_id: int) -> None:
    """What became of a share."""
    share = Share.objects.select_related("payment").filter(pk=share_id, state=ShareState.PROCESSING).first()
    if share is None:
        return
    seen = pay().query_share(transaction_id=share.payment.transaction_id or "", out_order_no=share.out_order_no)
    if seen.state != "FINISHED":
        raise Later(ASK_AGAIN_SECONDS, "being shared")
    _settle(share, seen)


def _settle(share: Share, seen: GatewayShare) -> None:
    mine = next((one for one in seen.receivers if one[0] == share.account), None)
    if seen.state != "FINISHED" or mine is None:
        return
    _account, fen, result, reason = mine
    if fen != to_fen(share.amount):
        logger.error("ALARM share %s is of another amount at the platform", share.out_order_no)
        return
    if result == "SUCCESS":
        processing = Share.objects.filter(pk=share.pk, state=ShareState.PROCESSING)
        processing.update(state=ShareState.DONE, done_at=clock.now())
    else:
        _fail(share, reason or result)


def return_share_of(redemption: Redemption) -> None:
    """Have the share of a redemption that was taken back come back; one that was not sent yet is not sent."""
    share = Share.objects.filter(redemption=redemption).first()
    if share is None:
        return
    if not Share.objects.filter(pk=share.pk, state=ShareState.WAITING).update(state=ShareState.FAILED, error="taken back"):
        enqueue(return_share, key=str(share.pk), share_id=share.pk)


@job(Lane.USUAL)
def return_share(share_id: int) -> None:
    """Take shared money back from the merchant; waits until it arrived there."""
    share = Share.objects.filter(pk=share_id).first()
    if share is None or share.state in {ShareState.FAILED, ShareState.RETURNED}:
        return
    if share.state in {ShareState.WAITING, ShareState.PROCESSING}:
        raise Later(ASK_AGAIN_SECONDS, "still being shared")
    Share.objects.filter(pk=share.pk, state=ShareState.DONE).update(state=ShareState.RETURNING)
    seen = pay().return_share(
        out_order_no=share.out_order_no, out_return_no=f"{share.out_order_no}B", account=share.account,
        amount_fen=to_fen(share.amount), description="核销撤销",
    )  # fmt: skip
    if seen.result == "PROCESSING":
        raise Later(ASK_AGAIN_SECONDS, "being returned")
    state = ShareState.RETURNED if seen.result == "SUCCESS" else ShareState.DONE
    Share.objects.filter(pk=share.pk, state=ShareState.RETURNING).update(state=state, error=seen.reason[:200])


# --- receivers, and what is not shared ------------------------------------------------------------------------


@job(Lane.USUAL)
def register_receiver(merchant_id: int) -> None:
    """Make a merchant known to the platform as one who may get shares; doing it again is fine."""
    merchant = Merchant.objects.filter(pk=merchant_id, account_ready=False).exclude(account="").first()
    if merchant is None:
        return
    pay().add_receiver(account=merchant.account, name=merchant.legal_name, relation=RELATION)
    Merchant.objects.filter(pk=merchant.pk, account=merchant.account).update(account_ready=True)


@job(Lane.BULK, coalesce=True)
def unfreeze_rest() -> None:
    """Every night: the money of payments of which nothing more can be redeemed is let go to the agency."""
    now = clock.now()
    lines = OrderLine.objects.filter(order=OuterRef("order"), offer__is_shared=True, valid_until__gt=now)
    shares = Share.objects.filter(payment=OuterRef("pk"))
    busy = shares.filter(state__in=[ShareState.WAITING, ShareState.PROCESSING, ShareState.RETURNING])
    found = Payment.objects.filter(is_shared=True, state=PaymentState.PAID, paid_at__lt=now - YOUNGEST)
    found = found.exclude(Exists(lines)).exclude(Exists(busy)).exclude(Exists(shares.filter(kind=ShareKind.UNFREEZE)))
    for payment_id in found.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]:
        enqueue(unfreeze_payment, key=str(payment_id), payment_id=payment_id)


@job(Lane.USUAL)
def unfreeze_payment(payment_id: int) -> None:
    """Let the rest of one payment go."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(pk=payment_id)
        share, _new = Share.objects.get_or_create(
            out_order_no=f"{payment.out_trade_no}U", defaults={"payment": payment, "kind": ShareKind.UNFREEZE, "amount": ZERO}
        )
    if share.state == ShareState.DONE:
        return
    pay().unfreeze(transaction_id=payment.transaction_id or "", out_order_no=share.out_order_no, description="订单完结")
    Share.objects.filter(pk=share.pk).update(state=ShareState.DONE, done_at=clock.now())
