"""What came of a task: confirmations, results per person, facts, reminders, the end of the patience."""

import datetime as dt

import pytest
import time_machine

from core import clock
from core.choices import JobState
from core.models import Event, Job
from core.worker import run_pending
from customers.models import Customer
from customers.queries.sources import source_cards
from gateways.errors import GatewayError
from gateways.models import GatewayCall
from messaging.choices import MessageState, TaskState
from messaging.models import MassTask, Message
from messaging.services.broadcasts import queue_broadcast
from messaging.services.mass_tasks import create_mass_task, settle_mass_task
from messaging.services.results import poll_due_tasks, poll_mass_task, refresh_results, remind
from messaging.services.touches import record_click
from staff.models import User
from tests.messaging.conftest import Corp
from tests.messaging.people import make_content, plan

pytestmark = pytest.mark.django_db
CAMPAIGN = 7


@pytest.fixture
def lin(corp: Corp) -> User:
    return corp.member("sales1")


@pytest.fixture
def friends(corp: Corp, lin: User) -> list[Customer]:
    return [corp.friend(lin, name) for name in ("an", "bo", "cai")]


@pytest.fixture
def task(friends: list[Customer]) -> MassTask:
    """A task that stands at the platform and waits for lin's thumb."""
    queue_broadcast(plan(at=clock.now(), campaign_id=CAMPAIGN), content_id=make_content().id)
    made = MassTask.objects.get()
    create_mass_task(made.id)
    made.refresh_from_db()
    return made


def external(customer: Customer) -> str:
    return customer.relationships.get().external_userid


def state_of(customer: Customer) -> str:
    return Message.objects.get(customer=customer).state


def test_nothing_is_sent_before_staff_confirm(task: MassTask, friends: list[Customer]) -> None:
    poll_mass_task(task.id)
    task.refresh_from_db()
    assert task.state == TaskState.CREATED
    assert task.polled_at is not None
    assert {state_of(friend) for friend in friends} == {MessageState.AWAITING_STAFF}
    assert not Event.objects.filter(kind="message.sent").exists()


def test_each_persons_result_is_the_platforms(corp: Corp, task: MassTask, friends: list[Customer]) -> None:
    an, bo, cai = friends
    corp.simulator.do("customer/delete", userid="sales1", external_userid=external(bo))
    corp.simulator.set(cap_rule="day_1")
    with corp.simulator.world.lock:
        corp.simulator.world.state.contacts[external(cai)].mass_received.append(corp.simulator.world.now())
    corp.simulator.do("staff/confirm", msgid=task.msgid, sender="sales1")
    poll_mass_task(task.id)
    task.refresh_from_db()
    assert (state_of(an), state_of(bo), state_of(cai)) == (MessageState.SENT, MessageState.NOT_FRIEND, MessageState.OVER_CAP)
    assert (task.state, task.next_poll_at) == (TaskState.SETTLED, None)
    assert task.confirmed_at is not None
    sent = Message.objects.get(customer=an)
    assert sent.created_at <= sent.sent_at <= clock.now()  # type: ignore[operator]


def test_results_read_twice_change_nothing_and_the_fact_stands_once(corp: Corp, task: MassTask, friends: list[Customer]) -> None:
    corp.simulator.do("staff/confirm", msgid=task.msgid, sender="sales1", only=[external(friends[0])])
    for _ in range(3):
        poll_mass_task(task.id)
    facts = Event.objects.filter(kind="message.sent")
    assert [(fact.customer_id, fact.props["campaign_id"]) for fact in facts] == [(friends[0].id, CAMPAIGN)]
    task.refresh_from_db()
    assert task.state == TaskState.CONFIRMED


def test_people_whom_the_member_did_not_choose_are_given_up(corp: Corp, task: MassTask, friends: list[Customer]) -> None:
    corp.simulator.do("staff/confirm", msgid=task.msgid, sender="sales1", only=[external(friends[0])])
    poll_mass_task(task.id)
    with time_machine.travel(clock.now() + dt.timedelta(minutes=3)):
        poll_mass_task(task.id)
    task.refresh_from_db()
    assert (task.state, task.next_poll_at) == (TaskState.SETTLED, None)
    assert [state_of(friend) for friend in friends] == [MessageState.SENT, MessageState.EXPIRED, MessageState.EXPIRED]


def test_asked_too_early_the_platform_has_nothing_to_say(corp: Corp, friends: list[Customer]) -> None:
    corp.simulator.set(dispatch_seconds=60)
    queue_broadcast(plan(at=clock.now(), campaign_id=CAMPAIGN), content_id=make_content().id)
    early = MassTask.objects.get()
    create_mass_task(early.id)
    poll_mass_task(early.id)
    early.refresh_from_db()
    assert (early.state, early.polled_at) == (TaskState.CREATED, None)
    assert early.next_poll_at is not None
    assert early.next_poll_at - clock.now() > dt.timedelta(seconds=10)  # not again at once
    call = GatewayCall.objects.get(api__endswith="get_groupmsg_task")
    assert (call.outcome, call.errcode) == ("waiting", "41063")
    assert next(card for card in source_cards() if card.name == "wecom").errors == 0


