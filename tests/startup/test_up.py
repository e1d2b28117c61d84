"""The whole system, started as a user starts it. One start in the default suite; the rest is marked slow."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scrm import launch
from scrm.bootstrap import REPOSITORY
from tests.startup.watching import free_port, lives, processes_of, short_folder, until

pytestmark = pytest.mark.timeout(300)
STOP_SECONDS = 5.0
PROBE = """
import pytest

@pytest.mark.django_db
def test_probe(client):
    assert client.get("/healthz").status_code == 200
"""
PARTS = {"web", "simulator", "worker-chat", "worker-bulk", "beat"}


class System:
    """A `manage.py up` in a process of its own."""

    def __init__(self, state: Path, *arguments: str, repository: Path = REPOSITORY, python: str = sys.executable) -> None:
        self.state = state
        self.port = free_port()
        self.log = state.parent / f"up-{time.monotonic_ns()}.log"
        self.command = [python, "manage.py", "up", "--port", str(self.port), *arguments]
        self.repository = repository
        self.process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        """Without what the test run itself was given."""
        given = {name: value for name, value in os.environ.items() if not name.startswith("SCRM_")}
        for name in ("DATABASE_URL", "REDIS_URL"):
            given.pop(name, None)
        return {**given, "SCRM_STATE_DIR": str(self.state)}

    def start(self) -> "System":
        """Start it; `wait` for it afterwards."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.repository, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        return self

    def text(self) -> str:
        """All that it printed."""
        return self.log.read_text(errors="replace")

    def wait(self) -> "System":
        """Until it says that it is ready."""

        def ready() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.text()
            return f"http://127.0.0.1:{self.port}   (Ctrl-C" in self.text()

        until(ready, 120)
        return self

    def pids(self) -> dict[str, int]:
        """Part -> process id, as it tells others."""
        told: dict[str, int] = json.loads((self.state / "run.json").read_text())["services"]
        return told

    def answers(self, path: str = "/readyz") -> bool:
        """Whether the web server answers 200."""
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=3) as reply:
            return bool(reply.status == 200)
        return False

    def stop(self, number: signal.Signals = signal.SIGINT) -> float:
        """Send a signal and wait; the seconds until the process and all that belongs to it are gone."""
        assert self.process is not None
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        until(lambda: not processes_of(self.state), 30)
        return time.monotonic() - started


@pytest.fixture
def started() -> Iterator[Callable[..., System]]:
    """Makes systems on fresh state directories, and ends them."""
    with contextlib.ExitStack() as stack:
        systems: list[System] = []

        def start(*arguments: str, state: Path | None = None, **options: object) -> System:
            system = System(state or stack.enter_context(short_folder()) / "state", *arguments, **options)  # type: ignore[arg-type]
            systems.append(system)
            return system.start()

        yield start
        for system in systems:
            if system.process is not None and system.process.poll() is None:
                system.process.kill()
                system.process.wait()
        until(lambda: not any(processes_of(system.state) for system in systems), 30)


