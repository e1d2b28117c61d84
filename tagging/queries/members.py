"""Who a condition is about: members as SQL, counts with a time limit, and the scope of the person who asks."""

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from core.conditions import Node, Statement, both, parse, select_members
from staff.choices import RowScope
from staff.models import User
from tagging.models import Segment
from tagging.rules import precision

PREVIEW_SECONDS = 3.0
QUICK_SECONDS = (
    2.0  # what a person who is still writing waits for a number at most; then an estimate comes, and the exact one after
)
ESTIMATE_FROM = 2_000  # customers looked at when counting everybody takes too long
EXACT_UP_TO = 120_000  # customers; beyond, nobody waits for a scan to see a first number
SAMPLE = 10


def segment_members(segment: Segment, at: dt.datetime) -> tuple[str, Mapping[str, Any]]:
    """`SELECT customer.id` of a segment's members at a moment, with its named parameters, to stand in a larger statement:

    `cursor.execute(f"INSERT INTO ... SELECT %(campaign)s, member.id FROM ({sql}) AS member", {**params, "campaign": 7})`.
    Parameter names begin with "seg". Merged customers are never members. ConditionError if the stored tree is no longer valid.
    """
    return condition_members(segment.condition, at)


def condition_members(condition: object, at: dt.datetime) -> tuple[str, Mapping[str, Any]]:
    """The same for a stored condition, such as the frozen copy that a campaign keeps."""
    statement = select_members(parse(condition), at, prefix="seg")
    return statement.sql, statement.params


def within_scope(node: Node, user: User) -> Node:
    """The same question about the customers a user may see; the rule of `Customer.objects.visible_to`."""
    if user.is_superuser or user.row_scope == RowScope.ALL:
        return node
    mine: dict[str, Any] = {"owner": {"values": [user.pk]}}
    if user.row_scope == RowScope.DEPARTMENT and user.department_id:
        mine = {"any": [mine, {"department": {"values": user.scope_departments}}]}
    return both(node, parse(mine))


@dataclasses.dataclass(frozen=True)
class Count:
    """How many customers match, and a few of them. `is_estimate`: counted on a sample because of the time limit; then the
    true number lies between `low` and `high` with 95 % confidence (Wilson).
    """

    number: int
    sample: tuple[int, ...] = ()
    is_estimate: bool = False
    low: int = 0
    high: int = 0


_COUNT = """
WITH member AS MATERIALIZED ({members})
SELECT (SELECT count(*) FROM member), ARRAY(SELECT id FROM member ORDER BY id DESC LIMIT %(member_sample)s)
"""
_POPULATION = """
SELECT CASE WHEN reltuples < 20000 THEN (SELECT count(*) FROM customers_customer WHERE merged_into_id IS NULL)
    ELSE reltuples::bigint END FROM pg_class WHERE oid = 'customers_customer'::regclass
"""
# Hashed places in the range of ids, looked up by the key: no scan of everybody, and no rhythm that the data could share.
_SOME = """
SELECT array_agg(DISTINCT customer.id) FROM (SELECT min(id) AS low, max(id) AS high FROM customers_customer) AS span
CROSS JOIN generate_series(1, %(most)s) AS place
JOIN customers_customer AS customer ON customer.merged_into_id IS NULL
    AND customer.id = span.low + (hashint8extended(place, 7) & 9223372036854775807) %% (span.high - span.low + 1)
"""
_EVERYBODY = "SELECT array_agg(id) FROM customers_customer WHERE merged_into_id IS NULL"


def count_members(
    node: Node, at: dt.datetime, *, seconds: float = PREVIEW_SECONDS, sample: int = SAMPLE, alone: bool = False
) -> Count:
    """Count who matches within a time limit; beyond it, an estimate from a fixed sample of customers."""
    try:
        row = within_seconds(_counting(select_members(node, at)), sample, seconds, alone=alone)
        return Count(row[0], tuple(row[1]))
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        return _estimate(node, at, sample)


def _counting(members: Statement) -> Statement:
    return Statement(_COUNT.replace("{members}", members.sql), members.params)


def within_seconds(statement: Statement, sample: int, seconds: float, *, alone: bool = False) -> tuple[Any, ...]:
    """The first row of a statement that Postgres itself stops after so many seconds (OperationalError).

    `alone`: without parallel workers, whose start costs more than a small agency's whole question.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if alone:
            cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        cursor.execute(f"SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; SET LOCAL statement_timeout = {int(seconds * 1000)}")
        cursor.execute(statement.sql, {**statement.params, "member_sample": sample})
        row: tuple[Any, ...] = cursor.fetchone()
        cursor.execute("SET LOCAL statement_timeout = 0")
    return row


def population() -> int:
    """How many customers there are; from the statistics where there are many."""
    with connection.cursor() as cursor:
        cursor.execute(_POPULATION)
        return int(cursor.fetchone()[0])


def _estimate(node: Node, at: dt.datetime, sample: int) -> Count:
    total = population()
    with connection.cursor() as cursor:
        cursor.execute(_EVERYBODY if total <= ESTIMATE_FROM else _SOME, {"most": ESTIMATE_FROM})
        some = cursor.fetchone()[0] or []
    number, found = within_seconds(_counting(select_members(node, at, some)), sample, 60, alone=True)
    sure = precision(number, len(some))
    return Count(
        round(number * total / max(len(some), 1)), tuple(found), is_estimate=len(some) < total,
        low=max(math.floor(sure.low * total), number), high=math.ceil(sure.high * total),
    )  # fmt: skip


def quick_count(node: Node, at: dt.datetime, sample: int = SAMPLE) -> Count:
    """The number while somebody is still writing: exact for an agency of usual size, else at once a marked estimate."""
    if population() > EXACT_UP_TO:
        return _estimate(node, at, sample)
    return count_members(node, at, seconds=QUICK_SECONDS, sample=sample, alone=True)
