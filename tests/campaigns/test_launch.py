"""From a draft to the frozen audience: once, for everybody exactly one fate, at the right hour, with the right approval."""

import datetime as dt
import threading

import pytest
import time_machine
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from campaigns.choices import Arm, CampaignState
from campaigns.models import Campaign, Recipient
from campaigns.services import drafts
from campaigns.services.launch import (
    advance_campaigns,
    cancel_campaign,
    dispatch_campaign,
    launch_campaign,
    pause_all,
    pause_campaign,
    resume_campaign,
)
from core import clock
from core.errors import Later, Refused
from core.models import Job
from core.worker import run_pending
from customers.models import Customer
from messaging import rules
from messaging.choices import MessageState, Reason, TaskState
from messaging.models import MassTask, Message
from messaging.services.results import poll_due_tasks
from staff.models import AgencyPolicy, AuditEntry, User
from tagging.models import Segment
from tests.campaigns.conftest import draft
from tests.messaging.conftest import Corp
from tests.messaging.people import make_customer, suppress_phone

pytestmark = pytest.mark.django_db


def fates(campaign: Campaign) -> dict[str, int]:
    rows = Recipient.objects.filter(campaign=campaign)
    return {arm: rows.filter(arm=arm).count() for arm in Arm.values}


def state_of(campaign: Campaign) -> str:
    campaign.refresh_from_db()
    return campaign.state


def test_everybody_has_exactly_one_fate_and_every_treated_person_one_message(
    campaign: Campaign, friends: list[Customer], ops: User
) -> None:
    stranger, silent, refused = make_customer(), make_customer(), make_customer()
    silent.consents.all().delete()
    suppress_phone(refused)
    launch_campaign(campaign, actor=ops)
    dispatch_campaign(campaign.id)
    held_out = {friend.id for friend in friends if rules.is_held_out(campaign.salt, friend.id, 20)}
    assert fates(campaign) == {Arm.TREATED: 30 - len(held_out), Arm.HOLDOUT: len(held_out), Arm.EXCLUDED: 3}
    assert set(Recipient.objects.filter(arm=Arm.HOLDOUT).values_list("customer_id", flat=True)) == held_out
    excluded = dict(Recipient.objects.filter(arm=Arm.EXCLUDED).values_list("customer_id", "reason"))
    assert excluded == {person.id: Reason.NO_RELATION for person in (stranger, silent, refused)}
    treated = Recipient.objects.filter(arm=Arm.TREATED)
    assert {one.customer_id: one.message_id for one in treated} == dict(Message.objects.values_list("customer_id", "id"))
    assert not Recipient.objects.exclude(arm=Arm.TREATED).exclude(message=None).exists()


def test_launching_twice_is_one_launch(campaign: Campaign, friends: list[Customer], ops: User) -> None:
    launch_campaign(campaign, actor=ops)
    with pytest.raises(Refused) as refusal:
        launch_campaign(campaign, actor=ops)
    assert refusal.value.code == "already_launched"
    for _ in range(3):
        dispatch_campaign(campaign.id)
    before = list(Recipient.objects.order_by("id").values_list("id", "customer_id", "arm"))
    make_customer(friend_of=User.objects.get(username="sales1"))  # somebody who came later
    dispatch_campaign(campaign.id)
    assert list(Recipient.objects.order_by("id").values_list("id", "customer_id", "arm")) == before
    assert MassTask.objects.count() == 2


def test_the_whole_way_through_the_worker(campaign: Campaign, friends: list[Customer], ops: User, corp: Corp) -> None:
    launch_campaign(campaign, actor=ops)
    assert state_of(campaign) == CampaignState.LAUNCHING
    run_pending()
    advance_campaigns()
    assert state_of(campaign) == CampaignState.AWAITING_STAFF
    assert len(corp.tasks()) == 2
    corp.simulator.do("staff/confirm_all")
    MassTask.objects.update(next_poll_at=clock.now())
    for _ in range(2):
        poll_due_tasks()
        run_pending()
    advance_campaigns()
    assert state_of(campaign) == CampaignState.FINISHED
    assert campaign.finished_at is not None
    assert not Message.objects.exclude(state=MessageState.SENT).exists()


