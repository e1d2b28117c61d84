"""What the rules want against what customers have: the difference, in one statement."""

import dataclasses
import datetime as dt
import logging
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from django.db import connection

from core.conditions import ConditionError, Node, Statement, leaves, parse, select_matches
from core.conditions.sql import Query, predicate
from tagging.choices import RuleState
from tagging.models import TagRule
from tagging.queries.personal import looks_at_behaviour

logger = logging.getLogger(__name__)


_VERSIONS = 1_000_000


@dataclasses.dataclass(frozen=True)
class LiveRule:
    """A rule in force with its checked tree."""

    id: int
    tag_id: int
    version: int
    group_id: int
    is_exclusive: bool
    node: Node

    def touched_by(self, kinds: Collection[str]) -> bool:
        """Whether events of these kinds can change the rule's answer; True where only a question could tell."""
        return any(touched is None or not touched.isdisjoint(kinds) for touched in _touches(self.node))

    @property
    def mark(self) -> int:
        """The rule and its version in one number."""
        return self.id * _VERSIONS + self.version % _VERSIONS

    @property
    def is_personal(self) -> bool:
        """Whether the rule looks at behaviour, tags or purchases: not asked about who turned that off (PIPL 24)."""
        return looks_at_behaviour(self.node)

    @property
    def asks_tags(self) -> bool:
        """Whether the rule depends on other tags, so that a change of tags can make it match."""
        return any(leaf.field.name in ("tags", "segment") for leaf in leaves(self.node))


def _touches(node: Node) -> Iterator[frozenset[str] | None]:
    return (leaf.field.touched_by(leaf.args) for leaf in leaves(node))


def affected(rules: Sequence[LiveRule], kinds: Collection[str]) -> list[LiveRule]:
    """The rules whose answers events of some kinds can change, with their rivals: the other rules of a tag, and of an
    exclusive group, whose word counts only beside each other.
    """
    touched = [rule for rule in rules if rule.touched_by(kinds)]
    tags = {rule.tag_id for rule in touched}
    groups = {rule.group_id for rule in touched if rule.is_exclusive}
    return [rule for rule in rules if rule.tag_id in tags or (rule.is_exclusive and rule.group_id in groups)]


# Ten minutes cover a transaction that appends an event and commits late.
_KINDS = """
SELECT bool_or(looked_at IS NULL), ARRAY(
    SELECT DISTINCT e.kind FROM core_event AS e JOIN tagging_customertags AS one ON one.customer_id = e.customer_id
    WHERE e.customer_id = ANY(%(ids)s) AND one.customer_id = ANY(%(ids)s)
        AND e.recorded_at > one.looked_at - interval '10 minutes')
FROM tagging_customertags WHERE customer_id = ANY(%(ids)s)
"""


def new_kinds(ids: Sequence[int]) -> list[str] | None:
    """The kinds of events that came in for some customers since they were last looked at; None: one never was."""
    with connection.cursor() as cursor:
        cursor.execute(_KINDS, {"ids": list(ids)})
        never, kinds = cursor.fetchone()
    return None if never is not False else list(kinds)


@dataclasses.dataclass(frozen=True)
class Change:
    """One tag of one customer that is not as the rules want it: assign, renew, stop (let it run out) or drop; or is: same."""

    customer_id: int
    tag_id: int
    rule_id: int | None
    kind: str


def live_rules() -> list[LiveRule]:
    """Active rules in order. One that can no longer be asked is left out, loudly, so that it does not stop the others."""
    found = []
    active = TagRule.objects.filter(state=RuleState.ACTIVE, tag__is_archived=False).select_related("tag__group")
    for rule in active.order_by("id"):
        group = rule.tag.group
        try:
            found.append(LiveRule(rule.pk, rule.tag_id, rule.version, group.pk, group.is_exclusive, parse(rule.condition)))
        except ConditionError as error:
            logger.error("tag rule %s cannot be asked: %s", rule.pk, error)
    return found


