"""Journeys as pure rules: places of complaints, loops, waits over month ends and clock jumps, lunar birthdays."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.rules.journeys.flow import END, BadFlow, compile_flow, parse_flow
from campaigns.rules.journeys.lunar import FIRST_DAY, LunarDate, lunar_birthdays, lunar_of, solar_birthdays, solar_of
from campaigns.rules.journeys.waits import Anchor, add_length, schedule_due, wake
from campaigns.rules.journeys.words import arm_of, render, text_problems
from core.clock import SHANGHAI


def at(text: str) -> dt.datetime:
    """A Shanghai wall time."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def flow(*steps: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"trigger": {"kind": "fact", "fact": "order.paid"}, "steps": list(steps), **more}


def wait(step_id: str, **args: object) -> dict[str, Any]:
    return {"id": step_id, "do": "wait", "mode": "for", "hours": 2, **args}


def say(step_id: str, text: str = "您好") -> dict[str, Any]:
    return {"id": step_id, "do": "message", "text": text}


def complaints(raw: dict[str, Any]) -> set[tuple[str, str, str]]:
    with pytest.raises(BadFlow) as bad:
        parse_flow(raw, lambda condition: "" if condition == {"ok": {}} else "nonsense")
    return {(one.place, one.field, one.code) for one in bad.value.complaints}


def test_a_parting_leads_on_to_what_stands_behind_it() -> None:
    parting = {"id": "b", "do": "if", "when": {"ok": {}}, "yes": [say("c"), {"id": "d", "do": "end"}], "no": []}
    graph = compile_flow(parse_flow(flow(wait("a"), parting, say("e")), lambda _raw: ""))
    assert (graph.first, graph.after("a"), graph.after("b", "yes"), graph.after("b", "no")) == ("a", "b", "c", "e")
    assert (graph.after("c"), graph.after("d"), graph.after("e")) == ("d", END, END)
    assert dict(graph.numbers) == {"a": "1", "b": "2", "c": "2Y1", "d": "2Y2", "e": "3"}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (flow(), {("trigger", "steps", "no_steps")}),
        (flow(say("a", "")), {("a", "text", "missing")}),
        (flow(wait("a", hours=0)), {("a", "days", "no_length")}),
        (flow(wait("a", hours=9999)), {("a", "hours", "range")}),
        (flow(wait("a"), say("a")), {("a", "id", "id")}),
        (flow({"id": "a", "do": "dance"}), {("a", "do", "unknown")}),
        (flow({"id": "a", "do": "if", "when": {}, "yes": [say("b")]}), {("a", "when", "condition")}),
        (flow(say("a"), trigger={"kind": "browse", "views": 0}), {("trigger", "views", "range")}),
        (flow(say("a"), trigger={"kind": "schedule", "every": "day"}), {("entry", "when", "missing")}),
        (flow(say("a"), reentry={"rule": "after", "days": 0}), {("reentry", "days", "range")}),
        (flow(say("a"), holdout=60), {("holdout", "percent", "range")}),
        (flow(say("a"), exits=[{"fact": "sun.rose"}]), {("exits", "fact", "choice")}),
        (flow({"id": "a", "do": "tag"}), {("a", "add", "missing")}),
        (flow(say("a"), {"id": "b", "do": "jump", "to": "a"}), {("b", "to", "loop")}),
        (flow({"id": "b", "do": "jump", "to": "b"}), {("b", "to", "loop")}),
        (flow({"id": "b", "do": "jump", "to": "z"}), {("b", "to", "nowhere")}),
        (flow({"id": "a", "do": "end"}, say("b")), {("b", "do", "unreachable")}),
        (
            flow({"id": "a", "do": "ab", "branches": [{"weight": 50, "steps": []}, {"weight": 40, "steps": []}]}),
            {("a", "branches", "weights")},
        ),
        (
            flow(say("a"), trigger={"kind": "date", "field": "joined", "calendar": "lunar"}),
            {("trigger", "calendar", "choice")},
        ),
        ({"trigger": "x", "steps": "y"}, {("trigger", "kind", "unknown"), ("trigger", "steps", "no_steps")}),
    ],
)
def test_each_fault_is_named_at_its_place(raw: dict[str, Any], expected: set[tuple[str, str, str]]) -> None:
    assert complaints(raw) == expected


