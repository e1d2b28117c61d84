"""The pages and the API of trips, as staff and customers meet them."""

import datetime as dt
import json
import uuid
from typing import Any

import pytest
import time_machine
from django.test import Client

from catalog.models import Resource
from core import clock
from customers.models import Customer
from itinerary.models import Itinerary, QuoteVersion, TripRequest
from itinerary.queries.documents import days_of, working
from itinerary.services.quoting import accept_quote, send_proposal
from itinerary.services.requests import draft_requested
from orders.models import Order
from staff.models import User
from tests.factories import make_token

SECRETS = ("7319.31", "秘密理由", "内部备注", "西湖地接社", "margin", "cost_amount", "supplier")


@pytest.fixture
def browser(lin: User) -> Client:
    client = Client()
    client.force_login(lin)
    return client


@pytest.fixture
def proposal(trip: Itinerary, lin: User) -> QuoteVersion:
    """Sent, with a cost, a reason and a note that nobody outside may see."""
    block = days_of(working(trip))[0].blocks.all()[0]
    type(block).objects.filter(pk=block.pk).update(price_amount="7319.31", price_reason="秘密理由", internal_note="内部备注")
    return send_proposal(itinerary=trip, user=lin)


def post(client: Client, path: str, body: object) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json")


def test_the_list_asks_the_same_few_questions_for_one_and_for_three(
    browser: Client, trip: Itinerary, lin: User, django_assert_num_queries: object
) -> None:
    browser.get("/itineraries")
    with django_assert_num_queries(6):  # type: ignore[operator]
        assert trip.title in browser.get("/itineraries").content.decode()
    for _copy in range(2):
        Itinerary.objects.create(
            no=f"T{uuid.uuid4().hex[:9]}", title="别的", customer=trip.customer, owner=lin, starts_on=trip.starts_on
        )
    with django_assert_num_queries(6):  # type: ignore[operator]
        assert browser.get("/itineraries").status_code == 200


def test_a_sentence_becomes_a_plan_in_the_editor(browser: Client, hangzhou_resources: list[Resource], customer: Customer) -> None:
    answer = browser.post("/itineraries/new", {"brief": "下个月20号两大一小去杭州玩三天，孩子8岁", "customer": customer.pk})
    assert answer.status_code == 302
    state = browser.get(f"{answer['Location']}/data.json").json()
    assert len(state["document"]["days"]) == 3
    assert state["total"]
    assert state["sheet"]["margin"]
    assert browser.get(answer["Location"]).status_code == 200
    refused = browser.post("/itineraries/new", {"brief": "想去敦煌玩三天"})
    assert (refused.status_code, Itinerary.objects.count()) == (422, 1)


def test_edits_are_saved_merged_or_refused(browser: Client, trip: Itinerary) -> None:
    path = f"/itineraries/{trip.no}/edits"
    keys = [str(block.key) for day in days_of(working(trip)) for block in day.blocks.all()]
    saved = post(
        browser, path, {"revision": trip.revision, "operations": [{"do": "change", "key": keys[0], "set": {"note": "一"}}]}
    )
    assert saved.status_code == 200
    assert saved.json()["revision"] == trip.revision + 1
    merged = post(
        browser, path, {"revision": trip.revision, "operations": [{"do": "change", "key": keys[1], "set": {"note": "二"}}]}
    )
    assert (merged.status_code, merged.json()["merged"]) == (200, 1)
    late = post(browser, path, {"revision": trip.revision, "operations": [{"do": "remove", "key": keys[0]}]})
    assert (late.status_code, late.json()["code"]) == (409, "edited_meanwhile")
    assert late.json()["revision"] == trip.revision + 2
    bodies: list[object] = [
        [],
        {},
        {"revision": -1, "operations": []},
        {"revision": 0, "operations": [1]},
        {"revision": True, "operations": [{}]},
    ]
    for body in bodies:
        assert post(browser, path, body).status_code == 400


def test_who_may_not_see_costs_gets_none(trip: Itinerary, chen: User) -> None:
    assert trip.customer_id is not None
    Customer.objects.filter(pk=trip.customer_id).update(owner=chen)
    client = Client()
    client.force_login(chen)
    body = client.get(f"/itineraries/{trip.no}/data.json").content.decode()
    state = json.loads(body)
    assert state["sheet"] is None
    assert "price_amount" not in body
    found = client.get(f"/itineraries/{trip.no}/resources.json?kind=hotel").json()["results"]
    assert [card["price"] for card in found] == [None, None]


def test_a_stranger_finds_nothing(trip: Itinerary, wang: User) -> None:
    client = Client()
    client.force_login(wang)
    for path in ("", "/data.json", "/resources.json"):
        assert client.get(f"/itineraries/{trip.no}{path}").status_code == 404
    assert (
        post(client, f"/itineraries/{trip.no}/edits", {"revision": 0, "operations": [{"do": "add_day", "at": 1}]}).status_code
        == 404
    )
    assert trip.title not in client.get("/itineraries").content.decode()


