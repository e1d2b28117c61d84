"""Giving money back, whole or in part, never more than was paid. Key mode: the gateway knows a refund by our number."""

import dataclasses
import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn

from django.db import transaction
from django.db.models import Count, F, QuerySet, Sum
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import BadInput, Refused
from core.event_types import OrderRefunded
from core.events import record
from core.jobs import enqueue, job
from core.money import ZERO, to_fen
from customers.services.standing import refresh_standing
from gateways.errors import GatewayError
from gateways.pay import PaymentNotice, pay
from gateways.pay import RefundState as GatewayRefund
from orders.choices import LineKind, OrderState, PaymentState, RefundState
from orders.models import CommercePolicy, Order, OrderLine, Payment, Refund
from orders.rules import Back, GivenUp, Refundable, back_for, fee_percent, needs_two, refundable, spread
from orders.services import offsets
from orders.services.cashier import GONE, UnknownPayment, WrongPayment, notify_url
from orders.services.lines import free_pieces, free_places, put_pieces_back, set_pieces_aside
from staff.models import User
from staff.services import write_audit

logger = logging.getLogger(__name__)

COUNTED = (RefundState.REQUESTED, RefundState.PROCESSING, RefundState.DONE)
ASK_AFTER_SECONDS = (60, 300, 1800)
REASON_LIMIT = 80


@dataclasses.dataclass(frozen=True)
class Proposal:
    """What giving up pieces brings back today: money, coupons and points, and the fee of the terms.

    `pieces` is {line id: number}, `closes` whether nothing of the order is left then.
    """

    back: Back
    pieces: dict[int, int]
    closes: bool


def propose_refund(order: Order, pieces: Mapping[int, int] | None = None, *, at: dt.datetime | None = None) -> Proposal:
    """What the terms the order was placed on give back for these pieces (None: for everything that is still there).

    Refused (not_paid, redeemed, balance_due) where nothing may be given up like that; BadInput for pieces it does not have.
    """
    if order.state not in {OrderState.PAID, OrderState.COMPLETED}:
        raise Refused(_("Only a paid order can be refunded."), "not_paid")
    lines = list(order.lines.order_by("position"))
    wanted = _all_open(lines) if pieces is None else dict(pieces)
    _check_pieces(lines, wanted)
    sold = [line for line in lines if line.kind != LineKind.SUPPLEMENT]
    closes = all(line.returned_quantity + wanted.get(line.pk, 0) == line.quantity for line in sold)
    if closes:
        wanted |= {line.pk: line.open_quantity for line in lines if line.kind == LineKind.SUPPLEMENT and line.open_quantity}
    elif order.instalments.filter(paid_at__isnull=True).exists():
        raise Refused(_("A part of the price is not paid yet: change the order, or give up all of it."), "balance_due")
    moment = at or clock.now()
    given_up = [_given_up(line, wanted.get(line.pk, 0), moment) for line in lines]
    pending = _sum(_leaders(order).filter(state__in=COUNTED), "amount", followers=True)
    fees = _sum(_leaders(order).filter(state__in=COUNTED), "fee_amount")
    return Proposal(back_for(given_up, kept=order.paid_amount - pending, fees_before=fees), wanted, closes)


def _all_open(lines: Sequence[OrderLine]) -> dict[int, int]:
    return {line.pk: line.open_quantity for line in lines if line.kind != LineKind.SUPPLEMENT and line.open_quantity}


def _check_pieces(lines: Sequence[OrderLine], wanted: Mapping[int, int]) -> None:
    known = {line.pk: line for line in lines if line.kind != LineKind.SUPPLEMENT}
    if set(wanted) - set(known) or any(number < 1 for number in wanted.values()):
        raise BadInput(_("This is not a part of the order."), {"pieces": _("must be lines of this order")})
    if not wanted or any(known[line_id].open_quantity < number for line_id, number in wanted.items()):
        raise Refused(_("Some of this was redeemed or given back already."), "redeemed")
    adults = [line for line in known.values() if line.kind == LineKind.ADULT]
    for line in adults:
        children = [one for one in known.values() if one.kind == LineKind.CHILD and one.departure_id == line.departure_id]
        if line.open_quantity - wanted.get(line.pk, 0) == 0 and any(
            one.open_quantity - wanted.get(one.pk, 0) for one in children
        ):
            raise Refused(_("Children do not travel alone: give up their places too."), "children_alone")


def _given_up(line: OrderLine, giving: int, at: dt.datetime) -> GivenUp:
    days = (line.starts_on - clock.shanghai_date(at)).days if line.starts_on else 0
    return GivenUp(
        line.payable_amount, line.coupon_amount + line.points_amount, line.quantity, line.returned_quantity, giving,
        fee_percent(line.terms, days),
    )  # fmt: skip


def _leaders(order: Order) -> QuerySet[Refund]:
    return Refund.objects.filter(payment__order=order, leader__isnull=True, payment__state=PaymentState.PAID)


