"""Rules give tags with evidence, let them run out, and never argue with a person's word."""

import datetime as dt
import uuid
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.event_types import CustomerActive
from core.events import record
from core.models import Event, Job
from core.worker import run_pending
from customers.models import Customer
from customers.services.merging import merge_customers
from staff.models import User
from tagging.models import CustomerTags, Tag, TagAssignment, TagGroup, TagRule
from tagging.services.manual import add_tag, allow_tag_again, remove_tag
from tagging.services.refresh import expire_tags, refresh_all, refresh_tags
from tests.factories import make_customer
from tests.tagging.conftest import VIEWED_FAMILY, Did, make_rule

NOW = dt.datetime(2026, 11, 24, 4, 0, tzinfo=dt.UTC)


def tags_of(customer: Customer) -> list[int]:
    return list(CustomerTags.objects.filter(customer=customer).values_list("tag_ids", flat=True).first() or [])


def facts(kind: str) -> list[dict[str, Any]]:
    return list(Event.objects.filter(kind=kind).order_by("recorded_at").values_list("props", flat=True))


def view(did: Did, customer: Customer, times: int, product: str = "P01", days: float = 1) -> list[uuid.UUID]:
    return [did(customer, "product.viewed", days=days + n, product=product) for n in range(times)]


@pytest.fixture(autouse=True)
def frozen() -> Any:
    """A Tuesday noon in Shanghai that moves only when a test says so."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def test_a_rule_gives_its_tag_with_the_rows_that_made_it_true(did: Did, family_rule: TagRule) -> None:
    su, li = make_customer("苏晴"), make_customer("李默")
    keys = view(did, su, 3)
    view(did, su, 2, "P02")
    view(did, li, 2)
    assert refresh_tags([su.pk, li.pk]) == 1
    given = TagAssignment.objects.get()
    assert (given.customer, given.tag, given.source, given.rule, given.rule_version) == (
        su,
        family_rule.tag,
        "rule",
        family_rule,
        1,
    )
    assert (given.assigned_at, given.matched_at, given.expires_at) == (NOW, NOW, None)
    assert [reason["path"] for reason in given.evidence] == ["event"]
    assert given.evidence[0]["value"] == 3
    assert [row["key"] for row in given.evidence[0]["rows"]] == [str(key) for key in keys]
    assert given.evidence[0]["rows"][0]["product"] == "P01"
    assert str(given.confidence) == "0.500"
    assert tags_of(su) == [family_rule.tag_id]
    assert tags_of(li) == []
    assert facts("tag.assigned") == [{"customer_id": su.pk, "tag_id": family_rule.tag_id, "source": "rule"}]


def test_evidence_holds_five_rows_at_most_and_the_newest(did: Did, family_rule: TagRule) -> None:
    su = make_customer()
    keys = view(did, su, 9)
    refresh_tags([su.pk])
    reason = TagAssignment.objects.get().evidence[0]
    assert [row["key"] for row in reason["rows"]] == [str(key) for key in keys[:5]]
    assert reason["value"] == 9
    assert reason["strength"] == 0.875


def test_of_two_alternatives_only_the_true_one_is_told(did: Did, family: Tag) -> None:
    make_rule(family, {"any": [VIEWED_FAMILY, {"child_age": {"low": 3, "high": 12}}]})
    su = make_customer(child_ages=[6])
    view(did, su, 1)
    refresh_tags([su.pk])
    assert TagAssignment.objects.get().evidence == [{"path": "any[1].child_age", "value": [6]}]


def test_refreshing_again_changes_nothing(did: Did, family_rule: TagRule) -> None:
    su = make_customer()
    view(did, su, 3)
    refresh_tags([su.pk])
    before = TagAssignment.objects.values().get()
    assert refresh_tags([su.pk]) == 0
    assert TagAssignment.objects.values().get() == before
    assert len(facts("tag.assigned")) == 1


def test_a_tag_stays_keep_days_after_it_stops_matching_then_goes(did: Did, family_rule: TagRule, frozen: Any) -> None:
    su = make_customer()
    view(did, su, 3)
    refresh_tags([su.pk])
    frozen.move_to(NOW + dt.timedelta(days=29))
    assert refresh_tags([su.pk]) == 1
    assert TagAssignment.objects.get().expires_at == NOW + dt.timedelta(days=29 + 14)
    assert tags_of(su) == [family_rule.tag_id]
    frozen.move_to(NOW + dt.timedelta(days=43))
    expire_tags()
    assert not TagAssignment.objects.exists()
    assert tags_of(su) == []
    assert facts("tag.removed") == [{"customer_id": su.pk, "tag_id": family_rule.tag_id, "source": "rule"}]


def test_matching_again_in_time_keeps_the_tag_with_new_evidence(did: Did, family_rule: TagRule, frozen: Any) -> None:
    su = make_customer()
    view(did, su, 3)
    refresh_tags([su.pk])
    frozen.move_to(NOW + dt.timedelta(days=40))
    refresh_tags([su.pk])
    frozen.move_to(NOW + dt.timedelta(days=50))
    fresh = view(did, su, 3, days=0.5)
    refresh_tags([su.pk])
    given = TagAssignment.objects.get()
    assert (given.assigned_at, given.matched_at, given.expires_at) == (NOW, NOW + dt.timedelta(days=50), None)
    assert given.evidence[0]["rows"][0]["key"] == str(fresh[0])
    assert len(facts("tag.assigned")) == 1


def test_without_keep_days_it_goes_at_once(did: Did, family: Tag, frozen: Any) -> None:
    make_rule(family, VIEWED_FAMILY, keep_days=0)
    su = make_customer()
    view(did, su, 3)
    refresh_tags([su.pk])
    frozen.move_to(NOW + dt.timedelta(days=31))
    refresh_tags([su.pk])
    assert not TagAssignment.objects.exists()


def test_a_published_version_renews_the_evidence(did: Did, family_rule: TagRule) -> None:
    su = make_customer()
    view(did, su, 3)
    refresh_tags([su.pk])
    TagRule.objects.filter(pk=family_rule.pk).update(version=2)
    assert refresh_tags([su.pk]) == 1
    assert TagAssignment.objects.get().rule_version == 2


def test_a_paused_rule_freezes_its_tags(did: Did, family_rule: TagRule, frozen: Any) -> None:
    su = make_customer()
    view(did, su, 3)
    refresh_tags([su.pk])
    TagRule.objects.filter(pk=family_rule.pk).update(state="paused")
    frozen.move_to(NOW + dt.timedelta(days=40))
    assert refresh_tags([su.pk]) == 0
    assert tags_of(su) == [family_rule.tag_id]


def test_a_rule_that_can_no_longer_be_asked_stops_nobody_else(did: Did, family_rule: TagRule, family: Tag) -> None:
    make_rule(Tag.objects.create(group=family.group, name="坏"), {"shoe_size": {"low": 40}})
    su = make_customer()
    view(did, su, 3)
    assert refresh_tags([su.pk]) == 1
    assert tags_of(su) == [family_rule.tag_id]


class TestHand:
    def test_given_by_hand_survives_every_rule(self, did: Did, family_rule: TagRule, lin: User, frozen: Any) -> None:
        su = make_customer()
        assert add_tag(lin, [su.pk], family_rule.tag) == 1
        assert add_tag(lin, [su.pk], family_rule.tag) == 0
        frozen.move_to(NOW + dt.timedelta(days=400))
        assert refresh_tags([su.pk]) == 0
        given = TagAssignment.objects.get()
        assert (given.source, given.assigned_by, given.expires_at) == ("manual", lin, None)
        assert tags_of(su) == [family_rule.tag_id]

    def test_a_rule_does_not_take_over_what_was_given_by_hand(self, did: Did, family_rule: TagRule, lin: User) -> None:
        su = make_customer()
        add_tag(lin, [su.pk], family_rule.tag)
        view(did, su, 3)
        assert refresh_tags([su.pk]) == 0
        assert TagAssignment.objects.get().source == "manual"

    def test_never_again_means_never(self, did: Did, family_rule: TagRule, lin: User, frozen: Any) -> None:
        su = make_customer()
        view(did, su, 3)
        refresh_tags([su.pk])
        assert remove_tag(lin, [su.pk], family_rule.tag, never_again=True) == 1
        assert refresh_tags([su.pk]) == 0
        refresh_all()
        run_pending()
        assert tags_of(su) == []
        assert TagAssignment.objects.get().is_blocked
        allow_tag_again(lin, [su.pk], family_rule.tag)
        assert tags_of(su) == [family_rule.tag_id]
        assert TagAssignment.objects.get().source == "rule"

    def test_plain_removal_lets_a_rule_give_it_back(self, did: Did, family_rule: TagRule, lin: User) -> None:
        su = make_customer()
        view(did, su, 3)
        refresh_tags([su.pk])
        assert remove_tag(lin, [su.pk], family_rule.tag) == 1
        assert tags_of(su) == []
        assert refresh_tags([su.pk]) == 1

    def test_customers_of_others_are_left_out(self, family: Tag, chen: User, wang: User) -> None:
        mine, other = make_customer("甲", owner=chen), make_customer("乙", owner=wang)
        assert add_tag(chen, [mine.pk, other.pk], family) == 1
        assert tags_of(mine) == [family.pk]
        assert TagAssignment.objects.filter(customer=other).count() == 0
        assert remove_tag(wang, [mine.pk], family, never_again=True) == 0
        assert tags_of(mine) == [family.pk]

    def test_it_stands_in_the_audit_trail(self, family: Tag, lin: User) -> None:
        from staff.models import AuditEntry

        su = make_customer()
        add_tag(lin, [su.pk], family)
        entry = AuditEntry.objects.get()
        assert (entry.actor, entry.action, entry.object_name) == (lin, "tags.add", "亲子")
        assert entry.detail == {"customers": 1, "first": [su.pk]}


class TestExclusiveGroup:
    @pytest.fixture
    def spending(self, db: None) -> list[Tag]:
        group = TagGroup.objects.create(name="消费等级", is_exclusive=True)
        return [
            Tag.objects.create(group=group, name=name, position=place)
            for place, name in enumerate(("高客单", "中客单", "首单客"))
        ]

    def test_the_first_tag_of_the_group_wins(self, spending: list[Tag]) -> None:
        for tag in reversed(spending[:2]):
            make_rule(tag, {"city": {"values": ["杭州"]}})
        su = make_customer(city="杭州")
        assert refresh_tags([su.pk]) == 1
        assert tags_of(su) == [spending[0].pk]
        assert refresh_tags([su.pk]) == 0

    def test_a_better_tag_replaces_the_old_one_at_once(self, spending: list[Tag]) -> None:
        make_rule(spending[1], {"city": {"values": ["杭州"]}}, keep_days=30)
        high = make_rule(spending[0], {"city": {"values": ["上海"]}})
        su = make_customer(city="杭州")
        refresh_tags([su.pk])
        assert tags_of(su) == [spending[1].pk]
        TagRule.objects.filter(pk=high.pk).update(condition={"city": {"is": "filled"}})
        assert refresh_tags([su.pk]) == 2
        assert tags_of(su) == [spending[0].pk]
        assert len(facts("tag.removed")) == 1

    def test_by_hand_keeps_the_rules_out(self, spending: list[Tag], lin: User) -> None:
        make_rule(spending[0], {"city": {"values": ["杭州"]}})
        su = make_customer(city="杭州")
        refresh_tags([su.pk])
        add_tag(lin, [su.pk], spending[2])
        assert tags_of(su) == [spending[2].pk]
        assert refresh_tags([su.pk]) == 0
        remove_tag(lin, [su.pk], spending[2])
        assert refresh_tags([su.pk]) == 1
        assert tags_of(su) == [spending[0].pk]


def test_rules_that_ask_for_tags_see_them_in_the_same_refresh(did: Did, family_rule: TagRule) -> None:
    second = Tag.objects.create(group=family_rule.tag.group, name="亲子高意向")
    make_rule(second, {"all": [{"tags": {"tags": [family_rule.tag_id]}}, {"city": {"values": ["杭州"]}}]})
    su = make_customer(city="杭州")
    view(did, su, 3)
    assert refresh_tags([su.pk]) == 2
    assert tags_of(su) == [family_rule.tag_id, second.pk]


def test_rules_that_contradict_each_other_come_to_an_end(family: Tag) -> None:
    other = Tag.objects.create(group=family.group, name="非亲子")
    make_rule(family, {"tags": {"has": "none", "tags": [other.pk]}}, keep_days=0)
    make_rule(other, {"tags": {"has": "any", "tags": [family.pk]}}, keep_days=0)
    su = make_customer()
    assert refresh_tags([su.pk]) == 3


def test_what_a_customer_does_is_followed_by_tags(did: Did, family_rule: TagRule) -> None:
    su, li = make_customer("苏晴"), make_customer("李默")
    for customer in (su, li):
        view(did, customer, 3)
        record(CustomerActive(customer.pk), key=f"active:{customer.pk}")
        record(CustomerActive(customer.pk), key=f"active:{customer.pk}:2")
    assert Job.objects.filter(function="tagging.handlers.on_customer_active").count() == 2
    run_pending("usual")
    assert [tags_of(su), tags_of(li)] == [[family_rule.tag_id], [family_rule.tag_id]]


def test_the_nightly_run_finds_exactly_those_who_differ(did: Did, family_rule: TagRule, frozen: Any) -> None:
    people = [make_customer(f"客{n}") for n in range(4)]
    for customer in people[:3]:
        view(did, customer, 3)
    refresh_tags([people[0].pk])
    refresh_all()
    assert Job.objects.filter(function="tagging.services.refresh.refresh_batch").values_list("args", flat=True).get() == {
        "customer_ids": [people[1].pk, people[2].pk]
    }
    run_pending("bulk")
    assert [tags_of(customer) for customer in people] == [[family_rule.tag_id]] * 3 + [[]]
    family_rule.refresh_from_db()
    assert family_rule.last_full_run_at == NOW
    frozen.move_to(NOW + dt.timedelta(minutes=1))
    refresh_all()
    assert not Job.objects.filter(function="tagging.services.refresh.refresh_batch", state="pending").exists()


def test_merging_brings_what_people_said_together(did: Did, family_rule: TagRule, lin: User) -> None:
    stays, goes = make_customer("苏晴"), make_customer("苏晴（旧）")
    other = Tag.objects.create(group=family_rule.tag.group, name="晕车")
    add_tag(lin, [goes.pk], other)
    view(did, stays, 3)
    refresh_tags([stays.pk])
    remove_tag(lin, [goes.pk], family_rule.tag, never_again=True)
    merge_customers(stays.pk, goes.pk, evidence=[], source="test")
    assert tags_of(stays) == [other.pk]
    assert TagAssignment.objects.filter(customer=goes).count() == 0
    assert not CustomerTags.objects.filter(customer=goes).exists()


@pytest.mark.parametrize("people", [1, 3])
def test_a_refresh_takes_the_same_queries_for_one_and_for_many(did: Did, family_rule: TagRule, people: int) -> None:
    customers = [make_customer(f"客{n}") for n in range(people)]
    for customer in customers:
        view(did, customer, 3)
    with CaptureQueriesContext(connection) as queries:
        assert refresh_tags([customer.pk for customer in customers]) == people
    assert len(queries) == 13
