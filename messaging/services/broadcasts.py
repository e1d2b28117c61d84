"""Many messages at once: from the governor's verdicts to queued messages and their tasks, and back again."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Concat

from core import clock
from core.jobs import enqueue
from messaging.choices import MessageState, Route, TaskState
from messaging.models import MassTask, Message
from messaging.queries import TouchPlan, decisions
from messaging.rules import PEOPLE_PER_TASK
from messaging.services.direct import wake
from messaging.services.mass_tasks import create_mass_task
from messaging.services.results import withdraw_mass_task

VERDICTS = "touch_verdict"
ANALYZE_FROM = 1000

# One decision at a time: two campaigns launched together must see each other's messages in the caps.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('touch governor', 0))"
_DROP = f"DROP TABLE IF EXISTS {VERDICTS}"
_CREATE = f"CREATE TEMPORARY TABLE {VERDICTS} ON COMMIT DROP AS "
# `part` numbers the groups of people who share sender, content and hour; a task holds one group, or a piece of it.
_COLUMNS = """,
ready AS (
    SELECT verdict.customer_id, verdict.sender_id, verdict.external_userid, verdict.reason,
        {content} AS content_id, {waits} AS waits, {send_at} AS send_at
    FROM verdict {joins}
)
SELECT customer_id, sender_id, external_userid, reason, content_id, waits, send_at,
    (row_number() OVER (PARTITION BY sender_id, reason, content_id, waits, send_at ORDER BY customer_id) - 1)
        / %(g_chunk)s AS chunk
FROM ready
"""
_TASK_KEY = """'campaign:' || %(campaign)s || ':sender:' || {0}.sender_id || ':' || {0}.chunk
    || CASE WHEN {0}.content_id = %(content)s AND NOT {0}.waits AND {0}.send_at IS NULL THEN ''
       ELSE ':' || {0}.content_id || CASE WHEN {0}.waits THEN 'w' ELSE '' END
            || coalesce(':' || extract(epoch FROM {0}.send_at)::bigint, '') END"""
_TASKS = f"""
INSERT INTO messaging_masstask
    (key, token, campaign_id, sender_id, content_id, state, msgid, error, reminders, on_hold, start_at, created_at)
SELECT {_TASK_KEY.format("one")}, replace(gen_random_uuid()::text, '-', ''),
    %(campaign)s, one.sender_id, one.content_id, 'pending', '', '', '{{}}', one.waits, one.send_at, %(at)s
FROM (SELECT DISTINCT sender_id, content_id, waits, send_at, chunk FROM {VERDICTS} WHERE reason = '') AS one
ORDER BY one.sender_id, one.chunk, one.content_id
ON CONFLICT (key) DO NOTHING
"""  # noqa: S608 - our own text; every value is a parameter
_INSERT = """
INSERT INTO messaging_message (key, customer_id, channel, purpose, campaign_id, content_id, sender_id, external_userid,
    task_id, state, reason, error, created_at, send_at)
"""
_MESSAGES = f"""{_INSERT}
SELECT 'campaign:' || %(campaign)s || ':' || verdict.customer_id, verdict.customer_id, 'wecom', %(purpose)s, %(campaign)s,
    verdict.content_id, verdict.sender_id, verdict.external_userid, task.id, 'queued', '', '', %(at)s, verdict.send_at
FROM {VERDICTS} AS verdict
JOIN messaging_masstask AS task ON task.key = {_TASK_KEY.format("verdict")}
WHERE verdict.reason = ''
ORDER BY verdict.customer_id
ON CONFLICT (key) DO NOTHING
"""  # noqa: S608
# A direct message without an hour waits until somebody gives it one.
_DIRECT = f"""{_INSERT}
SELECT 'campaign:' || %(campaign)s || ':' || verdict.customer_id, verdict.customer_id, %(channel)s, %(purpose)s, %(campaign)s,
    verdict.content_id, NULL, '', NULL, 'queued', '', '', %(at)s,
    CASE WHEN NOT verdict.waits THEN coalesce(verdict.send_at, %(at)s) END
FROM {VERDICTS} AS verdict
WHERE verdict.reason = ''
ORDER BY verdict.customer_id
ON CONFLICT (key) DO NOTHING
"""  # noqa: S608


@dataclasses.dataclass(frozen=True)
class Split:
    """Who gets which words when, as SQL expressions over `verdict` and what `joins` adds to it; values by name in `params`.

    `content` gives the content's id; `waits` whether the person is kept back for the words that win; `send_at` the moment
    not before which (NULL: at once).
    """

    content: str = "%(g_content)s::bigint"
    waits: str = "false"
    send_at: str = "NULL::timestamptz"
    joins: str = ""
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)


EVERYBODY_ALIKE = Split()


def queue_broadcast(plan: TouchPlan, *, content_id: int, split: Split = EVERYBODY_ALIKE) -> int:
    """Decide about everybody in the plan and queue one message per person to be reached; the number queued.

    Runs in the caller's transaction, set-based. The verdicts stay readable in the temporary table `VERDICTS`
    (customer_id, reason, content_id) until the transaction ends, so that the caller keeps the same snapshot. WeCom's tasks
    and direct messages wait for `start_tasks`. A second call for the same campaign adds nobody twice.
    """
    sql, params = decisions(plan)
    values = {
        "campaign": plan.campaign_id, "content": content_id, "at": plan.at, "purpose": str(plan.purpose),
        "channel": str(plan.channel),
    }  # fmt: skip
    columns = _COLUMNS.format(content=split.content, waits=split.waits, send_at=split.send_at, joins=split.joins)
    more = {"g_chunk": PEOPLE_PER_TASK, "g_content": content_id, **split.params}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK)
        cursor.execute(_DROP)
        cursor.execute(_CREATE + sql + columns, params | more)
        cursor.execute(f"ANALYZE {VERDICTS}")
        if plan.channel == Route.WECOM:
            cursor.execute(_TASKS, values)
        cursor.execute(_MESSAGES if plan.channel == Route.WECOM else _DIRECT, values)
        queued = int(cursor.rowcount)
        if queued >= ANALYZE_FROM:  # what follows joins these rows; autovacuum would come a minute too late
            cursor.execute("ANALYZE messaging_message")
        return queued


def start_tasks(campaign_id: int) -> int:
    """Let the campaign's waiting tasks be created at the platform, also after a pause; how many there are."""
    with transaction.atomic():
        paused = MassTask.objects.filter(campaign_id=campaign_id, on_hold=True)
        paused.exclude(id__in=_kept_back(campaign_id)).update(on_hold=False)
        waiting = MassTask.objects.filter(campaign_id=campaign_id, state=TaskState.PENDING, on_hold=False).order_by("id")
        due = dict(waiting.values_list("id", "start_at"))
        for task_id, start_at in due.items():
            enqueue(create_mass_task, key=str(task_id), run_at=start_at, task_id=task_id)
        _wake_direct(campaign_id)
    return len(due)


