"""A shop with one product, a customer, and the simulated WeChat Pay behind a real socket."""

import datetime as dt
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.choices import SaleState
from catalog.models import Departure, Destination, Product
from core import clock
from customers.models import Customer
from gateways.simulator.callbacks import Outgoing, deliver_due
from gateways.simulator.engine import Simulator
from gateways.simulator.exchange import Request
from gateways.simulator.server import SimulatorServer
from staff.models import User


class Cashier:
    """WeChat Pay as the tests see it: what customers do, and notices that reach the application when told to."""

    def __init__(self, simulator: Simulator, url: str) -> None:
        self.simulator, self.url = simulator, url
        self.answers: list[tuple[int, str]] = []
        simulator.transport = self._over_test_client

    def do(self, verb: str, **arguments: Any) -> Any:
        """A verb of the control plane."""
        import json

        body = json.dumps(arguments).encode()
        response = self.simulator.handle(Request("POST", "_sim", f"/{verb}", {}, {}, body, f"/{verb}", "127.0.0.1"))
        assert response.status == 200, response.body
        return json.loads(response.body)

    def new_payer(self) -> str:
        """The openid of a fresh WeChat user."""
        return str(self.do("customer/login_code", nickname="陈女士")["openid"])

    def pays(self, out_trade_no: str, **how: Any) -> None:
        """The customer enters the password; the notice waits."""
        self.do("pay/confirm", out_trade_no=out_trade_no, **how)

    def fault(self, kind: str, path: str, **more: Any) -> None:
        """Let the next calls to a path go wrong."""
        self.do("faults/set", kind=kind, host="api.mch.weixin.qq.com", path=path, **more)

    def notify(self) -> list[tuple[int, str]]:
        """Deliver the notices that are due; what the application answered."""
        self.answers.clear()
        deliver_due(self.simulator.world, self.simulator.transport)
        return list(self.answers)

    def _over_test_client(self, outgoing: Outgoing) -> tuple[int, str]:
        headers = {
            f"HTTP_{name.upper().replace('-', '_')}": value for name, value in outgoing.headers.items() if name != "Content-Type"
        }
        response = Client().post("/callbacks/pay", outgoing.body, content_type="application/json", **headers)
        self.answers.append((response.status_code, response.content.decode()))
        return self.answers[-1]


@pytest.fixture
def cashier(settings: Any) -> Iterator[Cashier]:
    """A simulator of its own; virtual time stands still."""
    simulator = Simulator()
    server = SimulatorServer(simulator)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    settings.SIM_URL = server.url
    settings.PUBLIC_URL = "http://testserver"
    simulator.world.clock.freeze()
    simulator.world.state.config.callback_delay = 0
    simulator.world.state.config.public_url = "http://testserver"
    yield Cashier(simulator, server.url)
    server.shutdown()
    server.server_close()


@pytest.fixture
def product(db: None) -> Product:
    """A six-day trip on sale."""
    destination = Destination.objects.create(code="yunnan", name="云南", cities=["大理", "丽江"])
    return Product.objects.create(
        code="P01",
        name="苍洱时光·大理丽江6日",
        destination=destination,
        days=6,
        themes=["亲子"],
        price_from_amount=Decimal("4280"),
        state=SaleState.ON_SALE,
        max_people=12,
    )


@pytest.fixture
def departure(product: Product) -> Departure:
    """In three weeks, ten seats."""
    return make_departure(product)


def make_departure(
    product: Product, *, in_days: int = 21, seats: int = 10, adult: str = "4280.00", child: str = "3180.50"
) -> Departure:
    """A date of a product."""
    return Departure.objects.create(
        product=product,
        departs_on=clock.today() + dt.timedelta(days=in_days),
        adult_amount=Decimal(adult),
        child_amount=Decimal(child),
        seats=seats,
    )


@pytest.fixture
def customer(db: None) -> Customer:
    """陈女士, who buys."""
    return Customer.objects.create(name="陈雨")


@pytest.fixture
def finance(db: None) -> User:
    """孙丽, who executes refunds."""
    return User.objects.create(username="finance", display_name="孙丽", role="finance", row_scope="all")