def _sum(found: QuerySet[Refund], column: str, *, followers: bool = False) -> Decimal:
    own = found.aggregate(total=Sum(column))["total"] or ZERO
    if not followers:
        return Decimal(own)
    return Decimal(own) + (Refund.objects.filter(leader__in=found).aggregate(total=Sum(column))["total"] or ZERO)


@transaction.atomic
def give_up(
    *, order_id: int, key: str, reason: str, pieces: Mapping[int, int] | None = None, user: User | None = None,
    expected: Decimal | None = None,
) -> Refund:  # fmt: skip
    """Ask for a refund of pieces by the terms; they are set aside at once, and it waits for somebody who may execute it.

    `expected` is the money the asker was shown: Refused (changed) when the terms give another amount by now. The same key
    again returns the same refund. Refused and BadInput as `propose_refund`.
    """
    order = Order.objects.select_for_update().get(pk=order_id)
    existing = Refund.objects.filter(out_refund_no=f"{order.no}R{key}").first()
    if existing is not None:
        return existing
    found = propose_refund(order, pieces)
    if expected is not None and expected != found.back.money:
        raise Refused(_("The terms give back ¥%(amount)s by now.") % {"amount": found.back.money}, "changed")
    if found.back.money == 0 and found.back.offsets == 0 and not found.closes:
        raise Refused(_("The terms give nothing back any more."), "nothing_back")
    set_pieces_aside(order.pk, found.pieces)
    return _ask_for(
        order, key, found.back.money, reason, user, offset_amount=found.back.offsets, fee_amount=found.back.fee,
        pieces={str(line): number for line, number in found.pieces.items()}, closes=found.closes,
    )  # fmt: skip


@transaction.atomic
def request_refund(*, order_id: int, amount: Decimal, reason: str, key: str, user: User) -> Refund:
    """Ask for a refund of an amount, for goodwill or by an agreement: nothing of the order is given up with it (unless it is
    all the money there is). It waits for someone who may execute it.

    `key` names the intent (one form, one key): asking again with it returns the same refund. BadInput for an amount that
    is not positive; Refused (not_paid, too_much, too_late, too_many) with nothing changed.
    """
    order = Order.objects.select_for_update().get(pk=order_id)
    existing = Refund.objects.filter(out_refund_no=f"{order.no}R{key}").first()
    if existing is not None:
        return existing
    if order.state not in {OrderState.PAID, OrderState.COMPLETED, OrderState.REFUNDED} or not _paid(order):
        raise Refused(_("Only a paid order can be refunded."), "not_paid")
    if amount <= 0:
        raise BadInput(_("The amount must be more than zero."), {"amount": _("must be more than zero")})
    return _ask_for(order, key, amount, reason, user)


def owe_back(*, order: Order, amount: Decimal, key: str, reason: str, user: User | None) -> Refund:
    """Ask for the refund of what a change made cheaper, in the caller's transaction; finance decides on it as on any other."""
    return _ask_for(order, key, amount, reason, user)


def _paid(order: Order) -> list[Payment]:
    return list(order.payments.filter(state=PaymentState.PAID).order_by("pk"))


def _ask_for(order: Order, key: str, amount: Decimal, reason: str, user: User | None, **more: Any) -> Refund:
    """The refund that holds the decision, and its followers where one payment has not enough left."""
    paid, shares = _shares(order, amount)
    parts = [(payment, share) for payment, share in zip(paid, shares, strict=True) if share] or [(paid[0], ZERO)]
    leader: Refund | None = None
    for index, (payment, share) in enumerate(parts):
        number = f"{order.no}R{key}" + (f"-{index + 1}" if index else "")
        shared = {"payment": payment, "out_refund_no": number, "amount": share, "reason": reason[:REASON_LIMIT]}
        made = Refund.objects.create(**shared, requested_by=user, leader=leader, **({} if leader else more))
        leader = leader or made
    if leader is None:
        raise Refused(_("Only a paid order can be refunded."), "not_paid")
    if user is not None:
        detail = {"refund": leader.out_refund_no, "amount": str(amount)}
        write_audit(actor=user, action="order.refund_requested", obj=order, detail=detail)
    return leader


def _shares(order: Order, amount: Decimal) -> tuple[list[Payment], list[Decimal]]:
    """The order's payments, and what each of them gives of an amount."""
    paid = _paid(order)
    left = [refundable_of(payment) for payment in paid]
    if amount > sum((one.amount for one in left), ZERO):
        _refuse(left)
    return paid, spread(amount, [one.amount for one in left])


def refundable_of(payment: Payment) -> Refundable:
    """What may still be refunded of a paid payment."""
    sums = payment.refunds.filter(state__in=COUNTED).aggregate(given=Sum("amount"), count=Count("id"))
    paid_at = payment.paid_at or clock.now()
    given = sums["given"] or Decimal("0.00")
    return refundable(paid=payment.amount, given=given, count=sums["count"], paid_at=paid_at, at=clock.now())


