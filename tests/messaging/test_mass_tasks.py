"""Creating tasks at the platform: once, whatever happens between the call and the answer."""

import datetime as dt
import hashlib

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from core.errors import Later
from core.worker import run_pending
from customers.choices import RelationState
from customers.models import Customer, Relationship
from gateways.wecom import wecom
from messaging import rules
from messaging.choices import MessageState, Reason, TaskState
from messaging.models import Content, MassTask, Media, Message
from messaging.services import mass_tasks
from messaging.services.broadcasts import cancel_tasks, pause_tasks, queue_broadcast, start_tasks
from messaging.services.mass_tasks import create_mass_task, settle_mass_task
from staff.models import AgencyPolicy, User
from tests.messaging.conftest import Corp
from tests.messaging.people import befriend, consent, make_content, plan

pytestmark = pytest.mark.django_db
CAMPAIGN = 7


def queue(**fields: object) -> list[MassTask]:
    """A broadcast to everybody, decided now, its tasks waiting."""
    queue_broadcast(plan(at=clock.now(), campaign_id=CAMPAIGN, **fields), content_id=make_content().id)
    return list(MassTask.objects.order_by("id"))


def state_of(task: MassTask) -> str:
    task.refresh_from_db()
    return task.state


def states() -> list[str]:
    return sorted(Message.objects.values_list("state", flat=True))


@pytest.fixture
def lin(corp: Corp) -> User:
    return corp.member("sales1")


@pytest.fixture
def friends(corp: Corp, lin: User) -> list[Customer]:
    return [corp.friend(lin, name) for name in ("an", "bo", "cai")]


def test_queueing_makes_one_task_per_sender_and_one_message_per_person(corp: Corp, lin: User, friends: list[Customer]) -> None:
    wang = corp.member("sales2")
    corp.friend(wang)
    tasks = queue()
    assert [(task.sender_id, task.state, task.key) for task in tasks] == [
        (lin.id, TaskState.PENDING, rules.task_key(CAMPAIGN, lin.id, 0)),
        (wang.id, TaskState.PENDING, rules.task_key(CAMPAIGN, wang.id, 0)),
    ]
    assert len({task.token for task in tasks}) == 2
    assert Message.objects.filter(task=tasks[0]).count() == 3
    message = Message.objects.get(customer=friends[0])
    assert (message.key, message.sender_id, message.state) == (
        rules.message_key(CAMPAIGN, friends[0].id),
        lin.id,
        MessageState.QUEUED,
    )
    assert message.external_userid == friends[0].relationships.get().external_userid


def test_queueing_again_adds_nobody_twice(friends: list[Customer]) -> None:
    first = queue()
    assert queue_broadcast(plan(at=clock.now(), campaign_id=CAMPAIGN), content_id=first[0].content_id) == 0
    assert Message.objects.count() == 3
    assert list(MassTask.objects.values_list("token", flat=True)) == [first[0].token]


