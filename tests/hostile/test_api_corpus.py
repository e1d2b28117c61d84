"""The bad-input corpus on every operation of the mini-program API: always a 4xx that says why, and nothing is made."""

import contextlib
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from catalog.models import Departure
from core import clock
from core.models import Event, IdempotencyRecord
from customers.choices import DocumentKind, RequestKind
from customers.models import (
    Consent,
    Customer,
    DataExport,
    DataRequest,
    Favourite,
    Identity,
    MemberToken,
    Traveller,
    TravellerDocument,
)  # fmt: skip
from customers.services import documents, requests
from gateways.models import InboundCallback
from gateways.simulator.testing import SimulatorHandle
from itinerary.models import TripRequest
from membership.models import (
    Coupon,
    CouponTemplate,
    MallItem,
    MallOrder,
    MemberService,
    MemberTask,
    ServiceBooking,
    ServiceSlot,
    TaskDone,
    Transfer,
)  # fmt: skip
from membership.services.mall import book_service
from messaging.models import Message
from messaging.services.chats import Inbound, Words, receive_chat, say
from orders.models import Order, Payment, Refund
from orders.services.placing import place_order
from tests.factories import make_customer, make_token
from tests.hostile.corpus import CORPUS, Operation, body_of, fits, may_be, operations, spelled
from tests.orders.conftest import departure, product

__all__ = ["departure", "product"]
pytestmark = pytest.mark.django_db
COUNTED = (
    Order, Payment, Refund, Consent, Customer, Identity, MemberToken, Event, Message, InboundCallback, IdempotencyRecord,
    DataExport, DataRequest, Favourite, Traveller, TravellerDocument, TripRequest, Coupon, MallOrder,
    ServiceBooking, TaskDone, Transfer,
)  # fmt: skip
SHAPE = {"code", "message", "request_id", "fields"}


