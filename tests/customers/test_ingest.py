"""Events in: each is accepted, known already, or refused with a reason; the rest of the batch is kept."""

import asyncio
import datetime as dt
import gzip
import json
import uuid
from typing import Any

import psycopg
import pytest
from asgiref.testing import ApplicationCommunicator

from core import clock
from core.models import Event, Job
from core.secrets import token_hash
from customers.api.ingest import app
from customers.models import Activity, Customer
from customers.rules import MAX_BATCH, read_batch
from customers.services.ingest import RecentRequests, Request, ingest
from tests.factories import make_customer, make_event, make_token


def send(token: str, events: list[Any]) -> list[tuple[str, str]]:
    """(status, code) of each event."""
    request = Request(token_hash(token), read_batch(json.dumps({"events": events}).encode(), clock.now()))
    ingest([request])
    return [(status, item.code) for status, item in zip(request.statuses, request.items, strict=True)]


@pytest.fixture
def su(db: None) -> Customer:
    return make_customer("苏晴")


@pytest.fixture
def token(su: Customer) -> str:
    return make_token(su)


def test_an_event_is_stored_once(su: Customer, token: str) -> None:
    event = make_event(props={"product": "P01", "说明": "反斜杠 \\ 和\t制表", "n": 1.5, "ok": True, "tags": ["a", None]})
    assert send(token, [event, event]) == [("accepted", ""), ("duplicate", "")]
    assert send(token, [event]) == [("duplicate", "")]
    row = Event.objects.get(kind="product.viewed")
    assert (row.customer_id, row.props, row.source, str(row.key)) == (su.pk, event["props"], "mini", event["id"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "order.paid"}, "unknown_kind"),
        ({"kind": ""}, "unknown_kind"),
        ({"kind": 5}, "malformed"),
        ({"id": "not-a-uuid"}, "malformed"),
        ({"id": None}, "malformed"),
        ({"occurred_at": "2026-02-30T00:00:00Z"}, "malformed"),
        ({"occurred_at": "2026-11-01T00:00:00"}, "malformed"),  # no offset: whose midnight?
        ({"occurred_at": "2999-01-01T00:00:00Z"}, "future"),
        ({"occurred_at": "2019-01-01T00:00:00Z"}, "too_old"),
        ({"occurred_at": "9999-12-31T23:59:59-12:00"}, "future"),
        ({"customer": str(uuid.UUID(int=7))}, "unknown_customer"),
        ({"props": {"a": {"b": 1}}}, "malformed"),
        ({"props": [1]}, "malformed"),
        ({"props": {"a": "x\x00y"}}, "malformed"),
        ({"props": {"a\x00": 1}}, "malformed"),
        ({"props": {f"k{n}": n for n in range(41)}}, "malformed"),
        ({"props": {"a": "文" * 6000}}, "too_large"),
        ({"props": {"a": "x" * 1_100_000}}, "too_large"),
    ],
)
def test_a_bad_event_is_refused_and_its_neighbours_are_kept(token: str, change: dict[str, Any], code: str) -> None:
    outcome = send(token, [make_event(), make_event(**change), make_event()])
    assert outcome == [("accepted", ""), ("rejected", code), ("accepted", "")]
    assert Event.objects.filter(kind="product.viewed").count() == 2


@pytest.mark.parametrize(
    "raw",
    ["null", "5", '"x"', "[]", "{}", '{"id":"\\ud800"}', "[" * 100_000 + "]" * 100_000, '{"props":{"n":1e999}}', "9" * 5000],
)
def test_items_that_are_no_events_are_refused_one_by_one(token: str, raw: str) -> None:
    good = json.dumps(make_event())
    request = Request(
        token_hash(token), read_batch(f'{{"events":[{good},{raw},{json.dumps(make_event())}]}}'.encode(), clock.now())
    )
    ingest([request])
    assert request.statuses == ["accepted", "rejected", "accepted"]


