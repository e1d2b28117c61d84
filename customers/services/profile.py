"""The profile engine: stage, RFM, preferred channel and hour, sources and preferences, in set-based SQL.

What the apps above know (purchases, answers to messages, what a product is about) comes in as SQL named in
settings.PROFILE_SOURCES: each is a SELECT with the columns that the statements below read.
"""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from core import clock
from core.choices import Lane
from core.event_types import StageChanged
from core.events import Dated, record_many
from core.jobs import enqueue, job
from customers.services.households import derive_child_ages

BATCH = 5_000
QUIET_DAYS, LOST_DAYS = 60, 120  # without a sign of life: dormant or at risk; lost
INTEREST_DAYS = 180
KEPT = 3  # preferences

_ROWS = """
INSERT INTO customers_portrait (customer_id, stage, rfm, paid_count, paid_amount, preferred_channel, responses, first_source,
    last_source, preferences)
SELECT id, '', '', 0, 0, '', 0, '', '', '[]' FROM customers_customer
WHERE id = ANY(%(ids)s) AND merged_into_id IS NULL ORDER BY id
ON CONFLICT (customer_id) DO NOTHING
"""
# Money and answers of these customers; the hour is the one in which they answered most, the earlier of equals.
_FACTS = """
WITH bought AS (
    SELECT customer_id, count(*) AS paid_count, sum(amount) AS paid_amount, max(paid_at) AS last_paid_at
    FROM ({purchases}) AS purchase WHERE customer_id = ANY(%(ids)s) GROUP BY customer_id
), answer AS (
    SELECT customer_id, channel, extract(hour FROM answered_at AT TIME ZONE 'Asia/Shanghai')::smallint AS hour
    FROM ({answers}) AS answer WHERE customer_id = ANY(%(ids)s)
), channel AS (
    SELECT DISTINCT ON (customer_id) customer_id, channel, sum(n) OVER (PARTITION BY customer_id) AS responses
    FROM (SELECT customer_id, channel, count(*) AS n FROM answer GROUP BY 1, 2) AS counted ORDER BY customer_id, n DESC, channel
), hour AS (
    SELECT DISTINCT ON (customer_id) customer_id, hour
    FROM (SELECT customer_id, hour, count(*) AS n FROM answer GROUP BY 1, 2) AS counted ORDER BY customer_id, n DESC, hour
)
UPDATE customers_portrait AS row SET paid_count = coalesce(bought.paid_count, 0), paid_amount = coalesce(bought.paid_amount, 0),
    last_paid_at = bought.last_paid_at, preferred_channel = coalesce(channel.channel, ''), preferred_hour = hour.hour,
    responses = coalesce(channel.responses, 0), computed_at = %(now)s
FROM customers_customer AS customer LEFT JOIN bought ON bought.customer_id = customer.id
LEFT JOIN channel ON channel.customer_id = customer.id LEFT JOIN hour ON hour.customer_id = customer.id
WHERE customer.id = row.customer_id AND row.customer_id = ANY(%(ids)s)
"""
_SOURCES = """
UPDATE customers_portrait AS row SET first_source = coalesce(nullif(customer.source, ''), edge.first, ''),
    last_source = coalesce(edge.last, customer.source)
FROM customers_customer AS customer LEFT JOIN LATERAL (
    SELECT (SELECT source FROM core_event WHERE customer_id = customer.id AND source <> 'app'
            ORDER BY occurred_at LIMIT 1) AS first,
           (SELECT source FROM core_event WHERE customer_id = customer.id AND source <> 'app'
            ORDER BY occurred_at DESC LIMIT 1) AS last
) AS edge ON true
WHERE customer.id = row.customer_id AND row.customer_id = ANY(%(ids)s)
"""
# A favourite counts five views; of equal ones the latest first, then by name.
_PREFERENCES = """
WITH seen AS (
    SELECT event.customer_id, interest.topic, interest.name, count(*) FILTER (WHERE event.kind <> 'product.favorited') AS views,
           count(*) FILTER (WHERE event.kind = 'product.favorited') AS favourites, max(event.occurred_at) AS last_at
    FROM core_event AS event JOIN ({interests}) AS interest ON interest.product = event.props ->> 'product'
    WHERE event.customer_id = ANY(%(ids)s) AND event.occurred_at >= %(since)s
        AND event.kind IN ('product.viewed', 'product.favorited', 'product.shared')
    GROUP BY 1, 2, 3
), ranked AS (
    SELECT *, row_number() OVER (
        PARTITION BY customer_id, topic ORDER BY views + 5 * favourites DESC, last_at DESC, name) AS place
    FROM seen
), kept AS (
    SELECT customer_id, jsonb_agg(jsonb_build_object('topic', topic, 'name', name, 'views', views, 'favourites', favourites,
        'last_at', last_at) ORDER BY topic, place) AS preferences
    FROM ranked WHERE place <= %(kept)s GROUP BY customer_id
)
UPDATE customers_portrait AS row SET preferences = coalesce(kept.preferences, '[]')
FROM customers_customer AS customer LEFT JOIN kept ON kept.customer_id = customer.id
WHERE customer.id = row.customer_id AND row.customer_id = ANY(%(ids)s)
"""
# Trips first, then quotes, then how long they have been silent.
_STAGES = """
WITH trip AS (
    SELECT customer_id, count(*) AS trips, bool_or(departs_on <= %(today)s AND %(today)s <= returns_on) AS is_away
    FROM ({purchases}) AS purchase WHERE %(all)s OR customer_id = ANY(%(ids)s) GROUP BY customer_id
), stage AS (
    SELECT row.customer_id, customer.lifecycle AS held, row.stage AS before, CASE
        WHEN trip.is_away THEN 'travelling'
        WHEN trip.trips > 0 AND activity.last_seen_at < %(quiet)s THEN 'at_risk'
        WHEN trip.trips > 1 THEN 'active'
        WHEN trip.trips = 1 THEN 'first_time'
        WHEN coalesce(activity.last_seen_at, customer.created_at) < %(lost)s THEN 'lost'
        WHEN coalesce(activity.last_seen_at, customer.created_at) < %(quiet)s THEN 'dormant'
        WHEN customer.lifecycle = 'quoted' OR quote.customer_id IS NOT NULL THEN 'quoted'
        ELSE 'lead' END AS after
    FROM customers_portrait AS row JOIN customers_customer AS customer ON customer.id = row.customer_id
    LEFT JOIN customers_activity AS activity ON activity.customer_id = row.customer_id
    LEFT JOIN trip ON trip.customer_id = row.customer_id
    LEFT JOIN (
        SELECT DISTINCT customer_id FROM core_event WHERE kind = 'quote.opened' AND occurred_at >= %(quiet)s
            AND (%(all)s OR customer_id = ANY(%(ids)s))
    ) AS quote ON quote.customer_id = row.customer_id
    WHERE customer.merged_into_id IS NULL AND (%(all)s OR row.customer_id = ANY(%(ids)s))
), noted AS (
    UPDATE customers_portrait AS row SET stage = stage.after FROM stage
    WHERE stage.customer_id = row.customer_id AND stage.before <> stage.after
), moved AS (
    UPDATE customers_customer AS customer SET lifecycle = stage.after, updated_at = %(now)s FROM stage
    WHERE stage.customer_id = customer.id AND stage.before <> stage.after AND stage.held <> stage.after
    RETURNING customer.id, stage.held, stage.after
)
INSERT INTO customers_stagechange (customer_id, before, after, at)
SELECT id, held, after, %(now)s FROM moved ORDER BY id RETURNING customer_id, before, after
"""
# One to five by rank among all buyers, equal values (days, numbers, amounts) with equal scores: lately, often, much.
_RFM = """
WITH ranked AS (
    SELECT row.customer_id,
           1 + least(4, floor(5 * percent_rank() OVER (ORDER BY (last_paid_at AT TIME ZONE 'Asia/Shanghai')::date))) AS r,
           1 + least(4, floor(5 * percent_rank() OVER (ORDER BY paid_count))) AS f,
           1 + least(4, floor(5 * percent_rank() OVER (ORDER BY paid_amount))) AS m
    FROM customers_portrait AS row JOIN customers_customer AS customer ON customer.id = row.customer_id
    WHERE row.paid_count > 0 AND customer.merged_into_id IS NULL
), named AS (
    SELECT customer_id, r, f, m, CASE
        WHEN m >= 3 THEN CASE WHEN r >= 3 THEN CASE WHEN f >= 3 THEN 'champion' ELSE 'develop' END
                              ELSE CASE WHEN f >= 3 THEN 'keep' ELSE 'rescue' END END
        ELSE CASE WHEN r >= 3 THEN CASE WHEN f >= 3 THEN 'regular' ELSE 'new' END
                  ELSE CASE WHEN f >= 3 THEN 'fading' ELSE 'past' END END END AS segment
    FROM ranked
)
UPDATE customers_portrait AS row SET recency = named.r, frequency = named.f, monetary = named.m, rfm = named.segment
FROM named WHERE named.customer_id = row.customer_id
    AND (row.recency, row.frequency, row.monetary, row.rfm) IS DISTINCT FROM
        (named.r::smallint, named.f::smallint, named.m::smallint, named.segment)
"""
_NOT_BUYING = """
UPDATE customers_portrait SET recency = NULL, frequency = NULL, monetary = NULL, rfm = '' WHERE paid_count = 0 AND rfm <> ''
"""
_DIRTY = """
SELECT customer.id FROM customers_customer AS customer
LEFT JOIN customers_portrait AS row ON row.customer_id = customer.id
LEFT JOIN customers_activity AS activity ON activity.customer_id = customer.id
WHERE customer.merged_into_id IS NULL AND (row.computed_at IS NULL OR activity.last_seen_at > row.computed_at - interval '1 day'
    OR EXISTS (SELECT 1 FROM ({purchases}) AS purchase WHERE purchase.customer_id = customer.id
               AND purchase.paid_at > row.computed_at - interval '1 day'))
ORDER BY customer.id
"""