class Shop:
    """A logged-in customer with one open order, and the world as it was before the request."""

    def __init__(self, departure: Departure, openid: str) -> None:
        self.customer = make_customer()
        self.order = place_order(customer=self.customer, product=departure.product, departs_on=departure.departs_on, adults=1)
        self.client = Client(raise_request_exception=False)
        self.token = make_token(self.customer)
        MemberToken.objects.update(openid=openid)
        self.right: dict[str, Any] = {
            "no": self.order.no, "code": departure.product.code, "token": "nobody", "product": departure.product.code,
            "departs_on": departure.departs_on.isoformat(), "adults": 1, "children": 0, "touch": "", "purpose": "marketing",
            "channel": "any", "granted": True, "text_version": "1", "version": "1", "screen": "pages/privacy", "name": "苏晴",
            "nickname": "阿苏", "gender": "female", "birthday": "1990-05-01", "city": "杭州", "kinship": "self",
            "personalised": True, "child_ages": [3], "number": "E12345678", "expires_on": "2035-01-01", "guardian_version": "1",
            "words": "太多短信", "changes": {"city": "宁波"}, "kind": "service", "content_hash": "0" * 64,
            "text": "想带孩子去杭州玩三天", "choice": "faq:1", "value": 1, "rating": 5, "after": 0,
            "services": [{"offer": "none", "day": "2030-01-01", "quantity": 1}], "coupons": [1],
            "points": 1, "pieces": [{"line": 1, "quantity": 1}], "expected": 100, "travellers": [1], "contact": "苏晴",
            "contact_phone": "+8613800000000", "emergency": "苏父", "emergency_phone": "+8613800000001", "holder": "person",
            "title": "苏晴", "tax_no": "", "email": "su@example.com",
        }  # fmt: skip
        self.right |= self._own_rows() | self._shop_window()
        # The same name means another thing elsewhere.
        self.kinds = {"documents": DocumentKind.ID_CARD.value, "data-requests": RequestKind.WITHDRAWAL.value}
        self.failures: list[str] = []
        self.asked = 0
        self.before = counts()

    def _own_rows(self) -> dict[str, Any]:
        """Something of the customer's own for every id in a path."""
        traveller = documents.add_traveller(self.customer, name="小宝", birthday=dt.date(1990, 5, 1))
        document = documents.keep_document(traveller, kind="passport", number="E12345678", text_version="1")
        asked = requests.open_request(self.customer, kind="complaint", words="太多短信")
        said = receive_chat(Inbound("mini", "wx", "o", "k", "在吗"), customer_id=self.customer.pk)
        told = say(said.conversation_id, Words("您好"), author="bot", version=said.conversation.version)
        return {"line_id": told.pk, "traveller_id": traveller.pk, "document_id": document.pk, "request_id": str(asked.public_id)}

    def _shop_window(self) -> dict[str, Any]:
        """Something to claim, to exchange and to book."""
        template = CouponTemplate.objects.create(
            name="满减", kind="fixed", amount=10, valid_days=30, state="active", is_claimable=True, rule_text="全体"
        )
        item = MallItem.objects.create(name="帆布包", kind="goods", points=100, stock=5)
        service = MemberService.objects.create(name="停车", kind="parking")
        start = clock.now() + dt.timedelta(days=1)
        slot = ServiceSlot.objects.create(service=service, starts_at=start, ends_at=start + dt.timedelta(hours=1), capacity=5)
        MemberTask.objects.create(code="sign-in", kind="sign_in", name="签到", points=5)
        MemberTask.objects.create(code="share", kind="share", name="分享", points=5)
        booking = book_service(self.customer.pk, slot.pk, paid_by="on_site", key="hostile")
        return {
            "template_id": template.pk, "item_id": item.pk, "slot_id": slot.pk, "task": "share", "evidence": "P01",
            "booking_no": booking.no, "paid_by": "on_site", "coupon_code": "ABCDEFGHJKLM", "invite_code": "ABCDEFGH",
        }  # fmt: skip

    def value(self, operation: Operation, name: str) -> Any:
        """A right value of a member."""
        if name == "kind":
            return next((kind for part, kind in self.kinds.items() if operation.path.endswith(part)), self.right["kind"])
        return self.right[name]

    def address(self, operation: Operation, **raw: str) -> str:
        """The path with right values, but for the raw ones."""
        path = operation.path
        for parameter in operation.placed("path"):
            name = parameter["name"]
            path = path.replace(f"{{{name}}}", raw.get(name, str(self.right[name])))
        return path

    def body(self, operation: Operation, **fragments: str) -> bytes:
        """The JSON object with right values, but for the given JSON fragments."""
        names = [name for name in operation.properties if name in fragments or name in operation.required]
        parts = [f"{json.dumps(name)}: {fragments.get(name) or json.dumps(self.value(operation, name))}" for name in names]
        return ("{" + ", ".join(parts) + "}").encode("utf-8", "surrogatepass")

    def send(self, operation: Operation, what: str, *, path: str = "", query: str = "", body: bytes = b"{}", **more: Any) -> None:
        """Send one request and note what is wrong with its answer. `may_pass`: it need not be refused, only survive."""
        headers = {"Authorization": f"Bearer {self.token}"}
        key = more.get("key", f"hostile-{self.asked:08}")
        headers |= {} if key is None else {"Idempotency-Key": key}
        self.asked += 1
        with undone():
            answer = self.client.generic(
                operation.method, path or self.address(operation), body if operation.method != "GET" else b"",
                more.get("content_type", "application/json"), headers=headers, QUERY_STRING=query,
            )  # fmt: skip
            complaint = complaint_about(answer, may_pass=more.get("may_pass", False))
            if not complaint and answer.status_code >= 400 and counts() != self.before:
                complaint = f"{answer.status_code}, yet rows changed: {self.before} -> {counts()}"
        if complaint:
            self.failures.append(f"{operation}, {what}: {complaint}")

    def conclude(self) -> None:
        """AssertionError with everything that went wrong."""
        assert self.asked > 0
        assert self.failures == [], f"{len(self.failures)} of {self.asked}:\n" + "\n".join(self.failures[:40])


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Take back whatever the request did, so that one cell does not touch the next."""
    with transaction.atomic():
        point = transaction.savepoint()
        yield
        transaction.savepoint_rollback(point)


def counts() -> tuple[int, ...]:
    """How many rows there are of everything that matters, in the order of COUNTED."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"(SELECT count(*) FROM {model._meta.db_table})" for model in COUNTED))
        return tuple(cursor.fetchone())


def complaint_about(answer: Any, *, may_pass: bool) -> str:
    """What is wrong with an answer, or nothing."""
    if answer.status_code >= 500:
        return f"{answer.status_code} {answer.content[:200]!r}"
    if answer.status_code < 400:
        return "" if may_pass else f"accepted with {answer.status_code} {answer.content[:120]!r}"
    try:
        told = answer.json()
    except ValueError:
        return f"{answer.status_code} without JSON: {answer.content[:80]!r}"
    return "" if set(told) == SHAPE and told["code"] and told["message"] else f"{answer.status_code} of another shape: {told}"


@pytest.fixture
def shop(departure: Departure, simulator: SimulatorHandle) -> Shop:
    return Shop(departure, simulator.do("customer/login_code", nickname="苏晴")["openid"])


def test_the_schema_holds_the_whole_api() -> None:
    found = {str(operation) for operation in operations()}
    assert found >= {
        "POST /api/mp/v1/auth/login", "POST /api/mp/v1/phone", "POST /api/mp/v1/consents", "GET /api/mp/v1/products",
        "POST /api/mp/v1/orders", "POST /api/mp/v1/orders/{no}/pay", "POST /api/mp/v1/touches/{token}/open",
    }  # fmt: skip


def test_every_member_of_every_body(shop: Shop) -> None:
    for operation in (one for one in operations() if one.reads_body):
        for name, declared in operation.properties.items():
            for what, entry in CORPUS["members"].items():
                body = shop.body(operation, **{name: spelled(entry)})
                wrong = entry["kind"] == "never" or not fits(entry["kind"], declared)
                shop.send(operation, f"{name} = {what}", body=body, may_pass=not wrong)
    shop.conclude()


