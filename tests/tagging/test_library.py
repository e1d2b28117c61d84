"""The tag system as a whole: merged, exported and imported, taken back; verdicts; contradictions refused; a model's suggestions."""

import datetime as dt
from typing import Any

import pytest

from core import clock
from core.conditions import ConditionError
from core.errors import BadInput, Refused
from core.tables.decoding import open_table
from staff.models import User
from tagging.ai import parse_rule, parse_suggestions
from tagging.models import (
    CustomerTags,
    Segment,
    Tag,
    TagAssignment,
    TagGroup,
    TagMerge,
    TagRule,
    TagSuggestion,
    TagVerdict,
    TaxonomyVersion,
)
from tagging.rules import faded, precision
from tagging.services.joining import merge_tags, part_tags
from tagging.services.manual import add_tag
from tagging.services.refresh import rebuild_tags
from tagging.services.rules import create_rule, edit_rule, publish_rule
from tagging.services.sheets import export_tags, import_tags
from tagging.services.verdicts import decide_suggestion, judge_tag, precisions
from tagging.services.versions import keep_version, restore_version
from tests.factories import make_customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def lin(db: None) -> User:
    return User.objects.create(username="lin", role="administrator", row_scope="all")


@pytest.fixture
def group(db: None) -> TagGroup:
    return TagGroup.objects.create(name="兴趣")


def tag(group: TagGroup, name: str) -> Tag:
    return Tag.objects.create(group=group, name=name, position=group.tags.count())


def test_a_merge_moves_people_rules_and_questions(lin: User, group: TagGroup) -> None:
    old, new = tag(group, "带娃"), tag(group, "亲子")
    su, li, he = make_customer("苏"), make_customer("李"), make_customer("何")
    add_tag(lin, [su.pk, li.pk], old)
    add_tag(lin, [li.pk, he.pk], new)
    rule = create_rule(lin, tag=old, name="规则", condition={"city": {"values": ["杭州"]}}, keep_days=0)
    segment = Segment.objects.create(name="问", condition={"all": [{"tags": {"has": "any", "tags": [old.pk, new.pk]}}]})
    assert merge_tags(lin, old, new) == 2
    assert {row.customer_id: row.tag_ids for row in CustomerTags.objects.all()} == {pk: [new.pk] for pk in (su.pk, li.pk, he.pk)}
    segment.refresh_from_db()
    assert segment.condition == {"all": [{"tags": {"has": "any", "tags": [new.pk]}}]}
    assert TagRule.objects.get(pk=rule.pk).tag == new
    assert Tag.objects.get(pk=old.pk).is_archived
    restore_version(lin, TaxonomyVersion.objects.order_by("id")[0])
    assert not Tag.objects.get(pk=old.pk).is_archived
    with pytest.raises(Refused):
        merge_tags(lin, new, new)


def _state() -> dict[str, Any]:
    """Who has which tag and why, what was said about them, and what rules and segments ask."""
    return {
        "assignments": set(
            TagAssignment.objects.values_list("id", "customer__name", "tag__name", "source", "is_blocked", "rule_id")
        ),
        "arrays": {row.customer_id: sorted(row.tag_ids) for row in CustomerTags.objects.all()},
        "verdicts": set(TagVerdict.objects.values_list("id", "customer__name", "tag__name", "is_right")),
        "rules": set(TagRule.objects.values_list("id", "tag__name")),
        "asked": [*TagRule.objects.order_by("id").values_list("condition"), *Segment.objects.values_list("condition")],
        "archived": set(Tag.objects.filter(is_archived=True).values_list("name", flat=True)),
    }


