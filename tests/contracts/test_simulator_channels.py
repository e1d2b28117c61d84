"""Codes, links, group chats and hand-over: platform-contracts 1.5, 1.7 and 1.10."""

from typing import Any

from tests.contracts.caller import Caller

LINKS = "customer_acquisition/"


def payloads(caller: Caller, event: str) -> list[dict[str, Any]]:
    return [d["payload"] for d in caller.do("callbacks/pending") if d["payload"].get("Event") == event]


def test_codes_are_listed_by_the_time_they_were_made(caller: Caller) -> None:
    made = [
        caller.contacts("add_contact_way", {"type": 2, "scene": 2, "user": ["sales1"], "state": f"c_{n}"})["config_id"]
        for n in range(3)
    ]
    first = caller.contacts("list_contact_way", {"limit": 2})
    assert [row["config_id"] for row in first["contact_way"]] == made[:2]
    rest = caller.contacts("list_contact_way", {"limit": 2, "cursor": first["next_cursor"]})
    assert ([row["config_id"] for row in rest["contact_way"]], rest["next_cursor"]) == (made[2:], "")
    assert caller.contacts("list_contact_way", {"end_time": 1_000_000})["errcode"] == 40058


def test_a_code_needs_members_with_the_right_and_has_room_for_a_hundred(caller: Caller) -> None:
    good = {"type": 2, "scene": 2, "user": ["sales1"]}
    caller.do("member/set", userid="sales1", serves=False)
    assert caller.contacts("add_contact_way", good)["errcode"] == 84074
    assert caller.contacts("add_contact_way", good | {"user": ["sales2"] * 101})["errcode"] == 41041
    caller.do("config/set", changes={"way_limit": 0})
    assert caller.contacts("add_contact_way", good | {"user": ["sales2"]})["errcode"] == 41045


def test_an_update_leaves_the_picture_and_what_it_does_not_name(caller: Caller) -> None:
    way = caller.contacts("add_contact_way", {"type": 2, "scene": 2, "user": ["sales1"], "state": "c_a", "remark": "门店"})
    caller.contacts("update_contact_way", {"config_id": way["config_id"], "user": ["sales2"]})
    found = caller.contacts("get_contact_way", {"config_id": way["config_id"]})["contact_way"]
    assert (found["user"], found["state"], found["remark"], found["qr_code"]) == (["sales2"], "c_a", "门店", way["qr_code"])


def test_a_link_costs_quota_and_reports_first_words(caller: Caller) -> None:
    caller.do("config/set", changes={"acquisition_balance": 20})
    made = caller.contacts(LINKS + "create_link", {"link_name": "抖音投放", "range": {"user_list": ["sales1"]}})["link"]
    assert caller.contacts(LINKS + "list_link", {})["link_id_list"] == [made["link_id"]]
    added = caller.do("customer/add", link_id=made["link_id"], name="小周", state="c_dy")
    assert caller.contacts("customer_acquisition_quota")["balance"] == 19
    caller.do("customer/message", userid="sales1", external_userid=added["external_userid"], text="你好")
    caller.do("customer/message", userid="sales1", external_userid=added["external_userid"], text="在吗")
    changes = [p["ChangeType"] for p in payloads(caller, "customer_acquisition")]
    assert changes == ["balance_low", "friend_request", "customer_start_chat"]
    rows = caller.contacts(LINKS + "customer", {"link_id": made["link_id"]})["customer_list"]
    assert rows == [{"external_userid": added["external_userid"], "userid": "sales1", "chat_status": 1, "state": "c_dy"}]


def test_a_link_without_quota_brings_nobody(caller: Caller) -> None:
    made = caller.contacts(LINKS + "create_link", {"link_name": "广告", "range": {"user_list": ["sales1"]}})["link"]
    caller.do("config/set", changes={"acquisition_balance": 0})
    assert caller.refused("customer/add", link_id=made["link_id"])[0] == 409
    assert caller.contacts(LINKS + "delete_link", {"link_id": made["link_id"]})["errcode"] == 0
    assert caller.contacts(LINKS + "get", {"link_id": made["link_id"]})["errcode"] == 40058


