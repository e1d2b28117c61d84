"""Corp tags: platform-contracts 1.6."""

from typing import Any

from tests.contracts.caller import Caller


def add(caller: Caller, group: str, *names: str) -> dict[str, Any]:
    reply = caller.contacts("add_corp_tag", {"group_name": group, "tag": [{"name": name} for name in names]})
    assert reply["errcode"] == 0
    found: dict[str, Any] = reply["tag_group"]
    return found


def test_a_new_group_with_tags(caller: Caller) -> None:
    group = add(caller, "兴趣", "亲子", "海岛")
    assert group["group_id"].startswith("et")
    assert [tag["name"] for tag in group["tag"]] == ["亲子", "海岛"]
    again = add(caller, "兴趣", "古镇")
    assert again["group_id"] == group["group_id"]
    assert [tag["name"] for tag in again["tag"]] == ["古镇"]
    library = caller.contacts("get_corp_tag_list", {})["tag_group"]
    assert [[tag["name"] for tag in g["tag"]] for g in library] == [["亲子", "海岛", "古镇"]]


def test_the_library_by_groups_or_tags(caller: Caller) -> None:
    one, two = add(caller, "兴趣", "亲子", "海岛"), add(caller, "预算", "高端")
    by_group = caller.contacts("get_corp_tag_list", {"group_id": [two["group_id"]], "tag_id": [one["tag"][0]["id"]]})
    assert [group["group_name"] for group in by_group["tag_group"]] == ["预算"]
    by_tag = caller.contacts("get_corp_tag_list", {"tag_id": [one["tag"][1]["id"]]})["tag_group"]
    assert [(group["group_name"], [tag["name"] for tag in group["tag"]]) for group in by_tag] == [("兴趣", ["海岛"])]


def test_refused_tags_change_nothing(caller: Caller) -> None:
    group = add(caller, "兴趣", "亲子")
    assert caller.contacts("add_corp_tag", {"group_name": "兴趣", "tag": [{"name": "亲子"}]})["errcode"] == 40071
    assert caller.contacts("add_corp_tag", {"group_name": "新组", "tag": [{"name": "x"}, {"name": "x"}]})["errcode"] == 40071
    assert caller.contacts("add_corp_tag", {"group_id": "et_none", "tag": [{"name": "x"}]})["errcode"] == 40068
    assert caller.contacts("add_corp_tag", {"group_name": "新组", "tag": []})["errcode"] == 40063
    assert caller.contacts("add_corp_tag", {"group_name": "新组", "tag": [{"name": "长" * 31}]})["errcode"] == 40058
    caller.do("config/set", changes={"tag_limit": 1})
    assert caller.contacts("add_corp_tag", {"group_name": "新组", "tag": [{"name": "x"}]})["errcode"] == 40058
    assert [g["group_id"] for g in caller.contacts("get_corp_tag_list", {})["tag_group"]] == [group["group_id"]]


def test_editing_own_tags_and_not_those_of_others(caller: Caller) -> None:
    tag = add(caller, "兴趣", "亲子", "海岛")["tag"][0]
    assert caller.contacts("edit_corp_tag", {"id": tag["id"], "name": "海岛"})["errcode"] == 40071
    assert caller.contacts("edit_corp_tag", {"id": tag["id"], "name": "亲子游", "order": 3})["errcode"] == 0
    foreign = caller.do("admin/tag", group_name="管理员组", name="VIP")
    assert caller.contacts("edit_corp_tag", {"id": foreign["tag_id"], "name": "x"})["errcode"] == 301002
    assert caller.contacts("del_corp_tag", {"tag_id": [foreign["tag_id"]]})["errcode"] == 301002
    assert caller.contacts("edit_corp_tag", {"id": "et_none", "name": "x"})["errcode"] == 40068
    names = {t["name"] for g in caller.contacts("get_corp_tag_list", {})["tag_group"] for t in g["tag"]}
    assert names == {"亲子游", "海岛", "VIP"}


def test_deleting_takes_tags_off_people_and_the_group_with_its_last_tag(caller: Caller) -> None:
    group = add(caller, "兴趣", "亲子", "海岛")
    [ext] = caller.befriend("sales1", "甲")
    ids = [tag["id"] for tag in group["tag"]]
    caller.contacts("mark_tag", {"userid": "sales1", "external_userid": ext, "add_tag": ids})
    assert caller.contacts("del_corp_tag", {"tag_id": ids[:1]})["errcode"] == 0
    tags = caller.contacts("get", external_userid=ext)["follow_user"][0]["tags"]
    assert [(tag["tag_name"], tag["group_name"], tag["type"]) for tag in tags] == [("海岛", "兴趣", 1)]
    assert caller.contacts("del_corp_tag", {"group_id": [group["group_id"]]})["errcode"] == 0
    assert caller.contacts("get_corp_tag_list", {})["tag_group"] == []
    assert caller.contacts("del_corp_tag", {})["errcode"] == 40063


def test_mark_tag(caller: Caller) -> None:
    one, two = (tag["id"] for tag in add(caller, "兴趣", "亲子", "海岛")["tag"])
    [ext] = caller.befriend("sales1", "甲")
    pair = {"userid": "sales1", "external_userid": ext}
    assert caller.contacts("mark_tag", {**pair, "add_tag": [one, one, two]})["errcode"] == 0
    assert caller.contacts("mark_tag", {**pair, "add_tag": [], "remove_tag": [one]})["errcode"] == 0
    row = caller.contacts("batch/get_by_user", {"userid_list": ["sales1"]})["external_contact_list"][0]
    assert row["follow_info"]["tag_id"] == [two]
    assert caller.contacts("mark_tag", pair)["errcode"] == 40063
    assert caller.contacts("mark_tag", {**pair, "add_tag": ["et_none"]})["errcode"] == 40068
    assert caller.contacts("mark_tag", {**pair, "userid": "sales2", "add_tag": [one]})["errcode"] == 84061


def test_api_changes_are_silent_and_changes_by_people_are_not(caller: Caller) -> None:
    tag = add(caller, "兴趣", "亲子")["tag"][0]["id"]
    [ext] = caller.befriend("sales1", "甲")
    caller.contacts("mark_tag", {"userid": "sales1", "external_userid": ext, "add_tag": [tag]})
    caller.contacts("edit_corp_tag", {"id": tag, "name": "亲子游"})
    assert not caller.world.state.deliveries
    caller.do("staff/tag", userid="sales1", external_userid=ext, remove=[tag])
    caller.do("admin/tag", group_name="管理员组", name="VIP")
    caller.do("admin/tag", group_name="管理员组", name="VIP", rename="贵宾")
    changes = [(d.payload["Event"], d.payload["ChangeType"]) for d in caller.world.state.deliveries.values()]
    assert changes == [
        ("change_external_contact", "edit_external_contact"),
        ("change_external_tag", "create"),
        ("change_external_tag", "update"),
    ]