# Blocked pairs are never wanted. One rule speaks per tag: of the highest priority, then the oldest. In an exclusive group a
# tag given by hand keeps every rule out; among rules the priority decides, then the group's first tag. What nobody wants any
# more runs out as its rule's removal policy says.
# Who turned personal recommendations off is `closed` to rules that look at behaviour, and loses what they gave at once.
_DIFFERENCE = """
WITH matched AS MATERIALIZED ({matches}),
closed AS MATERIALIZED (SELECT id AS customer_id FROM customers_customer WHERE NOT is_personalised AND {people}),
wanted AS MATERIALIZED (
    SELECT DISTINCT ON (matched.customer_id, rule.tag_id)
        matched.customer_id, rule.tag_id, rule.id AS rule_id, rule.version, rule.priority, tag.group_id, tag.position,
        family.is_exclusive
    FROM matched JOIN tagging_tagrule AS rule ON rule.id = matched.tree_id
    LEFT JOIN closed ON closed.customer_id = matched.customer_id AND rule.id = ANY(%(personal)s::bigint[])
    JOIN tagging_tag AS tag ON tag.id = rule.tag_id JOIN tagging_taggroup AS family ON family.id = tag.group_id
    WHERE closed.customer_id IS NULL
    ORDER BY matched.customer_id, rule.tag_id, rule.priority DESC, rule.id
), held AS MATERIALIZED (
    SELECT given.customer_id, given.tag_id, given.source, given.rule_id, given.rule_version, given.expires_at, given.is_blocked,
        tag.group_id, family.is_exclusive, coalesce(rule.keep_days, 0) AS keep_days, coalesce(rule.removal, 'days') AS removal
    FROM tagging_tagassignment AS given
    JOIN tagging_tag AS tag ON tag.id = given.tag_id JOIN tagging_taggroup AS family ON family.id = tag.group_id
    LEFT JOIN tagging_tagrule AS rule ON rule.id = given.rule_id
    WHERE {among}
), fixed AS MATERIALIZED (
    SELECT DISTINCT customer_id, group_id FROM held WHERE is_exclusive AND source <> 'rule' AND NOT is_blocked
), allowed AS MATERIALIZED (
    SELECT wanted.* FROM wanted
    LEFT JOIN held AS blocked
        ON blocked.customer_id = wanted.customer_id AND blocked.tag_id = wanted.tag_id AND blocked.is_blocked
    LEFT JOIN fixed ON fixed.customer_id = wanted.customer_id AND fixed.group_id = wanted.group_id
    WHERE blocked.tag_id IS NULL AND fixed.group_id IS NULL
), winner AS MATERIALIZED (
    SELECT * FROM allowed WHERE NOT is_exclusive
    UNION ALL (SELECT DISTINCT ON (customer_id, group_id) * FROM allowed WHERE is_exclusive
               ORDER BY customer_id, group_id, priority DESC, position, tag_id)
), taken AS MATERIALIZED (
    SELECT customer_id, group_id FROM winner WHERE is_exclusive UNION SELECT customer_id, group_id FROM fixed
), difference AS (
    SELECT coalesce(winner.customer_id, held.customer_id) AS customer_id, coalesce(winner.tag_id, held.tag_id) AS tag_id,
        coalesce(winner.rule_id, held.rule_id) AS rule_id,
        CASE
            WHEN winner.tag_id IS NOT NULL AND held.tag_id IS NULL THEN 'assign'
            WHEN winner.tag_id IS NOT NULL AND held.source = 'rule' AND (held.expires_at IS NOT NULL
                OR held.rule_id IS DISTINCT FROM winner.rule_id OR held.rule_version IS DISTINCT FROM winner.version) THEN 'renew'
            WHEN winner.tag_id IS NOT NULL AND held.source = 'rule' AND winner.rule_id = ANY(%(touched)s::bigint[]) THEN 'same'
            WHEN winner.tag_id IS NOT NULL THEN NULL
            WHEN held.expires_at <= %(now)s::timestamptz THEN 'drop'
            WHEN held.source = 'rule' AND closed.customer_id IS NOT NULL AND NOT held.rule_id = ANY(%(neutral)s::bigint[])
                THEN 'drop'
            WHEN held.source = 'rule' AND taken.group_id IS NOT NULL THEN 'drop'
            WHEN held.source = 'rule' AND held.expires_at IS NULL AND held.rule_id = ANY(%(asked)s::bigint[])
                THEN CASE WHEN held.removal = 'fades' THEN 'stop' WHEN held.removal = 'stays' THEN NULL
                    WHEN held.keep_days = 0 THEN 'drop' ELSE 'stop' END
        END AS kind
    FROM winner FULL JOIN (SELECT * FROM held WHERE NOT is_blocked) AS held
        ON held.customer_id = winner.customer_id AND held.tag_id = winner.tag_id
    LEFT JOIN taken ON taken.customer_id = held.customer_id AND taken.group_id = held.group_id AND held.is_exclusive
    LEFT JOIN closed ON closed.customer_id = held.customer_id
)
"""
_NOBODY = "SELECT NULL::bigint AS customer_id, NULL::integer AS tree_id WHERE false"


def differences(
    rules: Sequence[LiveRule],
    ids: Sequence[int],
    at: dt.datetime,
    everything: Sequence[LiveRule] | None = None,
    touched: Sequence[LiveRule] = (),
) -> list[Change]:
    """Every change that some customers' tags need at a moment, as far as `rules` say; `everything` is all rules in force.

    Of `touched` rules those that still hold are told too, as "same": their evidence may have grown.
    """
    sql = "SELECT customer_id, tag_id, rule_id, kind FROM difference WHERE kind IS NOT NULL ORDER BY customer_id, tag_id"
    statement, params = _asking(rules, at, ids, sql, rules if everything is None else everything, touched)
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [Change(*row) for row in cursor.fetchall()]