def test_a_merge_taken_back_leaves_everything_as_it_was(lin: User, group: TagGroup) -> None:
    old, new, other = (tag(group, name) for name in ("带娃", "亲子", "滑雪"))
    su, li, he, wu, qi = (make_customer(name) for name in "苏李何吴齐")
    rule = create_rule(lin, tag=old, name="规则", condition={"tags": {"tags": [other.pk]}}, keep_days=0)
    for customer, one, source in (
        (su, old, "rule"),
        (li, old, "manual"),
        (li, new, "rule"),
        (he, new, "manual"),
        (he, old, "rule"),
    ):
        TagAssignment.objects.create(
            customer=customer, tag=one, source=source, rule=rule if source == "rule" else None, assigned_at=clock.now(),
            matched_at=clock.now(), evidence=[{"why": one.name}],
        )  # fmt: skip
    TagAssignment.objects.create(
        customer=wu, tag=old, source="manual", is_blocked=True, assigned_at=clock.now(), matched_at=clock.now()
    )
    for customer, one in ((su, old), (li, old), (li, new)):
        TagVerdict.objects.create(customer=customer, tag=one, source="rule", is_right=one == new, by=lin, at=clock.now())
    Segment.objects.create(name="问", condition={"all": [{"tags": {"has": "any", "tags": [old.pk, new.pk]}}]})
    CustomerTags.objects.bulk_create(CustomerTags(customer=one, tag_ids=[]) for one in (su, li, he, wu))
    rebuild_tags([su.pk, li.pk, he.pk, wu.pk])
    before = _state()
    merge_tags(lin, old, new)
    assert {pk: row for pk, row in _state()["arrays"].items() if row} == {pk: [new.pk] for pk in (su.pk, li.pk, he.pk)}
    add_tag(lin, [qi.pk], new)  # what comes since stays with the survivor
    assert part_tags(lin, TagMerge.objects.get()) == 3
    after = _state()
    assert after["arrays"].pop(qi.pk) == [new.pk]
    after["assignments"] = {row for row in after["assignments"] if row[1] != "齐"}
    assert after == before
    with pytest.raises(Refused):
        part_tags(lin, TagMerge.objects.get())


def test_a_chain_of_merges_is_taken_back_from_its_end(lin: User, group: TagGroup) -> None:
    one, two, three = (tag(group, name) for name in "甲乙丙")
    add_tag(lin, [make_customer("苏").pk], one)
    merge_tags(lin, one, two)
    merge_tags(lin, two, three)
    last, first = TagMerge.objects.all()
    with pytest.raises(Refused, match="乙"):
        part_tags(lin, first)
    assert part_tags(lin, last) == 1
    assert part_tags(lin, first) == 1
    assert CustomerTags.objects.get().tag_ids == [one.pk]


def test_a_version_brings_back_names_and_archives_what_came_since(lin: User, group: TagGroup) -> None:
    first, second = tag(group, "甲"), tag(group, "乙")
    version = keep_version(lin, "当时")
    Tag.objects.filter(pk=first.pk).update(name="丙")
    Tag.objects.filter(pk=second.pk).update(name="甲")
    TagGroup.objects.filter(pk=group.pk).update(name="改名", is_exclusive=True)
    later = tag(TagGroup.objects.create(name="新组"), "丁")
    restore_version(lin, version)
    assert dict(Tag.objects.values_list("pk", "name")) == {first.pk: "甲", second.pk: "乙", later.pk: "丁"}
    assert Tag.objects.get(pk=later.pk).is_archived
    group.refresh_from_db()
    assert (group.name, group.is_exclusive) == ("兴趣", False)
    assert TagGroup.objects.filter(name="新组").exists()


def test_what_is_exported_reads_in_as_nothing_new(lin: User, group: TagGroup) -> None:
    tag(group, "=SUM(A1)")
    tag(group, "亲子")
    content = export_tags()
    assert [row.cells[3] for row in open_table(content).rows] == ["=SUM(A1)", "亲子"]
    done = import_tags(lin, content)
    assert (done.made, done.changed, done.complaints) == (0, 0, ())


def test_an_import_makes_changes_and_names_bad_rows(lin: User, group: TagGroup) -> None:
    tag(group, "亲子")
    content = (
        "维度,标签组,互斥,标签,说明,停用\n兴趣,兴趣,否,亲子,带孩子,否\n消费,预算,是,高,贵,\n消费,预算,否,低,,\n火星,预算,是,中,,\n消费,预算,是,,,\n"
        "消费,预算,是,中,,是\n"
    ).encode()
    done = import_tags(lin, content)
    assert (done.made, done.changed) == (2, 1)
    assert [number for number, _complaint in done.complaints] == [4, 5, 6]
    budget = TagGroup.objects.get(name="预算")
    assert (budget.is_exclusive, budget.dimension) == (True, "consumption")
    assert dict(budget.tags.values_list("name", "is_archived")) == {"高": False, "中": True}
    with pytest.raises(BadInput):
        import_tags(lin, b"a,b\n1,2\n")
    with pytest.raises(BadInput):
        import_tags(lin, b"\x00\x01\x02")


