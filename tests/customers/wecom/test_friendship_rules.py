"""What an answer of the platform means."""

import datetime as dt

import pytest

from customers.rules.friendships import ACTIVE, LEFT_BY_CUSTOMER, Known, Outcome, Told, decide, wait_seconds

NOON = dt.datetime(2026, 11, 24, 4, tzinfo=dt.UTC)


def at(minutes: int) -> dt.datetime:
    return NOON + dt.timedelta(minutes=minutes)


def told(*, fetched: int = 10, added: int = 0, remark: str = "") -> Told:
    return Told(customer_id=1, fetched_at=at(fetched), added_at=at(added), remark=remark)


def known(state: str = ACTIVE, *, fetched: int = 5, ended: int | None = None, was_fetched: bool = True) -> Known:
    return Known(state, at(ended) if ended is not None else None, told(fetched=fetched), was_fetched)


@pytest.mark.parametrize(
    ("answer", "ours", "outcome"),
    [
        (told(), None, Outcome.NEW),
        (told(), known(), Outcome.SAME),
        (told(remark="带两娃"), known(), Outcome.CHANGED),
        (told(fetched=4), known(fetched=5), Outcome.STALE),
        (told(fetched=4), known(fetched=5, was_fetched=False), Outcome.SAME),
        (told(), known("deleted_by_staff", ended=7), Outcome.REVIVED),
        (told(fetched=4), known("deleted_by_staff", ended=5, fetched=5), Outcome.STALE),
        (told(), known(LEFT_BY_CUSTOMER, ended=7), Outcome.SAME),
        (told(remark="x"), known(LEFT_BY_CUSTOMER, ended=7), Outcome.CHANGED),
        (told(added=8), known(LEFT_BY_CUSTOMER, ended=7), Outcome.REVIVED),
    ],
)
def test_what_an_answer_means(answer: Told, ours: Known | None, outcome: Outcome) -> None:
    assert decide(answer, ours) is outcome


@pytest.mark.parametrize(("age", "wait"), [(0, 5.0), (9, 5.0), (10, 30.0), (59, 30.0), (60, 120.0), (239, 120.0), (240, None)])
def test_how_long_a_hidden_newcomer_is_waited_for(age: int, wait: float | None) -> None:
    assert wait_seconds(NOON, NOON + dt.timedelta(seconds=age)) == wait