def test_a_failing_platform_fails_the_look_not_the_task(corp: Corp, task: MassTask) -> None:
    corp.simulator.fault("http", path="get_groupmsg_task", value=502)
    with pytest.raises(GatewayError):
        poll_mass_task(task.id)
    task.refresh_from_db()
    assert task.state == TaskState.CREATED


def test_due_tasks_are_polled_once_each(corp: Corp, task: MassTask, friends: list[Customer]) -> None:
    corp.simulator.do("staff/confirm", msgid=task.msgid, sender="sales1")
    poll_due_tasks()
    assert not Job.objects.filter(function__endswith="poll_mass_task").exists()  # not yet
    MassTask.objects.update(next_poll_at=clock.now())
    poll_due_tasks()
    poll_due_tasks()
    assert Job.objects.filter(function__endswith="poll_mass_task", state=JobState.PENDING).count() == 1
    run_pending("usual")
    assert {state_of(friend) for friend in friends} == {MessageState.SENT}


def test_a_refresh_asks_about_every_live_task(corp: Corp, task: MassTask, friends: list[Customer]) -> None:
    corp.simulator.do("staff/confirm", msgid=task.msgid, sender="sales1")
    assert refresh_results(CAMPAIGN) == 1
    run_pending("usual")
    assert {state_of(friend) for friend in friends} == {MessageState.SENT}
    assert refresh_results(CAMPAIGN) == 0


def test_after_72_hours_nobody_can_confirm_any_more(corp: Corp, task: MassTask, friends: list[Customer]) -> None:
    with time_machine.travel(clock.now() + dt.timedelta(hours=72, minutes=1)):
        poll_mass_task(task.id)
    task.refresh_from_db()
    assert (task.state, task.next_poll_at) == (TaskState.EXPIRED, None)
    assert {state_of(friend) for friend in friends} == {MessageState.EXPIRED}
    assert corp.tasks()[0]["cancelled"] is True


def test_what_was_confirmed_before_the_end_counts(corp: Corp, task: MassTask, friends: list[Customer]) -> None:
    corp.simulator.do("staff/confirm", msgid=task.msgid, sender="sales1", only=[external(friends[2])])
    with time_machine.travel(clock.now() + dt.timedelta(hours=73)):
        poll_mass_task(task.id)
    task.refresh_from_db()
    assert task.state == TaskState.SETTLED
    assert [state_of(friend) for friend in friends] == [MessageState.EXPIRED, MessageState.EXPIRED, MessageState.SENT]


def test_three_reminders_a_day(corp: Corp, task: MassTask) -> None:
    now = clock.now()
    for minutes in range(4):
        with time_machine.travel(now + dt.timedelta(minutes=minutes)):
            assert remind([task.id]) == (1 if minutes < 3 else 0)
    run_pending("usual")
    assert corp.tasks()[0]["reminded"] == 3
    with time_machine.travel(now + dt.timedelta(hours=25)):
        assert remind([task.id]) == 1


def test_nobody_is_reminded_who_confirmed(corp: Corp, task: MassTask) -> None:
    corp.simulator.do("staff/confirm", msgid=task.msgid, sender="sales1")
    poll_mass_task(task.id)
    assert remind([task.id]) == 0


def test_a_task_whose_jobs_were_lost_is_adopted(corp: Corp, friends: list[Customer]) -> None:
    queue_broadcast(plan(at=clock.now(), campaign_id=CAMPAIGN), content_id=make_content().id)
    lost = MassTask.objects.get()
    corp.simulator.fault("lost_reply", path="add_msg_template", times=1)
    create_mass_task(lost.id)
    Job.objects.all().delete()
    MassTask.objects.update(called_at=clock.now() - dt.timedelta(minutes=10))
    poll_due_tasks()
    run_pending("usual")
    lost.refresh_from_db()
    assert lost.state == TaskState.CREATED
    settle_mass_task(lost.id)  # nothing left to settle
    assert len(corp.tasks()) == 1


class TestClicks:
    def test_the_first_opening_counts(self, corp: Corp, task: MassTask, friends: list[Customer]) -> None:
        assert record_click(token=task.token, customer_id=friends[0].id) is True
        first = Message.objects.get(customer=friends[0]).clicked_at
        assert record_click(token=task.token, customer_id=friends[0].id) is False
        assert Message.objects.get(customer=friends[0]).clicked_at == first
        (fact,) = Event.objects.filter(kind="message.clicked")
        assert (fact.customer_id, fact.occurred_at) == (friends[0].id, first)

    def test_a_forwarded_card_counts_for_nobody(self, corp: Corp, lin: User, task: MassTask) -> None:
        stranger = corp.friend(lin)
        assert record_click(token=task.token, customer_id=stranger.id) is False
        assert not Event.objects.filter(kind="message.clicked").exists()

    def test_an_unknown_token(self, task: MassTask) -> None:
        assert record_click(token="nothing", customer_id=1) is None

    def test_a_click_before_the_result_asks_the_platform(self, corp: Corp, task: MassTask, friends: list[Customer]) -> None:
        corp.simulator.do("staff/confirm", msgid=task.msgid, sender="sales1")
        record_click(token=task.token, customer_id=friends[0].id)
        run_pending("usual")
        assert state_of(friends[0]) == MessageState.SENT
