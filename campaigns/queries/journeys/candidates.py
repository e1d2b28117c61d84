"""Who a journey's trigger is about right now: one SELECT per kind of trigger, asked again and again.

Each gives (key, customer_id, subject_id, starts_on, ends_on, facts, at). `key` is a pure function of what happened, so that
asking twice, late or in another order lets nobody in twice; what was missed is found by the next time of asking.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import connection

from campaigns.models import JourneyVersion, Occasion
from campaigns.queries.journeys.anchors import TRIPS
from campaigns.queries.journeys.occasions import occasion_day
from campaigns.rules.journeys.flow import Flow
from campaigns.rules.journeys.lunar import lunar_birthdays, solar_birthdays
from campaigns.rules.journeys.waits import LATE_AFTER, schedule_due
from core import clock
from tagging.queries import condition_members

# ruff: noqa: S608 - constants; every value is a parameter

_OVERLAP = "interval '10 minutes'"  # a transaction may be that much older than the moment its rows become visible


@dataclasses.dataclass(frozen=True)
class Asked:
    """A SELECT of candidates with its named parameters."""

    sql: str
    params: Mapping[str, Any]


_FACT = f"""
SELECT 'fact:' || event.key AS key, event.customer_id,
    CASE WHEN event.props ->> 'order_id' ~ '^[0-9]{{1,18}}$' THEN (event.props ->> 'order_id')::bigint ELSE 0 END AS subject_id,
    NULL::date AS starts_on, NULL::date AS ends_on,
    jsonb_strip_nulls(jsonb_build_object('product', left(event.props ->> 'product', 20))) AS facts, event.occurred_at AS at
FROM core_event AS event
WHERE event.kind = %(kind)s AND event.customer_id IS NOT NULL AND event.occurred_at > greatest(%(live_from)s, %(oldest)s)
  AND event.occurred_at <= %(now)s
  AND event.recorded_at > coalesce((SELECT swept_at FROM campaigns_journey WHERE id = %(journey)s) - {_OVERLAP}, '-infinity')
  AND (%(product)s = '' OR event.props ->> 'product' = %(product)s OR EXISTS (
      SELECT 1 FROM orders_order AS placed JOIN catalog_product AS bought ON bought.id = placed.product_id
      WHERE placed.id::text = event.props ->> 'order_id' AND bought.code = %(product)s))
  AND (%(tag)s = 0 OR event.props ->> 'tag_id' = %(tag)s::text) AND (%(channel)s = 0
      OR event.props ->> 'channel_id' = %(channel)s::text)
"""
_SEGMENT = """
SELECT 'segment:' || stay.id AS key, stay.customer_id, 0::bigint AS subject_id, NULL::date AS starts_on, NULL::date AS ends_on,
    '{}'::jsonb AS facts, stay.entered_at AS at
FROM tagging_segmentmembership AS stay
WHERE stay.segment_id = %(segment)s AND stay.left_at IS NULL AND stay.entered_at > greatest(%(live_from)s, %(oldest)s)
"""
# A product counts as browsed when it was looked at often enough and nobody has looked again for a while. Bought or begun to be
# bought since is no reason. One journey per customer: the product looked at most.
_BROWSE = """
SELECT DISTINCT ON (customer_id) 'browse:' || customer_id || ':' || product || ':'
        || to_char(last_at AT TIME ZONE 'Asia/Shanghai', 'IYYY"W"IW') AS key,
    customer_id, 0::bigint AS subject_id, NULL::date AS starts_on, NULL::date AS ends_on,
    jsonb_build_object('product', product, 'views', views) AS facts, last_at AS at
