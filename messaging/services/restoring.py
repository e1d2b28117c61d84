"""After a restore from a backup: what may have gone out since the backup was made must not go out again unasked.

The database remembers an earlier moment than the platforms do. So whatever was not ended in it is of unknown outcome:
what can be asked for is asked for, what the vendor takes once per key waits while the key still holds, and the rest is
left open to doubt. Run `manage.py after_restore` before the first worker starts.
"""

import dataclasses
import datetime as dt

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from core import clock
from core.jobs import enqueue
from messaging import rules
from messaging.choices import BatchState, MessageState, Mode, TaskState
from messaging.models import MassTask, Message, SendBatch
from messaging.services.marking import KEY_LIFE, settle_unknown
from messaging.services.mass_tasks import is_quick, settle_mass_task


@dataclasses.dataclass(frozen=True)
class Fenced:
    """How many tasks and messages are asked for, how many may go under their key, how many stay open to doubt."""

    tasks: int
    asked: int
    keyed: int
    doubtful: int


def fence(dumped_at: dt.datetime) -> Fenced:
    """Put everything unfinished behind a question; `dumped_at` is the moment of the backup. Safe to run twice."""
    now = clock.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE core_job SET state = 'pending', owner = NULL, lease_until = NULL WHERE state = 'running'")
        tasks = _fence_tasks(now)
        SendBatch.objects.filter(state=BatchState.RUNNING).update(state=BatchState.LOST, finished_at=now)
        return Fenced(tasks, *_fence_messages(dumped_at, now))


def _fence_tasks(now: dt.datetime) -> int:
    """The platform's list decides about every task it may know; what had not been allowed to go stays where it was."""
    open_ones = MassTask.objects.filter(state__in=[TaskState.PENDING, TaskState.CREATING], on_hold=False)
    ids = list(open_ones.values_list("id", flat=True))
    # From when the call may have been made: the list is searched from an hour before that.
    called = Coalesce(F("called_at"), F("start_at"), F("created_at"))
    MassTask.objects.filter(id__in=ids).update(state=TaskState.UNKNOWN, called_at=called, error="restored")
    run_at = now + rules.settle_after(quick=is_quick())
    for task_id in MassTask.objects.filter(state=TaskState.UNKNOWN).values_list("id", flat=True):
        enqueue(settle_mass_task, key=str(task_id), run_at=run_at, task_id=task_id)
    return len(ids)


def _fence_messages(dumped_at: dt.datetime, now: dt.datetime) -> tuple[int, int, int]:
    waiting = Message.objects.filter(task=None, state__in=[MessageState.QUEUED, MessageState.SENDING])
    found = {Mode.ASK: 0, Mode.KEY: 0, Mode.ONCE: 0}
    for channel in waiting.order_by().values_list("channel", flat=True).distinct():
        mode = Mode(rules.MODES[channel])
        mine = waiting.filter(channel=channel)
        if mode == Mode.KEY and now - dumped_at > KEY_LIFE:
            mode = Mode.ONCE
        if mode == Mode.ASK:
            # A message may stand at the vendor on the day it fell due: without a batch the question is about that day.
            found[mode] += mine.filter(send_at__lte=now).update(state=MessageState.UNKNOWN, error="restored")
            enqueue(settle_unknown, key=channel, channel=channel)
        elif mode == Mode.ONCE:
            found[mode] += mine.filter(send_at__lte=now).update(state=MessageState.UNCERTAIN, sent_at=now, error="restored")
        else:
            found[Mode.KEY] += mine.update(state=MessageState.QUEUED, batch_id=None)
    return found[Mode.ASK], found[Mode.KEY], found[Mode.ONCE]
