"""Running jobs: claim under a lease, run, mark where still the owner."""

import collections
import dataclasses
import json
import logging
import random
import time
import traceback
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.utils.module_loading import import_string

from core.event_types import from_props
from core.events import subscription_of
from core.jobs import JobSpec, spec_of

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 6
CLAIM_SIZE = 100
LEASE_SHARE = 0.7  # start no more work after this share of the lease: what runs now must end within it


@dataclasses.dataclass(frozen=True)
class Claimed:
    """A row under our lease."""

    id: int
    function: str
    args: dict[str, Any]
    attempts: int


# A worker that died leaves rows under a lease that ran out; they go back to the queue.
_FREE_EXPIRED = """
UPDATE core_job SET state = 'pending', owner = NULL, lease_until = NULL
WHERE id IN (SELECT id FROM core_job WHERE state = 'running' AND lease_until < clock_timestamp() FOR UPDATE SKIP LOCKED)
"""
# A coalescing row gives up its key when it starts, so that news arriving now makes a new row.
_CLAIM = """
UPDATE core_job AS job SET state = 'running', owner = %(owner)s, attempts = attempts + 1,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s),
    key = CASE WHEN job.coalesce AND position('#' || job.id::text IN job.key) = 0
               THEN left(job.key, 180) || '#' || job.id ELSE job.key END
FROM (SELECT id FROM core_job WHERE state = 'pending' AND lane = %(lane)s AND run_at <= clock_timestamp()
      ORDER BY run_at, id LIMIT %(size)s FOR UPDATE SKIP LOCKED) AS due
WHERE job.id = due.id
RETURNING job.id, job.function, job.args, job.attempts
"""
_MINE = "id = ANY(%s) AND owner = %s AND state = 'running'"
# _MINE is a constant: nothing from outside is ever put into these texts.
_DONE = f"UPDATE core_job SET state = 'done', finished_at = clock_timestamp(), owner = NULL, lease_until = NULL WHERE {_MINE}"  # noqa: S608
_FORGET = f"DELETE FROM core_job WHERE coalesce AND {_MINE}"  # noqa: S608
_RELEASE = f"UPDATE core_job SET state = 'pending', owner = NULL, lease_until = NULL, attempts = attempts - 1 WHERE {_MINE}"  # noqa: S608
_AGAIN = f"""
UPDATE core_job SET state = 'pending', owner = NULL, lease_until = NULL, error = %s, attempts = attempts - %s,
    run_at = clock_timestamp() + make_interval(secs => %s) WHERE {_MINE}
"""  # noqa: S608
_FAILED = f"""
UPDATE core_job SET state = 'failed', finished_at = clock_timestamp(), owner = NULL, lease_until = NULL, error = %s WHERE {_MINE}
"""  # noqa: S608


def run_pending(lane: str | None = None, *, until_empty: bool = True, seconds: float | None = None) -> int:
    """Run due jobs of one lane (or all); the number of rows run. Stops when none is due, or after `seconds`."""
    lanes = [lane] if lane else ["chat", "usual", "bulk"]
    deadline = time.monotonic() + seconds if seconds is not None else float("inf")
    total = 0
    while time.monotonic() < deadline:
        ran = sum(_run_batch(name) for name in lanes)
        total += ran
        if ran == 0 or not until_empty:
            break
    return total


def _run_batch(lane: str) -> int:
    owner = uuid.uuid4()
    started = time.monotonic()
    jobs = _claim(lane, owner)
    by_function: dict[str, list[Claimed]] = collections.defaultdict(list)
    for claimed in jobs:
        by_function[claimed.function].append(claimed)
    for name, group in by_function.items():
        _run_group(name, group, owner, started + settings.JOB_LEASE_SECONDS * LEASE_SHARE)
    return len(jobs)


