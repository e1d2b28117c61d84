"""企业群发: platform-contracts 1.8. Creating reaches nobody; a member confirms; each customer has a result."""

from typing import Any

import pytest

from gateways.simulator.defaults import SIM_SETTINGS
from tests.contracts.caller import Caller

DAY = 86_400
CARD = {"title": "云南亲子六日", "appid": SIM_SETTINGS["MINI_APP_ID"], "page": "pages/product/index?code=P01&touch=t1"}


def create(caller: Caller, ids: list[str], sender: str = "", **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"chat_type": "single", "external_userid": ids, "text": {"content": "暑假去哪儿玩?"}}
    return caller.contacts("add_msg_template", body | ({"sender": sender} if sender else {}) | more)


def results(caller: Caller, msgid: str, userid: str = "sales1") -> dict[str, int]:
    caller.advance(31)
    reply = caller.contacts("get_groupmsg_send_result", {"msgid": msgid, "userid": userid})
    return {row["external_userid"]: row["status"] for row in reply["send_list"]}


def upload(caller: Caller) -> str:
    url = "https://qyapi.weixin.qq.com/cgi-bin/media/upload"
    query = {"access_token": caller.token(), "type": "image"}
    reply = caller.session.post(url, params=query, files={"media": ("cover.png", b"\x89PNG....")})
    return str(reply.json()["media_id"])


def test_results_are_not_known_before_dispatch(caller: Caller) -> None:
    msgid = create(caller, caller.befriend("sales1", "甲"))["msgid"]
    assert caller.contacts("get_groupmsg_task", {"msgid": msgid})["errcode"] == 41063
    assert caller.contacts("get_groupmsg_send_result", {"msgid": msgid, "userid": "sales1"})["errcode"] == 41063
    caller.advance(30)
    assert caller.contacts("get_groupmsg_task", {"msgid": msgid})["task_list"] == [{"userid": "sales1", "status": 0}]


def test_created_is_not_sent(caller: Caller) -> None:
    ids = caller.befriend("sales1", "甲", "乙")
    msgid = create(caller, ids)["msgid"]
    assert results(caller, msgid) == dict.fromkeys(ids, 0)
    assert caller.do("customer/inbox", who=ids[0]) == []
    assert caller.do("staff/inbox", userid="sales1")["tasks"][0]["state"] == "waiting"


def test_a_confirmed_task_reaches_the_customers(caller: Caller) -> None:
    ids = caller.befriend("sales1", "甲", "乙")
    media = upload(caller)
    msgid = create(caller, ids, attachments=[{"msgtype": "miniprogram", "miniprogram": {**CARD, "pic_media_id": media}}])["msgid"]
    assert caller.do("staff/confirm", msgid=msgid, sender="sales1") == {"sent": 2, "not_a_friend": 0, "over_the_cap": 0}
    assert results(caller, msgid) == dict.fromkeys(ids, 1)
    task = caller.contacts("get_groupmsg_task", {"msgid": msgid})["task_list"][0]
    assert task == {"userid": "sales1", "status": 2, "send_time": task["send_time"]}
    [line] = caller.do("customer/inbox", who=ids[0])
    assert (line["channel"], line["text"]) == ("mass", "暑假去哪儿玩?")
    assert line["attachments"][0]["miniprogram"]["page"] == CARD["page"]
    assert caller.refused("staff/confirm", msgid=msgid, sender="sales1")[0] == 409
    assert len(caller.do("customer/inbox", who=ids[0])) == 1


def test_sending_to_some_leaves_the_others_unsent(caller: Caller) -> None:
    ids = caller.befriend("sales1", "甲", "乙", "丙")
    msgid = create(caller, ids, allow_select=True)["msgid"]
    assert "warning" not in caller.do("staff/confirm", msgid=msgid, sender="sales1", only=[ids[1]])
    assert results(caller, msgid) == {ids[0]: 0, ids[1]: 1, ids[2]: 0}
    other = create(caller, ids)["msgid"]
    assert caller.refused("staff/confirm", msgid=other, sender="sales1", only=["wm_stranger"])[0] == 400
    assert "warning" in caller.do("staff/confirm", msgid=other, sender="sales1", only=[ids[0]])