def test_beyond_the_limit_of_a_batch_events_are_sent_back(token: str) -> None:
    outcome = send(token, [make_event() for _ in range(MAX_BATCH + 2)])
    assert outcome[-3:] == [("accepted", ""), ("rejected", "batch_full"), ("rejected", "batch_full")]


def test_activity_and_one_waiting_job_per_customer(su: Customer, token: str) -> None:
    Activity.objects.all().delete()
    first = dt.datetime(2026, 11, 1, 3, tzinfo=dt.UTC)
    send(token, [make_event(occurred_at=(first + dt.timedelta(days=day)).isoformat()) for day in (3, 0, 7)])
    send(token, [make_event(occurred_at=(first - dt.timedelta(days=1)).isoformat())])
    activity = Activity.objects.get(customer=su)
    assert (activity.first_seen_at, activity.last_seen_at, activity.event_count) == (
        first - dt.timedelta(days=1), first + dt.timedelta(days=7), 4,
    )  # fmt: skip
    keys = list(Job.objects.filter(args__fact="customer.active").values_list("key", flat=True))
    assert len(keys) == len(set(keys)) > 0
    assert all(key.endswith(f"customer:{su.pk}") for key in keys)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The first words of every statement that ingestion sends; it works below Django's cursor."""
    sent: list[str] = []

    class Listening(psycopg.Cursor[Any]):
        def execute(self, query: Any, *args: Any, **options: Any) -> "Listening":
            sent.append(str(query).split()[0])
            return super().execute(query, *args, **options)

        def copy(self, statement: Any, *args: Any, **options: Any) -> Any:
            sent.append("COPY")
            return super().copy(statement, *args, **options)

    monkeypatch.setattr("customers.services.ingest.psycopg.Cursor", Listening)
    return sent


def batch_of(token: str, events: list[Any]) -> Request:
    return Request(token_hash(token), read_batch(json.dumps({"events": events}).encode(), clock.now()))


def test_many_requests_are_one_transaction_of_few_statements(db: None, statements: list[str]) -> None:
    requests = [batch_of(make_token(make_customer(f"客户{n}")), [make_event() for _ in range(10)]) for n in range(20)]
    ingest(requests)
    assert statements == ["SET", "SELECT", "COPY", "INSERT", "INSERT"]
    assert Event.objects.filter(kind="product.viewed").count() == 200


def test_what_was_sent_lately_is_looked_up_before_it_is_written(token: str, statements: list[str]) -> None:
    first, second = make_event(), make_event()
    ingest([batch_of(token, [first])])
    statements.clear()
    again = batch_of(token, [first, second])
    ingest([again])
    assert again.statuses == ["duplicate", "accepted"]
    assert statements == ["SET", "SELECT", "SELECT", "COPY", "INSERT", "INSERT"]


