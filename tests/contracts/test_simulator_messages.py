"""Welcome messages, messages to members, media: platform-contracts 1.3, 1.8, 1.12."""

from typing import Any

from gateways.simulator.defaults import SIM_SETTINGS
from tests.contracts.caller import WECOM, Caller


def welcome(caller: Caller, code: str, text: str = "您好,我是陈思雨") -> int:
    return int(caller.contacts("send_welcome_msg", {"welcome_code": code, "text": {"content": text}})["errcode"])


def test_a_welcome_code_works_once(caller: Caller) -> None:
    added = caller.do("customer/add", userid="sales1", name="新客")
    assert welcome(caller, added["welcome_code"]) == 0
    assert welcome(caller, added["welcome_code"]) == 41051
    [line] = caller.do("customer/inbox", who=added["external_userid"])
    assert (line["channel"], line["from"], line["text"]) == ("welcome", "sales1", "您好,我是陈思雨")


def test_a_welcome_code_lives_20_seconds(caller: Caller) -> None:
    first, second = (caller.do("customer/add", userid="sales1", name=name)["welcome_code"] for name in "甲乙")
    caller.advance(19)
    assert welcome(caller, first) == 0
    caller.advance(1)
    assert welcome(caller, second) == 41050
    assert welcome(caller, "made up") == 41049


def test_a_welcome_message_is_checked_before_the_code_is_used(caller: Caller) -> None:
    code = caller.do("customer/add", userid="sales1", name="新客")["welcome_code"]
    assert welcome(caller, code, "") == 40063
    assert welcome(caller, code, "字" * 1334) == 40058
    assert welcome(caller, code) == 0


def send(caller: Caller, touser: str, **more: Any) -> dict[str, Any]:
    body = {"touser": touser, "msgtype": "text", "agentid": int(SIM_SETTINGS["WECOM_AGENT_ID"]), "text": {"content": "有新任务"}}
    return caller.wecom("message/send", body | more)


def test_a_message_reaches_members_and_names_unknown_ones(caller: Caller) -> None:
    reply = send(caller, "sales1|nobody|sales2")
    assert (reply["errcode"], reply["invaliduser"]) == (0, "nobody")
    assert [m["content"] for m in caller.do("staff/inbox", userid="sales2")["messages"]] == ["有新任务"]
    assert send(caller, "nobody")["errcode"] == 81013
    assert send(caller, "sales1", agentid=1)["errcode"] == 40056
    assert send(caller, "sales1", msgtype="hologram")["errcode"] == 40058
    assert send(caller, "sales1", text={"content": "字" * 683})["errcode"] == 45002


def test_above_30_a_minute_the_platform_drops_silently(caller: Caller) -> None:
    assert {send(caller, "sales1")["errcode"] for _ in range(35)} == {0}
    assert len(caller.world.state.staff_lines["sales1"]) == 30
    caller.advance(61)
    send(caller, "sales1")
    assert len(caller.world.state.staff_lines["sales1"]) == 31


def test_the_duplicate_check_keeps_the_same_message_away(caller: Caller) -> None:
    for _ in range(3):
        assert send(caller, "sales1", enable_duplicate_check=1)["errcode"] == 0
    assert len(caller.world.state.staff_lines["sales1"]) == 1
    caller.advance(1801)
    send(caller, "sales1", enable_duplicate_check=1)
    assert len(caller.world.state.staff_lines["sales1"]) == 2


def test_a_text_card_needs_all_parts(caller: Caller) -> None:
    card = {"title": "跟进提醒", "description": "陈女士浏览了 3 次云南", "url": "https://scrm.example/tasks"}
    assert send(caller, "sales1", msgtype="textcard", textcard=card)["errcode"] == 0
    assert send(caller, "sales1", msgtype="textcard", textcard=card | {"url": ""})["errcode"] == 40063


def test_media_upload(caller: Caller) -> None:
    query = {"access_token": caller.token(), "type": "image"}
    good = caller.session.post(f"{WECOM}media/upload", params=query, files={"media": ("封面.png", b"\x89PNG-bytes")}).json()
    assert (good["errcode"], good["type"], good["created_at"].isdigit()) == (0, "image", True)
    assert caller.world.state.media[good["media_id"]].size == 10
    empty = caller.session.post(f"{WECOM}media/upload", params=query, files={"media": ("a.png", b"")}).json()
    assert empty["errcode"] == 44001
    nothing = caller.session.post(f"{WECOM}media/upload", params=query, data=b"not multipart").json()
    assert nothing["errcode"] == 44001
    large = caller.session.post(f"{WECOM}media/upload", params=query, files={"media": ("a.png", b"x" * 10_000_001)}).json()
    assert large["errcode"] == 45002
    kind = caller.session.post(
        f"{WECOM}media/upload", params=query | {"type": "hologram"}, files={"media": ("a", b"123456")}
    ).json()
    assert kind["errcode"] == 40058
    picture = caller.session.post(f"{WECOM}media/uploadimg", params=query, files={"media": ("a.png", b"123456")}).json()
    assert picture["url"].startswith("https://")
