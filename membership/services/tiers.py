"""Stepping up and down the ladder; drafting and publishing it; using benefits."""

import dataclasses
import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.conditions import ConditionError, parse
from core.errors import BadInput, Refused
from core.event_types import TierChanged
from core.events import Dated, record_many
from core.jobs import enqueue, job
from customers.queries.reviews import roots_of
from membership.choices import SchemeState
from membership.models import BenefitUse, Member, Tier, TierBenefit, TierScheme
from membership.queries.tiers import FIGURES, deserved_sql, entitlements, scheme_in_force, steps_of
from membership.rules.tiers import Place, Step, decide
from staff.models import User
from staff.services import write_audit

_PLACES = """
SELECT customer.id, coalesce(member.rank, 0), member.since, member.valid_until, member.grace_until, coalesce(deserved.rank, 0)
FROM customers_customer AS customer LEFT JOIN membership_member AS member ON member.customer_id = customer.id
LEFT JOIN ({deserved}) AS deserved ON deserved.customer_id = customer.id
WHERE customer.merged_into_id IS NULL AND {chosen}
"""
# Only whom something may happen to: deserves another tier than held, or holds one whose validity has ended.
_MOVING = "(coalesce(deserved.rank, 0) <> coalesce(member.rank, 0) OR member.rank > 0 AND member.valid_until < %(at)s)"
_WRITE = """
WITH told AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(before)s::int[], %(tiers)s::text[], %(ranks)s::int[], %(since)s::timestamptz[],
                         %(valid)s::timestamptz[], %(grace)s::timestamptz[])
    AS told (customer_id, was, tier, rank, since, valid_until, grace_until)
), old AS (
    SELECT told.customer_id, coalesce(member.tier, '') AS tier FROM told
    LEFT JOIN membership_member AS member ON member.customer_id = told.customer_id
), written AS (
    INSERT INTO membership_member AS member (customer_id, tier, rank, since, valid_until, grace_until)
    SELECT customer_id, tier, rank, since, valid_until, grace_until FROM told ORDER BY customer_id
    ON CONFLICT (customer_id) DO UPDATE SET tier = EXCLUDED.tier, rank = EXCLUDED.rank, since = EXCLUDED.since,
        valid_until = EXCLUDED.valid_until, grace_until = EXCLUDED.grace_until
    WHERE member.rank = (SELECT was FROM told WHERE told.customer_id = EXCLUDED.customer_id)
    RETURNING customer_id, tier
)
INSERT INTO membership_tierchange (customer_id, before, after, reason, at)
SELECT written.customer_id, old.tier, written.tier, %(reason)s, %(at)s FROM written JOIN old USING (customer_id)
WHERE old.tier <> written.tier RETURNING id, customer_id, before, after
"""


@dataclasses.dataclass(frozen=True)
class _Move:
    customer_id: int
    before: int
    place: Place


@transaction.atomic
def reconsider(
    customer_ids: Collection[int] | None, *, reason: str = "condition", strict_since: dt.datetime | None = None
) -> int:
    """Look at the tiers of some customers (None: everybody) and change what changes; the number of changes. Records
    tier.changed. `strict_since`: after the refund of something bought then, a tier gained since is lost at once."""
    scheme = scheme_in_force()
    if scheme is None or (customer_ids is not None and not customer_ids):
        return 0
    at, steps = clock.now(), steps_of(scheme)
    ids = None if customer_ids is None else sorted(set(customer_ids))
    moves = [
        _Move(customer_id, place.rank, then)
        for customer_id, place, deserved in _places(scheme, ids, at)
        if (then := decide(place, deserved, steps, at, strict_since=strict_since)) != place
    ]
    return _write(moves, steps, reason, at)


