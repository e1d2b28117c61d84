"""Our client for codes, links, group chats and hand-over against the simulated platform."""

import datetime as dt

import pytest

from core import clock
from gateways.errors import GatewayError
from gateways.simulator.testing import SimulatorHandle
from gateways.wecom import AcquisitionCustomer, TransferState, WeCom, wecom

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(simulator: SimulatorHandle) -> WeCom:
    """The client the settings choose; the platform adds fields nobody documented."""
    simulator.set(unknown_field_rate=1.0)
    return wecom()


def test_members_and_their_contacts(client: WeCom, simulator: SimulatorHandle) -> None:
    assert {member.userid: member.name for member in client.list_members()}["sales1"] == "陈思雨"
    assert client.list_contact_ids("sales1") == []
    added = simulator.do("customer/add", userid="sales1", name="甲")["external_userid"]
    assert client.list_contact_ids("sales1") == [added]


def test_a_code_is_made_changed_listed_and_withdrawn(client: WeCom) -> None:
    way = client.add_contact_way(users=["sales1"], state="c_abc", remark="湖滨店")
    client.update_contact_way(way.config_id, users=["sales2", "sales3"], skip_verify=False)
    found = client.get_contact_way(way.config_id)
    assert (found.users, found.state, found.remark, found.skip_verify) == (("sales2", "sales3"), "c_abc", "湖滨店", False)
    assert found.qr_code == way.qr_code
    assert client.list_contact_ways(created_after=clock.now() - dt.timedelta(hours=1)) == [way.config_id]
    client.delete_contact_way(way.config_id)
    with pytest.raises(GatewayError) as caught:
        client.get_contact_way(way.config_id)
    assert (caught.value.errcode, caught.value.retryable) == ("41044", False)


def test_the_picture_of_a_code_comes_from_the_platforms_own_host_only(client: WeCom) -> None:
    way = client.add_contact_way(users=["sales1"], state="c_abc")
    assert client.contact_way_picture(way.qr_code).startswith(b"\x89PNG")
    for elsewhere in ("https://evil.example.com/x.png", "http://wework.qpic.cn/wwpic/x/0", "https://wework.qpic.cn:99/x"):
        with pytest.raises(GatewayError):
            client.contact_way_picture(elsewhere)


def test_a_link_and_who_came_by_it(client: WeCom, simulator: SimulatorHandle) -> None:
    link = client.create_link(name="抖音", users=["sales1"])
    client.update_link(link.link_id, users=["sales2"])
    found = client.get_link(link.link_id)
    assert (found.users, found.name, found.url) == (("sales2",), "抖音", link.url)
    assert client.list_links() == [link.link_id]
    added = simulator.do("customer/add", link_id=link.link_id, name="小周", state="c_dy")["external_userid"]
    page = client.list_link_customers(link.link_id)
    assert page.customers == (AcquisitionCustomer(added, "sales2", has_spoken=False, state="c_dy"),)
    quota = client.acquisition_quota()
    assert (quota.total, quota.balance, quota.expires_at) == (1000, 999, None)
    client.delete_link(link.link_id)
    assert client.list_links() == []


def test_a_group_chat_with_its_members(client: WeCom, simulator: SimulatorHandle) -> None:
    added = simulator.do("customer/add", userid="sales1", name="甲")["external_userid"]
    chat_id = simulator.do("group/create", owner="sales1", name="云南亲子群", external_userids=[added])["chat_id"]
    assert client.list_group_chats(owners=["sales1"]).chat_ids == (chat_id,)
    chat = client.get_group_chat(chat_id)
    assert (chat.name, chat.owner) == ("云南亲子群", "sales1")
    assert [(member.userid, member.kind, member.name) for member in chat.members] == [("sales1", 1, "陈思雨"), (added, 2, "甲")]
    simulator.do("group/dismiss", chat_id=chat_id)
    with pytest.raises(GatewayError) as caught:
        client.get_group_chat(chat_id)
    assert (caught.value.errcode, caught.value.retryable) == ("40050", False)


def test_a_hand_over(client: WeCom, simulator: SimulatorHandle) -> None:
    added = simulator.do("customer/add", userid="sales1", name="甲")["external_userid"]
    refused = client.transfer_customers(from_userid="sales1", to_userid="sales2", external_userids=[added, "wm_nobody"])
    assert refused == ["wm_nobody"]
    [waiting] = client.transfer_results(from_userid="sales1", to_userid="sales2")
    assert (waiting.external_userid, waiting.state, waiting.taken_at) == (added, TransferState.WAITING, None)
    simulator.advance(90_000)
    [done] = client.transfer_results(from_userid="sales1", to_userid="sales2")
    assert done.state is TransferState.DONE
    assert done.taken_at is not None