def _kept_back(campaign_id: int) -> list[int]:
    """Tasks of people who wait for the words that win: their key says so."""
    held = MassTask.objects.filter(campaign_id=campaign_id, on_hold=True, key__regex=r":\d+w(:\d+)?$")
    return list(held.values_list("id", flat=True))


_RESUME = """
UPDATE messaging_message SET send_at = greatest(created_at, %(now)s), params = params - '_held'
WHERE campaign_id = %(campaign)s AND state = 'queued' AND task_id IS NULL AND params ? '_held'
"""
_PAUSE = """
UPDATE messaging_message SET send_at = NULL, params = coalesce(params, '{}') || '{"_held": "1"}'
WHERE campaign_id = %(campaign)s AND state = 'queued' AND task_id IS NULL AND send_at IS NOT NULL
"""


def _wake_direct(campaign_id: int) -> None:
    """Let the campaign's direct messages go on after a pause, and have their channel looked at."""
    with connection.cursor() as cursor:
        cursor.execute(_RESUME, {"campaign": campaign_id, "now": clock.now()})
    queued = Message.objects.filter(campaign_id=campaign_id, state=MessageState.QUEUED, task=None)
    channel = queued.values_list("channel", flat=True).first()
    if channel:
        wake(channel)


def release_waiting(campaign_id: int, content_id: int) -> int:
    """Give the words that won to everybody kept back for them, and let them go; people (WeCom) or messages released."""
    with transaction.atomic():
        tasks = _kept_back(campaign_id)
        kept = Message.objects.filter(campaign_id=campaign_id, state=MessageState.QUEUED)
        released = kept.filter(task_id__in=tasks).update(content_id=content_id)
        MassTask.objects.filter(id__in=tasks).update(content_id=content_id, on_hold=False, key=Concat("key", Value(":go")))
        for task_id, start_at in MassTask.objects.filter(id__in=tasks).values_list("id", "start_at"):
            enqueue(create_mass_task, key=str(task_id), run_at=start_at, task_id=task_id)
        direct = kept.filter(task=None, send_at=None).exclude(params__has_key="_held")
        released += direct.update(content_id=content_id, send_at=clock.now())
        _wake_direct(campaign_id)
    return released


def pause_tasks(campaign_id: int) -> int:
    """Hold back tasks that are not at the platform yet; how many. What staff already have stays with them."""
    open_states = [TaskState.PENDING, TaskState.CREATING, TaskState.UNKNOWN]
    with connection.cursor() as cursor:
        cursor.execute(_PAUSE, {"campaign": campaign_id})
        direct = int(cursor.rowcount)
    return direct + MassTask.objects.filter(campaign_id=campaign_id, state__in=open_states).update(on_hold=True)


def cancel_tasks(campaign_id: int) -> int:
    """Stop everything of the campaign that is not confirmed yet; how many tasks were touched."""
    direct = Message.objects.filter(campaign_id=campaign_id, state=MessageState.QUEUED, task=None)
    return direct.update(state=MessageState.CANCELLED) + cancel(MassTask.objects.filter(campaign_id=campaign_id))


def cancel(tasks: QuerySet[MassTask]) -> int:
    """Stop these tasks; how many were touched. Not yet at the platform: here and now. There, or perhaps there: by a job."""
    with transaction.atomic():
        here = list(tasks.filter(state=TaskState.PENDING).select_for_update().values_list("id", flat=True))
        MassTask.objects.filter(id__in=here).update(state=TaskState.CANCELLED)
        Message.objects.filter(task_id__in=here, state=MessageState.QUEUED).update(state=MessageState.CANCELLED)
        live = [TaskState.CREATING, TaskState.UNKNOWN, TaskState.CREATED]
        there = tasks.filter(state__in=live, cancel_requested_at=None)
        ids = list(there.select_for_update().values_list("id", flat=True))
        MassTask.objects.filter(id__in=ids).update(cancel_requested_at=clock.now())
        for task_id in ids:
            enqueue(withdraw_mass_task, key=str(task_id), task_id=task_id)
    return len(here) + len(ids)
