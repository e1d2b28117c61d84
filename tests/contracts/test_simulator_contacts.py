"""External contacts: platform-contracts 1.6 and 1.7."""

from tests.contracts.caller import Caller


def test_only_members_with_the_right_serve_customers(caller: Caller) -> None:
    users = caller.contacts("get_follow_user_list")["follow_user"]
    assert users == ["ops", "sales1", "sales2", "sales3", "planner", "service"]


def test_a_contact_with_all_friendships(caller: Caller) -> None:
    [ext] = caller.befriend("sales1", "陈女士", unionid="u1")
    caller.do(
        "seed",
        contacts=[
            {"name": "陈女士", "external_userid": ext, "unionid": "u1", "relations": [{"userid": "sales2", "state": "c_1"}]}
        ],
    )
    reply = caller.contacts("get", external_userid=ext)
    assert reply["external_contact"] | {"avatar": ""} == {
        "external_userid": ext, "name": "陈女士", "type": 1, "avatar": "", "gender": 0, "unionid": "u1",
    }  # fmt: skip
    assert {f["userid"]: f.get("state") for f in reply["follow_user"]} == {"sales1": None, "sales2": "c_1"}
    assert reply["next_cursor"] == ""


def test_the_unionid_shows_only_when_the_corp_is_bound(caller: Caller) -> None:
    [ext] = caller.befriend("sales1", "陈女士", unionid="u1")
    caller.do("config/set", changes={"unionid_bound": False})
    assert "unionid" not in caller.contacts("get", external_userid=ext)["external_contact"]


def test_list_and_its_84061_for_nobody(caller: Caller) -> None:
    ids = caller.befriend("sales1", "甲", "乙")
    assert caller.contacts("list", userid="sales1")["external_userid"] == ids
    assert caller.contacts("list", userid="sales2")["errcode"] == 84061
    assert caller.contacts("list", userid="nobody")["errcode"] == 40003


def test_a_friendship_the_customer_ended_can_still_be_read(caller: Caller) -> None:
    [ext] = caller.befriend("sales1", "甲")
    caller.do("customer/delete", userid="sales1", external_userid=ext)
    assert caller.contacts("get", external_userid=ext)["errcode"] == 0


def test_a_friendship_the_member_ended_is_84061(caller: Caller) -> None:
    [ext] = caller.befriend("sales1", "甲")
    caller.do("staff/delete", userid="sales1", external_userid=ext)
    assert caller.contacts("get", external_userid=ext)["errcode"] == 84061
    assert caller.contacts("list", userid="sales1")["errcode"] == 84061


def test_unknown_contacts_are_40096(caller: Caller) -> None:
    assert caller.contacts("get", external_userid="wm_nobody")["errcode"] == 40096


def test_right_after_adding_the_first_calls_may_be_84061(caller: Caller) -> None:
    caller.do("config/set", changes={"not_yet_visible_calls": 2})
    ext = caller.do("customer/add", userid="sales1", name="新客")["external_userid"]
    assert [caller.contacts("get", external_userid=ext)["errcode"] for _ in range(3)] == [84061, 84061, 0]


def test_batch_pages_through_several_members(caller: Caller) -> None:
    expected = caller.befriend("sales1", *"甲乙丙丁戊") + caller.befriend("sales2", *"己庚辛")
    seen, cursor, pages = [], "", 0
    while pages == 0 or cursor:
        body = {"userid_list": ["sales1", "sales2"], "cursor": cursor, "limit": 3}
        reply = caller.contacts("batch/get_by_user", body)
        seen += [row["external_contact"]["external_userid"] for row in reply["external_contact_list"]]
        cursor, pages = reply["next_cursor"], pages + 1
    assert (seen, pages) == (expected, 3)


def test_pages_may_be_short_and_still_all_arrive(caller: Caller) -> None:
    expected = caller.befriend("sales1", *map(str, range(60)))
    caller.do("config/set", changes={"short_page_rate": 1.0})
    seen: list[str] = []
    cursor, short = "", 0
    while True:
        reply = caller.contacts("batch/get_by_user", {"userid_list": ["sales1"], "cursor": cursor, "limit": 10})
        seen += [row["external_contact"]["external_userid"] for row in reply["external_contact_list"]]
        short += bool(reply["next_cursor"]) and len(reply["external_contact_list"]) < 10
        cursor = reply["next_cursor"]
        if not cursor:
            break
    assert seen == expected
    assert short > 0


