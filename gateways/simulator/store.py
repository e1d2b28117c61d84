"""Snapshots: the whole state as one JSON file, replaced atomically, so that a demo survives a restart."""

import contextlib
import os
import threading
import time
from pathlib import Path

import msgspec

from gateways.simulator.state import State, new_state
from gateways.simulator.world import World

SHORTEST_PAUSE_SECONDS = 1.0
REST_FACTOR = 10


def load(path: Path) -> State:
    """The state kept in a file, or a new world; ValueError when the file is not a snapshot of this version."""
    if not path.exists():
        return new_state()
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path} is not a snapshot of this simulator: {error}") from error


def save(world: World, path: Path) -> None:
    """Write the state beside the file, then put it in its place."""
    with world.lock:
        data = msgspec.json.encode(world.state)
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()


class Keeper:
    """Saves a world while it changes: a second after a change at the earliest, resting ten times as long as saving took."""

    def __init__(self, world: World, path: Path) -> None:
        self.world, self.path = world, path
        self._saved_changes = world.changes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Save once more and end."""
        self._stop.set()
        self._thread.join()
        self.save_if_changed()

    def save_if_changed(self) -> None:
        """Save when something changed since the last time."""
        changes = self.world.changes
        if changes != self._saved_changes:
            save(self.world, self.path)
            self._saved_changes = changes

    def _run(self) -> None:
        pause = SHORTEST_PAUSE_SECONDS
        while not self._stop.wait(pause):
            started = time.perf_counter()
            self.save_if_changed()
            pause = max(SHORTEST_PAUSE_SECONDS, REST_FACTOR * (time.perf_counter() - started))
