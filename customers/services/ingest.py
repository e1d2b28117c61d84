"""Behaviour events into the log: many requests in one transaction, durable before anyone is answered.

One COPY straight into the log, one upsert of the customers' activity rows, and one coalesced job per customer for
every subscriber of customer.active. COPY appends many rows at a time, which INSERT ... ON CONFLICT does not: it costs
half. An event that the log holds already collides with its unique key; then (or when this process remembers the
request) the batch is looked up first and written without what is known. Most requests are new, and pay no look.
"""

import dataclasses
import datetime as dt
import itertools
import logging

import psycopg
from django.db import DatabaseError, IntegrityError, OperationalError, connection

from core import doorbell
from core.event_types import CustomerActive
from core.events import subscriptions
from customers.rules import Item

logger = logging.getLogger(__name__)

ACCEPTED, DUPLICATE, REJECTED = "accepted", "duplicate", "rejected"
# Deadlock, serialization failure, or an event that is stored already: look, and try again.
TRY_AGAIN = {"40P01", "40001", "23505"}
ATTEMPTS = 6


@dataclasses.dataclass(slots=True)
class Request:
    """One request's worth of events. Filled in here: whose token it is (None: nobody's), and a status per event;
    a rejected event's `item.code` says why. Without a token the caller says whose events these are, a visitor's being
    the negative of the visitor's id."""

    token_hash: bytes
    items: list[Item]
    source: str = "mini"
    customer_id: int | None = None
    home_id: int | None = None
    statuses: list[str] = dataclasses.field(default_factory=list)


_TOKENS = """
SELECT token.token_hash, token.customer_id, customer.public_id, token.home_id
FROM customers_membertoken token JOIN customers_customer customer ON customer.id = token.customer_id
WHERE token.token_hash = ANY(%s) AND token.expires_at > now()
"""
_HOMES = """
INSERT INTO customers_eventhome (key, occurred_at, home_id)
SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::bigint[]) ON CONFLICT DO NOTHING
"""
# One index probe per event, whatever the planner thinks of the table's size.
_KNOWN = """
SELECT sent.place FROM unnest(%s::uuid[], %s::timestamptz[]) WITH ORDINALITY AS sent(key, occurred_at, place)
CROSS JOIN LATERAL (SELECT 1 FROM core_event WHERE key = sent.key AND occurred_at = sent.occurred_at LIMIT 1) AS known
"""
_COPY = "COPY core_event (key, kind, occurred_at, props, customer_id, source) FROM STDIN"
_SEEN = """
INSERT INTO customers_activity AS row (customer_id, first_seen_at, last_seen_at, event_count)
SELECT customer_id, min(first_at), max(last_at), sum(events)
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::integer[]) AS seen(customer_id, first_at, last_at, events)
GROUP BY customer_id ORDER BY customer_id
ON CONFLICT (customer_id) DO UPDATE SET first_seen_at = least(row.first_seen_at, EXCLUDED.first_seen_at),
    last_seen_at = greatest(row.last_seen_at, EXCLUDED.last_seen_at), event_count = row.event_count + EXCLUDED.event_count
"""
_TELL = """
INSERT INTO core_job (lane, function, key, args, coalesce)
SELECT sub.lane, sub.handler, left(sub.handler || ':customer:' || customer_id, 200),
       jsonb_build_object('fact', 'customer.active', 'props', jsonb_build_object('customer_id', customer_id)), true
FROM unnest(%s::bigint[]) AS active(customer_id) CROSS JOIN unnest(%s::text[], %s::text[]) AS sub(lane, handler)
GROUP BY 1, 2, 3, 4 ORDER BY 3 ON CONFLICT (key) DO NOTHING
"""


