"""The walk through everything at WeCom: page after page, each committed together with the place where the next begins.

A run can die at any moment and goes on where its last page ended: the job's lease runs out, another worker takes it, and
a page whose place somebody else has moved meanwhile is thrown away. Fifty thousand contacts cost 500 calls: a hundred
members and a hundred contacts at a time, which is the most the platform gives.
"""

import logging
import time
from collections import Counter
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import clock
from core.choices import JobState, Lane
from core.errors import Refused
from core.jobs import enqueue, job
from core.models import Job
from customers.choices import SyncKind, SyncState, SyncStep
from customers.models import SyncRun
from customers.services.sync import steps
from gateways.errors import GatewayError
from staff.models import User
from staff.services.audit import write_audit

logger = logging.getLogger(__name__)

SLICE_SECONDS = 12.0  # well within a job's lease, so that other bulk work gets its turn
ORDER = [SyncStep.STAFF, SyncStep.TAGS, SyncStep.CONTACTS, SyncStep.CHATS, SyncStep.SWEEP]


def start_sync(kind: str = SyncKind.FULL, *, actor: User | None = None) -> SyncRun:
    """Begin a walk, or go on with the one that runs: there is one at a time."""
    with transaction.atomic():
        running = SyncRun.objects.select_for_update().filter(state=SyncState.RUNNING).first()
        run = running or SyncRun.objects.create(kind=kind, started_by=actor, started_at=clock.now())
        if running is None and actor is not None:
            write_audit(actor, "sync.started", run, {"kind": kind})
        _wake(run)
    return run


def stop_sync(run_id: int, *, actor: User) -> None:
    """End a running walk where it is; what was read stays, what is gone is not looked for. Refused when it has ended."""
    with transaction.atomic():
        run = SyncRun.objects.select_for_update().get(pk=run_id)
        if run.state != SyncState.RUNNING:
            raise Refused(_("This synchronisation has ended already."), "sync_ended")
        _end(run, SyncState.STOPPED)
        write_audit(actor, "sync.stopped", run)


@job(Lane.BULK, coalesce=True)
def reconcile_nightly() -> None:
    """Walk through everything once a night and repair what callbacks missed."""
    start_sync(SyncKind.RECONCILE)


@job(Lane.USUAL, coalesce=True)
def resume_sync() -> None:
    """Give a walk whose job has failed for good another one: it goes on where it stopped."""
    for run in SyncRun.objects.filter(state=SyncState.RUNNING):
        with transaction.atomic():
            _wake(run)


def _wake(run: SyncRun) -> None:
    """Give a run a job unless it has one: two at a time would ask for every page twice."""
    at_work = Job.objects.filter(function=f"{__name__}.sync_slice", args__run_id=run.pk)
    if not at_work.filter(state__in=[JobState.PENDING, JobState.RUNNING]).exists():
        _go_on(run)


def _go_on(run: SyncRun) -> None:
    enqueue(sync_slice, key=f"{run.pk}", run_id=run.pk)


@job(Lane.BULK, coalesce=True)
def sync_slice(run_id: int) -> None:
    """Read pages for a few seconds, then leave the rest to the next job."""
    stop_at = time.monotonic() + SLICE_SECONDS
    while time.monotonic() < stop_at:
        run = SyncRun.objects.get(pk=run_id)
        if run.state != SyncState.RUNNING:
            return
        try:
            advance(run)
        except GatewayError as error:
            if error.retryable or error.retry_in_seconds is not None:
                raise
            _fail(run, f"{error.api}: {error.errcode}")
            return
        except steps.TooManyGone as error:
            _fail(run, str(error))
            return
    with transaction.atomic():
        _go_on(SyncRun.objects.get(pk=run_id))


def advance(run: SyncRun) -> bool:
    """One page: ask the platform, then write its rows and the new place in one transaction. False: somebody else was there."""
    page = steps.fetch(run)
    with transaction.atomic():
        locked = SyncRun.objects.select_for_update().get(pk=run.pk)
        if locked.state != SyncState.RUNNING or _place(locked) != _place(run):
            logger.info("synchronisation %s: a page was read twice, the second is dropped", run.pk)
            return False
        found = steps.apply(locked, page)
        _count(locked, found)
        _move(locked, found)
        locked.save()
    return True


def _place(run: SyncRun) -> tuple[Any, ...]:
    return run.step, run.position, run.cursor, run.pages


def _count(run: SyncRun, found: steps.Found) -> None:
    run.pages += 1
    run.counts = dict(Counter(run.counts) + Counter(found.counts))
    run.repairs = dict(Counter(run.repairs) + Counter(found.repairs))


def _move(run: SyncRun, found: steps.Found) -> None:
    run.position, run.cursor = found.position, found.cursor
    if not found.is_last:
        return
    following = ORDER.index(SyncStep(run.step)) + 1
    run.position, run.cursor = 0, ""
    if following < len(ORDER):
        run.step = ORDER[following]
    else:
        _end(run, SyncState.DONE)


def _end(run: SyncRun, state: str) -> None:
    run.state, run.finished_at = state, clock.now()
    run.save()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers_syncseen WHERE run_id = %s", [run.pk])


def _fail(run: SyncRun, error: str) -> None:
    with transaction.atomic():
        locked = SyncRun.objects.select_for_update().get(pk=run.pk)
        if locked.state == SyncState.RUNNING:
            locked.error = error[:200]
            _end(locked, SyncState.FAILED)
    logger.error("synchronisation %s failed: %s", run.pk, error)
