"""Our WeCom client against the simulated platform, over HTTP; read-only against the real one with LIVE_WECOM=1."""

import datetime as dt
import os
from typing import Any

import pytest

from core import clock
from gateways.errors import CallbackRefused, GatewayError
from gateways.models import GatewayCall, UsedNonce
from gateways.simulator import callbacks
from gateways.simulator.testing import SimulatorHandle
from gateways.wecom import (
    ConfirmationStatus,
    DeliveryStatus,
    ImageAttachment,
    LinkAttachment,
    MiniProgramAttachment,
    TagGroup,
    WeCom,
    wecom,
)
from gateways.wecom.live import LiveWeCom
from gateways.wecom.simulated import SimulatedWeCom
from tests.contracts.caller import Application

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


@pytest.fixture
def client(simulator: SimulatorHandle) -> WeCom:
    """The client the settings choose."""
    simulator.set(dispatch_seconds=30, short_page_rate=0.5, unknown_field_rate=1.0)
    return wecom()


def friend(simulator: SimulatorHandle, name: str, userid: str = "sales1", **more: Any) -> str:
    """Somebody becomes a member's friend; the external_userid."""
    return str(simulator.do("customer/add", userid=userid, name=name, **more)["external_userid"])


def refused(errcode: int, call: Any, *args: Any, **arguments: Any) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        call(*args, **arguments)
    assert caught.value.errcode == str(errcode)
    return caught.value


def test_the_settings_choose_the_simulated_client(client: WeCom) -> None:
    assert isinstance(client, SimulatedWeCom)
    assert wecom() is client


class TestContacts:
    def test_members_who_serve_customers(self, client: WeCom) -> None:
        assert {"sales1", "sales2", "sales3", "planner"} <= set(client.list_follow_users())
        assert "finance" not in client.list_follow_users()

    def test_one_contact_with_everyone_who_follows_it(self, client: WeCom, simulator: SimulatorHandle) -> None:
        external_userid = friend(simulator, "张三", gender=1, state="c_7", unionid="u_zhang")
        friend(simulator, "张三", "sales2", external_userid=external_userid)
        found = client.get_contact(external_userid)
        assert (found.external_userid, found.name, found.kind, found.gender, found.unionid) == (
            external_userid,
            "张三",
            1,
            1,
            "u_zhang",
        )
        assert {user.userid: user.state for user in found.follow_users} == {"sales1": "c_7", "sales2": ""}
        assert abs(found.follow_users[0].created_at - clock.now()) < dt.timedelta(minutes=1)

    def test_every_page_of_many_contacts(self, client: WeCom, simulator: SimulatorHandle) -> None:
        people = [{"external_userid": f"wm{n:04d}", "name": f"客户{n}", "relations": [{"userid": "sales1"}]} for n in range(250)]
        simulator.do("seed", contacts=people)
        seen, cursor, pages = set(), "", 0
        while pages == 0 or cursor:
            page = client.list_contacts(["sales1"], cursor)
            seen |= {contact.external_userid for contact in page.contacts}
            assert all(len(contact.follow_users) == 1 for contact in page.contacts)
            cursor, pages = page.next_cursor, pages + 1
        assert seen == {person["external_userid"] for person in people}
        assert pages >= 3

    def test_a_remark_changes_only_what_is_given(self, client: WeCom, simulator: SimulatorHandle) -> None:
        external_userid = friend(simulator, "张三")
        client.set_remark(userid="sales1", external_userid=external_userid, remark="张三-云南", remark_mobiles=["13800000001"])
        client.set_remark(userid="sales1", external_userid=external_userid, description="亲子, 两大一小")
        (user,) = client.get_contact(external_userid).follow_users
        assert (user.remark, user.description, user.remark_mobiles) == ("张三-云南", "亲子, 两大一小", ("13800000001",))
        client.set_remark(userid="sales1", external_userid=external_userid, remark="", remark_mobiles=[])
        (user,) = client.get_contact(external_userid).follow_users
        assert (user.remark, user.description, user.remark_mobiles) == ("", "亲子, 两大一小", ())

    def test_somebody_who_is_no_friend_yet(self, client: WeCom, simulator: SimulatorHandle) -> None:
        simulator.set(not_yet_visible_calls=1)
        external_userid = friend(simulator, "张三")
        assert refused(84061, client.get_contact, external_userid).retryable
        assert client.get_contact(external_userid).name == "张三"
        refused(40096, client.get_contact, "wm_nobody")


