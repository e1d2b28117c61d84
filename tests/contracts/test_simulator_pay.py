"""WeChat Pay v3: platform-contracts 1.15. Signatures both ways, orders, notices, refunds."""

import datetime as dt
import json
import time

import pytest
import requests
from wechatpayv3 import WeChatPay, WeChatPayType

from gateways.simulator.callbacks import Outgoing
from gateways.simulator.defaults import MERCHANT_PRIVATE_KEY, PLATFORM_PUBLIC_KEY, SIM_SETTINGS
from gateways.simulator.pay_crypto import sign, verifies
from tests.contracts.caller import NOTIFY_URL, Caller, order_body

JSAPI = "/v3/pay/transactions/jsapi"
NUMBER = "SH202611240001"
QUERY = f"/v3/pay/transactions/out-trade-no/{NUMBER}?mchid={SIM_SETTINGS['PAY_MCH_ID']}"
CLOSE = f"/v3/pay/transactions/out-trade-no/{NUMBER}/close"
MERCHANT = {"mchid": SIM_SETTINGS["PAY_MCH_ID"]}
REFUNDS = "/v3/refund/domestic/refunds"


@pytest.fixture
def openid(caller: Caller) -> str:
    return str(caller.do("customer/login_code", nickname="陈女士")["openid"])


def code(reply: requests.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


def read(outgoing: Outgoing) -> dict[str, object] | None:
    """A notice as an independent implementation reads it; None when the signature is wrong."""
    pay = WeChatPay(
        WeChatPayType.MINIPROG, SIM_SETTINGS["PAY_MCH_ID"], MERCHANT_PRIVATE_KEY, SIM_SETTINGS["PAY_SERIAL_NO"],
        SIM_SETTINGS["MINI_APP_ID"], SIM_SETTINGS["PAY_API_V3_KEY"],
        public_key=PLATFORM_PUBLIC_KEY, public_key_id=SIM_SETTINGS["PAY_PUBLIC_KEY_ID"],
    )  # fmt: skip
    found: dict[str, object] | None = pay.callback(outgoing.headers, outgoing.body)
    return found


def test_an_order_at_the_cashier(caller: Caller, openid: str) -> None:
    reply = caller.pay("POST", JSAPI, order_body(openid))
    assert reply.status_code == 200
    assert reply.json()["prepay_id"].startswith("wx")
    signed = reply.headers
    message = (signed["Wechatpay-Timestamp"], signed["Wechatpay-Nonce"], reply.content)
    assert verifies(PLATFORM_PUBLIC_KEY, signed["Wechatpay-Signature"], *message)
    assert signed["Wechatpay-Serial"] == SIM_SETTINGS["PAY_PUBLIC_KEY_ID"]
    state = caller.pay("GET", QUERY).json()
    assert (state["trade_state"], state["amount"]["total"]) == ("NOTPAY", 1280000)


def test_a_wrong_or_old_signature_is_refused(caller: Caller, openid: str) -> None:
    assert code(caller.pay("POST", JSAPI, order_body(openid), spoil=True)) == (401, "SIGN_ERROR")
    assert code(caller.pay("POST", JSAPI, order_body(openid), age=301)) == (401, "SIGN_ERROR")
    assert code(caller.session.post(f"https://api.mch.weixin.qq.com{JSAPI}", json=order_body(openid))) == (401, "SIGN_ERROR")
    assert not caller.world.state.orders


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"appid": "wx_other"}, "APPID_MCHID_NOT_MATCH"), ({"out_trade_no": "short"}, "PARAM_ERROR"),
        ({"description": "长" * 128}, "PARAM_ERROR"), ({"notify_url": "http://x/cb?a=1"}, "PARAM_ERROR"),
        ({"amount": {"total": 0}}, "PARAM_ERROR"), ({"amount": {"total": 1.5}}, "PARAM_ERROR"),
        ({"payer": {"openid": "o_nobody"}}, "INVALID_REQUEST"), ({"time_expire": "tomorrow"}, "PARAM_ERROR"),
        ({"time_expire": "2020-01-01T00:00:00+08:00"}, "PARAM_ERROR"),
    ],
)  # fmt: skip
def test_orders_are_checked(caller: Caller, openid: str, change: dict[str, object], expected: str) -> None:
    assert code(caller.pay("POST", JSAPI, order_body(openid) | change)) == (400, expected)
    assert not caller.world.state.orders