def test_every_whole_body(shop: Shop) -> None:
    for operation in (one for one in operations() if one.method != "GET"):
        for what, entry in CORPUS["bodies"].items():
            may_pass = not operation.reads_body or (not operation.required and not body_of(entry).strip())
            shop.send(operation, what, body=body_of(entry), may_pass=may_pass)
    shop.conclude()


def test_members_that_come_twice_or_not_at_all(shop: Shop) -> None:
    for operation in (one for one in operations() if one.reads_body):
        for name in operation.required:
            right = shop.body(operation)
            twice = right[:-1] + f", {json.dumps(name)}: {json.dumps(shop.value(operation, name))}}}".encode()
            shop.send(operation, f"{name} twice", body=twice)
            rest = {key: value for key, value in json.loads(right).items() if key != name}
            shop.send(operation, f"{name} missing", body=json.dumps(rest).encode())
    shop.conclude()


def test_other_content_types(shop: Shop) -> None:
    for operation in (one for one in operations() if one.reads_body and one.required):
        for content_type in CORPUS["content_types"]:
            body = b"\xff\x00 no form" if "json" not in content_type else shop.body(operation)[:-1]
            shop.send(operation, content_type, body=body, content_type=content_type)
    shop.conclude()


def test_every_idempotency_key(shop: Shop) -> None:
    keyed = [one for one in operations() if any(header["name"] == "Idempotency-Key" for header in one.placed("header"))]
    assert len(keyed) >= 4
    for operation in keyed:
        for key in CORPUS["keys"]:
            shop.send(operation, f"key {key!r}", body=shop.body(operation), key=key)
    shop.conclude()


def test_every_query_parameter(shop: Shop) -> None:
    for operation in operations():
        for parameter in operation.placed("query"):
            for what, entry in CORPUS["texts"].items():
                raw = spelled(entry)
                may_pass = not entry.get("never") and may_be(raw, parameter["schema"])
                shop.send(operation, f"?{parameter['name']}={what}", query=f"{parameter['name']}={raw}", may_pass=may_pass)
    shop.conclude()


def test_undeclared_query_parameters(shop: Shop) -> None:
    for operation in (one for one in operations() if one.method == "GET"):
        for what, entry in CORPUS["texts"].items():
            shop.send(operation, f"?undeclared={what}", query=f"undeclared={spelled(entry)}", may_pass=not entry.get("never"))
            shop.send(operation, f"?{what}", query=f"{spelled(entry)}=1", may_pass=not entry.get("never"))
    shop.conclude()


def test_every_piece_of_every_path(shop: Shop) -> None:
    for operation in operations():
        for parameter in operation.placed("path"):
            for what, entry in CORPUS["texts"].items():
                path = shop.address(operation, **{parameter["name"]: spelled(entry)})
                shop.send(operation, f"{parameter['name']} = {what}", path=path, body=shop.body(operation))
    shop.conclude()


@pytest.mark.parametrize("address", ["/callbacks/wecom", "/callbacks/pay"])
def test_callbacks(address: str, simulator: SimulatorHandle, client: Client) -> None:
    client.raise_request_exception = False
    failures: list[tuple[str, str, bytes, int]] = []
    stamp = int(clock.now().timestamp())
    queries = ["", f"msg_signature=x&timestamp={stamp}&nonce=1&echostr=x"]
    for name in ("msg_signature", "timestamp", "nonce", "echostr"):
        queries += [f"msg_signature=x&timestamp={stamp}&nonce=1&{name}={spelled(entry)}" for entry in CORPUS["texts"].values()]
    bodies = {**CORPUS["bodies"], **XML}
    sent = [("POST", query, b"<xml><Encrypt>AAAA</Encrypt></xml>") for query in queries]
    sent += [("POST", queries[1], body_of(entry)) for entry in bodies.values()]
    sent += [("GET", query, b"") for query in queries]
    before = counts()
    for method, query, body in sent:
        kind = "text/xml" if body[:1] == b"<" else "application/json"
        answer = client.generic(method, address, body, kind, QUERY_STRING=query)
        if not 400 <= answer.status_code < 500:
            failures.append((method, query[:80], body[:60], answer.status_code))
    for name in ("Wechatpay-Signature", "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial"):
        for value in ("", "-1", "NaN", "9" * 5000, "é", "1e400", "=" * 400, "9999-12-31 23:59:59"):
            answer = client.generic("POST", address, b"{}", "application/json", headers={name: value})
            if not 400 <= answer.status_code < 500:
                failures.append((name, value[:40], b"", answer.status_code))
    assert failures == []
    assert counts() == before


XML: dict[str, dict[str, Any]] = {
    "empty element": {"raw": "<xml/>"},
    "unclosed": {"raw": "<xml><Encrypt>"},
    "entity bomb": {"raw": '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>'},
    "file": {"raw": '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><Encrypt>&f;</Encrypt></xml>'},
    "deep": {"raw": "<a>", "times": 20_000},
    "not base64": {"raw": "<xml><Encrypt>不是</Encrypt></xml>"},
    "70 kB": {"raw": "<xml><Encrypt>", "then": "A", "then_times": 70_000, "tail": "</Encrypt></xml>"},
}
