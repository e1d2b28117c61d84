"""Looking at real processes from outside: wait for a state of affairs, find who belongs to a state directory."""

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def until(look: Callable[[], T], seconds: float = 20.0) -> T:
    """The first true answer of `look`; fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def processes_of(state: Path) -> dict[int, str]:
    """Living processes (not zombies) whose command line or environment names a state directory: pid -> command line."""
    mark = str(state).encode()
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        with suppress(OSError):
            command = (folder / "cmdline").read_bytes()
            if mark in command or mark in (folder / "environ").read_bytes():
                found[int(folder.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return {pid: command for pid, command in found.items() if lives(pid)}


def lives(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody has buried does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def free_port() -> int:
    """A port nobody listens on, below the range of outgoing connections."""
    for port in range(20000 + os.getpid() % 5000, 30000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder in memory that the servers' user can enter, with a short path."""
    base = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="scrm-startup-", dir=base))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
