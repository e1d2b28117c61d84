"""The log of facts: append once, and remember in the same transaction who must hear of it."""

import dataclasses
import datetime as dt
import functools
import json
import uuid
from collections.abc import Iterable

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
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO core_job (lane, function, key, args, coalesce) VALUES (%s, %s, %s, %s::jsonb, %s)"
            " ON CONFLICT (key) DO NOTHING",
            rows,
        )
    for lane in {entry.lane for entry in entries}:
        doorbell.ring_after_commit(lane)


def job_key(entry: Subscription, key: str, customer_id: int | None) -> str:
    """A subscriber's job key: per fact, or per customer where the handler recomputes."""
    return f"{entry.handler}:{f'customer:{customer_id}' if entry.coalesce else key}"[:200]