def _places(scheme: TierScheme, ids: list[int] | None, at: dt.datetime) -> list[tuple[int, Place, int]]:
    deserved, params = deserved_sql(scheme, at, ids)
    chosen = _MOVING if ids is None else "customer.id = ANY(%(ids)s)"
    with connection.cursor() as cursor:
        cursor.execute(_PLACES.format(deserved=deserved, chosen=chosen), {**params, "ids": ids, "at": at})
        return [
            (customer_id, Place(rank, since, valid, grace), deserved)
            for customer_id, rank, since, valid, grace, deserved in cursor.fetchall()
        ]


def _write(moves: Sequence[_Move], steps: dict[int, Step], reason: str, at: dt.datetime) -> int:
    if not moves:
        return 0
    values: dict[str, Any] = {
        "ids": [move.customer_id for move in moves], "before": [move.before for move in moves],
        "tiers": [steps[move.place.rank].code if move.place.rank else "" for move in moves],
        "ranks": [move.place.rank for move in moves], "since": [move.place.since for move in moves],
        "valid": [move.place.valid_until for move in moves], "grace": [move.place.grace_until for move in moves],
        "reason": reason, "at": at,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, values)
        changed = cursor.fetchall()
    record_many([Dated(TierChanged(who, before, after), f"tier.changed:{pk}", at) for pk, who, before, after in changed])
    return len(changed)


def reconsider_later(customer_ids: Collection[int]) -> None:
    """Look at these customers' tiers soon; records that were joined count as one."""
    for root in set(roots_of(customer_ids).values()):
        enqueue(reconsider_one, key=str(root), customer_id=root)


@job(Lane.USUAL, coalesce=True)
def reconsider_one(customer_id: int) -> None:
    """One customer's tier."""
    reconsider([customer_id])


@job(Lane.BULK, coalesce=True)
def reconsider_all() -> None:
    """Nightly, and after a ladder was published: everybody whom something may happen to."""
    reconsider(None, reason="review")


# --- the ladder -----------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Rung:
    """One step of a draft, from a form. `benefits` is {benefit id: (quantity, period, value)}."""

    code: str
    name: str
    condition: dict[str, Any] | None
    valid_months: int
    grace_days: int
    benefits: dict[int, tuple[int | None, str, Any]]


@transaction.atomic
def start_draft(by: User) -> TierScheme:
    """The draft of the next ladder: a copy of the one in force. There is one draft at a time; it is returned as it is."""
    known = TierScheme.objects.filter(state=SchemeState.DRAFT).first()
    if known is not None:
        return known
    version = (TierScheme.objects.aggregate(last=Max("version"))["last"] or 0) + 1
    current = scheme_in_force()
    draft = TierScheme.objects.create(version=version, created_by=by)
    for tier in current.tiers.order_by("rank") if current else []:
        cells = list(tier.benefits.all())
        tier.pk, tier.scheme = None, draft
        tier._state.adding = True
        tier.save()
        for cell in cells:
            TierBenefit.objects.create(
                tier=tier, benefit_id=cell.benefit_id, quantity=cell.quantity, period=cell.period, value=cell.value
            )
    if current is None:
        Tier.objects.create(scheme=draft, code="base", name=_("Ordinary member"), rank=0)
    return draft


@transaction.atomic
def save_draft(draft: TierScheme, rungs: Sequence[Rung], *, note: str, by: User) -> None:
    """Replace a draft's steps, lowest first. BadInput for a condition that is not one, a code twice, or no lowest step
    "base"; Refused `scheme_published`."""
    _check_rungs(rungs)
    changed = TierScheme.objects.filter(pk=draft.pk, state=SchemeState.DRAFT).update(note=note[:120])
    if not changed:
        raise Refused(_("This ladder is in force already."), "scheme_published")
    draft.tiers.all().delete()
    for rank, rung in enumerate(rungs):
        tier = Tier.objects.create(
            scheme=draft, code=rung.code, name=rung.name, rank=rank, condition=rung.condition if rank else None,
            valid_months=rung.valid_months, grace_days=rung.grace_days,
        )  # fmt: skip
        for benefit_id, (quantity, period, value) in rung.benefits.items():
            TierBenefit.objects.create(tier=tier, benefit_id=benefit_id, quantity=quantity, period=period, value=value)
    write_audit(by, "tiers.draft", draft, {"tiers": [rung.code for rung in rungs]})


