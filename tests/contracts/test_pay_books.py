"""Profit sharing and bills, our client against the simulated WeChat Pay over HTTP."""

import datetime as dt

import pytest
import time_machine

from core import clock
from gateways.errors import GatewayError
from gateways.mini import ShippedKind, mini
from gateways.pay import Pay, ShareReceiver, pay
from gateways.pay.books import read_bill
from gateways.simulator.pay import settle_refunds
from gateways.simulator.testing import SimulatorHandle

pytestmark = pytest.mark.django_db
NO = "SH20261124000001"


@pytest.fixture
def client(simulator: SimulatorHandle) -> Pay:
    """The client the settings choose."""
    return pay()


def buy(client: Pay, simulator: SimulatorHandle, no: str = NO, fen: int = 10_000, *, shares: bool = True) -> tuple[str, str]:
    """A paid order of ¥100; transaction and openid."""
    openid = str(simulator.do("customer/login_code", nickname="陈女士")["openid"])
    client.prepay(
        out_trade_no=no, description="洱海骑行", amount_fen=fen, openid=openid, notify_url="http://testserver/callbacks/pay",
        expires_at=clock.now() + dt.timedelta(minutes=30), shares_profit=shares,
    )  # fmt: skip
    simulator.do("pay/confirm", out_trade_no=no)
    return client.query(no).transaction_id, openid


def refused(errcode: str, call: object, **arguments: object) -> None:
    with pytest.raises(GatewayError) as caught:
        call(**arguments)  # type: ignore[operator]
    assert caught.value.errcode == errcode


def test_a_share_its_return_and_the_rest(client: Pay, simulator: SimulatorHandle) -> None:
    transaction, _openid = buy(client, simulator)
    share = {"transaction_id": transaction, "out_order_no": "S1", "unfreeze": False}
    gets = (ShareReceiver("1900000109", 2500, "骑行"),)
    refused("INVALID_REQUEST", client.share, receivers=gets, **share)  # too young, and nobody knows the receiver
    simulator.do("clock/advance", seconds=61)
    refused("INVALID_REQUEST", client.share, receivers=gets, **share)
    client.add_receiver(account="1900000109", name="大理骑行有限公司", relation="SUPPLIER")
    refused("RULE_LIMIT", client.share, receivers=(ShareReceiver("1900000109", 3001, "骑行"),), **share)
    first = client.share(receivers=gets, **share)  # type: ignore[arg-type]
    assert (first.state, first.receivers) == ("PROCESSING", (("1900000109", 2500, "PENDING", ""),))
    assert client.share(receivers=gets, **share).order_id == first.order_id  # type: ignore[arg-type]
    refused("INVALID_REQUEST", client.share, receivers=(ShareReceiver("1900000109", 1, "骑行"),), **share)
    simulator.do("clock/advance", seconds=5)
    assert client.query_share(transaction_id=transaction, out_order_no="S1").receivers[0][2] == "SUCCESS"
    back = {"out_order_no": "S1", "account": "1900000109", "description": "误核销"}
    assert client.return_share(out_return_no="B1", amount_fen=1000, **back).result == "SUCCESS"
    assert client.return_share(out_return_no="B1", amount_fen=1000, **back).amount_fen == 1000
    refused("NOT_ENOUGH", client.return_share, out_return_no="B2", amount_fen=1501, **back)
    assert client.query_return(out_order_no="S1", out_return_no="B1").result == "SUCCESS"
    assert client.unfreeze(transaction_id=transaction, out_order_no="U1", description="完结").state == "FINISHED"
    refused("INVALID_REQUEST", client.share, receivers=gets, transaction_id=transaction, out_order_no="S2", unfreeze=False)


def test_only_a_payment_that_was_meant_to_be_is_shared(client: Pay, simulator: SimulatorHandle) -> None:
    transaction, _openid = buy(client, simulator, shares=False)
    refused("INVALID_REQUEST", client.unfreeze, transaction_id=transaction, out_order_no="U1", description="x")
    refused("RESOURCE_NOT_EXISTS", client.query_share, transaction_id=transaction, out_order_no="U1")


def test_a_days_bill(client: Pay, simulator: SimulatorHandle) -> None:
    simulator.world.state.config.refund_seconds = 0
    day = clock.today()
    refused("STATEMENT_CREATING", client.bill, day=day)
    refused("NO_STATEMENT_EXIST", client.bill, day=day - dt.timedelta(days=1))
    buy(client, simulator)
    buy(client, simulator, "SH20261124000002", 4321)
    client.refund(
        out_trade_no=NO,
        out_refund_no="R1",
        refund_fen=1234,
        total_fen=10_000,
        reason="x",
        notify_url="http://testserver/callbacks/pay",
    )
    simulator.do("clock/advance", seconds=60)
    with simulator.world.lock:
        settle_refunds(simulator.world)
    with time_machine.travel(clock.now() + dt.timedelta(days=1)):
        bill = client.bill(day)
    assert [(line.out_trade_no, line.out_refund_no, line.amount_fen) for line in bill.lines] == [
        (NO, "", 10_000), ("SH20261124000002", "", 4321), (NO, "R1", 1234),
    ]  # fmt: skip
    assert len(bill.sha256) == 64


def test_a_bill_that_does_not_add_up_is_none() -> None:
    head = "交易时间,微信订单号,商户订单号,货币种类,订单金额,商户退款单号,申请退款金额\n"
    sums = "总交易单数,订单总金额,申请退款总金额\n"
    row = "`2026-11-24 10:00:00,`42,`A1,`CNY,`100.00,`0,`0.00\n"
    assert read_bill("\ufeff" + head + row + sums + "`1,`100.00,`0.00\n")[0].amount_fen == 10_000
    for rows, total in (
        (row, "`1,`100.01,`0.00\n"),
        (row, "`2,`100.00,`0.00\n"),
        (row.replace("CNY", "USD"), "`1,`100.00,`0.00\n"),
    ):
        with pytest.raises(ValueError, match=r"add up|currency"):
            read_bill(head + rows + sums + total)


def test_what_was_delivered_is_told_once(client: Pay, simulator: SimulatorHandle) -> None:
    transaction, openid = buy(client, simulator)
    told = {"transaction_id": transaction, "kind": ShippedKind.SERVICE, "words": "洱海骑行", "at": clock.now()}
    refused("10060001", mini().upload_shipping, openid="somebody", **told)
    for _twice in range(2):
        mini().upload_shipping(openid=openid, **told)
    assert simulator.world.state.orders[NO].shipped == "洱海骑行"
