"""One mass-send task at the platform, in ask mode: commit the intent, call, record; what is ambiguous is asked for.

The platform does not de-duplicate `add_msg_template`, and a duplicate would reach people twice. So a task whose
outcome is not known becomes `unknown`, and only the platform's own list of tasks (our token stands in the card's
page) decides whether it exists. It is never sent again blindly.
"""

import dataclasses
import hashlib
import logging
from collections.abc import Sequence

from django.conf import settings
from django.db import connection, transaction

from core import clock
from core.choices import Lane
from core.errors import Later
from core.jobs import enqueue, job
from gateways.errors import GatewayError
from gateways.wecom import MassTaskSummary, MiniProgramAttachment, wecom
from messaging import rules
from messaging.choices import MessageState, TaskState, TouchPurpose
from messaging.models import Content, MassTask, Media, Message
from messaging.queries import TouchPlan, decisions, quiet_end
from messaging.services.media import uploaded
from staff.models import AgencyPolicy

logger = logging.getLogger(__name__)

MEDIA_GONE = "40007"
NOBODY_LEFT = "nobody_left"
NOT_TAKEN = "not_taken"


@dataclasses.dataclass(frozen=True)
class Intent:
    """What we have committed to call: the task, who it is for, and when we decided to call."""

    task: MassTask
    external_userids: list[str]


def is_quick() -> bool:
    """Whether the platform is the simulator, which answers in moments and is watched by a person."""
    return bool(settings.PLATFORM_MODE == "sim")


@job(Lane.BULK, coalesce=True)
def create_mass_task(task_id: int) -> None:
    """Create the task at the platform, once. Waits for the end of quiet hours; asks the governor again just before."""
    quiet = quiet_end()
    if quiet is not None:
        raise Later((quiet - clock.now()).total_seconds() + 1, "quiet hours")
    task = MassTask.objects.get(id=task_id)
    if task.state not in {TaskState.PENDING, TaskState.CREATING}:
        return
    if task.start_at and task.start_at > clock.now() and not task.cancel_requested_at:
        raise Later((task.start_at - clock.now()).total_seconds() + 0.1, "its hour has not come")
    is_waiting = task.state == TaskState.PENDING
    attachments = [_card(task)] if is_waiting and task.content.card_page else []
    intent = _commit_intent(task_id)
    if intent is None or not is_waiting:
        return
    try:
        answer = wecom().create_mass_task(
            sender=intent.task.sender.wecom_userid or "",
            external_userids=intent.external_userids,
            text=intent.task.content.text,
            attachments=attachments,
        )
    except GatewayError as error:
        _record_failure(intent.task, error)
    else:
        record_created(task_id, answer.msgid, answer.fail_list)


def _card(task: MassTask) -> MiniProgramAttachment:
    """The mini-program card, its picture uploaded; the page carries the task's token."""
    content = task.content
    return MiniProgramAttachment(
        title=content.card_title,
        media_id=uploaded(content),
        appid=settings.VENDORS["MINI_APP_ID"],
        page=rules.page_with_token(content.card_page, task.token),
    )


def _commit_intent(task_id: int) -> Intent | None:
    """State `creating`, committed before the call. None when there is nothing to call.

    A task already in `creating` was left by a worker that died between call and record (or is in another's hands at
    this moment): its outcome is unknown, and a query must tell.
    """
    with transaction.atomic():
        task = MassTask.objects.select_for_update(of=("self",)).select_related("sender", "content").get(id=task_id)
        if task.state == TaskState.CREATING:
            _make_unknown(task, "crash")
        if task.cancel_requested_at:
            cancel_unsent(task.id)
            return None
        if task.state != TaskState.PENDING or task.on_hold:
            return None
        _wait_for_same_words(task)
        _hold_back_changed(task)
        waiting = Message.objects.filter(task=task, state=MessageState.QUEUED).order_by("customer_id")
        people = list(waiting.values_list("external_userid", flat=True))
        if not people:
            MassTask.objects.filter(id=task_id).update(state=TaskState.CANCELLED, error=NOBODY_LEFT)
            return None
        task.state, task.called_at, task.error = TaskState.CREATING, clock.now(), ""
        task.save(update_fields=["state", "called_at", "error"])
        return Intent(task, people)


