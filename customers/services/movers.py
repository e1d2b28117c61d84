"""How each table follows a merge where a plain UPDATE does not do."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import connection

from customers.models import Merge


@dataclasses.dataclass(frozen=True)
class Undone:
    """What a mover may need after its rows were given back: `root` is whom the survivor counts as now."""

    merge: Merge
    root: int
    absorbed: int
    late: int = 0  # events recorded since that went home with the absorbed customer
    late_from: dt.datetime | None = None
    late_to: dt.datetime | None = None


@dataclasses.dataclass(frozen=True)
class Mover:
    """`move(survivor_id, absorbed_id)` runs while the journal watches both customers' rows; `restored` repairs what is
    derived from rows that came later."""

    move: Callable[[int, int], object]
    restored: Callable[[Undone], object] | None = None


def _execute(statement: str, **named: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, named)


_RESTRICT = """
WITH pair AS (
    SELECT mine.id AS mine_id, theirs.id AS theirs_id,
           CASE WHEN mine.granted <> theirs.granted THEN NOT mine.granted
                ELSE (mine.at, mine.id) >= (theirs.at, theirs.id) END AS mine_wins
    FROM customers_consent AS mine JOIN customers_consent AS theirs USING (purpose, channel)
    WHERE mine.customer_id = %(to)s AND theirs.customer_id = %(from)s AND mine.is_current AND theirs.is_current
)
UPDATE customers_consent AS entry SET is_current = false FROM pair
WHERE entry.id = CASE WHEN pair.mine_wins THEN pair.theirs_id ELSE pair.mine_id END
"""
_MOVE_CONSENTS = "UPDATE customers_consent SET customer_id = %(to)s WHERE customer_id = %(from)s"


def move_consents(survivor_id: int, absorbed_id: int) -> None:
    """The whole ledger moves; where both decided, the more restrictive decision is in force, else the newer."""
    _execute(_RESTRICT, **{"to": survivor_id, "from": absorbed_id})
    _execute(_MOVE_CONSENTS, **{"to": survivor_id, "from": absorbed_id})


_NEWEST_COUNTS = """
UPDATE customers_consent SET is_current = true WHERE id IN (
    SELECT DISTINCT ON (customer_id, purpose, channel) id FROM customers_consent AS entry
    WHERE customer_id IN (%(one)s, %(other)s) AND NOT EXISTS (
        SELECT 1 FROM customers_consent AS current WHERE current.customer_id = entry.customer_id AND current.is_current
            AND current.purpose = entry.purpose AND current.channel = entry.channel)
    ORDER BY customer_id, purpose, channel, at DESC, id DESC)
"""


def restore_consents(undone: Undone) -> None:
    """Whose decision was replaced by a later one of the other has their own last word in force again."""
    _execute(_NEWEST_COUNTS, one=undone.root, other=undone.absorbed)


_ADD_ACTIVITY = """
INSERT INTO customers_activity AS row (customer_id, first_seen_at, last_seen_at, event_count)
SELECT %(to)s, first_seen_at, last_seen_at, event_count FROM customers_activity WHERE customer_id = %(from)s
ON CONFLICT (customer_id) DO UPDATE SET first_seen_at = least(row.first_seen_at, EXCLUDED.first_seen_at),
    last_seen_at = greatest(row.last_seen_at, EXCLUDED.last_seen_at), event_count = row.event_count + EXCLUDED.event_count
"""
_DROP_ACTIVITY = "DELETE FROM customers_activity WHERE customer_id = %(from)s"


def move_activity(survivor_id: int, absorbed_id: int) -> None:
    """One row of both: the earlier start, the later end, the sum."""
    _execute(_ADD_ACTIVITY, **{"to": survivor_id, "from": absorbed_id})
    _execute(_DROP_ACTIVITY, **{"from": absorbed_id})


_LATE_ACTIVITY = """
INSERT INTO customers_activity AS row (customer_id, first_seen_at, last_seen_at, event_count)
VALUES (%(customer)s, %(first)s, %(last)s, %(count)s)
ON CONFLICT (customer_id) DO UPDATE SET first_seen_at = least(row.first_seen_at, EXCLUDED.first_seen_at),
    last_seen_at = greatest(row.last_seen_at, EXCLUDED.last_seen_at), event_count = row.event_count + EXCLUDED.event_count
"""


def restore_activity(undone: Undone) -> None:
    """Events that came since and went home count there."""
    if undone.late and undone.late_from and undone.late_to:
        _execute(_LATE_ACTIVITY, customer=undone.absorbed, first=undone.late_from, last=undone.late_to, count=undone.late)


CONSENTS = Mover(move_consents, restore_consents)
ACTIVITY = Mover(move_activity, restore_activity)
