"""The OpenAPI file is complete, and the running API keeps what it says: schemathesis over HTTP finds nothing."""

import asyncio
import contextlib
import datetime as dt
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
import uvicorn
from django.core.management import call_command
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

from core import clock
from customers.models import Customer, MemberToken
from customers.services import documents, requests
from gateways.simulator.testing import SimulatorHandle
from tests.authz.routes import _walk as walk
from tests.factories import make_customer, make_token


def document() -> dict[str, Any]:
    found: dict[str, Any] = SchemaGenerator(urlconf="scrm.urls").get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return found


def test_the_file_is_valid_and_nothing_is_guessed(tmp_path: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", file=str(tmp_path / "openapi.yaml"))


def test_every_address_of_the_api_is_in_the_file() -> None:
    described = {path.replace("{", "<").replace("}", ">") for path in document()["paths"]}
    served = {f"/{path}" for path in walk(get_resolver().url_patterns) if path.startswith("api/mp/v1/")}
    plain = {"/".join(f"<{part.split(':')[-1]}" if part.startswith("<") else part for part in path.split("/")) for path in served}
    assert described - plain == {"/api/mp/v1/events:batch"}
    assert plain - described == set()


def test_every_operation_says_how_it_refuses_and_every_post_how_it_repeats() -> None:
    missing = []
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            if not {"400", "404", "409"} <= set(operation["responses"]):
                missing.append(f"{method} {path}: errors")
            headers = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "header"}
            free = path.endswith(("auth/login", "auth/logout", "phone", "events:batch", "web-ticket"))  # each call is a new one
            if method == "post" and not free and "Idempotency-Key" not in headers:
                missing.append(f"{path}: Idempotency-Key")
    assert missing == []


@pytest.fixture
def address(transactional_db: None, simulator: SimulatorHandle) -> Iterator[str]:
    """The whole application, native operations included, behind a real socket."""
    from scrm.asgi import application

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(5)


def somebody() -> tuple[Customer, str]:
    """A logged-in customer with a traveller and an open request."""
    customer = make_customer("苏晴", city="杭州")
    traveller = documents.add_traveller(customer, name="小宝", birthday=dt.date(clock.today().year - 30, 1, 1))
    documents.keep_document(traveller, kind="passport", number="E12345678", text_version="1")
    requests.open_request(customer, kind="complaint", words="太多短信")
    return customer, make_token(customer)


# What JSON Schema cannot say: a birthday that has been, a product that exists, an order of words. Refusing those is right.
NOT_ASKED = ["positive_data_acceptance"]


def run(address: str, mode: GenerationMode, examples: int) -> int:
    schema = schemathesis.openapi.from_dict(document())
    customer, token = somebody()
    checks = [check for name in NOT_ASKED for check in schemathesis.checks.CHECKS.get_all() if check.__name__ == name]
    asked = 0

    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        if operation.path.endswith("auth/logout"):
            continue  # it would end the session all others use; tests/customers/test_api.py has it

        @settings(
            max_examples=examples, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def one(case: Any) -> None:
            nonlocal asked
            asked += 1
            headers = {"Authorization": f"Bearer {token}"}
            if case.headers and "Idempotency-Key" in case.headers and mode is GenerationMode.POSITIVE:
                headers["Idempotency-Key"] = f"schema-{asked:08}"
            case.call_and_validate(base_url=address, headers=headers, excluded_checks=checks)

        with contextlib.suppress(Unsatisfiable):  # an operation without parameters cannot be asked wrongly
            one()
    assert MemberToken.objects.filter(customer=customer).exists()
    return asked


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
def test_the_running_api_keeps_its_word(address: str, mode: GenerationMode) -> None:
    assert run(address, mode, examples=2) > 20


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
def test_the_running_api_keeps_its_word_for_long(address: str, mode: GenerationMode) -> None:
    assert run(address, mode, examples=120) > 400