def test_the_same_number_again(caller: Caller, openid: str) -> None:
    first = caller.pay("POST", JSAPI, order_body(openid)).json()["prepay_id"]
    assert caller.pay("POST", JSAPI, order_body(openid)).json()["prepay_id"] != first
    assert code(caller.pay("POST", JSAPI, order_body(openid, total=1))) == (400, "INVALID_REQUEST")
    assert caller.refused("pay/confirm", prepay_id=first)[0] == 404
    caller.do("pay/confirm", out_trade_no=NUMBER)
    assert code(caller.pay("POST", JSAPI, order_body(openid))) == (400, "ORDER_PAID")


def test_paying_once_sends_a_notice_that_verifies(caller: Caller, openid: str) -> None:
    caller.pay("POST", JSAPI, order_body(openid, attach="order:7"))
    paid = caller.do("pay/confirm", out_trade_no=NUMBER)
    assert paid["errMsg"] == "requestPayment:ok"
    assert caller.refused("pay/confirm", out_trade_no=NUMBER)[0] == 409
    [outgoing] = caller.deliver()
    assert outgoing.url == NOTIFY_URL
    notice = read(outgoing)
    assert notice is not None
    assert notice["event_type"] == "TRANSACTION.SUCCESS"
    resource = notice["resource"]
    assert resource == caller.pay("GET", QUERY).json()
    assert isinstance(resource, dict)
    assert (resource["trade_state"], resource["attach"], resource["payer"]) == ("SUCCESS", "order:7", {"openid": openid})
    assert (len(resource["transaction_id"]), resource["transaction_id"].isdigit()) == (28, True)


def test_the_sheet_checks_what_the_client_was_given(caller: Caller, openid: str) -> None:
    prepay_id = caller.pay("POST", JSAPI, order_body(openid)).json()["prepay_id"]
    parts = (SIM_SETTINGS["MINI_APP_ID"], "1764000000", "nonce", f"prepay_id={prepay_id}")
    params = {"timeStamp": parts[1], "nonceStr": parts[2], "package": parts[3], "signType": "RSA"}
    params["paySign"] = sign(MERCHANT_PRIVATE_KEY, *parts)
    assert caller.do("pay/sheet", params=params)["total"] == 1280000
    assert caller.refused("pay/confirm", params=params | {"nonceStr": "other"})[0] == 400
    assert caller.do("pay/confirm", params=params)["trade_state"] == "SUCCESS"


def test_cancelling_changes_nothing(caller: Caller, openid: str) -> None:
    caller.pay("POST", JSAPI, order_body(openid))
    assert caller.do("pay/cancel", out_trade_no=NUMBER)["errMsg"] == "requestPayment:fail cancel"
    assert caller.pay("GET", QUERY).json()["trade_state"] == "NOTPAY"
    assert caller.deliver() == []


def test_closing(caller: Caller, openid: str) -> None:
    assert code(caller.pay("POST", CLOSE, MERCHANT)) == (404, "ORDER_NOT_EXIST")
    assert code(caller.pay("GET", QUERY)) == (404, "ORDER_NOT_EXIST")
    caller.pay("POST", JSAPI, order_body(openid))
    assert [caller.pay("POST", CLOSE, MERCHANT).status_code for _ in range(2)] == [204, 204]
    assert caller.pay("GET", QUERY).json()["trade_state"] == "CLOSED"
    assert caller.refused("pay/confirm", out_trade_no=NUMBER)[0] == 409
    assert code(caller.pay("POST", JSAPI, order_body(openid))) == (400, "ORDER_CLOSED")


def test_the_race_of_closing_and_paying(caller: Caller, openid: str) -> None:
    caller.pay("POST", JSAPI, order_body(openid))
    caller.pay("POST", CLOSE, MERCHANT)
    assert caller.do("pay/confirm", out_trade_no=NUMBER, even_if_closed=True)["trade_state"] == "SUCCESS"
    assert code(caller.pay("POST", CLOSE, MERCHANT)) == (400, "ORDER_PAID")
    assert len(caller.deliver()) == 1


def test_an_order_expires(caller: Caller, openid: str) -> None:
    expires = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=30)
    caller.pay("POST", JSAPI, order_body(openid, time_expire=expires.isoformat(timespec="seconds")))
    caller.advance(1790)
    assert caller.pay("GET", QUERY).json()["trade_state"] == "NOTPAY"
    caller.advance(20)
    assert caller.pay("GET", QUERY).json()["trade_state"] == "CLOSED"


