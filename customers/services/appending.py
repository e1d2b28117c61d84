"""Facts that other systems told us, appended to the log once: many in one statement, whoever sent them."""

import dataclasses
import datetime as dt
import json
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from core import doorbell
from core.event_types import CustomerActive
from core.events import subscriptions

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 9))"
_APPEND = """
INSERT INTO core_event (key, occurred_at, kind, customer_id, props, source, recorded_at)
SELECT sent.key, sent.occurred_at, sent.kind, sent.customer_id, sent.props::jsonb, %(source)s, clock_timestamp()
FROM unnest(%(keys)s::uuid[], %(moments)s::timestamptz[], %(kinds)s::text[], %(customers)s::bigint[], %(props)s::text[])
    AS sent (key, occurred_at, kind, customer_id, props)
WHERE NOT EXISTS (SELECT 1 FROM core_event AS known WHERE known.key = sent.key)
RETURNING key
"""
_SEEN = """
INSERT INTO customers_activity AS row (customer_id, first_seen_at, last_seen_at, event_count)
SELECT customer_id, min(at), max(at), count(*) FROM unnest(%s::bigint[], %s::timestamptz[]) AS seen (customer_id, at)
GROUP BY customer_id ORDER BY customer_id
ON CONFLICT (customer_id) DO UPDATE SET first_seen_at = least(row.first_seen_at, EXCLUDED.first_seen_at),
    last_seen_at = greatest(row.last_seen_at, EXCLUDED.last_seen_at), event_count = row.event_count + EXCLUDED.event_count
"""
_HOMES = """
INSERT INTO customers_eventhome (key, occurred_at, home_id)
SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::bigint[]) ON CONFLICT DO NOTHING
"""
_TELL = """
INSERT INTO core_job (lane, function, key, args, coalesce)
SELECT sub.lane, sub.handler, left(sub.handler || ':customer:' || customer_id, 200),
       jsonb_build_object('fact', 'customer.active', 'props', jsonb_build_object('customer_id', customer_id)), true
FROM unnest(%s::bigint[]) AS active (customer_id) CROSS JOIN unnest(%s::text[], %s::text[]) AS sub (lane, handler)
GROUP BY 1, 2, 3, 4 ORDER BY 3 ON CONFLICT (key) DO NOTHING
"""
_NAMESPACE = uuid.UUID("0c1f6f0a-6a55-4d3b-9c55-2f1f6f7f2f11")


@dataclasses.dataclass(frozen=True)
class Told:
    """One fact as another system told it; `customer_id` is None where nobody in particular is meant.

    `home_id` as in Identity: whose keys it came under, where a merge has moved them since; undoing it takes the fact home.
    """

    key: uuid.UUID
    kind: str
    at: dt.datetime
    customer_id: int | None
    props: dict[str, Any]
    home_id: int | None = None


def told_key(source: str, item_id: str) -> uuid.UUID:
    """The key in the log of an item that a source calls `item_id`: the same for ever, whatever its time."""
    return uuid.uuid5(_NAMESPACE, f"{source}\x00{item_id}")


def append_told(facts: Sequence[Told], *, source: str) -> set[uuid.UUID]:
    """Append facts that are new, note the customers' activity and wake who listens; the keys of the new ones.

    Writers of one source queue up, so that "once" is strict although the log is partitioned by time.
    """
    by_key = {fact.key: fact for fact in facts}
    if not by_key:
        return set()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, [source])
        cursor.execute(
            _APPEND,
            {
                "source": source, "keys": list(by_key), "moments": [fact.at for fact in by_key.values()],
                "kinds": [fact.kind for fact in by_key.values()], "customers": [fact.customer_id for fact in by_key.values()],
                "props": [json.dumps(fact.props, ensure_ascii=False) for fact in by_key.values()],
            },
        )  # fmt: skip
        fresh = {row[0] for row in cursor.fetchall()}
        homes = [(key, by_key[key].at, home_id) for key in fresh if (home_id := by_key[key].home_id) is not None]
        if homes:
            cursor.execute(_HOMES, [list(column) for column in zip(*homes, strict=True)])
        seen = [(customer_id, fact.at) for key in fresh if (customer_id := (fact := by_key[key]).customer_id) is not None]
        if seen:
            cursor.execute(_SEEN, [list(column) for column in zip(*seen, strict=True)])
            wake_listeners(cursor, [customer_id for customer_id, _at in seen])
    return fresh


def wake_listeners(cursor: CursorWrapper, customer_ids: Sequence[int]) -> None:
    """One waiting job per customer for whoever hears of customer.active, and the bell after commit."""
    listeners = subscriptions().get(CustomerActive.kind, ())
    if not listeners:
        return
    cursor.execute(_TELL, [list(customer_ids), [entry.lane for entry in listeners], [entry.handler for entry in listeners]])
    for lane in {entry.lane for entry in listeners}:
        doorbell.ring_after_commit(lane)
