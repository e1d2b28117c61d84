"""Reads of the tag and segment pages: the tree with its counts, what a tag does lately, a customer's tags."""

import dataclasses
from typing import Any

from django.db import connection
from django.db.models import Prefetch, QuerySet

from core import clock
from core.conditions import ConditionError, parse, say
from core.conditions.params import remembering_options
from customers.models import Customer
from staff.models import User
from tagging.choices import Dimension, Removal, RuleState, SuggestionState
from tagging.models import Segment, Tag, TagAssignment, TagGroup, TagRule, TagSuggestion, TagVerdict
from tagging.queries.reasons import Reason, reasons_of
from tagging.rules import faded

RECENT = 20


@dataclasses.dataclass(frozen=True)
class Branch:
    """One dimension of the tree with its groups."""

    value: str
    label: str
    groups: list[TagGroup]


def tag_tree(*, archived: bool = False) -> list[Branch]:
    """Dimensions, groups and tags; each tag has `people` and `live` (its rules in force). Three queries."""
    tags = Tag.objects.prefetch_related(Prefetch("rules", TagRule.objects.order_by("id"))).order_by("position", "id")
    shown = tags if archived else tags.filter(is_archived=False)
    groups = list(TagGroup.objects.prefetch_related(Prefetch("tags", shown)).order_by("position", "id"))
    people = _people_by_tag()
    for group in groups:
        for tag in group.tags.all():
            tag.people = people.get(tag.pk, 0)  # type: ignore[attr-defined]
            tag.live = sum(rule.state == RuleState.ACTIVE for rule in tag.rules.all())  # type: ignore[attr-defined]
    found = [(value, label, [group for group in groups if group.dimension == value]) for value, label in Dimension.choices]
    return [Branch(value, str(label), inside) for value, label, inside in found if inside]


def largest(tree: list[Branch], most: int = 10) -> list[Tag]:
    """The tags of a tree that most people have."""
    tags = [tag for branch in tree for group in branch.groups for tag in group.tags.all()]
    found = [tag for tag in tags if tag.people]  # type: ignore[attr-defined]
    return sorted(found, key=lambda tag: -tag.people)[:most]  # type: ignore[attr-defined]


def _people_by_tag() -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tag_id, count(*) FROM tagging_customertags, unnest(tag_ids) AS tag_id GROUP BY 1")
        return dict(cursor.fetchall())


@dataclasses.dataclass(frozen=True)
class Overview:
    """The tag system in five numbers. `tagged` of `customers` have at least one tag."""

    tags: int
    live_rules: int
    draft_rules: int
    tagged: int
    customers: int


_OVERVIEW = """
SELECT (SELECT count(*) FROM tagging_tag WHERE NOT is_archived),
    (SELECT count(*) FROM tagging_tagrule WHERE state = 'active'), (SELECT count(*) FROM tagging_tagrule WHERE state = 'draft'),
    (SELECT count(*) FROM tagging_customertags WHERE tag_ids <> '{}'),
    (SELECT count(*) FROM customers_customer WHERE merged_into_id IS NULL)
"""


def overview() -> Overview:
    """The numbers of the whole agency."""
    with connection.cursor() as cursor:
        cursor.execute(_OVERVIEW)
        return Overview(*cursor.fetchone())


@dataclasses.dataclass(frozen=True)
class Given:
    """An assignment with its reasons in words, its confidence now (a fading tag's sinks), and staff's verdict, if any."""

    assignment: TagAssignment
    reasons: list[Reason]
    confidence: float = 1.0
    verdict: bool | None = None


def recent_assignments(user: User, tag: Tag | None = None, limit: int = RECENT) -> list[Given]:
    """The newest assignments (of one tag) among the customers the user may see, with their reasons."""
    found = TagAssignment.objects.filter(is_blocked=False, customer__in=Customer.objects.visible_to(user))
    found = found.filter(tag=tag) if tag else found
    return _explained(found.select_related("customer", "tag", "rule", "assigned_by").order_by("-assigned_at")[:limit])


def tags_of_customer(customer: Customer) -> tuple[list[Given], list[TagAssignment]]:
    """A customer's tags with their reasons, and what was removed for ever."""
    found = TagAssignment.objects.filter(customer=customer).select_related("tag__group", "rule", "assigned_by")
    rows = list(found.order_by("tag__group__position", "tag__group_id", "tag__position", "tag_id"))
    judged = dict(TagVerdict.objects.filter(customer=customer).values_list("tag_id", "is_right"))
    return _explained([row for row in rows if not row.is_blocked], judged), [row for row in rows if row.is_blocked]


