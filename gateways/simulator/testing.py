"""pytest plugin: the fixture `simulator`, the simulated platforms over HTTP on a free loopback port, fresh for every test.

The application under test reaches them through `settings.SIM_URL`, which the fixture sets. Callbacks wait in the queue
until the test says where they go: `simulator.deliver(client)` posts everything that is due into a Django test client,
`simulator.deliver()` posts it over HTTP to `public_url`. Nothing happens behind a test's back.
"""

import threading
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
import requests

from gateways.registry import start_afresh
from gateways.simulator import callbacks
from gateways.simulator.callbacks import Outgoing
from gateways.simulator.engine import Simulator
from gateways.simulator.server import SimulatorServer
from gateways.simulator.state import new_state
from gateways.simulator.world import World

PUBLIC_URL = "http://testserver"


class DjangoClient(Protocol):
    """What we need of `django.test.Client`."""

    def generic(self, method: str, path: str, data: bytes, content_type: str, **extra: Any) -> Any:
        """Send a request."""
        ...


class SimulatorHandle:
    """What a test holds: the address, the world, and the verbs of the control plane."""

    def __init__(self, server: SimulatorServer) -> None:
        self.server = server
        self.url = server.url
        self.simulator: Simulator = server.simulator
        self._session = requests.Session()
        self._session.trust_env = False

    @property
    def world(self) -> World:
        """The simulated world; take `world.lock` when the server may be working."""
        return self.simulator.world

    def do(self, verb: str, **arguments: Any) -> Any:
        """Call a verb of the control plane over HTTP; AssertionError with its message when it is refused."""
        reply = self.ask(verb, **arguments)
        if reply.status_code != 200:
            raise AssertionError(f"{verb}: {reply.status_code} {reply.text}")
        return reply.json()

    def ask(self, verb: str, **arguments: Any) -> requests.Response:
        """Call a verb and return the answer, whatever it is."""
        return self._session.post(f"{self.url}/_sim/{verb}", json=arguments, timeout=30)

    def set(self, **knobs: Any) -> None:
        """Turn knobs of `state.Config`."""
        self.do("config/set", changes=knobs)

    def fault(self, kind: str, **rule: Any) -> str:
        """Put a fault rule in force; its id."""
        return str(self.do("faults/set", kind=kind, **rule)["id"])

    def advance(self, seconds: float) -> None:
        """Move the virtual clock forward."""
        self.do("clock/advance", seconds=seconds)

    def deliver(self, client: DjangoClient | None = None) -> int:
        """Send the callbacks that are due, into a Django test client or over HTTP; how many were sent."""
        return callbacks.deliver_due(self.world, _into(client) if client else callbacks.over_http)

    def forge(self, vendor: str, twist: str, client: DjangoClient) -> int:
        """Send a callback that must be refused; the status the application answered."""
        return callbacks.forge(self.world, vendor, twist, _into(client))

    def reset(self) -> None:
        """A new world without memory of the last test."""
        with self.world.lock:
            state = new_state()
            state.config.public_url = PUBLIC_URL
            self.world.adopt(state)
            self.world.journal.clear()


def _into(client: DjangoClient) -> callbacks.Transport:
    def send(outgoing: Outgoing) -> tuple[int, str]:
        prepared = requests.Request(outgoing.method, outgoing.url, params=outgoing.query).prepare()
        headers = {
            f"HTTP_{name.upper().replace('-', '_')}": value for name, value in outgoing.headers.items() if name != "Content-Type"
        }
        kind = outgoing.headers.get("Content-Type", "application/octet-stream")
        response = client.generic(outgoing.method, prepared.path_url, outgoing.body, kind, **headers)
        return response.status_code, response.content.decode("utf-8", "replace")

    return send


@pytest.fixture(scope="session")
def _simulator_server() -> Iterator[SimulatorHandle]:
    server = SimulatorServer(Simulator())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield SimulatorHandle(server)
    server.shutdown()
    server.server_close()


@pytest.fixture
def simulator(_simulator_server: SimulatorHandle, settings: Any) -> SimulatorHandle:
    """The simulated platforms, fresh; the application's settings point at them."""
    _simulator_server.reset()
    start_afresh()
    settings.SIM_URL = _simulator_server.url
    settings.VENDORS = {**settings.VENDORS, "LLM_BASE_URL": f"{_simulator_server.url}/llm/v1"}
    return _simulator_server