def _check_rungs(rungs: Sequence[Rung]) -> None:
    if not rungs or rungs[0].code != "base" or len({rung.code for rung in rungs}) != len(rungs):
        raise BadInput(_("The lowest tier is called base, and no code may stand twice."), {"code": _("not right")})
    for rung in rungs[1:]:
        try:
            parse(rung.condition)
        except ConditionError as error:
            raise BadInput(f"{rung.name}: {error}", {"condition": str(error)}) from error


@transaction.atomic
def publish_draft(draft: TierScheme, *, by: User) -> TierScheme:
    """Put a draft in force; everybody is looked at soon. Nobody falls before their validity ends. Refused `scheme_published`."""
    TierScheme.objects.select_for_update().filter(state=SchemeState.PUBLISHED).first()
    TierScheme.objects.filter(state=SchemeState.PUBLISHED).update(state=SchemeState.RETIRED)
    changed = TierScheme.objects.filter(pk=draft.pk, state=SchemeState.DRAFT).update(
        state=SchemeState.PUBLISHED, published_at=clock.now()
    )
    if not changed:
        raise Refused(_("This ladder is in force already."), "scheme_published")
    write_audit(by, "tiers.published", draft, {"version": draft.version})
    enqueue(reconsider_all, key=f"scheme:{draft.pk}")
    draft.refresh_from_db()
    return draft


@transaction.atomic
def roll_back(*, by: User) -> TierScheme:
    """Put the ladder before the present one in force again, as a new version. Refused `scheme_first`."""
    before = TierScheme.objects.filter(state=SchemeState.RETIRED).order_by("-published_at").first()
    if before is None:
        raise Refused(_("There is no earlier ladder."), "scheme_first")
    TierScheme.objects.filter(state=SchemeState.PUBLISHED).update(state=SchemeState.RETIRED)
    TierScheme.objects.filter(pk=before.pk).update(state=SchemeState.PUBLISHED, published_at=clock.now())
    write_audit(by, "tiers.rolled_back", before, {"version": before.version})
    enqueue(reconsider_all, key=f"scheme:{before.pk}:{clock.now().isoformat()}")
    before.refresh_from_db()
    return before


# --- benefits ---------------------------------------------------------------------------------------------------------


def locked_member(customer_id: int) -> Member:
    """The member's row, locked; made where there is none. What counts a member's uses queues up here."""
    Member.objects.get_or_create(customer_id=customer_id)
    return Member.objects.select_for_update(no_key=True).get(pk=customer_id)


@transaction.atomic
def use_benefit(customer_id: int, benefit_code: str, *, key: str, by: User | None = None, note: str = "") -> BenefitUse:
    """Use a benefit once, once per `key`. Refused `benefit_none` where the tier does not give it, `benefit_used_up`."""
    known = BenefitUse.objects.filter(key=key).first()
    if known is not None:
        return known
    member, at = locked_member(customer_id), clock.now()
    mine = [one for one in entitlements(customer_id, at) if one.benefit.code == benefit_code and one.benefit.kind not in FIGURES]
    if not mine:
        raise Refused(_("This member's tier does not include this."), "benefit_none")
    if mine[0].left == 0:
        raise Refused(_("All uses of this period are taken."), "benefit_used_up")
    use = BenefitUse.objects.create(
        customer_id=customer_id, benefit=mine[0].benefit, tier=member.tier or "base", slot=mine[0].slot, number=mine[0].used + 1,
        key=key, at=at, by=by, note=note[:60],
    )  # fmt: skip
    if by is not None:
        write_audit(by, "benefit.used", use, {"benefit": benefit_code})
    return use


def give_benefit_back(use_id: int) -> None:
    """A use that did not happen (a cancelled booking) counts no more. Twice is fine."""
    BenefitUse.objects.filter(pk=use_id, cancelled_at__isnull=True).update(cancelled_at=clock.now())