def test_a_jump_forward_is_no_loop() -> None:
    raw = flow(
        {"id": "a", "do": "if", "when": {"ok": {}}, "yes": [{"id": "j", "do": "jump", "to": "z"}], "no": []}, say("b"), say("z")
    )
    graph = compile_flow(parse_flow(raw, lambda _raw: ""))
    assert graph.after("j") == "z"


_KEYS = ["id", "do", "mode", "steps", "yes", "no", "branches", "weight", "trigger", "kind", "text", "to"]
_SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["wait", "if", "ab", "jump", "fact"])


def _nested(inner: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.recursive(_SCALARS, _nested, max_leaves=20))
def test_nonsense_is_refused_and_never_breaks(raw: object) -> None:
    with pytest.raises(BadFlow) as bad:
        parse_flow(raw, lambda _raw: "")
    assert bad.value.complaints


@pytest.mark.parametrize(
    ("args", "arrived", "until"),
    [
        ({"mode": "for", "hours": 2}, "2026-11-25T10:00", "2026-11-25T12:00"),
        ({"mode": "for", "months": 1}, "2026-01-31T10:00", "2026-02-28T10:00"),
        ({"mode": "for", "months": 1}, "2028-01-31T10:00", "2028-02-29T10:00"),
        ({"mode": "for", "months": 3, "days": 1}, "2026-11-30T10:00", "2027-03-01T10:00"),
        ({"mode": "hour", "at": "10:00"}, "2026-11-25T09:00", "2026-11-25T10:00"),
        ({"mode": "hour", "at": "10:00"}, "2026-11-25T10:01", "2026-11-26T10:00"),
        ({"mode": "hour", "at": "00:00"}, "2026-12-31T23:59", "2027-01-01T00:00"),
        ({"mode": "hour", "at": "09:00", "weekdays": [0]}, "2026-11-30T09:30", "2026-12-07T09:00"),
        ({"mode": "date", "edge": "start", "offset": -7, "at": "10:00"}, "2026-11-25T10:00", "2026-12-03T10:00"),
        ({"mode": "date", "edge": "end", "offset": 1, "at": "10:00"}, "2026-11-25T10:00", "2026-12-16T10:00"),
    ],
)
def test_when_a_wait_ends(args: dict[str, Any], arrived: str, until: str) -> None:
    trip = Anchor(dt.date(2026, 12, 10), dt.date(2026, 12, 15))
    found = wake(args, at(arrived), trip, at(arrived))
    assert (found.at, found.is_late) == (at(until), False)


def test_what_comes_half_a_day_late_is_late() -> None:
    args = {"mode": "date", "edge": "start", "offset": -7, "at": "10:00"}
    trip = Anchor(dt.date(2026, 12, 10), dt.date(2026, 12, 15))
    assert not wake(args, at("2026-12-03T21:59"), trip, at("2026-12-03T21:59")).is_late
    assert wake(args, at("2026-12-03T22:01"), trip, at("2026-12-03T22:01")).is_late
    assert wake(args, at("2026-11-01T10:00"), None, at("2026-11-01T10:00")).is_late


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 15 * 365 * 24 * 60), st.integers(0, 12), st.integers(0, 60))
def test_a_length_never_goes_back(minutes: int, months: int, days: int) -> None:
    start = dt.datetime(2020, 1, 1, tzinfo=SHANGHAI) + dt.timedelta(minutes=minutes)
    end = add_length({"months": months, "days": days}, start)
    assert end >= start
    assert (end - start).days <= months * 31 + days


@pytest.mark.parametrize(
    ("args", "now", "day"),
    [
        ({"every": "once", "on": "2026-11-25", "at": "10:00"}, "2026-11-25T09:59", None),
        ({"every": "once", "on": "2026-11-25", "at": "10:00"}, "2026-11-25T10:00", dt.date(2026, 11, 25)),
        ({"every": "day", "at": "10:00"}, "2026-11-25T09:59", dt.date(2026, 11, 24)),
        ({"every": "week", "weekday": 0, "at": "10:00"}, "2026-11-25T12:00", dt.date(2026, 11, 23)),
        ({"every": "month", "day": 31, "at": "10:00"}, "2026-11-30T10:00", dt.date(2026, 11, 30)),
        ({"every": "month", "day": 31, "at": "10:00"}, "2026-11-29T10:00", dt.date(2026, 10, 31)),
        ({"every": "month", "day": 29, "at": "10:00"}, "2027-02-28T10:00", dt.date(2027, 2, 28)),
    ],
)
def test_when_a_schedule_was_last_due(args: dict[str, Any], now: str, day: dt.date | None) -> None:
    assert schedule_due(args, at(now)) == day


