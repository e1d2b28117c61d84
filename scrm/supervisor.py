"""Run the parts of the system as child processes under one parent: start, prefix their lines, start again, stop all.

A child is a fork of the parent, which has everything imported: a part is back a fraction of a second after it died, and
memory is shared. A child has a session of its own, so Ctrl-C reaches only the supervisor, which stops the others; if the
supervisor is killed, the kernel kills its children (Linux). The parent must have no threads and no open connections.
"""

import contextlib
import dataclasses
import os
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from scrm import health
from scrm.processes import die_with_parent

GRACE_SECONDS = 1.5  # between asking to stop and insisting
PAUSES = (0.1, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)  # seconds before each new start in a row of failures
WELL_AFTER_SECONDS = 20.0  # a process that ran this long starts a new row
COLOURS = (36, 32, 33, 35, 34, 31)


@dataclasses.dataclass(frozen=True)
class Service:
    """One part of the system: `run` is called in a process of its own."""

    name: str
    run: Callable[[], object]
    heartbeat: Path | None = None  # when older than 30 s, the process is replaced
    once: bool = False  # runs to its end and is not started again


class Process:
    """A forked child and the reading end of what it prints."""

    def __init__(self, run: Callable[[], object], name: str) -> None:
        self.output, writing = os.pipe()
        os.set_blocking(self.output, False)
        sys.stdout.flush()
        sys.stderr.flush()
        arrange = die_with_parent(signal.SIGKILL)
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            arrange()
            _be_child(run, name, writing)
        os.close(writing)

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it lives."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self) -> None:
        """Until it has ended."""
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def send(self, number: signal.Signals) -> None:
        """A signal to the process and all that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def _be_child(run: Callable[[], object], name: str, writing: int) -> NoReturn:
    """In the child: its own session, its own output, default signals; then the part's code, and the end."""
    code = 1
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        os.environ[health.ROLE] = name
        run()
        code = 0
    except SystemExit as end:
        code = _exit_code(end)
    except BaseException:  # noqa: BLE001 - the last frame of the process: told, and turned into its exit code
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        os._exit(code)


def _exit_code(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    print(end.code, file=sys.stderr)
    return 1


class Child:
    """A service over all its restarts."""

    def __init__(self, service: Service, colour: int) -> None:
        self.service = service
        self.colour = colour
        self.process: Process | None = None
        self.started_at = 0.0
        self.next_start: float | None = 0.0  # None: not to be started
        self.failures = 0
        self.rest = b""

    def deaf(self) -> bool:
        """Whether the process lives but its heartbeat has stopped. A new process has time to give its first."""
        beat = self.service.heartbeat
        lived = time.monotonic() - self.started_at
        return beat is not None and lived > health.STALE_AFTER_SECONDS and health.age_seconds(beat) > health.STALE_AFTER_SECONDS


class Supervisor:
    """Keeps services running. Call `turn` again and again, or `run`; then `stop`."""

    def __init__(self, write: Callable[[str], object], *, colour: bool = False) -> None:
        self.children: list[Child] = []
        self.selector = selectors.DefaultSelector()
        self.write = write
        self.colour = colour
        self.stopping = False
        self.insisting = False

    def add(self, service: Service) -> Child:
        """One more service; it starts now."""
        child = Child(service, COLOURS[len(self.children) % len(COLOURS)])
        self.children.append(child)
        self._tend(child)
        return child

    def run(self, every_turn: Callable[[], object] = lambda: None) -> None:
        """Until a signal asks to stop; then stop everything."""
        try:
            while not self.stopping:
                self.turn()
                every_turn()
        finally:
            self.stop()

    def catch_signals(self) -> None:
        """Ctrl-C, SIGTERM or a closed terminal stop the system; a second Ctrl-C does not wait."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, *_: object) -> None:
        self.insisting, self.stopping = self.stopping, True

    def turn(self, seconds: float = 0.1) -> None:
        """Pass on what was printed, start what should run, replace what is deaf."""
        self._pass_on(seconds)
        for child in self.children:
            self._tend(child)

    def pids(self) -> dict[str, int]:
        """Service name -> process id of those that run."""
        return {child.service.name: child.process.pid for child in self.children if child.process is not None}

    def _tend(self, child: Child) -> None:
        if child.process is not None and child.process.poll() is None:
            if child.deaf():
                self.say(child, f"no sign of life for {health.STALE_AFTER_SECONDS:.0f} s; replacing it")
                child.process.send(signal.SIGKILL)
            return
        if child.process is not None:
            self._bury(child, child.process)
        if child.next_start is not None and time.monotonic() >= child.next_start and not self.stopping:
            child.started_at, child.next_start = time.monotonic(), None
            child.process = Process(child.service.run, child.service.name)
            self.selector.register(child.process.output, selectors.EVENT_READ, child)

    def _bury(self, child: Child, process: Process) -> None:
        """Take leave of a process that has ended, and decide when the next one starts."""
        process.send(signal.SIGKILL)  # what it started and left behind
        self._read(child, process.output)
        self._forget(process.output)
        os.close(process.output)
        child.process = None
        if self.stopping or (child.service.once and process.returncode == 0):
            return
        if child.service.once:
            child.failures += 1
            self.say(child, f"ended with {process.returncode}")
            return
        now = time.monotonic()
        child.failures = 1 if now - child.started_at > WELL_AFTER_SECONDS else child.failures + 1
        pause = PAUSES[min(child.failures, len(PAUSES)) - 1]
        child.next_start = now + pause
        self.say(child, f"ended with {process.returncode}; starting again in {pause:g} s")

    def stop(self) -> None:
        """Ask every process to stop, insist after a grace of 1.5 s or a second Ctrl-C, and leave none."""
        self.stopping = True
        living = [(child, child.process) for child in self.children if child.process is not None]
        for _, process in living:
            process.send(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while any(process.poll() is None for _, process in living) and time.monotonic() < deadline and not self.insisting:
            self._pass_on(0.02)
        for child, process in living:
            process.send(signal.SIGKILL)
            process.wait()
            self._bury(child, process)

    def _pass_on(self, seconds: float) -> None:
        if not self.selector.get_map():
            time.sleep(seconds)
        for key, _ in self.selector.select(seconds):
            self._read(key.data, key.fd)

    def _read(self, child: Child, output: int) -> None:
        """Print the whole lines that a process wrote, each with its name before it."""
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(output, 65536):
                *lines, child.rest = (child.rest + chunk).split(b"\n")
                for line in lines:
                    self.say(child, line.decode(errors="replace").rstrip())
            if child.rest:
                self.say(child, child.rest.decode(errors="replace"))
                child.rest = b""
            self._forget(output)

    def _forget(self, output: int) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self.selector.unregister(output)

    def say(self, child: Child, text: str) -> None:
        """One line with the service's name before it."""
        name = f"{child.service.name:<12}"
        self.write(f"\x1b[{child.colour}m{name}\x1b[0m {text}\n" if self.colour else f"{name} {text}\n")
