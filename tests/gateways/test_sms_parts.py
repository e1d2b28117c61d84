"""Aliyun SMS: its signature, its reports, its replies."""

import datetime as dt
import json
from typing import Any

import pytest

from gateways.errors import CallbackRefused
from gateways.shared_state import SharedState
from gateways.simulator.defaults import SIM_SETTINGS
from gateways.sms import SmsReply, SmsReport
from gateways.sms.live import LiveSms, canonical, signature
from gateways.transport import Transport

TOKEN = {"token": SIM_SETTINGS["SMS_CALLBACK_TOKEN"]}
REPORT = {
    "phone_number": "13800000001",
    "send_time": "2026-11-24 10:00:00",
    "report_time": "2026-11-24 10:00:05",
    "success": True,
    "err_code": "DELIVERED",
    "sms_size": "1",
    "biz_id": "12345",
    "out_id": "msg:7",
}


@pytest.fixture
def sms(state: SharedState) -> LiveSms:
    return LiveSms(SIM_SETTINGS, transport=Transport("sms", base_url="http://127.0.0.1:1"), state=state)


def test_the_vendors_published_example() -> None:
    form = {
        "Timestamp": "2016-02-23T12:46:24Z",
        "Format": "XML",
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "Version": "2014-05-26",
        "SignatureVersion": "1.0",
    }
    assert signature(form, "testsecret", "GET") == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="
    assert canonical({"b": "1", "a": "*~ +/山"}) == "a=%2A~%20%2B%2F%E5%B1%B1&b=1"


def test_a_delivery_report(sms: LiveSms) -> None:
    found = sms.parse_callback(
        TOKEN, json.dumps([REPORT, {**REPORT, "success": "false", "err_code": "MOBILE_SEND_LIMIT"}]).encode()
    )
    at = dt.datetime(2026, 11, 24, 2, 0, 5, tzinfo=dt.UTC)
    assert found == [SmsReport("12345", "msg:7", True, "", at), SmsReport("12345", "msg:7", False, "MOBILE_SEND_LIMIT", at)]


def test_a_customers_reply(sms: LiveSms) -> None:
    item = {
        "phone_number": "13800000001",
        "send_time": "2026-11-24 10:00:00",
        "content": "TD",
        "dest_code": "1069",
        "sequence_id": 1,
    }
    found = sms.parse_callback(TOKEN, json.dumps([item]).encode())
    assert found == [SmsReply("13800000001", "TD", dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC))]
    assert "13800000001" not in repr(found)


@pytest.mark.parametrize("query", [{}, {"token": ""}, {"token": "guessed"}, {"token": "\ud800"}])
def test_a_wrong_token(sms: LiveSms, query: dict[str, str]) -> None:
    with pytest.raises(CallbackRefused, match="forged"):
        sms.parse_callback(query, json.dumps([REPORT]).encode())


def test_without_a_token_of_our_own_nobody_may_call(state: SharedState) -> None:
    sms = LiveSms({**SIM_SETTINGS, "SMS_CALLBACK_TOKEN": ""}, transport=Transport("sms"), state=state)
    with pytest.raises(CallbackRefused, match="forged"):
        sms.parse_callback({"token": ""}, b"[]")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}x",
        b"[1]",
        b'[{"a": 1}]',
        b"\xff",
        b"[" * 60_000,
        b"x" * 65_537,
        json.dumps([{**REPORT, "report_time": "now"}]).encode(),
    ],
)
def test_an_unreadable_body(sms: LiveSms, body: bytes) -> None:
    with pytest.raises(CallbackRefused):
        sms.parse_callback(TOKEN, body)


def test_a_phone_number_is_in_no_repr() -> None:
    reply: Any = SmsReply("13800000001", "TD", dt.datetime.now(dt.UTC))
    assert "138" not in repr(reply)
