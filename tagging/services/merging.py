"""Tags when two customers become one: a person's word beats a rule, "never again" beats both."""

from typing import Any

from django.db import connection

from customers.services.movers import Mover, Undone
from tagging.services.refresh import rebuild_tags

_LOCK = "SELECT 1 FROM tagging_customertags WHERE customer_id IN (%(to)s, %(from)s) ORDER BY customer_id FOR UPDATE"
# Of two assignments of one tag one stays: blocked first, then by hand, then the survivor's own.
_LOSERS = """
DELETE FROM tagging_tagassignment WHERE id IN (
    SELECT (array_agg(id ORDER BY is_blocked DESC, source <> 'rule' DESC, customer_id = %(to)s DESC))[2]
    FROM tagging_tagassignment WHERE customer_id IN (%(to)s, %(from)s) GROUP BY tag_id HAVING count(*) > 1)
"""
_MOVE = "UPDATE tagging_tagassignment SET customer_id = %(to)s WHERE customer_id = %(from)s"
_ROW = """
INSERT INTO tagging_customertags (customer_id, tag_ids)
SELECT %(to)s, '{}' FROM tagging_customertags WHERE customer_id = %(from)s ON CONFLICT (customer_id) DO NOTHING
"""
_DROP = "DELETE FROM tagging_customertags WHERE customer_id = %(from)s"


def _run(statements: tuple[str, ...], survivor_id: int, absorbed_id: int) -> None:
    named: dict[str, Any] = {"to": survivor_id, "from": absorbed_id}
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, named)


def move_assignments(survivor_id: int, absorbed_id: int) -> None:
    """Every assignment with its evidence moves; one per tag stays."""
    _run((_LOCK, _LOSERS, _MOVE), survivor_id, absorbed_id)


def move_arrays(survivor_id: int, absorbed_id: int) -> None:
    """One array of tags, in step with the assignments."""
    _run((_ROW, _DROP), survivor_id, absorbed_id)
    rebuild_tags([survivor_id])


def restore_arrays(undone: Undone) -> None:
    """Both arrays in step with the assignments that were given back and those that came since."""
    rebuild_tags([undone.root, undone.absorbed])


ASSIGNMENTS = Mover(move_assignments)
ARRAYS = Mover(move_arrays, restore_arrays)
