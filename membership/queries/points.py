"""Points as people look at them: a member's history, what the agency owes in all, whether the books agree."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q, Sum

from core import clock
from membership.choices import Code, House
from membership.models import Account, Lot, Program, Transfer
from membership.rules.points import Balance, end_of_day


@dataclasses.dataclass(frozen=True)
class Movement:
    """A line of a member's statement; `points` is negative for what went."""

    id: int
    at: dt.datetime
    code: str
    text: str
    points: int
    state: str
    ref: str


def history(customer_id: int, *, limit: int = 20, before: int | None = None) -> list[Movement]:
    """A member's movements, newest first; `before` is the id of the last one seen."""
    mine = Transfer.objects.filter(Q(debit_id=customer_id) | Q(credit_id=customer_id))
    if before is not None:
        mine = mine.filter(pk__lt=before)
    return [
        Movement(
            one.pk, one.at, one.code, str(one.get_code_display()), one.amount if one.credit_id == customer_id else -one.amount,
            one.state, one.ref,
        )
        for one in mine.order_by("-pk")[:limit]
    ]  # fmt: skip


def is_movement_of(customer_id: int, transfer_id: int) -> bool:
    """Whether a transfer is one of a member's own: a cursor that is not is nobody's."""
    return Transfer.objects.filter(Q(debit_id=customer_id) | Q(credit_id=customer_id), pk=transfer_id).exists()


@dataclasses.dataclass(frozen=True)
class Standing:
    """A member's points: usable, reserved, and what expires next."""

    balance: int
    held: int
    expiring: int
    expires_at: dt.datetime | None


def standing(customer_id: int, at: dt.datetime) -> Standing:
    """Usable at a moment (what has expired but was not swept yet is not), and what expires within 60 days."""
    account = Account.objects.filter(pk=customer_id).first()
    if account is None:
        return Standing(0, 0, 0, None)
    soon = end_of_day(clock.shanghai_date(at) + dt.timedelta(days=60))
    rows = Lot.objects.filter(customer_id=customer_id, remaining__gt=0, expires_at__lte=soon).order_by("expires_at")
    lots = [(expires, points) for expires, points in rows.values_list("expires_at", "remaining") if expires is not None]
    stale = sum(points for expires, points in lots if expires < at)
    coming = [(expires, points) for expires, points in lots if expires >= at]
    return Standing(
        account.balance - stale, account.held, sum(points for _at, points in coming), coming[0][0] if coming else None
    )


def outstanding() -> int:
    """Points that members hold, reserved ones included."""
    sums = Account.objects.aggregate(balance=Sum("balance"), held=Sum("held"))
    return int((sums["balance"] or 0) + (sums["held"] or 0))


@dataclasses.dataclass(frozen=True)
class Liability:
    """What unused points may still cost, by the month in which they expire; and where points came from and went."""

    points: int
    amount: Decimal
    expected_amount: Decimal
    breakage_percent: int
    by_month: list[tuple[dt.date, int, Decimal]]
    flows: list[tuple[str, str, int, int]]


_BY_MONTH = """
SELECT date_trunc('month', expires_at AT TIME ZONE 'Asia/Shanghai')::date AS month, sum(remaining)
FROM membership_lot WHERE remaining > 0 GROUP BY month ORDER BY month
"""
_FLOWS = """
SELECT house, code, coalesce(sum(amount) FILTER (WHERE credit_id IS NOT NULL), 0),
       coalesce(sum(amount) FILTER (WHERE debit_id IS NOT NULL), 0)
FROM membership_transfer WHERE house <> '' AND state = 'posted' AND at >= %s GROUP BY house, code ORDER BY house, code
"""
# Of the points whose last day has come so far, how many expired unused.
_BREAKAGE = """
SELECT coalesce(sum(use.amount), 0), coalesce((SELECT sum(amount) FROM membership_lot WHERE expires_at < %(at)s), 0)
FROM membership_lotuse AS use JOIN membership_transfer AS moved ON moved.id = use.transfer_id AND moved.code = 'expire'
"""


