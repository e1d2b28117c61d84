"""How data gets in: per source its mode, last event, volume, errors; dead letters; identity numbers."""

import dataclasses
import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils.translation import gettext_lazy

from core.choices import JobState
from core.models import Job
from gateways.queries import token_lives


@dataclasses.dataclass
class SourceCard:
    """One source. `volume` counts per hour over the last 24 hours, oldest first; `error_ratio` from 0 to 1."""

    name: str
    label: Any
    icon: str
    mode: str
    last_at: dt.datetime | None = None
    volume: list[int] = dataclasses.field(default_factory=list)
    errors: int = 0
    calls: int = 0
    token_seconds: float | None = None

    @property
    def total(self) -> int:
        """Everything in the last 24 hours."""
        return sum(self.volume)

    @property
    def token_minutes(self) -> int | None:
        """Minutes until the access token that is kept is renewed; None when none is."""
        return None if self.token_seconds is None else int(self.token_seconds // 60)

    @property
    def error_ratio(self) -> float:
        """Failed calls of all calls in the last 24 hours."""
        return self.errors / self.calls if self.calls else 0.0


_HOURS = "generate_series(date_trunc('hour', now()) - interval '23 hours', date_trunc('hour', now()), interval '1 hour') AS hour"
_EVENTS = f"""
WITH counted AS MATERIALIZED (
    SELECT source, date_trunc('hour', recorded_at) AS hour, count(*) AS events, max(recorded_at) AS last_at FROM core_event
    WHERE recorded_at > now() - interval '24 hours' GROUP BY 1, 2
)
SELECT source, array_agg(coalesce(events, 0) ORDER BY hour), max(last_at)
FROM (SELECT DISTINCT source FROM counted) AS sources CROSS JOIN {_HOURS} LEFT JOIN counted USING (source, hour) GROUP BY 1
"""  # noqa: S608 - constants only
_CALLS = f"""
SELECT vendors.vendor, array_agg(coalesce(counted.calls, 0) ORDER BY hour), max(counted.last_at),
       sum(counted.calls), sum(counted.failed)
FROM (SELECT DISTINCT vendor FROM gateways_gatewaycall WHERE started_at > now() - interval '24 hours') AS vendors
CROSS JOIN {_HOURS} LEFT JOIN (
    SELECT vendor, date_trunc('hour', started_at) AS hour, count(*) AS calls, max(started_at) AS last_at,
           count(*) FILTER (WHERE outcome NOT IN ('ok', 'waiting')) AS failed
    FROM gateways_gatewaycall WHERE started_at > now() - interval '24 hours' GROUP BY 1, 2
) AS counted USING (vendor, hour) GROUP BY 1
"""  # noqa: S608 - constants only

EVENT_SOURCES = {"mini": (gettext_lazy("Mini-program events"), "smartphone"), "app": (gettext_lazy("Our own system"), "database")}
VENDORS = {
    "wecom": (gettext_lazy("WeCom"), "message-circle"),
    "mini": (gettext_lazy("Mini-program platform"), "smartphone"),
    "pay": (gettext_lazy("WeChat Pay"), "wallet"),
    "sms": (gettext_lazy("SMS"), "message-square"),
    "llm": (gettext_lazy("Language model"), "sparkles"),
}


KEPT_SECONDS = 300  # numbers that read a day's events, or every identity


def _events() -> dict[str, tuple[list[int], dt.datetime]]:
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS)
        return {source: (volume, last_at) for source, volume, last_at in cursor.fetchall()}


def source_cards() -> list[SourceCard]:
    """A card per source of events and per vendor, also for those that were silent: two queries, events every five minutes."""
    cards: list[SourceCard] = []
    events = cache.get_or_set("data.events", _events, KEPT_SECONDS) or {}
    with connection.cursor() as cursor:
        cursor.execute(_CALLS)
        calls = {vendor: rest for vendor, *rest in cursor.fetchall()}
    lives = token_lives()
    for source, (label, icon) in EVENT_SOURCES.items():
        volume, last_at = events.get(source, ([0] * 24, None))
        cards.append(
            SourceCard(f"events-{source}", label, icon, "live" if source == "app" else settings.PLATFORM_MODE, last_at, volume)
        )
    for vendor, (label, icon) in VENDORS.items():
        volume, last_at, total, failed = calls.get(vendor, ([0] * 24, None, 0, 0))
        mode = "off" if vendor == "llm" and not settings.VENDORS["LLM_BASE_URL"] else settings.PLATFORM_MODE
        cards.append(SourceCard(vendor, label, icon, mode, last_at, volume, int(failed or 0), int(total or 0), lives.get(vendor)))
    return cards


