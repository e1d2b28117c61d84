"""The supervisor over small real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scrm import supervisor as supervisor_module
from scrm.bootstrap import REPOSITORY
from scrm.supervisor import Child, Service, Supervisor
from tests.startup.watching import lives, processes_of, until


class Lines(list[str]):
    """What the supervisor printed."""

    def write(self, text: str) -> None:
        """As a stream."""
        self.append(text)


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def supervisor(lines: Lines) -> Iterator[Supervisor]:
    running = Supervisor(lines.write)
    yield running
    running.stop()
    assert running.pids() == {}


def _turn_until(supervisor: Supervisor, done: Callable[[], object]) -> None:
    def look() -> object:
        supervisor.turn(0.01)
        return done()

    until(look)


def _sleep() -> None:
    time.sleep(600)


def _pid(child: Child) -> int:
    return child.process.pid if child.process else 0


def test_lines_carry_the_name_and_are_not_torn(supervisor: Supervisor, lines: Lines) -> None:
    def talk() -> None:
        os.write(1, "第一行\nhalf".encode())
        os.write(2, b" and half\nno newline at the end")

    supervisor.add(Service("talker", talk, once=True))
    _turn_until(supervisor, lambda: not supervisor.pids())
    assert lines == ["talker       第一行\n", "talker       half and half\n", "talker       no newline at the end\n"]


def test_a_killed_service_is_back_at_once_and_then_more_slowly(supervisor: Supervisor, lines: Lines) -> None:
    child = supervisor.add(Service("sleeper", _sleep))
    first = _pid(child)
    os.kill(first, signal.SIGKILL)
    _turn_until(supervisor, lambda: _pid(child) not in {0, first})
    assert lines == ["sleeper      ended with -9; starting again in 0.1 s\n"]
    os.kill(_pid(child), signal.SIGKILL)
    _turn_until(supervisor, lambda: len(lines) == 2)
    assert lines[1] == "sleeper      ended with -9; starting again in 1 s\n"


def test_a_service_that_lived_long_starts_a_new_row(supervisor: Supervisor, lines: Lines) -> None:
    child = supervisor.add(Service("sleeper", _sleep))
    child.failures, child.started_at = 5, time.monotonic() - supervisor_module.WELL_AFTER_SECONDS - 1
    os.kill(_pid(child), signal.SIGKILL)
    _turn_until(supervisor, lambda: lines)
    assert lines == ["sleeper      ended with -9; starting again in 0.1 s\n"]


def test_a_one_shot_is_not_started_again(supervisor: Supervisor, lines: Lines) -> None:
    failed = supervisor.add(Service("failing", lambda: sys.exit("no customers"), once=True))
    good = supervisor.add(Service("good", lambda: None, once=True))
    _turn_until(supervisor, lambda: not supervisor.pids())
    assert lines == ["failing      no customers\n", "failing      ended with 1\n"]
    assert (failed.failures, good.failures) == (1, 0)


def test_a_deaf_worker_is_replaced(supervisor: Supervisor, lines: Lines, tmp_path: Path) -> None:
    beat = tmp_path / "worker"
    child = supervisor.add(Service("worker", _sleep, heartbeat=beat))
    supervisor.turn(0.01)
    first = _pid(child)
    child.started_at -= 31  # it has had its time; no heartbeat has ever come
    _turn_until(supervisor, lambda: _pid(child) not in {0, first})
    assert lines[0] == "worker       no sign of life for 30 s; replacing it\n"
    second = _pid(child)
    beat.touch()
    child.started_at -= 31
    supervisor.turn(0.01)
    assert _pid(child) == second
    os.utime(beat, (time.time() - 31, time.time() - 31))
    _turn_until(supervisor, lambda: _pid(child) not in {0, second})


def test_stopping_is_polite_first_and_then_final(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "GRACE_SECONDS", 0.3)

    def stubborn() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("armed", subprocess.Popen(["sleep", "600"]).pid)
        _sleep()

    def leave(*_: object) -> None:
        print("goodbye")
        sys.exit()

    def polite() -> None:
        signal.signal(signal.SIGTERM, leave)
        print("armed", os.getpid())
        _sleep()

    supervisor = Supervisor(lines.write)
    child = supervisor.add(Service("stubborn", stubborn))
    supervisor.add(Service("polite", polite))
    _turn_until(supervisor, lambda: sum("armed" in line for line in lines) == 2)
    pids = [_pid(child), *(int(line.split()[-1]) for line in lines)]
    assert all(lives(pid) for pid in pids)
    supervisor.stop()
    assert "polite       goodbye\n" in lines
    until(lambda: not any(lives(pid) for pid in pids), 2)


def test_nothing_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    code = f"""
import sys, time
sys.path.insert(0, {str(REPOSITORY)!r})
from scrm.supervisor import Service, Supervisor
supervisor = Supervisor(lambda text: (sys.stdout.write(text), sys.stdout.flush()))
for number in range(3):
    supervisor.add(Service(f"part{{number}}", lambda: (print("up"), time.sleep(600))))
while True:
    supervisor.turn()
"""
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    for _ in range(3):
        assert "up" in parent.stdout.readline()
    assert len(processes_of(tmp_path)) == 4
    parent.kill()
    parent.wait()
    until(lambda: not processes_of(tmp_path), 3)
    parent.stdout.close()


def test_a_crash_shows_its_traceback(supervisor: Supervisor, lines: Lines) -> None:
    supervisor.add(Service("broken", lambda: 1 / 0, once=True))
    _turn_until(supervisor, lambda: not supervisor.pids())
    assert lines[-2:] == ["broken       ZeroDivisionError: division by zero\n", "broken       ended with 1\n"]
