"""Tasks that members do, and friends they bring; with limits that a script or a second telephone does not get around."""

import datetime as dt
import secrets
from collections.abc import Collection
from typing import Any

from django.db import connection, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from core.event_types import TaskRewarded
from core.events import record
from customers.models import Customer, Identity
from customers.queries.reviews import family_of, roots_of
from membership.choices import Code, DoneState, InvitationState, RuleKind, TaskKind
from membership.models import Invitation, Member, MemberTask, Program, TaskDone, Transfer
from membership.services.coupons import ALPHABET
from membership.services.earning import rules_in_force
from membership.services.points import add_growth, grant_points
from membership.services.tiers import locked_member, reconsider
from staff.models import User
from staff.services import write_audit

INVITATIONS_PER_DAY = 20
NEWCOMER_DAYS = 7
EVIDENCE_LIMIT = 60
_BY_API = frozenset({TaskKind.SIGN_IN, TaskKind.SHARE, TaskKind.REVIEW, TaskKind.PHOTO, TaskKind.PROFILE})
_NEEDS_EVIDENCE = frozenset({TaskKind.SHARE, TaskKind.REVIEW, TaskKind.PHOTO})


@transaction.atomic
def do_task(customer_id: int, code: str, evidence: str = "") -> TaskDone:
    """A member did a task. The same thing (the same day's sign-in, the same product shared, the same review) counts once; a
    repeat returns what was counted. `evidence` names what was shared or written: a product's code, an order's number.

    Refused: task_closed, task_day_limit, task_limit, task_incomplete (the profile); BadInput where evidence is missing."""
    task = MemberTask.objects.filter(code=code, is_active=True, kind__in=_BY_API).first()
    if task is None:
        raise Refused(_("This task is not offered at the moment."), "task_closed")
    evidence = evidence.strip()[:EVIDENCE_LIMIT]
    if task.kind in _NEEDS_EVIDENCE and not evidence:
        raise BadInput(_("Say what it is about."), {"evidence": _("must not be empty")})
    locked_member(customer_id)
    slot = _slot(task, evidence, clock.now())
    known = TaskDone.objects.filter(customer_id=customer_id, task=task, slot=slot).first()
    if known is not None:
        return known
    _check_limits(customer_id, task)
    if task.kind == TaskKind.PROFILE and (missing := missing_of(customer_id)):
        raise Refused(_("Still missing: %(fields)s.") % {"fields": _(", ").join(missing)}, "task_incomplete")
    return _count(customer_id, task, slot, evidence)


def _slot(task: MemberTask, evidence: str, at: dt.datetime) -> str:
    if task.kind == TaskKind.SIGN_IN:
        return clock.shanghai_date(at).isoformat()
    return "once" if task.kind == TaskKind.PROFILE else evidence


def _check_limits(customer_id: int, task: MemberTask) -> None:
    mine = TaskDone.objects.filter(customer_id=customer_id, task=task).exclude(state=DoneState.REFUSED)
    start, end = clock.day_bounds(clock.today())
    if task.per_day and mine.filter(at__gte=start, at__lt=end).count() >= task.per_day:
        raise Refused(_("Done for today; come again tomorrow."), "task_day_limit")
    if task.per_person and mine.count() >= task.per_person:
        raise Refused(_("This task is done."), "task_limit")


def missing_of(customer_id: int) -> list[str]:
    """What a profile still lacks."""
    customer = Customer.objects.get(pk=customer_id)
    wanted = {
        _("name"): customer.name,
        _("birthday"): customer.birthday,
        _("city"): customer.city,
        _("phone"): customer.phone_masked,
    }
    return [name for name, value in wanted.items() if not value]


def _count(customer_id: int, task: MemberTask, slot: str, evidence: str) -> TaskDone:
    streak = _streak(customer_id, task) if task.kind == TaskKind.SIGN_IN else 0
    bonus = task.streak_points if task.streak_days and streak and streak % task.streak_days == 0 else 0
    waits = task.is_checked
    done = TaskDone.objects.create(
        customer_id=customer_id, task=task, slot=slot, evidence=evidence, streak=streak, at=clock.now(),
        points=0 if waits else within_day_limit(customer_id, task.points + bonus),
        state=DoneState.WAITING if waits else DoneState.DONE,
    )  # fmt: skip
    if not waits:
        _reward(done, task)
    return done