STALE = "tagging_stale"  # a table of this transaction: who differs, numbered
_COLLECT = "CREATE TEMPORARY TABLE {stale} ON COMMIT DROP AS {asked}"
_DIFFERENT = """
SELECT row_number() OVER (ORDER BY customer_id) - 1 AS place, customer_id
FROM (SELECT DISTINCT customer_id FROM difference WHERE kind IS NOT NULL) AS differing
"""


def collect_stale(rules: Sequence[LiveRule], at: dt.datetime) -> int:
    """Find everybody whose tags are not as the rules want them, without touching anything; how many there are.

    They stand in a table of the caller's transaction, read in portions by `stale`: a worker's memory does not grow with
    the number of customers.
    """
    statement, params = _asking(rules, at, None, _DIFFERENT, rules)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off; SET LOCAL work_mem = '128MB'; SET LOCAL enable_indexscan = off")
        cursor.execute(f"DROP TABLE IF EXISTS {STALE}")
        cursor.execute(_COLLECT.format(stale=STALE, asked=statement), params)
        cursor.execute("SET LOCAL enable_indexscan = on")
        cursor.execute(f"SELECT count(*) FROM {STALE}")  # noqa: S608 - a constant
        return int(cursor.fetchone()[0])


_CHANGED = """
SELECT row_number() OVER (ORDER BY customer_id) - 1 AS place, customer_id FROM (
    SELECT found.customer_id FROM ({marked}) AS found
    LEFT JOIN tagging_customertags AS held ON held.customer_id = found.customer_id
    WHERE CASE WHEN held.customer_id IS NULL THEN found.marks <> '{}' ELSE held.marks IS DISTINCT FROM found.marks END
) AS changed
"""


def collect_changed(rules: Sequence[LiveRule], at: dt.datetime) -> int:
    """The same by what matched: everybody for whom other rules match now than when their tags were last brought in line.

    One scan per window and one comparison per customer, whatever the groups and policies: those are asked only about who
    is found here. Who changed nothing and for whom time changed nothing costs no more than that.
    """
    marked = marks(rules, at, None)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off; SET LOCAL work_mem = '128MB'; SET LOCAL enable_indexscan = off")
        cursor.execute(f"DROP TABLE IF EXISTS {STALE}")
        cursor.execute(_COLLECT.format(stale=STALE, asked=_CHANGED.replace("{marked}", marked.sql)), marked.params)
        cursor.execute("SET LOCAL enable_indexscan = on")
        cursor.execute(f"SELECT count(*) FROM {STALE}")  # noqa: S608 - a constant
        return int(cursor.fetchone()[0])


def marks(rules: Sequence[LiveRule], at: dt.datetime, ids: Sequence[int] | None) -> Statement:
    """`SELECT customer_id, marks`: which rules match each customer. Personal rules match nobody who turned that off."""
    query = Query(at, ids)
    told = (
        f"CASE WHEN {'customer.is_personalised AND ' if rule.is_personal else ''}{predicate(rule.node, query)}"
        f" THEN {rule.mark}::bigint END"
        for rule in sorted(rules, key=lambda rule: rule.mark)
    )
    sql = (
        f"SELECT customer.id AS customer_id, array_remove(ARRAY[{', '.join(told)}]::bigint[], NULL) AS marks"
        f" {query.sources()} WHERE {query.present()}"
    )
    return Statement(sql, query.params)


def stale(size: int) -> Iterator[list[int]]:
    """The collected customers in portions, by id."""
    with connection.cursor() as cursor:
        portions = f"SELECT array_agg(customer_id ORDER BY place) FROM {STALE} GROUP BY place / %s ORDER BY place / %s"  # noqa: S608
        cursor.execute(portions, [size, size])
        while row := cursor.fetchone():
            yield row[0]


def _asking(
    rules: Sequence[LiveRule],
    at: dt.datetime,
    ids: Sequence[int] | None,
    sql: str,
    everything: Sequence[LiveRule],
    touched: Sequence[LiveRule] = (),
) -> tuple[str, dict[str, Any]]:
    matches = select_matches({rule.id: rule.node for rule in rules}, at, ids) if rules else None
    among = "true" if ids is None else "given.customer_id = ANY(%(among)s::bigint[])"
    people = "true" if ids is None else "id = ANY(%(among)s::bigint[])"
    difference = _DIFFERENCE.replace("{matches}", matches.sql if matches else _NOBODY)
    difference = difference.replace("{among}", among).replace("{people}", people)
    params: dict[str, Any] = {"now": at, "asked": [rule.id for rule in rules], "among": list(ids or ())}
    params["touched"] = [rule.id for rule in touched]
    params["personal"] = [rule.id for rule in rules if rule.is_personal]
    params["neutral"] = [rule.id for rule in everything if not rule.is_personal]
    return difference + sql, {**(matches.params if matches else {}), **params}
