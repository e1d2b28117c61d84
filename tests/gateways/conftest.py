"""A scripted vendor, shared state of one test, and clients that note their calls in a list."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from django.conf import settings

from core import clock
from gateways.services import CallNote
from gateways.shared_state import SharedState
from gateways.simulator.defaults import SIM_SETTINGS
from gateways.transport import Transport
from gateways.wecom.live import LiveWeCom
from tests.gateways.vendor import Vendor, ok

CORP = "wwtest0000000001"
SECRET = "a-secret-of-the-test-corp-that-must-never-show"
TOKEN = "token-that-must-never-show-in-any-text"


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """A vendor on a socket of its own."""
    server = Vendor()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    server.on("/gettoken", ok(access_token=TOKEN, expires_in=7200))
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def prefix() -> str:
    """A name space in Redis that no other test shares; the run's own prefix cleans it up."""
    return f"{settings.CACHES['default']['KEY_PREFIX']}:{uuid.uuid4().hex[:8]}"


@pytest.fixture
def state(prefix: str) -> SharedState:
    """Fresh shared state in the real Redis."""
    return SharedState(settings.REDIS_URL, prefix)


@pytest.fixture
def lonely_state(prefix: str) -> SharedState:
    """Shared state whose Redis does not answer."""
    return SharedState("redis://127.0.0.1:1/0", prefix)


@pytest.fixture
def notes() -> list[CallNote]:
    """The calls noted by clients made with `recorder`."""
    return []


Recorder = Callable[[str, str], AbstractContextManager[CallNote]]


@pytest.fixture
def recorder(notes: list[CallNote]) -> Recorder:
    """Notes calls in memory: for tests with threads, and for those without a database."""

    @contextmanager
    def record(vendor_name: str, api: str) -> Iterator[CallNote]:
        note = CallNote(vendor_name, api, clock.now())
        notes.append(note)
        yield note

    return record


@pytest.fixture
def vendors() -> dict[str, str]:
    """The identities of a test corp."""
    return {**SIM_SETTINGS, "WECOM_CORP_ID": CORP, "WECOM_SECRET": SECRET}


MakeWeCom = Callable[..., LiveWeCom]


@pytest.fixture
def make_wecom(vendor: Vendor, state: SharedState, recorder: Recorder, vendors: dict[str, str]) -> MakeWeCom:
    """Makes WeCom clients against the scripted vendor; keyword arguments override what they are made of."""

    def make(
        *, shared: SharedState | None = None, read_seconds: float = 2.0, total_seconds: float = 5.0, **changes: str
    ) -> LiveWeCom:
        transport = Transport("wecom", base_url=vendor.url, read_seconds=read_seconds, total_seconds=total_seconds)
        return LiveWeCom(
            {**vendors, **changes}, transport=transport, state=shared or state, record=recorder, spend=lambda *_: True
        )

    return make
