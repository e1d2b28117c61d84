"""A message to one customer without a card: created once at the platform, whatever becomes of the answer."""

import datetime as dt

import pytest
import time_machine

from core import clock
from core.errors import Refused
from customers.choices import Purpose
from customers.models import Customer
from messaging.choices import MessageState, TaskState
from messaging.models import MassTask, Message
from messaging.services.mass_tasks import create_mass_task, settle_mass_task
from messaging.services.single import send_single, withdraw_single
from staff.models import User
from tests.messaging.conftest import Corp
from tests.messaging.people import consent

pytestmark = pytest.mark.django_db


@pytest.fixture
def lin(corp: Corp) -> User:
    return corp.member("sales1")


@pytest.fixture
def an(corp: Corp, lin: User) -> Customer:
    return corp.friend(lin, "an")


def write(customer: Customer, by: User, text: str = "明早八点集合") -> MassTask:
    message = send_single(customer, actor=by, text=text, purpose=Purpose.MARKETING)
    assert message.task_id is not None
    return MassTask.objects.get(pk=message.task_id)


def test_it_stands_at_the_platform_and_waits_for_the_member(corp: Corp, lin: User, an: Customer) -> None:
    task = write(an, lin)
    create_mass_task(task.id)
    task.refresh_from_db()
    assert (task.state, Message.objects.get().state) == (TaskState.CREATED, MessageState.AWAITING_STAFF)
    assert [(made["text"], made["page"]) for made in corp.tasks()] == [("明早八点集合", "")]


@pytest.mark.parametrize(("fault", "made"), [("lost_reply", 1), ("reset", 0)])
def test_an_unclear_call_is_settled_by_its_words(corp: Corp, lin: User, an: Customer, fault: str, made: int) -> None:
    earlier = write(an, lin)  # the same words, sent before: not to be taken for the new one
    create_mass_task(earlier.id)
    task = write(an, lin)
    corp.simulator.fault(fault, path="add_msg_template", times=1)
    create_mass_task(task.id)
    with time_machine.travel(clock.now() + dt.timedelta(seconds=21)):
        settle_mass_task(task.id)
    task.refresh_from_db()
    assert task.state == (TaskState.CREATED if made else TaskState.PENDING)
    assert len(corp.tasks()) == 1 + made
    assert task.msgid not in {"x", MassTask.objects.get(pk=earlier.pk).msgid}


def test_the_governor_is_asked_and_the_same_words_wait(corp: Corp, lin: User, an: Customer) -> None:
    consent(an, granted=False, purpose=Purpose.SERVICE)
    with pytest.raises(Refused) as refused:
        send_single(an, actor=lin, text="x", purpose=Purpose.SERVICE)
    assert refused.value.code == "opted_out"
    write(an, lin)
    with pytest.raises(Refused) as refused:
        write(an, lin)
    assert refused.value.code == "same_words"
    withdraw_single(Message.objects.get(), actor=lin)
    assert MassTask.objects.get().state == TaskState.CANCELLED
