"""The mini-program's server API: platform-contracts 1.14."""

import struct
from typing import Any

import pytest

from tests.contracts.caller import MINI, Caller

TEMPLATE = "tmpl-order-paid"


def test_a_js_code_works_once_within_five_minutes(caller: Caller) -> None:
    given = caller.do("customer/login_code", nickname="陈女士")
    session = caller.login(given["js_code"])
    assert (session["openid"], session["unionid"]) == (given["openid"], given["unionid"])
    assert session["session_key"]
    assert caller.login(given["js_code"])["errcode"] == 40163
    assert caller.login("made up")["errcode"] == 40029
    assert caller.login("")["errcode"] == 41008
    late = caller.do("customer/login_code", openid=given["openid"])
    caller.advance(300)
    assert caller.login(late["js_code"])["errcode"] == 40029


def test_the_same_person_keeps_the_openid(caller: Caller) -> None:
    [ext] = caller.befriend("sales1", "甲", unionid="u-1")
    first = caller.do("customer/login_code", external_userid=ext)
    second = caller.do("customer/login_code", who=ext)
    assert first["openid"] == second["openid"]
    assert first["unionid"] == "u-1"
    assert caller.contacts("unionid_to_external_userid", {"unionid": "u-1", "openid": first["openid"]})["external_userid"] == ext


def test_too_many_logins_and_blocked_people(caller: Caller) -> None:
    openid = caller.do("customer/login_code")["openid"]
    caller.world.state.login_times[openid] = [caller.world.now()] * 100
    code = caller.do("customer/login_code", openid=openid)["js_code"]
    assert caller.login(code)["errcode"] == 45011
    caller.advance(61)
    caller.world.state.mini_users[openid].flagged = True
    assert caller.login(code)["errcode"] == 40226
    caller.world.state.mini_users[openid].flagged = False
    assert caller.login(code)["openid"] == openid


def test_a_phone_code_works_once(caller: Caller) -> None:
    openid = caller.do("customer/login_code")["openid"]
    code = caller.do("customer/phone_code", openid=openid, phone="13812345678")["code"]
    info = caller.mini("wxa/business/getuserphonenumber", {"code": code})["phone_info"]
    assert (info["phoneNumber"], info["purePhoneNumber"], info["countryCode"]) == ("13812345678", "13812345678", "86")
    assert caller.mini("wxa/business/getuserphonenumber", {"code": code})["errcode"] == 40163
    login = caller.do("customer/login_code", openid=openid)["js_code"]
    assert caller.mini("wxa/business/getuserphonenumber", {"code": login})["errcode"] == 40029
    assert caller.do("state")["effects"]["phone_lookups"] == 1


def subscribe(caller: Caller, openid: str, **more: Any) -> int:
    data = {"thing1": {"value": "云南亲子六日"}, "amount2": {"value": "12800.00元"}, "time3": {"value": "2026年12月1日 08:30"}}
    body = {"touser": openid, "template_id": TEMPLATE, "page": "pages/order/index?no=1", "data": data} | more
    return int(caller.mini("cgi-bin/message/subscribe/send", body)["errcode"])


def test_one_subscribe_message_per_accept(caller: Caller) -> None:
    openid = caller.do("customer/login_code")["openid"]
    assert subscribe(caller, openid) == 43101
    assert caller.do("customer/accept_subscribe", openid=openid, template_id=TEMPLATE, times=2) == {"balance": 2}
    assert [subscribe(caller, openid) for _ in range(3)] == [0, 0, 43101]
    assert [line["data"]["thing1"] for line in caller.do("customer/inbox", who=openid)] == ["云南亲子六日"] * 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("thing1", "长" * 21), ("thing1", ""), ("number1", "十二"), ("letter1", "中"), ("phrase1", "六个汉字太长"),
        ("amount1", "很多"), ("time1", "明天"), ("character_string1", "中文"), ("phone_number1", "a"), ("wish1", "x"),
        ("thing1", 7),
    ],
)  # fmt: skip
def test_a_field_that_breaks_its_rule_is_47003_and_costs_nothing(caller: Caller, field: str, value: object) -> None:
    openid = caller.do("customer/login_code")["openid"]
    caller.do("customer/accept_subscribe", openid=openid, template_id=TEMPLATE)
    assert subscribe(caller, openid, data={field: {"value": value}}) == 47003
    assert subscribe(caller, openid) == 0


def test_unknown_receivers_templates_and_pages(caller: Caller) -> None:
    openid = caller.do("customer/login_code")["openid"]
    assert subscribe(caller, "o_nobody") == 40003
    assert subscribe(caller, openid, template_id="") == 40037
    assert subscribe(caller, openid, page="/pages/order/index") == 41030
    caller.do("config/set", changes={"templates": ["another"], "pages": ["pages/index/index"]})
    assert subscribe(caller, openid) == 40037


def test_a_code_is_a_real_picture(caller: Caller) -> None:
    token = caller.mini_token()["access_token"]
    body = {"scene": "t=abc123", "page": "pages/product/index", "check_path": False}
    reply = caller.session.post(f"{MINI}wxa/getwxacodeunlimit", params={"access_token": token}, json=body)
    assert reply.headers["Content-Type"] == "image/png"
    assert reply.content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", reply.content[16:24])
    assert width == height >= 200
    assert caller.world.state.links["wxacode:t=abc123"].target == "pages/product/index"


def test_a_bad_code_request_is_json(caller: Caller) -> None:
    assert caller.mini("wxa/getwxacodeunlimit", {"scene": "x" * 33})["errcode"] == 40169
    assert caller.mini("wxa/getwxacodeunlimit", {"scene": "中文"})["errcode"] == 40169
    assert caller.mini("wxa/getwxacodeunlimit", {"scene": "a", "page": "/pages/a"})["errcode"] == 41030


def test_a_link_for_text_messages(caller: Caller) -> None:
    body = {"path": "/pages/product/index", "query": "code=P01", "expire_type": 1, "expire_interval": 7}
    link = caller.mini("wxa/generate_urllink", body)["url_link"]
    assert link.startswith("https://wxaurl.cn/")
    assert caller.world.state.links[link].query == "code=P01"
    assert caller.mini("wxa/generate_urllink", body | {"expire_interval": 31})["errcode"] == 85401
