"""Who a condition is about: members as SQL, counts with a time limit, and the scope of the person who asks."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from core.conditions import Node, Statement, both, parse, select_members
from staff.choices import RowScope
from staff.models import User
from tagging.models import Segment

PREVIEW_SECONDS = 3.0
ESTIMATE_FROM = 4_000  # customers looked at when counting everybody takes too long
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
    """How many customers match, and a few of them. `is_estimate`: counted on a sample because of the time limit."""

    number: int
    sample: tuple[int, ...] = ()
    is_estimate: bool = False


_COUNT = """
WITH member AS MATERIALIZED ({members})
SELECT (SELECT count(*) FROM member), ARRAY(SELECT id FROM member ORDER BY id DESC LIMIT %(member_sample)s)
"""
_SOME = """
SELECT (SELECT count(*) FROM customers_customer), ARRAY(
    SELECT id FROM customers_customer ORDER BY hashint8(id) LIMIT %s)
"""


def count_members(node: Node, at: dt.datetime, *, seconds: float = PREVIEW_SECONDS, sample: int = SAMPLE) -> Count:
    """Count who matches within a time limit; beyond it, an estimate from a fixed sample of customers."""
    try:
        row = within_seconds(_counting(select_members(node, at)), sample, seconds)
        return Count(row[0], tuple(row[1]))
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        return _estimate(node, at, sample)


def _counting(members: Statement) -> Statement:
    return Statement(_COUNT.replace("{members}", members.sql), members.params)


def within_seconds(statement: Statement, sample: int, seconds: float) -> tuple[Any, ...]:
    """The first row of a statement that Postgres itself stops after so many seconds (OperationalError)."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; SET LOCAL statement_timeout = {int(seconds * 1000)}")
        cursor.execute(statement.sql, {**statement.params, "member_sample": sample})
        row: tuple[Any, ...] = cursor.fetchone()
        cursor.execute("SET LOCAL statement_timeout = 0")
    return row


def _estimate(node: Node, at: dt.datetime, sample: int) -> Count:
    with connection.cursor() as cursor:
        cursor.execute(_SOME, [ESTIMATE_FROM])
        total, some = cursor.fetchone()
    number, found = within_seconds(_counting(select_members(node, at, some)), sample, 60)
    return Count(round(number * total / max(len(some), 1)), tuple(found), is_estimate=len(some) < total)