class TestTags:
    def test_the_life_of_a_tag(self, client: WeCom, simulator: SimulatorHandle) -> None:
        made = client.add_corp_tag("出行偏好", ["亲子", "摄影"])
        assert [tag.name for tag in made.tags] == ["亲子", "摄影"]
        more = client.add_corp_tag("", ["徒步"], group_id=made.group_id)
        client.edit_corp_tag(tag_id=made.tags[1].id, name="人像摄影", order=5)
        (group,) = client.list_corp_tags(group_ids=[made.group_id])
        assert (group.group_id, group.name) == (made.group_id, "出行偏好")
        assert {tag.id: (tag.name, tag.order) for tag in group.tags} == {
            made.tags[0].id: ("亲子", 0),
            made.tags[1].id: ("人像摄影", 5),
            more.tags[0].id: ("徒步", 0),
        }
        client.delete_corp_tag(tag_ids=[made.tags[0].id])
        assert made.tags[0].id not in {tag.id for group in client.list_corp_tags() for tag in group.tags}
        client.delete_corp_tag(group_ids=[made.group_id])
        assert client.list_corp_tags() == []

    def test_marking_and_unmarking(self, client: WeCom, simulator: SimulatorHandle) -> None:
        first, second = client.add_corp_tag("出行偏好", ["亲子", "摄影"]).tags
        external_userid = friend(simulator, "张三")
        client.mark_tag(userid="sales1", external_userid=external_userid, add=[first.id])
        client.mark_tag(userid="sales1", external_userid=external_userid, add=[second.id], remove=[first.id])
        (user,) = client.get_contact(external_userid).follow_users
        assert [(tag.tag_id, tag.name, tag.group_name, tag.kind) for tag in user.tags] == [(second.id, "摄影", "出行偏好", 1)]
        (contact,) = client.list_contacts(["sales1"]).contacts
        assert [tag.tag_id for tag in contact.follow_users[0].tags] == [second.id]
        assert simulator.deliver() == 1, "only the new friend: what we did ourselves makes no callback"

    def test_what_the_platform_refuses(self, client: WeCom, simulator: SimulatorHandle) -> None:
        group: TagGroup = client.add_corp_tag("出行偏好", ["亲子"])
        foreign = simulator.do("admin/tag", group_name="管理员的组", name="VIP")["tag_id"]
        external_userid = friend(simulator, "张三")
        refused(40071, client.add_corp_tag, "", ["亲子"], group_id=group.group_id)
        refused(301002, client.edit_corp_tag, tag_id=foreign, name="我的")
        refused(40063, client.mark_tag, userid="sales1", external_userid=external_userid)
        refused(40068, client.mark_tag, userid="sales1", external_userid=external_userid, add=["et_none"])