def test_a_prepay_id_lives_two_hours(caller: Caller, openid: str) -> None:
    caller.pay("POST", JSAPI, order_body(openid))
    caller.advance(7200)
    assert caller.refused("pay/confirm", out_trade_no=NUMBER)[0] == 409
    caller.pay("POST", JSAPI, order_body(openid))
    assert caller.do("pay/confirm", out_trade_no=NUMBER)["trade_state"] == "SUCCESS"


def test_notices_are_repeated_by_the_published_schedule(caller: Caller) -> None:
    caller.application.status = 500
    caller.customer_pays()
    assert len(caller.deliver()) == 1
    for pause in (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600):
        caller.advance(pause - 1)
        assert caller.deliver() == []
        caller.advance(1)
        assert len(caller.deliver()) == 1
    caller.application.status = 204
    caller.advance(21_600)
    assert len(caller.deliver()) == 1
    caller.advance(86_400)
    assert caller.deliver() == []
    assert len({json.loads(outgoing.body)["id"] for outgoing in caller.application.received}) == 1


def test_the_signature_probe_must_fail(caller: Caller) -> None:
    caller.application.status = 401
    assert caller.do("callbacks/forge", vendor="pay", twist="signtest") == {"status": 401}
    probe = caller.application.received[-1]
    assert probe.headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    assert read(probe) is None
    caller.do("callbacks/forge", vendor="pay", twist="stale")
    assert time.time() - int(caller.application.received[-1].headers["Wechatpay-Timestamp"]) >= 86_400


def refund_body(number: str, amount: int, total: int = 1280000) -> dict[str, object]:
    amounts = {"refund": amount, "total": total, "currency": "CNY"}
    return {"out_trade_no": NUMBER, "out_refund_no": number, "reason": "行程取消", "notify_url": NOTIFY_URL, "amount": amounts}


def test_a_refund_is_settled_later_and_noticed(caller: Caller) -> None:
    caller.customer_pays()
    caller.deliver()
    assert caller.pay("POST", REFUNDS, refund_body("R1", 280000)).json()["status"] == "PROCESSING"
    assert caller.pay("GET", QUERY).json()["trade_state"] == "REFUND"
    caller.advance(3)
    [outgoing] = caller.deliver()
    notice = read(outgoing)
    assert notice is not None
    assert notice["event_type"] == "REFUND.SUCCESS"
    assert isinstance(notice["resource"], dict)
    assert (notice["resource"]["refund_status"], notice["resource"]["amount"]["refund"]) == ("SUCCESS", 280000)
    settled = caller.pay("GET", f"{REFUNDS}/R1").json()
    assert (settled["status"], settled["amount"]["refund"]) == ("SUCCESS", 280000)
    assert caller.do("state")["effects"]["refunded_fen"] == 280000


def test_the_same_refund_number_refunds_once_and_never_too_much(caller: Caller) -> None:
    caller.customer_pays()
    first = caller.pay("POST", REFUNDS, refund_body("R1", 1000000)).json()
    assert caller.pay("POST", REFUNDS, refund_body("R1", 1000000)).json()["refund_id"] == first["refund_id"]
    assert code(caller.pay("POST", REFUNDS, refund_body("R1", 1))) == (400, "INVALID_REQUEST")
    assert code(caller.pay("POST", REFUNDS, refund_body("R2", 280001))) == (400, "INVALID_REQUEST")
    assert code(caller.pay("POST", REFUNDS, refund_body("R2", 1, total=5))) == (400, "INVALID_REQUEST")
    assert caller.pay("POST", REFUNDS, refund_body("R2", 280000)).status_code == 200
    assert code(caller.pay("GET", f"{REFUNDS}/R9")) == (404, "RESOURCE_NOT_EXISTS")


def test_an_abnormal_refund(caller: Caller) -> None:
    caller.customer_pays()
    caller.do("config/set", changes={"refund_outcome": "ABNORMAL"})
    caller.pay("POST", REFUNDS, refund_body("R1", 1280000))
    caller.advance(3)
    notices = [read(outgoing) for outgoing in caller.deliver()]
    assert [notice and notice["event_type"] for notice in notices] == ["TRANSACTION.SUCCESS", "REFUND.ABNORMAL"]
    assert "refunds" not in caller.do("state")["effects"]


def test_an_unpaid_order_cannot_be_refunded(caller: Caller, openid: str) -> None:
    assert code(caller.pay("POST", REFUNDS, refund_body("R1", 1))) == (404, "RESOURCE_NOT_EXISTS")
    caller.pay("POST", JSAPI, order_body(openid))
    assert code(caller.pay("POST", REFUNDS, refund_body("R1", 1))) == (400, "INVALID_REQUEST")
