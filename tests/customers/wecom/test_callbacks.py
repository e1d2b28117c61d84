"""Callbacks are hints: late, twice, in any order, they lead to the platform's own state. security.md rows 15 and 16."""

import datetime as dt
import itertools
import random
from typing import Any

import pytest
from django.test import Client

from core import clock
from core.models import Event
from core.worker import run_pending
from customers.choices import RelationState
from customers.models import CorpTag, Customer, GroupChat, GroupMember, Relationship
from gateways.models import InboundCallback
from gateways.simulator import callbacks as platform
from gateways.simulator.faults import FORGERIES
from gateways.simulator.state import Delivery
from gateways.simulator.testing import SimulatorHandle, _into
from gateways.simulator.wecom_crypto import encrypt, to_xml
from staff.models import User
from tests.customers.wecom.conftest import Corp, our_state, wait_five_minutes

pytestmark = pytest.mark.django_db
URL = "/callbacks/wecom"


def pending(simulator: SimulatorHandle) -> list[Delivery]:
    """What the platform is about to send, taken out of its queue."""
    with simulator.world.lock:
        found = list(simulator.world.state.deliveries.values())
        simulator.world.state.deliveries.clear()
    return found


def post(simulator: SimulatorHandle, deliveries: list[Delivery], client: Client | None = None) -> list[int]:
    """Send callbacks in this order; the statuses."""
    send = _into(client or Client())
    return [platform.send(simulator.world, Delivery(d.id, d.vendor, "", d.payload, 0.0, twist="copy"), send) for d in deliveries]


def counted(kind: str) -> int:
    return Event.objects.filter(kind=kind).count()


class TestOrder:
    """Row 16: the final state is the platform's, whatever comes first."""

    @pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
    def test_left_and_back_again(self, corp: Corp, order: tuple[int, ...]) -> None:
        ext = corp.add()
        corp.simulator.do("customer/delete", userid="chen", external_userid=ext)
        corp.simulator.do("customer/add", userid="chen", external_userid=ext)
        waiting = pending(corp.simulator)
        for place in order:
            post(corp.simulator, [waiting[place]])
            run_pending()
        assert our_state() == corp.platform_state() == {("chen", ext): RelationState.ACTIVE}
        assert Customer.objects.count() == 1

    @pytest.mark.parametrize("order", list(itertools.permutations(range(2))))
    @pytest.mark.parametrize("by", ["customer", "staff"])
    def test_the_end_before_the_beginning(self, corp: Corp, by: str, order: tuple[int, ...], time_machine: Any) -> None:
        ext = corp.add()
        corp.simulator.do(f"{by}/delete", userid="chen", external_userid=ext)
        waiting = pending(corp.simulator)
        post(corp.simulator, [waiting[place] for place in order])
        run_pending()
        wait_five_minutes(time_machine)  # a hidden newcomer is asked about again
        assert our_state() == corp.platform_state() == {("chen", ext): f"deleted_by_{by}"}
        assert (counted("contact.added"), counted("contact.lost")) == (1, 1)

    def test_three_days_late(self, corp: Corp) -> None:
        ext = corp.add()
        waiting = pending(corp.simulator)
        with corp.simulator.world.lock:
            relation = corp.simulator.world.state.relations["chen"][ext]
            relation.createtime -= 3 * 86_400
            waiting[0].payload["CreateTime"] -= 3 * 86_400
        corp.simulator.do("customer/delete", userid="chen", external_userid=ext)
        corp.deliver()
        post(corp.simulator, waiting)
        run_pending()
        assert our_state() == {("chen", ext): RelationState.DELETED_BY_CUSTOMER}
        assert counted("contact.added") == 1

    def test_two_edits_swapped_and_a_tag_before_its_contact(self, corp: Corp) -> None:
        ext = corp.add()
        tags = [corp.simulator.do("admin/tag", group_name="兴趣", name=name)["tag_id"] for name in ("亲子", "海岛")]
        corp.simulator.do("staff/tag", userid="chen", external_userid=ext, add=[tags[0]])
        corp.simulator.do("staff/tag", userid="chen", external_userid=ext, add=[tags[1]], remove=[tags[0]])
        for delivery in reversed(pending(corp.simulator)):
            post(corp.simulator, [delivery])
            run_pending()
        assert Relationship.objects.get().corp_tags == [tags[1]]
        assert set(CorpTag.objects.values_list("name", flat=True)) == {"亲子", "海岛"}

    def test_an_older_answer_does_not_undo_a_newer_one(self, corp: Corp) -> None:
        ext = corp.add()
        corp.deliver()
        Relationship.objects.update(fetched_at=clock.now() + dt.timedelta(minutes=1), remark="newer")
        with corp.simulator.world.lock:
            corp.simulator.world.state.relations["chen"][ext].remark = "older"
        corp.simulator.do("staff/tag", userid="chen", external_userid=ext)
        corp.deliver()
        assert Relationship.objects.get().remark == "newer"


