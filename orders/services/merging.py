"""Orders when a merge is undone."""

from django.db import connection

from customers.services.movers import Undone

# The orders stand with their own customer again by now; what the log says of them follows.
_EVENTS = """
UPDATE core_event SET customer_id = %(to)s WHERE customer_id = %(from)s AND kind LIKE 'order.%%'
    AND props ->> 'order_id' IN (SELECT id::text FROM orders_order WHERE customer_id = %(to)s)
"""


def bring_events_home(undone: Undone) -> None:
    """What was recorded since the merge about orders that went home goes with them."""
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, {"to": undone.absorbed, "from": undone.root})
