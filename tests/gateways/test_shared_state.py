"""Values, locks, budgets and blocks: the same in Redis and, when it is away, in memory."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from redis import Redis

from gateways.rules import Budget
from gateways.shared_state import Busy, SharedState

SLOW = Budget("slow", 3, 0.001)


@pytest.fixture(params=["redis", "memory"])
def anywhere(request: pytest.FixtureRequest, state: SharedState, lonely_state: SharedState) -> SharedState:
    """The shared state with and without Redis."""
    return state if request.param == "redis" else lonely_state


def test_a_value_has_an_end(anywhere: SharedState) -> None:
    anywhere.write("a", b"1", 0.05)
    assert anywhere.read("a") == b"1"
    time.sleep(0.06)
    assert anywhere.read("a") is None
    anywhere.write("a", b"2", 60)
    anywhere.forget("a")
    assert anywhere.read("a") is None
    assert anywhere.read("never") is None


def test_a_counter_counts(anywhere: SharedState) -> None:
    assert [anywhere.count("n", 60) for _ in range(3)] == [1, 2, 3]


def test_a_budget_is_taken_whole_or_not_at_all(anywhere: SharedState) -> None:
    wide = Budget("wide", 100, 1)
    assert [anywhere.admit("api", [SLOW, wide], "corp").allowed for _ in range(5)] == [True, True, True, False, False]
    verdict = anywhere.admit("api", [SLOW], "corp")
    assert (verdict.allowed, verdict.blocked) == (False, False)
    assert 990 < verdict.seconds <= 1000
    left = 0
    while anywhere.admit("api", [wide], "corp").allowed:
        left += 1
    assert left in {97, 98}, "the refused calls took nothing from the wide one"
    assert anywhere.admit("api", [SLOW], "another corp").allowed


def test_a_budget_refills(anywhere: SharedState) -> None:
    quick = Budget("quick", 1, 20)
    assert anywhere.admit("api", [quick], "corp").allowed
    assert not anywhere.admit("api", [quick], "corp").allowed
    time.sleep(0.06)
    assert anywhere.admit("api", [quick], "corp").allowed


def test_a_block_shuts_one_name(anywhere: SharedState) -> None:
    anywhere.block("api", 60)
    verdict = anywhere.admit("api", [SLOW], "corp")
    assert (verdict.allowed, verdict.blocked) == (False, True)
    assert 59 < verdict.seconds <= 60
    assert anywhere.admit("other", [SLOW], "corp").allowed


def test_a_lock_keeps_others_out(anywhere: SharedState) -> None:
    with anywhere.exclusive("x", seconds=5, wait=0), pytest.raises(Busy), anywhere.exclusive("x", seconds=5, wait=0.05):
        pytest.fail("two holders")
    with anywhere.exclusive("x", seconds=5, wait=0):
        pass


def test_a_lock_is_held_among_processes(state: SharedState, prefix: str) -> None:
    other = SharedState(settings.REDIS_URL, prefix)
    with state.exclusive("x", seconds=5, wait=0), pytest.raises(Busy), other.exclusive("x", seconds=5, wait=0.05):
        pytest.fail("two holders")


def test_a_lock_that_ran_out_is_not_taken_from_its_next_holder(state: SharedState, prefix: str) -> None:
    other = SharedState(settings.REDIS_URL, prefix)
    with state.exclusive("x", seconds=0.03, wait=0):
        time.sleep(0.05)
        held = other.exclusive("x", seconds=5, wait=1)
        held.__enter__()
    assert state._redis.exists(f"{prefix}:gateways:lock:x") == 1
    held.__exit__(None, None, None)
    assert state._redis.exists(f"{prefix}:gateways:lock:x") == 0


def test_what_was_written_survives_the_loss_of_redis(state: SharedState, monkeypatch: pytest.MonkeyPatch) -> None:
    state.write("token", b"kept", 60)
    monkeypatch.setattr(state, "_redis", Redis.from_url("redis://127.0.0.1:1/0"))
    assert state.read("token") == b"kept"


def test_a_lost_redis_is_not_asked_again_and_again(lonely_state: SharedState, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(50):
        lonely_state.read("x")
    assert [record.message for record in caplog.records] == ["gateways go on without Redis: ConnectionError"]


@pytest.fixture
def racers() -> Iterator[list[threading.Thread]]:
    threads: list[threading.Thread] = []
    yield threads
    for thread in threads:
        thread.join(5)


def test_a_budget_is_not_overdrawn_by_many_at_once(anywhere: SharedState, racers: list[threading.Thread]) -> None:
    allowed: list[bool] = []
    racers.extend(
        threading.Thread(target=lambda: allowed.append(anywhere.admit("api", [SLOW], "corp").allowed)) for _ in range(20)
    )
    for thread in racers:
        thread.start()
    for thread in racers:
        thread.join(5)
    assert (len(allowed), sum(allowed)) == (20, 3)