class RecentRequests:
    """The requests of the last while, by their first and last event: who sends again within it is looked up before
    writing. A hint only, it may forget: the log's unique key is what keeps an event from being stored twice."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._new: set[str] = set()
        self._old: set[str] = set()

    def knows(self, request: Request) -> bool:
        """Whether a request that begins or ends like this one was stored lately."""
        return any(key in self._new or key in self._old for key in _ends(request))

    def add(self, request: Request) -> None:
        """Remember it; half of the memory is dropped when full."""
        self._new.update(_ends(request))
        if len(self._new) >= self._limit:
            self._old, self._new = self._new, set()


def _ends(request: Request) -> set[str]:
    return {item.id for item in (*request.items[:1], *request.items[-1:])}


_recent = RecentRequests(limit=50_000)
Place = tuple[Request, int]  # an event: whose request, and where in it


def ingest(requests: list[Request]) -> None:
    """Store the events of many requests in one transaction and fill in their statuses.

    When Postgres refuses the batch, the requests are stored one by one, then item by item, so that one poisonous
    event costs only itself. An OperationalError (Postgres away) is raised: nothing was accepted.
    """
    look = any(_recent.knows(request) for request in requests)
    for _ in range(ATTEMPTS):
        try:
            _store(requests, look=look)
            break
        except (OperationalError, IntegrityError) as error:
            if getattr(error.__cause__, "sqlstate", None) not in TRY_AGAIN:
                raise
            look = True
        except DatabaseError:
            logger.warning(
                "a batch of %s requests was refused by Postgres; storing them one by one", len(requests), exc_info=True
            )
            _store_apart(requests)
            break
    else:
        _store_apart(requests)
    for request in requests:
        _recent.add(request)


def _store_apart(requests: list[Request]) -> None:
    for request in requests:
        try:
            _store([request], look=True)
        except OperationalError:
            raise
        except DatabaseError:
            _store_items(request)


def _store_items(request: Request) -> None:
    statuses = []
    for item in request.items:
        single = Request(request.token_hash, [item], request.source)
        try:
            _store([single], look=True)
        except OperationalError:
            raise
        except DatabaseError:
            item.code = "malformed"
            single.statuses = [REJECTED]
        statuses += single.statuses
    request.statuses = statuses


def _store(requests: list[Request], *, look: bool) -> None:
    """One transaction; `look`: ask first which of the events the log holds already.

    Below Django's cursor, whose wrappers cost as much as the work: prepared statements on the connection itself.
    """
    connection.ensure_connection()
    driver: psycopg.Connection = connection.connection
    with connection.wrap_database_errors, driver.transaction(), psycopg.Cursor(driver) as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on", prepare=True)
        found = cursor.execute(_TOKENS, [list({request.token_hash for request in requests})], prepare=True).fetchall()
        owners = {bytes(token): (owner, str(public_id), home) for token, owner, public_id, home in found}
        places = _acceptable(requests, owners)
        if any(REJECTED in request.statuses for request in requests):
            places = _follow_aliases(cursor, requests, owners)
        if places and look:
            _mark_known(cursor, places)
        lanes = _append(cursor, requests) if places else set()
    for lane in lanes:
        doorbell.ring_after_commit(lane)


Owners = dict[bytes, tuple[int, str, int | None]]  # token -> (customer, public id, home)


def _follow_aliases(cursor: psycopg.Cursor, requests: list[Request], owners: Owners) -> list[Place]:
    """Events under the public id of a record that was merged into the sender are the sender's."""
    for request in requests:
        strange = [item for item in request.items if item.code == "unknown_customer"]
        mine = _merged_into(cursor, request.customer_id) if strange else set()
        for item in strange:
            if item.customer in mine:
                item.code, item.customer = "", None
    return _acceptable(requests, owners)


_MERGED_INTO = """
WITH RECURSIVE family (id) AS (
    VALUES (%s::bigint)
    UNION ALL SELECT absorbed.id FROM customers_customer AS absorbed JOIN family ON absorbed.merged_into_id = family.id
) SELECT customer.public_id::text FROM customers_customer AS customer JOIN family USING (id)
"""


