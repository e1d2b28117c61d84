"""`python -m gateways.simulator`: the simulated platforms as a server, without Django, so that it starts in a moment.

`manage.py simulator` does the same with the project's settings. The environment variable SCRM_PUBLIC_URL says where
callbacks go; variables named like the keys of `defaults.SIM_SETTINGS` replace the identities agreed there.
"""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from gateways.simulator.callbacks import Deliverer
from gateways.simulator.defaults import SIM_SETTINGS, SIMULATOR_PORT
from gateways.simulator.engine import Simulator
from gateways.simulator.server import SimulatorServer
from gateways.simulator.store import Keeper, load

DEFAULT_PUBLIC_URL = "http://127.0.0.1:8000"


class CannotServe(Exception):
    """The server cannot start; the text is one clear line."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Where to listen and where to keep the state."""
    parser.add_argument("--port", type=int, default=SIMULATOR_PORT)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", default="", help="snapshot file; without it nothing is kept")


def serve(host: str, port: int, state_file: str, public_url: str, settings: Mapping[str, str]) -> None:
    """Serve until SIGTERM or SIGINT; the state is saved while it changes and at the end. CannotServe when it cannot."""
    path = Path(state_file) if state_file else None
    simulator = _simulator(path, public_url, settings)
    try:
        server = SimulatorServer(simulator, host, port)
    except OSError as error:
        raise CannotServe(f"cannot listen on {host}:{port}: {error.strerror}") from error
    deliverer, keeper = Deliverer(simulator.world), Keeper(simulator.world, path) if path else None
    deliverer.start()
    if keeper:
        keeper.start()
    sys.stdout.write(f"simulator on {server.url}, callbacks to {public_url}\n")
    sys.stdout.flush()
    _until_signal(server)
    deliverer.stop()
    if keeper:
        keeper.stop()


def _simulator(path: Path | None, public_url: str, settings: Mapping[str, str]) -> Simulator:
    try:
        simulator = Simulator(load(path) if path else None)
    except ValueError as error:
        raise CannotServe(str(error)) from error
    simulator.world.introduce(public_url, settings)
    return simulator


def _until_signal(server: SimulatorServer) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True, name="http").start()
    stop.wait()
    server.shutdown()
    server.server_close()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m gateways.simulator", description=__doc__)
    add_options(parser)
    options = parser.parse_args()
    settings = {name: os.environ[name] for name in SIM_SETTINGS if os.environ.get(name)}
    public_url = os.environ.get("SCRM_PUBLIC_URL", "").rstrip("/") or DEFAULT_PUBLIC_URL
    try:
        serve(options.host, options.port, options.state, public_url, settings)
    except CannotServe as error:
        sys.exit(f"simulator: {error}")


if __name__ == "__main__":
    main()