def _sql(statement: str) -> str:
    """A statement with what the apps above know put in."""
    for name, path in settings.PROFILE_SOURCES.items():
        statement = statement.replace(f"{{{name}}}", import_string(path))
    return statement


def refresh_profiles(customer_ids: list[int]) -> None:
    """Compute everything about these customers anew but their RFM, which depends on all buyers."""
    now = clock.now()
    named: dict[str, Any] = {
        "ids": sorted(customer_ids), "now": now, "kept": KEPT, "since": now - dt.timedelta(days=INTEREST_DAYS),
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in (_ROWS, _FACTS, _SOURCES, _PREFERENCES):
            cursor.execute(_sql(statement), named)
        _move_stages(now, named["ids"])


def _move_stages(now: dt.datetime, customer_ids: list[int] | None) -> int:
    """Who is in another stage than computed last goes there, with a dated transition and a fact. What staff set by hand
    stays until the facts lead somewhere else."""
    named: dict[str, Any] = {
        "now": now, "today": clock.shanghai_date(now), "all": customer_ids is None, "ids": customer_ids or [],
        "quiet": now - dt.timedelta(days=QUIET_DAYS), "lost": now - dt.timedelta(days=LOST_DAYS),
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_sql(_STAGES), named)
        moved = cursor.fetchall()
        stamp = int(now.timestamp())
        record_many([Dated(StageChanged(*row), f"stage.changed:{row[0]}:{stamp}", now) for row in moved])
    return len(moved)


@job(Lane.BULK, coalesce=True)
def refresh_all_profiles() -> None:
    """Nightly: those about whom something is new, in batches; then what depends on the day or on everybody."""
    with connection.cursor() as cursor:
        cursor.execute(_sql(_DIRTY))
        ids = [row[0] for row in cursor.fetchall()]
    now = clock.now()
    for start in range(0, len(ids), BATCH):
        enqueue(refresh_profile_batch, key=f"{now.isoformat()}:{start}", customer_ids=ids[start : start + BATCH])
    enqueue(finish_profiles, key=now.isoformat())


@job(Lane.BULK)
def refresh_profile_batch(customer_ids: list[int]) -> None:
    """One batch of the nightly run."""
    refresh_profiles(customer_ids)


@job(Lane.BULK)
def finish_profiles() -> None:
    """Stages that change with the day alone, RFM among all buyers, children who grew older."""
    now = clock.now()
    _move_stages(now, None)
    with connection.cursor() as cursor:
        cursor.execute(_RFM)
        cursor.execute(_NOT_BUYING)
    derive_child_ages()