def _merged_into(cursor: psycopg.Cursor, customer_id: int | None) -> set[str]:
    cursor.execute(_MERGED_INTO, [customer_id])
    return {public_id for (public_id,) in cursor.fetchall()}


def _acceptable(requests: list[Request], owners: Owners) -> list[Place]:
    """First verdict on every event; where the acceptable ones stand. Repeats within the batch are caught here."""
    places: list[Place] = []
    met: set[str] = set()
    for request in requests:
        if request.token_hash:
            request.customer_id, public_id, request.home_id = owners.get(request.token_hash, (None, "", None))
        else:
            public_id = ""
        if request.customer_id is None:
            request.statuses = []
            continue
        ids = {item.id for item in request.items if not item.code and item.customer is None}
        if len(ids) == len(request.items) and met.isdisjoint(ids):  # nearly always: nothing to say about any of them
            met |= ids
            request.statuses = [ACCEPTED] * len(ids)
            places += zip(itertools.repeat(request), range(len(ids)))
            continue
        request.statuses = statuses = [_status(item, public_id, met) for item in request.items]
        places += [(request, index) for index, status in enumerate(statuses) if status is ACCEPTED]
    return places


def _status(item: Item, public_id: str, met: set[str]) -> str:
    if item.customer is not None and item.customer != public_id and not item.code:
        item.code = "unknown_customer"
    if item.code:
        return REJECTED
    if item.id in met:
        return DUPLICATE
    met.add(item.id)
    return ACCEPTED


def _mark_known(cursor: psycopg.Cursor, places: list[Place]) -> None:
    """Events that the log holds already become duplicates."""
    items = [request.items[index] for request, index in places]
    keys = ",".join([item.id for item in items])
    moments = b",".join([item.moment for item in items]).decode()
    cursor.execute(_KNOWN, [f"{{{keys}}}", f"{{{moments}}}"], prepare=True)
    for (place,) in cursor.fetchall():
        request, index = places[place - 1]
        request.statuses[index] = DUPLICATE


def _append(cursor: psycopg.Cursor, requests: list[Request]) -> set[str]:
    """Write what is still accepted; the lanes that have work now."""
    rows: list[bytes] = []
    seen: list[tuple[int, dt.datetime, dt.datetime, int]] = []
    for request in requests:
        fresh = [item for item, status in zip(request.items, request.statuses, strict=False) if status == ACCEPTED]
        if not fresh or request.customer_id is None:
            continue
        tail = f"\t{request.customer_id}\t{request.source}\n".encode()
        rows += [item.row + tail for item in fresh]
        moments = [item.at for item in fresh if item.at]
        if request.customer_id > 0:
            seen.append((request.customer_id, min(moments), max(moments), len(fresh)))
    if not rows:
        return set()
    with cursor.copy(_COPY) as copy:
        copy.write(b"".join(rows))
    if not seen:
        return set()
    cursor.execute(_SEEN, [list(column) for column in zip(*seen, strict=True)], prepare=True)
    _note_homes(cursor, [request for request in requests if request.home_id is not None])
    return _tell(cursor, [row[0] for row in seen])


def _note_homes(cursor: psycopg.Cursor, requests: list[Request]) -> None:
    """Events under a log-in that a merge has moved remember whose log-in it was."""
    rows = [
        (item.id, item.at, request.home_id)
        for request in requests
        for item, status in zip(request.items, request.statuses, strict=False)
        if status == ACCEPTED
    ]
    if rows:
        cursor.execute(_HOMES, [list(column) for column in zip(*rows, strict=True)])


def _tell(cursor: psycopg.Cursor, customer_ids: list[int]) -> set[str]:
    """One waiting job per customer and subscriber of customer.active; their lanes."""
    listeners = subscriptions().get(CustomerActive.kind, ())
    lanes = [entry.lane for entry in listeners]
    if listeners:
        cursor.execute(_TELL, [customer_ids, lanes, [entry.handler for entry in listeners]], prepare=True)
    return set(lanes)
