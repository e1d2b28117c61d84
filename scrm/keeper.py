"""The keeper: one process per state directory that owns an embedded Postgres and an embedded Redis.

Every process that needs the servers holds a shared `flock` on `users.lock`. The keeper tries to lock that file alone
a few times a second and stops both servers when it succeeds. The kernel drops a dead process's locks, so nothing goes
stale. A server that was killed is started again within a fraction of a second; if the keeper itself is killed, the
kernel tells the servers to stop (Linux), and the next `scrm.embedded.join` starts a new keeper.

Standard library only: this file runs as `python -S -m scrm.keeper LAYOUT`.
"""

import contextlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from scrm.processes import try_lock
from scrm.servers import CannotStart, Layout, Postgres, Redis, Server, server_log


class Keeper:
    """Starts both servers, watches them while anybody uses them, and stops them."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.state = Path(layout.state)
        self.servers: list[Server] = [Postgres(layout), Redis(layout)]
        self.told_to_stop = False

    def start(self) -> None:
        """Both servers, ready."""
        for server in self.servers:
            server.prepare()
            server.start()
        for server in self.servers:
            server.wait_until_ready()

    def watch(self) -> None:
        """Until the last user has left, or we are told to stop."""
        turns = 0
        while not self.told_to_stop and not self._alone():
            for server in self.servers:
                server.revive()
                if turns % 50 == 0:
                    server.settle()
            turns += 1
            time.sleep(0.1)

    def _alone(self) -> bool:
        """Whether nobody uses the servers; then the lock is kept, so that a newcomer waits until they are down."""
        return try_lock(self.state / "users.lock") is not None

    def stop(self, *_: object) -> None:
        """Stop both servers; a throw-away pair leaves nothing behind."""
        for server in self.servers:
            server.ask_to_stop()
        for server in self.servers:
            server.wait_until_stopped()
        if self.layout.throwaway:
            for folder in {self.layout.sockets, self.layout.home, self.layout.state}:
                shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):  # the home's own folder, where it is not the state directory
                Path(self.layout.home).parent.rmdir()

    def tell_to_stop(self, *_: object) -> None:
        """Signal handler."""
        self.told_to_stop = True


def serve(layout: Layout, tell: Callable[[str], None]) -> None:
    """Be the keeper. `tell("ready")` once both servers answer, or `tell(reason)`."""
    lock = try_lock(Path(layout.state) / "keeper.lock")
    if lock is None:
        tell("another keeper is running")
        return
    keeper = Keeper(layout)
    signal.signal(signal.SIGTERM, keeper.tell_to_stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        keeper.start()
        tell("ready")
        keeper.watch()
    except (CannotStart, OSError) as error:
        tell(str(error))
    finally:
        keeper.stop()
        # Before the process ends: the kernel drops its locks last-in first-out, so a newcomer who waits for `users.lock`
        # would wake while this one is still held, and believe in servers that are gone.
        os.close(lock)


def main() -> None:
    """Fork: the child is the keeper, in a session of its own; the parent waits until it is ready, or says why not."""
    given = json.loads(sys.argv[1])
    layout = Layout(**{**given, "options": tuple(given["options"])})
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        with os.fdopen(reading) as pipe:
            word = pipe.read() or f"the keeper ended early (see {layout.state}/keeper.log)"
        sys.exit(None if word == "ready" else word)
    os.close(reading)
    os.setsid()
    os.chdir("/")
    with server_log(layout, "keeper") as log:
        os.dup2(log, 1)
        os.dup2(log, 2)
    serve(layout, lambda word: _tell(writing, word))


def _tell(descriptor: int, word: str) -> None:
    with contextlib.suppress(OSError):  # told once; the descriptor is closed by then
        os.write(descriptor, word.encode())
        os.close(descriptor)


if __name__ == "__main__":
    main()
