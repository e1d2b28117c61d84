"""Aliyun SMS: platform-contracts 1.16."""

import json

import pytest

from gateways.simulator.defaults import SIM_SETTINGS
from tests.contracts.caller import Caller

PHONE = "13800000001"


def test_a_message_arrives_and_a_receipt_follows(caller: Caller) -> None:
    reply = caller.sms(PHONE, OutId="message:7").json()
    assert (reply["Code"], reply["Message"]) == ("OK", "OK")
    assert reply["BizId"]
    caller.do("customer/login_code", openid="o1")
    caller.do("customer/phone_code", openid="o1", phone=PHONE)
    [line] = caller.do("customer/inbox", who=PHONE)
    assert (line["channel"], line["sign_name"], line["params"]) == ("sms", "山海旅行社", {"name": "陈"})
    assert caller.deliver() == []
    caller.advance(2)
    [outgoing] = caller.deliver()
    assert (outgoing.url, outgoing.query) == ("http://testserver/callbacks/sms", {"token": SIM_SETTINGS["SMS_CALLBACK_TOKEN"]})
    [receipt] = json.loads(outgoing.body)
    assert (receipt["biz_id"], receipt["out_id"], receipt["success"], receipt["err_code"]) == (
        reply["BizId"],
        "message:7",
        True,
        "DELIVERED",
    )


@pytest.mark.parametrize(
    ("phone", "more", "expected"),
    [
        ("12345", {}, "isv.MOBILE_NUMBER_ILLEGAL"), (PHONE, {"SignName": "别家"}, "isv.SMS_SIGNATURE_ILLEGAL"),
        (PHONE, {"TemplateParam": "{"}, "isv.INVALID_JSON_PARAM"), (PHONE, {"Signature": "forged"}, "SignatureDoesNotMatch"),
        (PHONE, {"AccessKeyId": "other"}, "InvalidAccessKeyId.NotFound"), (PHONE, {"Action": "Other"}, "InvalidAction.NotFound"),
    ],
)  # fmt: skip
def test_refusals_send_nothing(caller: Caller, phone: str, more: dict[str, str], expected: str) -> None:
    assert caller.sms(phone, **more).json()["Code"] == expected
    assert caller.sms(PHONE, template="nothing").json()["Code"] == "isv.SMS_TEMPLATE_ILLEGAL"
    assert caller.world.state.sms == []


def test_the_flow_caps(caller: Caller) -> None:
    codes = [caller.sms(PHONE, template="SMS_CODE_1").json()["Code"] for _ in range(2)]
    assert codes == ["OK", "isv.BUSINESS_LIMIT_CONTROL"]
    caller.advance(61)
    assert caller.sms(PHONE, template="SMS_CODE_1").json()["Code"] == "OK"
    assert [caller.sms(PHONE).json()["Code"] for _ in range(39)] == ["OK"] * 38 + ["isv.DAY_LIMIT_CONTROL"]
    assert caller.sms("13800000002").json()["Code"] == "OK"
    caller.do("config/set", changes={"sms_balance": 0})
    assert caller.sms("13800000003").json()["Code"] == "isv.AMOUNT_NOT_ENOUGH"


def test_a_reply_of_td_reaches_us(caller: Caller) -> None:
    caller.do("customer/sms_reply", phone=PHONE, text="TD")
    [outgoing] = caller.deliver()
    [reply] = json.loads(outgoing.body)
    assert (reply["phone_number"], reply["content"], reply["sign_name"]) == (PHONE, "TD", "山海旅行社")
    assert caller.world.state.opted_out == [PHONE]


def test_no_phone_number_travels_in_an_address(caller: Caller) -> None:
    caller.sms(PHONE)
    caller.do("customer/sms_reply", phone=PHONE)
    caller.advance(5)
    caller.deliver()
    caller.world.journal.assert_absent(PHONE)
    caller.session.get("https://dysmsapi.aliyuncs.com/", params={"PhoneNumbers": PHONE})
    with pytest.raises(AssertionError, match="address"):
        caller.world.journal.assert_absent(PHONE)
