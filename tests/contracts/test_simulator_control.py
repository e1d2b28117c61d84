"""The control plane, the virtual clock and snapshots."""

import time
from pathlib import Path

import pytest

from gateways.simulator.engine import Simulator
from gateways.simulator.store import Keeper, load, save
from tests.contracts.caller import Caller, order_body


def test_the_clock_goes_forward_stops_and_runs_on(caller: Caller) -> None:
    before = caller.world.now()
    caller.do("clock/advance", days=1, hours=1, seconds=1)
    assert caller.world.now() == before + 90_001
    assert caller.refused("clock/advance", seconds=-1)[0] == 400
    caller.do("clock/resume")
    assert not caller.world.clock.frozen
    assert caller.world.now() == pytest.approx(before + 90_001, abs=5)
    caller.do("clock/freeze")
    assert caller.world.clock.frozen


def test_what_is_reported_carries_the_applications_time(caller: Caller) -> None:
    caller.do("clock/advance", days=30)
    ids = caller.befriend("sales1", "甲")
    msgid = caller.contacts("add_msg_template", {"external_userid": ids, "text": {"content": "x"}})["msgid"]
    caller.do("staff/confirm", msgid=msgid, sender="sales1")
    assert abs(caller.world.state.mass_tasks[msgid].create_time - time.time()) < 5
    assert abs(caller.do("customer/inbox", who=ids[0])[0]["at"] - time.time()) < 5


def test_unknown_verbs_and_wrong_arguments(caller: Caller) -> None:
    assert caller.refused("no/such")[0] == 404
    assert caller.refused("clock/advance", minutes=1)[0] == 400
    assert caller.refused("clock/advance", seconds="soon")[0] == 400
    assert caller.refused("config/set", changes={"colour": "red"})[0] == 400
    assert caller.refused("config/set", changes={"dispatch_seconds": "long"})[0] == 400
    assert caller.refused("customer/inbox", who="nobody")[0] == 404
    assert caller.refused("staff/confirm", msgid="none", sender="sales1")[0] == 404
    assert caller.session.post("http://127.0.0.1/_sim/state", data=b"{").status_code == 400


def test_a_get_does_as_well(caller: Caller) -> None:
    reply = caller.session.get("http://127.0.0.1/_sim/clock/advance", params={"seconds": "60"})
    assert reply.status_code == 200
    reply = caller.session.get("http://127.0.0.1/_sim/customers", params={"limit": "5"})
    assert reply.json() == []


def test_seeding_people(caller: Caller) -> None:
    contact = {
        "name": "陈女士",
        "openid": "o1",
        "phone": "13800000001",
        "relations": [{"userid": "sales1", "createtime": 1700000000}],
    }
    reply = caller.do("seed", members=[{"userid": "guide1", "name": "导游"}], contacts=[contact], mini_users=[{"openid": "o2"}])
    [ext] = reply["external_userids"]
    assert caller.contacts("get", external_userid=ext)["follow_user"][0]["createtime"] == 1700000000
    assert caller.do("customer/login_code", who=ext)["openid"] == "o1"
    assert caller.do("customer/profile", who="13800000001")["external_userid"] == ext
    assert caller.do("customer/login_code", who="o2")["openid"] == "o2"
    assert "guide1" in caller.contacts("get_follow_user_list")["follow_user"]
    assert caller.refused("seed", contacts=[{"name": "x", "relations": [{"userid": "nobody"}]}])[0] == 400
    assert caller.do("state")["counts"]["contacts"] == 1
    assert not caller.world.state.deliveries


def test_a_mini_program_user_becomes_a_friend(caller: Caller) -> None:
    user = caller.do("customer/login_code", nickname="路人甲")
    added = caller.do("customer/add", userid="sales1", openid=user["openid"])
    assert added["unionid"] == user["unionid"]
    assert caller.do("customer/login_code", who=added["external_userid"])["openid"] == user["openid"]
    assert caller.refused("customer/add", userid="sales1", external_userid=added["external_userid"])[0] == 409
    caller.do("customer/delete", userid="sales1", external_userid=added["external_userid"])
    again = caller.do("customer/add", userid="sales1", external_userid=added["external_userid"])
    assert again["external_userid"] == added["external_userid"]
    assert caller.refused("customer/add", userid="finance", name="x")[0] == 404


def test_the_phones_show_chats(caller: Caller) -> None:
    [ext] = caller.befriend("sales1", "甲")
    caller.do("customer/message", userid="sales1", external_userid=ext, text="还有位置吗?")
    caller.do("staff/message", userid="sales1", external_userid=ext, text="有的")
    assert [(line["from"], line["text"]) for line in caller.do("customer/inbox", who=ext)] == [
        ("customer", "还有位置吗?"),
        ("sales1", "有的"),
    ]
    [chat] = caller.do("staff/inbox", userid="sales1")["chats"]
    assert (chat["name"], chat["last"]["text"]) == ("甲", "有的")
    assert caller.do("customers", search="甲")[0]["who"] == ext
    assert {m["userid"]: m["friends"] for m in caller.do("members")}["sales1"] == 1
    assert caller.refused("customer/message", userid="sales2", external_userid=ext, text="x")[0] == 409


def test_a_reset_forgets_all_but_the_address(caller: Caller) -> None:
    caller.befriend("sales1", "甲")
    caller.do("reset")
    state = caller.do("state")
    assert (state["counts"]["contacts"], state["counts"]["members"]) == (0, 8)
    assert state["config"]["public_url"] == "http://testserver"


def test_a_snapshot_brings_the_world_back(caller: Caller, tmp_path: Path) -> None:
    path = tmp_path / "sim" / "state.json"
    openid = caller.do("customer/login_code", nickname="陈女士")["openid"]
    caller.pay("POST", "/v3/pay/transactions/jsapi", order_body(openid))
    caller.do("pay/confirm", out_trade_no="SH202611240001")
    caller.do("clock/advance", days=2)
    ids = caller.befriend("sales1", "甲")
    msgid = caller.contacts("add_msg_template", {"external_userid": ids, "text": {"content": "x"}})["msgid"]
    save(caller.world, path)
    again = Caller(Simulator(load(path)))
    assert again.world.clock.state.offset == 2 * 86_400
    assert again.do("staff/confirm", msgid=msgid, sender="sales1")["sent"] == 1
    assert len(again.deliver()) == 1
    assert again.world.new_id("x") not in {caller.world.new_id("x"), ""}
    assert list(path.parent.iterdir()) == [path]


def test_ids_are_never_given_twice_across_a_restart(caller: Caller, tmp_path: Path) -> None:
    before = [caller.world.new_id("wm") for _ in range(50)]
    save(caller.world, tmp_path / "state.json")
    again = Caller(Simulator(load(tmp_path / "state.json")))
    after = [again.world.new_id("wm") for _ in range(50)]
    assert not set(before) & set(after)
    assert {len(value) for value in before + after} == {32}


def test_a_broken_snapshot_is_named(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text('{"config": 7}')
    with pytest.raises(ValueError, match="is not a snapshot of this simulator"):
        load(path)
    assert load(tmp_path / "none.json").members["sales1"].name == "陈思雨"


def test_the_keeper_saves_only_changes(caller: Caller, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    keeper = Keeper(caller.world, path)
    keeper.save_if_changed()
    assert not path.exists()
    keeper.start()
    caller.do("clock/freeze")
    keeper.stop()
    assert load(path).clock.frozen_at is not None
