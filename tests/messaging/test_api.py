"""POST touches/{token}/open."""

from typing import Any

import pytest
from django.test import Client

from customers.models import Customer
from messaging.models import MassTask, Message
from tests.factories import make_token
from tests.messaging.people import NOON, make_customer, make_member, make_touch

pytestmark = pytest.mark.django_db


@pytest.fixture
def message() -> Message:
    lin = make_member("lin")
    return make_touch(make_customer(friend_of=lin), lin, NOON)


def open_card(token: str, customer: Customer | None, *, key: str = "key-00000001") -> Any:
    headers = {"Authorization": f"Bearer {make_token(customer)}"} if customer else {}
    if key:
        headers["Idempotency-Key"] = key
    return Client(headers=headers).post(f"/api/mp/v1/touches/{token}/open", content_type="application/json")


def token_of(message: Message) -> str:
    return MassTask.objects.get(messages=message).token


def test_opening_is_recorded_once(message: Message) -> None:
    first = open_card(token_of(message), message.customer)
    assert (first.status_code, first.json()) == (200, {"recorded": True})
    again = open_card(token_of(message), message.customer, key="key-00000002")
    assert (again.status_code, again.json()) == (200, {"recorded": False})
    message.refresh_from_db()
    assert message.clicked_at is not None


def test_a_retry_gets_the_first_answer(message: Message) -> None:
    open_card(token_of(message), message.customer)
    again = open_card(token_of(message), message.customer)
    assert (again.status_code, again.json()) == (200, {"recorded": True})


def test_a_forwarded_card(message: Message) -> None:
    answer = open_card(token_of(message), make_customer())
    assert (answer.status_code, answer.json()) == (200, {"recorded": False})
    message.refresh_from_db()
    assert message.clicked_at is None


@pytest.mark.parametrize("token", ["unknown", "a" * 300, "0"])
def test_an_unknown_token_is_404(message: Message, token: str) -> None:
    answer = open_card(token, message.customer)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_who_is_not_logged_in(message: Message) -> None:
    assert open_card(token_of(message), None).status_code == 401


def test_without_an_idempotency_key(message: Message) -> None:
    answer = open_card(token_of(message), message.customer, key="")
    assert (answer.status_code, answer.json()["fields"]) == (400, {"Idempotency-Key": answer.json()["fields"]["Idempotency-Key"]})
    message.refresh_from_db()
    assert message.clicked_at is None