def _refuse(left: Sequence[Refundable]) -> NoReturn:
    complaints = {one.complaint for one in left if one.complaint}
    if "too_late" in complaints:
        raise Refused(_("WeChat Pay refunds only within a year of the payment."), "too_late")
    if "too_many" in complaints:
        raise Refused(_("WeChat Pay allows 50 refunds per payment."), "too_many")
    most = sum((one.amount for one in left), ZERO)
    raise Refused(_("At most ¥%(amount)s can still be refunded.") % {"amount": most}, "too_much")


def two_must_decide(refund: Refund) -> bool:
    """Whether somebody other than who asked must decide: the order's refunds together go over the agency's limit."""
    leaders = _leaders(refund.payment.order).filter(state__in=COUNTED).exclude(pk=refund.pk)
    before = _sum(leaders, "amount", followers=True)
    mine = refund.amount + (refund.followers.aggregate(total=Sum("amount"))["total"] or ZERO)
    return needs_two(mine, before, CommercePolicy.current().refund_limit_amount)


@transaction.atomic
def execute_refund(*, refund: Refund, user: User) -> None:
    """Approve a refund and send it on its way. Doing it twice sends it once.

    Refused unless it waits for that (decided), and (own_request) where two people must decide and `user` asked for it.
    """
    order = Order.objects.select_for_update().get(pk=refund.payment.order_id)
    if refund.requested_by_id == user.pk and two_must_decide(refund):
        raise Refused(_("Over the limit somebody else must decide."), "own_request")
    _decide(refund, RefundState.PROCESSING, user)
    detail = {"refund": refund.out_refund_no, "amount": str(refund.amount)}
    write_audit(actor=user, action="order.refund_executed", obj=order, detail=detail)
    for part in (refund, *refund.followers.all()):
        enqueue(send_refund, key=str(part.pk), refund_id=part.pk)


@transaction.atomic
def decline_refund(*, refund: Refund, user: User) -> None:
    """Say no to a requested refund; the pieces it set aside are the customer's again."""
    _decide(refund, RefundState.REJECTED, user)
    put_pieces_back(pieces_of(refund))
    detail = {"refund": refund.out_refund_no}
    write_audit(actor=user, action="order.refund_declined", obj=refund.payment.order, detail=detail)


def pieces_of(refund: Refund) -> dict[int, int]:
    """What a refund gives up: {line id: number}."""
    return {int(line): int(number) for line, number in refund.pieces.items()}


def _decide(refund: Refund, state: RefundState, user: User) -> None:
    waiting = Refund.objects.filter(pk=refund.pk, state=RefundState.REQUESTED, leader__isnull=True)
    if not waiting.update(state=state, decided_by=user):
        raise Refused(_("This refund was decided already."), "decided")
    refund.followers.filter(state=RefundState.REQUESTED).update(state=state, decided_by=user)


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
    if refund.amount == 0:
        _finish(refund.pk, GatewayRefund(refund.out_refund_no, "", "SUCCESS", 0, None))
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
    if refund.state == RefundState.FAILED and refund.pieces:
        set_pieces_aside(order.pk, pieces_of(refund))
    if not Refund.objects.filter(pk=refund_id, state__in=waiting).update(state=RefundState.DONE, done_at=done_at, error=""):
        return
    if refund.payment.state == PaymentState.PAID:
        _credit_back(order, refund, done_at)


def _credit_back(order: Order, refund: Refund, done_at: dt.datetime) -> None:
    done = Refund.objects.filter(payment__order=order, payment__state=PaymentState.PAID, state=RefundState.DONE)
    order.refunded_amount = done.aggregate(total=Sum("amount"))["total"] or ZERO
    if order.state != OrderState.REFUNDED:
        _give_places_back(order, refund)
    order.save(update_fields=["refunded_amount", "state"])
    if order.coupon_amount + order.points_amount:
        offsets.give_back(order)
    fact = OrderRefunded(order.customer_id, order.pk, refund.amount)
    record(fact, key=f"order.refunded:{refund.pk}", occurred_at=done_at)
    refresh_standing([order.customer_id])


def _give_places_back(order: Order, refund: Refund) -> None:
    """Free what was given up; an order of which nothing is left, or all of whose money went back, ends here."""
    everything_back = order.refunded_amount == order.paid_amount and order.paid_amount > 0
    if not refund.closes and not everything_back:
        free_pieces(pieces_of(refund))
        return
    if refund.pieces:
        free_pieces(pieces_of(refund))
    if everything_back and not refund.closes:
        free_places(order)
        OrderLine.objects.filter(order=order).update(returned_quantity=F("quantity") - F("redeemed_quantity"))
    order.state = OrderState.REFUNDED


def fail_refund(refund_id: int, error: str) -> None:
    """The gateway will not pay it out; staff see why, and may ask for another. What it gave up is the customer's again."""
    with transaction.atomic():
        failed = Refund.objects.filter(pk=refund_id, state=RefundState.PROCESSING)
        if failed.update(state=RefundState.FAILED, error=error[:200]):
            put_pieces_back(pieces_of(Refund.objects.get(pk=refund_id)))
