"""The main job while parts of the system are killed under it: every number comes out the same."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from scrm.bootstrap import REPOSITORY
from tests.startup.test_up import System, started  # noqa: F401  (the fixture)
from tests.startup.watching import processes_of, until

VICTIMS = ("web", "worker-chat", "redis", "worker-bulk")


def victim(system: System, name: str) -> int | None:
    """The process id of a part that lives now."""
    if name == "redis":
        return next((pid for pid, line in processes_of(system.state).items() if "redis-server" in line), None)
    return system.pids().get(name)


def kill_in_turn(system: System, over: threading.Event, killed: list[str], dice: random.Random) -> None:
    """Every few seconds one of the parts, in turn, until the job is over."""
    while not over.wait(dice.uniform(1.5, 4.0)):
        name = VICTIMS[len(killed) % len(VICTIMS)]
        with suppress(ProcessLookupError):
            if pid := victim(system, name):
                os.kill(pid, signal.SIGKILL)
                killed.append(name)


def run_main_job(system: System) -> subprocess.CompletedProcess[str]:
    """The command as a user gives it."""
    command = [sys.executable, "manage.py", "main_job", "--seed", "5"]
    return subprocess.run(
        command, cwd=REPOSITORY, env=system.environment(), capture_output=True, text=True, check=False, timeout=400
    )


@pytest.mark.slow  # two full main jobs; run it with `manage.py test tests/faults -m slow`
@pytest.mark.timeout(900)
def test_killing_web_workers_and_redis_changes_no_final_number(started: Callable[..., System]) -> None:  # noqa: F811
    system = started("--customers", "60").wait()
    until(lambda: "main-job" in system.text() and ("see it at" in system.text() or "main-job     ended" in system.text()), 300)
    assert "WRONG" not in system.text()
    assert "the page adds up: True" in system.text()

    over, killed = threading.Event(), []  # type: ignore[var-annotated]
    killer = threading.Thread(target=kill_in_turn, args=(system, over, killed, random.Random(20261124)))
    killer.start()
    try:
        done = run_main_job(system)
    finally:
        over.set()
        killer.join()
    assert done.returncode == 0, done.stdout + done.stderr + system.text()[-6000:]
    assert "WRONG" not in done.stdout
    assert set(killed) >= {"web", "worker-chat", "redis"}