def test_a_lost_friend_is_status_2(caller: Caller) -> None:
    ids = caller.befriend("sales1", "甲", "乙")
    msgid = create(caller, ids)["msgid"]
    caller.do("customer/delete", userid="sales1", external_userid=ids[0])
    assert caller.do("staff/confirm", msgid=msgid, sender="sales1") == {"sent": 1, "not_a_friend": 1, "over_the_cap": 0}
    assert results(caller, msgid) == {ids[0]: 2, ids[1]: 1}


@pytest.mark.parametrize(("rule", "most", "wait"), [("day_1", 1, DAY), ("week_7", 7, 7 * DAY), ("month_days", 30, 31 * DAY)])
def test_the_platform_cap_is_status_3(caller: Caller, rule: str, most: int, wait: int) -> None:
    caller.world.clock.state.frozen_at = 1_793_678_400.0  # 2026-11-03 in Shanghai, a Tuesday; November has 30 days
    caller.do("config/set", changes={"cap_rule": rule, "dispatch_seconds": 0})
    [ext] = caller.befriend("sales1", "甲")
    for _ in range(most):
        assert caller.do("staff/confirm", msgid=create(caller, [ext])["msgid"], sender="sales1")["sent"] == 1
    late = create(caller, [ext])["msgid"]
    assert caller.do("staff/confirm", msgid=late, sender="sales1")["over_the_cap"] == 1
    assert results(caller, late) == {ext: 3}
    caller.advance(wait)
    assert caller.do("staff/confirm", msgid=create(caller, [ext])["msgid"], sender="sales1")["sent"] == 1


def test_without_a_sender_the_last_to_chat_is_asked(caller: Caller) -> None:
    [ext] = caller.befriend("sales1", "甲")
    caller.do("seed", contacts=[{"name": "甲", "external_userid": ext, "relations": [{"userid": "sales2"}]}])
    caller.do("customer/message", userid="sales2", external_userid=ext, text="还有位置吗")
    msgid = create(caller, [ext])["msgid"]
    caller.advance(31)
    assert [task["userid"] for task in caller.contacts("get_groupmsg_task", {"msgid": msgid})["task_list"]] == ["sales2"]


def test_who_cannot_be_sent_to_is_in_the_fail_list(caller: Caller) -> None:
    [friend], [other] = caller.befriend("sales1", "甲"), caller.befriend("sales2", "乙")
    assert create(caller, [friend, other, "wm_unknown"], sender="sales1")["fail_list"] == [other, "wm_unknown"]
    assert create(caller, ["wm_unknown"])["errcode"] == 41048
    assert create(caller, [])["errcode"] == 40058
    assert create(caller, [], sender="sales2")["errcode"] == 0
    assert create(caller, [], sender="nobody")["errcode"] == 40003


def test_a_tag_filter_narrows(caller: Caller) -> None:
    ids = caller.befriend("sales1", "甲", "乙")
    tag = caller.contacts("add_corp_tag", {"group_name": "兴趣", "tag": [{"name": "亲子"}]})["tag_group"]["tag"][0]["id"]
    caller.contacts("mark_tag", {"userid": "sales1", "external_userid": ids[1], "add_tag": [tag]})
    msgid = create(caller, [], sender="sales1", tag_filter={"group_list": [{"tag_list": [tag]}]})["msgid"]
    assert list(results(caller, msgid)) == [ids[1]]