def test_no_byte_of_a_cost_reaches_a_customer(proposal: QuoteVersion, customer: Customer) -> None:
    """Over every answer a customer can get: the page, the API, an acceptance."""
    member = {"HTTP_AUTHORIZATION": f"Bearer {make_token(customer)}"}
    client = Client()
    answers = [
        client.get(f"/p/{proposal.token}"),
        client.get(f"/api/mp/v1/proposals/{proposal.token}", **member),
        client.post(
            f"/api/mp/v1/proposals/{proposal.token}/accept",
            {"name": "陈雨", "content_hash": proposal.content_hash},
            content_type="application/json",
            HTTP_IDEMPOTENCY_KEY="accept-once-1",
            **member,
        ),
        client.get("/api/mp/v1/orders", **member),
        client.get(f"/p/{proposal.token}"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 5
    costs = {line["total"] for line in proposal.sheet["lines"]} | {proposal.sheet["cost"], proposal.sheet["margin"]}
    assert "7319.31" in {line["amount"] for line in proposal.sheet["lines"]}
    for answer in answers:
        text = answer.content.decode()
        for secret in (*SECRETS, *(cost for cost in costs if len(cost) >= 6)):
            assert secret not in text, secret
            assert secret.replace(".", "") not in text.replace(proposal.token, ""), secret


def test_the_proposal_is_whole_without_script_and_can_be_accepted(proposal: QuoteVersion) -> None:
    client = Client()
    page = client.get(f"/p/{proposal.token}")
    text = page.content.decode()
    assert "<script" not in text
    assert page.headers["Cache-Control"].startswith("max-age=0")
    for day in proposal.shown["plan"]:
        for block in day["blocks"]:
            assert block["name"] in text
    nameless = client.post(f"/p/{proposal.token}/accept", {"content_hash": proposal.content_hash, "name": " "})
    assert (nameless.status_code, Order.objects.count()) == (302, 0)
    client.post(f"/p/{proposal.token}/comment", {"day": "2", "name": "陈雨", "text": "<b>晚一点</b>出发"})
    client.post(f"/p/{proposal.token}/accept", {"content_hash": proposal.content_hash, "name": "陈雨"})
    text = client.get(f"/p/{proposal.token}").content.decode()
    order = Order.objects.get()
    assert order.no in text
    assert "&lt;b&gt;晚一点" in text
    assert proposal.views.count() == 1


def test_closed_proposals_say_so_and_show_nothing(proposal: QuoteVersion, trip: Itinerary, lin: User) -> None:
    client = Client()
    with time_machine.travel(proposal.valid_until + dt.timedelta(minutes=1)):
        expired = client.get(f"/p/{proposal.token}")
    send_proposal(itinerary=trip, user=lin)
    superseded = client.get(f"/p/{proposal.token}")
    for answer in (expired, superseded):
        assert answer.status_code == 410
        assert "景点0" not in answer.content.decode()
    assert client.get("/p/nothing").status_code == 404


def test_a_customer_talks_and_a_plan_is_made(hangzhou_resources: list[Resource], customer: Customer, lin: User) -> None:
    client = Client()
    member = {"HTTP_AUTHORIZATION": f"Bearer {make_token(customer)}"}

    def says(text: str, key: str) -> dict[str, object]:
        answer = client.post(
            "/api/mp/v1/trips/request", {"text": text}, content_type="application/json", HTTP_IDEMPOTENCY_KEY=key, **member
        )
        assert answer.status_code == 200, answer.content
        return dict(answer.json())

    first = says("想带孩子去杭州", "talk-number-1")
    assert (first["is_complete"], bool(first["question"])) == (False, True)
    second = says("下个月20号走，三天，两大一小，孩子8岁", "talk-number-2")
    assert second["is_complete"] is True
    with time_machine.travel(clock.now() + dt.timedelta(seconds=30)):
        draft_requested(TripRequest.objects.get().pk)
        draft_requested(TripRequest.objects.get().pk)
    itinerary = Itinerary.objects.get(request=TripRequest.objects.get())
    assert (itinerary.customer, itinerary.owner) == (customer, lin)


def test_another_customer_cannot_read_or_accept(proposal: QuoteVersion) -> None:
    member = {"HTTP_AUTHORIZATION": f"Bearer {make_token(Customer.objects.create(name='别人'))}"}
    client = Client()
    assert client.get(f"/api/mp/v1/proposals/{proposal.token}", **member).status_code == 404
    assert (
        accept_quote(sent_id=proposal.pk, version_hash=proposal.content_hash, name="陈雨").customer_id
        == proposal.quote.itinerary.customer_id
    )
