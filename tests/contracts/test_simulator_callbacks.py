"""Callbacks of WeCom: platform-contracts 1.5. Real crypto, retries, and what goes wrong on the way."""

import struct
import xml.etree.ElementTree as ET

import pytest
from wechatpy.enterprise.crypto import WeChatCrypto
from wechatpy.enterprise.exceptions import InvalidCorpIdException
from wechatpy.exceptions import InvalidSignatureException

from gateways.simulator import callbacks, wecom_crypto
from gateways.simulator.callbacks import Outgoing
from gateways.simulator.defaults import SIM_SETTINGS
from tests.contracts.caller import Caller

TOKEN, KEY, CORP = (SIM_SETTINGS[name] for name in ("WECOM_CALLBACK_TOKEN", "WECOM_CALLBACK_AES_KEY", "WECOM_CORP_ID"))


def opened(outgoing: Outgoing) -> dict[str, str]:
    """What an independent implementation of the crypto reads."""
    crypto = WeChatCrypto(TOKEN, KEY, CORP)
    query = outgoing.query
    message = crypto.decrypt_message(outgoing.body, query["msg_signature"], query["timestamp"], query["nonce"])
    return {leaf.tag: leaf.text or "" for leaf in ET.fromstring(message)}


def test_a_new_friend_arrives_with_state_and_welcome_code(caller: Caller) -> None:
    added = caller.do("customer/add", userid="sales1", name="陈女士", state="c_expo")
    [outgoing] = caller.deliver()
    assert outgoing.url == "http://testserver/callbacks/wecom"
    event = opened(outgoing)
    assert event.pop("CreateTime").isdigit()
    assert event == {
        "ToUserName": CORP, "FromUserName": "sys", "MsgType": "event", "Event": "change_external_contact",
        "ChangeType": "add_external_contact", "UserID": "sales1", "ExternalUserID": added["external_userid"],
        "State": "c_expo", "WelcomeCode": added["welcome_code"],
    }  # fmt: skip
    outer = ET.fromstring(outgoing.body)
    assert (outer.findtext("ToUserName"), outer.findtext("AgentID")) == (CORP, SIM_SETTINGS["WECOM_AGENT_ID"])


def test_leaving_and_being_left_are_different_events(caller: Caller) -> None:
    one, two = caller.befriend("sales1", "甲", "乙")
    caller.do("customer/delete", userid="sales1", external_userid=one)
    caller.do("staff/delete", userid="sales1", external_userid=two)
    changes = [(event["ChangeType"], event["ExternalUserID"]) for event in map(opened, caller.deliver())]
    assert changes == [("del_follow_user", one), ("del_external_contact", two)]


def test_crypto_round_trip() -> None:
    encrypted = wecom_crypto.encrypt(KEY, b"0123456789abcdef", "<xml>你好</xml>", CORP)
    assert wecom_crypto.decrypt(KEY, encrypted) == ("<xml>你好</xml>", CORP)
    spoilt = wecom_crypto.encrypt(KEY, b"0123456789abcdef", "<xml/>", CORP, bad_padding=True)
    with pytest.raises(ValueError, match="padding"):
        wecom_crypto.decrypt(KEY, spoilt)


def test_a_slow_or_failing_application_is_called_three_times_more(caller: Caller) -> None:
    caller.application.status = 500
    caller.do("customer/add", userid="sales1", name="甲")
    assert len(caller.deliver()) == 1
    assert caller.deliver() == []
    for _ in range(3):
        caller.advance(5)
        assert len(caller.deliver()) == 1
    caller.advance(3600)
    assert caller.deliver() == []
    assert not caller.world.state.deliveries
    assert opened(caller.application.received[0]) == opened(caller.application.received[-1])


def test_an_application_that_recovers_is_not_called_again(caller: Caller) -> None:
    caller.application.status = 0
    caller.do("customer/add", userid="sales1", name="甲")
    caller.deliver()
    caller.application.status = 200
    caller.advance(5)
    assert len(caller.deliver()) == 1
    caller.advance(60)
    assert caller.deliver() == []
    assert caller.do("state")["effects"]["callbacks.wecom"] == 1


def test_duplicates_delays_and_losses(caller: Caller) -> None:
    ids = caller.befriend("sales1", "甲", "乙", "丙")
    caller.do("faults/set", kind="duplicate", side="callback", value=3, times=1)
    caller.do("faults/set", kind="drop", side="callback", times=1)
    caller.do("faults/set", kind="delay", side="callback", value=30, times=1)
    for ext in ids:
        caller.do("customer/delete", userid="sales1", external_userid=ext)
    assert [opened(outgoing)["ExternalUserID"] for outgoing in caller.deliver()] == [ids[0]] * 3
    caller.advance(30)
    assert [opened(outgoing)["ExternalUserID"] for outgoing in caller.deliver()] == [ids[2]]


@pytest.mark.parametrize(
    ("twist", "error"),
    [("bad_signature", InvalidSignatureException), ("wrong_receiver", InvalidCorpIdException), ("bad_padding", struct.error)],
)
def test_forgeries_that_no_receiver_may_take(caller: Caller, twist: str, error: type[Exception]) -> None:
    caller.application.status = 403
    assert caller.do("callbacks/forge", vendor="wecom", twist=twist) == {"status": 403}
    with pytest.raises(error):
        opened(caller.application.received[-1])
    assert not caller.world.state.deliveries


def test_a_replayed_and_an_oversized_callback(caller: Caller) -> None:
    callbacks.forge(caller.world, "wecom", "stale", caller.application)
    callbacks.forge(caller.world, "wecom", "huge_nonce", caller.application)
    stale, huge = caller.application.received
    assert caller.world.wall() - int(stale.query["timestamp"]) >= 86_400
    assert len(huge.query["nonce"]) == 100_000
    entry = caller.do("journal/find", kind="callback", limit=1)[0]
    assert entry["note"].endswith("accepted a forgery!")


def test_the_address_is_verified_by_an_echo(caller: Caller) -> None:
    def echo(outgoing: Outgoing) -> tuple[int, str]:
        query = outgoing.query
        assert outgoing.method == "GET"
        crypto = WeChatCrypto(TOKEN, KEY, CORP)
        return 200, crypto.check_signature(query["msg_signature"], query["timestamp"], query["nonce"], query["echostr"])

    assert callbacks.verify_url(caller.world, echo)[0] is True
    caller.application.reply = '"quoted"'
    assert caller.do("callbacks/verify")["ok"] is False


def test_nothing_is_sent_until_the_application_has_an_address(caller: Caller) -> None:
    caller.do("app/configure", public_url="")
    caller.do("customer/add", userid="sales1", name="甲")
    assert caller.deliver() == []
    caller.do("app/configure", public_url="http://testserver/")
    caller.advance(6)
    assert [outgoing.url for outgoing in caller.deliver()] == ["http://testserver/callbacks/wecom"]


def test_callbacks_may_come_late(caller: Caller) -> None:
    caller.do("config/set", changes={"callback_delay": 10})
    caller.do("customer/add", userid="sales1", name="甲")
    assert caller.deliver() == []
    caller.advance(10)
    assert len(caller.deliver()) == 1
