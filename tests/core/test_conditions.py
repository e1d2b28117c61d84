"""The condition language: what is refused and where, what is bound, what is said."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from core.conditions import ConditionError, dump, leaves, parse, say, select_evidence, select_matches, select_members
from core.conditions.event_kinds import KINDS
from core.conditions.registry import fields
from core.event_types import BEHAVIOUR_KINDS, FACTS
from customers.models import Customer

AT = dt.datetime(2026, 11, 24, 4, 0, tzinfo=dt.UTC)
VIEWED = {"kinds": ["product.viewed"], "value": 3}


def nested(depth: int) -> dict[str, Any]:
    node: dict[str, Any] = {"city": {"values": ["杭州"]}}
    for _step in range(depth - 1):
        node = {"all": [node]}
    return node


@pytest.mark.parametrize(
    ("raw", "path", "complaint"),
    [
        (None, "condition", "exactly one key"),
        ([], "condition", "exactly one key"),
        ({}, "condition", "exactly one key"),
        ({"all": [], "any": []}, "condition", "exactly one key"),
        ({"all": []}, "all", "at least one condition"),
        ({"all": "x"}, "all", "at least one condition"),
        ({"all": [{"city": {"values": ["杭州"]}}] * 31}, "all", "at most 30"),
        ({"not": []}, "not", "exactly one key"),
        ({"any": [{"shoe_size": {}}]}, "any[0]", "no field called shoe_size"),
        ({1: {}}, "condition", "no field called 1"),
        (
            {"all": [{"city": {"values": ["杭州"]}}, {"event": {**VIEWED, "window_days": 0}}]},
            "all[1].event.window_days",
            "from 1 to 1100",
        ),
        ({"all": [{"event": {**VIEWED, "window_days": 7.5}}]}, "all[0].event.window_days", "whole number"),
        ({"event": {**VIEWED, "window_days": True}}, "event.window_days", "whole number"),
        ({"event": {**VIEWED, "kinds": []}}, "event.kinds", "at least one"),
        ({"event": {**VIEWED, "kinds": ["product.stolen"]}}, "event.kinds", "one of the options"),
        ({"event": {"kinds": ["product.viewed"]}}, "event.value", "missing"),
        ({"event": {**VIEWED, "value": float("nan")}}, "event.value", "number from"),
        ({"event": {**VIEWED, "value": "1e400"}}, "event.value", "number from"),
        ({"event": {**VIEWED, "value": -1}}, "event.value", "number from"),
        ({"event": {**VIEWED, "value": "9" * 5000}}, "event.value", "number from"),
        ({"event": {**VIEWED, "op": "~"}}, "event.op", "one of the options"),
        ({"event": {**VIEWED, "op": {}}}, "event.op", "one of the options"),
        ({"event": {**VIEWED, "measure": "sum"}}, "event.of", "property"),
        ({"event": {**VIEWED, "of": "amount"}}, "event.of", "no property"),
        ({"event": {**VIEWED, "measure": "decay"}}, "event.half_life_days", "half-life"),
        ({"event": {**VIEWED, "half_life_days": 3}}, "event.half_life_days", "half-life"),
        ({"event": {**VIEWED, "color": "red"}}, "event.color", "no such setting"),
        ({"event": {**VIEWED, "where": [{}]}}, "event.where[0]", "filter needs"),
        ({"event": {**VIEWED, "where": [{"name": "a-b'; DROP", "in": ["x"]}]}}, "event.where[0].name", "property"),
        ({"event": {**VIEWED, "where": [{"name": "theme", "in": ["\x00"]}]}}, "event.where[0].in", "options"),
        ({"event": {**VIEWED, "where": [{"name": "theme", "in": [{"a": 1}]}]}}, "event.where[0].in", "options"),
        ({"event": {**VIEWED, "where": [{"name": "theme", "in": ["\ud800"]}]}}, "event.where[0].in", "options"),
        ({"event": {**VIEWED, "where": [{"name": "theme", "in": ["x"]}] * 6}}, "event.where", "At most 5"),
        ({"tags": {"tags": ["1"]}}, "tags.tags", "options"),
        ({"tags": {"tags": [0]}}, "tags.tags", "options"),
        ({"tags": {"tags": [2**31]}}, "tags.tags", "options"),
        ({"tags": {"tags": list(range(1, 202))}}, "tags.tags", "at most 200"),
        ({"gender": {"values": ["robot"]}}, "gender.values", "options"),
        ({"city": {"is": "empty", "values": ["杭州"]}}, "city.values", "No values"),
        ({"city": {}}, "city.values", "at least one"),
        ({"age": {}}, "age.low", "at least one"),
        ({"age": {"low": 40, "high": 30}}, "age.high", "smaller"),
        ({"departure": {"low": 3, "high": 1}}, "departure.high", "smaller"),
        ({"consent": {"purpose": "spam"}}, "consent.purpose", "options"),
    ],
)
def test_what_is_wrong_is_refused_with_its_path(raw: Any, path: str, complaint: str) -> None:
    with override("en"), pytest.raises(ConditionError) as refused:
        parse(raw)
    (found,) = refused.value.fields
    assert found == path
    assert complaint in refused.value.complaint


def test_eight_deep_and_no_deeper() -> None:
    assert len(list(leaves(parse(nested(8))))) == 1
    with pytest.raises(ConditionError):
        parse(nested(9))


def test_a_hundred_thousand_deep_is_refused_without_a_crash() -> None:
    with pytest.raises(ConditionError):
        parse(nested(100_000))


def test_sixty_questions_and_no_more() -> None:
    question = {"city": {"values": ["杭州"]}}
    assert len(list(leaves(parse({"all": [{"any": [question] * 30}, {"any": [question] * 30}]})))) == 60
    with pytest.raises(ConditionError):
        parse({"all": [{"any": [question] * 30}, {"any": [question] * 30}, question]})


def test_the_canonical_form_reads_back_as_itself() -> None:
    raw = {"any": [{"event": {**VIEWED, "value": "2.50", "where": [{"name": "amount", "op": "<", "value": "9.9"}]}},
                   {"not": {"tags": {"tags": [2, 1, 2]}}}, {"age": {"low": 3}}]}  # fmt: skip
    node = parse(raw)
    assert dump(node) == {
        "any": [
            {"event": {"kinds": ["product.viewed"], "where": [{"name": "amount", "op": "<", "value": "9.90"}], "measure": "count",
                       "op": ">=", "value": "2.50"}},
            {"not": {"tags": {"has": "any", "tags": [2, 1]}}},
            {"age": {"low": 3}},
        ]
    }  # fmt: skip
    assert parse(dump(node)) == node


def test_every_fact_of_the_house_can_be_asked_for() -> None:
    silent = {
        "import.finished",
        "customer.active",
        "customer.merged",
        "customer.unmerged",
        "stage.changed",
        "tag.assigned",
        "tag.removed",
    }  # bookkeeping, or a field of its own
    assert set(FACTS) | BEHAVIOUR_KINDS == {str(kind.value) for kind in KINDS} | silent


def test_every_field_begins_with_settings_that_a_form_can_show() -> None:
    for field in fields().values():
        assert set(field.start) <= {param.name for param in field.params}
        assert str(field.label)
        assert str(field.group)


HOSTILE = "x'); DROP TABLE customers_customer; --%s%(c1)s"


@pytest.mark.django_db
def test_values_are_bound_and_never_part_of_the_text() -> None:
    raw = {"all": [{"city": {"values": [HOSTILE]}}, {"source": {"is": "not_in", "values": [HOSTILE]}},
                   {"event": {**VIEWED, "where": [{"name": "theme", "in": [HOSTILE]}]}}]}  # fmt: skip
    node = parse(raw)
    for statement in (select_members(node, AT), select_matches({1: node}, AT), select_evidence({1: node}, [(1, 1)], AT)):
        assert "DROP" not in statement.sql
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, statement.params)
            assert cursor.fetchall() == []
    assert Customer.objects.count() == 0


@pytest.mark.django_db
def test_one_statement_whatever_the_size_of_the_tree() -> None:
    node = parse({"all": [{"event": {**VIEWED, "window_days": days}} for days in range(1, 31)]})
    with CaptureQueriesContext(connection) as queries, connection.cursor() as cursor:
        statement = select_members(node, AT)
        cursor.execute(statement.sql, statement.params)
    assert len(queries) == 1


def test_over_everybody_each_window_is_read_once_and_for_a_few_all_in_one_pass() -> None:
    node = parse({"all": [{"event": {**VIEWED, "window_days": days, "value": value}} for days in (7, 30) for value in (1, 2)]})
    assert select_members(node, AT).sql.count("FROM core_event") == 2
    assert select_members(node, AT, [1, 2, 3]).sql.count("FROM core_event") == 1


@pytest.mark.django_db
def test_parameters_carry_the_prefix_so_that_the_text_fits_into_another() -> None:
    statement = select_members(parse({"city": {"values": ["杭州"]}}), AT, prefix="seg")
    assert set(statement.params) == {"seg1"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("raw", "chinese", "english"),
    [
        (
            {"all": [{"event": {"window_days": 30, "kinds": ["product.viewed"], "where": [{"name": "theme", "in": ["亲子"]}], "value": 3}},
                     {"not": {"orders": {"value": 1}}}]},
            "最近 30 天浏览产品（主题是亲子） ≥ 3 次，且并非（历史订单（已支付或已完成）订单数 ≥ 1）",
            "in the last 30 days viewed a product (theme is 亲子) ≥ 3 times, and not (ever orders (Paid or Completed): number of orders ≥ 1)",
        ),
        (
            {"any": [{"all": [{"child_age": {"low": 3, "high": 12}}, {"city": {"values": ["杭州", "宁波", "上海"]}}]},
                     {"seen": {"is": "before", "days": 90}}]},
            "（孩子年龄在 3 到 12 之间，且城市是杭州、宁波或上海），或最近活跃已超过 90 天（或没有记录）",
            "(Age of a child from 3 to 12, and City is 杭州, 宁波 or 上海), or Last active more than 90 days ago, or never",
        ),
        (
            {"event": {"window_days": 90, "kinds": ["product.viewed", "product.favorited"], "measure": "decay", "half_life_days": 14,
                       "value": "2.5"}},
            "最近 90 天浏览产品或收藏产品的热度 ≥ 2.5（每 14 天减半）",
            "in the last 90 days viewed a product or saved a product, heat ≥ 2.5 (halves every 14 days)",
        ),
    ],
)  # fmt: skip
def test_a_tree_reads_as_a_sentence(raw: Any, chinese: str, english: str) -> None:
    node = parse(raw)
    with override("zh-hans"):
        assert say(node) == chinese
    with override("en"):
        assert say(node) == english