def test_the_lunar_table_agrees_with_the_feasts_of_two_centuries() -> None:
    from holidays.calendars.chinese import _ChineseLunisolar

    calendar, differing = _ChineseLunisolar(), []
    feasts = (("lunar_new_year", 1, 1), ("dragon_boat", 5, 5), ("mid_autumn", 8, 15), ("double_ninth", 9, 9))
    for year in range(1901, 2100):
        for name, month, day in feasts:
            expected, _estimated = getattr(calendar, f"{name}_date")(year)
            if expected != solar_of(LunarDate(year, month, day)):
                differing.append((year, name))
    assert differing == [(1916, "lunar_new_year")]  # whose new moon fell five minutes after midnight


@settings(max_examples=60, deadline=None)
@given(st.dates(FIRST_DAY, dt.date(2100, 12, 1)))
def test_lunar_and_back(day: dt.date) -> None:
    assert solar_of(lunar_of(day)) == day


@pytest.mark.parametrize(
    ("day", "lunar"),
    [
        (dt.date(1900, 1, 31), LunarDate(1900, 1, 1)),
        (dt.date(1987, 7, 26), LunarDate(1987, 6, 1, is_leap=True)),
        (dt.date(2020, 5, 23), LunarDate(2020, 4, 1, is_leap=True)),
        (dt.date(2025, 1, 28), LunarDate(2024, 12, 29)),
        (dt.date(2026, 2, 17), LunarDate(2026, 1, 1)),
        (dt.date(2033, 12, 22), LunarDate(2033, 11, 1, is_leap=True)),
    ],
)
def test_known_lunar_days(day: dt.date, lunar: LunarDate) -> None:
    assert lunar_of(day) == lunar


@settings(max_examples=40, deadline=None)
@given(st.dates(dt.date(1920, 1, 1), dt.date(2015, 1, 1)), st.integers(2016, 2090))
def test_everybody_keeps_a_lunar_birthday_once_a_year(born: dt.date, year: int) -> None:
    start = solar_of(LunarDate(year, 1, 1))
    assert start is not None
    lunar = lunar_of(born)
    kept = [
        day
        for day in (solar_of(LunarDate(year, lunar.month, number)) for number in (29, 30, lunar.day))
        if day and born in lunar_birthdays(day)
    ]
    assert len(set(kept)) == 1


def test_solar_birthdays_of_29_february() -> None:
    leap = dt.date(2000, 2, 29)
    assert leap in solar_birthdays(dt.date(2026, 2, 28))
    assert leap in solar_birthdays(dt.date(2028, 2, 29))
    assert leap not in solar_birthdays(dt.date(2028, 2, 28))
    assert solar_birthdays(dt.date(2026, 3, 1), 2024) == [dt.date(2024, 3, 1), dt.date(2025, 3, 1)]


def test_what_a_nickname_contains_is_never_a_variable() -> None:
    assert render("{{name|朋友}},{{product|好线路}}", {"name": "{{product}}", "product": "云南"}) == "{{product}},云南"
    assert render("{{name|朋友}}好", {"name": "  "}) == "朋友好"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("{{name|朋友}}好", []),
        ("{{name}}好", [("fallback", "name")]),
        ("{{phone|无}}", [("variable", "phone")]),
        ("{{name|朋友}好", [("brackets", "")]),
    ],
)
def test_what_is_wrong_with_a_text(text: str, problems: list[tuple[str, str]]) -> None:
    assert text_problems(text) == problems


def test_arms_are_stable_and_even() -> None:
    weights = {"A": 30, "B": 70}
    arms = [arm_of("salt", "s1", number, weights) for number in range(4000)]
    assert arms == [arm_of("salt", "s1", number, weights) for number in range(4000)]
    assert 0.27 < arms.count("A") / 4000 < 0.33
