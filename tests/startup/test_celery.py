"""The engine's settings, and which drains may run side by side."""

import os
import time
from pathlib import Path

import pytest
from celery.signals import after_task_publish
from django.conf import settings
from kombu import Connection
from redis import Redis

from core.choices import Lane
from scrm import health
from scrm.celery import DRAINS_PER_LANE, THREADS, Drains, app, broker_url
from scrm.parts import WORKERS


def test_a_redis_address_becomes_a_broker_address() -> None:
    assert broker_url("redis://:secret@cache:6379/0") == "redis://:secret@cache:6379/0"
    url = broker_url("unix:///var/lib/scrm/run/redis.sock?db=3")
    assert url == "redis+socket:///var/lib/scrm/run/redis.sock?virtual_host=3"


def test_a_message_goes_through_the_database_that_the_address_names() -> None:
    address = settings.REDIS_URL.replace("db=0", "db=3")
    with (
        Connection(broker_url(address)) as connection,
        connection.SimpleQueue("probe") as queue,
        Redis.from_url(address) as redis,
    ):
        queue.put({"lane": "chat"})
        assert redis.llen("probe") == 1
        message = queue.get(timeout=5)
        message.ack()
        assert message.payload == {"lane": "chat"}
        redis.delete("_kombu.binding.probe")


def test_redis_trouble_is_noticed_and_messages_are_only_bells() -> None:
    options = app.conf.broker_transport_options
    assert (options["visibility_timeout"], options["socket_timeout"], options["health_check_interval"]) == (600, 5, 5)
    assert app.conf.broker_connection_max_retries is None
    assert app.conf.task_ignore_result is True
    assert app.conf.worker_eta_task_limit == 100
    assert app.conf.worker_prefetch_multiplier == 1


def test_every_lane_has_a_bell_a_worker_of_its_own_and_spare_threads() -> None:
    rung = {entry["args"][0]: entry for name, entry in app.conf.beat_schedule.items() if name.startswith("ring ")}
    assert set(rung) == set(Lane.values) == {str(lane) for lane in DRAINS_PER_LANE}
    for lane, entry in rung.items():
        assert entry["options"]["queue"] == lane
        assert entry["schedule"] <= 5
    assert set(",".join(WORKERS.values()).split(",")) == set(Lane.values)
    for lanes in WORKERS.values():
        assert sum(DRAINS_PER_LANE[Lane(lane)] for lane in lanes.split(",")) <= THREADS


def test_a_bell_that_finds_enough_drains_makes_one_of_them_look_again() -> None:
    drains = Drains()
    tickets = [drains.enter("usual") for _ in range(DRAINS_PER_LANE[Lane.USUAL])]
    assert None not in tickets
    assert drains.enter("usual") is None
    assert drains.enter("chat") is not None
    assert drains.leave(tickets[0]) is True
    assert drains.leave(tickets[0]) is False
    assert drains.enter("usual") is not None


def test_a_failed_drain_gives_its_place_back() -> None:
    drains = Drains()
    for _ in range(3 * DRAINS_PER_LANE[Lane.BULK]):
        ticket = drains.enter("bulk")
        assert ticket is not None
        drains.drop(ticket)


def test_silence_is_no_sign_of_life_but_long_work_is_for_a_while() -> None:
    drains, now = Drains(), time.monotonic()
    assert drains.alive(now)
    assert not drains.alive(now + 16)
    ticket = drains.enter("bulk")
    assert drains.alive(now + 300)
    assert not drains.alive(now + 900)
    assert ticket is not None
    drains.leave(ticket)
    assert not drains.alive(now + 300)


def test_beat_shows_its_life_by_what_it_sends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(health.FOLDER, str(tmp_path / "beats"))
    monkeypatch.setenv(health.ROLE, "web")
    after_task_publish.send(sender="test")
    assert not (tmp_path / "beats").exists()
    monkeypatch.setenv(health.ROLE, "beat")
    after_task_publish.send(sender="test")
    assert health.main(["beat"]) == 0
    old = time.time() - health.STALE_AFTER_SECONDS - 1
    os.utime(tmp_path / "beats" / "beat", (old, old))
    assert health.main(["beat"]) == 1


def test_health_of_an_absent_web_server_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9")
    assert health.main(["web"]) == 1
