"""pytest plugin (`-p scrm.testing` in pyproject.toml): every run has Postgres and Redis of its own.

Throw-away servers live in memory (/dev/shm) and leave nothing behind, however the run ends; any number of runs may go on
at once. With DATABASE_URL and REDIS_URL both set those servers are used instead, under names unique to the run.
"""

import contextlib
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrm import embedded, processes, servers
from scrm.schema_cache import SchemaCache

NAME = "scrm-test-"
ROOM_NEEDED = 1_000_000_000  # bytes
ABANDONED_AFTER_SECONDS = 60
_RUN = "SCRM_TEST_RUN"  # inherited by the workers of pytest-xdist
_OWN_SERVERS = "SCRM_TEST_OWN_SERVERS"


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Start the servers before pytest-django reads the settings."""
    os.environ["SCRM_TESTING"] = "1"
    os.environ.setdefault(_RUN, f"{os.getpid()}_{uuid.uuid4().hex[:6]}")
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = _throw_away_servers()
        os.environ[_OWN_SERVERS] = "1"
    return (yield)


def _throw_away_servers() -> tuple[str, str]:
    """Servers that end with this process. They stay unknown to `server_urls`, so nothing else joins them."""
    folder = _roomy_folder()
    _sweep(folder)
    place = Path(tempfile.mkdtemp(prefix=NAME, dir=folder))
    place.chmod(0o711)  # the servers' user must reach its part of it
    try:
        return embedded.join(place, throwaway=True)
    except servers.CannotStart as error:
        pytest.exit(f"scrm: {error}", returncode=3)


def _roomy_folder() -> Path:
    memory = Path("/dev/shm")  # noqa: S108
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_NEEDED:
        return memory
    return Path(tempfile.gettempdir())


def _sweep(folder: Path) -> None:
    """Remove what a run left whose keeper was killed too: old, ours and used by nobody."""
    for left in folder.glob(f"{NAME}*"):
        found = left.stat()
        if found.st_uid != os.geteuid() or time.time() - found.st_mtime < ABANDONED_AFTER_SECONDS:
            continue
        lock = processes.try_lock(left / "users.lock")
        if lock is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Names that two runs on the same real servers do not share."""
    from django.conf import settings

    run = f"{os.environ[_RUN]}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = f"test_scrm_{os.environ[_RUN]}"
    settings.CACHES["default"]["KEY_PREFIX"] = f"test:{run}"


@pytest.fixture(scope="session")
def schema_cache() -> Iterator[SchemaCache | None]:
    """Held while the test database is created; None on servers that are not ours to fill with templates."""
    from django.conf import settings

    if _OWN_SERVERS not in os.environ:
        yield None
        return
    with contextlib.closing(SchemaCache(os.environ["DATABASE_URL"])) as cache:
        if (template := cache.template()) is not None:
            settings.DATABASES["default"]["TEST"] |= {"TEMPLATE": template, "MIGRATE": not cache.is_complete}
        yield cache


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Remove this run's keys from Redis; on throw-away servers they end with the server."""
    from django.conf import settings
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(settings.REDIS_URL) as client:
            for key in client.scan_iter(f"{settings.CACHES['default']['KEY_PREFIX']}*", count=1000):
                client.delete(key)
    except RedisError:  # a test of lost servers may have stopped it for good
        return
