"""Before `up` loads anything: read its arguments, claim the state directory and the ports, and say no in one line.

Also tells every other command where the running system is (`join_running`). Standard library only, until the claim stands.
"""

import argparse
import contextlib
import dataclasses
import importlib
import json
import os
import socket
import sys
import threading
import time
from pathlib import Path

from scrm import embedded
from scrm.processes import try_lock
from scrm.servers import CannotStart

SIMULATOR_PORTS = range(8801, 8900)  # below the ports that the kernel gives to outgoing connections
# What every part needs and what knows nothing of our settings: imported while the servers start.
PACKAGES = (
    "django.db.models", "django.forms", "django.test.signals", "django.views.defaults", "rest_framework", "celery.app.base",
    "psycopg", "redis", "requests", "cryptography.hazmat.primitives.ciphers.aead", "httptools", "uvloop", "uvicorn.main",
    "msgspec",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Claim:
    """What this `up` owns until it ends."""

    state: Path
    port: int
    sim_port: int | None  # None: no simulator of ours
    empty: bool
    customers: int | None
    embedded: bool  # our own servers, not DATABASE_URL's
    lock: int
    started_at: float  # on the monotonic clock

    @property
    def url(self) -> str:
        """Where the browser finds the system."""
        return f"http://127.0.0.1:{self.port}"


CLAIMED: Claim | None = None  # set by manage.py, before Django is loaded


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `manage.py up`."""
    parser.add_argument("--port", type=_port, default=8000, help="where the web server listens on 127.0.0.1 (default 8000)")
    parser.add_argument("--empty", action="store_true", help="do not load the demo agency into an empty database")
    parser.add_argument("--reset", action="store_true", help="delete the embedded servers' data first")
    parser.add_argument("--customers", type=_customers, metavar="N", help="how many demo customers to make (default 2000)")


def _customers(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 1000000")
    return int(text)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return int(text)


def claim(arguments: list[str]) -> Claim:
    """Claim what `up` needs and set the addresses in the environment; end the process with one line when it cannot be."""
    parser = argparse.ArgumentParser(prog="manage.py up", description="Start the whole system; Ctrl-C stops it.")
    add_arguments(parser)
    try:
        return _claim(parser.parse_args(arguments))
    except CannotStart as error:
        sys.exit(f"scrm: {error}")


def _claim(options: argparse.Namespace) -> Claim:
    state = embedded.prepare_state(embedded.state_dir())
    lock = try_lock(state / "up.lock")
    if lock is None:
        running = read_running(state)
        where = f" at {running['url']} (process {running['pid']})" if running else ""
        raise CannotStart(f"already running{where}; stop that one with Ctrl-C first")
    if not _free(options.port):
        raise CannotStart(f"port {options.port} is in use; choose another with --port")
    own_servers = not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))
    if options.reset:
        if not own_servers:
            raise CannotStart(
                "--reset empties the embedded servers only; it does not touch the ones in DATABASE_URL and REDIS_URL"
            )
        embedded.wipe(state)
    claimed = Claim(
        state, options.port, _simulator_port(state), options.empty, options.customers, own_servers, lock, time.monotonic()
    )
    os.environ.setdefault("SCRM_PUBLIC_URL", claimed.url)
    if claimed.sim_port:
        os.environ["SCRM_SIM_URL"] = f"http://127.0.0.1:{claimed.sim_port}"
    write_running(claimed, {})
    if own_servers:
        _start_servers(state)
    return claimed


def _start_servers(state: Path) -> None:
    """Start the embedded servers; they take half a second, in which this process imports packages."""
    failures: list[CannotStart] = []

    def start() -> None:
        try:
            embedded.join(state)
        except CannotStart as error:
            failures.append(error)

    starting = threading.Thread(target=start)
    starting.start()
    for name in PACKAGES:
        importlib.import_module(name)
    starting.join()
    if failures:
        raise failures[0]


def _simulator_port(state: Path) -> int | None:
    """A port for the simulator, the last one again if possible; None when it is not ours to start."""
    if os.environ.get("SCRM_SIM_URL") or os.environ.get("SCRM_PLATFORM_MODE", "sim").strip() != "sim":
        return None
    last = (_read(state) or {}).get("sim_port")
    ports: list[int] = [*([last] if isinstance(last, int) else []), *SIMULATOR_PORTS]
    for port in ports:
        if _free(port):
            return port
    raise CannotStart(f"no free port from {SIMULATOR_PORTS.start} to {SIMULATOR_PORTS.stop - 1} for the simulator")


def _free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def write_running(claimed: Claim, pids: dict[str, int]) -> None:
    """Tell others where this system is: `<state>/run.json`."""
    told = {
        "pid": os.getpid(), "url": claimed.url, "sim_port": claimed.sim_port, "sim_url": os.environ.get("SCRM_SIM_URL"),
        "public_url": os.environ["SCRM_PUBLIC_URL"], "services": pids, "written_at": time.time(),
    }  # fmt: skip
    fresh = claimed.state / "run.json.new"
    fresh.write_text(json.dumps(told))
    fresh.rename(claimed.state / "run.json")


def read_running(state: Path) -> dict[str, object] | None:
    """What the `up` on this state directory told; None when none runs."""
    if not (state / "up.lock").exists():
        return None
    with contextlib.suppress(PermissionError):
        lock = try_lock(state / "up.lock")
        if lock is not None:
            os.close(lock)
            return None
    return _read(state)


def _read(state: Path) -> dict[str, object] | None:
    try:
        told: dict[str, object] = json.loads((state / "run.json").read_text())
    except (OSError, ValueError):
        return None
    return told


def join_running() -> None:
    """For every other command: the addresses of the system that runs now, unless the environment names others."""
    running = read_running(embedded.state_dir())
    if running is None:
        return
    for name, key in (("SCRM_SIM_URL", "sim_url"), ("SCRM_PUBLIC_URL", "public_url")):
        if isinstance(value := running.get(key), str):
            os.environ.setdefault(name, value)