def test_one_command_starts_everything_and_ctrl_c_stops_it(started: Callable[..., System]) -> None:
    """Start, refuse a second, heal what is killed, stop in time, leave nothing."""
    system = started("--empty").wait()
    assert system.answers()
    until(lambda: set(system.pids()) >= PARTS)
    again = [*system.command[:-2], str(free_port()), "--empty"]
    second = subprocess.run(again, cwd=REPOSITORY, env=system.environment(), capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert re.fullmatch(rf"scrm: already running at http://127.0.0.1:{system.port} \(process \d+\); .*\n", second.stderr)

    before = system.pids()
    os.kill(before["web"], signal.SIGKILL)
    os.kill(before["worker-chat"], signal.SIGKILL)
    redis = next(pid for pid, line in processes_of(system.state).items() if "redis-server" in line)
    os.kill(redis, signal.SIGKILL)
    until(lambda: {system.pids().get(name, 0) for name in ("web", "worker-chat")}.isdisjoint({0, *before.values()}), 20)
    until(system.answers, 20)
    until(lambda: any("redis-server" in line for line in processes_of(system.state).values()), 5)
    until(lambda: {path.name for path in (system.state / "heartbeat").glob("*")} >= PARTS - {"web", "simulator"}, 30)

    everything = processes_of(system.state)
    assert len(everything) >= len(PARTS) + 4  # the supervisor, the keeper and its two servers
    assert system.stop() < STOP_SECONDS
    assert not any(lives(pid) for pid in everything)
    assert system.process is not None
    assert system.process.returncode == 0
    assert launch.read_running(system.state) is None


@pytest.mark.slow
def test_a_warm_start_answers_within_five_seconds(started: Callable[..., System]) -> None:
    cold = started("--empty").wait()
    cold.stop()
    times = []
    for _ in range(3):
        warm = started("--empty", state=cold.state)
        before = time.monotonic()
        until(lambda warm=warm: warm.answers("/healthz"), 60)  # type: ignore[misc]
        times.append(time.monotonic() - before)
        warm.wait().stop()
    assert min(times) <= 5.0, times


@pytest.mark.slow
def test_a_killed_supervisor_leaves_no_process(started: Callable[..., System]) -> None:
    system = started("--empty").wait()
    until(lambda: set(system.pids()) >= PARTS)
    assert system.stop(signal.SIGKILL) < 6


@pytest.mark.slow
def test_everything_killed_at_once_starts_again_with_its_data(started: Callable[..., System]) -> None:
    system = started("--empty").wait()
    until(lambda: set(system.pids()) >= PARTS)
    for pid in processes_of(system.state):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not processes_of(system.state))
    again = started("--empty", state=system.state).wait()
    assert again.answers()
    assert "migrations" not in again.text()  # the tables were still there


@pytest.mark.slow
def test_a_killed_keeper_is_replaced_while_the_system_runs(started: Callable[..., System]) -> None:
    system = started("--empty").wait()
    keeper = next(pid for pid, line in processes_of(system.state).items() if "scrm.keeper" in line)
    os.kill(keeper, signal.SIGKILL)
    until(lambda: "the embedded servers were gone; they are back" in system.text(), 10)
    until(system.answers, 10)


@pytest.mark.slow
def test_a_worker_that_hangs_is_replaced(started: Callable[..., System]) -> None:
    system = started("--empty").wait()
    until(lambda: (system.state / "heartbeat" / "worker-bulk").exists(), 30)
    deaf = system.pids()["worker-bulk"]
    os.kill(deaf, signal.SIGSTOP)
    until(lambda: system.pids().get("worker-bulk", deaf) != deaf, 60)
    assert "worker-bulk  no sign of life for 30 s; replacing it" in system.text()


@pytest.mark.slow
def test_two_systems_run_side_by_side(started: Callable[..., System]) -> None:
    one = started("--empty")
    other = started("--empty")
    assert one.wait().answers()
    assert other.wait().answers()
    assert one.stop() < STOP_SECONDS
    assert other.answers()


@pytest.mark.slow
def test_a_deleted_state_directory_ends_the_system(started: Callable[..., System]) -> None:
    system = started("--empty").wait()
    shutil.rmtree(system.state)
    assert system.process is not None
    assert system.process.wait(15) == 1
    assert f"{system.state} was deleted" in system.text()


@pytest.mark.slow
def test_a_reset_empties_the_database(started: Callable[..., System]) -> None:
    system = started("--empty").wait()
    system.stop()
    again = started("--empty", "--reset", state=system.state).wait()
    assert "migrations" in again.text()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder on disk that every user may enter (pytest closes its own)."""
    with tempfile.TemporaryDirectory(prefix="scrm-clone-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.slow
def test_a_clone_below_a_closed_folder_works_for_root_and_for_nobody(open_folder: Path) -> None:
    """From nothing: clone, bootstrap, test run. Needs a package index."""
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    clone = closed / "旅行 scrm"
    subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(clone)], check=True)
    (clone / "tests" / "test_probe.py").write_text(PROBE)
    base = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SCRM_", "DATABASE_", "REDIS_"))}
    command = [base, "manage.py", "test", "tests/test_probe.py", "-q"]
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert closed.stat().st_mode & 0o777 == 0o700
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "nobody", str(closed)], check=True)
        as_nobody = subprocess.run(
            command, cwd=clone, env={**environment, "HOME": str(closed)}, user="nobody", group="nogroup", extra_groups=[],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "1 passed" in as_nobody.stdout, as_nobody.stdout + as_nobody.stderr
