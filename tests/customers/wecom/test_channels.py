"""Codes and links: pushed as shifts change, capped, paused, withdrawn; their newcomers attributed, tagged, welcomed."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client

from core import clock
from core.errors import Refused
from core.models import Event, Job
from core.worker import run_pending
from customers.choices import AlertKind, ChannelKind, WayKind
from customers.models import AcquisitionChannel, ChannelAlert, ContactWay, CorpMember, Customer, Relationship, WayDay
from customers.queries.channels import Funnel, funnels
from customers.rules.shifts import Answerer, Roster, Span, next_change, roster_at
from customers.services.channels import ways
from customers.services.channels.pushing import push_way
from customers.services.channels.ways import ShiftLine
from messaging.choices import MessageState
from messaging.models import Message
from staff.models import User
from tagging.models import CustomerTags, Tag, TagGroup
from tests.customers.wecom.conftest import Corp

WEEK = frozenset(range(5))
DAY, NIGHT = Span(WEEK, dt.time(9), dt.time(18)), Span(frozenset({4}), dt.time(22), dt.time(2))


def shanghai(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """A moment of November 2026 in Shanghai; the 23rd is a Monday."""
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=clock.SHANGHAI)


class TestRules:
    @pytest.mark.parametrize(
        ("at", "on"),
        [
            (shanghai(23, 9), True), (shanghai(23, 8, 59), False), (shanghai(23, 18), False), (shanghai(28, 12), False),
        ],
    )  # fmt: skip
    def test_hours_of_a_day(self, at: dt.datetime, on: bool) -> None:
        assert roster_at([Answerer("chen", (DAY,))], None, at) == Roster(("chen",) if on else ())

    @pytest.mark.parametrize(
        ("at", "on"), [(shanghai(27, 23), True), (shanghai(28, 1), True), (shanghai(28, 2), False), (shanghai(27, 1), False)]
    )
    def test_a_night_shift_goes_past_midnight(self, at: dt.datetime, on: bool) -> None:
        assert bool(roster_at([Answerer("chen", (NIGHT,))], None, at).userids) is on

    def test_caps_absences_and_the_spare(self) -> None:
        at, spare = shanghai(23, 12), Answerer("wang")
        full = Answerer("chen", daily_cap=3, added_today=3)
        assert roster_at([full], spare, at) == Roster(("wang",), is_spare=True)
        assert roster_at([full, Answerer("li")], spare, at) == Roster(("li",))
        assert roster_at([Answerer("li", is_away=True)], None, at) == Roster(())
        assert roster_at([Answerer("li", can_serve=False)], Answerer("wang", is_away=True), at) == Roster(())
        assert roster_at([Answerer("li")], spare, at, is_paused=True) == Roster(("wang",), is_spare=True)

    @pytest.mark.parametrize(
        ("members", "at", "then"),
        [
            ([Answerer("chen", (DAY,))], shanghai(23, 8), shanghai(23, 9)),
            ([Answerer("chen", (DAY,))], shanghai(23, 9), shanghai(23, 18)),
            ([Answerer("chen", (DAY,))], shanghai(27, 19), shanghai(30, 9)),
            ([Answerer("chen", (NIGHT,))], shanghai(27, 23), shanghai(28, 2)),
            ([Answerer("chen", (DAY,)), Answerer("li", daily_cap=9)], shanghai(23, 19), shanghai(24, 0)),
            ([Answerer("chen")], shanghai(23, 8), None),
        ],
    )
    def test_when_it_changes_next(self, members: list[Answerer], at: dt.datetime, then: dt.datetime | None) -> None:
        assert next_change(members, at) == then


@pytest.fixture
def channel(db: None) -> AcquisitionChannel:
    """小红书 > 云南亲子笔记."""
    root = ways.save_channel(None, name="小红书", kind=ChannelKind.XIAOHONGSHU, welcome_text="小红书的朋友你好")
    return ways.save_channel(None, name="云南亲子笔记", kind=ChannelKind.STORE, parent=root)


def code(corp: Corp, channel: AcquisitionChannel, *lines: ShiftLine, **more: Any) -> ContactWay:
    """A code that stands at the platform."""
    way = ways.create_way(None, channel=channel, name="笔记一", lines=lines, **more)
    run_pending()
    way.refresh_from_db()
    assert way.config_id, way.error
    return way


def behind(corp: Corp, way: ContactWay) -> list[str]:
    """Who answers at the platform."""
    with corp.simulator.world.lock:
        state = corp.simulator.world.state
        found = state.contact_ways.get(way.config_id) or state.links_of_members[way.config_id]
        return list(found.user)


@pytest.mark.django_db
class TestPushing:
    def test_a_code_is_made_once_with_its_state_and_picture(self, corp: Corp, channel: AcquisitionChannel, chen: User) -> None:
        way = code(corp, channel, ShiftLine(chen.pk))
        with corp.simulator.world.lock:
            [made] = corp.simulator.world.state.contact_ways.values()
        assert (made.state, made.user, made.remark) == (way.state, ["chen"], "云南亲子笔记·笔记一")
        assert bytes(way.picture or b"").startswith(b"\x89PNG")
        assert channel.kind == ChannelKind.XIAOHONGSHU  # a child is of its parent's kind

    def test_a_lost_answer_makes_no_second_code(self, corp: Corp, channel: AcquisitionChannel, chen: User) -> None:
        corp.simulator.fault("lost_reply", path="add_contact_way", times=1)
        way = ways.create_way(None, channel=channel, name="笔记一", lines=[ShiftLine(chen.pk)])
        run_pending()
        Job.objects.filter(state="pending").update(run_at=clock.now() - dt.timedelta(minutes=1))
        run_pending()
        way.refresh_from_db()
        with corp.simulator.world.lock:
            assert list(corp.simulator.world.state.contact_ways) == [way.config_id]

    def test_the_shifts_change_and_only_what_differs_is_pushed(
        self, corp: Corp, channel: AcquisitionChannel, chen: User, wang: User, time_machine: Any
    ) -> None:
        start = clock.day_bounds(clock.today() + dt.timedelta(days=2))[0]  # ahead, because the ledger keeps its own time
        time_machine.move_to(start + dt.timedelta(hours=10), tick=True)
        day = ShiftLine(chen.pk, weekdays=tuple(range(7)), starts=dt.time(9), ends=dt.time(18))
        evening = ShiftLine(wang.pk, weekdays=tuple(range(7)), starts=dt.time(18), ends=dt.time(22))
        way = code(corp, channel, day, evening)
        assert (behind(corp, way), way.next_change_at) == (["chen"], start + dt.timedelta(hours=18))
        push_way(way.pk)
        assert corp.calls("update_contact_way") == 0
        time_machine.move_to(start + dt.timedelta(hours=18, minutes=1), tick=True)
        push_way(way.pk)
        assert (behind(corp, way), corp.calls("update_contact_way")) == (["wang"], 1)
        then = start + dt.timedelta(hours=22)
        assert Job.objects.filter(function__endswith="push_way", run_at=then).count() == 1

    def test_a_full_member_is_taken_off_until_midnight(
        self, corp: Corp, channel: AcquisitionChannel, chen: User, wang: User
    ) -> None:
        way = code(corp, channel, ShiftLine(chen.pk, daily_cap=1), spare=wang)
        corp.add("", config_id=way.config_id)
        corp.deliver()
        assert behind(corp, way) == ["wang"]
        way.refresh_from_db()
        assert way.next_change_at == clock.day_bounds(clock.today())[1]

    def test_an_absence_and_its_end(self, corp: Corp, channel: AcquisitionChannel, chen: User, wang: User, lin: User) -> None:
        way = code(corp, channel, ShiftLine(chen.pk), ShiftLine(wang.pk))
        absence = ways.add_absence(lin, user=chen, starts_on=clock.today(), ends_on=clock.today(), reason="年假")
        run_pending()
        assert behind(corp, way) == ["wang"]
        ways.end_absence(lin, absence)
        run_pending()
        assert behind(corp, way) == ["chen", "wang"]

    def test_pause_resume_withdraw(self, corp: Corp, channel: AcquisitionChannel, chen: User, wang: User, lin: User) -> None:
        way = code(corp, channel, ShiftLine(chen.pk))
        with pytest.raises(Refused) as refused:
            ways.pause_way(lin, way)
        assert refused.value.code == "no_spare"
        ways.edit_way(lin, way, name="笔记一", spare=wang, lines=[ShiftLine(chen.pk)])
        ways.pause_way(lin, way)
        run_pending()
        assert behind(corp, way) == ["wang"]
        ways.resume_way(lin, way)
        run_pending()
        assert behind(corp, way) == ["chen"]
        ways.withdraw_way(lin, way)
        run_pending()
        with corp.simulator.world.lock:
            assert not corp.simulator.world.state.contact_ways

    def test_a_member_without_the_right_and_a_refusal_are_told(
        self, corp: Corp, channel: AcquisitionChannel, chen: User, wang: User
    ) -> None:
        way = code(corp, channel, ShiftLine(chen.pk), ShiftLine(wang.pk))
        corp.simulator.do("member/set", userid="chen", serves=False)
        corp.sync()
        assert CorpMember.objects.get(userid="chen").serves is False
        push_way(way.pk)
        alert = ChannelAlert.objects.get()
        assert (alert.kind, alert.user, behind(corp, way)) == (AlertKind.MEMBER_UNAVAILABLE, chen, ["wang"])
        corp.simulator.do("member/set", userid="chen", serves=True)
        corp.sync()
        push_way(way.pk)
        alert.refresh_from_db()
        assert alert.closed_at is not None

    def test_a_link_and_its_quota(self, corp: Corp, channel: AcquisitionChannel, chen: User) -> None:
        corp.simulator.set(acquisition_balance=20)
        way = code(corp, channel, ShiftLine(chen.pk), kind=WayKind.LINK)
        ext = corp.add("", link_id=way.config_id, state=way.state)
        corp.simulator.do("customer/message", userid="chen", external_userid=ext, text="你好")
        corp.deliver()
        assert ChannelAlert.objects.get().kind == AlertKind.QUOTA_LOW
        assert WayDay.objects.get().opened == 1
        assert Relationship.objects.get().last_chat_at is not None


@pytest.mark.django_db
class TestNewcomers:
    def test_the_channel_is_their_source_gives_tags_and_greets(self, corp: Corp, channel: AcquisitionChannel, chen: User) -> None:
        group = TagGroup.objects.create(name="来源", dimension="source")
        tag = Tag.objects.create(group=group, name="小红书")
        AcquisitionChannel.objects.filter(pk=channel.pk).update(tag_ids=[tag.pk])
        way = code(corp, channel, ShiftLine(chen.pk))
        ext = corp.add("", config_id=way.config_id)
        corp.deliver()
        customer = Customer.objects.get()
        assert customer.source == "小红书 · 云南亲子笔记"
        assert CustomerTags.objects.get(customer=customer).tag_ids == [tag.pk]
        assert Event.objects.filter(kind="channel.joined", customer_id=customer.pk).count() == 1
        assert "小红书的朋友你好" in str(corp.simulator.do("customer/inbox", external_userid=ext))
        assert Message.objects.get().state == MessageState.SENT

    def test_a_strangers_state_changes_nothing(self, corp: Corp) -> None:
        corp.add(state="c_nobody")
        corp.deliver()
        assert Customer.objects.get().source == "wecom"
        assert not Event.objects.filter(kind="channel.joined").exists()

    def test_the_funnel_counts_people_and_what_they_did_since(self, corp: Corp, channel: AcquisitionChannel, chen: User) -> None:
        way = code(corp, channel, ShiftLine(chen.pk))
        people = [corp.add("", config_id=way.config_id, name=f"客{n}") for n in range(3)]
        corp.simulator.do("customer/delete", userid="chen", external_userid=people[2])
        corp.deliver()
        assert [Client().get(f"/j/{way.state}").status_code for _ in range(5)] == [200] * 5
        assert Client().head(f"/j/{way.state}").status_code == 200
        first = Relationship.objects.get(external_userid=people[0])
        later = first.added_at + dt.timedelta(minutes=1)
        for kind, customer in (("chat.received", first.customer_id), ("order.paid", first.customer_id), ("order.paid", 999)):
            Event.objects.create(key=uuid.uuid4(), kind=kind, customer_id=customer, occurred_at=later, props={})
        today = clock.today()
        found = funnels([way.pk], today, today, clock.day_bounds(today))
        assert found == {way.pk: Funnel(way.pk, opened=5, added=3, stayed=2, spoke=1, ordered=1)}


@pytest.mark.django_db
class TestLanding:
    def test_a_withdrawn_code_says_so_and_counts_nothing(
        self, corp: Corp, channel: AcquisitionChannel, chen: User, lin: User
    ) -> None:
        way = code(corp, channel, ShiftLine(chen.pk))
        assert Client().get(f"/j/{way.state}/code.png").content.startswith(b"\x89PNG")
        ways.withdraw_way(lin, way)
        assert Client().get(f"/j/{way.state}").status_code == 410
        assert Client().get(f"/j/{way.state}/code.png").status_code == 404
        assert Client().get("/j/c_nobody").status_code == 404
        assert not WayDay.objects.exists()
