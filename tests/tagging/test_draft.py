"""The builder's form: lines to a draft, buttons, complaints at the right line."""

from typing import Any

import pytest
from django.http import QueryDict
from django.utils.translation import override

from core.conditions import dump, parse
from core.errors import BadInput
from tagging.forms.draft import apply, check, draft_of, json_of, read_draft
from tagging.forms.widgets import widgets
from tagging.models import Tag


def form(*pairs: tuple[str, str]) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in pairs:
        data.appendlist(name, value)
    return data


ROOT = [("line", "n1"), ("n1.kind", "all")]


def ask(line: str, field: str, *settings: tuple[str, str], parent: str = "n1") -> list[tuple[str, str]]:
    given = [(f"{line}.{name}", value) for name, value in settings]
    return [("line", line), (f"{line}.in", parent), (f"{line}.kind", "ask"), (f"{line}.field", field), *given]


def test_lines_become_a_tree() -> None:
    data = form(
        *ROOT,
        *ask("n2", "event", ("window_days", "30"), ("kinds", "product.viewed"), ("kinds", "product.shared"), ("measure", "count"),
             ("op", ">="), ("value", "3"), ("where.0.name", "theme"), ("where.0.in", "亲子"), ("half_life_days", "9")),
        *ask("n3", "city", ("is", "in"), ("values", "杭州"), ("not", "1")),
        ("line", "n4"), ("n4.in", "n1"), ("n4.kind", "none"),
        *ask("n5", "age", ("low", "30"), ("high", ""), parent="n4"),
    )  # fmt: skip
    node = check(read_draft(data))
    assert node is not None
    assert dump(node) == {
        "all": [
            {"event": {"window_days": 30, "kinds": ["product.viewed", "product.shared"], "where": [{"name": "theme", "in": ["亲子"]}],
                       "measure": "count", "op": ">=", "value": 3}},
            {"not": {"city": {"is": "in", "values": ["杭州"]}}},
            {"not": {"any": [{"age": {"low": 30}}]}},
        ]
    }  # fmt: skip


@pytest.mark.parametrize(
    "raw",
    [
        {"all": [{"city": {"is": "in", "values": ["杭州"]}}]},
        {"any": [{"not": {"tags": {"has": "all", "tags": [1, 2]}}}, {"all": [{"child_age": {"low": 3}}]}]},
        {"not": {"any": [{"friend": {"is": "lost"}}]}},
        {"all": [{"not": {"all": [{"seen": {"is": "before", "days": 9}}, {"created": {"is": "within", "days": 3}}]}}]},
        {"all": [{"event": {"kinds": ["order.paid"], "where": [{"name": "amount", "op": ">=", "value": 3000}], "measure": "sum",
                            "of": "amount", "op": ">", "value": "99.50"}}]},
    ],
)  # fmt: skip
def test_a_stored_condition_keeps_its_meaning_through_the_form(raw: dict[str, Any]) -> None:
    again = check(draft_of(raw))
    assert again is not None
    expected = (
        {"all": [{"not": {"any": [{"all": raw["all"][0]["not"]["all"]}]}}]} if "not" in str(raw) and "seen" in str(raw) else raw
    )
    assert dump(again) == dump(parse(expected))


def test_a_single_question_gets_a_group_around_it() -> None:
    assert json_of(draft_of({"city": {"values": ["杭州"]}})) == {"all": [{"city": {"values": ["杭州"]}}]}


def test_every_line_hears_its_own_complaint() -> None:
    draft = read_draft(
        form(*ROOT, *ask("n2", "tags"), *ask("n3", "event", ("kinds", "product.viewed"), ("value", "x")),
             ("line", "n4"), ("n4.in", "n1"), ("n4.kind", "any"))
    )  # fmt: skip
    with override("en"):
        assert check(draft) is None
        assert {line.id: line.complaints for line in draft.walk() if line.complaints} == {
            "n2": {"tags": "This setting is missing."},
            "n3": {"value": "Enter a number from 0 to 999999999, two decimals at most."},
            "n4": {"": "Add at least one condition."},
        }


@pytest.mark.parametrize(
    "pairs",
    [
        [("line", "n1"), ("n1.kind", "all"), ("line", "n1")],
        [("line", "x1")],
        [("line", "n1")],
        [("line", "n1"), ("n1.kind", "sometimes")],
        [*ROOT, ("line", "n2"), ("n2.kind", "ask"), ("n2.field", "city"), ("n2.in", "n9")],
        [*ROOT, ("line", "n2"), ("n2.kind", "ask"), ("n2.field", "city"), ("n2.in", "n2")],
        [*ROOT, *ask("n2", "city"), *ask("n3", "city", parent="n2")],
        [*ROOT, *ask("n2", "shoe_size")],
        [*ROOT, *[pair for n in range(2, 90) for pair in ask(f"n{n}", "city")]],
    ],
)
def test_a_form_that_no_page_makes_is_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(BadInput):
        read_draft(form(*pairs))


def test_the_buttons() -> None:
    draft = read_draft(form(*ROOT))
    draft = apply(draft, "ask:n1", {"n1.add": "event"})
    assert [(line.id, line.field) for line in draft.children] == [("n2", "event")]
    draft = apply(draft, "filter:n2", {})
    assert draft.children[0].values["where"] == [{"name": "theme", "in": []}]
    draft = apply(draft, "unfilter:n2:0", {})
    assert draft.children[0].values["where"] == []
    draft = apply(draft, "group:n1", {})
    assert (draft.children[1].id, draft.children[1].kind) == ("n3", "any")
    draft = apply(draft, "ask:n3", {"n3.add": "city"})
    assert draft.children[1].children[0].field == "city"
    for nonsense in ("", "ask:n9", "ask:n2", "drop", "unfilter:n2:99", "unfilter:n2:x", "eval:n1", "ask:n1"):
        before = [line.id for line in draft.walk()]
        assert [line.id for line in apply(draft, nonsense, {}).walk()] == before
    draft = apply(draft, "drop:n3", {})
    assert [line.id for line in draft.walk()] == ["n1", "n2"]


def test_starting_a_question_does_not_change_the_next_one() -> None:
    first = apply(read_draft(form(*ROOT)), "ask:n1", {"n1.add": "event"})
    first.children[0].values["kinds"].append("order.paid")
    second = apply(read_draft(form(*ROOT)), "ask:n1", {"n1.add": "event"})
    assert second.children[0].values["kinds"] == ["product.viewed"]


@pytest.mark.django_db
def test_only_the_inputs_that_matter_are_drawn(family: Tag) -> None:
    line = apply(read_draft(form(*ROOT)), "ask:n1", {"n1.add": "event"}).children[0]
    assert [widget.name for widget in widgets(line)] == [
        "n2.window_days",
        "n2.kinds",
        "n2.where",
        "n2.measure",
        "n2.op",
        "n2.value",
    ]
    line.values["measure"] = "decay"
    assert "n2.half_life_days" in [widget.name for widget in widgets(line)]
    tags = apply(read_draft(form(*ROOT)), "ask:n1", {"n1.add": "tags"}).children[0]
    tags.values["tags"] = [999]
    assert [choice.value for choice in widgets(tags)[1].chosen] == ["999"]  # gone from the list, but not silently dropped
