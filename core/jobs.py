"""Jobs: rows in Postgres that remember what must be done. Celery is the engine, Redis the doorbell.

`enqueue` writes the row in the caller's transaction; after commit a doorbell is rung. A worker claims a batch
with FOR UPDATE SKIP LOCKED under a lease, runs it, and marks each row only where it is still the owner.
Jobs run at least once: a job function must be safe to run twice.
"""

import dataclasses
import datetime as dt
import importlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection

from core import doorbell
from core.choices import Lane

F = TypeVar("F", bound=Callable[..., Any])


@dataclasses.dataclass(frozen=True)
class JobSpec:
    """How one job function wants to be run; `name` is its dotted path, which is what a row holds."""

    name: str
    function: Callable[..., Any]
    lane: str
    batch: bool = False
    coalesce: bool = False


REGISTRY: dict[str, JobSpec] = {}


def job(lane: str = Lane.USUAL, *, batch: bool = False, coalesce: bool = False) -> Callable[[F], F]:
    """Register a function as a job of a lane.

    `batch`: it receives `list[dict]`, the keyword arguments of many rows, and serves them in one set-based step.
    `coalesce`: while one row with a key waits, a second with that key adds nothing (recompute once, not a hundred
    times). Without it a key is unique for ever.
    """

    def register(function: F) -> F:
        name = f"{function.__module__}.{function.__qualname__}"
        REGISTRY[name] = JobSpec(name, function, lane, batch, coalesce)
        return function

    return register


def spec_of(name: str) -> JobSpec:
    """The registered job of that dotted path; its module is imported if need be. KeyError when it is no job."""
    if name not in REGISTRY:
        importlib.import_module(name.rpartition(".")[0])
    return REGISTRY[name]


_INSERT = """
INSERT INTO core_job (lane, function, key, args, coalesce, run_at)
VALUES (%s, %s, %s, %s::jsonb, %s, coalesce(%s, now()))
ON CONFLICT (key) DO NOTHING
"""


def enqueue(function: Callable[..., Any], *, key: str, run_at: dt.datetime | None = None, **kwargs: Any) -> bool:
    """Remember to call `function(**kwargs)` once, in the caller's transaction; False when the key is known already.

    `kwargs` must be JSON and hold ids and plain facts only. `run_at` is an aware moment, now by default.
    """
    spec = spec_of(f"{function.__module__}.{function.__qualname__}")
    return insert(spec, key=f"{function.__name__}:{key}", run_at=run_at, args=kwargs)


def insert(spec: JobSpec, *, key: str, run_at: dt.datetime | None, args: dict[str, Any]) -> bool:
    """The row behind `enqueue`, for callers that hold a spec and a full key."""
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [spec.lane, spec.name, key[:200], json.dumps(args), spec.coalesce, run_at])
        added = bool(cursor.rowcount == 1)
    if added and run_at is None:
        doorbell.ring_after_commit(spec.lane)
    return added
