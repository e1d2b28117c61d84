"""Signed events of other systems, over HTTP and into the log."""

import base64
import json
import time
from typing import Any

import pytest
from django.test import Client

from core.models import Event, Job
from core.worker import run_pending
from customers.choices import RejectionState
from customers.intake.items import example_of
from customers.intake.kinds import EVENTS, SOURCES
from customers.intake.signing import signature
from customers.models import Activity, Customer, EventHome, Identity, Rejection, Source, SourceHour
from customers.services import imports
from customers.services.keys import alipay, phone, unionid
from customers.services.merging import merge_customers, undo_merge
from customers.services.outside import replay
from customers.services.resolve import resolve
from customers.services.sources import create_key, create_source, pause_source, revoke_key
from staff.models import User

pytestmark = pytest.mark.django_db


class Sender:
    """A till that signs what it sends."""

    def __init__(self, kind: str = "pos", code: str = "till-1") -> None:
        self.source = create_source(code=code, kind=kind, name="文创店收银", user=None)
        self.key, self.secret = create_key(self.source, user=None)
        self.client = Client()
        self.serial = 0

    def send(self, events: Any, *, body: bytes | None = None, **changes: Any) -> Any:
        """Post events; `changes`: id, at, secret, signature, headers."""
        self.serial += 1
        body = json.dumps({"events": events}, ensure_ascii=False).encode() if body is None else body
        message_id, at = changes.get("id", f"msg-000{self.serial}"), changes.get("at", int(time.time()))
        signed = base64.b64encode(signature(changes.get("secret", self.secret), message_id, at, body)).decode()
        headers = {
            "webhook-id": message_id, "webhook-timestamp": str(at),
            "webhook-signature": changes.get("signature", f"v1,{signed}"), **changes.get("headers", {}),
        }  # fmt: skip
        code = changes.get("code", self.source.code)
        return self.client.post(f"/ingest/v1/{code}", body, content_type="application/json", headers=headers)


@pytest.fixture
def till() -> Sender:
    return Sender()


def sale(number: int, **changes: Any) -> dict[str, Any]:
    return {
        **example_of("sale.made"),
        "id": f"sale-{number}",
        "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
        **changes,
    }


def test_an_event_is_kept_once_and_belongs_to_the_person(till: Sender) -> None:
    response = till.send([sale(1)])
    assert (response.status_code, response.json()) == (200, {"results": [{"id": "sale-1", "status": "accepted"}]})
    event = Event.objects.get(kind="sale.made")
    customer = Customer.objects.get()
    assert (event.customer_id, event.source, event.props["amount"]) == (customer.pk, "till-1", "58.00")
    assert "13800005678" not in json.dumps(event.props, ensure_ascii=False)
    assert Identity.objects.filter(customer=customer, kind="phone").count() == 1
    assert Activity.objects.get(customer=customer).event_count == 1
    assert Job.objects.filter(key__contains=f":customer:{customer.pk}").exists()
    again = till.send([sale(1), sale(1)])
    assert [one["status"] for one in again.json()["results"]] == ["duplicate", "duplicate"]
    assert Event.objects.filter(kind="sale.made").count() == 1
    hour = SourceHour.objects.get()
    assert (hour.accepted, hour.duplicate, hour.rejected) == (1, 2, 0)


def test_a_retry_gets_the_first_answer_and_another_body_under_its_id_is_refused(till: Sender) -> None:
    body = json.dumps({"events": [sale(1)]}).encode()
    first = till.send(None, body=body, id="message-77")
    for _ in range(5):
        again = till.send(None, body=body, id="message-77")
        assert (again.status_code, again.json(), again.headers["Webhook-Replay"]) == (200, first.json(), "true")
    other = till.send([sale(2)], id="message-77")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")
    assert Event.objects.filter(kind="sale.made").count() == 1


