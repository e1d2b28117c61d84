"""What no other test of the table of bad inputs holds: foreign ids in bodies, hidden fields as an oracle, fields that are not
the sender's to set, and a log-in while the platform is in trouble."""

import json
from typing import Any

import pytest
from django.test import Client

from customers.models import Customer, MemberToken, Sharing, Traveller
from customers.services import documents
from gateways.simulator.testing import SimulatorHandle
from staff.models import User
from tests.factories import make_customer, make_token

pytestmark = pytest.mark.django_db


def ask(method: str, path: str, token: str = "", body: Any = None) -> Any:
    headers = {"Idempotency-Key": "key-0000001", **({"Authorization": f"Bearer {token}"} if token else {})}
    return Client().generic(
        method, f"/api/mp/v1/{path}", json.dumps(body or {}), content_type="application/json", headers=headers
    )


@pytest.mark.parametrize(("value", "status"), [(40029, 409), (45011, 503), (-1, 503)])
def test_a_log_in_while_the_platform_is_in_trouble_says_when_to_come_back(
    simulator: SimulatorHandle, value: int, status: int
) -> None:
    code = simulator.do("customer/login_code", nickname="阿苏")["js_code"]
    simulator.fault("errcode", path="jscode2session", value=value)
    answer = ask("POST", "auth/login", body={"code": code})
    assert (answer.status_code, "Retry-After" in answer.headers) == (status, status == 503)
    assert (Customer.objects.count(), MemberToken.objects.count()) == (0, 0)


def test_a_code_is_worth_one_log_in(simulator: SimulatorHandle) -> None:
    code = simulator.do("customer/login_code", nickname="阿苏")["js_code"]
    assert [ask("POST", "auth/login", body={"code": code}).status_code for _ in range(2)] == [200, 409]
    assert MemberToken.objects.count() == 1


def test_a_traveller_of_somebody_else_does_not_exist() -> None:
    mine, other = make_customer("苏晴"), make_customer("陆远")
    theirs = documents.add_traveller(other, name="小宝")
    token, before = make_token(mine), Traveller.objects.values().get()
    kept = {"kind": "passport", "number": "E12345678", "text_version": "1"}
    for method, path, body in (
        ("GET", "", None), ("PATCH", "", {"name": "改"}), ("DELETE", "", None), ("POST", "/documents", kept), ("DELETE", "/documents/1", None),
    ):  # fmt: skip
        assert ask(method, f"travellers/{theirs.pk}{path}", token, body).status_code == 404
    assert Traveller.objects.values().get() == before


@pytest.mark.parametrize(
    "field", ["owner", "department", "lifecycle", "id", "public_id", "phone_masked", "created_at", "is_staff", "source"]
)
def test_what_is_not_the_customers_to_set_is_refused(field: str) -> None:
    customer = make_customer("苏晴")
    before = Customer.objects.values().get()
    assert ask("PATCH", "me", make_token(customer), {field: 1}).status_code == 400
    assert Customer.objects.values().get() == before


@pytest.mark.parametrize(
    "query", ["sort=phone_masked", "sort=customer__phone", "sort=-id", "sort=name_pinyin;--", "sort=owner__password"]
)
def test_the_list_is_sorted_by_nothing_hidden(client: Client, chen: User, query: str) -> None:
    make_customer("苏晴", owner=chen)
    client.force_login(chen)
    assert client.get(f"/customers?{query}").status_code == 400


def test_a_search_finds_nobody_outside_the_askers_scope(client: Client, chen: User, wang: User) -> None:
    make_customer("苏晴", owner=wang, phone_masked="138****5678")
    client.force_login(chen)
    for query in ("q=苏晴", "q=5678", f"owner={wang.pk}", "q=%25", "q=_"):
        assert "138****5678" not in client.get(f"/customers?{query}").content.decode()


def test_people_of_somebody_else_are_not_registered_as_shared(client: Client, lin: User, wang: User) -> None:
    head = User.objects.create_user("head", display_name="店长", role="administrator", row_scope="own")
    theirs = make_customer("苏晴", owner=wang)
    client.force_login(head)
    form = {"recipient": "地接社", "purpose": "接机", "fields": ["name"], "people": str(theirs.pk)}
    assert client.post("/settings/privacy/sharing", form).status_code == 400
    assert Sharing.objects.count() == 0
