"""Rules with versions, the taxonomy, segments: what is allowed, what is refused, what is left behind."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import connection

from campaigns.models import Campaign
from core.conditions import ConditionError, parse
from core.errors import BadInput, Refused
from core.jobs import REGISTRY
from core.models import Job
from core.worker import run_pending
from messaging.models import Content
from staff.models import AuditEntry, User
from tagging.models import CustomerTags, Segment, Tag, TagAssignment, TagGroup, TagRule
from tagging.queries.lists import rule_versions
from tagging.queries.members import condition_members, count_members, segment_members, within_scope
from tagging.queries.previews import preview, rule_effect
from tagging.queries.reach import reach
from tagging.queries.reasons import reasons_of
from tagging.services import rules, segments, taxonomy
from tagging.services.manual import add_tag
from tagging.services.refresh import refresh_tags
from tagging.services.starter import install_starter
from tests.factories import make_customer
from tests.tagging.conftest import VIEWED_FAMILY, Did, make_rule

NOW = dt.datetime(2026, 11, 24, 4, 0, tzinfo=dt.UTC)
IN_HANGZHOU = {"city": {"values": ["杭州"]}}
VIEWED_ONCE = {"event": {"window_days": 30, "kinds": ["product.viewed"], "op": ">=", "value": 1}}


@pytest.fixture(autouse=True)
def frozen() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


class TestRules:
    def test_a_draft_gives_nothing_until_it_is_published(self, family: Tag, lin: User) -> None:
        su = make_customer(city="杭州")
        rule = rules.create_rule(lin, tag=family, name="杭州人", condition=IN_HANGZHOU, keep_days=3)
        assert (rule.state, rule.version, rule.created_by) == ("draft", 1, lin)
        assert refresh_tags([su.pk]) == 0
        rules.publish_rule(lin, rule.pk)
        run_pending("bulk")
        assert CustomerTags.objects.get(customer=su).tag_ids == [family.pk]
        assert actions() == ["rules.create", "rules.publish"]

    def test_publishing_twice_asks_everybody_once(self, family: Tag, lin: User) -> None:
        rule = rules.create_rule(lin, tag=family, name="杭州人", condition=IN_HANGZHOU, keep_days=3)
        rules.publish_rule(lin, rule.pk)
        rules.publish_rule(lin, rule.pk)
        assert Job.objects.filter(function="tagging.services.refresh.refresh_all").count() == 1
        assert actions() == ["rules.create", "rules.publish"]

    def test_editing_what_is_at_work_makes_the_next_version(self, family: Tag, lin: User) -> None:
        rule = rules.create_rule(lin, tag=family, name="杭州人", condition=IN_HANGZHOU, keep_days=3)
        assert rules.edit_rule(lin, rule.pk, name="杭州人", condition={"city": {"values": ["宁波"]}}, keep_days=3).version == 1
        rules.publish_rule(lin, rule.pk)
        edited = rules.edit_rule(lin, rule.pk, name="江浙人", condition={"city": {"values": ["宁波", "杭州"]}}, keep_days=5)
        assert (edited.version, edited.name, edited.keep_days, edited.state) == (2, "江浙人", 5, "active")
        assert rules.edit_rule(lin, rule.pk, name="只改名", condition=edited.condition, keep_days=5).version == 2
        restored = rules.restore_rule(lin, rule.pk, 1)
        assert (restored.version, restored.condition) == (3, {"city": {"is": "in", "values": ["宁波"]}})
        assert [(one.version, one.is_current) for one in rule_versions(restored)] == [(3, True), (2, False), (1, False)]
        with pytest.raises(Refused) as refused:
            rules.restore_rule(lin, rule.pk, 9)
        assert refused.value.code == "no_such_version"

    @pytest.mark.parametrize("own", [True, False])
    def test_tags_that_are_wrong_in_a_rule(self, family: Tag, lin: User, own: bool) -> None:
        with pytest.raises(ConditionError) as refused:
            rules.create_rule(
                lin, tag=family, name="x", condition={"all": [{"tags": {"tags": [family.pk if own else 999]}}]}, keep_days=0
            )
        assert refused.value.path == "all[0].tags.tags"
        assert not TagRule.objects.exists()

    def test_ten_rules_a_tag(self, family: Tag, lin: User) -> None:
        for n in range(10):
            rules.create_rule(lin, tag=family, name=f"规则{n}", condition=IN_HANGZHOU, keep_days=0)
        with pytest.raises(Refused) as refused:
            rules.create_rule(lin, tag=family, name="规则 11", condition=IN_HANGZHOU, keep_days=0)
        assert refused.value.code == "too_many_rules"
        assert TagRule.objects.count() == 10

    def test_deleting_lets_its_tags_run_out(self, did: Did, family_rule: TagRule, lin: User, frozen: Any) -> None:
        su = make_customer()
        for n in range(3):
            did(su, "product.viewed", days=n + 0.5, product="P01")
        refresh_tags([su.pk])
        rules.delete_rule(lin, family_rule.pk)
        assert TagAssignment.objects.get().expires_at == NOW + dt.timedelta(days=14)
        frozen.move_to(NOW + dt.timedelta(days=15))
        assert refresh_tags([su.pk]) == 1
        assert CustomerTags.objects.get(customer=su).tag_ids == []

    def test_an_archived_tag_rests_with_its_rules(self, family_rule: TagRule, lin: User) -> None:
        taxonomy.archive_tag(lin, family_rule.tag)
        family_rule.refresh_from_db()
        assert family_rule.state == "paused"
        with pytest.raises(Refused) as refused:
            rules.publish_rule(lin, family_rule.pk)
        assert refused.value.code == "tag_archived"
        taxonomy.archive_tag(lin, family_rule.tag, archived=False)
        assert rules.publish_rule(lin, family_rule.pk).state == "active"

    def test_the_effect_counts_gains_and_losses(self, family: Tag, lin: User) -> None:
        rule = make_rule(family, IN_HANGZHOU)
        people = [make_customer(name, city=city) for name, city in (("甲", "杭州"), ("乙", "宁波"), ("丙", "宁波"))]
        refresh_tags([customer.pk for customer in people])
        found = rule_effect(parse({"city": {"values": ["宁波"]}}), family, rule, NOW)
        assert found is not None
        assert (found.matching, found.would_add, found.would_remove) == (2, 2, 1)

    def test_the_preview_shows_nobody_whom_the_rule_may_not_look_at(self, family: Tag, lin: User, did: Did) -> None:
        open_, closed = make_customer("甲", city="宁波"), make_customer("乙", city="宁波", is_personalised=False)
        for customer in (open_, closed):
            did(customer, "product.viewed", days=1, product="P01")
        seen = parse(VIEWED_ONCE)
        assert [one.customer.pk for one in preview(seen, lin, NOW, for_rule=True).people] == [open_.pk]
        assert preview(seen, lin, NOW).count.number == 2  # a segment says whom it may reach elsewhere
        by_city = parse({"city": {"values": ["宁波"]}})
        assert preview(by_city, lin, NOW, for_rule=True).count.number == 2

    def test_reasons_speak_the_version_that_gave_the_tag(self, family: Tag, lin: User) -> None:
        su = make_customer(city="杭州")
        rule = rules.create_rule(lin, tag=family, name="杭州人", condition=IN_HANGZHOU, keep_days=3)
        rules.publish_rule(lin, rule.pk)
        refresh_tags([su.pk])
        rules.edit_rule(lin, rule.pk, name="x", condition={"city": {"values": ["宁波"]}}, keep_days=3)
        ((reason,),) = reasons_of(list(TagAssignment.objects.all()))
        assert (reason.sentence, reason.value) == ("城市是杭州", "杭州")


class TestTaxonomy:
    def test_names_are_unique_within_their_group(self, family: Tag, lin: User) -> None:
        other = taxonomy.save_group(lin, name="行为", dimension="behaviour", is_exclusive=False)
        assert taxonomy.save_tag(lin, group=other, name="亲子").position == 1
        with pytest.raises(BadInput) as refused:
            taxonomy.save_tag(lin, group=family.group, name="亲子")
        assert list(refused.value.fields) == ["name"]
        with pytest.raises(BadInput):
            taxonomy.save_group(lin, name="行为", dimension="interest", is_exclusive=False)
        assert Tag.objects.count() == 2
        assert TagGroup.objects.count() == 2

    def test_the_order_decides_who_wins(self, lin: User) -> None:
        group = TagGroup.objects.create(name="等级", is_exclusive=True)
        tags = [taxonomy.save_tag(lin, group=group, name=name) for name in ("甲", "乙", "丙")]
        taxonomy.order_tags(lin, group, [tags[2].pk, tags[0].pk, 999])
        assert list(group.tags.order_by("position").values_list("name", flat=True)) == ["丙", "甲", "乙"]

    def test_what_is_used_cannot_be_deleted(self, family: Tag, lin: User) -> None:
        su = make_customer()
        add_tag(lin, [su.pk], family)
        with pytest.raises(Refused):
            taxonomy.delete_tag(lin, family)
        other = Tag.objects.create(group=family.group, name="无人")
        segment = segments.save_segment(lin, name="问它", description="", condition={"tags": {"tags": [other.pk]}})
        with pytest.raises(Refused) as refused:
            taxonomy.delete_tag(lin, other)
        assert "问它" in refused.value.message
        segments.delete_segment(lin, segment)
        taxonomy.delete_tag(lin, other)
        with pytest.raises(Refused):
            taxonomy.delete_group(lin, family.group)
        assert list(Tag.objects.all()) == [family]

    def test_the_travel_tags_install_once(self, lin: User) -> None:
        made = install_starter(lin)
        assert made == Tag.objects.count() == 80
        assert TagGroup.objects.count() == 17
        assert TagRule.objects.filter(state="active").count() == TagRule.objects.count() == 67
        assert install_starter(lin) == 0
        assert TagRule.objects.count() == 67


class TestSegments:
    def test_members_are_asked_anew_and_merged_ones_never_belong(self, lin: User) -> None:
        segment = segments.save_segment(lin, name="杭州", description="", condition=IN_HANGZHOU)
        su, li = make_customer("苏", city="杭州"), make_customer("李", city="杭州")
        assert _members(segment) == {su.pk, li.pk}
        type(su).objects.filter(pk=li.pk).update(merged_into=su)
        assert _members(segment) == {su.pk}

    def test_the_members_stand_in_a_larger_statement(self, lin: User) -> None:
        su = make_customer(city="杭州")
        sql, params = condition_members(IN_HANGZHOU, NOW)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT %(campaign)s, member.id FROM ({sql}) AS member", {**params, "campaign": 7})
            assert cursor.fetchall() == [(7, su.pk)]

    def test_saving_counts_soon_and_every_night(self, lin: User, frozen: Any) -> None:
        make_customer(city="杭州")
        segment = segments.save_segment(lin, name="杭州", description="", condition=IN_HANGZHOU)
        run_pending("bulk")
        segment.refresh_from_db()
        assert (segment.last_count, segment.counted_at) == (1, NOW)
        make_customer(city="杭州")
        frozen.move_to(NOW + dt.timedelta(days=1))
        segments.count_segments()
        run_pending("bulk")
        segment.refresh_from_db()
        assert segment.last_count == 2
        assert "tagging.services.segments.count_segments" in REGISTRY

    def test_a_name_is_taken_once(self, lin: User) -> None:
        segments.save_segment(lin, name="杭州", description="", condition=IN_HANGZHOU)
        with pytest.raises(BadInput) as refused:
            segments.save_segment(lin, name="杭州", description="", condition=IN_HANGZHOU)
        assert list(refused.value.fields) == ["name"]
        assert Segment.objects.count() == 1

    def test_one_that_a_campaign_uses_stays(self, lin: User) -> None:
        segment = segments.save_segment(lin, name="杭州", description="", condition=IN_HANGZHOU)
        Campaign.objects.create(name="早鸟", segment=segment, content=Content.objects.create(name="c", text="t"), created_by=lin)
        with pytest.raises(Refused) as refused:
            segments.delete_segment(lin, segment)
        assert refused.value.code == "segment_in_use"
        assert Segment.objects.get() == segment
        assert actions() == ["segments.save"]

    def test_an_advisor_counts_her_own_customers_only(self, chen: User, wang: User) -> None:
        make_customer("甲", owner=chen, city="杭州"), make_customer("乙", owner=wang, city="杭州")
        assert count_members(within_scope(parse(IN_HANGZHOU), chen), NOW).number == 1
        chen.row_scope = "department"
        make_customer("丙", department=chen.department, city="杭州")
        assert count_members(within_scope(parse(IN_HANGZHOU), chen), NOW).number == 2
        chen.row_scope = "all"
        assert count_members(within_scope(parse(IN_HANGZHOU), chen), NOW).number == 3

    def test_a_count_that_takes_too_long_becomes_an_estimate(self, did: Did) -> None:
        su = make_customer(city="杭州")
        for n in range(3):
            did(su, "product.viewed", days=n + 0.5, product="P01")
        with connection.cursor() as cursor:  # heavy enough that a millisecond never does
            cursor.execute(
                "INSERT INTO core_event (key, occurred_at, kind, customer_id, props) SELECT gen_random_uuid(), %s, 'product.viewed', %s, '{}'"
                " FROM generate_series(1, 60000)", [NOW - dt.timedelta(days=1), su.pk],
            )  # fmt: skip
        found = count_members(parse(VIEWED_FAMILY), NOW, seconds=0.001)
        assert (found.number, found.is_estimate) == (1, False)  # the sample held everybody

    def test_reach_agrees_with_the_governor(self, lin: User) -> None:
        make_customer(city="杭州")
        channels = {one.channel: one for one in reach(parse(IN_HANGZHOU), NOW)}
        assert {name: one.number for name, one in channels.items()} == {"wecom": 0, "subscribe": 0, "sms": 0}
        assert channels["wecom"].lost == (("无好友关系", 1),)

    def test_the_preview_shows_people_with_their_rows(self, did: Did, lin: User) -> None:
        su = make_customer("苏晴")
        for n in range(4):
            did(su, "product.viewed", days=n + 0.5, product="P01")
        found = preview(parse({"all": [VIEWED_FAMILY]}), lin, NOW)
        assert found.count.number == 1
        (person,) = found.people
        assert person.customer == su
        assert person.reasons[0].value == "4"
        assert [proof.text for proof in person.reasons[0].proofs] == ["浏览产品 · 云南亲子 6 日"] * 4


def _members(segment: Segment) -> set[int]:
    sql, params = segment_members(segment, NOW)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return {row[0] for row in cursor.fetchall()}