def test_verdicts_measure_a_tag_and_a_wrong_one_never_returns(lin: User, group: TagGroup) -> None:
    family = tag(group, "亲子")
    people = [make_customer(f"客{number}") for number in range(4)]
    for customer in people:
        TagAssignment.objects.create(
            customer=customer, tag=family, source="rule", assigned_at=clock.now(), matched_at=clock.now()
        )
    for customer in people:
        judge_tag(lin, customer, family, is_right=customer is not people[0])
    found = precisions([family.pk])[family.pk]
    assert (found.right, found.total) == (3, 4)
    assert (round(found.low, 3), round(found.high, 3)) == (0.301, 0.954)
    assert TagAssignment.objects.get(customer=people[0]).is_blocked
    judge_tag(lin, people[1], family, is_right=True)
    assert precisions([family.pk])[family.pk].total == 4


@pytest.mark.parametrize(("right", "total", "low", "high"), [(0, 0, 0.0, 1.0), (50, 50, 0.929, 1.0), (45, 50, 0.786, 0.957)])
def test_wilson(right: int, total: int, low: float, high: float) -> None:
    found = precision(right, total)
    assert (round(found.low, 3), round(found.high, 3)) == (low, high)
    assert found.is_proven == (total == 50)


def test_fading_reaches_a_quarter_when_the_tag_goes() -> None:
    now = clock.now()
    assert faded(1.0, now, 7, now) == 0.25
    assert faded(1.0, now + dt.timedelta(days=14), 7, now) == 1.0
    assert faded(0.6, None, 7, now) == 0.6


def test_contradictory_rules_of_an_exclusive_group_are_refused(lin: User) -> None:
    group = TagGroup.objects.create(name="等级", is_exclusive=True)
    gold, silver = tag(group, "金"), tag(group, "银")
    asked: dict[str, Any] = {"all": [{"city": {"values": ["杭州"]}}]}
    publish_rule(lin, create_rule(lin, tag=gold, name="金规则", condition=asked, keep_days=0).pk)
    rival = create_rule(lin, tag=silver, name="银规则", condition=asked, keep_days=0)
    with pytest.raises(ConditionError) as refused:
        publish_rule(lin, rival.pk)
    assert "金规则" in refused.value.complaint
    edit_rule(lin, rival.pk, name="银规则", condition=asked, keep_days=0, priority=3)
    assert publish_rule(lin, rival.pk).state == "active"
    with pytest.raises(ConditionError) as impossible:
        create_rule(
            lin, tag=gold, name="不可能", keep_days=0,
            condition={"all": [{"city": {"values": ["上海"]}}, {"tags": {"has": "all", "tags": [gold.pk, silver.pk]}}]},
        )  # fmt: skip
    assert impossible.value.path == "all[1].tags.tags"


def test_a_model_may_only_say_what_the_source_says() -> None:
    text = "我们一家四口想去三亚,孩子 5 岁"
    answer = {"tags": [
        {"id": 1, "quote": "孩子5岁", "confidence": 0.9}, {"id": 9, "quote": "三亚"}, {"id": 2, "quote": "想去云南"},
        {"id": 1, "quote": "三亚"}, {"id": 3, "quote": ""}, {"id": True, "quote": "三亚"},
    ]}  # fmt: skip
    found = parse_suggestions(answer, text, {1: "亲子", 2: "云南", 3: "空"})
    assert [(one.tag_id, one.quote, one.confidence) for one in found] == [(1, "孩子5岁", 0.9)]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"condition": None},
        {"condition": {"sql": "drop table"}},
        {"condition": {"city": {"values": ["x"], "regex": "(a+)+$"}}},
    ],
)
def test_a_models_rule_that_cannot_be_asked_is_no_rule(answer: dict[str, Any]) -> None:
    assert parse_rule(answer) is None


def test_a_suggestion_is_decided_by_a_person_and_counts_as_a_verdict(lin: User, group: TagGroup) -> None:
    family, su = tag(group, "亲子"), make_customer("苏")
    one = TagSuggestion.objects.create(customer=su, tag=family, at=clock.now(), evidence=[{"quote": "带娃"}])
    decide_suggestion(lin, one, accepted=True)
    assert TagAssignment.objects.get().source == "manual"
    assert precisions([family.pk])[family.pk].right == 1
