"""Reads of the tag pages: the tree with its counts, a tag's recent people, a condition's preview."""

import dataclasses
import datetime as dt
import json
from typing import Any

from django.db import connection
from django.db.models import Prefetch, QuerySet

from core.conditions import Node, parse, say, select_evidence
from core.errors import BadInput
from customers.models import Customer
from staff.models import User
from tagging.models import Segment, Tag, TagAssignment, TagGroup, TagRule
from tagging.queries.members import Count, count_members, within_scope


def tag_tree() -> list[TagGroup]:
    """Groups with their tags and rules, each tag with `people`: three queries and a count."""
    tags = Tag.objects.filter(is_archived=False).prefetch_related(Prefetch("rules", TagRule.objects.order_by("id")))
    groups = list(TagGroup.objects.prefetch_related(Prefetch("tags", tags.order_by("position", "id"))))
    with connection.cursor() as cursor:
        cursor.execute("SELECT tag_id, count(*) FROM tagging_customertags, unnest(tag_ids) AS tag_id GROUP BY 1")
        people = dict(cursor.fetchall())
    for group in groups:
        for tag in group.tags.all():
            tag.people = people.get(tag.pk, 0)  # type: ignore[attr-defined]
    return groups


def recent_assignments(tag: Tag, user: User, limit: int = 20) -> list[TagAssignment]:
    """The newest people with the tag whom the user may see."""
    found = TagAssignment.objects.filter(tag=tag, is_blocked=False, customer__in=Customer.objects.visible_to(user))
    return list(found.select_related("customer", "rule").order_by("-assigned_at")[:limit])


_TREND = """
SELECT array_agg(coalesce(counted.people, 0) ORDER BY day) FROM generate_series(current_date - 29, current_date, interval '1 day') AS day
LEFT JOIN (SELECT (assigned_at AT TIME ZONE 'Asia/Shanghai')::date AS day, count(*) AS people FROM tagging_tagassignment
    WHERE tag_id = %s AND assigned_at > now() - interval '31 days' AND NOT is_blocked GROUP BY 1) AS counted USING (day)
"""


def assigned_by_day(tag: Tag) -> list[int]:
    """How many got the tag on each of the last 30 days, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_TREND, [tag.pk])
        days: list[int] = cursor.fetchone()[0]
    return days


def tags_with_reasons(customer: Customer) -> QuerySet[TagAssignment]:
    """A customer's tags with source, evidence and expiry."""
    found = TagAssignment.objects.filter(customer=customer, is_blocked=False).select_related("tag__group", "rule")
    return found.order_by("tag__group__position", "tag__position")


def segments() -> QuerySet[Segment]:
    """All segments, the largest first."""
    return Segment.objects.select_related("created_by").order_by("-last_count", "name")


@dataclasses.dataclass(frozen=True)
class Person:
    """Somebody who matches, and the rows that made it so."""

    customer: Customer
    evidence: list[dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Preview:
    """What a condition means right now: its sentence, how many match within the user's scope, and some of them."""

    sentence: str
    count: Count
    people: list[Person]


def preview(condition: object, user: User, at: dt.datetime) -> Preview:
    """Count and sample a condition; ConditionError when it cannot be read."""
    node = parse(condition)
    scoped = within_scope(node, user)
    count = count_members(scoped, at)
    return Preview(say(node), count, _people(node, list(count.sample), at))


def _people(node: Node, ids: list[int], at: dt.datetime) -> list[Person]:
    if not ids:
        return []
    statement = select_evidence({1: node}, at, [(pk, 1) for pk in ids])
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params)
        evidence = {
            customer_id: json.loads(told) if isinstance(told, str) else told for customer_id, _tree, told in cursor.fetchall()
        }
    customers = Customer.objects.in_bulk(ids)
    return [Person(customers[pk], evidence.get(pk, [])) for pk in ids if pk in customers]


def sentence_of(condition: object) -> str:
    """A stored condition in words; empty when this version can no longer read it."""
    try:
        return say(parse(condition))
    except BadInput:
        return ""
