"""The parts of a system on one machine, and the command line of each. Containers start the same ones (docker-compose.yml)."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from scrm import health
from scrm.supervisor import Service

WORKERS = {"worker-chat": "chat,usual", "worker-bulk": "bulk,usual"}


def web_arguments(port: int) -> list[str]:
    """uvicorn on loopback, where a forwarded address is nobody's word to believe."""
    return [
        "scrm.asgi:application", "--host", "127.0.0.1", "--port", str(port), "--http", "httptools", "--loop", "uvloop",
        "--lifespan", "on", "--no-access-log", "--no-proxy-headers", "--no-server-header", "--log-level", "warning",
        "--timeout-graceful-shutdown", "1",
    ]  # fmt: skip


def worker_arguments(name: str, lanes: str) -> list[str]:
    """A Celery worker with a thread pool: gateways and the database are waited for, so threads do, in one process."""
    return [
        "worker", "-n", f"{name}@%h", "-Q", lanes, "-P", "threads", "-c", "8",
        "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "warning",
    ]  # fmt: skip


# The schedule is code (scrm/schedule.py); beat only rings, so it keeps no file.
BEAT_ARGUMENTS = ["beat", "-S", "celery.beat:Scheduler", "--pidfile=", "-l", "warning"]


def run_web(port: int) -> None:
    """Be the web server."""
    import uvicorn.main

    uvicorn.main.main(args=web_arguments(port))


def run_celery(arguments: list[str]) -> None:
    """Be a worker, or beat."""
    from scrm.celery import app

    app.start(["--quiet", *arguments])


def run_command(name: str, *arguments: str) -> None:
    """Be a management command."""
    from django.core.management import call_command

    call_command(name, *arguments)


def preload_web() -> None:
    """Import what every part needs, once, before the first part is forked."""
    import uvicorn.main
    from django.urls import get_resolver

    import scrm.asgi

    _ = (uvicorn, scrm.asgi, get_resolver().url_patterns)


def preload_workers() -> None:
    """Import what only workers and beat need, before they are forked; the web server answers meanwhile."""
    import celery.apps.worker
    import celery.bin.celery
    import celery.concurrency.thread

    _ = celery


def web(port: int) -> Service:
    """The web server."""
    return Service("web", partial(run_web, port))


def simulator(port: int, state: Path) -> Service:
    """The simulated platforms, for a system without real WeCom and WeChat."""
    return Service("simulator", partial(run_command, "simulator", "--port", str(port), "--state", str(state / "simulator")))


def background(state: Path) -> list[Service]:
    """The workers, each with one lane of its own, and beat. Their heartbeats go to a folder of `state`."""
    beats = state / "heartbeat"
    os.environ[health.FOLDER] = str(beats)
    jobs: dict[str, Callable[[], None]] = {
        name: partial(run_celery, worker_arguments(name, lanes)) for name, lanes in WORKERS.items()
    }
    jobs["beat"] = partial(run_celery, BEAT_ARGUMENTS)
    return [Service(name, run, heartbeat=beats / name) for name, run in jobs.items()]
