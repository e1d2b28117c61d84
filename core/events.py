"""The log of facts: append once, and remember in the same transaction who must hear of it."""

import dataclasses
import datetime as dt
import functools
import json
import uuid
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from core import clock, doorbell
from core.choices import Lane
from core.event_types import Fact, to_props

_NAMESPACE = uuid.UUID("6f0c7c9e-4a52-4d0e-9a58-5d3c9a1f7b10")


@dataclasses.dataclass(frozen=True)
class Subscription:
    """Who hears of a fact: `handler` is the dotted path of an `on_<fact>` function, called with the fact.

    `coalesce` gives one waiting job per customer instead of one per fact: for handlers that recompute.
    `batch` handlers take a list of facts.
    """

    handler: str
    lane: str = Lane.USUAL
    coalesce: bool = False
    batch: bool = False


@functools.cache
def subscriptions() -> dict[str, tuple[Subscription, ...]]:
    """Fact kind -> subscriptions, from the table that settings.SUBSCRIPTIONS names."""
    table: dict[type[Fact], Iterable[str | Subscription]] = import_string(settings.SUBSCRIPTIONS)
    return {
        fact_type.kind: tuple(entry if isinstance(entry, Subscription) else Subscription(entry) for entry in entries)
        for fact_type, entries in table.items()
    }


@functools.cache
def subscription_of(handler: str) -> Subscription | None:
    """The subscription of a handler's dotted path, if it has one."""
    return next((entry for entries in subscriptions().values() for entry in entries if entry.handler == handler), None)


def event_key(text: str) -> uuid.UUID:
    """The uuid under which a fact with this text key is stored."""
    return uuid.uuid5(_NAMESPACE, text)


# The lock makes "append once" strict although the table is partitioned by time: two writers of one key queue up.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))"
_APPEND = """
INSERT INTO core_event (key, occurred_at, kind, customer_id, props, source, recorded_at)
VALUES (%s, %s, %s, %s, %s::jsonb, %s, clock_timestamp())
"""
_KNOWN = "SELECT 1 FROM core_event WHERE key = %s AND kind = %s LIMIT 1"


def record(
    fact: Fact, *, key: str, customer_id: int | None = None, occurred_at: dt.datetime | None = None, source: str = "app"
) -> bool:
    """Append a fact once and enqueue one job per subscriber, in the caller's transaction.

    `key` names the fact for ever ("order.paid:77"). False, and nothing written, when it is known already.
    `customer_id` defaults to the fact's own field of that name.
    """
    customer = customer_id if customer_id is not None else getattr(fact, "customer_id", None)
    props = to_props(fact)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, [key])
        cursor.execute(_KNOWN, [event_key(key), fact.kind])
        if cursor.fetchone():
            return False
        cursor.execute(
            _APPEND,
            [event_key(key), occurred_at or clock.now(), fact.kind, customer, json.dumps(props), source],
        )
        _tell(fact.kind, key, customer, props)
    return True


def _tell(kind: str, key: str, customer_id: int | None, props: dict[str, object]) -> None:
    entries = subscriptions().get(kind, ())
    if not entries:
        return
    rows = [
        (entry.lane, entry.handler, job_key(entry, key, customer_id), json.dumps({"fact": kind, "props": props}), entry.coalesce)
        for entry in entries
    ]
    _insert_jobs(rows)
    for lane in {entry.lane for entry in entries}:
        doorbell.ring_after_commit(lane)


def _insert_jobs(rows: Sequence[tuple[str, str, str, str, bool]]) -> None:
    """One statement: `executemany` breaks inside pghistory's context, which every request has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_job (lane, function, key, args, coalesce)"
            " SELECT lane, function, key, args::jsonb, coalesces"
            " FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bool[])"
            " AS job (lane, function, key, args, coalesces) ON CONFLICT (key) DO NOTHING",
            [list(column) for column in zip(*rows, strict=True)],
        )


_LOCK_KIND = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 8))"
_APPEND_MANY = """
INSERT INTO core_event (key, occurred_at, kind, customer_id, props, source, recorded_at)
SELECT fact.key, fact.occurred_at, %(kind)s, fact.customer_id, fact.props::jsonb, %(source)s, clock_timestamp()
FROM unnest(%(keys)s::uuid[], %(moments)s::timestamptz[], %(customers)s::bigint[], %(props)s::text[])
    AS fact (key, occurred_at, customer_id, props)
WHERE NOT EXISTS (SELECT 1 FROM core_event AS known WHERE known.key = fact.key AND known.kind = %(kind)s)
RETURNING key
"""


@dataclasses.dataclass(frozen=True)
class Dated:
    """A fact with its key and the moment it happened, for `record_many`."""

    fact: Fact
    key: str
    occurred_at: dt.datetime


def record_many(facts: Sequence[Dated], *, source: str = "app") -> int:
    """`record` for many facts of one kind in two statements; the number of new ones.

    Keys known already add nothing. Two bulk writers of one kind queue up; a single `record` of the same key at the
    same moment does not: one kind has one writer.
    """
    if not facts:
        return 0
    kind = facts[0].fact.kind
    by_key = {event_key(item.key): item for item in facts}
    customers = [getattr(item.fact, "customer_id", None) for item in by_key.values()]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK_KIND, [kind])
        cursor.execute(
            _APPEND_MANY,
            {
                "kind": kind, "source": source, "keys": list(by_key), "customers": customers,
                "moments": [item.occurred_at for item in by_key.values()],
                "props": [json.dumps(to_props(item.fact)) for item in by_key.values()],
            },
        )  # fmt: skip
        fresh = [by_key[uuid.UUID(str(row[0]))] for row in cursor.fetchall()]
        _tell_many(kind, fresh)
    return len(fresh)


def _tell_many(kind: str, facts: list[Dated]) -> None:
    entries = subscriptions().get(kind, ())
    rows = [
        (entry.lane, entry.handler, job_key(entry, item.key, getattr(item.fact, "customer_id", None)),
         json.dumps({"fact": kind, "props": to_props(item.fact)}), entry.coalesce)
        for entry in entries
        for item in facts
    ]  # fmt: skip
    if not rows:
        return
    _insert_jobs(rows)
    for lane in {entry.lane for entry in entries}:
        doorbell.ring_after_commit(lane)


def job_key(entry: Subscription, key: str, customer_id: int | None) -> str:
    """A subscriber's job key: per fact, or per customer where the handler recomputes."""
    return f"{entry.handler}:{f'customer:{customer_id}' if entry.coalesce else key}"[:200]
