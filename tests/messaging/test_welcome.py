"""The welcome goes out by itself, in time or not at all."""

import datetime as dt

import pytest
from django.test import Client

from core.worker import run_pending
from customers.models import Relationship
from gateways.simulator.testing import SimulatorHandle
from messaging.services.welcome import welcome_contact
from staff.models import AgencyPolicy, User

pytestmark = pytest.mark.django_db


def befriend(simulator: SimulatorHandle) -> str:
    simulator.do("seed", members=[{"userid": "chen", "name": "陈思雨"}])
    return str(simulator.do("customer/add", userid="chen", name="阿苏")["external_userid"])


def test_a_new_friend_is_greeted_with_the_agencys_words(simulator: SimulatorHandle, chen: User) -> None:
    AgencyPolicy.objects.create(agency_name="山海旅行社", welcome_text="欢迎来到山海")
    external = befriend(simulator)
    simulator.deliver(Client())
    run_pending("chat")
    assert "欢迎来到山海" in str(simulator.do("customer/inbox", external_userid=external))


def test_after_twenty_seconds_nothing_is_sent(simulator: SimulatorHandle, chen: User) -> None:
    external = befriend(simulator)
    simulator.deliver(Client())
    relation_before = Relationship.objects.count()
    run_pending("chat")
    relation = Relationship.objects.get()
    assert relation_before == 0
    Relationship.objects.update(added_at=relation.added_at - dt.timedelta(seconds=60))
    assert welcome_contact(customer_id=relation.customer_id, user_id=chen.pk, welcome_code="late") is False
    assert str(simulator.do("customer/inbox", external_userid=external)).count("旅行顾问") == 1


def test_a_spent_code_is_noted_and_not_retried(simulator: SimulatorHandle, chen: User) -> None:
    befriend(simulator)
    simulator.deliver(Client())
    run_pending("chat")
    relation = Relationship.objects.get()
    assert welcome_contact(customer_id=relation.customer_id, user_id=chen.pk, welcome_code="spent-or-invented") is False
