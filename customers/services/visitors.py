"""Visitors of the website become customers: what they did before they were known is theirs, too."""

import datetime as dt
import uuid

from django.core import signing
from django.db import connection, transaction

from core import clock
from core.choices import Lane
from core.event_types import CustomerActive
from core.events import record
from core.jobs import job
from core.secrets import lookup_hash
from customers.models import Customer
from customers.queries.reviews import roots_of

TICKET_SECONDS = 600
_SALT = "customers.web-ticket"

_SEEN = """
INSERT INTO customers_visitor AS row (value_hash) VALUES (%s)
ON CONFLICT (value_hash) DO UPDATE SET last_seen_at = now() RETURNING id, customer_id
"""
_CLAIM = """
INSERT INTO customers_visitor AS row (value_hash, customer_id) VALUES (%s, %s)
ON CONFLICT (value_hash) DO UPDATE SET customer_id = EXCLUDED.customer_id RETURNING id
"""
_MOVE = """
WITH moved AS (
    UPDATE core_event AS event SET customer_id = visitor.customer_id FROM customers_visitor AS visitor
    WHERE visitor.customer_id IS NOT NULL AND (%(all)s OR visitor.id = %(visitor)s) AND event.customer_id = -visitor.id
    RETURNING event.customer_id, event.occurred_at
)
INSERT INTO customers_activity AS row (customer_id, first_seen_at, last_seen_at, event_count)
SELECT customer_id, min(occurred_at), max(occurred_at), count(*) FROM moved GROUP BY customer_id ORDER BY customer_id
ON CONFLICT (customer_id) DO UPDATE SET first_seen_at = least(row.first_seen_at, EXCLUDED.first_seen_at),
    last_seen_at = greatest(row.last_seen_at, EXCLUDED.last_seen_at), event_count = row.event_count + EXCLUDED.event_count
RETURNING customer_id
"""


def _hash(anonymous_id: str) -> bytes:
    return lookup_hash("visitor", anonymous_id.lower())


def owner_of(anonymous_id: str) -> int:
    """Under which number a visitor's events go into the log: the customer's, or the negative of the visitor's id."""
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, [_hash(anonymous_id)])
        visitor, customer = cursor.fetchone()
    return int(customer) if customer is not None else -int(visitor)


def stitch(customer_id: int, anonymous_id: str) -> int:
    """A visitor turned out to be this customer: their events are the customer's from now on. Safe to run again.

    On a shared device the one who logs in last gets what comes next; what was somebody else's stays theirs.
    Returns how many customers' activity changed: 0 or 1.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, [_hash(anonymous_id), customer_id])
        visitor = cursor.fetchone()[0]
        cursor.execute(_MOVE, {"all": False, "visitor": visitor})
        moved = len(cursor.fetchall())
        if moved:
            stamp = clock.now()
            record(CustomerActive(customer_id), key=f"customer.active:stitched:{visitor}:{stamp.isoformat()}")
    return moved


@job(Lane.BULK, coalesce=True)
def stitch_late_events() -> None:
    """Events that were being written while their visitor logged in follow, all in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, {"all": True, "visitor": 0})


def web_ticket(customer: Customer) -> str:
    """A signed ticket for the website, good for ten minutes; it holds the public id and nothing else."""
    return signing.dumps(str(customer.public_id), salt=_SALT)


def customer_of_ticket(ticket: str) -> int | None:
    """Whose ticket it is, as they count now; None for a false or an old one."""
    try:
        public_id = uuid.UUID(signing.loads(ticket, salt=_SALT, max_age=dt.timedelta(seconds=TICKET_SECONDS)))
    except (signing.BadSignature, ValueError):
        return None
    customer_id = Customer.objects.filter(public_id=public_id).values_list("pk", flat=True).first()
    return roots_of([customer_id])[customer_id] if customer_id else None
