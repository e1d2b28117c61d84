"""Our payment client against the simulated WeChat Pay, over HTTP: every answer's signature is checked, as is every request's."""

import datetime as dt
from typing import Any

import pytest

from core import clock
from gateways.errors import CallbackRefused, GatewayError
from gateways.models import GatewayCall
from gateways.pay import Pay, Prepay, pay
from gateways.simulator import callbacks
from gateways.simulator.callbacks import Outgoing
from gateways.simulator.testing import SimulatorHandle
from tests.contracts.caller import Application

pytestmark = pytest.mark.django_db
NO = "SH20261124000001"


@pytest.fixture
def client(simulator: SimulatorHandle) -> Pay:
    """The client the settings choose."""
    return pay()


@pytest.fixture
def openid(simulator: SimulatorHandle) -> str:
    """Somebody who uses the mini-program."""
    return str(simulator.do("customer/login_code", nickname="陈女士")["openid"])


def prepay(client: Pay, openid: str, **changes: Any) -> Prepay:
    order: dict[str, Any] = {
        "out_trade_no": NO,
        "description": "云南亲子六日",
        "amount_fen": 1280000,
        "openid": openid,
        "notify_url": "http://testserver/callbacks/pay",
        "expires_at": clock.now() + dt.timedelta(minutes=30),
        "attach": "order:7",
    }
    return client.prepay(**{**order, **changes})


def refused(errcode: str, call: Any, *args: Any, **arguments: Any) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        call(*args, **arguments)
    assert caught.value.errcode == errcode
    return caught.value


def delivered(simulator: SimulatorHandle) -> list[Outgoing]:
    """The notices that are due, as bytes."""
    application = Application()
    callbacks.deliver_due(simulator.world, application)
    return application.received


class TestPaying:
    def test_from_the_sheet_to_the_notice(self, client: Pay, simulator: SimulatorHandle, openid: str) -> None:
        order = prepay(client, openid)
        assert set(order.client_params) == {"timeStamp", "nonceStr", "package", "signType", "paySign"}
        assert order.client_params["package"] == f"prepay_id={order.prepay_id}"
        sheet = simulator.do("pay/sheet", params=order.client_params)
        assert "云南亲子六日" in str(sheet)
        assert client.query(NO).trade_state == "NOTPAY"
        assert not client.query(NO).is_paid
        simulator.do("pay/confirm", params=order.client_params)
        (notice,) = delivered(simulator)
        found = client.parse_notify(notice.headers, notice.body)
        assert (found.event_type, found.out_trade_no, found.trade_state, found.amount_fen) == (
            "TRANSACTION.SUCCESS",
            NO,
            "SUCCESS",
            1280000,
        )
        assert found.success_at is not None
        assert abs(found.success_at - clock.now()) < dt.timedelta(minutes=1)
        asked = client.query(NO)
        assert (asked.event_type, asked.is_paid, asked.transaction_id) == ("QUERY", True, found.transaction_id)

    def test_the_same_order_again_is_the_same_order(self, client: Pay, simulator: SimulatorHandle, openid: str) -> None:
        expires_at = clock.now() + dt.timedelta(minutes=30)
        prepay(client, openid, expires_at=expires_at)
        refused("INVALID_REQUEST", prepay, client, openid, expires_at=expires_at, amount_fen=1)
        again = prepay(client, openid, expires_at=expires_at)
        simulator.do("pay/confirm", params=again.client_params)
        refused("ORDER_PAID", prepay, client, openid, expires_at=expires_at)

    def test_a_lost_answer_is_settled_by_the_same_number(self, client: Pay, simulator: SimulatorHandle, openid: str) -> None:
        simulator.fault("lost_reply", path="/v3/pay/transactions/jsapi", times=1)
        error = refused("unreachable", prepay, client, openid)
        assert (error.retryable, error.ambiguous) == (True, True)
        assert prepay(client, openid).prepay_id

    def test_what_the_platform_refuses(self, client: Pay, openid: str) -> None:
        assert not refused("ORDER_NOT_EXIST", client.query, NO).ambiguous
        refused("INVALID_REQUEST", prepay, client, "o_nobody")
        refused("PARAM_ERROR", prepay, client, openid, amount_fen=0)
        refused("PARAM_ERROR", prepay, client, openid, notify_url="http://testserver/callbacks/pay?a=1")

    def test_closing(self, client: Pay, simulator: SimulatorHandle, openid: str) -> None:
        refused("ORDER_NOT_EXIST", client.close, NO)
        order = prepay(client, openid)
        client.close(NO)
        client.close(NO)
        assert client.query(NO).trade_state == "CLOSED"
        simulator.do("pay/confirm", params=order.client_params, even_if_closed=True)
        refused("ORDER_PAID", client.close, NO)
        assert client.query(NO).is_paid


