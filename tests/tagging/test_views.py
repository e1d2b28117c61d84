"""The pages of tags and segments: who may, what they show, what bad input gets."""

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import Job
from core.worker import run_pending
from customers.models import Customer
from staff.models import User
from tagging.models import CustomerTags, Segment, Tag, TagAssignment, TagGroup, TagMerge, TagRule
from tagging.services.manual import add_tag
from tagging.services.refresh import refresh_tags
from tests.factories import make_customer
from tests.tagging.conftest import VIEWED_FAMILY, Did, make_rule

LINES = {
    "line": ["n1", "n2"],
    "n1.kind": "all",
    "n2.in": "n1",
    "n2.kind": "ask",
    "n2.field": "city",
    "n2.is": "in",
    "n2.values": ["杭州"],
}


@pytest.fixture
def ops(client: Client, lin: User) -> Client:
    client.force_login(lin)
    return client


def page(client: Client, url: str, status: int = 200, **data: Any) -> str:
    response = client.post(url, data) if data else client.get(url)
    assert response.status_code == status, response.content.decode()[-2000:]
    return response.content.decode()


class TestTags:
    def test_an_empty_system_offers_the_travel_tags(self, ops: Client) -> None:
        assert "安装旅行标签体系" in page(ops, "/tags")
        page(ops, "/tags/install", 302, go="1")
        text = page(ops, "/tags")
        assert 'data-name="亲子"' in text
        assert "安装旅行标签体系" not in text

    @pytest.mark.parametrize("rows", [1, 3])
    def test_the_tree_takes_the_same_queries_whatever_its_size(self, ops: Client, lin: User, products: Any, rows: int) -> None:
        for number in range(rows):
            tag = Tag.objects.create(group=TagGroup.objects.create(name=f"组{number}"), name=f"标签{number}")
            make_rule(tag, VIEWED_FAMILY)
            add_tag(lin, [make_customer(f"客{number}").pk], tag)
        page(ops, "/tags")
        with CaptureQueriesContext(connection) as queries:
            text = page(ops, "/tags")
        assert len(queries) == 10
        assert text.count('data-name="标签') == rows

    @pytest.mark.parametrize("rows", [1, 3])
    def test_a_tag_with_its_reasons_takes_the_same_queries(self, ops: Client, did: Did, family_rule: TagRule, rows: int) -> None:
        people = [make_customer(f"客{number}") for number in range(rows)]
        for customer in people:
            for day in range(3):
                did(customer, "product.viewed", days=day + 0.5, product="P01")
        refresh_tags([customer.pk for customer in people])
        page(ops, f"/tags/{family_rule.tag_id}")
        with CaptureQueriesContext(connection) as queries:
            text = page(ops, f"/tags/{family_rule.tag_id}")
        assert len(queries) == 20
        assert text.count("云南亲子 6 日") == rows * 3
        assert "最近 30 天浏览产品（主题是亲子） ≥ 3 次" in text

    def test_an_advisor_sees_the_tag_but_not_the_customers_of_others(
        self, client: Client, chen: User, wang: User, lin: User, family: Tag
    ) -> None:
        add_tag(lin, [make_customer("自己的", owner=chen).pk, make_customer("别人的", owner=wang).pk], family)
        client.force_login(chen)
        text = page(client, f"/tags/{family.pk}")
        assert "自己的" in text
        assert "别人的" not in text
        assert "新建规则" not in text
        assert client.get(f"/tags/{family.pk}/rules/new").status_code == 403

    def test_the_dialogs(self, ops: Client, family: Tag) -> None:
        assert 'name="is_exclusive"' in page(ops, "/tags/groups/new")
        page(ops, "/tags/groups/new", 302, name="消费等级", dimension="consumption", is_exclusive="on")
        group = TagGroup.objects.get(name="消费等级")
        assert group.is_exclusive
        page(ops, "/tags/new", 302, group=group.pk, name="高客单", description="两万以上")
        assert "组内已有同名标签" in page(ops, "/tags/new", 422, group=group.pk, name="高客单")
        page(ops, "/tags/new", 422, group="x", name="")
        tag = Tag.objects.get(name="高客单")
        page(ops, f"/tags/{tag.pk}/edit", 302, group=group.pk, name="高净值", description="")
        tag.refresh_from_db()
        assert (tag.name, tag.description) == ("高净值", "")
        page(ops, f"/tags/{tag.pk}/archive", 302, go="1")
        assert 'data-name="高净值"' not in page(ops, "/tags")
        assert 'data-name="高净值"' in page(ops, "/tags?archived")
        page(ops, f"/tags/{tag.pk}/delete", 302, go="1")
        page(ops, f"/tags/groups/{group.pk}/delete", 302, go="1")
        assert not TagGroup.objects.filter(pk=group.pk).exists()

    def test_moving_a_tag_up(self, ops: Client) -> None:
        group = TagGroup.objects.create(name="等级", is_exclusive=True)
        first, second = (Tag.objects.create(group=group, name=name, position=place) for place, name in enumerate(("甲", "乙")))
        page(ops, f"/tags/groups/{group.pk}/order", 302, up=second.pk)
        assert list(group.tags.order_by("position")) == [second, first]
        page(ops, f"/tags/groups/{group.pk}/order", 302, up=second.pk)
        page(ops, f"/tags/groups/{group.pk}/order", 400, up="x")
        assert list(group.tags.order_by("position")) == [second, first]

    def test_a_tag_dropped_somewhere(self, ops: Client) -> None:
        mood, level = (TagGroup.objects.create(name=name, is_exclusive=name == "等级") for name in ("心情", "等级"))
        one, two, three = (Tag.objects.create(group=mood, name=name, position=place) for place, name in enumerate("甲乙丙"))
        page(ops, f"/tags/{three.pk}/place", 204, group=mood.pk, before=one.pk)
        page(ops, f"/tags/{one.pk}/place", 204, group=mood.pk, before="0")
        assert [tag.name for tag in mood.tags.order_by("position")] == ["丙", "乙", "甲"]
        page(ops, f"/tags/{two.pk}/place", 204, group=level.pk)
        assert [tag.name for tag in level.tags.order_by("position")] == ["乙"]
        assert Job.objects.filter(function__contains="refresh_all").count() == 1
        Tag.objects.create(group=mood, name="乙", position=9)
        page(ops, f"/tags/{two.pk}/place", 400, group=mood.pk)
        page(ops, f"/tags/{two.pk}/place", 404, group=0)
        two.refresh_from_db()
        assert two.group == level

    def test_a_merge_is_taken_back_on_the_survivors_page(self, ops: Client, lin: User, family: Tag) -> None:
        old = Tag.objects.create(group=family.group, name="带娃")
        add_tag(lin, [make_customer("苏晴").pk], old)
        page(ops, f"/tags/{old.pk}/merge", 302, into=family.pk)
        text = page(ops, f"/tags/{family.pk}")
        assert "带娃" in text
        merge = TagMerge.objects.get()
        page(ops, f"/tags/merges/{merge.pk}/undo", 302, go="1")
        assert CustomerTags.objects.get().tag_ids == [old.pk]
        page(ops, f"/tags/merges/{merge.pk}/undo", 409, go="1")


