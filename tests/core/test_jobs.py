"""Jobs: once in the ledger, at least once run, never lost, never stuck behind a bad one."""

import datetime as dt
import uuid
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction

from core import clock, worker
from core.errors import Later, Refused
from core.jobs import enqueue, job
from core.models import Job
from core.schedule import Daily, Every
from core.services import retry_jobs
from core.worker import run_pending

pytestmark = pytest.mark.django_db
ran: list[Any] = []
errors: list[Exception] = []


@pytest.fixture(autouse=True)
def _forget() -> None:
    ran.clear()
    errors.clear()


@job()
def note(value: int) -> None:
    if errors:
        raise errors[0]
    ran.append(value)


@job(coalesce=True)
def recompute(value: int) -> None:
    ran.append(value)


@job(batch=True)
def together(rows: list[dict[str, int]]) -> None:
    if any(row["value"] == 13 for row in rows):
        raise ValueError("thirteen")
    ran.append(sorted(row["value"] for row in rows))


def make_due() -> None:
    """Let the back-off pass."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_job SET run_at = now() - interval '1 second' WHERE state = 'pending'")


def test_a_key_is_run_once_however_often_it_is_enqueued() -> None:
    assert enqueue(note, key="a", value=1) is True
    assert enqueue(note, key="a", value=1) is False
    assert run_pending() == 1
    assert enqueue(note, key="a", value=1) is False
    assert run_pending() == 0
    assert ran == [1]


def test_a_rolled_back_transaction_leaves_no_job() -> None:
    with transaction.atomic():
        enqueue(note, key="a", value=1)
        transaction.set_rollback(True)
    assert Job.objects.count() == 0


def test_coalescing_jobs_wait_once_and_come_back() -> None:
    assert [enqueue(recompute, key="c", value=value) for value in (1, 2)] == [True, False]
    run_pending()
    assert enqueue(recompute, key="c", value=3) is True
    run_pending()
    assert ran == [1, 3]
    assert Job.objects.count() == 0


def test_news_during_a_coalescing_run_make_a_new_row() -> None:
    enqueue(recompute, key="c", value=1)
    claimed = worker._claim("usual", owner=uuid.uuid4())
    assert [row.args for row in claimed] == [{"value": 1}]
    assert enqueue(recompute, key="c", value=2) is True


def test_later_work_waits_for_its_time() -> None:
    enqueue(note, key="a", run_at=clock.now() + dt.timedelta(hours=1), value=1)
    assert run_pending() == 0
    make_due()
    assert run_pending() == 1


def test_six_attempts_then_failed_with_its_error_and_a_retry() -> None:
    errors.append(ValueError("the reason"))
    enqueue(note, key="a", value=1)
    for _attempt in range(6):
        run_pending(until_empty=False)
        make_due()
    row = Job.objects.get()
    assert (row.state, row.attempts, row.error) == ("failed", 6, "ValueError: the reason")
    errors.clear()
    assert retry_jobs([row.pk]) == 1
    run_pending()
    assert Job.objects.get().state == "done"
    assert ran == [1]


def test_a_no_by_rule_fails_at_once() -> None:
    errors.append(Refused("no", "no"))
    enqueue(note, key="a", value=1)
    run_pending()
    assert Job.objects.values_list("state", "attempts").get() == ("failed", 1)


def test_waiting_for_a_state_counts_no_attempt() -> None:
    errors.append(Later(60))
    enqueue(note, key="a", value=1)
    for _attempt in range(9):
        run_pending(until_empty=False)
        make_due()
    assert Job.objects.values_list("state", "attempts").get() == ("pending", 0)


def test_a_batch_runs_in_one_call_and_one_bad_row_holds_back_nobody() -> None:
    for value in (1, 2, 3):
        enqueue(together, key=str(value), value=value)
    run_pending()
    assert ran == [[1, 2, 3]]
    for value in (4, 13, 5):
        enqueue(together, key=str(value), value=value)
    run_pending()
    assert sorted(ran[1:]) == [[4], [5]]
    assert Job.objects.get(key="together:13").state == "pending"


def test_a_dead_workers_rows_go_to_another() -> None:
    enqueue(note, key="a", value=1)
    dead = uuid.uuid4()
    assert len(worker._claim("usual", dead)) == 1
    assert run_pending() == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_job SET lease_until = now() - interval '1 second'")
    assert run_pending() == 1
    worker._mark(worker._FAILED, [worker.Claimed(Job.objects.get().pk, "x", {}, 1)], dead, "late")
    assert Job.objects.get().state == "done"  # fencing: the dead worker's late mark changes nothing


def test_only_registered_functions_run() -> None:
    Job.objects.create(lane="usual", function="os.system", key="evil", args={"command": "true"}, run_at=clock.now())
    run_pending()
    assert Job.objects.get().state == "pending"
    assert "no job is called os.system" in Job.objects.get().error


def test_a_daily_slot_begins_at_its_shanghai_time() -> None:
    daily = Daily("02:10", "x.y")
    with time_machine.travel(dt.datetime(2026, 10, 1, 2, 9, tzinfo=clock.SHANGHAI), tick=False):
        assert daily.slot(clock.now()) == "2026-09-30"
    with time_machine.travel(dt.datetime(2026, 10, 1, 2, 10, tzinfo=clock.SHANGHAI), tick=False):
        assert daily.slot(clock.now()) == "2026-10-01"


def test_every_slot_changes_with_its_period() -> None:
    every = Every(60, "x.y")
    at = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
    assert every.slot(at) == every.slot(at + dt.timedelta(seconds=59))
    assert every.slot(at) != every.slot(at + dt.timedelta(seconds=60))