def test_a_task_holds_at_most_ten_thousand(friends: list[Customer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging.services.broadcasts.PEOPLE_PER_TASK", 2)
    tasks = queue()
    assert [task.key for task in tasks] == [rules.task_key(CAMPAIGN, tasks[0].sender_id, chunk) for chunk in (0, 1)]
    assert [Message.objects.filter(task=task).count() for task in tasks] == [2, 1]


def test_a_task_is_created_with_the_card_and_its_token(corp: Corp, lin: User, friends: list[Customer]) -> None:
    (task,) = queue()
    start_tasks(CAMPAIGN)
    assert run_pending("bulk") == 1
    (made,) = corp.tasks()
    assert made["page"] == f"pages/product/index?code=P01&touch={task.token}"
    assert made["senders"] == {"sales1": [friend.relationships.get().external_userid for friend in friends]}
    assert state_of(task) == TaskState.CREATED
    assert task.msgid == made["msgid"]
    assert task.next_poll_at is not None
    assert states() == [MessageState.AWAITING_STAFF] * 3
    assert Media.objects.count() == 1


def test_the_picture_is_uploaded_once_for_many_tasks(corp: Corp, friends: list[Customer]) -> None:
    corp.friend(corp.member("sales2"))
    queue()
    start_tasks(CAMPAIGN)
    run_pending("bulk")
    uploads = corp.simulator.do("journal/find", path="media/upload")
    assert len(uploads) == 1
    assert len(corp.tasks()) == 2


@pytest.mark.parametrize("fault", ["lost_reply", "malformed"])
def test_an_answer_lost_after_the_work_was_done(corp: Corp, friends: list[Customer], fault: str) -> None:
    (task,) = queue()
    corp.simulator.fault(fault, path="add_msg_template", times=1)
    create_mass_task(task.id)
    assert state_of(task) == TaskState.UNKNOWN
    assert states() == [MessageState.QUEUED] * 3
    with pytest.raises(Later):  # the call may still be on its way: too early to believe that it is not
        settle_mass_task(task.id)
    _settle_later(task)
    assert (state_of(task), task.msgid) == (TaskState.CREATED, corp.tasks()[0]["msgid"])
    assert states() == [MessageState.AWAITING_STAFF] * 3
    assert len(corp.tasks()) == 1


@pytest.mark.parametrize(("fault", "value"), [("reset", None), ("http", 502), ("html", None)])
def test_an_answer_lost_before_any_work_was_done(corp: Corp, friends: list[Customer], fault: str, value: object) -> None:
    (task,) = queue()
    corp.simulator.fault(fault, path="add_msg_template", times=1, value=value)
    create_mass_task(task.id)
    assert state_of(task) == TaskState.UNKNOWN
    _settle_later(task)
    assert state_of(task) == TaskState.PENDING
    create_mass_task(task.id)
    assert state_of(task) == TaskState.CREATED
    assert len(corp.tasks()) == 1


def _settle_later(task: MassTask) -> None:
    with time_machine.travel(clock.now() + dt.timedelta(seconds=21)):
        settle_mass_task(task.id)


def test_a_worker_that_dies_between_call_and_record(corp: Corp, friends: list[Customer]) -> None:
    """The intent is committed and the platform did its work, but nobody wrote the answer down."""
    (task,) = queue()
    intent = mass_tasks._commit_intent(task.id)
    assert intent is not None
    wecom().create_mass_task(
        sender="sales1",
        external_userids=intent.external_userids,
        text=intent.task.content.text,
        attachments=[mass_tasks._card(task)],
    )
    create_mass_task(task.id)  # the job runs again, as its lease ran out
    assert state_of(task) == TaskState.UNKNOWN
    create_mass_task(task.id)  # and again: never a second call
    _settle_later(task)
    assert state_of(task) == TaskState.CREATED
    assert len(corp.tasks()) == 1
    assert states() == [MessageState.AWAITING_STAFF] * 3


def test_a_worker_that_dies_before_the_call(corp: Corp, friends: list[Customer]) -> None:
    (task,) = queue()
    mass_tasks._commit_intent(task.id)
    create_mass_task(task.id)
    _settle_later(task)
    create_mass_task(task.id)
    assert state_of(task) == TaskState.CREATED
    assert len(corp.tasks()) == 1


def test_a_late_answer_to_a_call_that_was_given_up_is_welcome(corp: Corp, friends: list[Customer]) -> None:
    (task,) = queue()
    mass_tasks._commit_intent(task.id)
    create_mass_task(task.id)
    assert state_of(task) == TaskState.UNKNOWN
    assert mass_tasks.record_created(task.id, "msg-late", ())
    assert not mass_tasks.record_created(task.id, "msg-late", ())
    assert (state_of(task), task.msgid) == (TaskState.CREATED, "msg-late")


def test_a_definite_no_fails_the_task_and_its_people_and_is_not_repeated(corp: Corp, friends: list[Customer]) -> None:
    (task,) = queue()
    corp.simulator.set(linked_appids=[])
    create_mass_task(task.id)
    assert (state_of(task), task.error) == (TaskState.FAILED, "90207")
    assert states() == [MessageState.FAILED] * 3
    create_mass_task(task.id)
    assert len(corp.simulator.do("journal/find", path="add_msg_template")) == 1


def test_a_busy_platform_is_asked_again_later(corp: Corp, friends: list[Customer]) -> None:
    (task,) = queue()
    corp.simulator.fault("errcode", path="add_msg_template", value=45033, times=1)
    with pytest.raises(Later):
        create_mass_task(task.id)
    assert (state_of(task), task.error) == (TaskState.PENDING, "45033")
    create_mass_task(task.id)
    assert (state_of(task), task.error) == (TaskState.CREATED, "")


def test_a_picture_that_ran_out_is_uploaded_anew(corp: Corp, friends: list[Customer]) -> None:
    (task,) = queue()
    media = wecom().upload_media(kind="image", filename="x.png", content=bytes(task.content.card_image or b""))
    digest = hashlib.sha256(bytes(task.content.card_image or b"")).hexdigest()
    Media.objects.create(sha256=digest, media_id=media.media_id, expires_at=clock.now() + dt.timedelta(hours=1))
    corp.simulator.advance(4 * 86_400)  # the platform forgot it earlier than we believed
    with pytest.raises(Later):
        create_mass_task(task.id)
    create_mass_task(task.id)
    assert state_of(task) == TaskState.CREATED


def test_whom_the_platform_does_not_take(corp: Corp, friends: list[Customer]) -> None:
    corp.simulator.do("staff/delete", userid="sales1", external_userid=friends[1].relationships.get().external_userid)
    (task,) = queue()
    create_mass_task(task.id)
    assert state_of(task) == TaskState.CREATED
    message = Message.objects.get(customer=friends[1])
    assert (message.state, message.error) == (MessageState.FAILED, "not_taken")
    assert states() == [MessageState.AWAITING_STAFF] * 2 + [MessageState.FAILED]


def test_what_changed_since_the_snapshot_is_asked_again(corp: Corp, lin: User, friends: list[Customer]) -> None:
    an, bo, cai = friends
    wang = corp.member("sales2")
    befriend(bo, wang, external_userid="wm_other", added_at=clock.now() - dt.timedelta(days=9))
    (task,) = queue()
    an.consents.update(is_current=False)
    consent(an, granted=False)
    Relationship.objects.filter(customer=bo, user=lin).update(state=RelationState.DELETED_BY_CUSTOMER)
    create_mass_task(task.id)
    assert {message.customer_id: (message.state, message.reason) for message in Message.objects.all()} == {
        an.id: (MessageState.SUPPRESSED, Reason.OPTED_OUT),
        bo.id: (MessageState.SUPPRESSED, Reason.NO_RELATION),  # still wang's friend, but this task is lin's
        cai.id: (MessageState.AWAITING_STAFF, ""),
    }
    assert corp.tasks()[0]["senders"] == {"sales1": [cai.relationships.get().external_userid]}


def test_a_task_without_people_is_not_created(corp: Corp, friends: list[Customer]) -> None:
    (task,) = queue()
    Relationship.objects.update(state=RelationState.DELETED_BY_CUSTOMER)
    create_mass_task(task.id)
    assert (state_of(task), task.error) == (TaskState.CANCELLED, "nobody_left")
    assert states() == [MessageState.SUPPRESSED] * 3
    assert corp.tasks() == []


def test_tasks_wait_for_the_end_of_quiet_hours(corp: Corp, friends: list[Customer], open_hours: AgencyPolicy) -> None:
    (task,) = queue()
    AgencyPolicy.objects.update(quiet_start="21:00", quiet_end="09:00")
    with time_machine.travel(dt.datetime(2026, 11, 18, 15, tzinfo=dt.UTC)), pytest.raises(Later) as later:  # 23:00
        create_mass_task(task.id)
    assert later.value.retry_in_seconds == pytest.approx(10 * 3600 + 1, abs=5)
    assert state_of(task) == TaskState.PENDING


def test_a_paused_task_is_not_created_and_goes_on_afterwards(corp: Corp, friends: list[Customer]) -> None:
    (task,) = queue()
    start_tasks(CAMPAIGN)
    assert pause_tasks(CAMPAIGN) == 1
    run_pending("bulk")
    assert (state_of(task), corp.tasks()) == (TaskState.PENDING, [])
    assert start_tasks(CAMPAIGN) == 1
    run_pending("bulk")
    assert (state_of(task), len(corp.tasks())) == (TaskState.CREATED, 1)


def test_cancelling_before_the_platform_knows(corp: Corp, friends: list[Customer]) -> None:
    (task,) = queue()
    start_tasks(CAMPAIGN)
    assert cancel_tasks(CAMPAIGN) == 1
    run_pending("bulk")
    assert (state_of(task), states(), corp.tasks()) == (TaskState.CANCELLED, [MessageState.CANCELLED] * 3, [])


def test_cancelling_a_task_that_staff_have(corp: Corp, friends: list[Customer]) -> None:
    (task,) = queue()
    create_mass_task(task.id)
    cancel_tasks(CAMPAIGN)
    run_pending("usual")
    assert (state_of(task), states()) == (TaskState.CANCELLED, [MessageState.CANCELLED] * 3)
    assert corp.tasks()[0]["cancelled"] is True


def test_cancelling_keeps_what_was_sent_before(corp: Corp, friends: list[Customer]) -> None:
    (task,) = queue()
    create_mass_task(task.id)
    sent = friends[0].relationships.get().external_userid
    corp.simulator.do("staff/confirm", msgid=corp.tasks()[0]["msgid"], sender="sales1", only=[sent])
    cancel_tasks(CAMPAIGN)
    run_pending("usual")
    assert state_of(task) == TaskState.SETTLED
    assert states() == [MessageState.CANCELLED, MessageState.CANCELLED, MessageState.SENT]
    assert Message.objects.get(customer=friends[0]).state == MessageState.SENT


@pytest.mark.parametrize("exists", [True, False])
def test_cancelling_a_task_of_unknown_outcome(corp: Corp, friends: list[Customer], exists: bool) -> None:
    (task,) = queue()
    corp.simulator.fault("lost_reply" if exists else "reset", path="add_msg_template", times=1)
    create_mass_task(task.id)
    cancel_tasks(CAMPAIGN)
    with pytest.raises(Later):
        mass_tasks_withdraw(task.id)
    _settle_later(task)
    create_mass_task(task.id)
    mass_tasks_withdraw(task.id)
    assert (state_of(task), states()) == (TaskState.CANCELLED, [MessageState.CANCELLED] * 3)
    assert [made["cancelled"] for made in corp.tasks()] == ([True] if exists else [])


def mass_tasks_withdraw(task_id: int) -> None:
    from messaging.services.results import withdraw_mass_task

    withdraw_mass_task(task_id)


def test_two_campaigns_launched_together_see_each_other(corp: Corp, friends: list[Customer], open_hours: AgencyPolicy) -> None:
    AgencyPolicy.objects.update(house_cap_count=1)
    queue(policy=AgencyPolicy.current())
    second = queue_broadcast(plan(at=clock.now(), campaign_id=8, policy=AgencyPolicy.current()), content_id=make_content().id)
    assert second == 0
    (task,) = MassTask.objects.all()
    create_mass_task(task.id)  # the first one is not held back by itself
    assert states() == [MessageState.AWAITING_STAFF] * 3


def test_creating_takes_the_same_queries_for_any_number_of_people(corp: Corp, lin: User) -> None:
    AgencyPolicy.objects.update(house_cap_count=99)
    corp.friend(lin)
    create_mass_task(queue()[0].id)  # token and picture are fetched once
    counts = []
    for campaign, people in ((21, 2), (22, 30)):
        for _ in range(people):
            corp.friend(lin)
        current = plan(at=clock.now(), campaign_id=campaign, policy=AgencyPolicy.current())
        queue_broadcast(current, content_id=Content.objects.get().id)
        with CaptureQueriesContext(connection) as captured:
            create_mass_task(MassTask.objects.get(campaign_id=campaign).id)
        counts.append(len(captured))
    assert counts[0] == counts[1] < 25
    assert [len(made["senders"]["sales1"]) for made in corp.tasks()] == [1, 3, 33]
