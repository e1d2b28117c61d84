"""Celery: the engine. Its messages are doorbells ("look at lane X"); what must be done is written in Postgres.

A worker that hears the bell runs its lane empty (`core.worker.drain_lane`). Beat rings every lane every few seconds, so
a lost message costs seconds. A worker touches its heartbeat file as long as it hears bells: a worker that is alive but
deaf, as Celery can be after a restart of Redis, is found by that and replaced (scrm/health.py).
"""

import logging
import os
import threading
import time
import warnings
from typing import Any
from urllib.parse import urlsplit

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import after_task_publish, setup_logging, worker_ready
from django.conf import settings

from core.choices import Lane
from scrm import health

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scrm.settings")
warnings.filterwarnings("ignore", category=SecurityWarning)  # "running as root": a container's choice, not ours

RING_EVERY_SECONDS = 3.0
TICK_EVERY_SECONDS = 5.0
HEARTBEAT_EVERY_SECONDS = 2.0
LONGEST_DRAIN_SECONDS = 600.0  # a drain that runs longer no longer counts as a sign of life
# Drains of one lane at the same time in one process. Below the thread count, so that a backlog in one lane leaves
# threads free for the others.
THREADS = 8
DRAINS_PER_LANE = {Lane.CHAT: 5, Lane.USUAL: 2, Lane.BULK: 4}


def broker_url(redis_url: str) -> str:
    """The Celery form of a Redis address: `unix:///path?db=0` becomes `redis+socket:///path?virtual_host=0`."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    return f"redis+socket://{parts.path}?{parts.query.replace('db=', 'virtual_host=')}"


app = Celery("scrm")
app.conf.update(
    broker_url=broker_url(settings.REDIS_URL),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": 600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": 3,
        "health_check_interval": 5,
        "queue_order_strategy": "priority",
    },
    task_default_queue=str(Lane.USUAL),
    task_create_missing_queues=True,
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    task_time_limit=LONGEST_DRAIN_SECONDS,
    task_soft_time_limit=LONGEST_DRAIN_SECONDS - 60,
    worker_prefetch_multiplier=1,
    worker_eta_task_limit=100,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    enable_utc=True,
    timezone="UTC",
    beat_schedule={
        "tick": {"task": "scrm.celery.tick", "schedule": TICK_EVERY_SECONDS, "options": {"queue": str(Lane.USUAL), "expires": 5}},
        **{
            f"ring {lane}": {
                "task": "scrm.celery.drain_lane",
                "schedule": RING_EVERY_SECONDS,
                "args": [str(lane)],
                "options": {"queue": str(lane), "expires": 5},
            }
            for lane in Lane.values
        },
    },
)
app.set_default()


class Drains:
    """The drains that run in this process: a few per lane, and never a bell forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[object, tuple[str, float]] = {}
        self._again: set[str] = set()
        self.last_bell = time.monotonic()

    def enter(self, lane: str) -> object | None:
        """A ticket to drain a lane; None when enough threads do, and then one of them looks once more before it stops."""
        with self._lock:
            self.last_bell = time.monotonic()
            if sum(running == lane for running, _ in self._running.values()) >= DRAINS_PER_LANE[Lane(lane)]:
                self._again.add(lane)
                return None
            ticket = object()
            self._running[ticket] = (lane, self.last_bell)
            return ticket

    def leave(self, ticket: object) -> bool:
        """Give the ticket back. True: a bell rang meanwhile, the caller keeps the ticket and looks again."""
        with self._lock:
            lane, _ = self._running[ticket]
            if lane in self._again:
                self._again.discard(lane)
                self._running[ticket] = (lane, time.monotonic())
                return True
            del self._running[ticket]
            return False

    def drop(self, ticket: object) -> None:
        """Give the ticket back after a failure."""
        with self._lock:
            self._running.pop(ticket, None)

    def alive(self, now: float) -> bool:
        """Whether bells are heard, or a drain that is not overdue keeps the threads busy."""
        with self._lock:
            newest = max([started for _, started in self._running.values()], default=float("-inf"))
            return now - self.last_bell < health.STALE_AFTER_SECONDS / 2 or now - newest < LONGEST_DRAIN_SECONDS


drains = Drains()


@app.task(name="scrm.celery.drain_lane", ignore_result=True)
def drain_lane(lane: str, **_from_the_future: Any) -> int:
    """Run a lane's due jobs until none is left; the number of rows run. Extra arguments of newer senders are ignored."""
    from core import worker

    ticket = drains.enter(lane)
    if ticket is None:
        return 0
    try:
        ran = worker.drain_lane(lane)
        while drains.leave(ticket):
            ran += worker.drain_lane(lane)
    except BaseException:
        drains.drop(ticket)
        raise
    return ran


@app.task(name="scrm.celery.tick", ignore_result=True)
def tick(**_from_the_future: Any) -> int:
    """Turn due slots of scrm/schedule.py into jobs; the number of jobs added."""
    from django.db import close_old_connections

    from core import schedule

    close_old_connections()
    try:
        return schedule.tick()
    finally:
        close_old_connections()


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Django's LOGGING holds for workers and beat too; a line per bell would drown everything else."""
    logging.getLogger("celery").setLevel(logging.WARNING)


@worker_ready.connect
def start_heartbeat(**_: Any) -> None:
    """Once the worker consumes: tell so, every two seconds, as long as it is true."""
    if health.heartbeat_file() is not None:
        drains.last_bell = time.monotonic()
        threading.Thread(target=_beat_while_alive, name="heartbeat", daemon=True).start()


def _beat_while_alive() -> None:
    while True:
        if drains.alive(time.monotonic()):
            health.touch()
        time.sleep(HEARTBEAT_EVERY_SECONDS)


@after_task_publish.connect
def beat_was_heard(**_: Any) -> None:
    """In the beat process each message sent is its sign of life; elsewhere there is no file to touch."""
    if os.environ.get(health.ROLE) == "beat":
        health.touch()
