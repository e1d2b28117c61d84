"""The workbench: everybody gets the cards of their role, each within what they may see."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from campaigns.models import FollowUp
from core import clock
from core.models import Event
from customers.models import Customer
from staff.choices import Role
from staff.models import User
from tests.factories import make_customer

pytestmark = pytest.mark.django_db
CARDS = {
    "administrator": ["tasks", "hot", "departures", "campaigns"],
    "operations": ["tasks", "hot", "departures", "campaigns"],
    "sales": ["tasks", "hot", "departures", "campaigns"],
    "planner": ["tasks", "hot", "departures", "campaigns"],
    "service": ["tasks", "hot", "departures", "campaigns"],
    "finance": ["hot", "departures", "campaigns"],
    "merchant": [],
    "auditor": ["tasks", "hot", "departures", "campaigns"],
    "readonly": ["tasks", "hot", "departures", "campaigns"],
}


@pytest.fixture
def su(chen: User) -> Customer:
    return make_customer("苏晴", owner=chen, department=chen.department)


def looks(customer: Customer, times: int, **ago: float) -> None:
    """The customer looks at a product again and again."""
    at = clock.now() - dt.timedelta(**ago)
    for number in range(times):
        Event.objects.create(
            key=uuid.uuid4(), kind="product.viewed", customer_id=customer.pk, occurred_at=at - dt.timedelta(minutes=number),
            props={"product": "P01"}, source="mini",
        )  # fmt: skip


def test_the_table_names_every_role() -> None:
    assert set(CARDS) == set(Role.values)


@pytest.mark.parametrize("role", sorted(CARDS))
def test_the_cards_of_a_role(client: Client, chen: User, role: str) -> None:
    User.objects.filter(pk=chen.pk).update(role=role)
    client.force_login(chen)
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.context["cards"] == CARDS[role]
    opens = {name for name in ("tasks", "hot", "departures", "campaigns") if client.get(f"/workbench/{name}").status_code == 200}
    assert opens == set(CARDS[role])
    assert client.get("/workbench/pulse").status_code == (404 if role == "merchant" else 200)


def test_cards_that_do_not_exist(client: Client, lin: User) -> None:
    client.force_login(lin)
    assert client.get("/workbench/secrets").status_code == 404


def test_the_anonymous_log_in_first(client: Client) -> None:
    assert client.get("/").status_code == 302
    assert client.get("/workbench/hot", headers={"HX-Request": "true"}).status_code == 401


def test_one_thing_or_three_cost_the_same_queries(
    client: Client, lin: User, su: Customer, django_assert_num_queries: Any
) -> None:
    client.force_login(lin)
    costs = {"/": 5, "/workbench/hot": 5, "/workbench/tasks": 4}
    looks(su, 3, hours=1)
    task_for(su)
    client.get("/")
    for address, queries in costs.items():
        with django_assert_num_queries(queries):
            client.get(address)
    for name in ("周敏", "钱进"):
        looks(make_customer(name), 3, hours=1)
        task_for(su)
    for address, queries in costs.items():
        with django_assert_num_queries(queries):
            client.get(address)


def task_for(customer: Customer, **fields: Any) -> FollowUp:
    """A task that is due."""
    usual = {"key": uuid.uuid4().hex, "assignee": customer.owner, "due_at": clock.now(), "reason": "repeated_views"}
    return FollowUp.objects.create(customer=customer, title="回访", **{**usual, **fields})


def test_the_hot_are_those_who_come_back_within_a_day(client: Client, lin: User, wang: User, su: Customer) -> None:
    looks(su, 4, hours=2)
    looks(make_customer("两次"), 2, hours=1)
    looks(make_customer("前天"), 9, hours=50)
    looks(make_customer("三次"), 3, hours=3)
    client.force_login(lin)
    assert [(hot.customer.name, hot.views) for hot in client.get("/workbench/hot").context["hot"]] == [("苏晴", 4), ("三次", 3)]
    client.force_login(wang)
    assert client.get("/workbench/hot").context["hot"] == []


def test_tasks_are_ones_own(client: Client, lin: User, chen: User, wang: User, su: Customer) -> None:
    task_for(su)
    task_for(su, due_at=clock.now() + dt.timedelta(days=2))
    task_for(su, state="done")
    for user, total in ((chen, 1), (wang, 0), (lin, 1)):
        client.force_login(user)
        assert client.get("/workbench/tasks").context["total"] == total


def test_the_pulse_counts_only_what_one_may_see(client: Client, lin: User, wang: User, su: Customer) -> None:
    for user, today in ((lin, 1), (wang, 0)):
        client.force_login(user)
        shown = client.get("/workbench/pulse").context
        assert (shown["customers"].today, len(shown["customers"].days), shown["claimed"]) == (today, 14, Decimal(0))


def test_a_new_agency_is_led_by_the_hand(client: Client, lin: User) -> None:
    client.force_login(lin)
    assert client.get("/").context["is_new"] is True
    make_customer()
    answer = client.get("/")
    assert answer.context["is_new"] is False
    assert [step["done"] for step in answer.context["steps"]] == [True, False, False, False, False, False]
