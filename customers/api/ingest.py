"""`POST /api/mp/v1/events:batch`, native ASGI: requests that arrive together are committed together.

A request waits while earlier ones are being committed (a few milliseconds under load, nothing when idle), so the
cost of a durable commit is shared. 2xx means: in Postgres.
"""

import asyncio
import concurrent.futures
import logging
import re
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
from django.db import OperationalError, connection

from core import api_errors, clock
from core.secrets import token_hash
from customers.rules import REFUSALS, Item, read_batch
from customers.services.ingest import ACCEPTED, REJECTED, Request, ingest

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY = 8_000_000
MAX_GROUP = 32  # requests in one transaction
WRITERS = 2
SECOND_WRITER_FROM = 8  # requests: what is fewer waits for the transaction under way, since each costs its own commit
ACCEPTED_BETWEEN = '","status":"accepted"},{"id":"'
BEARER = re.compile(rb"Bearer ([A-Za-z0-9_\-]{20,100})")


class BodyRefused(Exception):
    """The request as a whole cannot be read; carries an HTTP status and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class GroupCommit:
    """Gathers requests and hands them to a few writer threads, at most WRITERS transactions at a time."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Request, asyncio.Future[None]]] = []
        self._running = 0
        self._pool = concurrent.futures.ThreadPoolExecutor(WRITERS, thread_name_prefix="ingest")

    async def commit(self, request: Request) -> None:
        """Return when the request's events are durable; raises what the database raised."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._running < WRITERS:
            asyncio.get_running_loop().call_soon(self._start)
        await future

    def _start(self) -> None:
        if self._running >= WRITERS or len(self._waiting) < (SECOND_WRITER_FROM if self._running else 1):
            return
        group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
        self._running += 1
        task = asyncio.get_running_loop().run_in_executor(self._pool, _write, [request for request, _ in group])
        task.add_done_callback(lambda done: self._finish(group, done))

    def _finish(self, group: list[tuple[Request, "asyncio.Future[None]"]], done: "asyncio.Future[None]") -> None:
        self._running -= 1
        error = done.exception()
        for _, future in group:
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
        self._start()


def _write(requests: list[Request]) -> None:
    try:
        ingest(requests)
    finally:
        connection.close()  # back to the pool, which throws a broken one away


_group = GroupCommit()


async def commit(request: Request) -> None:
    """Store a request's events together with whoever sends at the same moment; they are durable when it returns."""
    await _group.commit(request)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application of this one path."""
    try:
        request = await _read(scope, receive)
        await commit(request)
    except BodyRefused as refused:
        await _answer(send, refused.status, msgspec.json.encode(api_errors.body(refused.code, refused.message)))
        return
    except OperationalError:
        logger.exception("events not accepted: database unavailable")
        error = api_errors.body("unavailable", "Please send the events again in a moment.")
        await _answer(send, 503, msgspec.json.encode(error), retry_after=True)
        return
    if request.customer_id is None:
        await _answer(send, 401, msgspec.json.encode(api_errors.body("not_authenticated", "Please log in again.")))
        return
    await _answer(send, 200, _results(request))


async def _read(scope: Scope, receive: Receive) -> Request:
    if scope["method"] != "POST":
        raise BodyRefused(405, "method_not_allowed", "Only POST is allowed here.")
    headers = dict(scope["headers"])
    match = BEARER.fullmatch(headers.get(b"authorization", b""))
    if match is None:
        raise BodyRefused(401, "not_authenticated", "Please log in.")
    body = _unpacked(await read_body(receive, MAX_BODY), headers.get(b"content-encoding", b""))
    try:
        items = read_batch(body, clock.now())
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BodyRefused(400, "malformed", 'The body must be JSON of the form {"events": [...]}.') from error
    return Request(token_hash(match[1].decode()), items)


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body; BodyRefused when it is longer than `limit` bytes or the sender went away."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyRefused(400, "disconnected", "The request was not sent whole.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyRefused(413, "too_large", f"A request may hold at most {limit} bytes.")
        chunks.append(chunk)
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _unpacked(body: bytes, encoding: bytes) -> bytes:
    if encoding in {b"", b"identity"}:
        return body
    if encoding != b"gzip":
        raise BodyRefused(415, "unsupported", "Only gzip is understood as Content-Encoding.")
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(body, MAX_BODY)
    except zlib.error as error:
        raise BodyRefused(400, "malformed", "The body is not valid gzip.") from error
    if unpacker.unconsumed_tail:
        raise BodyRefused(413, "too_large", "A request may hold at most 8 MB.")
    return plain


def _results(request: Request) -> bytes:
    if all(status is ACCEPTED for status in request.statuses) and request.items:  # the usual answer, in one join
        ids = ACCEPTED_BETWEEN.join([item.id for item in request.items])
        return f'{{"results":[{{"id":"{ids}","status":"accepted"}}]}}'.encode()
    parts = [_result(item, status) for item, status in zip(request.items, request.statuses, strict=True)]
    return b'{"results":[' + b",".join(parts) + b"]}"


def _result(item: Item, status: str) -> bytes:
    if status != REJECTED:
        return f'{{"id":"{item.id}","status":"{status}"}}'.encode()
    return msgspec.json.encode({"id": item.id, "status": status, "code": item.code, "message": REFUSALS[item.code]})


async def _answer(send: Send, status: int, body: bytes, *, retry_after: bool = False) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if retry_after:
        headers.append((b"retry-after", b"3"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
