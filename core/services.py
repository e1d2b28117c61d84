"""Upkeep of the ledger: partitions made ahead, old rows removed, failed jobs retried."""

from django.db import connection

from core import doorbell
from core.choices import Lane
from core.jobs import job
from core.models import Job

MONTHS_AHEAD = 3
KEEP_DONE_DAYS = 7
KEEP_FAILED_DAYS = 90
KEEP_ANSWERS_DAYS = 3


@job(Lane.USUAL, coalesce=True)
def ensure_event_partitions() -> None:
    """Make this month's and the next three months' partitions of core_event, where they are missing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT core_ensure_event_partitions((now() AT TIME ZONE 'UTC')::date,"
            " (now() AT TIME ZONE 'UTC' + make_interval(months => %s))::date)",
            [MONTHS_AHEAD],
        )


@job(Lane.BULK, coalesce=True)
def prune_ledger() -> None:
    """Remove finished jobs, and kept answers whose time is over."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM core_job WHERE (state = 'done' AND finished_at < now() - make_interval(days => %s))"
            " OR (state = 'done' AND key LIKE 'schedule:%%' AND finished_at < now() - interval '1 day')"
            " OR (state = 'failed' AND finished_at < now() - make_interval(days => %s))",
            [KEEP_DONE_DAYS, KEEP_FAILED_DAYS],
        )
        cursor.execute(
            "DELETE FROM core_idempotencyrecord WHERE created_at < now() - make_interval(days => %s)", [KEEP_ANSWERS_DAYS]
        )


def retry_jobs(job_ids: list[int]) -> int:
    """Put failed jobs back in the queue with fresh attempts; the number put back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE core_job SET state = 'pending', attempts = 0, run_at = clock_timestamp(), finished_at = NULL"
            " WHERE id = ANY(%s) AND state = 'failed'",
            [job_ids],
        )
        count = int(cursor.rowcount)
    for lane in Job.objects.filter(id__in=job_ids).values_list("lane", flat=True).distinct():
        doorbell.ring_after_commit(lane)
    return count