class TestMassSend:
    def test_from_creation_to_every_customers_result(self, client: WeCom, simulator: SimulatorHandle) -> None:
        simulator.do("clock/freeze")
        stays, leaves = friend(simulator, "张三"), friend(simulator, "李四")
        cover = client.upload_media(kind="image", filename="封面.png", content=PNG)
        card = MiniProgramAttachment(
            "云南亲子六日", cover.media_id, "wx51m0000000000001", "pages/product/index?code=P01&touch=t1"
        )
        started = clock.now()
        task = client.create_mass_task(
            sender="sales1", external_userids=[stays, leaves, "wm_nobody"], text="春节早鸟🏔", attachments=[card]
        )
        assert task.fail_list == ("wm_nobody",)
        error = refused(41063, client.mass_task_confirmations, task.msgid)
        assert (error.retryable, error.wait_seconds) == (True, 60)
        simulator.advance(31)
        (waiting,) = client.mass_task_confirmations(task.msgid)
        assert (waiting.userid, waiting.status, waiting.send_time) == ("sales1", ConfirmationStatus.UNCONFIRMED, None)
        assert {d.status for d in client.mass_task_results(task.msgid, "sales1")} == {DeliveryStatus.NOT_SENT}
        simulator.do("customer/delete", userid="sales1", external_userid=leaves)
        simulator.do("staff/confirm", msgid=task.msgid, sender="sales1")
        (confirmed,) = client.mass_task_confirmations(task.msgid)
        assert confirmed.status is ConfirmationStatus.CONFIRMED
        assert confirmed.send_time is not None
        assert abs(confirmed.send_time - clock.now()) < dt.timedelta(minutes=1)
        results = {d.external_userid: d.status for d in client.mass_task_results(task.msgid, "sales1")}
        assert results == {stays: DeliveryStatus.SENT, leaves: DeliveryStatus.NOT_FRIEND}
        minute = dt.timedelta(minutes=1)
        (listed,) = client.list_mass_tasks(created_after=started - minute, created_before=clock.now() + minute)
        assert (listed.msgid, listed.text, listed.attachments) == (task.msgid, "春节早鸟🏔", (card,))
        assert abs(listed.create_time - started) < minute

    def test_a_lost_answer_is_found_in_the_list(self, client: WeCom, simulator: SimulatorHandle) -> None:
        external_userid = friend(simulator, "张三")
        simulator.fault("lost_reply", path="add_msg_template", times=1)
        started = clock.now()
        link = LinkAttachment("行程", "https://scrm.example/t/abc", "", "六天五晚")
        with pytest.raises(GatewayError) as caught:
            client.create_mass_task(sender="sales1", external_userids=[external_userid], text="春节早鸟", attachments=[link])
        assert (caught.value.retryable, caught.value.ambiguous) == (True, True)
        minute = dt.timedelta(minutes=1)
        (listed,) = client.list_mass_tasks(created_after=started - minute, created_before=clock.now() + minute)
        assert listed.attachments == (link,)

    def test_every_page_of_many_results(self, client: WeCom, simulator: SimulatorHandle) -> None:
        ids = [f"wm{n:04d}" for n in range(1500)]
        simulator.do("seed", contacts=[{"external_userid": i, "name": i, "relations": [{"userid": "sales1"}]} for i in ids])
        simulator.set(dispatch_seconds=0)
        task = client.create_mass_task(sender="sales1", external_userids=ids, text="春节早鸟")
        assert [d.external_userid for d in client.mass_task_results(task.msgid, "sales1")] == ids

    def test_reminding_and_cancelling(self, client: WeCom, simulator: SimulatorHandle) -> None:
        task = client.create_mass_task(sender="sales1", external_userids=[friend(simulator, "张三")], text="春节早鸟")
        for _ in range(3):
            client.remind_mass_task(task.msgid)
        refused(41094, client.remind_mass_task, task.msgid)
        client.cancel_mass_task(task.msgid)
        refused(41093, client.cancel_mass_task, task.msgid)

    def test_what_the_platform_refuses(self, client: WeCom, simulator: SimulatorHandle) -> None:
        external_userid = friend(simulator, "张三")

        def create(**changes: Any) -> object:
            return client.create_mass_task(
                **{"sender": "sales1", "external_userids": [external_userid], "text": "春节", **changes}
            )

        cover = client.upload_media(kind="image", filename="a.png", content=PNG).media_id
        page = "pages/product/index"
        refused(41048, create, external_userids=["wm_nobody"])
        refused(40058, create, text="长" * 1334)
        refused(41064, create, attachments=[LinkAttachment("a", "https://a.example/")] * 10)
        refused(90207, create, attachments=[MiniProgramAttachment("a", cover, "wx_foreign", page)])
        refused(40058, create, attachments=[MiniProgramAttachment("标" * 22, cover, "wx51m0000000000001", page)])
        simulator.advance(3 * 86_400)
        error = refused(40007, create, attachments=[ImageAttachment(cover)])
        assert not error.ambiguous


class TestOtherMessages:
    def test_media_expire_before_the_platform_forgets_them(self, client: WeCom) -> None:
        media = client.upload_media(kind="image", filename="a.png", content=PNG)
        assert abs(media.expires_at - clock.now() - dt.timedelta(hours=66)) < dt.timedelta(minutes=1)

    def test_a_welcome_is_sent_once_and_in_time(self, client: WeCom, simulator: SimulatorHandle) -> None:
        simulator.do("clock/freeze")
        added = simulator.do("customer/add", userid="sales1", name="张三")
        client.send_welcome(welcome_code=added["welcome_code"], text="您好,我是您的旅行顾问")
        refused(41051, client.send_welcome, welcome_code=added["welcome_code"], text="再问好")
        late = simulator.do("customer/add", userid="sales1", name="李四")
        simulator.advance(21)
        refused(41050, client.send_welcome, welcome_code=late["welcome_code"], text="您好")

    def test_a_card_to_members(self, client: WeCom, simulator: SimulatorHandle) -> None:
        unreachable = client.send_staff_message(
            userids=["sales1", "nobody"], title="待确认", description="春节早鸟", url="https://scrm.example/tasks"
        )
        assert unreachable == ["nobody"]
        assert "春节早鸟" in str(simulator.do("staff/inbox", userid="sales1"))
        refused(81013, client.send_staff_message, userids=["nobody"], title="a", description="b", url="https://scrm.example/")