class TestNewcomers:
    def test_a_newcomer_whom_the_platform_hides_is_kept_and_completed(self, corp: Corp, time_machine: Any) -> None:
        corp.simulator.set(not_yet_visible_calls=1)
        ext = corp.add(name="小周", state="c_x")
        corp.deliver()
        relation = Relationship.objects.get()
        assert (relation.state, relation.channel_state, relation.customer.nickname) == ("active", "c_x", "")
        wait_five_minutes(time_machine)
        customer = Customer.objects.get()
        assert customer.nickname == "小周"
        assert our_state() == {("chen", ext): RelationState.ACTIVE}
        assert counted("contact.added") == 1

    def test_a_member_we_do_not_know_gets_a_sleeping_account(self, corp: Corp) -> None:
        corp.simulator.do("seed", members=[{"userid": "zhao", "name": "赵启明"}])
        corp.add("zhao")
        corp.deliver()
        assert Relationship.objects.get().user == User.objects.get(wecom_userid="zhao", is_active=False)

    def test_many_hints_about_one_contact_cost_one_question(self, corp: Corp) -> None:
        ext = corp.add()
        corp.deliver()
        asked = corp.calls("externalcontact/get")
        with corp.simulator.world.lock:
            start = corp.simulator.world.wall()
        for n in range(20):
            corp.simulator.do("staff/tag", userid="chen", external_userid=ext)
            with corp.simulator.world.lock:
                newest = list(corp.simulator.world.state.deliveries.values())[-1]
                newest.payload["CreateTime"] = start + n
        corp.deliver()
        assert InboundCallback.objects.filter(processed_at__isnull=False).count() == 21
        assert corp.calls("externalcontact/get") == asked + 1


class TestGroupsAndTags:
    def test_a_group_follows_its_callbacks(self, corp: Corp) -> None:
        ext = corp.add()
        chat_id = corp.simulator.do("group/create", owner="chen", name="云南群")["chat_id"]
        corp.simulator.do("group/join", chat_id=chat_id, external_userid=ext)
        corp.simulator.do("group/edit", chat_id=chat_id, name="云南亲子群")
        corp.deliver()
        assert GroupChat.objects.get().name == "云南亲子群"
        assert GroupMember.objects.get(userid=ext).left_at is None
        corp.simulator.do("group/leave", chat_id=chat_id, external_userid=ext)
        corp.deliver()
        assert GroupMember.objects.get(userid=ext).left_at is not None
        corp.simulator.do("group/dismiss", chat_id=chat_id)
        corp.deliver()
        assert GroupChat.objects.get().dismissed_at is not None

    def test_a_deleted_and_a_shuffled_tag(self, corp: Corp) -> None:
        made = [corp.simulator.do("admin/tag", group_name="兴趣", name=name) for name in ("亲子", "海岛")]
        corp.deliver()
        corp.simulator.do("admin/tag_shuffle", group_id=made[0]["group_id"])
        corp.simulator.do("admin/tag_delete", tag_id=made[0]["tag_id"])
        corp.deliver()
        assert list(CorpTag.objects.values_list("name", flat=True)) == ["海岛"]


def sealed(simulator: SimulatorHandle, message: str) -> tuple[str, bytes]:
    """A correctly signed callback with any content: what a compromised or changed platform could send."""
    world = simulator.world
    encrypted = encrypt(
        world.setting("WECOM_CALLBACK_AES_KEY"), world.letters(16).encode(), message, world.setting("WECOM_CORP_ID")
    )
    query = platform.wecom_query(world, encrypted)
    body = to_xml({"ToUserName": "x", "AgentID": "1", "Encrypt": encrypted}).encode()
    return f"{URL}?" + "&".join(f"{name}={value}" for name, value in query.items()), body