def _claim(lane: str, owner: uuid.UUID) -> list[Claimed]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FREE_EXPIRED)
        cursor.execute(_CLAIM, {"owner": owner, "lease": settings.JOB_LEASE_SECONDS, "lane": lane, "size": CLAIM_SIZE})
        rows = sorted(cursor.fetchall())
    return [
        Claimed(id_, function, json.loads(args) if isinstance(args, str) else args, attempts)
        for id_, function, args, attempts in rows
    ]


def _run_group(name: str, group: list[Claimed], owner: uuid.UUID, stop_at: float) -> None:
    try:
        call, batch = _callable(name)
    except (KeyError, ImportError, AttributeError) as error:
        _settle_failure(group, owner, LookupError(f"no job is called {name}: {error}"))
        return
    if batch and len(group) > 1 and _run_together(call, group, owner):
        return
    for index, claimed in enumerate(group):
        if time.monotonic() > stop_at:
            _mark(_RELEASE, group[index:], owner)
            return
        _run_one(call, claimed, owner, batch)


def _callable(name: str) -> tuple[Callable[..., Any], bool]:
    """What to call for a row's function, and whether it takes a list. Only registered jobs and handlers may run."""
    entry = subscription_of(name)
    if entry is None:
        spec: JobSpec = spec_of(name)
        return (spec.function if spec.batch else lambda args: spec.function(**args)), spec.batch
    handler: Callable[..., Any] = import_string(name)
    if entry.batch:
        return (lambda many: handler([from_props(args["fact"], args["props"]) for args in many])), True
    return (lambda args: handler(from_props(args["fact"], args["props"]))), False


def _run_together(call: Callable[..., Any], group: list[Claimed], owner: uuid.UUID) -> bool:
    """One set-based call for the whole group. False when it failed: then each row runs alone, so that one bad row
    does not hold back the others."""
    try:
        call([claimed.args for claimed in group])
    except Exception:
        logger.warning("a batch of %s failed; running its rows one by one", group[0].function, exc_info=True)
        return False
    _mark_done(group, owner)
    return True


def _run_one(call: Callable[..., Any], claimed: Claimed, owner: uuid.UUID, batch: bool) -> None:
    try:
        call([claimed.args] if batch else claimed.args)
    except Exception as error:  # noqa: BLE001 - recorded on the row, shown in the admin, retried by the rules below
        _settle_failure([claimed], owner, error)
    else:
        _mark_done([claimed], owner)


def _settle_failure(group: list[Claimed], owner: uuid.UUID, error: Exception) -> None:
    text = "".join(traceback.format_exception_only(error)).strip()[:2000]
    wait = getattr(error, "retry_in_seconds", None)
    if wait is not None:  # a state to wait for, not a failed attempt
        _mark(_AGAIN, group, owner, text, 1, float(wait))
        return
    for claimed in group:
        if claimed.attempts >= MAX_ATTEMPTS or not getattr(error, "retryable", True):
            logger.error("job %s %s failed for good: %s", claimed.id, claimed.function, text, exc_info=error)
            _mark(_FAILED, [claimed], owner, text)
        else:
            logger.warning(
                "job %s %s failed, attempt %s: %s", claimed.id, claimed.function, claimed.attempts, text, exc_info=error
            )
            _mark(_AGAIN, [claimed], owner, text, 0, back_off(claimed.attempts))


def back_off(attempts: int) -> float:
    """Seconds before the next attempt: 4, 12, 36, 108, 324, each with up to a quarter of jitter."""
    return float(4 * 3 ** (attempts - 1)) * (1 + random.random() / 4)  # noqa: S311


def _mark_done(group: list[Claimed], owner: uuid.UUID) -> None:
    with transaction.atomic():
        _mark(_FORGET, group, owner)
        _mark(_DONE, group, owner)


def _mark(statement: str, group: list[Claimed], owner: uuid.UUID, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, [claimed.id for claimed in group], owner])


def drain_lane(lane: str, seconds: float = 20.0) -> int:
    """What a worker does when the bell rings: run the lane empty, for at most `seconds`."""
    close_old_connections()
    try:
        return run_pending(lane, seconds=seconds)
    finally:
        close_old_connections()
