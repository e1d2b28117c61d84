"""Fault rules: which calls they strike, and what the caller sees."""

import pytest
import requests

from gateways.simulator.defaults import SIM_SETTINGS
from tests.contracts.caller import WECOM, Caller, order_body

LIST = "externalcontact/get_follow_user_list"


def raw(caller: Caller) -> requests.Response:
    return caller.session.get(WECOM + LIST, params={"access_token": caller.token()})


def test_a_rule_counts_down_and_skips(caller: Caller) -> None:
    caller.do("faults/set", kind="errcode", path="get_follow_user_list", value=-1, skip=1, times=2)
    assert [raw(caller).json()["errcode"] for _ in range(4)] == [0, -1, -1, 0]
    assert caller.do("faults")[0]["hits"] == 2


def test_a_rule_with_a_probability(caller: Caller) -> None:
    caller.do("faults/set", kind="http", path=LIST, value=503, probability=0.5)
    codes = [raw(caller).status_code for _ in range(60)]
    assert 10 < codes.count(503) < 50
    assert set(codes) == {200, 503}


def test_a_rule_is_cleared(caller: Caller) -> None:
    rule = caller.do("faults/set", kind="html", path=LIST)
    assert raw(caller).text.startswith("<html>")
    assert caller.do("faults/clear", rule=rule["id"]) == {"cleared": 1}
    assert raw(caller).json()["errcode"] == 0


def test_half_an_answer(caller: Caller) -> None:
    caller.do("faults/set", kind="malformed", path=LIST, times=1)
    reply = raw(caller)
    assert reply.status_code == 200
    with pytest.raises(ValueError, match=r"line 1 column"):
        reply.json()


def test_a_lost_reply_has_done_the_work(caller: Caller) -> None:
    ids = caller.befriend("sales1", "甲")
    caller.do("faults/set", kind="lost_reply", path="add_msg_template", times=1)
    with pytest.raises(requests.ConnectionError):
        caller.contacts("add_msg_template", {"external_userid": ids, "text": {"content": "x"}})
    assert len(caller.world.state.mass_tasks) == 1


def test_a_reset_or_a_timeout_has_done_nothing(caller: Caller) -> None:
    ids = caller.befriend("sales1", "甲")
    caller.do("faults/set", kind="reset", path="add_msg_template", times=1)
    caller.do("faults/set", kind="timeout", path="add_msg_template", times=1)
    for error in (requests.ConnectionError, requests.ReadTimeout):
        with pytest.raises(error):
            caller.contacts("add_msg_template", {"external_userid": ids, "text": {"content": "x"}})
    assert caller.world.state.mass_tasks == {}
    codes = [entry["code"] for entry in caller.do("journal/find", path="add_msg_template")]
    assert codes == ["no reply", "no reply"]


def test_a_slow_answer_is_an_answer(caller: Caller) -> None:
    waits: list[float] = []
    caller.simulator.sleep = waits.append
    caller.do("faults/set", kind="slow", path=LIST, value=3, times=1)
    assert raw(caller).json()["errcode"] == 0
    assert waits == [3.0]


def test_each_vendor_says_no_in_its_own_way(caller: Caller) -> None:
    openid = caller.do("customer/login_code")["openid"]
    caller.do("faults/set", kind="errcode", host="api.mch", value="FREQUENCY_LIMITED", times=1)
    limited = caller.pay("POST", "/v3/pay/transactions/jsapi", order_body(openid))
    assert (limited.status_code, limited.json()["code"]) == (429, "FREQUENCY_LIMITED")
    caller.do("faults/set", kind="errcode", host="dysms", value="isv.OUT_OF_SERVICE", times=1)
    assert caller.sms("13800000001").json()["Code"] == "isv.OUT_OF_SERVICE"
    caller.do("faults/set", kind="errcode", host="api.weixin", value=45011, times=1)
    assert caller.mini_token()["errcode"] == 45011


def test_unknown_kinds_are_refused(caller: Caller) -> None:
    assert caller.refused("faults/set", kind="earthquake")[0] == 400
    assert caller.refused("faults/set", kind="drop", side="api")[0] == 400
    assert caller.do("faults") == []


def test_journal_keeps_what_happened_without_secrets(caller: Caller) -> None:
    raw(caller)
    token, listing = caller.do("journal/find", kind="call")
    assert (token["path"], token["params"]["corpsecret"]) == ("/cgi-bin/gettoken", "***")
    assert (listing["path"], listing["code"], listing["params"]["access_token"]) == (f"/cgi-bin/{LIST}", "0", "***")
    assert SIM_SETTINGS["WECOM_SECRET"] not in str([token, listing])
    assert caller.do("journal/counts")[f"qyapi.weixin.qq.com/cgi-bin/{LIST}"] == {"0": 1}
    assert caller.do("journal/find", path=LIST, after=listing["id"]) == []
    assert caller.refused("journal/find", colour="red")[0] == 400
    caller.do("journal/clear")
    assert caller.do("journal/find") == []
