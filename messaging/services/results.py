"""What came of a task: who confirmed, what reached whom; reminding, withdrawing, giving up."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from core import clock
from core.choices import Lane
from core.errors import Later
from core.event_types import MessageSent
from core.events import Dated, record_many
from core.jobs import enqueue, job
from customers.services.standing import refresh_standing
from gateways.errors import GatewayError
from gateways.wecom import Confirmation, ConfirmationStatus, Delivery, DeliveryStatus, wecom
from messaging import rules
from messaging.choices import MessageState, TaskState
from messaging.models import MassTask, Message
from messaging.services.mass_tasks import cancel_unsent, create_mass_task, is_quick, settle_mass_task

STILL_DISPATCHING = "41063"
_DISPATCH_SECONDS = 15.0  # beside the simulator, where somebody is watching
LIVE = (TaskState.CREATED, TaskState.CONFIRMED)
_OUTCOME = {
    DeliveryStatus.SENT: MessageState.SENT,
    DeliveryStatus.NOT_FRIEND: MessageState.NOT_FRIEND,
    DeliveryStatus.OVER_CAP: MessageState.OVER_CAP,
}


@job(Lane.USUAL, coalesce=True)
def poll_due_tasks() -> None:
    """Ask about every task whose time has come, and look after tasks whose own job was lost."""
    now = clock.now()
    with transaction.atomic():
        due = list(MassTask.objects.select_for_update(skip_locked=True).filter(next_poll_at__lte=now))
        for task in due:  # the job itself says when to look again; this is for the case that it is lost
            task.next_poll_at = now + dt.timedelta(minutes=10)
            enqueue(poll_mass_task, key=str(task.id), task_id=task.id)
        MassTask.objects.bulk_update(due, ["next_poll_at"])
    _adopt_orphans(now)


def _adopt_orphans(now: dt.datetime) -> None:
    """A task that waits although no job waits for it (an operator deleted it, a restore lost it) gets a new one."""
    old = now - 4 * rules.settle_after(quick=is_quick())
    for task_id in MassTask.objects.filter(state=TaskState.UNKNOWN, called_at__lt=old).values_list("id", flat=True):
        enqueue(settle_mass_task, key=str(task_id), task_id=task_id)
    for task_id in MassTask.objects.filter(state=TaskState.CREATING, called_at__lt=old).values_list("id", flat=True):
        enqueue(create_mass_task, key=str(task_id), task_id=task_id)


def refresh_results(campaign_id: int) -> int:
    """Ask about the campaign's live tasks now; how many there are."""
    ids = list(MassTask.objects.filter(campaign_id=campaign_id, state__in=LIVE).values_list("id", flat=True))
    for task_id in ids:
        enqueue(poll_mass_task, key=str(task_id), task_id=task_id)
    return len(ids)


@job(Lane.USUAL, coalesce=True)
def poll_mass_task(task_id: int) -> None:
    """Fetch a task's confirmations and results, record them, and say when to look next.

    Given up after 72 hours; people whom the member did not choose are given up two hours after the confirmation.
    """
    task = MassTask.objects.select_related("sender").get(id=task_id)
    if task.state not in LIVE:
        return
    upcoming = rules.next_poll(task.called_at or task.created_at, clock.now(), quick=is_quick())
    if upcoming is None:
        _withdraw(task)  # before the last look: nobody can confirm after it
    pause = collect(task)
    if upcoming is not None:
        upcoming = max(upcoming, clock.now() + dt.timedelta(seconds=pause))
    task.refresh_from_db(fields=["confirmed_at"])
    if upcoming is None or rules.is_left_out(task.confirmed_at, clock.now(), quick=is_quick()):
        close(task.id, TaskState.EXPIRED, MessageState.EXPIRED)
    else:
        MassTask.objects.filter(id=task_id, state__in=LIVE).update(next_poll_at=upcoming)


def collect(task: MassTask) -> float:
    """One look at the platform. Asked too early ("still dispatching") it has nothing to say, which is no failure: the
    seconds to wait before it is worth asking again, 0 when it answered."""
    try:
        confirmation = _of_sender(task, wecom().mass_task_confirmations(task.msgid))
        confirmed = confirmation is not None and confirmation.status == ConfirmationStatus.CONFIRMED
        deliveries = wecom().mass_task_results(task.msgid, confirmation.userid) if confirmation and confirmed else []
    except GatewayError as error:
        if error.errcode != STILL_DISPATCHING:
            raise
        return _DISPATCH_SECONDS if is_quick() else error.wait_seconds
    MassTask.objects.filter(id=task.id).update(polled_at=clock.now())
    if confirmation and confirmed:
        record_results(task.id, confirmation.send_time, deliveries)
    return 0.0


def _of_sender(task: MassTask, confirmations: Sequence[Confirmation]) -> Confirmation | None:
    return next((entry for entry in confirmations if entry.userid == task.sender.wecom_userid), None)


