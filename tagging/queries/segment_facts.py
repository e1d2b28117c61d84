"""A segment in time and beside others: its trend, who was in it on a day and why, whom it shares with other segments."""

import dataclasses
import datetime as dt
from typing import Any

from django.db import connection

from core import clock
from customers.models import Customer
from staff.models import User
from tagging.models import Segment, SegmentMembership
from tagging.queries.reasons import Reason, explain

_TREND = """
SELECT array_agg((SELECT count(*) FROM tagging_segmentmembership AS stay WHERE stay.segment_id = %(segment)s
    AND stay.entered_at < (day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
    AND (stay.left_at IS NULL OR stay.left_at >= (day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')) ORDER BY day)
FROM (SELECT generate_series(%(today)s::date - 29, %(today)s::date, '1 day')::date AS day) AS days
"""
_MOVES = """
SELECT count(*) FILTER (WHERE entered_at > %(since)s), count(*) FILTER (WHERE left_at > %(since)s)
FROM tagging_segmentmembership WHERE segment_id = %(segment)s AND (entered_at > %(since)s OR left_at > %(since)s)
"""
_OVERLAPS = """
SELECT other.id, other.name, count(*), other.last_count FROM tagging_segmentmembership AS mine
JOIN tagging_segmentmembership AS theirs ON theirs.customer_id = mine.customer_id AND theirs.left_at IS NULL
    AND theirs.segment_id <> mine.segment_id
JOIN tagging_segment AS other ON other.id = theirs.segment_id
WHERE mine.segment_id = %s AND mine.left_at IS NULL GROUP BY 1, 2, 4 ORDER BY 3 DESC, 1 LIMIT 6
"""


@dataclasses.dataclass(frozen=True)
class SegmentFacts:
    """Members at the end of each of the last 30 days; who came and went in 30 days; (id, name, shared, size) of others."""

    trend: list[int]
    came: int
    went: int
    overlaps: list[tuple[int, str, int, int | None]]


def segment_facts(segment: Segment) -> SegmentFacts:
    """Three queries."""
    now = clock.now()
    asked: dict[str, Any] = {"segment": segment.pk, "today": clock.shanghai_date(now), "since": now - dt.timedelta(days=30)}
    with connection.cursor() as cursor:
        cursor.execute(_TREND, asked)
        (trend,) = cursor.fetchone()
        cursor.execute(_MOVES, asked)
        came, went = cursor.fetchone()
        cursor.execute(_OVERLAPS, [segment.pk])
        return SegmentFacts(trend, came, went, cursor.fetchall())


@dataclasses.dataclass(frozen=True)
class Stay:
    """Somebody who was in the segment, since when, until when, and why they came."""

    customer: Customer
    membership: SegmentMembership
    reasons: list[Reason]


@dataclasses.dataclass(frozen=True)
class AsOf:
    """Who was in a segment at the end of a day: how many, and the newest of them with their evidence."""

    on: dt.date
    number: int
    stays: list[Stay]


def as_of(segment: Segment, user: User, on: dt.date, most: int = 20) -> AsOf:
    """Members at the end of a Shanghai day, among the customers the user may see."""
    end = dt.datetime.combine(on + dt.timedelta(days=1), dt.time(), clock.SHANGHAI)
    rows = SegmentMembership.objects.filter(segment=segment, entered_at__lt=end, customer__in=Customer.objects.visible_to(user))
    rows = rows.exclude(left_at__lt=end).select_related("customer").order_by("-entered_at", "customer_id")
    shown = list(rows[:most])
    reasons = explain((segment.condition, one.evidence) for one in shown)
    return AsOf(on, rows.count(), [Stay(one.customer, one, why) for one, why in zip(shown, reasons, strict=True)])
