"""`manage.py test` from outside: two runs at once, and nothing left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scrm import processes, testing
from scrm.bootstrap import REPOSITORY
from tests.startup.watching import until

PROBE = """
import os
import pytest
from django.conf import settings

def test_servers(record_property):
    print("SERVERS", os.environ["DATABASE_URL"], settings.CACHES["default"]["KEY_PREFIX"])

@pytest.mark.parametrize("number", range(4))
def test_database(number, request):
    if os.environ.get("PROBE_DATABASE"):
        request.getfixturevalue("db")
        from django.db import connection
        assert connection.settings_dict["NAME"].startswith("test_scrm_")
"""


def _run(folder: Path, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
    given = {
        name: value for name, value in os.environ.items() if not name.startswith(("SCRM_", "DATABASE_", "REDIS_", "PYTEST_"))
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", "test", str(folder), "-q", "-s", "-p", "no:cacheprovider", *arguments],
        cwd=REPOSITORY, env={**given, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def _servers(output: str) -> tuple[str, str]:
    _, url, prefix = next(line for line in output.splitlines() if "SERVERS" in line).split()[-3:]
    return url, prefix


def _left_of(url: str) -> bool:
    return Path(url.partition("host=")[2]).exists()


@pytest.fixture
def probe(tmp_path: Path) -> Path:
    """A folder with a few tests in it."""
    (tmp_path / "test_probe.py").write_text(PROBE)
    return tmp_path


def test_two_runs_at_once_have_servers_of_their_own_and_leave_none(probe: Path) -> None:
    runs = [_run(probe), _run(probe)]
    outputs = [run.communicate(timeout=100)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    urls = [_servers(output)[0] for output in outputs]
    assert len({*urls, os.environ["DATABASE_URL"]}) == 3
    _wait_until_gone(urls)


def _wait_until_gone(urls: list[str]) -> None:
    until(lambda: not any(_left_of(url) for url in urls), 10)


@pytest.mark.slow
def test_two_runs_at_once_share_real_servers(probe: Path) -> None:
    """On the same DATABASE_URL and REDIS_URL: names of their own, and parallel workers too."""
    servers = {"DATABASE_URL": os.environ["DATABASE_URL"], "REDIS_URL": os.environ["REDIS_URL"], "PROBE_DATABASE": "1"}
    runs = [_run(probe, **servers), _run(probe, "-n", "2", **servers)]
    outputs = [run.communicate(timeout=300)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs


@pytest.mark.slow
def test_a_killed_run_leaves_nothing(probe: Path) -> None:
    (probe / "test_probe.py").write_text(PROBE + "\ndef test_wait():\n    input()\n")
    run = _run(probe)
    assert run.stdout
    url = ""
    while not url:
        line = run.stdout.readline()
        url = line.split()[-2] if "SERVERS" in line else ""
    run.kill()
    run.communicate()
    _wait_until_gone([url])


def test_only_old_folders_that_nobody_uses_are_swept(tmp_path: Path) -> None:
    fresh, old, used = (tmp_path / f"{testing.NAME}{name}" for name in ("fresh", "old", "used"))
    for folder in (fresh, old, used):
        folder.mkdir()
        (folder / "users.lock").touch()
    for folder in (old, used):
        os.utime(folder, (1, 1))
    lock = processes.try_lock(used / "users.lock")
    testing._sweep(tmp_path)
    assert (fresh.exists(), old.exists(), used.exists()) == (True, False, True)
    assert lock is not None
    os.close(lock)
