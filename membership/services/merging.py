"""Points when two records become one person, and two again: points follow their lots, to the point."""

from django.db import connection

from customers.services.movers import Mover, Undone
from membership.services.ledger import rebalance

_MOVE = "UPDATE membership_lot SET customer_id = %s WHERE customer_id = %s"
# What was earned since by orders that went home by now goes with them: the log says whose they are.
_LATE = """
UPDATE membership_lot SET customer_id = %(to)s WHERE customer_id = %(from)s AND ref LIKE 'order:%%' AND ref IN (
    SELECT 'order:' || (event.props ->> 'order_id') FROM core_event AS event
    WHERE event.customer_id = %(to)s AND event.kind = 'order.paid')
"""
_LATE_GROWTH = """
UPDATE membership_growthentry SET customer_id = %(to)s WHERE customer_id = %(from)s AND ref LIKE 'order:%%' AND ref IN (
    SELECT 'order:' || (event.props ->> 'order_id') FROM core_event AS event
    WHERE event.customer_id = %(to)s AND event.kind = 'order.paid')
"""


def move_lots(survivor_id: int, absorbed_id: int) -> None:
    """The absorbed customer's lots become the survivor's; a transfer between the accounts says so."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [survivor_id, absorbed_id])
    rebalance([survivor_id, absorbed_id])


def restore_lots(undone: Undone) -> None:
    """The lots have gone home, with what is left in them; the points follow."""
    rebalance([undone.root, undone.absorbed])


def bring_points_home(undone: Undone) -> None:
    """Points and growth that the absorbed customer's own orders earned since the merge go home too."""
    with connection.cursor() as cursor:
        for statement in (_LATE, _LATE_GROWTH):
            cursor.execute(statement, {"to": undone.absorbed, "from": undone.root})
    rebalance([undone.root, undone.absorbed])


LOTS = Mover(move_lots, restore_lots)