class TestRules:
    def test_write_preview_publish(self, ops: Client, family: Tag) -> None:
        make_customer("苏晴", city="杭州"), make_customer("李默", city="宁波")
        assert "满足以下全部" in page(ops, f"/tags/{family.pk}/rules/new")
        text = page(ops, f"/tags/{family.pk}/rules/preview", **LINES)
        assert "城市是杭州" in text
        assert "+1" in text
        assert "苏晴" in text
        assert "李默" not in text
        page(ops, f"/tags/{family.pk}/rules/new", 302, name="杭州人", keep_days="3", publish="1", **LINES)
        run_pending("bulk")
        assert CustomerTags.objects.get(tag_ids__contains=[family.pk]).customer.name == "苏晴"
        rule = TagRule.objects.get()
        assert (rule.state, rule.version, rule.keep_days) == ("active", 1, 3)
        page(ops, f"/tags/rules/{rule.pk}", 302, name="江浙人", keep_days="3", **{**LINES, "n2.values": ["杭州", "宁波"]})
        text = page(ops, f"/tags/rules/{rule.pk}")
        assert "版本 2" in text
        page(ops, f"/tags/rules/{rule.pk}/restore", 302, version="1")
        page(ops, f"/tags/rules/{rule.pk}/restore", 409, version="99")
        page(ops, f"/tags/rules/{rule.pk}/state", 302, state="paused")
        page(ops, f"/tags/rules/{rule.pk}/state", 400, state="broken")
        rule.refresh_from_db()
        assert (rule.state, rule.version, rule.condition) == ("paused", 3, {"all": [{"city": {"is": "in", "values": ["杭州"]}}]})
        page(ops, f"/tags/rules/{rule.pk}/delete", 302, go="1")
        assert not TagRule.objects.exists()

    def test_what_is_wrong_is_shown_where_it_is(self, ops: Client, family: Tag) -> None:
        text = page(ops, f"/tags/{family.pk}/rules/new", 422, name="", keep_days="-1", **{**LINES, "n2.values": []})
        assert "请至少选择一项" in text
        assert 'aria-invalid="true"' in text
        lines = {**LINES, "n2.field": "tags", "n2.has": "any", "n2.tags": [str(family.pk)]}
        text = page(ops, f"/tags/{family.pk}/rules/new", 422, name="自己", keep_days="1", **lines)
        assert "规则不能以自己要打的标签为条件" in text
        assert not TagRule.objects.exists()

    def test_the_builder_draws_lines(self, ops: Client, family: Tag, products: Any) -> None:
        text = page(ops, "/tags/builder", **{"line": "n1", "n1.kind": "all", "do": "ask:n1", "n1.add": "event"})
        assert 'name="n2.window_days" value="30"' in text
        text = page(ops, "/tags/builder", **{"line": "n1", "n1.kind": "all", "do": "ask:n1", "n1.add": "tags"})
        assert f'name="n2.tags" value="{family.pk}"' in text
        page(ops, "/tags/builder", 400, line="x")
        page(ops, "/tags/builder", 400, line="n1", do="x" * 50, **{"n1.kind": "all"})