def test_the_frozen_condition_stays(campaign: Campaign, friends: list[Customer], ops: User, everybody: Segment) -> None:
    campaign.launch_at = clock.now() + dt.timedelta(hours=1)
    campaign.save()
    launch_campaign(campaign, actor=ops)
    assert state_of(campaign) == CampaignState.SCHEDULED
    everybody.condition = {"lifecycle": {"values": ["lost"]}}
    everybody.save()
    with time_machine.travel(clock.now() + dt.timedelta(hours=2)):
        dispatch_campaign(campaign.id)
    assert Recipient.objects.count() == 30


def test_a_scheduled_campaign_waits_for_its_hour(campaign: Campaign, friends: list[Customer], ops: User) -> None:
    campaign.launch_at = clock.now() + dt.timedelta(hours=5)
    campaign.save()
    launch_campaign(campaign, actor=ops)
    assert Job.objects.get(function__endswith="dispatch_campaign").run_at == campaign.launch_at
    with pytest.raises(Later):
        dispatch_campaign(campaign.id)
    assert Recipient.objects.count() == 0


def test_quiet_hours_put_the_launch_off_and_leave_nobody_out(campaign: Campaign, friends: list[Customer], ops: User) -> None:
    AgencyPolicy.objects.update(quiet_start="21:00", quiet_end="09:00")
    with time_machine.travel(dt.datetime(2026, 11, 18, 15, tzinfo=dt.UTC)):  # 23:00
        launch_campaign(campaign, actor=ops)
        assert state_of(campaign) == CampaignState.SCHEDULED
        assert campaign.launch_at == dt.datetime(2026, 11, 19, 1, tzinfo=dt.UTC)
        with pytest.raises(Later):
            dispatch_campaign(campaign.id)
    with time_machine.travel(dt.datetime(2026, 11, 19, 1, 0, 1, tzinfo=dt.UTC)):
        dispatch_campaign(campaign.id)
    assert fates(campaign)[Arm.EXCLUDED] == 0


class TestApproval:
    @pytest.fixture(autouse=True)
    def strict(self, friends: list[Customer]) -> None:
        AgencyPolicy.objects.update(approval_limit=10)

    def test_above_the_limit_somebody_else_must_agree(self, campaign: Campaign, ops: User, boss: User) -> None:
        with pytest.raises(Refused) as refusal:
            launch_campaign(campaign, actor=ops)
        assert refusal.value.code == "approval_needed"
        assert state_of(campaign) == CampaignState.DRAFT
        drafts.submit_campaign(campaign, actor=ops)
        drafts.approve_campaign(campaign, actor=boss)
        launch_campaign(campaign, actor=ops)
        assert state_of(campaign) == CampaignState.LAUNCHING
        actions = AuditEntry.objects.filter(object_id=str(campaign.id)).order_by("id").values_list("action", flat=True)
        assert list(actions) == ["campaigns.create", "campaigns.submit", "campaigns.approve", "campaigns.launch"]

    def test_nobody_approves_their_own(self, campaign: Campaign, ops: User) -> None:
        drafts.submit_campaign(campaign, actor=ops)
        with pytest.raises(Refused) as refusal:
            drafts.approve_campaign(campaign, actor=ops)
        assert refusal.value.code == "own_campaign"
        campaign.refresh_from_db()
        assert campaign.approved_by is None

    def test_a_change_voids_the_approval(self, campaign: Campaign, ops: User, boss: User, everybody: Segment) -> None:
        drafts.submit_campaign(campaign, actor=ops)
        drafts.approve_campaign(campaign, actor=boss)
        drafts.update_campaign(campaign, draft(everybody, text="换了一段文案"), actor=ops)
        campaign.refresh_from_db()
        assert (campaign.approved_by, campaign.state) == (None, CampaignState.DRAFT)
        with pytest.raises(Refused):
            launch_campaign(campaign, actor=ops)

    def test_returned_with_a_word(self, campaign: Campaign, ops: User, boss: User) -> None:
        drafts.submit_campaign(campaign, actor=ops)
        drafts.return_campaign(campaign, actor=boss, note="标题再短一点")
        campaign.refresh_from_db()
        assert (campaign.state, campaign.error) == (CampaignState.DRAFT, "标题再短一点")