def _explained(assignments: Any, judged: dict[int, bool] | None = None) -> list[Given]:
    rows, verdicts = list(assignments), judged or {}
    told = zip(rows, reasons_of(rows), strict=True)
    return [Given(row, reasons, _confidence(row), verdicts.get(row.tag_id)) for row, reasons in told]


def _confidence(row: TagAssignment) -> float:
    if row.rule is None or row.rule.removal != Removal.FADES:
        return float(row.confidence)
    return faded(float(row.confidence), row.expires_at, row.rule.half_life_days, clock.now())


def open_suggestions(customer: Customer) -> list[TagSuggestion]:
    """What a model suggested for a customer and nobody has decided yet."""
    found = TagSuggestion.objects.filter(customer=customer, state=SuggestionState.OPEN, tag__is_archived=False)
    return list(found.select_related("tag").order_by("-confidence", "tag_id"))


_TREND = """
SELECT array_agg(coalesce(counted.people, 0) ORDER BY day)
FROM generate_series((now() AT TIME ZONE 'Asia/Shanghai')::date - 29, (now() AT TIME ZONE 'Asia/Shanghai')::date, '1 day') AS day
LEFT JOIN (SELECT (assigned_at AT TIME ZONE 'Asia/Shanghai')::date AS day, count(*) AS people FROM tagging_tagassignment
    WHERE tag_id = %s AND assigned_at > now() - interval '31 days' AND NOT is_blocked GROUP BY 1) AS counted USING (day)
"""
_FACTS = """
SELECT count(*), count(*) FILTER (WHERE source = 'rule'), count(*) FILTER (WHERE source = 'manual'),
    count(*) FILTER (WHERE expires_at IS NOT NULL)
FROM tagging_tagassignment WHERE tag_id = %s AND NOT is_blocked
"""
_OVERLAPS = """
SELECT other.id, other.name, count(*) AS both FROM tagging_customertags AS row, unnest(row.tag_ids) AS also
JOIN tagging_tag AS other ON other.id = also
WHERE row.tag_ids @> ARRAY[%s]::integer[] AND also <> %s GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT 6
"""


@dataclasses.dataclass(frozen=True)
class TagFacts:
    """A tag in numbers: people, by source, running out; new ones per day for 30 days; tags that often come with it."""

    people: int
    by_rule: int
    by_hand: int
    ending: int
    trend: list[int]
    overlaps: list[tuple[int, str, int]]

    @property
    def fresh(self) -> int:
        """New ones in 30 days."""
        return sum(self.trend)


def tag_facts(tag: Tag) -> TagFacts:
    """Three queries over the whole agency."""
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [tag.pk])
        people, by_rule, by_hand, ending = cursor.fetchone()
        cursor.execute(_TREND, [tag.pk])
        trend = cursor.fetchone()[0]
        cursor.execute(_OVERLAPS, [tag.pk, tag.pk])
        return TagFacts(people, by_rule, by_hand, ending, trend, cursor.fetchall())


def segments() -> QuerySet[Segment]:
    """All segments, the largest first."""
    return Segment.objects.select_related("created_by").order_by("-last_count", "name")


def with_sentences(rows: list[Any]) -> list[tuple[Any, str]]:
    """Rules or segments with their conditions in words; one query per list of options, not per row."""
    with remembering_options():
        return [(row, sentence_of(row.condition)) for row in rows]


def sentence_of(condition: object) -> str:
    """A stored condition in words; empty when this version can no longer read it."""
    try:
        return say(parse(condition))
    except ConditionError:
        return ""


@dataclasses.dataclass(frozen=True)
class Version:
    """An earlier published condition of a rule."""

    version: int
    sentence: str
    at: Any
    is_current: bool


def rule_versions(rule: TagRule, limit: int = 10) -> list[Version]:
    """A rule's conditions, the newest first, each version once."""
    history = TagRule.pgh_event_model.objects.filter(pgh_obj_id=rule.pk).order_by("-pgh_id")  # type: ignore[attr-defined]
    found: dict[int, Any] = {}
    for row in history[:100]:
        found.setdefault(row.version, row)
    with remembering_options():
        return [
            Version(row.version, sentence_of(row.condition), row.pgh_created_at, row.version == rule.version)
            for row in list(found.values())[:limit]
        ]
