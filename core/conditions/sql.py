"""A tree to ONE SQL statement. Values are bound, never written into the text.

Rows of a source (events, orders) are counted once per customer in an aggregated sub-query that is LEFT JOINed:
set-based under `any` and `not` too, and it spills to disk where a hashed NOT IN would fall off a cliff. Over
everybody, questions with the same window share one scan and each window reads only its own partitions; for a given
set of customers one pass over their rows answers all questions (measured: each is 2x the other's time on its ground).
"""

# ruff: noqa: S608 - this compiler writes SQL; every value goes through Query.bind

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from core import clock
from core.conditions.tree import Group, Leaf, Node, Not, positive_leaves

EVIDENCE_ROWS = 5
_FEW = 3


@dataclasses.dataclass(frozen=True)
class Source:
    """Rows that belong to customers: a FROM item, its customer column, and its time column where it has one."""

    table: str
    customer: str
    time: str = ""


@dataclasses.dataclass(frozen=True)
class Lookup:
    """A small table that says what a code in a source's rows stands for: `table` selects unique `code`s and their values,
    `on` is the source's code. Questions about a code are answered once per code instead of once per row.
    """

    name: str
    table: str
    on: str


@dataclasses.dataclass(frozen=True)
class Rows:
    """Some of a source's rows: those that fulfil `where`, within the last `window` where given.

    `narrow` is a cheap condition that all of them fulfil. `lookups` are what `where` reads besides the source.
    """

    source: Source
    where: str = "true"
    window: dt.timedelta | None = None
    narrow: str = ""
    lookups: tuple[Lookup, ...] = ()


@dataclasses.dataclass(frozen=True)
class Statement:
    """One SQL text with its named parameters."""

    sql: str
    params: Mapping[str, Any]


@dataclasses.dataclass
class _Scan:
    source: Source
    alias: str
    window: dt.timedelta | None
    columns: dict[tuple[str, str], str] = dataclasses.field(default_factory=dict)
    rows: dict[Rows, None] = dataclasses.field(default_factory=dict)


