"""Visitors of the website: collected politely, and the customer's own as soon as they are known."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings

from core.models import Event
from customers.api import web
from customers.models import Activity, Customer, Visitor
from customers.services import visitors
from customers.services.merging import merge_customers
from staff.models import User
from tests.factories import make_customer, make_event, make_token

VISITOR = "6f0c7c9e-4a52-4d0e-9a58-5d3c9a1f7b10"
SITE = "https://www.example.cn"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def site() -> Iterator[None]:
    web.throttle = web.Throttle(web.PER_MINUTE)
    with override_settings(WEB_SITE_KEY="k1", WEB_ORIGINS=[SITE]):
        yield


def post(body: dict[str, Any] | bytes, *, origin: str = SITE, method: str = "POST", **headers: str) -> tuple[int, dict[str, str]]:
    """Call the ASGI application; (status, headers)."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    named = [
        (b"origin", origin.encode()),
        *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()),
    ]
    scope = {"type": "http", "method": method, "path": "/web/v1/events", "headers": named, "client": ("10.0.0.1", 1)}
    asyncio.run(web.app(scope, receive, send))
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def visit(*events: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"events": list(events), "site": "k1", "visitor": VISITOR, **fields}


def owners() -> set[int | None]:
    return set(Event.objects.filter(kind="product.viewed").values_list("customer_id", flat=True))


def test_visits_wait_under_nobody_and_become_the_customer_s_at_log_in() -> None:
    event = make_event()
    assert post(visit(event, make_event())) == (204, {**post(visit(event))[1]})
    visitor = Visitor.objects.get()
    assert owners() == {-visitor.pk}
    assert not Activity.objects.exists()
    assert Event.objects.count() == 2  # what is sent again is stored once
    su = make_customer()
    before = Activity.objects.get(customer=su).event_count
    for _twice in range(2):
        visitors.stitch(su.pk, VISITOR.upper())
    assert owners() == {su.pk}
    assert Activity.objects.get(customer=su).event_count == before + 2
    assert post(visit(make_event()))[0] == 204  # an offline replay later
    assert owners() == {su.pk}
    assert Event.objects.filter(kind="product.viewed").count() == 3


def test_a_ticket_from_the_mini_program_makes_the_visitor_known() -> None:
    su = make_customer()
    answer = Client().post("/api/mp/v1/web-ticket", headers={"Authorization": f"Bearer {make_token(su)}"})
    assert answer.status_code == 200
    post(visit(make_event()))
    assert post(visit(make_event(), ticket=answer.json()["ticket"]))[0] == 204
    assert owners() == {su.pk}
    assert visitors.customer_of_ticket("forged") is None


def test_a_ticket_of_a_merged_record_leads_to_the_person() -> None:
    stays, goes = make_customer("苏晴"), make_customer("苏晴")
    ticket = visitors.web_ticket(goes)
    merge_customers(stays.pk, goes.pk, evidence=[], source="test")
    assert visitors.customer_of_ticket(ticket) == stays.pk


def test_only_configured_origins_with_the_key_are_heard() -> None:
    good = visit(make_event())
    assert post(good, origin="https://evil.example")[0] == 403
    assert "access-control-allow-origin" not in post(good, origin="https://evil.example")[1]
    assert post({**good, "site": "other"})[0] == 403
    assert post(b"", method="OPTIONS") == (204, post(b"", method="OPTIONS")[1])
    assert post(b"", method="OPTIONS")[1]["access-control-allow-origin"] == SITE
    assert post(b"", method="GET")[0] == 405
    assert post(b"{")[0] == 400
    assert post(b" " * (web.MAX_BODY + 1))[0] == 413
    assert not Event.objects.exists()


def test_who_does_not_want_to_be_followed_is_not() -> None:
    assert post(visit(make_event()), dnt="1")[0] == 204
    assert post(visit(make_event()), sec_gpc="1")[0] == 204
    assert not Event.objects.exists()
    assert not Visitor.objects.exists()


def test_a_flood_is_turned_away() -> None:
    web.throttle = web.Throttle(3)
    assert [post(visit(make_event()))[0] for _ in range(5)] == [204, 204, 204, 429, 429]
    assert Event.objects.count() == 3


def test_the_snippet_is_small_and_cached() -> None:
    answer = Client().get("/c.js")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/javascript")
    assert "max-age=3600" in answer["Cache-Control"]
    assert len(answer.content) <= 2048
    assert (Path(web.__file__).parent.parent / "web" / "c.js").exists()
    assert Customer.objects.count() == 0


def test_the_data_page_shows_what_a_visitor_did(client: Client, lin: User) -> None:
    post(visit(make_event()))
    client.force_login(lin)
    page = client.get("/data/sources")
    assert page.status_code == 200
    assert "官网访客" in page.content.decode()