class TestSegments:
    @pytest.mark.parametrize("rows", [1, 3])
    def test_the_list_takes_the_same_queries(self, ops: Client, family: Tag, rows: int) -> None:
        for number in range(rows):
            Segment.objects.create(name=f"客群{number}", condition={"tags": {"tags": [family.pk]}}, last_count=number)
        page(ops, "/segments")
        with CaptureQueriesContext(connection) as queries:
            text = page(ops, "/segments")
        assert len(queries) == 6
        assert text.count("有标签“亲子”") == rows * 2  # shown, and whole in the title

    def test_an_empty_list_offers_eight(self, ops: Client) -> None:
        assert page(ops, "/segments").count("?ready=") == 8
        assert "高意向未下单" in page(ops, "/segments/new?ready=eager")
        page(ops, "/segments/install", 302, go="1")
        assert Segment.objects.count() == 8
        assert page(ops, "/segments").count("?ready=") == 0
        assert "没有这个名称的客群" in page(ops, "/segments?q=zzz")

    def test_make_change_copy_delete(self, ops: Client) -> None:
        make_customer(city="杭州")
        page(ops, "/segments/new", 302, name="杭州客", description="", **LINES)
        segment = Segment.objects.get()
        assert "杭州客" in page(ops, f"/segments/{segment.pk}")
        assert "杭州客（副本）" in page(ops, f"/segments/new?copy={segment.pk}")
        assert "已有同名客群" in page(ops, "/segments/new", 422, name="杭州客", description="", **LINES)
        page(ops, f"/segments/{segment.pk}", 302, name="杭州老客", description="x", **LINES)
        assert ops.get(f"/segments/{segment.pk}/count.json").json()["count"] == 1
        assert ">1<" in page(ops, f"/segments/{segment.pk}/count")
        page(ops, f"/segments/{segment.pk}/delete", 302, go="1")
        assert not Segment.objects.exists()

    def test_programs_may_post_the_json(self, ops: Client) -> None:
        page(ops, "/segments/new", 302, name="程序建的", description="", condition='{"all":[{"city":{"values":["杭州"]}}]}')
        assert Segment.objects.get().condition == {"all": [{"city": {"is": "in", "values": ["杭州"]}}]}

    @pytest.mark.parametrize(
        "condition",
        [
            "{",
            "[" * 5000,
            '{"all":[]}',
            '{"all":[{"city":{"values":["\\u0000"]}}]}',
            '{"city":{"values":["\\ud800"]}}',
            "nan",
            "1e999",
        ],
    )
    @pytest.mark.parametrize("url", ["/segments/new", "/segments/preview", "/tags/builder"])
    def test_bad_json_is_a_400(self, ops: Client, url: str, condition: str) -> None:
        response = ops.post(url, {"name": "x", "description": "", "condition": condition})
        assert response.status_code == 400
        assert not Segment.objects.exists()

    def test_who_may_only_look(self, client: Client, chen: User, lin: User) -> None:
        segment = Segment.objects.create(name="杭州", condition={"all": [{"city": {"values": ["杭州"]}}]})
        make_customer("自己的", owner=chen, city="杭州"), make_customer("别人的", city="杭州")
        client.force_login(chen)
        text = page(client, f"/segments/{segment.pk}")
        assert "添加条件" not in text
        hidden = re.search(r'name="condition" value="([^"]+)"', text)
        assert hidden is not None
        assert "自己的" in page(client, "/segments/preview", condition=unescape(hidden.group(1)))
        assert page(client, "/segments").count("?ready=") == 0
        assert client.post(f"/segments/{segment.pk}", {"name": "x", **LINES}).status_code == 403
        assert client.get(f"/segments/{segment.pk}/count.json").json()["count"] == 1
        text = page(client, "/segments/preview", **LINES)
        assert "自己的" in text
        assert "别人的" not in text
        segment.refresh_from_db()
        assert segment.name == "杭州"


