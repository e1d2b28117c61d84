"""The editor and the page of a journey at work, over HTTP."""

import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.models import Journey, JourneyRun
from campaigns.queries.journeys.flows import complaints_of
from campaigns.rules.journeys.starters import EMPTY, STARTERS, flow_of_starter
from campaigns.services.journeys.publishing import create_journey
from catalog.models import Product
from staff.models import User
from tagging.models import Segment
from tests.campaigns.journeys.conftest import Go, happened, started, step, task, wait
from tests.factories import make_customer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


@pytest.fixture
def ops_client(client: Client, ops: User) -> Client:
    client.force_login(ops)
    return client


def post(client: Client, url: str, body: object) -> object:
    return client.post(url, json.dumps(body), content_type="application/json")


@pytest.mark.parametrize("entry", STARTERS, ids=lambda entry: entry.key)
def test_every_template_can_be_published_as_it_is(entry: object, everybody: Segment, product: Product) -> None:
    assert complaints_of(flow_of_starter(entry, everybody.pk)) == []  # type: ignore[arg-type]


def test_faults_come_with_the_step_they_are_in(ops_client: Client, ops: User) -> None:
    journey = create_journey(actor=ops, name="旅程", flow=EMPTY)
    flow = {**EMPTY, "steps": [step("a", "message", text="全网最低价 {{name}}"), step("b", "jump", to="a"), wait("c", hours=1)]}
    reply = post(ops_client, f"/journeys/{journey.pk}/save", {"flow": flow, "name": "新名", "revision": 0})
    assert reply.status_code == 200  # type: ignore[attr-defined]
    found = reply.json()  # type: ignore[attr-defined]
    assert found["revision"] == 1
    assert {(one["place"], one["field"]) for one in found["complaints"]} == {("b", "to")}  # a loop hides what stands behind it
    flow["steps"] = flow["steps"][:1]  # type: ignore[index]
    again = post(ops_client, f"/journeys/{journey.pk}/save", {"flow": flow, "name": "新名", "revision": 1}).json()  # type: ignore[attr-defined]
    assert {(one["place"], one["field"]) for one in again["complaints"]} == {("a", "text")}
    assert "请写明「name」缺失时的替代词：{{name|…}}。" in [one["text"] for one in again["complaints"]]
    stale = post(ops_client, f"/journeys/{journey.pk}/save", {"flow": flow, "name": "新名", "revision": 0})
    assert stale.status_code == 409  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{", '{"revision": "1"}', '{"revision": 0, "flow": 3, "name": "x"}', '{"revision": 0, "flow": {}, "name": ""}'],
)
def test_nonsense_is_not_saved(ops_client: Client, ops: User, body: str) -> None:
    journey = create_journey(actor=ops, name="旅程", flow=EMPTY)
    reply = ops_client.post(f"/journeys/{journey.pk}/save", body, content_type="application/json")
    journey.refresh_from_db()
    assert (reply.status_code, journey.revision, journey.draft) == (400, 0, EMPTY)


def test_how_many_would_come_in(ops_client: Client, ops: User, product: Product) -> None:
    for at in range(3):
        customer = make_customer(city="杭州" if at else "上海", birthday=dt.date(1990, 11, 20 + at))
        happened(customer, "order.paid", ago=dt.timedelta(days=5))
    journey = create_journey(actor=ops, name="旅程", flow=EMPTY)
    here = {"city": {"values": ["杭州"]}}

    def number(trigger: dict[str, Any], entry: object = None) -> tuple[int | None, str]:
        flow = {"trigger": trigger, "entry": entry, "steps": [task("a")]}
        found = post(ops_client, f"/journeys/{journey.pk}/count", {"flow": flow}).json()  # type: ignore[attr-defined]
        return found["number"], found["kind"]

    assert number({"kind": "fact", "fact": "order.paid"}) == (3, "past")
    assert number({"kind": "fact", "fact": "order.paid"}, here) == (2, "past")
    assert number({"kind": "date", "field": "birthday"}, here) == (2, "ahead")
    assert number({"kind": "schedule", "every": "day"}, here) == (2, "now")
    assert number({"kind": "departure"}) == (0, "ahead")
    assert number({"kind": "browse"}) == (0, "past")
    assert number({"kind": "nonsense"}) == (None, "")


def test_a_dry_run_says_when_what_and_why_not(ops_client: Client, ops: User) -> None:
    customer = make_customer("{{product}}苏晴")
    steps = [wait("a", hours=2), step("m", "message", text="{{name|朋友}}您好"), task("t")]
    journey = create_journey(actor=ops, name="旅程", flow={**EMPTY, "steps": steps})
    page = ops_client.post(f"/journeys/{journey.pk}/try", {"who": str(customer.pk)}).content.decode()
    assert "{{product}}苏晴您好" in page
    assert "会被拦下" in page
    assert not JourneyRun.objects.exists()
    assert "没有找到" in ops_client.post(f"/journeys/{journey.pk}/try", {"who": "无此人"}).content.decode()


def test_published_paused_and_seen_at_work(ops_client: Client, ops: User, go: Go) -> None:
    journey = started(ops, [wait("a", days=1), step("m", "message", text="您好")])
    go(minutes=1)
    for name in ("苏晴", "钱多多", "孙小美"):
        happened(make_customer(name), "trip.wished")
    go(minutes=1)
    go(days=1)
    happened(make_customer("周周"), "trip.wished")
    go(minutes=1)
    page = ops_client.get(f"/journeys/{journey.pk}")
    text = page.content.decode()
    assert page.status_code == 200
    assert all(name in text for name in ("苏晴", "周周"))
    assert "好友" in text  # why the message was held back
    run = JourneyRun.objects.filter(journey=journey, state="finished").first()
    assert run is not None
    way = ops_client.get(f"/journeys/passages/{run.pk}").content.decode()
    assert "消息被拦下" in way
    ops_client.post(f"/journeys/{journey.pk}/state", {"state": "paused"})
    assert Journey.objects.get(pk=journey.pk).state == "paused"
    inside = JourneyRun.objects.get(journey=journey, state="active")
    ops_client.post(f"/journeys/passages/{inside.pk}/out")
    inside.refresh_from_db()
    assert (inside.state, inside.reason) == ("left", "stopped")


def test_the_list_asks_the_same_for_one_and_for_three(ops_client: Client, ops: User) -> None:
    counts = []
    for more in (1, 2):
        for _number in range(more):
            started(ops, [task("a")])
        ops_client.get("/journeys")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert ops_client.get("/journeys").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_condition_is_written_in_a_dialog(ops_client: Client) -> None:
    condition = json.dumps({"city": {"values": ["杭州"]}})
    assert "杭州" in ops_client.post("/journeys/condition", {"condition": condition}).content.decode()
    taken = ops_client.post("/journeys/condition/take", {"condition": condition})
    (leaf,) = json.loads(taken.content)["condition"]["all"]
    assert leaf["city"]["values"] == ["杭州"]
    assert ops_client.post("/journeys/condition/take", {"condition": json.dumps({"all": []})}).status_code == 400


def test_who_may_only_look_gets_no_buttons(client: Client, chen: User, ops: User) -> None:
    journey = create_journey(actor=ops, name="旅程", flow=EMPTY)
    client.force_login(chen)
    page = client.get(f"/journeys/{journey.pk}/edit").content.decode()
    assert '"canEdit": false' in page
    assert client.post(f"/journeys/{journey.pk}/publish").status_code == 403