def test_a_bad_item_costs_only_itself_and_waits_for_a_replay(till: Sender) -> None:
    events = [
        sale(1), sale(2, kind="order.paid"), sale(3, props={"number": "R3", "shop": "店", "amount": 58}),
        sale(4, who={"phone": "12"}), sale(5, occurred_at="2026-02-30T00:00:00+08:00"), "rubbish", sale(6),
        sale(7, customer_id=1), {**sale(8), "props": {**sale(8)["props"], "owner": 3}},
    ]  # fmt: skip
    results = till.send(events).json()["results"]
    assert [one["status"] for one in results] == ["accepted", *["rejected"] * 5, "accepted", "rejected", "rejected"]
    assert [one["errors"][0]["field"] for one in results if one["status"] == "rejected"] == [
        "kind", "props.amount", "who.phone", "occurred_at", "", "customer_id", "props.owner",
    ]  # fmt: skip
    assert Event.objects.filter(source="till-1").count() == 2
    assert Rejection.objects.filter(state=RejectionState.OPEN).count() == 7
    assert b"13800005678" not in b"".join(bytes(body) for body in Rejection.objects.values_list("body", flat=True))
    assert replay(list(Rejection.objects.all()), user=None) == 0
    assert Rejection.objects.filter(state=RejectionState.OPEN).count() == 7
    mended = till.send([sale(4)]).json()["results"]
    assert mended == [{"id": "sale-4", "status": "accepted"}]
    assert Rejection.objects.get(item_id="sale-4").state == RejectionState.REPLAYED


@pytest.mark.parametrize(
    "body", [b'{"events":[{"id":"a","kind":"\\u0000"},GOOD]}', b'{"events":[' + b"[" * 5000 + b"]" * 5000 + b",GOOD]}"]
)
def test_an_unreadable_item_spoils_no_neighbour(till: Sender, body: bytes) -> None:
    whole = body.replace(b"GOOD", json.dumps(sale(1)).encode())
    results = till.send(None, body=whole).json()["results"]
    assert [one["status"] for one in results] == ["rejected", "accepted"]


def test_what_is_not_signed_right_is_not_believed(till: Sender) -> None:
    other = Sender(code="till-2")
    now = int(time.time())
    forged = [
        {"secret": other.secret}, {"at": now - 301}, {"at": now + 360}, {"at": now - 30 * 86_400}, {"signature": ""},
        {"signature": "v1,AAAA"}, {"signature": "v2,AAAA"}, {"signature": "v1,???"}, {"id": "x"}, {"code": "nobody"},
        {"code": "till-2"}, {"headers": {"webhook-timestamp": "1e9"}}, {"headers": {"webhook-timestamp": "٣٣٣"}},
        {"headers": {"webhook-id": "é" * 20}},
    ]  # fmt: skip
    answers = [till.send([sale(1)], **changes) for changes in forged]
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.json()["message"] for answer in answers}) == 1
    assert not Event.objects.exists()
    assert till.send([sale(1)]).status_code == 200


def test_two_keys_are_valid_at_once_and_a_revoked_one_no_more(till: Sender, lin: User) -> None:
    from core.errors import Refused

    old_key, old_secret = till.key, till.secret
    _new_key, new_secret = create_key(till.source, user=lin)
    assert till.send([sale(1)], secret=old_secret).status_code == 200
    assert till.send([sale(2)], secret=new_secret).status_code == 200
    with pytest.raises(Refused):
        create_key(till.source, user=lin)
    revoke_key(old_key, user=lin)
    assert till.send([sale(3)], secret=old_secret).status_code == 403
    assert till.send([sale(3)], secret=new_secret).status_code == 200
    stored = bytes(Source.objects.get().keys.latest("pk").secret_sealed)
    assert new_secret.encode() not in stored