def test_a_group_chat_from_opening_to_dismissal(caller: Caller) -> None:
    [first, second] = caller.befriend("sales1", "甲", "乙")
    chat_id = caller.do("group/create", owner="sales1", name="云南亲子群", external_userids=[first])["chat_id"]
    caller.do("group/join", chat_id=chat_id, external_userid=second)
    caller.do("group/leave", chat_id=chat_id, external_userid=first)
    found = caller.contacts("groupchat/get", {"chat_id": chat_id, "need_name": 1})["group_chat"]
    assert [(m["userid"], m["type"], m["join_scene"], m["name"]) for m in found["member_list"]] == [
        ("sales1", 1, 1, "陈思雨"), (second, 2, 3, "乙"),
    ]  # fmt: skip
    assert [c["chat_id"] for c in caller.contacts("groupchat/list", {"limit": 10})["group_chat_list"]] == [chat_id]
    caller.do("group/dismiss", chat_id=chat_id)
    assert caller.contacts("groupchat/get", {"chat_id": chat_id})["errcode"] == 40050
    events = [(p["ChangeType"], p.get("UpdateDetail", "")) for p in payloads(caller, "change_external_chat")]
    assert events == [("create", ""), ("update", "add_member"), ("update", "del_member"), ("dismiss", "")]


def test_group_lists_have_a_limit_and_an_owner_filter(caller: Caller) -> None:
    made = [caller.do("group/create", owner=owner, name="群")["chat_id"] for owner in ("sales1", "sales2")]
    assert caller.contacts("groupchat/list", {"limit": 1001})["errcode"] == 40058
    page = caller.contacts("groupchat/list", {"limit": 10, "owner_filter": {"userid_list": ["sales2"]}})
    assert [row["chat_id"] for row in page["group_chat_list"]] == made[1:]
    assert caller.contacts("groupchat/get", {"chat_id": made[0]})["group_chat"]["member_list"][0].get("name") is None


def test_a_hand_over_is_done_after_a_day_unless_refused(caller: Caller) -> None:
    [first, second] = caller.befriend("sales1", "甲", "乙")
    pair = {"handover_userid": "sales1", "takeover_userid": "sales2"}
    asked = caller.contacts("transfer_customer", pair | {"external_userid": [first, second, "wm_nobody"]})["customer"]
    assert [row["errcode"] for row in asked] == [0, 0, 40096]
    assert caller.contacts("transfer_customer", pair | {"external_userid": [first]})["customer"][0]["errcode"] == 40100
    caller.do("transfer/answer", external_userid=second)
    caller.do("clock/advance", hours=25)
    rows = caller.contacts("transfer_result", pair)["customer"]
    assert [(row["external_userid"], row["status"]) for row in rows] == [(first, 1), (second, 3)]
    assert [f["userid"] for f in caller.contacts("get", external_userid=first)["follow_user"]] == ["sales2"]
    assert payloads(caller, "change_external_contact")[-1]["FailReason"] == "customer_refused"


def test_who_comes_back_does_so_after_they_left(caller: Caller) -> None:
    ext = caller.do("customer/add", userid="sales1", name="甲")["external_userid"]
    caller.do("customer/delete", userid="sales1", external_userid=ext)
    caller.do("customer/add", userid="sales1", external_userid=ext)
    times = [(p["ChangeType"], p["CreateTime"]) for p in payloads(caller, "change_external_contact")]
    assert [name for name, _ in times] == ["add_external_contact", "del_follow_user", "add_external_contact"]
    assert times[0][1] < times[1][1] < times[2][1]


def test_administrators_delete_and_shuffle_tags(caller: Caller) -> None:
    made = [caller.do("admin/tag", group_name="来源", name=name) for name in ("抖音", "门店")]
    caller.do("admin/tag_shuffle", group_id=made[0]["group_id"])
    caller.do("admin/tag_delete", tag_id=made[0]["tag_id"])
    changes = [(p["ChangeType"], p["TagType"]) for p in payloads(caller, "change_external_tag")]
    assert changes == [("create", "tag"), ("create", "tag"), ("shuffle", "tag_group"), ("delete", "tag")]
    [group] = caller.contacts("get_corp_tag_list", {})["tag_group"]
    assert [tag["name"] for tag in group["tag"]] == ["门店"]


def test_what_an_administrator_planted_is_there_without_a_callback(caller: Caller) -> None:
    [ext] = caller.befriend("sales1", "甲")
    before = len(caller.do("callbacks/pending"))
    caller.do(
        "groups/seed",
        chats=[{"chat_id": "wr1", "name": "老客群", "owner": "sales1", "members": [ext]}],
        ways=[{"config_id": "cw1", "state": "c_1", "users": ["sales1"], "remark": "门店"}],
        links=[{"link_id": "cal1", "name": "广告", "users": ["sales2"]}],
    )
    assert [(way["kind"], way["id"], way["users"]) for way in caller.do("ways")] == [
        ("code", "cw1", ["陈思雨"]), ("link", "cal1", ["王子涵"]),
    ]  # fmt: skip
    assert caller.do("groups", who=ext) == [{"chat_id": "wr1", "name": "老客群", "owner": "sales1", "members": 2, "joined": True}]
    assert len(caller.do("callbacks/pending")) == before
