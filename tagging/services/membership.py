"""Who is in a segment: members enter and leave as their answers change, each stay with its evidence."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection, transaction

from core import clock
from core.choices import Lane
from core.conditions import ConditionError, Node, parse, select_evidence, select_matches, select_members
from core.event_types import SegmentEntered, SegmentLeft
from core.events import Dated, record_many
from core.jobs import enqueue, job
from tagging.choices import SegmentKind
from tagging.models import Segment, SegmentMembership

BATCH = 2_000
_TOLD_MOST = 5_000  # facts of one refresh; a bulk change is one fact of the segment's history, not a flood

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('tagging.segment', %s))"
_DIFF = """
WITH wanted AS MATERIALIZED ({members}),
present AS MATERIALIZED (
    SELECT id, customer_id FROM tagging_segmentmembership WHERE segment_id = %(segment)s AND left_at IS NULL
),
gone AS (
    UPDATE tagging_segmentmembership AS stay SET left_at = %(now)s FROM present
    WHERE stay.id = present.id AND NOT EXISTS (SELECT 1 FROM wanted WHERE wanted.id = present.customer_id)
    RETURNING stay.customer_id
), come AS (
    INSERT INTO tagging_segmentmembership (segment_id, customer_id, entered_at, evidence)
    SELECT %(segment)s, wanted.id, %(now)s, '[]' FROM wanted
    WHERE NOT EXISTS (SELECT 1 FROM present WHERE present.customer_id = wanted.id) ORDER BY wanted.id
    RETURNING customer_id
)
SELECT (SELECT count(*) FROM wanted), ARRAY(SELECT customer_id FROM come ORDER BY 1),
    ARRAY(SELECT customer_id FROM gone ORDER BY 1)
"""


def refresh_segment(segment: Segment, at: dt.datetime | None = None) -> int:
    """Bring a dynamic segment's members in line with its condition, for everybody, in one statement; how many there are.

    A snapshot is filled once and never changes. Facts say who came and went, except at the first filling.
    """
    now = at or clock.now()
    first = segment.ready_at is None
    if segment.kind == SegmentKind.SNAPSHOT and not first:
        return segment.last_count or 0
    members = select_members(parse(segment.condition), now, prefix="seg")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, [segment.pk])
        cursor.execute("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'")
        cursor.execute(_DIFF.replace("{members}", members.sql), {**members.params, "segment": segment.pk, "now": now})
        number, came, went = cursor.fetchone()
        _explain(segment, came, now)
        if not first:
            _tell(segment, came, went, now)
        Segment.objects.filter(pk=segment.pk).update(last_count=number, counted_at=now, ready_at=segment.ready_at or now)
    return int(number)


_EVIDENCE = """
UPDATE tagging_segmentmembership AS stay SET evidence = told.evidence FROM ({evidence}) AS told
WHERE stay.segment_id = %(segment)s AND stay.left_at IS NULL AND stay.customer_id = told.customer_id AND told.evidence IS NOT NULL
"""


def _explain(segment: Segment, ids: Sequence[int], now: dt.datetime) -> None:
    """Write down why each of them came, in portions."""
    node = parse(segment.condition)
    for start in range(0, len(ids), BATCH):
        evidence = select_evidence({1: node}, [(pk, 1) for pk in ids[start : start + BATCH]], now)
        with connection.cursor() as cursor:
            cursor.execute(_EVIDENCE.replace("{evidence}", evidence.sql), {**evidence.params, "segment": segment.pk})


def _tell(segment: Segment, came: Sequence[int], went: Sequence[int], now: dt.datetime) -> None:
    stamp = f"{segment.pk}:{now.isoformat()}"
    entered = [Dated(SegmentEntered(pk, segment.pk), f"segment.entered:{pk}:{stamp}", now) for pk in came[:_TOLD_MOST]]
    left = [Dated(SegmentLeft(pk, segment.pk), f"segment.left:{pk}:{stamp}", now) for pk in went[:_TOLD_MOST]]
    record_many(entered)
    record_many(left)


def enqueue_members(customer_ids: Collection[int]) -> None:
    """Ask about these customers' segments soon, after their tags; nothing to do where there is no dynamic segment."""
    ids = sorted(set(customer_ids))
    if ids and Segment.objects.filter(kind=SegmentKind.DYNAMIC, ready_at__isnull=False).exists():
        for pk in ids:
            enqueue(refresh_members, key=f"members:{pk}", customer_id=pk)


@job(Lane.BULK, batch=True, coalesce=True)
def refresh_members(many: list[dict[str, Any]]) -> None:
    """Some customers did something: do they enter or leave a dynamic segment now? One statement for all of both."""
    ids = sorted({args["customer_id"] for args in many})
    segments = {one.pk: one for one in Segment.objects.filter(kind=SegmentKind.DYNAMIC, ready_at__isnull=False)}
    nodes = {pk: node for pk, one in segments.items() if (node := _asked(one)) is not None}
    if not nodes:
        return
    now = clock.now()
    with transaction.atomic():
        for pk in sorted(nodes):
            _lock(pk)
        wanted = _matches(nodes, ids, now)
        present = SegmentMembership.objects.filter(segment__in=nodes, customer__in=ids, left_at=None)
        known = set(present.values_list("customer_id", "segment_id"))
        for pk in sorted(nodes):
            came = sorted(customer for customer, number in wanted - known if number == pk)
            went = sorted(customer for customer, number in known - wanted if number == pk)
            _move(segments[pk], came, went, now)


def _asked(segment: Segment) -> Node | None:
    try:
        return parse(segment.condition)
    except ConditionError:  # written by a version that asked other things; the page says so
        return None


def _lock(segment_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [segment_id])


def _matches(nodes: dict[int, Node], ids: Sequence[int], now: dt.datetime) -> set[tuple[int, int]]:
    statement = select_matches(nodes, now, ids)
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params)
        return {(customer_id, number) for customer_id, number in cursor.fetchall()}


def _move(segment: Segment, came: Sequence[int], went: Sequence[int], now: dt.datetime) -> None:
    if went:
        SegmentMembership.objects.filter(segment=segment, customer__in=went, left_at=None).update(left_at=now)
    if came:
        SegmentMembership.objects.bulk_create(
            [SegmentMembership(segment=segment, customer_id=pk, entered_at=now, evidence=[]) for pk in came]
        )
        _explain(segment, came, now)
    _tell(segment, came, went, now)
    if came or went:
        number = SegmentMembership.objects.filter(segment=segment, left_at=None).count()
        Segment.objects.filter(pk=segment.pk).update(last_count=number)