class TestRefunds:
    @pytest.fixture
    def paid(self, client: Pay, simulator: SimulatorHandle, openid: str) -> None:
        """An order of 12,800 yuan, paid."""
        simulator.do("pay/confirm", params=prepay(client, openid).client_params)
        delivered(simulator)

    def refund(self, client: Pay, fen: int = 28000, number: str = "R1") -> Any:
        return client.refund(
            out_trade_no=NO,
            out_refund_no=number,
            refund_fen=fen,
            total_fen=1280000,
            reason="行程变更",
            notify_url="http://testserver/callbacks/pay",
        )

    @pytest.mark.usefixtures("paid")
    def test_a_part_refunded(self, client: Pay, simulator: SimulatorHandle) -> None:
        state = self.refund(client)
        assert (state.status, state.refund_fen, state.out_refund_no, state.success_at) == ("PROCESSING", 28000, "R1", None)
        assert self.refund(client).refund_id == state.refund_id
        simulator.advance(4)
        (notice,) = delivered(simulator)
        found = client.parse_notify(notice.headers, notice.body)
        assert (found.event_type, found.out_refund_no, found.trade_state, found.amount_fen) == (
            "REFUND.SUCCESS",
            "R1",
            "SUCCESS",
            28000,
        )
        assert client.query_refund("R1").status == "SUCCESS"
        assert client.query(NO).trade_state == "REFUND"
        assert client.query(NO).is_paid

    @pytest.mark.usefixtures("paid")
    def test_what_the_platform_refuses(self, client: Pay) -> None:
        refused("INVALID_REQUEST", self.refund, client, fen=1280001)
        refused("RESOURCE_NOT_EXISTS", client.query_refund, "R9")
        self.refund(client)
        refused("INVALID_REQUEST", self.refund, client, fen=1)


class TestNotices:
    @pytest.mark.parametrize("twist", ["signtest", "stale"])
    def test_forgeries_are_refused(self, client: Pay, simulator: SimulatorHandle, twist: str) -> None:
        application = Application()
        callbacks.forge(simulator.world, "pay", twist, application)
        with pytest.raises(CallbackRefused):
            client.parse_notify(application.received[0].headers, application.received[0].body)

    def test_a_replay_is_refused(self, client: Pay, simulator: SimulatorHandle, openid: str) -> None:
        simulator.do("pay/confirm", params=prepay(client, openid).client_params)
        (notice,) = delivered(simulator)
        client.parse_notify(notice.headers, notice.body)
        with pytest.raises(CallbackRefused, match="replayed"):
            client.parse_notify(notice.headers, notice.body)


class TestTroubles:
    @pytest.mark.parametrize(
        ("fault", "errcode", "ambiguous"),
        [
            ({"kind": "errcode", "value": "SYSTEM_ERROR"}, "SYSTEM_ERROR", True),
            ({"kind": "html"}, "bad-signature", True),
            ({"kind": "http", "value": 502}, "http-502", True),
            ({"kind": "malformed"}, "bad-signature", True),
        ],
    )
    def test_faults_that_pass(
        self, client: Pay, simulator: SimulatorHandle, openid: str, fault: dict[str, Any], errcode: str, ambiguous: bool
    ) -> None:
        prepay(client, openid)
        simulator.fault(**fault, path="out-trade-no", times=1)
        assert refused(errcode, client.query, NO).ambiguous is ambiguous
        assert client.query(NO).trade_state == "NOTPAY"

    def test_too_many_calls_are_parked(self, client: Pay, simulator: SimulatorHandle) -> None:
        simulator.fault("errcode", value="FREQUENCY_LIMITED", path="out-trade-no", times=1)
        error = refused("FREQUENCY_LIMITED", client.query, NO)
        assert (error.retryable, error.retry_in_seconds, error.ambiguous) == (True, 60, False)

    def test_calls_are_noted_without_order_numbers(self, client: Pay, openid: str) -> None:
        prepay(client, openid)
        client.query(NO)
        rows = list(GatewayCall.objects.order_by("id").values_list("api", "outcome"))
        assert rows == [("v3/pay/transactions/jsapi", "ok"), ("v3/pay/transactions/out-trade-no/*", "ok")]
        assert all(GatewayCall.objects.values_list("request_id", flat=True))
