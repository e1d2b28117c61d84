"""The figures that lists sort and filter by, written set-based from what the apps above know."""

from collections.abc import Callable, Collection

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from core.choices import Lane
from core.jobs import job

_NAMES = {"value_amount": "numeric", "last_touch_at": "timestamptz", "next_task_at": "timestamptz"}
# Who has no row is merged away: whoever is born gets one by a trigger.
_WRITE = """
WITH figure AS MATERIALIZED (
    SELECT customer_id, coalesce(max(value_amount), 0) AS value_amount, max(last_touch_at) AS last_touch_at,
        min(next_task_at) AS next_task_at, max(seen_at) AS seen_at
    FROM ({parts}) AS found (customer_id, value_amount, last_touch_at, next_task_at, seen_at) GROUP BY customer_id
), locked AS MATERIALIZED (
    SELECT customer_id FROM customers_standing WHERE {only} ORDER BY customer_id FOR UPDATE
)
UPDATE customers_standing AS held SET value_amount = wanted.value_amount, last_touch_at = wanted.last_touch_at,
    next_task_at = wanted.next_task_at, seen_at = wanted.seen_at
FROM (
    SELECT customer.id AS customer_id, coalesce(figure.value_amount, 0) AS value_amount, figure.last_touch_at,
        figure.next_task_at, coalesce(figure.seen_at, customer.created_at) AS seen_at
    FROM locked JOIN customers_customer AS customer ON customer.id = locked.customer_id
    LEFT JOIN figure ON figure.customer_id = customer.id
) AS wanted
WHERE held.customer_id = wanted.customer_id AND (held.value_amount, held.last_touch_at, held.next_task_at, held.seen_at)
    IS DISTINCT FROM (wanted.value_amount, wanted.last_touch_at, wanted.next_task_at, wanted.seen_at)
"""
_SEEN = (
    "SELECT customer_id, NULL::numeric, NULL::timestamptz, NULL::timestamptz, last_seen_at FROM customers_activity WHERE {only}"
)
# The log tells who was active by the time of arrival, so that events sent late count too.
_FOLLOW = """
UPDATE customers_standing AS held SET seen_at = activity.last_seen_at
FROM (
    SELECT activity.customer_id, activity.last_seen_at FROM customers_activity AS activity
    JOIN customers_standing AS row ON row.customer_id = activity.customer_id
    WHERE activity.customer_id IN (
        SELECT customer_id FROM core_event WHERE recorded_at > now() - make_interval(secs => %s) AND customer_id IS NOT NULL
    ) AND row.seen_at <> activity.last_seen_at
    ORDER BY activity.customer_id FOR UPDATE OF row
) AS activity
WHERE held.customer_id = activity.customer_id
"""
FOLLOW_SECONDS = 300  # the job runs every few seconds; what a longer standstill missed, the night makes good


def refresh_standing(customer_ids: Collection[int] | None = None) -> int:
    """Compute the figures of these customers (None: of everybody) anew; the number of rows that changed. One statement."""
    if customer_ids is not None and not customer_ids:
        return 0
    only = "true" if customer_ids is None else "customer_id = ANY(%(ids)s)"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_statement(only), {"ids": sorted(customer_ids or ())})
        return int(cursor.rowcount)


def _statement(only: str) -> str:
    parts = [_SEEN.replace("{only}", only)]
    for name, path in settings.CUSTOMER_STANDING.items():
        figure: Callable[[str], str] = import_string(path)
        columns = ", ".join("figure" if one == name else f"NULL::{kind}" for one, kind in _NAMES.items())
        parts.append(f"SELECT customer_id, {columns}, NULL::timestamptz FROM ({figure(only)}) AS found")  # noqa: S608 - our own text
    return _WRITE.replace("{parts}", " UNION ALL ".join(parts)).replace("{only}", only)


@job(Lane.USUAL, coalesce=True)
def follow_activity() -> int:
    """Carry the last sign of life of everybody active lately into their standing; how many rows changed."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FOLLOW, [FOLLOW_SECONDS])
        return int(cursor.rowcount)


@job(Lane.BULK, coalesce=True)
def refresh_all_standings() -> None:
    """Every night: what was paid more than twelve months ago no longer counts, and whatever was missed is made good."""
    refresh_standing()