def test_forbidden_words_stop_the_launch(campaign: Campaign, friends: list[Customer], ops: User) -> None:
    campaign.content.text = "全网最低价"
    campaign.content.save()
    with pytest.raises(Refused) as refusal:
        launch_campaign(campaign, actor=ops)
    assert refusal.value.code == "wording"
    assert not Job.objects.filter(function__endswith="dispatch_campaign").exists()


def test_nobody_to_reach(campaign: Campaign, open_hours: AgencyPolicy, ops: User) -> None:
    make_customer()
    with pytest.raises(Refused) as refusal:
        launch_campaign(campaign, actor=ops)
    assert refusal.value.code == "nobody"


def test_pause_and_go_on(campaign: Campaign, friends: list[Customer], ops: User, corp: Corp) -> None:
    launch_campaign(campaign, actor=ops)
    dispatch_campaign(campaign.id)
    assert pause_campaign(campaign, actor=ops) == 2
    run_pending()
    advance_campaigns()
    assert (state_of(campaign), corp.tasks()) == (CampaignState.PAUSED, [])
    resume_campaign(campaign, actor=ops)
    run_pending()
    assert len(corp.tasks()) == 2


def test_pause_before_the_snapshot(campaign: Campaign, friends: list[Customer], ops: User) -> None:
    launch_campaign(campaign, actor=ops)
    assert pause_all(actor=ops) == 1
    run_pending()
    assert Recipient.objects.count() == 0
    resume_campaign(campaign, actor=ops)
    run_pending()
    assert Recipient.objects.count() == 30


def test_cancel_stops_everything_that_is_not_confirmed(
    campaign: Campaign, friends: list[Customer], ops: User, corp: Corp
) -> None:
    launch_campaign(campaign, actor=ops)
    run_pending()
    corp.simulator.do("staff/confirm_all", userid="sales1")
    cancel_campaign(campaign, actor=ops)
    run_pending()
    assert state_of(campaign) == CampaignState.CANCELLED
    assert all(made["cancelled"] for made in corp.tasks())
    by_sender = {task.sender.username: task.state for task in MassTask.objects.select_related("sender")}
    assert by_sender == {"sales1": TaskState.SETTLED, "sales2": TaskState.CANCELLED}
    assert set(Message.objects.filter(sender__username="sales1").values_list("state", flat=True)) == {MessageState.SENT}
    assert set(Message.objects.filter(sender__username="sales2").values_list("state", flat=True)) == {MessageState.CANCELLED}
    with pytest.raises(Refused):
        cancel_campaign(campaign, actor=ops)


def test_a_copy_draws_its_own_hold_out(campaign: Campaign, ops: User) -> None:
    copy = drafts.duplicate_campaign(campaign, actor=ops)
    assert (copy.state, copy.segment_id, copy.content.text) == (CampaignState.DRAFT, campaign.segment_id, campaign.content.text)
    assert copy.salt != campaign.salt
    assert copy.content_id != campaign.content_id


def test_the_launch_takes_the_same_queries_for_any_number_of_people(
    campaign: Campaign, friends: list[Customer], ops: User, corp: Corp, everybody: Segment
) -> None:
    AgencyPolicy.objects.update(house_cap_count=99)
    counts = []
    for number, more in enumerate((0, 90)):
        for _ in range(more):
            make_customer(friend_of=User.objects.get(username="sales1"))
        current = drafts.create_campaign(draft(everybody, name=f"n{number}"), actor=ops)
        launch_campaign(current, actor=ops)
        with CaptureQueriesContext(connection) as captured:
            dispatch_campaign(current.id)
        counts.append(len(captured))
        assert Recipient.objects.filter(campaign=current).count() == 30 + more
    assert counts == [26, 26]


@pytest.mark.django_db(transaction=True)
def test_two_workers_take_one_snapshot(campaign: Campaign, friends: list[Customer], ops: User) -> None:
    launch_campaign(campaign, actor=ops)
    gate, errors = threading.Barrier(2), []

    def work() -> None:
        try:
            gate.wait()
            dispatch_campaign(campaign.id)
        except Exception as error:  # noqa: BLE001 - reported by the test below
            errors.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert errors == []
    assert Recipient.objects.count() == 30
    assert Message.objects.count() == Recipient.objects.filter(arm=Arm.TREATED).count()