def test_a_paused_source_is_told_to_come_back(till: Sender, lin: User) -> None:
    pause_source(till.source, paused=True, user=lin)
    response = till.send([sale(1)])
    assert (response.status_code, response.headers["Retry-After"]) == (503, "300")
    pause_source(till.source, paused=False, user=lin)
    assert till.send([sale(1)]).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"[]", 400), (b"{}", 400), (b"\xff\xfe", 400), (b'{"events":{}}', 400), (b'{"events":[],"x":1}', 400), (b'{"events":[', 400),
        (b'{"events":[]}', 200), (b"x" * 1_000_001, 413), (b'{"events":[' + b"1" * 900_000 + b"]}", 200),
    ],
    ids=range(10),
)  # fmt: skip
def test_bodies_that_are_no_request(till: Sender, body: bytes, status: int) -> None:
    assert till.send(None, body=body).status_code == status
    assert not Event.objects.exists()


def test_packed_bodies_and_other_methods_are_refused(till: Sender) -> None:
    assert till.send([sale(1)], headers={"content-encoding": "gzip"}).status_code == 415
    assert till.client.get("/ingest/v1/till-1").status_code == 405


def test_more_than_five_hundred_items(till: Sender) -> None:
    results = till.send([sale(number, who={}) for number in range(503)]).json()["results"]
    assert [one["status"] for one in results[498:]] == ["accepted"] * 2 + ["rejected"] * 3
    assert Event.objects.filter(customer_id=None).count() == 500
    assert not Rejection.objects.exists()


@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_the_documented_example_of_every_kind_is_accepted(kind: str) -> None:
    sender = Sender(kind=kind, code=f"source-{kind}")
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    events = [{**example_of(name), "occurred_at": now} for name in SOURCES[kind].events]
    assert {one["status"] for one in sender.send(events).json()["results"]} == {"accepted"}
    assert all(event in EVENTS for event in SOURCES[kind].events)


def test_what_comes_after_a_merge_goes_home_with_the_key_it_came_under(till: Sender, lin: User) -> None:
    """By one key alone, by several, and in a file: undoing the merge takes the facts home."""
    stays = resolve([unionid("u-1")], source="test").customer
    goes = resolve([phone("+8613800005678"), alipay("a-1")], source="test").customer
    merge = merge_customers(stays.pk, goes.pk, evidence=[], source="test")
    plain = {"phone": "13800005678", "phone_verified": True}
    assert till.send([
        sale(1, who=plain), sale(2, who={**plain, "alipay_user_id": "a-1", "name": "张三"}), sale(3, who={"unionid": "u-1"}),
        sale(4, who={"unionid": "u-1", "alipay_user_id": "a-1"}),
    ]).status_code == 200  # fmt: skip
    lines = "时间,行为,手机号,unionid,支付宝用户id,景区,闸机,编号\n" + "".join(
        f"2026-10-01 09:0{number},入园,{who},湖滨景区,南门,g{number}\n"
        for number, who in enumerate(["13800005678,,", "13800005678,,a-1", ",u-1,", "13800005678,u-1,", "13800005678,,a-9"])
    )
    batch, _new = imports.upload_file(target="events", filename="x.csv", content=lines.encode(), user=lin)
    imports.confirm_file(batch, is_verified=True, user=lin)
    run_pending("bulk")
    facts = Event.objects.filter(kind__in=["sale.made", "gate.entered"])
    assert set(facts.values_list("customer_id", flat=True)) == {stays.pk}
    undo_merge(merge, actor=lin)
    owners = [customer or 0 for (customer,) in facts.order_by("kind", "occurred_at", "props__number").values_list("customer_id")]
    assert owners[:5] == [goes.pk, goes.pk, stays.pk, stays.pk, goes.pk]
    assert sorted(owners[5:]) == sorted([goes.pk, goes.pk, stays.pk, stays.pk])
    assert Identity.objects.get(kind="alipay", value_hash=alipay("a-9").hash).customer_id == goes.pk
    assert not EventHome.objects.exists()