# The platform's word is the truth, even about people we had given up in the meantime. Its clock may differ from ours:
# a delivery is never before the message nor in the future.
_RECORD = """
UPDATE messaging_message AS message SET state = result.state,
    sent_at = CASE WHEN result.state = 'sent' THEN least(greatest(coalesce(result.at, %(now)s), message.created_at), %(now)s) END
FROM unnest(%(people)s::text[], %(states)s::text[], %(times)s::timestamptz[]) AS result (external_userid, state, at)
WHERE message.task_id = %(task)s AND message.external_userid = result.external_userid
  AND message.state IN ('awaiting_staff', 'cancelled', 'expired')
RETURNING message.id, message.customer_id, message.campaign_id, message.state, message.sent_at
"""


def record_results(task_id: int, confirmed_at: dt.datetime | None, deliveries: Sequence[Delivery]) -> int:
    """Note a confirmation and what came of each person, set-based; how many people's state changed.

    Safe to run with the same results again: a message takes its result once, and so does the fact `message.sent`.
    """
    now = clock.now()
    known = [entry for entry in deliveries if entry.status in _OUTCOME]
    values: dict[str, Any] = {
        "task": task_id, "now": now, "people": [entry.external_userid for entry in known],
        "states": [str(_OUTCOME[entry.status]) for entry in known], "times": [entry.send_time for entry in known],
    }  # fmt: skip
    with transaction.atomic():
        MassTask.objects.filter(id=task_id, state=TaskState.CREATED).update(state=TaskState.CONFIRMED)
        MassTask.objects.filter(id=task_id, confirmed_at=None).update(confirmed_at=min(confirmed_at or now, now))
        with connection.cursor() as cursor:
            # Fresh rows have no statistics yet, and a nested loop over the list would be quadratic.
            cursor.execute("SET LOCAL enable_nestloop = off")
            cursor.execute(_RECORD, values)
            rows = cursor.fetchall()
            cursor.execute("SET LOCAL enable_nestloop = on")
        record_many([
            Dated(MessageSent(customer_id, message_id, campaign_id), f"message.sent:{message_id}", sent_at)
            for message_id, customer_id, campaign_id, state, sent_at in rows
            if state == MessageState.SENT
        ])  # fmt: skip
        refresh_standing([customer_id for _message, customer_id, _campaign, _state, _sent in rows])
        if not Message.objects.filter(task_id=task_id, state=MessageState.AWAITING_STAFF).exists():
            MassTask.objects.filter(id=task_id, state=TaskState.CONFIRMED).update(state=TaskState.SETTLED, next_poll_at=None)
    return len(rows)


def close(task_id: int, task_state: TaskState, message_state: MessageState) -> None:
    """End a task: people without a result get `message_state`; a task that some of its people got counts as settled."""
    with transaction.atomic():
        MassTask.objects.filter(id=task_id, state=TaskState.CREATED).update(state=task_state, next_poll_at=None)
        MassTask.objects.filter(id=task_id, state=TaskState.CONFIRMED).update(state=TaskState.SETTLED, next_poll_at=None)
        Message.objects.filter(task_id=task_id, state=MessageState.AWAITING_STAFF).update(state=message_state)


@job(Lane.USUAL, coalesce=True)
def withdraw_mass_task(task_id: int) -> None:
    """Take a cancelled task away from its sender, after noting what was sent before."""
    task = MassTask.objects.select_related("sender").get(id=task_id)
    if task.state in {TaskState.CREATING, TaskState.UNKNOWN}:
        raise Later(3.0 if is_quick() else 30.0, "not yet known whether the task exists")
    if task.state == TaskState.PENDING:  # the query said that it does not exist
        cancel_unsent(task.id)
        return
    if task.state == TaskState.CREATED:
        _withdraw(task)
        collect(task)
        close(task.id, TaskState.CANCELLED, MessageState.CANCELLED)


def _withdraw(task: MassTask) -> None:
    """Ask the platform to take the task back. A definite no (already cancelled, all sent) is an answer, too."""
    try:
        wecom().cancel_mass_task(task.msgid)
    except GatewayError as error:
        if error.retryable or error.ambiguous:
            raise


def remind(task_ids: Sequence[int]) -> int:
    """Have the platform remind the senders who have not confirmed; how many will be. Three times a day at most each."""
    now = clock.now()
    with transaction.atomic():
        waiting = MassTask.objects.select_for_update().filter(id__in=task_ids, state=TaskState.CREATED).exclude(msgid="")
        due = [task for task in waiting if rules.may_remind(task.reminders, now)]
        for task in due:
            task.reminders = [*task.reminders, now][-20:]
            enqueue(remind_sender, key=f"{task.id}:{now.isoformat()}", task_id=task.id)
        MassTask.objects.bulk_update(due, ["reminders"])
    return len(due)


@job(Lane.USUAL)
def remind_sender(task_id: int) -> None:
    """One reminder on the sender's phone. It is not repeated when its outcome is unknown: a nudge is not worth two."""
    task = MassTask.objects.get(id=task_id)
    if task.state != TaskState.CREATED:
        return
    try:
        wecom().remind_mass_task(task.msgid)
    except GatewayError as error:
        MassTask.objects.filter(id=task_id).update(error=error.errcode)
        if error.retryable and not error.ambiguous:
            raise
