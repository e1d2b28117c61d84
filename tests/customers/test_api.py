"""The mini-program API as a client sees it."""

import json
from typing import Any

import pytest
from django.test import Client

from customers.models import Consent, MemberToken
from gateways.simulator.testing import SimulatorHandle
from tests.factories import make_customer, make_token


def post(path: str, body: Any, token: str = "", key: str = "") -> Any:
    """POST JSON; raw bytes as they are."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if key:
        headers["Idempotency-Key"] = key
    raw = body if isinstance(body, bytes) else json.dumps(body)
    return Client().post(f"/api/mp/v1/{path}", raw, content_type="application/json", headers=headers)


@pytest.mark.django_db
def test_log_in_answers_a_token_that_works(simulator: SimulatorHandle) -> None:
    code = simulator.do("customer/login_code", nickname="阿苏")["js_code"]
    answer = post("auth/login", {"code": code})
    assert (answer.status_code, answer.json()["is_new"]) == (200, True)
    token = answer.json()["token"]
    me = Client().get("/api/mp/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json()["id"] == answer.json()["customer"]["id"]
    assert post("auth/logout", {}, token).status_code == 204
    assert Client().get("/api/mp/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert "session_key" not in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": ""},
        {"code": 5},
        {"code": None},
        {"code": "x" * 10_000},
        {"code": "a\x00b"},
        b"{",
        b"[" * 100_000,
        b'{"code":"\\ud800"}',
        [1],
    ],
)
def test_a_bad_log_in_is_a_400_and_leaves_nothing(simulator: SimulatorHandle, body: Any) -> None:
    answer = post("auth/login", body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"code", "message", "request_id", "fields"}
    assert MemberToken.objects.count() == 0


@pytest.mark.django_db
def test_a_code_wechat_refuses_is_a_409(simulator: SimulatorHandle) -> None:
    answer = post("auth/login", {"code": "used-or-invented"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "platform"


@pytest.mark.django_db
def test_a_consent_is_written_once_per_idempotency_key() -> None:
    token = make_token(make_customer())
    body = {"purpose": "marketing", "granted": True, "text_version": "1"}
    assert post("consents", body, token).status_code == 400
    first, again = post("consents", body, token, "key-00001"), post("consents", body, token, "key-00001")
    assert (first.status_code, again.status_code, again.headers["Idempotent-Replay"]) == (201, 201, "true")
    other = post("consents", {**body, "granted": False}, token, "key-00001")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")
    assert Consent.objects.count() == 1
    assert post("consents", {**body, "purpose": "everything"}, token, "key-00002").status_code == 400
    assert post("consents", body, "", "key-00003").status_code == 401


@pytest.mark.django_db
def test_a_phone_is_bound_by_code_and_shown_masked(simulator: SimulatorHandle) -> None:
    login = simulator.do("customer/login_code", nickname="阿苏")
    token = post("auth/login", {"code": login["js_code"]}).json()["token"]
    code = simulator.do("customer/phone_code", openid=login["openid"], phone="13812345678")["code"]
    answer = post("phone", {"code": code}, token)
    assert (answer.status_code, answer.json()["phone"]) == (200, "138****5678")
