"""Caps at the edges of Shanghai's days, quiet hours over midnight, polling, tokens."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging import rules
from staff.choices import PlatformCapRule

SHANGHAI = ZoneInfo("Asia/Shanghai")


def shanghai(*parts: int) -> dt.datetime:
    year, month, day, hour, minute = (*parts, 0, 0)[:5]
    return dt.datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("rule", "at", "start", "limit"),
    [
        (PlatformCapRule.MONTH_DAYS, shanghai(2026, 2, 28, 23, 59), shanghai(2026, 2, 1), 28),
        (PlatformCapRule.MONTH_DAYS, shanghai(2028, 2, 29, 12), shanghai(2028, 2, 1), 29),
        (PlatformCapRule.MONTH_DAYS, shanghai(2026, 3, 1, 0, 0), shanghai(2026, 3, 1), 31),
        (PlatformCapRule.MONTH_DAYS, shanghai(2026, 12, 31, 23, 59), shanghai(2026, 12, 1), 31),
        # 16:30 UTC of the last of April is already the first of May in Shanghai.
        (PlatformCapRule.MONTH_DAYS, dt.datetime(2026, 4, 30, 16, 30, tzinfo=dt.UTC), shanghai(2026, 5, 1), 31),
        (PlatformCapRule.WEEK_7, shanghai(2026, 11, 22, 23, 59), shanghai(2026, 11, 16), 7),
        (PlatformCapRule.WEEK_7, shanghai(2026, 11, 23, 0, 0), shanghai(2026, 11, 23), 7),
        (PlatformCapRule.DAY_1, shanghai(2026, 11, 18, 0, 0), shanghai(2026, 11, 18), 1),
        (PlatformCapRule.DAY_1, dt.datetime(2026, 11, 17, 15, 59, tzinfo=dt.UTC), shanghai(2026, 11, 17), 1),
        (PlatformCapRule.DAY_1, dt.datetime(2026, 11, 17, 16, 0, tzinfo=dt.UTC), shanghai(2026, 11, 18), 1),
    ],
)
def test_the_platform_cap_counts_calendar_days_of_shanghai(rule: str, at: dt.datetime, start: dt.datetime, limit: int) -> None:
    assert rules.platform_cap(rule, at) == rules.Cap(start, limit)


def test_our_own_cap_includes_today() -> None:
    assert rules.house_cap(2, 7, shanghai(2026, 11, 18, 10)) == rules.Cap(shanghai(2026, 11, 12), 2)
    assert rules.house_cap(1, 1, shanghai(2026, 11, 18, 10)) == rules.Cap(shanghai(2026, 11, 18), 1)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (shanghai(2026, 11, 18, 20, 59), None),
        (shanghai(2026, 11, 18, 21, 0), shanghai(2026, 11, 19, 9)),
        (shanghai(2026, 11, 18, 23, 59), shanghai(2026, 11, 19, 9)),
        (shanghai(2026, 11, 19, 0, 0), shanghai(2026, 11, 19, 9)),
        (shanghai(2026, 11, 19, 8, 59), shanghai(2026, 11, 19, 9)),
        (shanghai(2026, 11, 19, 9, 0), None),
    ],
)
def test_quiet_hours_go_over_midnight(at: dt.datetime, until: dt.datetime | None) -> None:
    assert rules.quiet_until(dt.time(21), dt.time(9), at) == until


def test_quiet_hours_within_a_day_and_none_at_all() -> None:
    assert rules.quiet_until(dt.time(12), dt.time(14), shanghai(2026, 11, 18, 13)) == shanghai(2026, 11, 18, 14)
    assert rules.quiet_until(dt.time(12), dt.time(14), shanghai(2026, 11, 18, 14)) is None
    assert rules.quiet_until(dt.time(9), dt.time(9), shanghai(2026, 11, 18, 9)) is None


def test_results_are_asked_for_more_and_more_rarely_and_then_no_more() -> None:
    created = shanghai(2026, 11, 18, 10)
    moments, at = [], created
    while (following := rules.next_poll(created, at, quick=False)) is not None:
        moments.append((following - created).total_seconds() / 60)
        at = following
    assert moments[:5] == [1, 5, 15, 60, 180]
    assert moments[-1] == 73 * 60  # the first look after 72 hours ends it
    assert len(moments) == 40


def test_beside_the_simulator_results_come_in_seconds() -> None:
    created = shanghai(2026, 11, 18, 10)
    assert rules.next_poll(created, created, quick=True) == created + dt.timedelta(seconds=3)
    late = created + dt.timedelta(hours=1)
    assert rules.next_poll(created, late, quick=True) == late + dt.timedelta(minutes=1)
    assert rules.next_poll(created, created + dt.timedelta(hours=72), quick=True) is None


def test_three_reminders_in_24_hours() -> None:
    now = shanghai(2026, 11, 18, 10)
    recent = [now - dt.timedelta(hours=hours) for hours in (1, 2, 23)]
    assert not rules.may_remind(recent, now)
    assert rules.may_remind([now - dt.timedelta(hours=24), *recent[:2]], now)
    assert rules.may_remind([], now)


def test_the_token_is_found_only_whole_and_only_in_the_query() -> None:
    assert rules.page_with_token("pages/product/index?code=P01", "abc") == "pages/product/index?code=P01&touch=abc"
    assert rules.page_with_token("pages/home", "abc") == "pages/home?touch=abc"
    assert rules.has_token("pages/product/index?code=P01&touch=abc", "abc")
    assert not rules.has_token("pages/product/index?code=P01&touch=abcd", "abc")
    assert not rules.has_token("pages/touch=abc", "abc")


def test_bytes_are_what_the_platform_counts() -> None:
    assert rules.utf8_bytes("云南A") == 7


@given(salt=st.text("0123456789abcdef", min_size=16, max_size=16), percent=st.integers(1, 50))
def test_the_hold_out_has_the_planned_size(salt: str, percent: int) -> None:
    held = sum(rules.is_held_out(salt, customer, percent) for customer in range(4000))
    spread = (4000 * percent / 100 * (1 - percent / 100)) ** 0.5
    assert abs(held - 4000 * percent / 100) < 6 * spread


def test_the_hold_out_depends_on_the_campaign() -> None:
    first = {customer for customer in range(1000) if rules.is_held_out("a", customer, 50)}
    second = {customer for customer in range(1000) if rules.is_held_out("b", customer, 50)}
    assert first == {customer for customer in range(1000) if rules.is_held_out("a", customer, 50)}
    assert 150 < len(first & second) < 350