def _wait_for_same_words(task: MassTask) -> None:
    """A task without a card is known by its words alone: while another with the same words has no number yet, it waits."""
    if task.content.card_page:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [task.content.text])
    others = MassTask.objects.filter(state__in=[TaskState.CREATING, TaskState.UNKNOWN], content__card_page="")
    if others.filter(content__text=task.content.text).exclude(id=task.id).exists():
        raise Later(2.0 if is_quick() else 20.0, "the same words are being sent just now")


def cancel_unsent(task_id: int) -> None:
    """Cancel a task that is known not to be at the platform, and its messages."""
    with transaction.atomic():
        if MassTask.objects.filter(id=task_id, state=TaskState.PENDING).update(state=TaskState.CANCELLED):
            Message.objects.filter(task_id=task_id, state=MessageState.QUEUED).update(state=MessageState.CANCELLED)


_HELD = "SELECT reason, array_agg(customer_id) FROM verdict WHERE reason <> '' GROUP BY reason"
_NO_LONGER_FRIENDS = """
UPDATE messaging_message AS message SET state = 'suppressed', reason = 'no_relation'
WHERE message.task_id = %(task)s AND message.state = 'queued' AND NOT EXISTS (
    SELECT 1 FROM customers_relationship AS rel
    WHERE rel.user_id = message.sender_id AND rel.external_userid = message.external_userid AND rel.state = 'active')
"""


def _hold_back_changed(task: MassTask) -> None:
    """What changed since the snapshot: consent withdrawn, suppressed, over a cap, or this sender lost the friendship."""
    queued = "SELECT customer_id FROM messaging_message WHERE task_id = %(task)s AND state = 'queued'"
    own = () if task.campaign_id else tuple(Message.objects.filter(task=task).values_list("id", flat=True))
    purpose = Message.objects.filter(task=task).values_list("purpose", flat=True).first() or TouchPurpose.MARKETING
    plan = TouchPlan(
        audience=(queued, {"task": task.id}), at=clock.now(), policy=AgencyPolicy.current(),
        campaign_id=task.campaign_id, pending_before=task.created_at, purpose=purpose,
        rank=rules.rank(purpose, is_campaign=task.campaign_id is not None), own=own,
    )  # fmt: skip
    sql, params = decisions(plan)
    with connection.cursor() as cursor:
        cursor.execute(sql + _HELD, params)
        held = cursor.fetchall()
        queued_ones = Message.objects.filter(task=task, state=MessageState.QUEUED)
        for reason, customer_ids in held:
            queued_ones.filter(customer_id__in=customer_ids).update(state=MessageState.SUPPRESSED, reason=reason)
        cursor.execute(_NO_LONGER_FRIENDS, {"task": task.id})


def _make_unknown(task: MassTask, error: str) -> None:
    changed = MassTask.objects.filter(id=task.id, state=TaskState.CREATING).update(state=TaskState.UNKNOWN, error=error)
    task.state = TaskState.UNKNOWN
    if changed:
        run_at = (task.called_at or clock.now()) + rules.settle_after(quick=is_quick())
        enqueue(settle_mass_task, key=str(task.id), run_at=run_at, task_id=task.id)


def _record_failure(task: MassTask, error: GatewayError) -> None:
    """Ambiguous: unknown, to be asked for. No effect, worth a retry: waiting again. A definite no: failed, with its code."""
    mine = MassTask.objects.filter(id=task.id, state=TaskState.CREATING)
    logger.warning("mass task %s was not created: %s", task.id, error)
    with transaction.atomic():
        if error.ambiguous:
            _make_unknown(task, error.errcode)
            return
        renewable = error.errcode == MEDIA_GONE and _forget_picture(task.content)
        if not error.retryable and not renewable:
            if mine.update(state=TaskState.FAILED, error=error.errcode):
                people = Message.objects.filter(task=task, state=MessageState.QUEUED)
                people.update(state=MessageState.FAILED, error=error.errcode)
            return
        mine.update(state=TaskState.PENDING, error=error.errcode)
    raise Later(error.retry_in_seconds or error.wait_seconds or (2.0 if is_quick() else 30.0), str(error))


