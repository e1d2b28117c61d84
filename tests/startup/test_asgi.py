"""The ASGI router, called as a server calls it."""

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import pytest
from a2wsgi import WSGIMiddleware

from scrm import asgi

Event = dict[str, Any]


def _call(
    path: str, *, query: bytes = b"", headers: Iterable[tuple[bytes, bytes]] = (), events: list[Event] | None = None
) -> list[Event]:
    """The events that one GET produced."""
    waiting = iter(events or [{"type": "http.request", "body": b"", "more_body": False}])
    sent: list[Event] = []

    async def receive() -> Event:
        return next(waiting)

    async def send(event: Event) -> None:
        sent.append(event)

    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": path, "raw_path": path.encode(),
        "query_string": query, "root_path": "", "server": ("127.0.0.1", 8000), "client": ("127.0.0.1", 4000),
        "headers": [(b"host", b"localhost"), *headers],
    }  # fmt: skip
    asyncio.run(asgi.application(scope, receive, send))
    return sent


async def _nothing() -> Event:
    raise AssertionError("nothing was to be received")


def _status(sent: list[Event]) -> int:
    status: int = sent[0]["status"]
    return status


def test_django_answers_through_the_router() -> None:
    sent = _call("/healthz")
    assert _status(sent) == 200
    assert b'"status": "ok"' in b"".join(event.get("body", b"") for event in sent)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (b"q=\xff\xfe", "q=%FF%FE"),
        ("q=旅行".encode(), "q=%E6%97%85%E8%A1%8C"),
        (b"q=%E6%97%85&page=2", "q=%E6%97%85&page=2"),
        (b"q=%zz&%", "q=%zz&%"),
        (b'q="<>\\^`{|}', "q=%22%3C%3E%5C%5E%60%7B%7C%7D"),
        (b"\x00\x01", "%00%01"),
    ],
)
def test_raw_bytes_in_the_query_string_reach_django_escaped(query: bytes, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [environ["QUERY_STRING"].encode()]

    monkeypatch.setattr(asgi, "django", WSGIMiddleware(cast(Any, echo), workers=1))
    assert b"".join(event.get("body", b"") for event in _call("/", query=query)).decode() == told


def test_a_header_with_an_underscore_is_not_taken_for_one_with_a_hyphen() -> None:
    scope = {"headers": [(b"x_forwarded_proto", b"https"), (b"x-forwarded-for", b"10.0.0.1")], "query_string": b""}
    assert asgi._for_wsgi(scope)["headers"] == [(b"x-forwarded-for", b"10.0.0.1")]


def test_a_request_whose_sender_left_half_way_is_not_carried_out() -> None:
    sent = _call("/healthz", events=[{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    assert sent == []


def test_a_body_is_taken_in_before_a_thread_is_given_and_then_told_once() -> None:
    parts = [{"type": "http.request", "body": bytes([65 + index]), "more_body": index < 2} for index in range(3)]

    async def collect() -> tuple[int, bytes]:
        waiting = iter(parts)
        taken = 0

        async def receive() -> Event:
            nonlocal taken
            taken += 1
            return next(waiting)

        ahead = await asgi._read_ahead(receive)
        assert ahead is not None
        before = taken
        return before, b"".join([(await ahead())["body"] for _ in range(3)])

    assert asyncio.run(collect()) == (3, b"ABC")


def test_a_web_socket_is_turned_away() -> None:
    sent: list[Event] = []

    async def talk() -> None:
        async def send(event: Event) -> None:
            sent.append(event)

        await asgi.application({"type": "websocket"}, _nothing, send)

    asyncio.run(talk())
    assert [event["type"] for event in sent] == ["websocket.close"]


def test_native_routes_exist_and_are_closed_with_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(asgi._load(asgi.NATIVE_ROUTES)) == set(asgi.NATIVE_ROUTES)
    closed: list[str] = []

    class Native:
        async def __call__(self, scope: Event, receive: object, send: Any) -> None:
            await send({"type": "http.response.start", "status": 202, "headers": []})

        async def aclose(self) -> None:
            closed.append("closed")

    monkeypatch.setattr(asgi, "_native", {"/fast": Native()})
    assert _status(_call("/fast")) == 202
    sent: list[str] = []

    async def live() -> None:
        waiting = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive() -> Event:
            return next(waiting)

        async def send(event: Event) -> None:
            sent.append(event["type"])

        await asgi.application({"type": "lifespan"}, receive, send)

    asyncio.run(live())
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert closed == ["closed"]