def test_a_deletion_between_two_pages_skips_nobody(caller: Caller) -> None:
    ids = caller.befriend("sales1", *"甲乙丙丁")
    first = caller.contacts("batch/get_by_user", {"userid_list": ["sales1"], "limit": 2})
    caller.do("staff/delete", userid="sales1", external_userid=ids[0])
    second = caller.contacts("batch/get_by_user", {"userid_list": ["sales1"], "limit": 2, "cursor": first["next_cursor"]})
    assert [row["external_contact"]["external_userid"] for row in second["external_contact_list"]] == ids[2:]


def test_batch_limits(caller: Caller) -> None:
    assert caller.contacts("batch/get_by_user", {"userid_list": []})["errcode"] == 40031
    assert caller.contacts("batch/get_by_user", {"userid_list": ["sales1"] * 101})["errcode"] == 40031
    caller.befriend("sales1", "甲")
    assert caller.contacts("batch/get_by_user", {"userid_list": ["sales1"], "limit": 101})["errcode"] == 40058
    assert caller.contacts("batch/get_by_user", {"userid_list": ["sales1"], "cursor": "made up"})["errcode"] == 40058
    assert caller.contacts("batch/get_by_user", {"userid_list": ["sales2"]})["errcode"] == 84061


def test_remark_changes_only_what_is_sent(caller: Caller) -> None:
    [ext] = caller.befriend("sales1", "甲")
    body = {
        "userid": "sales1",
        "external_userid": ext,
        "remark": "甲姐",
        "description": "喜欢海岛",
        "remark_mobiles": ["13800000001"],
    }
    assert caller.contacts("remark", body)["errcode"] == 0
    assert caller.contacts("remark", {"userid": "sales1", "external_userid": ext, "remark_mobiles": [""]})["errcode"] == 0
    follow = caller.contacts("get", external_userid=ext)["follow_user"][0]
    assert (follow["remark"], follow["description"], follow["remark_mobiles"]) == ("甲姐", "喜欢海岛", [])
    assert not caller.world.state.deliveries
    assert caller.contacts("remark", body | {"remark": "长" * 21})["errcode"] == 40058
    assert caller.contacts("remark", body | {"userid": "sales2"})["errcode"] == 84061


def test_a_contact_way_carries_its_state_into_the_callback(caller: Caller) -> None:
    way = caller.contacts("add_contact_way", {"type": 2, "scene": 2, "user": ["sales2", "sales3"], "state": "c_expo"})
    added = caller.do("customer/add", config_id=way["config_id"], name="展会客")
    assert added["userid"] in ("sales2", "sales3")
    follow = caller.contacts("get", external_userid=added["external_userid"])["follow_user"][0]
    assert follow["state"] == "c_expo"
    assert caller.contacts("get_contact_way", {"config_id": way["config_id"]})["contact_way"]["user"] == ["sales2", "sales3"]
    assert caller.contacts("update_contact_way", {"config_id": way["config_id"], "user": ["sales1"]})["errcode"] == 0
    assert caller.contacts("del_contact_way", {"config_id": way["config_id"]})["errcode"] == 0
    assert caller.contacts("get_contact_way", {"config_id": way["config_id"]})["errcode"] == 41044


def test_a_contact_way_is_checked(caller: Caller) -> None:
    good = {"type": 1, "scene": 2, "user": ["sales1"]}
    assert caller.contacts("add_contact_way", good | {"user": []})["errcode"] == 40058
    assert caller.contacts("add_contact_way", good | {"state": "s" * 31})["errcode"] == 40058
    assert caller.contacts("add_contact_way", good | {"user": ["nobody"]})["errcode"] == 40003


def test_unionid_leads_to_the_contact(caller: Caller) -> None:
    [ext] = caller.befriend("sales1", "甲", unionid="u9")
    assert caller.contacts("unionid_to_external_userid", {"unionid": "u9", "openid": "o1"})["external_userid"] == ext
    assert caller.contacts("unionid_to_external_userid", {"unionid": "u8", "openid": "o1"})["errcode"] == 84061


def test_members_are_readable_within_scope(caller: Caller) -> None:
    assert caller.wecom("user/get", userid="sales1")["name"] == "陈思雨"
    assert caller.wecom("user/get", userid="nobody")["errcode"] == 60111
    caller.world.state.members["sales2"].in_scope = False
    assert caller.wecom("user/get", userid="sales2")["errcode"] == 60011
    assert "sales2" not in {user["userid"] for user in caller.wecom("user/simplelist")["userlist"]}
    assert caller.wecom("agent/get", agentid="1000002")["agentid"] == 1000002
