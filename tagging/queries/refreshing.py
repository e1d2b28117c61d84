"""What the rules want against what customers have: the difference, in one statement."""

import dataclasses
import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any

from django.db import connection

from core.conditions import ConditionError, Node, leaves, parse, select_matches
from tagging.choices import RuleState
from tagging.models import TagRule
from tagging.queries.personal import looks_at_behaviour

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class LiveRule:
    """A rule in force with its checked tree."""

    id: int
    tag_id: int
    version: int
    keep_days: int
    node: Node

    @property
    def is_personal(self) -> bool:
        """Whether the rule looks at behaviour, tags or purchases: not asked about who turned that off (PIPL 24)."""
        return looks_at_behaviour(self.node)

    @property
    def asks_tags(self) -> bool:
        """Whether the rule depends on other tags, so that a change of tags can make it match."""
        return any(leaf.field.name == "tags" for leaf in leaves(self.node))


@dataclasses.dataclass(frozen=True)
class Change:
    """One tag of one customer that is not as the rules want it: assign, renew, stop (let it run out) or drop."""

    customer_id: int
    tag_id: int
    rule_id: int | None
    kind: str


def live_rules() -> list[LiveRule]:
    """Active rules in order. One that can no longer be asked is left out, loudly, so that it does not stop the others."""
    found = []
    for rule in TagRule.objects.filter(state=RuleState.ACTIVE, tag__is_archived=False).order_by("id"):
        try:
            found.append(LiveRule(rule.pk, rule.tag_id, rule.version, rule.keep_days, parse(rule.condition)))
        except ConditionError as error:
            logger.error("tag rule %s cannot be asked: %s", rule.pk, error)
    return found


# Blocked pairs are never wanted. One rule speaks per tag, the oldest. In an exclusive group a tag given by hand keeps every
# rule out; among rules the group's first tag wins. What nobody wants any more runs out after its rule's `keep_days`.
# Who turned personal recommendations off is `closed` to rules that look at behaviour, and loses what they gave at once.
_DIFFERENCE = """
WITH matched AS MATERIALIZED ({matches}),
closed AS MATERIALIZED (SELECT id AS customer_id FROM customers_customer WHERE NOT is_personalised AND {people}),
wanted AS MATERIALIZED (
    SELECT DISTINCT ON (matched.customer_id, rule.tag_id)
        matched.customer_id, rule.tag_id, rule.id AS rule_id, rule.version, tag.group_id, tag.position, family.is_exclusive
    FROM matched JOIN tagging_tagrule AS rule ON rule.id = matched.tree_id
    LEFT JOIN closed ON closed.customer_id = matched.customer_id AND rule.id = ANY(%(personal)s::bigint[])
    JOIN tagging_tag AS tag ON tag.id = rule.tag_id JOIN tagging_taggroup AS family ON family.id = tag.group_id
    WHERE closed.customer_id IS NULL
    ORDER BY matched.customer_id, rule.tag_id, rule.id
), held AS MATERIALIZED (
    SELECT given.customer_id, given.tag_id, given.source, given.rule_id, given.rule_version, given.expires_at, given.is_blocked,
        tag.group_id, family.is_exclusive, coalesce(rule.keep_days, 0) AS keep_days
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
               ORDER BY customer_id, group_id, position, tag_id)
), taken AS MATERIALIZED (
    SELECT customer_id, group_id FROM winner WHERE is_exclusive UNION SELECT customer_id, group_id FROM fixed
), difference AS (
    SELECT coalesce(winner.customer_id, held.customer_id) AS customer_id, coalesce(winner.tag_id, held.tag_id) AS tag_id,
        coalesce(winner.rule_id, held.rule_id) AS rule_id,
        CASE
            WHEN winner.tag_id IS NOT NULL AND held.tag_id IS NULL THEN 'assign'
            WHEN winner.tag_id IS NOT NULL AND held.source = 'rule' AND (held.expires_at IS NOT NULL
                OR held.rule_id IS DISTINCT FROM winner.rule_id OR held.rule_version IS DISTINCT FROM winner.version) THEN 'renew'
            WHEN winner.tag_id IS NOT NULL THEN NULL
            WHEN held.expires_at <= %(now)s::timestamptz THEN 'drop'
            WHEN held.source = 'rule' AND closed.customer_id IS NOT NULL AND NOT held.rule_id = ANY(%(neutral)s::bigint[])
                THEN 'drop'
            WHEN held.source = 'rule' AND taken.group_id IS NOT NULL THEN 'drop'
            WHEN held.source = 'rule' AND held.expires_at IS NULL AND held.rule_id = ANY(%(asked)s::bigint[])
                THEN CASE WHEN held.keep_days = 0 THEN 'drop' ELSE 'stop' END
        END AS kind
    FROM winner FULL JOIN (SELECT * FROM held WHERE NOT is_blocked) AS held
        ON held.customer_id = winner.customer_id AND held.tag_id = winner.tag_id
    LEFT JOIN taken ON taken.customer_id = held.customer_id AND taken.group_id = held.group_id AND held.is_exclusive
    LEFT JOIN closed ON closed.customer_id = held.customer_id
)
"""
_NOBODY = "SELECT NULL::bigint AS customer_id, NULL::integer AS tree_id WHERE false"


def differences(rules: Sequence[LiveRule], ids: Sequence[int], at: dt.datetime) -> list[Change]:
    """Every change that some customers' tags need at a moment."""
    sql = "SELECT customer_id, tag_id, rule_id, kind FROM difference WHERE kind IS NOT NULL ORDER BY customer_id, tag_id"
    return [Change(*row) for row in _ask(rules, at, ids, sql)]


def customers_who_differ(rules: Sequence[LiveRule], at: dt.datetime) -> list[int]:
    """Everybody whose tags are not as the rules want them, without touching anything."""
    sql = "SELECT DISTINCT customer_id FROM difference WHERE kind IS NOT NULL ORDER BY customer_id"
    return [row[0] for row in _ask(rules, at, None, sql)]


def _ask(rules: Sequence[LiveRule], at: dt.datetime, ids: Sequence[int] | None, sql: str) -> list[tuple[int, int, int, str]]:
    matches = select_matches({rule.id: rule.node for rule in rules}, at, ids) if rules else None
    among = "true" if ids is None else "given.customer_id = ANY(%(among)s::bigint[])"
    people = "true" if ids is None else "id = ANY(%(among)s::bigint[])"
    difference = _DIFFERENCE.replace("{matches}", matches.sql if matches else _NOBODY)
    difference = difference.replace("{among}", among).replace("{people}", people)
    personal = {rule.id for rule in rules if rule.is_personal}
    asked = [rule.id for rule in rules]
    params: dict[str, Any] = {"now": at, "asked": asked, "among": list(ids or ()), "personal": sorted(personal)}
    params["neutral"] = [number for number in asked if number not in personal]
    with connection.cursor() as cursor:
        if ids is None:
            cursor.execute("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; SET LOCAL enable_indexscan = off")
        cursor.execute(difference + sql, {**(matches.params if matches else {}), **params})
        return list(cursor.fetchall())