class TestHostile:
    """Row 15: 403 or 413, nothing changed; a replay has one effect; what is unknown is kept and answered 200."""

    @pytest.mark.parametrize("twist", [twist for twist in FORGERIES if twist != "signtest"])
    def test_a_forgery_is_refused(self, corp: Corp, twist: str) -> None:
        assert corp.simulator.forge("wecom", twist, Client()) == 403
        assert not InboundCallback.objects.exists()

    @pytest.mark.parametrize("missing", ["msg_signature", "timestamp", "nonce"])
    def test_a_missing_parameter_is_refused(self, corp: Corp, missing: str) -> None:
        url, body = sealed(corp.simulator, "<xml><Event>x</Event></xml>")
        path, _, query = url.partition("?")
        kept = "&".join(part for part in query.split("&") if not part.startswith(f"{missing}="))
        assert Client().post(f"{path}?{kept}", body, content_type="text/xml").status_code == 403

    @pytest.mark.parametrize("seconds", [-30 * 86_400, 3_600])
    def test_an_old_or_future_timestamp_is_refused(self, corp: Corp, seconds: int, time_machine: Any) -> None:
        url, body = sealed(corp.simulator, "<xml><Event>x</Event></xml>")
        time_machine.move_to(clock.now() - dt.timedelta(seconds=seconds))
        assert Client().post(url, body, content_type="text/xml").status_code == 403
        assert not InboundCallback.objects.exists()

    @pytest.mark.parametrize(
        "body",
        [
            b"", b"<xml></xml>", b"not xml", b'{"Encrypt": "x"}', b"<xml><Encrypt>plain text</Encrypt></xml>", b"\xff\xfe\x00",
            b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Encrypt>&a;</Encrypt></xml>',
            b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>',
            b"<a>" * 5_000,
            b"\x1f\x8b\x08\x00" + b"0" * 400,
        ],
    )  # fmt: skip
    def test_what_is_no_callback_is_refused(self, corp: Corp, body: bytes) -> None:
        url, _ = sealed(corp.simulator, "<xml><Event>x</Event></xml>")
        assert Client().post(url, body, content_type="text/xml").status_code == 403
        assert not InboundCallback.objects.exists()

    @pytest.mark.parametrize("size", [70_000, 900_000])
    def test_what_is_too_large_is_not_read(self, corp: Corp, size: int) -> None:
        assert Client().post(URL, b"x" * size, content_type="text/xml").status_code == 413

    def test_a_replay_is_refused_and_a_retry_has_one_effect(self, corp: Corp) -> None:
        corp.add()
        [delivery] = pending(corp.simulator)
        with corp.simulator.world.lock:
            sent = platform.build(corp.simulator.world, delivery)
        assert sent is not None
        send = _into(Client())
        statuses = [send(sent)[0] for _ in range(100)]
        assert (statuses[0], set(statuses[1:])) == (200, {403})
        assert set(post(corp.simulator, [delivery] * 5)) == {200}  # the platform signs a retry anew
        run_pending()
        assert (InboundCallback.objects.count(), counted("contact.added")) == (1, 1)

    @pytest.mark.parametrize(
        "message",
        [
            "<xml><MsgType>event</MsgType><Event>brand_new</Event><CreateTime>1</CreateTime></xml>",
            "<xml><MsgType>hologram</MsgType><MsgId>77</MsgId></xml>",
            "<xml><Event>change_external_contact</Event><ChangeType>add_external_contact</ChangeType></xml>",
            "<xml><Event>change_external_contact</Event><ChangeType>del_follow_user</ChangeType><UserID>chen</UserID>"
            "<ExternalUserID>wm_nobody</ExternalUserID><CreateTime>99999999999999999999</CreateTime></xml>",
            "<xml><Event>change_external_chat</Event><ChangeType>update</ChangeType><ChatId>wr_nobody</ChatId></xml>",
            "<xml><Event>change_external_tag</Event><ChangeType>delete</ChangeType><Id>et_none</Id><TagType>tag</TagType></xml>",
            "<xml><Event>customer_acquisition</Event><ChangeType>friend_request</ChangeType><LinkId>nope</LinkId></xml>",
        ],
    )
    def test_the_unknown_is_kept_and_changes_nothing(self, corp: Corp, message: str) -> None:
        url, body = sealed(corp.simulator, message)
        assert Client().post(url, body, content_type="text/xml").status_code == 200
        run_pending()
        kept = InboundCallback.objects.get()
        assert kept.processed_at is not None
        assert (Customer.objects.count(), Relationship.objects.count(), GroupChat.objects.count()) == (0, 0, 0)

    def test_one_message_id_with_other_content_counts_once(self, corp: Corp) -> None:
        for text in ("a", "b"):
            url, body = sealed(corp.simulator, f"<xml><MsgType>text</MsgType><MsgId>9</MsgId><Content>{text}</Content></xml>")
            assert Client().post(url, body, content_type="text/xml").status_code == 200
        assert InboundCallback.objects.count() == 1

    def test_other_methods_are_not_spoken(self) -> None:
        assert [Client().generic(method, URL).status_code for method in ("PUT", "DELETE", "PATCH")] == [405] * 3
        assert Client().get(URL).status_code == 403


def test_any_order_of_any_story_ends_at_the_platforms_state(corp: Corp, time_machine: Any) -> None:
    """Forty stories of friends who come, leave and return, told three times in five random orders."""
    dice = random.Random(7)
    people = [corp.add(dice.choice(["chen", "wang"]), f"客{n}") for n in range(20)]
    for _ in range(40):
        ext, userid = dice.choice(people), dice.choice(["chen", "wang"])
        deed = dice.choice(["customer/delete", "staff/delete", "customer/add", "staff/tag"])
        corp.simulator.ask(deed, userid=userid, external_userid=ext)
    told = pending(corp.simulator) * 3
    for _ in range(2):
        dice.shuffle(told)
        assert set(post(corp.simulator, told)) == {200}
        run_pending()
    wait_five_minutes(time_machine)
    ours, theirs = our_state(), corp.platform_state()
    assert {pair for pair, state in ours.items() if state == "active"} == {p for p, state in theirs.items() if state == "active"}
    assert all(theirs[pair] == state for pair, state in ours.items())