def test_limits_of_the_content(caller: Caller) -> None:
    ids = caller.befriend("sales1", "甲")
    media = upload(caller)
    assert create(caller, ids, text={"content": "字" * 1333})["errcode"] == 0
    assert create(caller, ids, text={"content": "字" * 1334})["errcode"] == 40058
    assert create(caller, ids, text={})["errcode"] == 40063
    image = {"msgtype": "image", "image": {"media_id": media}}
    assert create(caller, ids, attachments=[image] * 9)["errcode"] == 0
    assert create(caller, ids, attachments=[image] * 10)["errcode"] == 41064
    assert create(caller, ["wm"] * 10_001)["errcode"] == 40058
    for card, errcode in (
        ({"appid": "wx_foreign"}, 90207),
        ({"title": "长" * 22}, 40058),
        ({"page": ""}, 40058),
        ({"pic_media_id": "nothing"}, 40007),
    ):
        attachment = {"msgtype": "miniprogram", "miniprogram": {**CARD, "pic_media_id": media, **card}}
        assert create(caller, ids, attachments=[attachment])["errcode"] == errcode
    assert create(caller, ids, attachments=[{"msgtype": "poll", "poll": {}}])["errcode"] == 40058
    caller.advance(3 * DAY)
    assert create(caller, ids, attachments=[image])["errcode"] == 40007


def test_the_list_finds_a_task_whose_answer_was_lost(caller: Caller) -> None:
    ids = caller.befriend("sales1", "甲")
    media = upload(caller)
    create(caller, ids, attachments=[{"msgtype": "miniprogram", "miniprogram": {**CARD, "pic_media_id": media}}])
    now = caller.world.wall()
    body = {"chat_type": "single", "start_time": now - 60, "end_time": now + 60, "filter_type": 0}
    [found] = caller.contacts("get_groupmsg_list_v2", body)["group_msg_list"]
    assert found["attachments"][0]["miniprogram"]["page"] == CARD["page"]
    assert "creator" not in found
    assert caller.contacts("get_groupmsg_list_v2", body | {"filter_type": 1})["group_msg_list"] == []
    assert caller.contacts("get_groupmsg_list_v2", body | {"end_time": now + 40 * DAY})["errcode"] == 40058


def test_lists_page(caller: Caller) -> None:
    ids = caller.befriend("sales1", *map(str, range(7)))
    msgid = create(caller, ids)["msgid"]
    caller.advance(31)
    seen, cursor = [], ""
    for expected in (3, 3, 1):
        reply = caller.contacts("get_groupmsg_send_result", {"msgid": msgid, "userid": "sales1", "limit": 3, "cursor": cursor})
        assert len(reply["send_list"]) == expected
        seen += [row["external_userid"] for row in reply["send_list"]]
        cursor = reply["next_cursor"]
    assert (seen, cursor) == (ids, "")


def test_remind_and_cancel(caller: Caller) -> None:
    ids = caller.befriend("sales1", "甲")
    msgid = create(caller, ids)["msgid"]
    caller.do("staff/ignore", msgid=msgid, sender="sales1")
    assert caller.do("staff/inbox", userid="sales1")["tasks"][0]["state"] == "ignored"
    assert [caller.contacts("remind_groupmsg_send", {"msgid": msgid})["errcode"] for _ in range(4)] == [0, 0, 0, 41094]
    assert caller.do("staff/inbox", userid="sales1")["tasks"][0]["state"] == "waiting"
    assert [caller.contacts("cancel_groupmsg_send", {"msgid": msgid})["errcode"] for _ in range(2)] == [0, 41093]
    assert caller.refused("staff/confirm", msgid=msgid, sender="sales1")[0] == 409
    assert caller.do("customer/inbox", who=ids[0]) == []


def test_confirming_all_with_a_share(caller: Caller) -> None:
    for number in range(40):
        create(caller, caller.befriend("sales1", str(number)))
    some = caller.do("staff/confirm_all", share=0.5)
    rest = caller.do("staff/confirm_all")
    assert 5 < some["tasks"] < 35
    assert some["sent"] + rest["sent"] == 40
    assert caller.do("staff/confirm_all") == {"tasks": 0, "sent": 0, "not_a_friend": 0, "over_the_cap": 0}


def test_the_same_call_twice_makes_two_tasks(caller: Caller) -> None:
    ids = caller.befriend("sales1", "甲")
    assert create(caller, ids)["msgid"] != create(caller, ids)["msgid"]