FROM (
    SELECT customer_id, left(props ->> 'product', 20) AS product, count(*) AS views, min(occurred_at) AS first_at,
        max(occurred_at) AS last_at
    FROM core_event
    WHERE kind = 'product.viewed' AND customer_id IS NOT NULL AND coalesce(props ->> 'product', '') <> ''
      AND occurred_at > %(since)s AND occurred_at <= %(now)s AND (%(product)s = '' OR props ->> 'product' = %(product)s)
    GROUP BY customer_id, left(props ->> 'product', 20)
) AS seen
WHERE views >= %(views)s AND last_at <= %(quiet)s AND last_at > greatest(%(live_from)s, %(stale)s)
  AND NOT EXISTS (
      SELECT 1 FROM orders_order AS placed JOIN catalog_product AS bought ON bought.id = placed.product_id
      WHERE placed.customer_id = seen.customer_id AND bought.code = seen.product
        AND (placed.placed_at >= seen.first_at OR placed.paid_at >= seen.first_at))
ORDER BY customer_id, views DESC, last_at DESC
"""
_QUOTE = """
SELECT DISTINCT ON (customer_id) 'quote:' || customer_id || ':' || to_char(last_at AT TIME ZONE 'Asia/Shanghai',
    'IYYY"W"IW') AS key,
    customer_id, 0::bigint AS subject_id, NULL::date AS starts_on, NULL::date AS ends_on,
    jsonb_strip_nulls(jsonb_build_object('product', product)) AS facts, last_at AS at
FROM (
    SELECT customer_id, left(props ->> 'product', 20) AS product, max(occurred_at) AS last_at FROM core_event
    WHERE kind = 'quote.opened' AND customer_id IS NOT NULL AND occurred_at > %(stale)s AND occurred_at <= %(now)s
    GROUP BY customer_id, left(props ->> 'product', 20)
) AS seen
WHERE last_at <= %(quiet)s AND last_at > %(live_from)s
  AND NOT EXISTS (SELECT 1 FROM orders_order AS placed WHERE placed.customer_id = seen.customer_id
      AND placed.placed_at >= seen.last_at)
ORDER BY customer_id, last_at DESC
"""
# Opened as early as the trigger says, for whoever booked later at once; a trip that has begun (or a return long past) is too
# late.
_DEPARTURE = f"""
SELECT 'order:' || trip.order_id AS key, trip.customer_id, trip.order_id AS subject_id, trip.starts_on, trip.ends_on,
    jsonb_build_object('product', trip.product, 'order', trip.no) AS facts, trip.paid_at AS at
FROM ({TRIPS}) AS trip
WHERE trip.is_on AND CASE WHEN %(edge)s = 'end'
    THEN %(today)s BETWEEN trip.ends_on + %(days)s AND trip.ends_on + %(days)s + 3 AND trip.ends_on + %(days)s >= %(live_day)s
    ELSE %(today)s >= trip.starts_on + %(days)s AND %(today)s <= greatest(trip.starts_on, trip.starts_on + %(days)s)
        AND greatest(trip.starts_on, trip.starts_on + %(days)s) >= %(live_day)s END
"""
_DATE = """
SELECT 'date:' || customer.id || ':' || %(day)s AS key, customer.id AS customer_id, 0::bigint AS subject_id,
    %(day)s::date AS starts_on, %(day)s::date AS ends_on, '{}'::jsonb AS facts, %(now)s::timestamptz AS at
FROM customers_customer AS customer WHERE customer.merged_into_id IS NULL AND
"""
_FIELDS = {
    "birthday": "customer.birthday = ANY(%(days)s)",
    "joined": "(customer.created_at AT TIME ZONE 'Asia/Shanghai')::date = ANY(%(days)s)",
    "last_trip": (
        f"customer.id IN (SELECT trip.customer_id FROM ({TRIPS}) AS trip WHERE trip.is_on AND trip.ends_on = ANY(%(days)s))"
    ),
}
_EVERYBODY = """
SELECT %(name)s || ':' || member.id AS key, member.id AS customer_id, 0::bigint AS subject_id, %(day)s::date AS starts_on,
    %(day)s::date AS ends_on, '{}'::jsonb AS facts, %(now)s::timestamptz AS at FROM (MEMBERS) AS member
