"""The doorbell: "look at lane X", sent to Celery after commit. Losing one costs seconds, never work:
beat rings every lane every few seconds, and `manage.py drain --loop` needs no doorbell at all."""

import logging
import time

from celery import current_app
from celery.exceptions import OperationalError as CeleryOperationalError
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError as KombuOperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

QUIET_SECONDS = 0.05  # one bell per lane and process in this time: a bell means "look", twice adds nothing
SILENCE_AFTER_FAILURE_SECONDS = 2.0  # while Redis is away a web request must not wait for it again and again
_next_ring: dict[str, float] = {}


def ring_after_commit(lane: str) -> None:
    """Ring once the caller's transaction is committed; not at all if it rolls back."""
    if getattr(settings, "JOB_DOORBELL", True):
        transaction.on_commit(lambda: ring(lane))


def ring(lane: str) -> None:
    """Send the bell now, best effort."""
    now = time.monotonic()
    if now < _next_ring.get(lane, 0.0):
        return
    _next_ring[lane] = now + QUIET_SECONDS
    try:
        current_app.send_task("scrm.celery.drain_lane", args=[lane], queue=lane, expires=30, retry=False, ignore_result=True)
    except (CeleryOperationalError, KombuOperationalError, RedisError, OSError) as error:
        _next_ring[lane] = now + SILENCE_AFTER_FAILURE_SECONDS
        logger.warning("doorbell of lane %s is silent (%s); beat or drain will look later", lane, type(error).__name__)