def _forget_picture(content: Content) -> bool:
    """Whether an uploaded picture was forgotten, so that the next attempt uploads it anew."""
    digest = hashlib.sha256(bytes(content.card_image or b"")).hexdigest()
    fresh = clock.now() + rules.MEDIA_LIFE * 0.99  # uploaded a moment ago: uploading again would not help
    return bool(Media.objects.filter(sha256=digest, expires_at__lt=fresh).delete()[0])


def record_created(task_id: int, msgid: str, fail_list: Sequence[str]) -> bool:
    """Note that the platform holds the task, and whom it did not take. False when that is known already.

    Right after an answer, and right after a query; a late answer to a call that was given up is welcome too.
    """
    now = clock.now()
    open_states = [TaskState.CREATING, TaskState.UNKNOWN, TaskState.PENDING]
    with transaction.atomic():
        changed = MassTask.objects.filter(id=task_id, state__in=open_states, msgid="").update(
            state=TaskState.CREATED, msgid=msgid, error="", next_poll_at=rules.next_poll(now, now, quick=is_quick())
        )
        if not changed:
            if not MassTask.objects.filter(id=task_id, msgid=msgid).exists():
                logger.error("mass task %s stands at the platform under a second msgid", task_id)
            return False
        people = Message.objects.filter(task_id=task_id, state=MessageState.QUEUED)
        people.filter(external_userid__in=list(fail_list)).update(state=MessageState.FAILED, error=NOT_TAKEN)
        people.update(state=MessageState.AWAITING_STAFF)
    return True


@job(Lane.USUAL, coalesce=True)
def settle_mass_task(task_id: int) -> None:
    """Ask the platform whether a task of unknown outcome exists. Found: recorded. Not found after the quiet time: it may
    be created now."""
    task = MassTask.objects.select_related("content").get(id=task_id)
    if task.state != TaskState.UNKNOWN or task.called_at is None:
        return
    now, earliest = clock.now(), task.called_at + rules.settle_after(quick=is_quick())
    if now < earliest:
        raise Later((earliest - now).total_seconds(), "the call may still be on its way")
    after, before = rules.settle_window(task.called_at, now, quick=is_quick())
    listed = wecom().list_mass_tasks(created_after=after, created_before=before)
    found = [entry for entry in listed if _is_ours(entry, task.token)] if task.content.card_page else _unclaimed(task, listed)
    if len(found) > 1:
        logger.error("mass task %s stands at the platform %s times", task.id, len(found))
    if found:
        record_created(task.id, found[0].msgid, ())
        return
    with transaction.atomic():
        if MassTask.objects.filter(id=task.id, state=TaskState.UNKNOWN, called_at=task.called_at).update(state=TaskState.PENDING):
            enqueue(create_mass_task, key=str(task.id), task_id=task.id)


def _unclaimed(task: MassTask, listed: Sequence[MassTaskSummary]) -> list[MassTaskSummary]:
    """A message without a card carries no token. Its text does: no two open tasks have the same (`send_single` sees to
    that), so an entry with this text whose number no other task of ours holds is this one."""
    same = [entry for entry in listed if entry.text == task.content.text]
    held = set(MassTask.objects.filter(msgid__in=[entry.msgid for entry in same]).values_list("msgid", flat=True))
    return [entry for entry in same if entry.msgid not in held]


def _is_ours(entry: MassTaskSummary, token: str) -> bool:
    return any(isinstance(part, MiniProgramAttachment) and rules.has_token(part.page, token) for part in entry.attachments)
