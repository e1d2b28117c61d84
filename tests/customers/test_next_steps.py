"""What to do next for a customer: advice with its reason and one click, and the composer that writes notes, tasks, messages."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from campaigns.models import FollowUp
from catalog.models import Departure, Destination, Product
from core import clock
from core.models import Event
from customers.models import Activity, Consent, Customer, Relationship, Standing
from customers.queries.advice import next_actions, next_birthday
from customers.rules.next_action import Advice, choose
from messaging.models import MassTask, Message
from messaging.queries import channels_for
from orders.services.placing import place_order
from staff.models import AgencyPolicy, User
from tests.factories import make_customer

NOON = dt.datetime(2027, 3, 10, 4, tzinfo=dt.UTC)  # noon in Shanghai


def advice(code: str, topic: str, weight: int, key: str = "") -> Advice:
    return Advice(code, topic, weight, "x", code, code, key=key)


def test_the_weightiest_comes_first_one_of_a_topic_and_nothing_twice() -> None:
    found = [
        advice("a", "order", 10),
        advice("b", "order", 90),
        advice("c", "quote", 50, "k"),
        advice("d", "trip", 20),
        advice("e", "x", 5),
    ]
    assert [one.code for one in choose(found)] == ["b", "c", "d"]
    assert [one.code for one in choose(found, ["k"])] == ["b", "d", "e"]
    assert choose([]) == []


def test_a_birthday_on_the_29th_of_february_is_kept_every_year() -> None:
    born = dt.date(1992, 2, 29)
    assert next_birthday(born, dt.date(2027, 2, 27)) == dt.date(2027, 2, 28)
    assert next_birthday(born, dt.date(2027, 3, 1)) == dt.date(2028, 2, 29)
    assert next_birthday(dt.date(1990, 5, 4), dt.date(2027, 5, 4)) == dt.date(2027, 5, 4)
    assert next_birthday(dt.date(1990, 1, 1), dt.date(2027, 12, 31)) == dt.date(2028, 1, 1)


pytestmark = pytest.mark.django_db


@pytest.fixture
def su(chen: User) -> Customer:
    return make_customer("苏晴", owner=chen, department=chen.department)


@pytest.fixture
def trip() -> Product:
    yunnan = Destination.objects.create(code="yunnan", name="云南", cities=["大理"])
    product = Product.objects.create(
        code="P01", name="大理6日", destination=yunnan, days=6, price_from_amount=Decimal(3980), state="on_sale"
    )
    Departure.objects.create(
        product=product, departs_on=dt.date(2027, 3, 13), adult_amount=Decimal(3980), child_amount=Decimal(2980), seats=9
    )
    return product


def befriend(customer: Customer, user: User) -> None:
    Relationship.objects.create(
        customer=customer, user=user, external_userid=f"wm{customer.pk}", state="active", add_way=1, added_at=clock.now()
    )


def agree(customer: Customer, purpose: str = "service") -> None:
    Consent.objects.create(
        customer=customer, purpose=purpose, channel="any", granted=True, text_version="1", source="mini", at=clock.now()
    )


def codes(customer: Customer, user: User) -> list[str]:
    return [one.code for one in next_actions(customer, user, clock.now())]


def test_true_things_become_advice(su: Customer, trip: Product, chen: User, lin: User) -> None:
    with time_machine.travel(NOON, tick=False):
        assert codes(su, chen) == []
        order = place_order(customer=su, product=trip, departs_on=dt.date(2027, 3, 13), adults=1)
        first = next_actions(su, chen, clock.now())[0]
        assert (first.code, first.act and first.act.url) == ("unpaid", f"/orders/{order.no}")
        assert "12:30" in first.reason
        type(order).objects.update(state="paid", paid_at=clock.now(), paid_amount=order.total_amount)
        assert codes(su, chen) == ["departure"]
        Customer.objects.filter(pk=su.pk).update(birthday=dt.date(1990, 3, 12), owner=None)
        su.refresh_from_db()
        assert codes(su, lin) == ["departure", "nobody", "birthday"]
        assert codes(su, chen) == ["departure", "birthday"]  # who may not assign is not asked to
    with time_machine.travel(NOON + dt.timedelta(days=10), tick=False):
        assert codes(su, chen) == ["back"]


def test_one_click_makes_one_task_and_the_advice_is_gone(su: Customer, chen: User, client: Client) -> None:
    client.force_login(chen)
    Customer.objects.filter(pk=su.pk).update(birthday=clock.today().replace(year=1992, day=1))
    with time_machine.travel(dt.datetime.combine(clock.today().replace(day=1), dt.time(1), tzinfo=clock.SHANGHAI), tick=False):
        su.refresh_from_db()
        found = next(one for one in next_actions(su, chen, clock.now()) if one.code == "birthday")
        assert found.act is not None
        for _twice in range(2):
            assert client.post(found.act.url, dict(found.act.fields)).status_code == 204
        task = FollowUp.objects.get()
        assert (task.reason, task.assignee, task.title, task.suggested_text) == ("advice", chen, "生日祝福", found.draft)
        assert "birthday" not in codes(su, chen)
        assert Standing.objects.get(customer=su).next_task_at == task.due_at
        assert client.post(f"/tasks/{task.pk}/withdraw").status_code == 204
        assert not FollowUp.objects.exists()
        assert "birthday" in codes(su, chen)


def test_a_task_is_written_by_hand(su: Customer, chen: User, wang: User, client: Client) -> None:
    client.force_login(chen)
    url = f"/customers/{su.pk}/tasks"
    assert client.get(f"{url}/new").status_code == 200
    due = (clock.now() + dt.timedelta(days=3)).astimezone(clock.SHANGHAI).strftime("%Y-%m-%dT%H:%M")
    assert client.post(url, {"title": "问护照", "due": due, "assignee": wang.pk}).status_code == 204
    task = FollowUp.objects.get()
    assert (task.title, task.assignee, task.reason, task.customer) == ("问护照", chen, "by_hand", su)  # may not hand over
    for wrong in (
        {},
        {"title": " "},
        {"title": "x" * 81},
        {"title": "x", "due": "9999-12-31T10:00"},
        {"title": "x", "due": "now"},
    ):
        assert client.post(url, wrong).status_code == 400
    client.post(f"/tasks/{task.pk}/done", {"outcome": "contacted"})
    assert client.post(f"/tasks/{task.pk}/withdraw").status_code == 409
    assert FollowUp.objects.count() == 1
    client.force_login(wang)
    assert client.post(url, {"title": "x"}).status_code == 404


def test_every_channel_says_why_it_cannot_be_used(su: Customer, chen: User) -> None:
    def said(purpose: str = "service") -> dict[str, str]:
        return {one.channel: one.code for one in channels_for(su, purpose)}

    with time_machine.travel(NOON, tick=False):
        assert said() == {"wecom": "no_relation", "subscribe": "no_mini", "sms": "no_phone"}
        befriend(su, chen)
        assert said()["wecom"] == "no_consent"
        agree(su)
        assert said()["wecom"] == ""
        assert said("marketing")["wecom"] == "no_consent"
    with time_machine.travel(NOON + dt.timedelta(hours=11), tick=False):
        assert said()["wecom"] == "quiet_hours"
        words = channels_for(su, "service")[0].reason
        assert f"{AgencyPolicy.current().quiet_end:%H:%M}" in words


def test_a_message_waits_for_the_member_and_is_taken_back(su: Customer, chen: User, client: Client) -> None:
    url = f"/customers/{su.pk}/messages"
    with time_machine.travel(NOON, tick=False):
        client.force_login(chen)
        assert client.post(url, {"text": "您好", "purpose": "service"}).status_code == 409
        assert not Message.objects.exists()
        befriend(su, chen)
        agree(su)
        assert client.get(f"{url}/new").status_code == 200
        assert client.post(url, {"text": "  ", "purpose": "service"}).status_code == 400
        assert client.post(url, {"text": "您好", "purpose": "document"}).status_code == 400
        assert client.post(url, {"text": "您好", "purpose": "service"}).status_code == 200
        message = Message.objects.get()
        assert (message.state, message.sender, message.external_userid, message.purpose) == (
            "queued",
            chen,
            f"wm{su.pk}",
            "service",
        )
        assert client.post(url, {"text": "您好", "purpose": "service"}).status_code == 409  # the same words, not settled yet
        assert client.post(f"{url}/{message.pk}/withdraw").status_code == 204
        message.refresh_from_db()
        assert (message.state, MassTask.objects.get().state) == ("cancelled", "cancelled")
        assert client.post(f"{url}/{message.pk}/withdraw").status_code == 409


def test_quotes_and_silence_ask_for_a_step(su: Customer, chen: User) -> None:
    now = clock.now()
    Event.objects.create(
        key=uuid.uuid4(), occurred_at=now - dt.timedelta(hours=3), kind="quote.opened", customer_id=su.pk, props={}
    )
    assert codes(su, chen) == ["quote"]
    Event.objects.all().delete()
    Customer.objects.filter(pk=su.pk).update(lifecycle="dormant")
    Activity.objects.filter(customer=su).update(last_seen_at=now - dt.timedelta(days=90))
    su.refresh_from_db()
    found = next_actions(su, chen, now)
    assert [one.code for one in found] == ["quiet"]
    assert "90" in found[0].reason


def test_the_card_and_the_composer_are_shown(
    su: Customer, chen: User, client: Client, django_assert_max_num_queries: Any
) -> None:
    client.force_login(chen)
    with django_assert_max_num_queries(18):
        assert client.get(f"/customers/{su.pk}/next").status_code == 200
    page = client.get(f"/customers/{su.pk}").content.decode()
    for part in ("notes/new", "tasks/new", "messages/new"):
        assert f'hx-get="/customers/{su.pk}/{part}"' in page
    User.objects.filter(pk=chen.pk).update(role="readonly", row_scope="all")
    page = client.get(f"/customers/{su.pk}").content.decode()
    assert 'id="composer"' not in page
    assert "inline-edit" not in page
