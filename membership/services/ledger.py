"""Moving points. One statement per transfer: the function of migration 0002 locks the accounts in id order, notes the transfer
under the caller's unique key, takes from the oldest lots or makes a new one, and writes the balances."""

import dataclasses
import datetime as dt
from collections.abc import Collection

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import BadInput, Refused
from core.jobs import enqueue, job
from membership.choices import Code, House

MOST_POINTS = 10**12
EXPIRED_AT_ONCE = 500


@dataclasses.dataclass(frozen=True)
class Posted:
    """A transfer that stands in the ledger; `is_new` is False for a repeat of its key. None moved: `transfer_id` is None."""

    transfer_id: int | None
    points: int
    is_new: bool


_POST = "SELECT * FROM membership_post(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_SETTLE = "SELECT * FROM membership_settle(%s, %s, %s)"


def post(
    *,
    key: str,
    points: int,
    code: Code,
    debit: int | None = None,
    credit: int | None = None,
    house: House | str = "",
    pending: bool = False,
    ref: str = "",
    rule_id: int | None = None,
    at: dt.datetime | None = None,
    expires_at: dt.datetime | None = None,
    up_to: bool = False,
) -> Posted:
    """Move points from `debit` to `credit` (customer ids; None: the house account `house`), in the caller's transaction.

    `pending` reserves until `settle`. `expires_at` is for the lot that a credit makes. `up_to` moves what is there where it
    is less. A repeat of `key` moves nothing and tells of the first. Refused `points_short`, `key_reused`, nothing changed.
    """
    if not 0 < points <= MOST_POINTS:
        raise BadInput(_("The number of points must be more than zero."), {"points": _("must be more than zero")})
    values = [key, debit, credit, str(house), points, str(code), pending, ref, rule_id, at or clock.now(), expires_at, up_to]
    with connection.cursor() as cursor:
        cursor.execute(_POST, values)
        transfer_id, moved, outcome = cursor.fetchone()
    if outcome == "short":
        raise Refused(_("There are only %(points)s usable points.") % {"points": moved}, "points_short")
    if outcome == "mismatch":
        raise Refused(_("This key was used for another transfer."), "key_reused")
    return Posted(transfer_id, moved, outcome == "new")


def settle(key: str, *, is_posted: bool, at: dt.datetime | None = None) -> Posted:
    """Post or void a pending transfer, once; a repeat changes nothing. Refused `transfer_missing`, or `transfer_settled`
    where the other was done already. A void puts the points back into the lots they came from."""
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [key, is_posted, at or clock.now()])
        transfer_id, moved, outcome = cursor.fetchone()
    if outcome == "missing":
        raise Refused(_("There is no such transfer."), "transfer_missing")
    if outcome not in {"new", "known"}:
        raise Refused(_("This transfer has been settled the other way."), "transfer_settled")
    if not is_posted and outcome == "new":
        rebalance(owners_of(transfer_id))
    return Posted(transfer_id, moved, outcome == "new")


_OWNERS = """
SELECT lot.customer_id FROM membership_lotuse AS use JOIN membership_lot AS lot ON lot.id = use.lot_id WHERE use.transfer_id = %s
UNION SELECT debit_id FROM membership_transfer WHERE id = %s AND debit_id IS NOT NULL
"""


def owners_of(transfer_id: int) -> list[int]:
    """The customers whose lots a transfer used, and whose account it used: they differ where records were joined or parted
    between a reservation and its release."""
    with connection.cursor() as cursor:
        cursor.execute(_OWNERS, [transfer_id, transfer_id])
        return [row[0] for row in cursor.fetchall()]