def liability(at: dt.datetime, program: Program | None = None) -> Liability:
    """The report: all unused points at full cost, and at the cost expected with the share that expired unused so far."""
    cost = (program or Program.current()).point_cost_amount
    with connection.cursor() as cursor:
        cursor.execute(_BY_MONTH)
        months = [(month, int(points), (points * cost).quantize(Decimal("0.01"))) for month, points in cursor.fetchall()]
        cursor.execute(_FLOWS, [at - dt.timedelta(days=365)])
        flows = [
            (str(House(house).label), str(Code(code).label), int(came), int(went))
            for house, code, came, went in cursor.fetchall()
        ]
        cursor.execute(_BREAKAGE, {"at": at})
        expired, ended = cursor.fetchone()
    points = outstanding()
    percent = int(100 * expired / ended) if ended else 0
    amount = (points * cost).quantize(Decimal("0.01"))
    expected = (amount * (100 - percent) / 100).quantize(Decimal("0.01"))
    return Liability(points, amount, expected, percent, months, flows)


# Grouped scans joined once: whole-ledger proofs at a million accounts read each table one time.
_PROOF = """
WITH moved AS (
    SELECT customer_id, sum(points) AS points, sum(pending) AS pending FROM (
        SELECT debit_id AS customer_id, -amount AS points, CASE WHEN state = 'pending' THEN amount ELSE 0 END AS pending
        FROM membership_transfer WHERE debit_id IS NOT NULL AND state <> 'voided'
        UNION ALL SELECT credit_id, amount, 0 FROM membership_transfer WHERE credit_id IS NOT NULL AND state = 'posted'
    ) AS side GROUP BY customer_id
), lots AS (
    SELECT customer_id, sum(remaining) AS points FROM membership_lot GROUP BY customer_id
)
SELECT customer_id, coalesce(account.balance, 0), coalesce(account.held, 0), coalesce(moved.points, 0), coalesce(lots.points, 0),
       coalesce(moved.pending, 0)
FROM membership_account AS account FULL JOIN moved USING (customer_id) FULL JOIN lots USING (customer_id)
WHERE coalesce(account.balance, 0) <> coalesce(moved.points, 0) OR coalesce(account.balance, 0) <> coalesce(lots.points, 0)
   OR coalesce(account.held, 0) <> coalesce(moved.pending, 0)
LIMIT 1000
"""
_ONE_SIDED = """
SELECT coalesce(sum(CASE WHEN credit_id IS NOT NULL OR house <> '' THEN amount END), 0),
       coalesce(sum(CASE WHEN debit_id IS NOT NULL OR house <> '' THEN amount END), 0) FROM membership_transfer
"""
_LOTS = """
SELECT lot.id, lot.remaining, lot.amount - coalesce(sum(use.amount) FILTER (WHERE moved.state <> 'voided'), 0)
FROM membership_lot AS lot LEFT JOIN membership_lotuse AS use ON use.lot_id = lot.id
LEFT JOIN membership_transfer AS moved ON moved.id = use.transfer_id
GROUP BY lot.id
HAVING lot.remaining <> lot.amount - coalesce(sum(use.amount) FILTER (WHERE moved.state <> 'voided'), 0) LIMIT 1000
"""


def disagreeing() -> list[Balance]:
    """Accounts that do not agree with their transfers, lots or reservations; a thousand at most."""
    return [Balance(*map(int, row)) for row in _rows(_PROOF)]


def one_sided() -> list[str]:
    """Debits that are not credits, and lots that are not what is left of them."""
    came, went = _rows(_ONE_SIDED)[0]
    found = [] if came == went else [f"credits {came}, debits {went}"]
    return found + [f"lot {lot}: {left} left, {expected} expected" for lot, left, expected in _rows(_LOTS)]


def _rows(statement: str) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