_TROUBLE = """
SELECT (SELECT count(*) FROM core_job WHERE state = 'failed'),
       (SELECT count(*) FROM gateways_inboundcallback WHERE processed_at IS NULL),
       (SELECT count(*) FROM core_job WHERE state = 'pending' AND run_at <= now()),
       (SELECT coalesce(json_object_agg(lane, seconds), '{}') FROM (
            SELECT lane, extract(epoch FROM clock_timestamp() - min(run_at)) AS seconds FROM core_job
            WHERE state = 'pending' AND run_at <= clock_timestamp() GROUP BY lane
       ) AS late),
       (SELECT coalesce(json_agg(json_build_array(name, page)), '[]') FROM (
            SELECT child.oid::regclass::text AS name,
                   greatest(0, pg_relation_size(child.oid) / current_setting('block_size')::int - 40) AS page
            FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
            WHERE inhparent = 'core_event'::regclass AND pg_relation_size(child.oid) > 0 ORDER BY child.relname DESC LIMIT 3
       ) AS newest)
"""
_IDENTITIES = """
SELECT count(*), count(*) FILTER (WHERE is_joined), count(*) FILTER (WHERE has_friend), count(*) FILTER (WHERE has_phone),
    (SELECT count(*) FROM customers_merge WHERE undone_at IS NULL),
    (SELECT count(*) FROM customers_merge WHERE undone_at IS NOT NULL),
    (SELECT count(*) FROM customers_mergereview WHERE state = 'open'),
    (SELECT count(*) FROM customers_mergereview WHERE state = 'different') FROM (
    SELECT customer_id, min(kind) <> max(kind) AS is_joined, bool_or(kind = 'external_userid') AS has_friend,
           bool_or(kind = 'phone') AS has_phone
    FROM customers_identity GROUP BY customer_id) AS person
"""


def trouble() -> dict[str, Any]:
    """Failed jobs, callbacks not worked on yet, waiting jobs, the oldest due job's age per lane, and where the log's newest
    facts stand: (partition, page) for `live_tail`."""
    with connection.cursor() as cursor:
        cursor.execute(_TROUBLE)
        failed, callbacks, waiting, lag, newest = cursor.fetchone()
    return {
        "failed": failed,
        "callbacks": callbacks,
        "waiting": waiting,
        "lag": {lane: round(age, 1) for lane, age in lag.items()},
        "newest": [(name, page) for name, page in newest],
    }


def identity_numbers() -> dict[str, Any]:
    """People with any identity; known on several platforms; WeCom friends; with a verified phone; records merged into
    another, merges undone, pairs that wait, pairs said to be two people; `merge_ratio`: the share of all records that turned
    out to be somebody known (0 to 1). At most five minutes old."""
    return cache.get_or_set("data.identities", _identities, KEPT_SECONDS) or _identities()


def _identities() -> dict[str, Any]:
    names = ("people", "joined", "friends", "phones", "merged", "unmerged", "conflicts", "different")
    with connection.cursor() as cursor:
        cursor.execute(_IDENTITIES)
        found: dict[str, Any] = dict(zip(names, cursor.fetchone(), strict=True))
    records = found["people"] + found["merged"]
    return {**found, "merge_ratio": found["merged"] / records if records else 0.0}


_DIGITS = re.compile(r"\d{7,}")


def failed_jobs(most: int = 20) -> list[dict[str, Any]]:
    """The newest jobs that failed for good: what they did and the last line of why, long numbers blotted out."""
    rows = Job.objects.filter(state=JobState.FAILED).order_by("-finished_at").values("id", "function", "finished_at", "error")
    return [{**row, "name": ".".join(row["function"].rsplit(".", 2)[-2:]), "error": _why(row["error"])} for row in rows[:most]]


def _why(error: str) -> str:
    return _DIGITS.sub("*******", error.strip().split("\n")[-1][:160])


# The log is only ever appended to, so what came last stands in the last pages of its newest partitions: reading those
# costs the same however long the log is, and no event pays for an index that only this page would use.
_TAIL = """
(SELECT occurred_at, kind, source, customer_id, props::text, recorded_at FROM {}
 WHERE ctid >= %s::tid AND kind <> 'customer.active' ORDER BY ctid DESC LIMIT 25)
"""


def live_tail(newest: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """The newest facts as they stand in the log: ids and plain facts, nothing personal. `newest` as `trouble` tells it."""
    if not newest:
        return []
    parts = " UNION ALL ".join(_TAIL.format(name) for name, _page in newest)  # the catalogue's own quoted names
    with connection.cursor() as cursor:
        statement = f"SELECT * FROM ({parts}) AS newest ORDER BY recorded_at DESC, occurred_at DESC LIMIT 25"  # noqa: S608
        cursor.execute(statement, [f"({page},0)" for _name, page in newest])
        names = ("at", "kind", "source", "customer_id", "props")
        return [dict(zip(names, row[:5], strict=True)) for row in cursor.fetchall()]