def test_what_another_process_stored_is_found_by_its_collision(
    token: str, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_event(), make_event()
    ingest([batch_of(token, [first])])
    monkeypatch.setattr("customers.services.ingest._recent", RecentRequests(limit=10))
    statements.clear()
    again = batch_of(token, [second, first])
    ingest([again])
    assert again.statuses == ["accepted", "duplicate"]
    assert statements == ["SET", "SELECT", "COPY", "SET", "SELECT", "SELECT", "COPY", "INSERT", "INSERT"]
    assert Event.objects.filter(kind="product.viewed").count() == 2


def test_the_memory_of_recent_requests_is_bounded(token: str) -> None:
    memory = RecentRequests(limit=4)
    requests = [batch_of(token, [make_event(), make_event()]) for _ in range(5)]
    for request in requests:
        memory.add(request)
    assert [memory.knows(request) for request in requests] == [False, False, True, True, True]


def test_a_stranger_in_the_group_spoils_nothing(token: str) -> None:
    good = Request(token_hash(token), read_batch(json.dumps({"events": [make_event()]}).encode(), clock.now()))
    stranger = Request(token_hash("nobody"), read_batch(json.dumps({"events": [make_event()]}).encode(), clock.now()))
    ingest([stranger, good])
    assert (stranger.customer_id, stranger.statuses, good.statuses) == (None, [], ["accepted"])


def test_what_postgres_alone_refuses_costs_only_itself(token: str) -> None:
    request = Request(token_hash(token), read_batch(json.dumps({"events": [make_event(), make_event()]}).encode(), clock.now()))
    request.items[0].row = request.items[0].row.replace(b"product.viewed", b"x" * 65)
    ingest([request])
    assert [(status, item.code) for status, item in zip(request.statuses, request.items, strict=True)] == [
        ("rejected", "malformed"), ("accepted", ""),
    ]  # fmt: skip


# --- over ASGI ----------------------------------------------------------------------------------------


def call(body: bytes, *, method: str = "POST", headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """The answer of the application."""

    async def ask() -> tuple[int, bytes]:
        raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        scope = {"type": "http", "method": method, "path": "/api/mp/v1/events:batch", "headers": raw}
        talk: Any = ApplicationCommunicator(app, scope)  # type: ignore[no-untyped-call]
        await talk.send_input({"type": "http.request", "body": body})
        start = await talk.receive_output(10)
        rest = await talk.receive_output(10)
        return start["status"], rest["body"]

    status, answer = asyncio.run(ask())
    return status, json.loads(answer)


@pytest.mark.django_db(transaction=True)
def test_over_http_every_event_has_its_result() -> None:
    headers = {"Authorization": f"Bearer {make_token(make_customer())}"}
    good, bad = make_event(), make_event(kind="order.paid")
    status, answer = call(json.dumps({"events": [good, bad, good]}).encode(), headers=headers)
    assert status == 200
    assert [(one["id"], one["status"], one.get("code")) for one in answer["results"]] == [
        (good["id"], "accepted", None), (bad["id"], "rejected", "unknown_kind"), (good["id"], "duplicate", None),
    ]  # fmt: skip
    packed = gzip.compress(json.dumps({"events": [make_event()]}).encode())
    assert call(packed, headers={**headers, "Content-Encoding": "gzip"}) == (
        200,
        {"results": [{"id": AnyText(), "status": "accepted"}]},
    )


class AnyText:
    def __eq__(self, other: object) -> bool:
        return isinstance(other, str)

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("body", "change", "status", "code"),
    [
        (b"{", {}, 400, "malformed"),
        (b"[]", {}, 400, "malformed"),
        (b'{"events": 5}', {}, 400, "malformed"),
        (b"\xff\xfe", {}, 400, "malformed"),
        (b"[" * 100_000, {}, 400, "malformed"),
        (b" " * 8_000_001, {}, 413, "too_large"),
        (gzip.compress(b" " * 9_000_000), {"Content-Encoding": "gzip"}, 413, "too_large"),
        (b"plain", {"Content-Encoding": "gzip"}, 400, "malformed"),
        (b"{}", {"Content-Encoding": "br"}, 415, "unsupported"),
        (b'{"events": []}', {"Authorization": ""}, 401, "not_authenticated"),
        (b'{"events": []}', {"Authorization": "Bearer " + "x" * 40}, 401, "not_authenticated"),
    ],
)
def test_a_request_that_is_no_batch_is_refused_whole(body: bytes, change: dict[str, str], status: int, code: str) -> None:
    headers = {"Authorization": f"Bearer {make_token(make_customer())}", **change}
    answer = call(body, headers=headers)
    assert (answer[0], answer[1]["code"]) == (status, code)
    assert Event.objects.filter(kind="product.viewed").count() == 0


@pytest.mark.django_db(transaction=True)
def test_an_expired_session_and_another_method() -> None:
    headers = {"Authorization": f"Bearer {make_token(make_customer(), hours=-1)}"}
    assert call(json.dumps({"events": [make_event()]}).encode(), headers=headers)[0] == 401
    assert call(b"", method="GET", headers=headers)[0] == 405
