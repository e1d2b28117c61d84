"""The JSON envelope, quotas and concurrency: platform-contracts 1.2-1.4."""

import json

import pytest

from tests.contracts.caller import WECOM, Caller

LIST = "externalcontact/get_follow_user_list"
TAGS = "externalcontact/get_corp_tag_list"


def test_an_error_text_never_reads_the_same_twice(caller: Caller) -> None:
    first, second = (caller.wecom(LIST, token="bad") for _ in range(2))
    assert first["errcode"] == second["errcode"] == 40014
    assert first["errmsg"] != second["errmsg"]
    assert "hint: [" in first["errmsg"]
    assert "devtool/query?e=40014" in first["errmsg"]


def test_an_unknown_path_is_a_404_page(caller: Caller) -> None:
    reply = caller.session.post(f"{WECOM}externalcontact/no_such_api", params={"access_token": caller.token()})
    assert reply.status_code == 404
    assert reply.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_47001(caller: Caller, body: bytes) -> None:
    reply = caller.session.post(WECOM + TAGS, params={"access_token": caller.token()}, data=body)
    assert reply.json()["errcode"] == 47001


def test_escaped_characters_are_40033_and_real_utf8_is_taken(caller: Caller) -> None:
    body = {"group_name": "兴趣", "tag": [{"name": "亲子"}]}
    query = {"access_token": caller.token()}
    path = f"{WECOM}externalcontact/add_corp_tag"
    assert caller.session.post(path, params=query, data=json.dumps(body).encode()).json()["errcode"] == 40033
    assert caller.session.post(path, params=query, data=json.dumps(body, ensure_ascii=False).encode()).json()["errcode"] == 0


def test_the_method_must_be_right(caller: Caller) -> None:
    query = {"access_token": caller.token()}
    assert caller.session.get(WECOM + TAGS, params=query).json()["errcode"] == 43002
    assert caller.session.post(WECOM + LIST, params=query).json()["errcode"] == 43001


def test_a_value_of_the_wrong_type_is_40058(caller: Caller) -> None:
    assert caller.wecom(TAGS, {"tag_id": "not a list"})["errcode"] == 40058
    assert caller.wecom("externalcontact/remark", {"userid": 7})["errcode"] == 40058


def test_extra_fields_are_accepted_and_unknown_ones_come_back(caller: Caller) -> None:
    caller.do("config/set", changes={"unknown_field_rate": 1.0})
    reply = caller.wecom(TAGS, {"never_heard_of": 1})
    assert reply["errcode"] == 0
    assert any(name.startswith("x_") for name in reply)


def test_fields_come_in_no_fixed_order(caller: Caller) -> None:
    orders = {tuple(name for name in caller.wecom(TAGS, {}) if not name.startswith("x_")) for _ in range(40)}
    assert len(orders) == 6


def test_above_the_minute_quota_the_api_is_blocked_for_a_minute(caller: Caller) -> None:
    caller.do("config/set", changes={"quotas": {TAGS: 3}})
    codes = [caller.wecom(TAGS, {})["errcode"] for _ in range(5)]
    assert codes == [0, 0, 0, 45009, 45009]
    assert caller.wecom(LIST)["errcode"] == 0
    caller.advance(59)
    assert caller.wecom(TAGS, {})["errcode"] == 45009
    caller.advance(2)
    assert caller.wecom(TAGS, {})["errcode"] == 0


def test_above_the_hour_quota_the_api_is_blocked_for_an_hour(caller: Caller) -> None:
    caller.do("config/set", changes={"per_hour": 2})
    assert [caller.wecom(TAGS, {})["errcode"] for _ in range(3)] == [0, 0, 45009]
    caller.advance(1800)
    assert caller.wecom(TAGS, {})["errcode"] == 45009
    caller.advance(1801)
    assert caller.wecom(TAGS, {})["errcode"] == 0


def test_too_many_calls_at_once_are_45033(caller: Caller) -> None:
    caller.do("config/set", changes={"concurrency": 4})
    caller.world.in_flight[TAGS] = 4
    assert caller.wecom(TAGS, {})["errcode"] == 45033
    caller.world.in_flight[TAGS] = 3
    assert caller.wecom(TAGS, {})["errcode"] == 0


def test_an_unknown_host_is_a_404_page(caller: Caller) -> None:
    assert caller.session.get("https://api.example.com/cgi-bin/x").status_code == 404