class Query:
    """A statement in the making: what fields use to bind values and to ask for columns.

    `at` is the moment of the question. `ids` restricts it to some customers; None asks about everybody.
    """

    def __init__(self, at: dt.datetime, ids: Sequence[int] | None = None, prefix: str = "c") -> None:
        self.at = at
        self.ids = ids
        self.params: dict[str, Any] = {}
        self._prefix = prefix
        self._bound: dict[tuple[str, str], str] = {}
        self._scans: dict[tuple[Source, dt.timedelta | None], _Scan] = {}
        self._joins: dict[str, str] = {}
        self._flags: dict[Lookup, dict[str, str]] = {}

    def bind(self, value: Any, cast: str = "") -> str:
        """A placeholder for a value; the same value gets the same one."""
        known = (repr(value), cast)
        if known not in self._bound:
            name = f"{self._prefix}{len(self.params) + 1}"
            self.params[name] = list(value) if isinstance(value, tuple) else value
            self._bound[known] = f"%({name})s" + (f"::{cast}" if cast else "")
        return self._bound[known]

    def moment(self) -> str:
        """The moment of the question, bound."""
        return self.bind(self.at, "timestamptz")

    def join(self, sql: str) -> None:
        """Another FROM item of the statement, once."""
        self._joins.setdefault(sql, sql)

    def flag(self, lookup: Lookup, asked: str) -> str:
        """Whether the code of a row fulfils a condition over the look-up's values; false for an unknown code."""
        flags = self._flags.setdefault(lookup, {})
        return f"{lookup.name}.{flags.setdefault(asked, f'f{len(flags) + 1}')}"

    def column(self, rows: Rows, value: str) -> str:
        """An aggregate over some rows of each customer: NULL, or the aggregate's empty value, for who has none."""
        shared = None if self.ids is not None else rows.window
        scan = self._scans.setdefault((rows.source, shared), _Scan(rows.source, f"scan{len(self._scans) + 1}", rows.window))
        where = rows.where
        if self.ids is not None:
            scan.window = None if rows.window is None or scan.window is None else max(rows.window, scan.window)
            where = self._within(rows)
        scan.rows[rows] = None
        return f"{scan.alias}.{scan.columns.setdefault((where, value), f'v{len(scan.columns) + 1}')}"

    def newest(self, rows: Rows, shown: Mapping[str, str], order: str) -> str:
        """The first few of a customer's rows in an order, as a jsonb array of {name: value}; for evidence."""
        pairs = ", ".join(f"'{name}', {sql}" for name, sql in shown.items())
        found = self.column(rows, f"array_agg(json_build_object({pairs}) ORDER BY {order})")
        return f"jsonb_strip_nulls(coalesce(to_jsonb(({found})[1:{EVIDENCE_ROWS}]), '[]'::jsonb))"

    def sources(self) -> str:
        """FROM and everything joined to it."""
        scans = [self._scan(scan) for scan in self._scans.values()]
        return " ".join(["FROM customers_customer AS customer", *self._joins.values(), *scans])

    def present(self) -> str:
        """Who is asked about at all: customers who were not merged into another, of the given set."""
        chosen = "" if self.ids is None else f" AND customer.id = ANY({self._chosen()})"
        return "customer.merged_into_id IS NULL" + chosen

    def _chosen(self) -> str:
        return self.bind(tuple(self.ids or ()), "bigint[]")

    def _within(self, rows: Rows) -> str:
        if rows.window is None:
            return rows.where
        return f"{rows.source.time} > {self.bind(self.at - rows.window, 'timestamptz')} AND ({rows.where})"

    def _bounds(self, source: Source, window: dt.timedelta | None) -> str:
        parts = [] if self.ids is None else [f"{source.customer} = ANY({self._chosen()})"]
        if source.time:
            parts.append(f"{source.time} <= {self.moment()}")
        if window is not None:
            parts.append(f"{source.time} > {self.bind(self.at - window, 'timestamptz')}")
        return " AND ".join(parts) or "true"

    def _scan(self, scan: _Scan) -> str:
        source, alone = scan.source, len(scan.columns) == 1
        columns = ", ".join(
            f"{value} AS {name}" if alone else f"{value} FILTER (WHERE {where}) AS {name}"
            for (where, value), name in scan.columns.items()
        )
        return (
            f"LEFT JOIN (SELECT {source.customer} AS customer_id, {columns} FROM {source.table} {self._lookups(scan)}"
            f" WHERE {self._bounds(source, scan.window)} AND ({self._wanted(scan)}) GROUP BY {source.customer}) AS {scan.alias}"
            f" ON {scan.alias}.customer_id = customer.id"
        )

    @staticmethod
    def _wanted(scan: _Scan) -> str:
        """Which rows to read at all: with many questions the cheap conditions, since each row is asked everything anyway."""
        full = dict.fromkeys(where for where, _value in scan.columns)
        cheap = dict.fromkeys(rows.narrow or rows.where for rows in scan.rows)
        return " OR ".join(f"({where})" for where in (cheap if len(full) > _FEW else full))

    def _lookups(self, scan: _Scan) -> str:
        wanted = dict.fromkeys(lookup for rows in scan.rows for lookup in rows.lookups)
        return " ".join(self.lookup(lookup) for lookup in wanted)

    def lookup(self, lookup: Lookup) -> str:
        """A look-up joined to a source, with the flags that were asked of it so far."""
        # coalesce keeps Postgres from asking above the join, once per row.
        flags = "".join(f", coalesce({asked}, false) AS {name}" for asked, name in self._flags.get(lookup, {}).items())
        known = f"(SELECT code{flags} FROM ({lookup.table}) AS known) AS {lookup.name}"
        return f"LEFT JOIN {known} ON {lookup.name}.code = {lookup.on}"


