"""Every morning: the platform's bill of the day before against our own books, line by line, to the fen."""

import datetime as dt
import logging
from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import BadInput, Refused
from core.jobs import enqueue, job
from core.money import to_yuan
from gateways.errors import GatewayError
from gateways.pay import Bill as PlatformBill
from gateways.pay import pay
from orders.choices import BillKind, BillState, PaymentMethod, PaymentState, RefundState
from orders.models import Bill, BillDifference, Payment, Refund
from orders.rules import Difference, compare_books
from staff.models import User
from staff.services import write_audit

logger = logging.getLogger(__name__)

NO_BILL = "NO_STATEMENT_EXIST"
DAYS_BACK = 7  # a day whose bill was not to be had is asked for again


@job(Lane.BULK, coalesce=True)
def reconcile_days() -> None:
    """Each of the last days that does not agree yet gets a job of its own."""
    today = clock.today()
    days = [today - dt.timedelta(days=back) for back in range(1, DAYS_BACK + 1)]
    clean = set(Bill.objects.filter(day__in=days, state=BillState.CLEAN).values_list("day", flat=True))
    for day in days:
        if day not in clean:
            enqueue(reconcile_day, key=f"{day.isoformat()}:{today.isoformat()}", day=day.isoformat())


@job(Lane.BULK)
def reconcile_day(day: str) -> None:
    """Read the bill of a day and compare it. A day on which the platform booked nothing is an empty bill."""
    which = dt.date.fromisoformat(day)
    try:
        theirs = pay().bill(which)
    except GatewayError as error:
        if error.errcode == NO_BILL:
            theirs = PlatformBill(which, (), "")
        elif error.retryable or error.ambiguous:
            raise
        else:
            Bill.objects.update_or_create(day=which, defaults={"state": BillState.FAILED, "error": error.errcode})
            return
    keep_bill(theirs)


@transaction.atomic
def keep_bill(theirs: PlatformBill) -> Bill:
    """Write down how a bill compares with our books; differences that came right are gone, explained ones stay explained."""
    bill, _new = Bill.objects.get_or_create(day=theirs.day)
    Bill.objects.select_for_update().get(pk=bill.pk)
    billed = {_key(line.out_trade_no, line.out_refund_no): line.amount_fen for line in theirs.lines}
    differences = compare_books(billed, _books(billed), _of_day(theirs.day))
    _write(bill, differences)
    paid = sum(fen for (kind, _number), fen in billed.items() if kind == BillKind.PAYMENT)
    back = sum(fen for (kind, _number), fen in billed.items() if kind == BillKind.REFUND)
    bill.lines_count, bill.matched_count = len(billed), len(billed) - sum(one.theirs is not None for one in differences)
    bill.trades_amount, bill.refunds_amount, bill.sha256 = to_yuan(paid), to_yuan(back), theirs.sha256
    bill.state, bill.error, bill.read_at = _state(bill), "", clock.now()
    bill.save()
    if bill.state == BillState.OPEN:
        logger.error("ALARM the bill of %s does not agree with our books", bill.day)
    return bill


def _key(out_trade_no: str, out_refund_no: str) -> tuple[str, str]:
    return (BillKind.REFUND, out_refund_no) if out_refund_no else (BillKind.PAYMENT, out_trade_no)


def _books(billed: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """What our books say, in fen, of everything that is on the bill."""
    payments = Payment.objects.filter(out_trade_no__in=[number for kind, number in billed if kind == BillKind.PAYMENT])
    refunds = Refund.objects.filter(out_refund_no__in=[number for kind, number in billed if kind == BillKind.REFUND])
    paid = payments.filter(state__in=[PaymentState.PAID, PaymentState.SURPLUS]).values_list("out_trade_no", "amount")
    back = refunds.filter(state=RefundState.DONE).values_list("out_refund_no", "amount")
    return _fen(BillKind.PAYMENT, paid) | _fen(BillKind.REFUND, back)


def _of_day(day: dt.date) -> dict[tuple[str, str], int]:
    """What our books say was paid and given back on a day."""
    start, end = clock.day_bounds(day)
    money = Payment.objects.filter(state__in=[PaymentState.PAID, PaymentState.SURPLUS], method=PaymentMethod.WECHAT)
    paid = money.filter(paid_at__gte=start, paid_at__lt=end).values_list("out_trade_no", "amount")
    done = Refund.objects.filter(state=RefundState.DONE, done_at__gte=start, done_at__lt=end, amount__gt=0)
    return _fen(BillKind.PAYMENT, paid) | _fen(BillKind.REFUND, done.values_list("out_refund_no", "amount"))


def _fen(kind: str, rows: Iterable[tuple[str, Decimal]]) -> dict[tuple[str, str], int]:
    return {(kind, number): int(amount * 100) for number, amount in rows}


def _write(bill: Bill, differences: list[Difference]) -> None:
    found = {(one.kind, one.number): one for one in differences}
    for known in bill.differences.all():
        if (known.kind, known.number) not in found:
            known.delete()
    for one in differences:
        bill.differences.update_or_create(
            kind=one.kind, number=one.number,
            defaults={"finding": one.finding, "theirs_amount": _yuan(one.theirs), "ours_amount": _yuan(one.ours)},
        )  # fmt: skip


def _yuan(fen: int | None) -> Decimal | None:
    return None if fen is None else to_yuan(fen)


def _state(bill: Bill) -> str:
    return BillState.OPEN if bill.differences.filter(explained_at__isnull=True).exists() else BillState.CLEAN


@transaction.atomic
def explain(*, difference: BillDifference, words: str, user: User) -> None:
    """Say why a line differs; when every line is explained the day is closed. Refused (explained) when it is already."""
    words = words.strip()
    if not 4 <= len(words) <= 200:
        raise BadInput(_("Say why the two differ."), {"words": _("4 to 200 characters")})
    bill = Bill.objects.select_for_update().get(pk=difference.bill_id)
    open_ones = BillDifference.objects.filter(pk=difference.pk, explained_at__isnull=True)
    if not open_ones.update(explanation=words, explained_by=user, explained_at=clock.now()):
        raise Refused(_("This was explained already."), "explained")
    Bill.objects.filter(pk=bill.pk).update(state=_state(bill))
    write_audit(actor=user, action="bill.explained", obj=bill, detail={"number": difference.number, "words": words})
