"""What merchants are owed: a statement a week, confirmed by the merchant, paid by the agency; disputes in between."""

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import BadInput, Refused
from core.jobs import enqueue, job
from core.money import ZERO
from merchants.choices import DisputeKind, DisputeState, ShareState, StatementState
from merchants.models import Dispute, Merchant, Redemption, Share, Statement
from merchants.rules import Parts, settle, week_of
from merchants.services.redeeming import take_back
from staff.models import User
from staff.services import write_audit


@job(Lane.BULK, coalesce=True)
def make_statements() -> None:
    """Every Monday morning (and on any later day that finds it missing): a statement of the week before for each merchant."""
    first, last = week_of(clock.today())
    for merchant_id in Merchant.objects.exclude(statements__first_on=first).values_list("pk", flat=True):
        enqueue(
            make_statement,
            key=f"{merchant_id}:{first}",
            merchant_id=merchant_id,
            first_on=first.isoformat(),
            last_on=last.isoformat(),
        )


@job(Lane.BULK)
def make_statement(merchant_id: int, first_on: str, last_on: str) -> None:
    """Settle what a merchant handed out until the end of a week and was in no statement yet; nothing makes no statement."""
    settle_until(merchant_id, dt.date.fromisoformat(first_on), dt.date.fromisoformat(last_on))


@transaction.atomic
def settle_until(merchant_id: int, first_on: dt.date, last_on: dt.date) -> Statement | None:
    """The statement; made once, whoever asks again gets it. What is in dispute, or whose share is on its way, waits for the
    next one: a statement tells only of money that has arrived."""
    merchant = Merchant.objects.select_for_update().get(pk=merchant_id)
    existing = Statement.objects.filter(merchant=merchant, first_on=first_on).first()
    if existing is not None:
        return existing
    end = clock.day_bounds(last_on)[1]
    disputed = Q(disputes__state=DisputeState.OPEN)
    moving = Q(share__state__in=[ShareState.WAITING, ShareState.PROCESSING, ShareState.RETURNING])
    mine = Redemption.objects.filter(merchant=merchant, at__lt=end).exclude(disputed).exclude(moving)
    due = list(mine.filter(statement__isnull=True, taken_back_at__isnull=True))
    back = list(mine.filter(statement__isnull=False, taken_back_at__isnull=False, back_statement__isnull=True))
    if not due and not back:
        return None
    gone, returned = _shared(due, ShareState.DONE), _shared(back, ShareState.RETURNED)
    sums = settle(
        [(_parts(one), gone.get(one.pk, ZERO)) for one in due],
        [(_parts(one), returned.get(one.pk, ZERO)) for one in back],
    )
    made = Statement.objects.create(
        merchant=merchant, first_on=first_on, last_on=last_on, redemptions_count=sums.count, gross_amount=sums.gross,
        fee_amount=sums.fee, points_cost_amount=sums.points_cost, coupon_cost_amount=sums.coupon_cost, net_amount=sums.net,
        shared_amount=sums.shared, made_at=clock.now(),
    )  # fmt: skip
    Redemption.objects.filter(pk__in=[one.pk for one in due]).update(statement=made)
    Redemption.objects.filter(pk__in=[one.pk for one in back]).update(back_statement=made)
    return made


def _parts(one: Redemption) -> Parts:
    return Parts(one.gross_amount, one.fee_amount, one.points_cost_amount, one.coupon_cost_amount)


def _shared(redemptions: list[Redemption], state: ShareState) -> dict[int, Decimal]:
    """What went to the merchant through the platform, or came back that way, for each redemption."""
    found = Share.objects.filter(redemption__in=redemptions, state=state).values_list("redemption_id", "amount")
    return {redemption_id: amount for redemption_id, amount in found if redemption_id is not None}


def confirm(*, statement: Statement, user: User) -> None:
    """The merchant agrees. Doing it twice is fine."""
    sent = Statement.objects.filter(pk=statement.pk, state=StatementState.SENT)
    if sent.update(state=StatementState.CONFIRMED, confirmed_at=clock.now(), confirmed_by=user):
        detail = {"week": str(statement.first_on)}
        write_audit(actor=user, action="merchant.statement_confirmed", obj=statement.merchant, detail=detail)


def mark_paid(*, statement: Statement, reference: str, user: User) -> None:
    """The agency paid what is left of a confirmed statement; `reference` is the bank's. Refused (not_confirmed, own_merchant)."""
    reference = reference.strip()
    if not 4 <= len(reference) <= 60:
        raise BadInput(_("Please enter the bank's reference."), {"reference": _("4 to 60 characters")})
    confirmed = Statement.objects.filter(pk=statement.pk, state=StatementState.CONFIRMED)
    if not confirmed.update(state=StatementState.PAID, paid_at=clock.now(), paid_by=user, reference=reference):
        raise Refused(_("Only a statement that the merchant confirmed is paid."), "not_confirmed")
    detail = {"week": str(statement.first_on), "amount": str(statement.to_pay_amount), "reference": reference}
    write_audit(actor=user, action="merchant.statement_paid", obj=statement.merchant, detail=detail)


# --- disputes ---------------------------------------------------------------------------------------------


def open_dispute(*, redemption: Redemption, kind: str, words: str, user: User) -> Dispute:
    """The merchant objects to how a redemption stands in the books; it waits with its settlement. Once at a time."""
    words = words.strip()
    if kind not in DisputeKind.values or not 4 <= len(words) <= 300:
        raise BadInput(_("Say what happened."), {"words": _("4 to 300 characters")})
    if redemption.taken_back_at is not None:
        raise Refused(_("This redemption was taken back already."), "taken_back")
    made, is_new = Dispute.objects.get_or_create(
        redemption=redemption, state=DisputeState.OPEN,
        defaults={"kind": kind, "words": words, "opened_by": user, "opened_at": clock.now()},
    )  # fmt: skip
    if is_new:
        write_audit(actor=user, action="merchant.dispute_opened", obj=redemption.merchant, detail={"redemption": redemption.pk})
    return made


@transaction.atomic
def decide_dispute(*, dispute: Dispute, uphold: bool, answer: str, user: User) -> None:
    """The agency decides; what is to be taken back is, in the same transaction. Refused (decided, own_request)."""
    answer = answer.strip()
    if not 4 <= len(answer) <= 300:
        raise BadInput(_("Please write an answer."), {"answer": _("4 to 300 characters")})
    if dispute.opened_by_id == user.pk:
        raise Refused(_("Somebody else must decide."), "own_request")
    state = DisputeState.UPHELD if uphold else DisputeState.REJECTED
    open_ones = Dispute.objects.filter(pk=dispute.pk, state=DisputeState.OPEN)
    if not open_ones.update(state=state, answer=answer, decided_by=user, decided_at=clock.now()):
        raise Refused(_("This was decided already."), "decided")
    if uphold and dispute.kind == DisputeKind.TAKE_BACK:
        take_back(redemption=dispute.redemption, user=user)
    write_audit(
        actor=user, action="merchant.dispute_decided", obj=dispute.redemption.merchant,
        detail={"redemption": dispute.redemption_id, "state": state},
    )  # fmt: skip
