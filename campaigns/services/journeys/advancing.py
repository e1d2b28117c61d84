"""Moving people on: whoever is due is claimed, every step done for all who stand at it, and written down once.

A batch is one transaction. What leaves the house is only queued in it, under a key made of the person's way and the step;
so a batch that is cut short leaves nothing behind, and one that is repeated changes nothing.
"""

import datetime as dt
import json
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction

from campaigns.choices import RunReason, RunState
from campaigns.models import JourneyRun
from campaigns.queries.journeys.anchors import trip_dates
from campaigns.queries.journeys.flows import flow_of, graph_of
from campaigns.rules.journeys.flow import END
from campaigns.rules.journeys.waits import Anchor
from campaigns.services.journeys.acting import act
from campaigns.services.journeys.world import Moved, Traveller
from core import clock
from core.choices import Lane
from core.jobs import job

logger = logging.getLogger(__name__)

BATCH = 300
SECONDS = 20.0
MOST_ATTEMPTS = 6

_CLAIM = """
SELECT run.id, run.version_id, run.journey_id, run.customer_id, run.subject_id, run.starts_on, run.ends_on, run.facts::text,
    run.step,
    run.waits, run.arrived_at, run.skips, run.attempts, run.entered_at, journey.salt, journey.created_by_id,
    customer.erased_at IS NOT NULL OR customer.merged_into_id IS NOT NULL
FROM campaigns_journeyrun AS run
JOIN campaigns_journey AS journey ON journey.id = run.journey_id AND journey.state = 'running'
JOIN customers_customer AS customer ON customer.id = run.customer_id
WHERE run.state = 'active' AND run.run_at <= %(now)s AND (%(one)s::bigint IS NULL OR run.id = %(one)s)
ORDER BY run.run_at, run.id LIMIT %(size)s FOR UPDATE OF run SKIP LOCKED
"""
_WRITE = """
UPDATE campaigns_journeyrun AS run SET state = new.state, reason = new.reason, step = new.step, waits = new.waits,
    arrived_at = new.arrived_at, run_at = new.run_at, skips = new.skips, ended_at = new.ended_at, attempts = 0, error = '',
    starts_on = new.starts_on, ends_on = new.ends_on
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bool[], %s::timestamptz[], %s::timestamptz[], %s::bool[],
    %s::timestamptz[], %s::date[], %s::date[])
    AS new (id, state, reason, step, waits, arrived_at, run_at, skips, ended_at, starts_on, ends_on)
WHERE run.id = new.id
"""
_STEPS = """
INSERT INTO campaigns_journeystep (run_id, step, outcome, detail, message_id, follow_up_id, at)
SELECT run_id, step, outcome, detail::jsonb, message_id, follow_up_id, %s
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[])
    AS done (run_id, step, outcome, detail, message_id, follow_up_id)
ON CONFLICT (run_id, step) DO NOTHING
"""


@job(Lane.USUAL, coalesce=True)
def advance_journeys() -> None:
    """Move everybody on whose time has come; stops when nobody is due, or after 20 s (the next bell goes on)."""
    advance_due(seconds=SECONDS)


def advance_due(*, seconds: float = SECONDS) -> int:
    """The same now; how many times somebody was moved on."""
    moved, deadline = 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        count = _advance_batch()
        moved += count
        if count == 0:
            break
    return moved


def _advance_batch() -> int:
    now = clock.now()
    try:
        with transaction.atomic():
            people = _claim(now)
            _advance(people, now)
            return len(people)
    except Exception:
        logger.warning("a batch of journeys failed; moving its people on one by one", exc_info=True)
    due = JourneyRun.objects.filter(state=RunState.ACTIVE, journey__state="running", run_at__lte=now).order_by("run_at", "id")
    return sum(_advance_one(pk, now) for pk in due.values_list("pk", flat=True)[:BATCH])


def _advance_one(run_id: int, now: dt.datetime) -> bool:
    """One person alone, so that a bad row holds up nobody else: after six failures it is given up, visibly."""
    try:
        with transaction.atomic():
            people = _claim(now, run_id)
            _advance(people, now)
    except Exception as error:
        logger.warning("journey run %s failed", run_id, exc_info=error)
        _failed(run_id, error, now)
    return True