_ACCOUNTS = """
INSERT INTO membership_account (customer_id) SELECT DISTINCT customer_id FROM membership_lot WHERE customer_id = ANY(%s)
ON CONFLICT DO NOTHING
"""
_LOCK = "SELECT customer_id FROM membership_account WHERE customer_id = ANY(%s) ORDER BY customer_id FOR NO KEY UPDATE"
_GAPS = """
SELECT account.customer_id,
       coalesce((SELECT sum(remaining) FROM membership_lot AS lot WHERE lot.customer_id = account.customer_id), 0) - balance
FROM membership_account AS account WHERE account.customer_id = ANY(%s) ORDER BY account.customer_id
"""
_REHOME = """
WITH posted AS (
    INSERT INTO membership_transfer (key, debit_id, credit_id, amount, code, state, at, settled_at)
    SELECT 'rehome:' || %(from)s || ':' || %(to)s || ':' || count(*), %(from)s, %(to)s, %(points)s, 'rehome',
           'posted', %(at)s, %(at)s
    FROM membership_transfer WHERE debit_id = %(from)s AND credit_id = %(to)s AND code = 'rehome'
)
UPDATE membership_account SET balance = balance + CASE WHEN customer_id = %(to)s THEN %(points)s ELSE -%(points)s END
WHERE customer_id IN (%(from)s, %(to)s)
"""


def rebalance(customer_ids: Collection[int]) -> int:
    """Points follow their lots: where lots changed hands among these customers, transfers between them make the balances agree
    again. The number of points moved; nothing where all agrees."""
    if len(customer_ids) < 2:
        return 0
    ids, moved = sorted(customer_ids), 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS, [ids])
        cursor.execute(_LOCK, [ids])
        cursor.execute(_GAPS, [ids])
        gaps = {customer_id: int(gap) for customer_id, gap in cursor.fetchall() if gap}
        for giver, taker, points in _pairs(gaps):
            cursor.execute(_REHOME, {"from": giver, "to": taker, "points": points, "at": clock.now()})
            moved += points
    return moved


def _pairs(gaps: dict[int, int]) -> list[tuple[int, int, int]]:
    """(giver, taker, points) that close all gaps: negative ones have too much."""
    found = []
    for taker in [one for one, gap in gaps.items() if gap > 0]:
        for giver in [one for one, gap in gaps.items() if gap < 0]:
            points = min(gaps[taker], -gaps[giver])
            if points > 0:
                found.append((giver, taker, points))
                gaps[taker], gaps[giver] = gaps[taker] - points, gaps[giver] + points
    return found


_DUE = """
SELECT customer_id FROM membership_account WHERE customer_id IN (
    SELECT customer_id FROM membership_lot WHERE remaining > 0 AND expires_at < %s ORDER BY expires_at LIMIT %s
) ORDER BY customer_id FOR NO KEY UPDATE
"""
_EXPIRE = """
WITH due AS (
    SELECT lot.id, lot.customer_id, lot.remaining, lot.ref,
           'expire:' || lot.id || ':' || (SELECT count(*) FROM membership_lotuse AS use WHERE use.lot_id = lot.id) AS key
    FROM membership_lot AS lot WHERE lot.customer_id = ANY(%(ids)s) AND lot.remaining > 0 AND lot.expires_at < %(at)s
), posted AS (
    INSERT INTO membership_transfer (key, debit_id, house, amount, code, state, ref, at, settled_at)
    SELECT key, customer_id, 'expired', remaining, 'expire', 'posted', ref, %(at)s, %(at)s FROM due RETURNING id, key
), used AS (
    INSERT INTO membership_lotuse (transfer_id, lot_id, amount)
    SELECT posted.id, due.id, due.remaining FROM posted JOIN due USING (key)
), emptied AS (
    UPDATE membership_lot AS lot SET remaining = 0 FROM due WHERE lot.id = due.id
)
UPDATE membership_account AS account SET balance = account.balance - gone.points
FROM (SELECT customer_id, sum(remaining) AS points FROM due GROUP BY customer_id) AS gone
WHERE account.customer_id = gone.customer_id
"""


@job(Lane.BULK, coalesce=True)
def expire_points() -> None:
    """Nightly: what is past its last moment goes to the house account of expired points, a few hundred accounts at a time."""
    at = clock.now()
    if expire_some(at):
        enqueue(expire_points, key=f"more:{at.isoformat()}")


def expire_some(at: dt.datetime) -> int:
    """One step of it, in one transaction; the number of accounts."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_DUE, [at, EXPIRED_AT_ONCE])
        ids = [row[0] for row in cursor.fetchall()]
        if ids:
            cursor.execute(_EXPIRE, {"ids": ids, "at": at})
    return len(ids)