"""


def candidates(version: JourneyVersion, flow: Flow, at: dt.datetime) -> Asked | None:
    """The SELECT of who a version's trigger is about at a moment; None when its hour has not come."""
    args = flow.trigger_args
    base = {"journey": version.journey_id, "live_from": version.live_from, "now": at}
    if flow.trigger in ("fact", "friend"):
        return Asked(_FACT, base | _fact_params(flow, at))
    if flow.trigger == "segment":
        return Asked(_SEGMENT, base | {"segment": args["segment"], "oldest": at - dt.timedelta(days=args["late_days"])})
    if flow.trigger == "browse":
        return Asked(_BROWSE, base | _browse_params(args, at))
    if flow.trigger == "quote":
        quiet = at - dt.timedelta(hours=args["hours"])
        return Asked(_QUOTE, base | {"quiet": quiet, "stale": quiet - dt.timedelta(days=2)})
    if flow.trigger == "departure":
        days = {"edge": args["edge"], "days": args["days"], "today": clock.shanghai_date(at)}
        return Asked(_DEPARTURE, base | days | {"live_day": clock.shanghai_date(version.live_from)})
    return _calendar(flow, base, at)


def _fact_params(flow: Flow, at: dt.datetime) -> dict[str, Any]:
    args = flow.trigger_args
    channel = args.get("channel", 0)
    kind = args["fact"] if flow.trigger == "fact" else "channel.joined" if channel else "contact.added"
    oldest = at - dt.timedelta(days=args.get("late_days", 3))
    return {"kind": kind, "product": args.get("product", ""), "tag": args.get("tag", 0), "channel": channel, "oldest": oldest}


def _browse_params(args: Mapping[str, Any], at: dt.datetime) -> dict[str, Any]:
    quiet = at - dt.timedelta(minutes=args["quiet_minutes"])
    return {
        "views": args["views"], "product": args["product"], "quiet": quiet, "stale": quiet - dt.timedelta(days=1),
        "since": quiet - dt.timedelta(hours=args["hours"]),
    }  # fmt: skip


def _calendar(flow: Flow, base: dict[str, Any], at: dt.datetime) -> Asked | None:
    """Triggers of the calendar: birthdays and other yearly days, schedules, holidays."""
    args = flow.trigger_args
    if flow.trigger == "schedule":
        day = schedule_due(args, at)
        return _for_everybody(flow, base, day, day, "schedule", at)
    today = clock.shanghai_date(at)
    day = today - dt.timedelta(days=args["days"])
    if flow.trigger == "holiday":
        return _for_everybody(flow, base, today, day, "holiday", at) if _is_occasion(args["name"], day) else None
    if not _has_come(today, args["at"], base["live_from"], at):
        return None
    days = lunar_birthdays(day) if args["calendar"] == "lunar" else solar_birthdays(day)
    return Asked(_DATE + _FIELDS[args["field"]], base | {"day": day, "days": days})


def _for_everybody(
    flow: Flow, base: dict[str, Any], on: dt.date | None, day: dt.date | None, name: str, at: dt.datetime
) -> Asked | None:
    if on is None or not _has_come(on, flow.trigger_args["at"], base["live_from"], at):
        return None
    sql, params = condition_members(flow.entry, at)
    values = base | {"day": day, "name": f"{name}:{day}"}
    return Asked(_EVERYBODY.replace("MEMBERS", sql), values | dict(params))


def _has_come(day: dt.date, hour: str, live_from: dt.datetime, at: dt.datetime) -> bool:
    """Whether a day's hour has come since the version went live, and not so long ago that it is too late."""
    due = dt.datetime.combine(day, dt.time.fromisoformat(hour), tzinfo=clock.SHANGHAI)
    return live_from <= due <= at <= due + LATE_AFTER


def _is_occasion(name: str, day: dt.date) -> bool:
    """Whether this is the day of an occasion: the agency's own table wins over the calendar of that year."""
    own = set(Occasion.objects.filter(name=name, on__year=day.year).values_list("on", flat=True))
    return day in own if own else occasion_day(name, day.year) == day


def count_candidates(asked: Asked, at: dt.datetime) -> int:
    """How many people a SELECT is about."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(DISTINCT customer_id) FROM ({asked.sql}) AS asked", dict(asked.params))
        return int(cursor.fetchone()[0])