def predicate(node: Node, query: Query) -> str:
    """The boolean expression of a tree."""
    if isinstance(node, Leaf):
        return f"({node.field.sql(node.args, query)})"
    if isinstance(node, Not):
        return f"(NOT {predicate(node.child, query)})"
    return _combined(node, query)


def _combined(node: Group, query: Query) -> str:
    joined = (" AND " if node.kind == "all" else " OR ").join(predicate(child, query) for child in node.children)
    return f"({joined})"


def select_members(node: Node, at: dt.datetime, ids: Sequence[int] | None = None, prefix: str = "c") -> Statement:
    """`SELECT customer.id` of everybody (or of `ids`) for whom the tree holds at `at`. `prefix` begins every
    parameter's name, so that the text can be set into another statement."""
    query = Query(at, ids, prefix)
    asked = predicate(node, query)
    return Statement(f"SELECT customer.id {query.sources()} WHERE {query.present()} AND {asked}", query.params)


def select_matches(trees: Mapping[int, Node], at: dt.datetime, ids: Sequence[int] | None = None, prefix: str = "c") -> Statement:
    """`SELECT customer_id, tree_id` of every pair that matches: many trees asked in one statement."""
    query = Query(at, ids, prefix)
    asked = ", ".join(f"({query.bind(number, 'integer')}, {predicate(node, query)})" for number, node in trees.items())
    sql = (
        f"SELECT customer.id AS customer_id, tree.id AS tree_id {query.sources()}"
        f" CROSS JOIN LATERAL (VALUES {asked}) AS tree(id, holds) WHERE {query.present()} AND tree.holds"
    )
    return Statement(sql, query.params)


def select_evidence(trees: Mapping[int, Node], pairs: Sequence[tuple[int, int]], at: dt.datetime, prefix: str = "c") -> Statement:
    """`SELECT customer_id, tree_id, evidence` of pairs (customer id, tree id) that match: one jsonb array each, an object
    for every question that was a reason ({"path", "value", "rows": at most 5}). What stands under a `not` has no rows.
    """
    ids = sorted({customer_id for customer_id, _tree in pairs})
    query = Query(at, ids, prefix)
    asked = sorted({number for _customer, number in pairs})
    told = " ".join(f"WHEN {query.bind(number, 'integer')} THEN {_reasons(trees[number], query)}" for number in asked)
    customers, numbers = (query.bind(tuple(pair[place] for pair in pairs), "bigint[]") for place in (0, 1))
    sql = (
        f"SELECT wanted.customer_id, wanted.tree_id, CASE wanted.tree_id {told or 'WHEN 0 THEN NULL::jsonb'} END AS evidence"
        f" {query.sources()} JOIN unnest({customers}, {numbers}) AS wanted(customer_id, tree_id)"
        f" ON wanted.customer_id = customer.id WHERE {query.present()}"
    )
    return Statement(sql, query.params)


def _reasons(node: Node, query: Query) -> str:
    reasons = ", ".join(_reason(leaf, index, query) for index, leaf in enumerate(positive_leaves(node)))
    if not reasons:
        return "'[]'::jsonb"
    told = f"(VALUES {reasons}) AS reason(n, told) WHERE reason.told IS NOT NULL"
    return f"coalesce((SELECT jsonb_agg(reason.told ORDER BY reason.n) FROM {told}), '[]'::jsonb)"


def _reason(leaf: Leaf, index: int, query: Query) -> str:
    path = query.bind(leaf.path, "text")
    told = f"jsonb_build_object('path', {path}) || {leaf.field.evidence(leaf.args, query)}"
    return f"({index}, CASE WHEN {predicate(leaf, query)} THEN {told} END)"


def shanghai_day(sql: str) -> str:
    """SQL: the Shanghai calendar date of a timestamptz expression."""
    return f"({sql} AT TIME ZONE '{clock.SHANGHAI.key}')::date"