def _streak(customer_id: int, task: MemberTask) -> int:
    yesterday = (clock.today() - dt.timedelta(days=1)).isoformat()
    last = TaskDone.objects.filter(customer_id=customer_id, task=task, slot=yesterday).values_list("streak", flat=True).first()
    return (last or 0) + 1


def within_day_limit(customer_id: int, points: int) -> int:
    """How many of these points the programme's daily limit still lets through."""
    start, end = clock.day_bounds(clock.today())
    had = Transfer.objects.filter(credit_id=customer_id, code__in=[Code.TASK, Code.BEHAVIOUR], at__gte=start, at__lt=end)
    left = Program.current().daily_points_limit - int(had.aggregate(sum=Sum("amount"))["sum"] or 0)
    return max(min(points, left), 0)


def _reward(done: TaskDone, task: MemberTask) -> None:
    key = f"task:{done.pk}"
    if done.points:
        grant_points(done.customer_id, done.points, key=key, code=Code.TASK, ref=f"task:{task.code}")
    add_growth(done.customer_id, task.growth, key=key, code=Code.TASK, ref=f"task:{task.code}")
    record(TaskRewarded(done.customer_id, task.code, done.points), key=f"task.rewarded:{done.pk}")
    reconsider([done.customer_id])


@transaction.atomic
def decide_task(done_id: int, *, is_good: bool, by: User) -> TaskDone:
    """Say whether a task that somebody looks at counts. Refused `task_decided` where it was decided otherwise."""
    done = TaskDone.objects.select_for_update().select_related("task").get(pk=done_id)
    target = DoneState.DONE if is_good else DoneState.REFUSED
    if done.state == target:
        return done
    if done.state != DoneState.WAITING:
        raise Refused(_("This has been decided already."), "task_decided")
    locked_member(done.customer_id)
    done.state, done.decided_by = target, by
    done.points = within_day_limit(done.customer_id, done.task.points) if is_good else 0
    TaskDone.objects.filter(pk=done.pk).update(state=target, decided_by=by, points=done.points)
    if is_good:
        _reward(done, done.task)
    write_audit(by, "task.decided", done, {"good": is_good})
    return done


# --- inviting -----------------------------------------------------------------------------------------------------------


def invite_code_of(customer_id: int) -> str:
    """The member's own code for inviting friends, made when first asked for."""
    with transaction.atomic():
        member = locked_member(customer_id)
        if member.invite_code is None:
            member.invite_code = "".join(secrets.choice(ALPHABET) for _place in range(8))
            Member.objects.filter(pk=customer_id).update(invite_code=member.invite_code)
    return member.invite_code


@transaction.atomic
def accept_invitation(customer_id: int, code: str) -> Invitation:
    """A new customer names who invited them; rewarded at their first purchase. Once: a repeat returns the same.

    Refused, nothing kept: invite_unknown, invite_self, invite_late (known before, or bought already), invite_other.
    Kept as refused, for staff to see: invite_cycle, invite_no_phone's sibling cases and more than a day's worth."""
    member = Member.objects.filter(invite_code=code.strip().upper()).first()
    if member is None:
        raise Refused(_("There is no such invitation."), "invite_unknown")
    inviter = roots_of([member.pk])[member.pk]
    if inviter in family_of(customer_id):
        raise Refused(_("You cannot invite yourself."), "invite_self")
    Customer.objects.select_for_update(no_key=True).get(pk=customer_id)
    known = Invitation.objects.filter(invitee_id=customer_id).first()
    if known is not None:
        if known.inviter_id in family_of(inviter):
            return known
        raise Refused(_("Somebody else has invited you already."), "invite_other")
    _check_newcomer(customer_id)
    reason = _suspicion(inviter, customer_id)
    state = InvitationState.REFUSED if reason else InvitationState.JOINED
    invitation = Invitation.objects.create(inviter_id=inviter, invitee_id=customer_id, state=state, reason=reason, at=clock.now())
    if not reason:
        _count_invitation(invitation)
    return invitation