class TestTroubles:
    def test_tokens_that_end_early_cost_one_repeat(self, client: WeCom, simulator: SimulatorHandle) -> None:
        client.list_follow_users()
        simulator.fault("expire", path="get_follow_user_list", times=1)
        assert client.list_follow_users()
        assert list(GatewayCall.objects.order_by("id").values_list("api", "errcode")) == [
            ("gettoken", ""),
            ("externalcontact/get_follow_user_list", ""),
            ("externalcontact/get_follow_user_list", "42001"),
            ("gettoken", ""),
            ("externalcontact/get_follow_user_list", ""),
        ]

    @pytest.mark.parametrize(
        ("fault", "errcode", "ambiguous"),
        [
            ({"kind": "errcode", "value": -1}, "-1", True),
            ({"kind": "html"}, "bad-answer", True),
            ({"kind": "http", "value": 502}, "http-502", True),
            ({"kind": "reset"}, "unreachable", True),
            ({"kind": "malformed"}, "bad-answer", True),
            ({"kind": "errcode", "value": 45033}, "45033", False),
        ],
    )
    def test_faults_that_pass(
        self, client: WeCom, simulator: SimulatorHandle, fault: dict[str, Any], errcode: str, ambiguous: bool
    ) -> None:
        simulator.fault(**fault, path="get_follow_user_list", times=1)
        with pytest.raises(GatewayError) as caught:
            client.list_follow_users()
        assert (caught.value.errcode, caught.value.retryable, caught.value.ambiguous) == (errcode, True, ambiguous)
        assert client.list_follow_users()

    def test_the_platforms_quota_closes_our_door(self, client: WeCom, simulator: SimulatorHandle) -> None:
        simulator.set(quotas={"externalcontact/get_follow_user_list": 2})
        client.list_follow_users()
        client.list_follow_users()
        assert refused(45009, client.list_follow_users).retry_in_seconds == 60
        refused(45009, client.list_follow_users)
        assert GatewayCall.objects.filter(api="externalcontact/get_follow_user_list").count() == 3
        client.list_corp_tags()

    def test_an_address_that_is_not_trusted(self, client: WeCom, simulator: SimulatorHandle) -> None:
        simulator.set(trusted_ips=["203.0.113.1"])
        error = refused(60020, client.list_follow_users)
        assert not error.retryable
        assert error.help_url.endswith("e=60020")
        assert error.request_id

    def test_calls_are_noted_without_a_body(self, client: WeCom, simulator: SimulatorHandle) -> None:
        client.set_remark(userid="sales1", external_userid=friend(simulator, "张三"), remark_mobiles=["13800000001"])
        noted = str(list(GatewayCall.objects.values()))
        assert "externalcontact/remark" in noted
        assert "13800000001" not in noted


class TestCallbacks:
    @pytest.fixture
    def application(self) -> Application:
        """Keeps what the platform sends."""
        return Application()

    def test_a_new_friend_arrives_as_plain_fields(
        self, client: WeCom, simulator: SimulatorHandle, application: Application
    ) -> None:
        added = simulator.do("customer/add", userid="sales1", name="张三", state="c_7")
        callbacks.deliver_due(simulator.world, application)
        (sent,) = application.received
        event = client.decrypt_callback(sent.query, sent.body)
        assert event.fields == {
            "ToUserName": "wwsim0shanhai00001",
            "FromUserName": "sys",
            "CreateTime": event.fields["CreateTime"],
            "MsgType": "event",
            "Event": "change_external_contact",
            "ChangeType": "add_external_contact",
            "UserID": "sales1",
            "ExternalUserID": added["external_userid"],
            "State": "c_7",
            "WelcomeCode": added["welcome_code"],
        }
        assert UsedNonce.objects.count() == 1

    @pytest.mark.parametrize("twist", ["bad_signature", "wrong_receiver", "stale", "bad_padding", "huge_nonce"])
    def test_forgeries_are_refused(self, client: WeCom, simulator: SimulatorHandle, application: Application, twist: str) -> None:
        callbacks.forge(simulator.world, "wecom", twist, application)
        with pytest.raises(CallbackRefused):
            client.decrypt_callback(application.received[0].query, application.received[0].body)

    def test_a_replay_is_refused(self, client: WeCom, simulator: SimulatorHandle, application: Application) -> None:
        friend(simulator, "张三")
        callbacks.deliver_due(simulator.world, application)
        (sent,) = application.received
        client.decrypt_callback(sent.query, sent.body)
        with pytest.raises(CallbackRefused, match="replayed"):
            client.decrypt_callback(sent.query, sent.body)

    def test_the_console_checks_our_address(self, client: WeCom, simulator: SimulatorHandle) -> None:
        ok, _reply = callbacks.verify_url(simulator.world, lambda outgoing: (200, client.verify_url(outgoing.query)))
        assert ok


@pytest.mark.skipif(not os.environ.get("LIVE_WECOM"), reason="set LIVE_WECOM=1 and the WECOM_* variables of a test corp")
def test_the_real_platform_reads_the_same() -> None:
    names = ("CORP_ID", "AGENT_ID", "SECRET", "CALLBACK_TOKEN", "CALLBACK_AES_KEY")
    client = LiveWeCom({f"WECOM_{name}": os.environ[f"WECOM_{name}"] for name in names})
    members = client.list_follow_users()
    assert members
    assert all(tag.id and tag.name for group in client.list_corp_tags() for tag in group.tags)
    for contact in client.list_contacts(members[:1]).contacts[:3]:
        assert client.get_contact(contact.external_userid).external_userid == contact.external_userid
