"""WeChat Pay's notices over HTTP: proven or refused."""

import pytest
from django.test import Client

from catalog.models import Departure
from customers.models import Customer
from gateways.models import InboundCallback
from orders.choices import OrderState
from orders.models import Order, Payment
from orders.services.payments import start_payment
from orders.services.placing import place_order
from tests.orders.conftest import Cashier

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(customer: Customer, departure: Departure, cashier: Cashier) -> Order:
    """An order at the cashier."""
    placed = place_order(customer=customer, product=departure.product, departs_on=departure.departs_on, adults=1)
    start_payment(order=placed, openid=cashier.new_payer())
    return placed


@pytest.mark.parametrize("twist", ["bad_signature", "stale"])
def test_forged_and_stale_notices_are_refused(order: Order, cashier: Cashier, twist: str) -> None:
    assert cashier.do("callbacks/forge", vendor="pay", twist=twist)["status"] == 403
    assert Order.objects.get().state == OrderState.PLACED


def test_the_same_bytes_twice_are_refused_the_second_time(order: Order, cashier: Cashier) -> None:
    sent = []
    transport = cashier.simulator.transport
    cashier.simulator.transport = lambda outgoing: (sent.append(outgoing), transport(outgoing))[1]
    cashier.pays(f"{order.no}P1")
    cashier.notify()
    assert transport(sent[0]) == (403, '{"code": "FAIL", "message": "refused"}')
    assert Order.objects.get().state == OrderState.PAID


def test_an_order_we_do_not_know_is_not_taken(order: Order, cashier: Cashier, caplog: pytest.LogCaptureFixture) -> None:
    cashier.pays(f"{order.no}P1")
    Payment.objects.update(out_trade_no="260101000000P1")
    assert cashier.notify() == [(404, '{"code": "FAIL", "message": "unknown order"}')]
    assert "ALARM" in caplog.text
    assert InboundCallback.objects.count() == 0
    Payment.objects.update(out_trade_no=f"{order.no}P1")
    cashier.do("clock/advance", seconds=20)
    assert cashier.notify() == [(204, "")]
    assert Order.objects.get().state == OrderState.PAID
    assert InboundCallback.objects.get().processed_at is not None


def test_a_wrong_amount_is_not_credited(order: Order, cashier: Cashier, caplog: pytest.LogCaptureFixture) -> None:
    cashier.simulator.world.state.orders[f"{order.no}P1"].total = 1
    cashier.pays(f"{order.no}P1")
    assert cashier.notify() == [(409, '{"code": "FAIL", "message": "does not fit"}')]
    assert "ALARM" in caplog.text
    assert Order.objects.get().state == OrderState.PLACED


def test_what_is_no_notice(client: Client, cashier: Cashier) -> None:
    for body in (b"", b"{}", b"[" * 60_000, b"\x00\xff", b'{"resource": 1}'):
        assert client.post("/callbacks/pay", body, content_type="application/json").status_code == 403
    assert client.post("/callbacks/pay", b"x" * 70_000, content_type="application/json").status_code == 413
    assert client.get("/callbacks/pay").status_code == 405
