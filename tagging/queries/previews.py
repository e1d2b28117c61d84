"""What a condition means right now: its sentence, how many match, who gains and who loses a tag, a few people with reasons."""

import dataclasses
import datetime as dt
import json
import time
from collections.abc import Sequence
from typing import Any

from django.db import OperationalError, connection
from psycopg.errors import QueryCanceled

from core.conditions import Node, Statement, dump, say, select_evidence, select_members
from customers.models import Customer
from staff.models import User
from tagging.models import Tag, TagRule
from tagging.queries.members import PREVIEW_SECONDS, Count, quick_count, within_scope, within_seconds
from tagging.queries.personal import as_asked_by_rules
from tagging.queries.reasons import Reason, explain


@dataclasses.dataclass(frozen=True)
class Person:
    """Somebody who matches, and why."""

    customer: Customer
    reasons: list[Reason]


@dataclasses.dataclass(frozen=True)
class Preview:
    """A condition's sentence, its count within the asker's row scope, and some of the people."""

    sentence: str
    count: Count
    people: list[Person]
    milliseconds: int


@dataclasses.dataclass(frozen=True)
class RuleEffect:
    """What publishing a rule would do now: matching people who have the tag or would get it, and who would lose it."""

    matching: int
    would_add: int
    would_remove: int
    losing: tuple[Customer, ...] = ()


def preview(node: Node, user: User, at: dt.datetime, *, for_rule: bool = False) -> Preview:
    """Count and sample a condition among the customers the user may see; `for_rule`: among those whom a tag rule may look at."""
    began = _now()
    count = quick_count(within_scope(as_asked_by_rules(node) if for_rule else node, user), at)
    people = sample_people(node, count.sample, at)
    return Preview(say(node), count, people, _now() - began)


def _now() -> int:
    return round(time.monotonic() * 1000)


def sample_people(node: Node, ids: Sequence[int], at: dt.datetime) -> list[Person]:
    """Some customers who match, in order, each with the rows that made the condition true."""
    if not ids:
        return []
    statement = select_evidence({1: node}, [(pk, 1) for pk in ids], at)
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params)
        told = {customer_id: _loaded(evidence) for customer_id, _tree, evidence in cursor.fetchall()}
    customers = Customer.objects.in_bulk(list(ids))
    kept = [pk for pk in ids if pk in customers]
    condition = dump(node)
    reasons = explain((condition, told.get(pk, [])) for pk in kept)
    return [Person(customers[pk], why) for pk, why in zip(kept, reasons, strict=True)]


def _loaded(evidence: Any) -> Any:
    return json.loads(evidence) if isinstance(evidence, str) else evidence


_EFFECT = """
WITH member AS MATERIALIZED ({members}),
held AS MATERIALIZED (
    SELECT customer_id, source, rule_id, is_blocked, expires_at FROM tagging_tagassignment WHERE tag_id = %(tag)s
)
SELECT (SELECT count(*) FROM member),
    (SELECT count(*) FROM member LEFT JOIN held ON held.customer_id = member.id WHERE held.customer_id IS NULL),
    (SELECT count(*) FROM held LEFT JOIN member ON member.id = held.customer_id
     WHERE member.id IS NULL AND held.rule_id = %(rule)s AND held.source = 'rule' AND NOT held.is_blocked
         AND held.expires_at IS NULL),
    ARRAY(SELECT held.customer_id FROM held LEFT JOIN member ON member.id = held.customer_id
     WHERE member.id IS NULL AND held.rule_id = %(rule)s AND held.source = 'rule' AND NOT held.is_blocked
         AND held.expires_at IS NULL ORDER BY 1 DESC LIMIT 5)
"""


def rule_effect(node: Node, tag: Tag, rule: TagRule | None, at: dt.datetime) -> RuleEffect | None:
    """Gains and losses of a tag over everybody, if this condition were its rule; None when it takes too long.

    Who turned personal recommendations off is not counted where the condition looks at behaviour: the rule skips them.
    """
    members = select_members(as_asked_by_rules(node), at)
    params = {**members.params, "tag": tag.pk, "rule": rule.pk if rule else 0}
    try:
        asked = Statement(_EFFECT.replace("{members}", members.sql), params)
        matching, adds, removes, losing = within_seconds(asked, 0, PREVIEW_SECONDS)
        return RuleEffect(matching, adds, removes, tuple(Customer.objects.filter(pk__in=losing).order_by("-pk")))
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            return None
        raise