class TestPeople:
    @pytest.mark.parametrize("rows", [1, 3])
    def test_the_panel_takes_the_same_queries(self, ops: Client, did: Did, family: Tag, rows: int) -> None:
        su = make_customer("苏晴", city="杭州")
        for number in range(rows):
            make_rule(Tag.objects.create(group=family.group, name=f"标签{number}"), {"city": {"values": ["杭州"]}})
        refresh_tags([su.pk])
        page(ops, f"/customers/{su.pk}/tags")
        with CaptureQueriesContext(connection) as queries:
            text = page(ops, f"/customers/{su.pk}/tags")
        assert len(queries) == 10
        assert text.count("城市是杭州") == rows

    def test_give_take_block_and_allow(self, ops: Client, family: Tag, lin: User) -> None:
        su = make_customer(city="杭州")
        url = f"/customers/{su.pk}/tags/change"
        assert "林岚" in page(ops, url, tag=family.pk, do="add")
        assert TagAssignment.objects.get().assigned_by == lin
        page(ops, url, tag=family.pk, do="remove")
        assert not TagAssignment.objects.exists()
        assert "不再自动添加" in page(ops, url, tag=family.pk, do="never")
        page(ops, url, tag=family.pk, do="again")
        assert not TagAssignment.objects.exists()
        page(ops, url, 400, tag=family.pk, do="explode")
        page(ops, url, 404, tag="999", do="add")
        page(ops, url, 400, tag="abc", do="add")

    def test_other_peoples_customers_do_not_exist(self, client: Client, chen: User, wang: User, family: Tag) -> None:
        other = make_customer("别人的", owner=wang)
        client.force_login(chen)
        assert client.get(f"/customers/{other.pk}/tags").status_code == 404
        assert client.post(f"/customers/{other.pk}/tags/change", {"tag": family.pk, "do": "add"}).status_code == 404
        assert not TagAssignment.objects.exists()

    def test_many_at_once(self, client: Client, chen: User, wang: User, family: Tag) -> None:
        mine, other = [make_customer(f"客{n}", owner=chen) for n in range(3)], make_customer("别人的", owner=wang)
        client.force_login(chen)
        assert 'name="tag"' in page(client, "/tags/choice")
        ids = [customer.pk for customer in (*mine, other)]
        page(client, "/tags/assign", 302, id=ids, tag=family.pk, do="add")
        assert set(TagAssignment.objects.values_list("customer_id", flat=True)) == {customer.pk for customer in mine}
        page(client, "/tags/assign", 302, id=ids[:1], tag=family.pk, do="remove")
        assert TagAssignment.objects.count() == 2
        page(client, "/tags/assign", 400, tag=family.pk, do="add")
        page(client, "/tags/assign", 400, id=["x"], tag=family.pk, do="add")
        assert Customer.objects.count() == 4
