"""Many messages at once: from the governor's verdicts to queued messages and their tasks, and back again."""

from django.db import connection, transaction
from django.db.models import QuerySet

from core import clock
from core.jobs import enqueue
from messaging.choices import MessageState, TaskState
from messaging.models import MassTask, Message
from messaging.queries import TouchPlan, decisions
from messaging.rules import PEOPLE_PER_TASK
from messaging.services.mass_tasks import create_mass_task
from messaging.services.results import withdraw_mass_task

VERDICTS = "touch_verdict"
ANALYZE_FROM = 1000

# One decision at a time: two campaigns launched together must see each other's messages in the caps.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('touch governor', 0))"
_DROP = f"DROP TABLE IF EXISTS {VERDICTS}"
_CREATE = f"CREATE TEMPORARY TABLE {VERDICTS} ON COMMIT DROP AS "
_COLUMNS = """
SELECT customer_id, sender_id, external_userid, reason,
    (row_number() OVER (PARTITION BY sender_id, reason ORDER BY customer_id) - 1) / %(g_chunk)s AS chunk
FROM verdict
"""
_TASKS = f"""
INSERT INTO messaging_masstask
    (key, token, campaign_id, sender_id, content_id, state, msgid, error, reminders, on_hold, created_at)
SELECT 'campaign:' || %(campaign)s || ':sender:' || sender_id || ':' || chunk, replace(gen_random_uuid()::text, '-', ''),
    %(campaign)s, sender_id, %(content)s, 'pending', '', '', '{{}}', false, %(at)s
FROM {VERDICTS} WHERE reason = '' GROUP BY sender_id, chunk ORDER BY sender_id, chunk
ON CONFLICT (key) DO NOTHING
"""  # noqa: S608 - our own text; every value is a parameter
_MESSAGES = f"""
INSERT INTO messaging_message (key, customer_id, channel, purpose, campaign_id, content_id, sender_id, external_userid,
    task_id, state, reason, error, created_at)
SELECT 'campaign:' || %(campaign)s || ':' || verdict.customer_id, verdict.customer_id, 'wecom', %(purpose)s, %(campaign)s,
    %(content)s, verdict.sender_id, verdict.external_userid, task.id, 'queued', '', '', %(at)s
FROM {VERDICTS} AS verdict
JOIN messaging_masstask AS task
  ON task.key = 'campaign:' || %(campaign)s || ':sender:' || verdict.sender_id || ':' || verdict.chunk
WHERE verdict.reason = ''
ORDER BY verdict.customer_id
ON CONFLICT (key) DO NOTHING
"""  # noqa: S608


def queue_broadcast(plan: TouchPlan, *, content_id: int) -> int:
    """Decide about everybody in the plan and queue one message per person to be reached; the number queued.

    Runs in the caller's transaction, set-based. The verdicts stay readable in the temporary table `VERDICTS`
    (customer_id, reason) until the transaction ends, so that the caller keeps the same snapshot. Tasks wait for
    `start_tasks`. A second call for the same campaign adds nobody twice.
    """
    sql, params = decisions(plan)
    values = {"campaign": plan.campaign_id, "content": content_id, "at": plan.at, "purpose": str(plan.purpose)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK)
        cursor.execute(_DROP)
        cursor.execute(_CREATE + sql + _COLUMNS, params | {"g_chunk": PEOPLE_PER_TASK})
        cursor.execute(f"ANALYZE {VERDICTS}")
        cursor.execute(_TASKS, values)
        cursor.execute(_MESSAGES, values)
        queued = int(cursor.rowcount)
        if queued >= ANALYZE_FROM:  # what follows joins these rows; autovacuum would come a minute too late
            cursor.execute("ANALYZE messaging_message")
        return queued


def start_tasks(campaign_id: int) -> int:
    """Let the campaign's waiting tasks be created at the platform, also after a pause; how many there are."""
    with transaction.atomic():
        MassTask.objects.filter(campaign_id=campaign_id, on_hold=True).update(on_hold=False)
        waiting = MassTask.objects.filter(campaign_id=campaign_id, state=TaskState.PENDING).order_by("id")
        ids = list(waiting.values_list("id", flat=True))
        for task_id in ids:
            enqueue(create_mass_task, key=str(task_id), task_id=task_id)
    return len(ids)


def pause_tasks(campaign_id: int) -> int:
    """Hold back tasks that are not at the platform yet; how many. What staff already have stays with them."""
    open_states = [TaskState.PENDING, TaskState.CREATING, TaskState.UNKNOWN]
    return MassTask.objects.filter(campaign_id=campaign_id, state__in=open_states).update(on_hold=True)


def cancel_tasks(campaign_id: int) -> int:
    """Stop everything of the campaign that is not confirmed yet; how many tasks were touched."""
    return cancel(MassTask.objects.filter(campaign_id=campaign_id))


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
