"""How fast we may call, and how long a block lasts."""

import datetime as dt

import pytest

from core.clock import SHANGHAI
from gateways.rules import Budget, block_seconds, budgets, budgets_for


@pytest.mark.parametrize(
    ("streak", "at", "seconds"),
    [
        (0, dt.datetime(2026, 11, 24, 10, 0, tzinfo=SHANGHAI), 60),
        (1, dt.datetime(2026, 11, 24, 10, 0, tzinfo=SHANGHAI), 60),
        (2, dt.datetime(2026, 11, 24, 10, 0, tzinfo=SHANGHAI), 3600),
        (3, dt.datetime(2026, 11, 24, 10, 0, tzinfo=SHANGHAI), 14 * 3600),
        (9, dt.datetime(2026, 11, 24, 23, 30, tzinfo=SHANGHAI), 3600),
        (3, dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), 14 * 3600),
    ],
)
def test_a_block_lasts_a_minute_then_an_hour_then_until_midnight_in_shanghai(
    streak: int, at: dt.datetime, seconds: float
) -> None:
    assert block_seconds(streak, at) == seconds


def test_budgets_stay_under_the_platforms_limits_in_every_window() -> None:
    assert budgets_for("wecom", "externalcontact/mark_tag") == [
        Budget("externalcontact/mark_tag/60", 2_000, 100),
        Budget("externalcontact/mark_tag/3600", 30_000, 25),
    ]
    for budget, (calls, seconds) in zip(budgets_for("wecom", "any"), ((10_000, 60), (150_000, 3600)), strict=True):
        assert budget.capacity + budget.per_second * seconds == pytest.approx(0.8 * calls)


def test_a_special_limit_replaces_the_usual_one() -> None:
    assert [budget.per_second for budget in budgets_for("mini", "wxa/getwxacodeunlimit")] == [50]
    assert budgets_for("nobody", "x") == []


def test_a_small_limit_still_lets_one_through() -> None:
    assert budgets(((2, 60),), "x") == [Budget("x/60", 1.0, 0.02)]
