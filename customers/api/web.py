"""`POST /web/v1/events`, native ASGI: what the web snippet saw, from the origins that the settings name.

The body is `{"events": [...], "site": KEY, "visitor": UUID, "ticket": TEXT}`, sent as text/plain so that a browser asks
no permission first. Events go the way of the mini-program's: one group commit for everybody who sends at the moment.
"""

import asyncio
import concurrent.futures
import time
from typing import Annotated

import msgspec
from django.conf import settings
from django.db import OperationalError, connection

from core import api_errors, clock
from customers.api.ingest import BodyRefused, Receive, Scope, Send, commit, read_body
from customers.rules import read_batch
from customers.rules.events import UuidText
from customers.services import visitors
from customers.services.ingest import Request

MAX_BODY = 128_000
PER_MINUTE = 120  # requests of one address; a page sends one every few seconds at most
REMEMBERED = 20_000


class Envelope(msgspec.Struct):
    """Who sends; the events are read apart."""

    site: Annotated[str, msgspec.Meta(max_length=64)]
    visitor: UuidText
    ticket: Annotated[str, msgspec.Meta(max_length=300)] = ""


class Throttle:
    """At most so many requests per address and minute in this process."""

    def __init__(self, limit: int) -> None:
        self._limit, self._minute, self._seen = limit, 0, dict[str, int]()

    def allows(self, address: str, now: float) -> bool:
        """Count one request; False when the address has used up its minute."""
        if (minute := int(now // 60)) != self._minute or len(self._seen) > REMEMBERED:
            self._minute, self._seen = minute, {}
        count = self._seen[address] = self._seen.get(address, 0) + 1
        return count <= self._limit


_decode = msgspec.json.Decoder(Envelope).decode
_pool = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="visitors")
throttle = Throttle(PER_MINUTE)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application of this one path."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin-1")
    try:
        status = await _take(scope, receive, headers, origin)
        await _answer(send, status, b"", origin)
    except BodyRefused as refused:
        await _answer(send, refused.status, msgspec.json.encode(api_errors.body(refused.code, refused.message)), origin)
    except OperationalError:
        await _answer(
            send, 503, msgspec.json.encode(api_errors.body("unavailable", "Send the events again in a moment.")), origin
        )


async def _take(scope: Scope, receive: Receive, headers: dict[bytes, bytes], origin: str) -> int:
    if origin not in settings.WEB_ORIGINS:
        raise BodyRefused(403, "origin", "This origin is not configured.")
    if scope["method"] == "OPTIONS":
        return 204
    if scope["method"] != "POST":
        raise BodyRefused(405, "method_not_allowed", "Only POST is allowed here.")
    if headers.get(b"dnt") == b"1" or headers.get(b"sec-gpc") == b"1":
        return 204
    address = scope["client"][0] if scope.get("client") else ""
    if not throttle.allows(address, time.monotonic()):
        raise BodyRefused(429, "too_many", "Too many requests; wait a minute.")
    body = await read_body(receive, MAX_BODY)
    try:
        envelope, items = _decode(body), read_batch(body, clock.now())
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BodyRefused(400, "malformed", "The body is not of the documented form.") from error
    if not settings.WEB_SITE_KEY or envelope.site != settings.WEB_SITE_KEY:
        raise BodyRefused(403, "site", "This site key is not known.")
    for item in items:
        item.customer = None  # nobody names themselves here
    owner = await asyncio.get_running_loop().run_in_executor(_pool, _owner, envelope)
    await commit(Request(b"", items, "web", owner))
    return 204


def _owner(envelope: Envelope) -> int:
    try:
        customer = visitors.customer_of_ticket(envelope.ticket) if envelope.ticket else None
        if customer is not None:
            visitors.stitch(customer, envelope.visitor)
        return visitors.owner_of(envelope.visitor)
    finally:
        connection.close()


async def _answer(send: Send, status: int, body: bytes, origin: str) -> None:
    headers = [(b"content-type", b"application/json"), (b"vary", b"Origin")]
    if origin in settings.WEB_ORIGINS:
        headers += [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-allow-methods", b"POST"),
            (b"access-control-allow-headers", b"content-type"),
            (b"access-control-max-age", b"86400"),
        ]
    if status != 204:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
