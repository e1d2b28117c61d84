"""The embedded Postgres and Redis as child processes: prepare, start, ask whether they are ready, revive, stop.

Standard library only: the keeper runs before any package can be imported.
"""

import contextlib
import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scrm.processes import die_with_parent

POSTGRES_MAJOR = "18"
START_SECONDS = 60.0
STOP_SECONDS = 10.0


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where everything of one pair of servers lives, and how they run. `user` None: as the calling user."""

    state: str  # locks and logs; belongs to whoever starts the servers
    home: str  # pg/ and redis/; belongs to `user`
    sockets: str
    postgres: str  # folder of the Postgres programs
    redis: str  # the redis-server (or valkey-server) program
    user: str | None
    throwaway: bool  # for tests: fast, not durable, deleted when the last user leaves
    options: tuple[str, ...] = ()


class CannotStart(Exception):
    """The servers cannot be started; the message says why and what to do, in one line."""


class Server:
    """A child process that the keeper starts, watches, starts again and stops."""

    name = ""
    stop_signal = signal.SIGTERM

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.folder = Path(layout.home) / self.name
        self.process: subprocess.Popen[bytes] | None = None
        self.failures = 0
        self.next_start = 0.0

    def prepare(self) -> None:
        """Make what the server needs before its first start."""

    def command(self) -> list[str]:
        """The command line of the server."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether the server answers."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the process; it is not ready yet."""
        _stop_stale(self.folder, self.pid_file, self.stop_signal, self.leftover)
        with server_log(self.layout, self.name) as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=die_with_parent(self.stop_signal), **as_user(self.layout),
            )  # fmt: skip

    @property
    def pid_file(self) -> Path:
        """Where the server writes its process id."""
        return self.folder / f"{self.name}.pid"

    @property
    def leftover(self) -> Path | None:
        """Another lock file that a killed server leaves behind."""
        return None

    def wait_until_ready(self) -> None:
        """Block until the server answers; CannotStart with the end of its log when it dies or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                raise CannotStart(f"{self.name} did not start: {_tail(self.layout, self.name)}")
            time.sleep(0.01)

    def revive(self) -> None:
        """Start the server again when it has died; at once the first time, then with growing pauses."""
        if self.process is None or self.process.poll() is None:
            return
        if self.next_start == 0.0:
            print(f"{self.name} ended with {self.process.returncode}; starting it again", flush=True)
            self.next_start = time.monotonic() + min(5.0, 0.1 * 2**self.failures - 0.1)
        if time.monotonic() >= self.next_start:
            self.failures, self.next_start = self.failures + 1, 0.0
            self.start()

    def settle(self) -> None:
        """Forget earlier failures once the server answers."""
        if self.failures and self.is_ready():
            self.failures = 0

    def ask_to_stop(self) -> None:
        """Send the signal for a clean end."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)

    def wait_until_stopped(self) -> None:
        """Until the server has ended; insist when it does not."""
        if self.process is None:
            return
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Postgres(Server):
    """PostgreSQL on a socket, without TCP."""

    name = "pg"
    stop_signal = signal.SIGINT  # "fast": ends sessions, then shuts down cleanly

    @property
    def pid_file(self) -> Path:
        return self.folder / "postmaster.pid"

    @property
    def leftover(self) -> Path | None:
        return Path(self.layout.sockets) / ".s.PGSQL.5432.lock"

    def prepare(self) -> None:
        version = self.folder / "PG_VERSION"
        if not version.exists():
            self._create_cluster()
        elif (found := version.read_text().strip()) != POSTGRES_MAJOR:
            raise CannotStart(
                f"{self.folder} was written by PostgreSQL {found}, this is {POSTGRES_MAJOR}: dump it with the old version, "
                "or start afresh with `manage.py up --reset`"
            )

    def _create_cluster(self) -> None:
        """Made beside its place and renamed, so that a torn initdb is never used."""
        fresh = self.folder.with_name("pg.new")
        shutil.rmtree(fresh, ignore_errors=True)
        programs = Path(self.layout.postgres)
        self._run([
            str(programs / "initdb"), "-D", str(fresh), "-U", "scrm", "--auth=trust", "--encoding=UTF8",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", *(["--no-sync"] if self.layout.throwaway else []),
        ])  # fmt: skip
        unsynced = ["-c", "fsync=off"] if self.layout.throwaway else []
        self._run([str(programs / "postgres"), "--single", *unsynced, "-D", str(fresh), "postgres"], "CREATE DATABASE scrm;\n")
        fresh.rename(self.folder)

    def _run(self, command: list[str], text: str = "") -> None:
        done = subprocess.run(command, input=text, text=True, capture_output=True, check=False, **as_user(self.layout))
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
            raise CannotStart(f"{Path(command[0]).name} failed: {' / '.join(lines[-3:])}")

    def command(self) -> list[str]:
        durable = {"synchronous_commit": "on"}
        fast = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off",
                "dynamic_shared_memory_type": "mmap"}  # fmt: skip
        options = {
            "listen_addresses": "", "unix_socket_directories": self.layout.sockets, "unix_socket_permissions": "0700",
            "max_connections": "200", "shared_buffers": "128MB", "wal_level": "minimal", "max_wal_senders": "0",
            "max_wal_size": "2GB", "jit": "off", "io_method": "sync", "timezone": "UTC", "log_timezone": "UTC",
            **(fast if self.layout.throwaway else durable),
        }  # fmt: skip
        given = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(Path(self.layout.postgres) / "postgres"), "-D", str(self.folder), *given, *self.layout.options]

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError, IndexError, ValueError):
            lines = self.pid_file.read_text().splitlines()
            return self.process is not None and int(lines[0]) == self.process.pid and lines[7].strip() == "ready"
        return False


class Redis(Server):
    """Redis on a socket: doorbell, cache and rate limits. It never evicts, and nothing that matters lives in it alone."""

    name = "redis"

    def prepare(self) -> None:
        if not self.folder.exists():
            self.folder.mkdir(mode=0o700)
            if self.layout.user:
                shutil.chown(self.folder, self.layout.user)

    def command(self) -> list[str]:
        return [
            self.layout.redis, "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700",
            "--dir", str(self.folder), "--pidfile", str(self.pid_file), "--daemonize", "no", "--save", "",
            "--appendonly", "no" if self.layout.throwaway else "yes", "--maxmemory-policy", "noeviction",
        ]  # fmt: skip

    @property
    def socket(self) -> str:
        """The path of the socket."""
        return str(Path(self.layout.sockets) / "redis.sock")

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1.0)
            line.connect(self.socket)
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
        return False

    def wait_until_ready(self) -> None:
        """A log that Redis cannot read is set aside once: it holds doorbells and cache, no business data."""
        try:
            super().wait_until_ready()
        except CannotStart:
            self.folder.rename(self.folder.with_name(f"redis.unreadable-{int(time.time())}"))
            self.prepare()
            self.start()
            super().wait_until_ready()


def as_user(layout: Layout) -> dict[str, Any]:
    """Keyword arguments for `subprocess` that run a program as the servers' user, in a clean environment."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "HOME": layout.home}
    common: dict[str, Any] = {"cwd": layout.home, "env": environment}
    if layout.user is None:
        return common
    import pwd

    entry = pwd.getpwnam(layout.user)
    return {**common, "user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _stop_stale(folder: Path, pid_file: Path, number: signal.Signals, leftover: Path | None = None) -> None:
    """End a server that outlived its keeper, and remove files that name a process which is somebody else, or nobody, by now."""
    try:
        pid = int(pid_file.read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return
    deadline = time.monotonic() + STOP_SECONDS
    while _works_in(pid, folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number if time.monotonic() < deadline else signal.SIGKILL)
        time.sleep(0.05)
    if sys.platform == "linux":
        pid_file.unlink(missing_ok=True)
        if leftover is not None:  # else a new process with the old number, or one nobody has buried, keeps Postgres out
            leftover.unlink(missing_ok=True)


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/cwd") == str(folder.resolve())
    except OSError:
        return False


@contextlib.contextmanager
def server_log(layout: Layout, name: str) -> Iterator[int]:
    """A log file to append to; emptied when it has grown past 10 MB."""
    path = Path(layout.state) / f"{name}.log"
    big = path.exists() and path.stat().st_size > 10_000_000
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if big else 0), 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _tail(layout: Layout, name: str) -> str:
    path = Path(layout.state) / f"{name}.log"
    lines = path.read_text(errors="replace").strip().splitlines() if path.exists() else []
    return f"{' / '.join(lines[-3:])} (see {path})"