def _failed(run_id: int, error: Exception, now: dt.datetime) -> None:
    run = JourneyRun.objects.only("attempts").get(pk=run_id)
    attempts = run.attempts + 1
    over = attempts >= MOST_ATTEMPTS
    values: dict[str, Any] = {"attempts": attempts, "error": f"{type(error).__name__}: {error}"[:200]}
    values["run_at"] = now + dt.timedelta(seconds=4 * 3 ** min(attempts, 6))
    if over:
        values |= {"state": RunState.FAILED, "reason": RunReason.ERROR, "ended_at": now}
    JourneyRun.objects.filter(pk=run_id, state=RunState.ACTIVE).update(**values)


def _claim(now: dt.datetime, one: int | None = None) -> list[Traveller]:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "size": BATCH, "one": one})
        rows = cursor.fetchall()
    people = [_traveller(row) for row in rows]
    dates = trip_dates({person.subject_id for person in people if person.subject_id})
    for person in people:
        known = dates.get(person.subject_id)
        if known is not None and flow_of(person.version_id).trigger == "departure":
            person.anchor, person.is_trip_off = known.anchor, not known.is_on
    return people


def _traveller(row: Sequence[Any]) -> Traveller:
    anchor = Anchor(row[5], row[6]) if row[5] and row[6] else None
    return Traveller(
        id=row[0], version_id=row[1], journey_id=row[2], customer_id=row[3], subject_id=row[4], anchor=anchor,
            facts=json.loads(row[7]),
        step=row[8], waits=row[9], arrived_at=row[10], skips=row[11], entered_at=row[13], salt=row[14], writer_id=row[15],
            is_gone=row[16],
    )  # fmt: skip


def _advance(people: list[Traveller], now: dt.datetime) -> None:
    """Step after step, all who stand at one together, until everybody waits or is through."""
    for person in people:
        _leave_where_they_must(person, now)
    moving = [person for person in people if person.ended_at is None]
    while moving:
        for (version_id, step_id), group in _by_step(moving).items():
            graph = graph_of(version_id)
            step = graph.steps[step_id]
            done = act(step, graph, group, now)
            _write_steps(done, now)
            for moved in done:
                _move(moved, graph.after(step_id, moved.label), now)
        moving = [person for person in moving if person.ended_at is None and person.run_at is None]
    _write_people(people)


def _leave_where_they_must(person: Traveller, now: dt.datetime) -> None:
    reason = ""
    if person.is_gone:
        reason = RunReason.GONE
    elif person.is_trip_off:
        reason = RunReason.TRIP_OFF
    elif person.step not in graph_of(person.version_id).steps:
        reason = RunReason.MOVED
    if reason:
        person.state, person.reason, person.ended_at = RunState.LEFT, reason, now


def _by_step(people: Iterable[Traveller]) -> dict[tuple[int, str], list[Traveller]]:
    groups: dict[tuple[int, str], list[Traveller]] = defaultdict(list)
    for person in people:
        groups[person.version_id, person.step].append(person)
    return groups


def _move(moved: Moved, following: str, now: dt.datetime) -> None:
    """To the next step, or to where the time is awaited."""
    person = moved.person
    if moved.wait_until is not None:
        person.run_at = moved.wait_until
        return
    person.waits, person.run_at, person.step, person.arrived_at = False, None, following, now
    if following == END:
        person.state, person.ended_at, person.run_at = RunState.FINISHED, now, now


def _write_steps(done: Sequence[Moved], now: dt.datetime) -> None:
    rows = [
        (one.person.id, one.person.step, str(one.outcome), json.dumps(one.detail), one.message_id, one.follow_up_id)
        for one in done
        if one.wait_until is None
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_STEPS, [now, *(list(column) for column in zip(*rows, strict=True))])


def _write_people(people: Sequence[Traveller]) -> None:
    rows = [
        (
            one.id, str(one.state), str(one.reason), one.step, one.waits, one.arrived_at, one.run_at, one.skips, one.ended_at,
            one.anchor.starts_on if one.anchor else None, one.anchor.ends_on if one.anchor else None,
        )
        for one in people
    ]  # fmt: skip
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [list(column) for column in zip(*rows, strict=True)])


def remove_from_journey(run: JourneyRun) -> bool:
    """Take somebody out; False when they were through already."""
    values = {"state": RunState.LEFT, "reason": RunReason.STOPPED, "ended_at": clock.now()}
    return bool(JourneyRun.objects.filter(pk=run.pk, state=RunState.ACTIVE).update(**values))