_BOUGHT = "SELECT EXISTS (SELECT 1 FROM core_event WHERE customer_id = ANY(%s) AND kind = 'order.paid')"


def _check_newcomer(customer_id: int) -> None:
    customer = Customer.objects.get(pk=customer_id)
    with connection.cursor() as cursor:
        cursor.execute(_BOUGHT, [family_of(customer_id)])
        has_bought = cursor.fetchone()[0]
    if has_bought or customer.created_at < clock.now() - dt.timedelta(days=NEWCOMER_DAYS):
        raise Refused(_("Only new customers can be invited."), "invite_late")


def _suspicion(inviter: int, invitee: int) -> str:
    """A word for what looks wrong; empty where nothing does."""
    if Invitation.objects.filter(inviter_id=invitee, invitee_id=inviter).exists():
        return "cycle"
    start, end = clock.day_bounds(clock.today())
    if Invitation.objects.filter(inviter_id=inviter, at__gte=start, at__lt=end).count() >= INVITATIONS_PER_DAY:
        return "too_many"
    phones = Identity.objects.filter(kind="phone")
    if phones.filter(customer_id=invitee, value_hash__in=phones.filter(customer_id=inviter).values("value_hash")).exists():
        return "same_phone"
    return ""


def _count_invitation(invitation: Invitation) -> None:
    """The inviter's task, where one is offered; limits as for any other."""
    task = MemberTask.objects.filter(kind=TaskKind.INVITE, is_active=True).first()
    if task is None:
        return
    locked_member(invitation.inviter_id)
    try:
        _check_limits(invitation.inviter_id, task)
    except Refused:
        return  # the friend has joined all the same; the inviter has had today's share
    _count(invitation.inviter_id, task, f"invitee:{invitation.invitee_id}", "")


# --- behaviour ------------------------------------------------------------------------------------------------------------

_NEW_BEHAVIOUR = """
SELECT event.customer_id, event.key::text, (event.occurred_at AT TIME ZONE 'Asia/Shanghai')::date
FROM core_event AS event
WHERE event.customer_id = ANY(%(ids)s) AND event.kind = %(kind)s AND event.occurred_at > %(since)s AND event.occurred_at <= %(at)s
  AND NOT EXISTS (SELECT 1 FROM membership_transfer AS moved WHERE moved.key = 'behaviour:' || %(rule)s || ':' || event.key)
ORDER BY event.customer_id, event.occurred_at, event.key
"""


def earn_for_behaviour(customer_ids: Collection[int]) -> int:
    """Points for what customers did in the last two days, by the rules for behaviour; each event once, so many a day. The
    number of points. Safe to run again."""
    now, given = clock.now(), 0
    for rule in rules_in_force(clock.today(), RuleKind.BEHAVIOUR):
        with connection.cursor() as cursor:
            cursor.execute(
                _NEW_BEHAVIOUR,
                {
                    "ids": list(customer_ids),
                    "kind": rule.event_kind,
                    "rule": rule.pk,
                    "at": now,
                    "since": now - dt.timedelta(days=2),
                },
            )
            found = cursor.fetchall()
        for customer_id, event, day in found:
            given += _grant_behaviour(customer_id, rule, event, day)
    return given


@transaction.atomic
def _grant_behaviour(customer_id: int, rule: Any, event: str, day: dt.date) -> int:
    locked_member(customer_id)
    ref = f"behaviour:{rule.pk}:{day}"
    had = Transfer.objects.filter(ref=ref, credit_id=customer_id).count()
    points = within_day_limit(customer_id, rule.points)
    if not points or (rule.per_day and had >= rule.per_day):
        return 0
    posted = grant_points(customer_id, points, key=f"behaviour:{rule.pk}:{event}", code=Code.BEHAVIOUR, ref=ref, rule_id=rule.pk)
    if posted.is_new:
        add_growth(customer_id, rule.growth, key=f"behaviour:{rule.pk}:{event}", code=Code.BEHAVIOUR, ref=ref)
    return posted.points if posted.is_new else 0
