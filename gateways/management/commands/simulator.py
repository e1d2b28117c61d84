"""`manage.py simulator`: the simulated platforms as an HTTP server, for development, the demo and load tests."""

import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gateways.simulator.callbacks import Deliverer
from gateways.simulator.defaults import SIMULATOR_PORT
from gateways.simulator.engine import Simulator
from gateways.simulator.server import SimulatorServer
from gateways.simulator.state import State, new_state
from gateways.simulator.store import Keeper, load


class Command(BaseCommand):
    """Serve until SIGTERM or Ctrl-C; the state is saved while it changes and at the end."""

    help = "Serve the simulated WeCom, mini-program, WeChat Pay, SMS and LLM over HTTP."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen and where to keep the state."""
        parser.add_argument("--port", type=int, default=SIMULATOR_PORT)
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--state", default="", help="snapshot file; without it nothing is kept")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the server."""
        path = Path(options["state"]) if options["state"] else None
        simulator = Simulator(self._state(path))
        try:
            server = SimulatorServer(simulator, options["host"], options["port"])
        except OSError as error:
            raise CommandError(f"cannot listen on {options['host']}:{options['port']}: {error.strerror}") from error
        deliverer, keeper = Deliverer(simulator.world), Keeper(simulator.world, path) if path else None
        deliverer.start()
        if keeper:
            keeper.start()
        self.stdout.write(f"simulator on {server.url}, callbacks to {simulator.world.state.config.public_url}")
        self.stdout.flush()
        _serve_until_signal(server)
        deliverer.stop()
        if keeper:
            keeper.stop()

    def _state(self, path: Path | None) -> State:
        try:
            state = load(path) if path else new_state()
        except ValueError as error:
            raise CommandError(str(error)) from error
        state.config.public_url = settings.PUBLIC_URL
        state.settings.update(settings.VENDORS)
        return state


def _serve_until_signal(server: SimulatorServer) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True, name="http").start()
    stop.wait()
    server.shutdown()
    server.server_close()
