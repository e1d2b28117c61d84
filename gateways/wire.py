"""Many calls to one vendor at once: HTTP/1.1 over a few dozen kept connections, in an event loop of its own.

`requests` costs 450 microseconds a call and httpx 2,000; a mass of single messages needs a twentieth of that (figures in
docs/benchmarks.md). One request is under way per connection, so an answer can only belong to the request before it. Nothing
is repeated here: whoever calls knows whether a second try could reach somebody twice.
"""

import asyncio
import collections
import os
import ssl
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from urllib.parse import urlsplit

import httptools

CONNECTIONS = 64
CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
IDLE_SECONDS = 15.0  # a connection that has rested longer may be closed by the other side at any moment
MAX_BYTES = 1_000_000
NEVER_LEFT = "never-left"
NO_ANSWER = "no-answer"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request. `broken` is empty, NEVER_LEFT (certainly no effect) or NO_ANSWER (nobody knows)."""

    status: int = 0
    body: bytes = b""
    broken: str = ""
    retry_after: float | None = None


class _Line(asyncio.Protocol):
    """One connection: writes the next request when the answer to the last one is whole."""

    __slots__ = ("_body", "_parser", "_status", "deadline", "keeps", "place", "transport", "trip", "wait", "woken_at")

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.trip: _Trip | None = None
        self.place = -1
        self.deadline = self.woken_at = 0.0
        self._status, self._body, self.keeps = 0, bytearray(), True
        self.wait: float | None = None
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def go(self, trip: "_Trip") -> None:
        """Take the next request of a trip, or rest."""
        self.trip = trip
        if not trip.waiting or self.transport is None:
            self.place = -1
            trip.rested(self)
            return
        self.place = trip.waiting.popleft()
        self.deadline = trip.now() + READ_SECONDS
        self.transport.write(trip.requests[self.place])

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._give_up()

    def on_message_begin(self) -> None:
        self._body, self.wait = bytearray(), None

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"retry-after" and value.isdigit():
            self.wait = min(float(value), 3600.0)

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > MAX_BYTES:
            self._give_up()

    def on_message_complete(self) -> None:
        parser, trip, place = self._parser, self.trip, self.place
        if trip is None or place < 0:
            return
        trip.answered(place, Answer(parser.get_status_code(), bytes(self._body), "", self.wait))
        self.place = -1
        if parser.should_keep_alive():
            self.go(trip)
        else:
            self._give_up()

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        trip, place = self.trip, self.place
        self.place = -1
        if trip is not None:
            if place >= 0:
                trip.answered(place, Answer(broken=NO_ANSWER))
            trip.lost(self)

    def _give_up(self) -> None:
        """The other side speaks no HTTP that we know, or has said its last word on this connection."""
        if self.transport is not None:
            self.transport.abort()


class _Trip:
    """One list of requests on its way, and the answers in the same order."""

    def __init__(self, wire: "Wire", requests: Sequence[bytes], done: "Future[list[Answer]]") -> None:
        self.wire, self.requests, self.done = wire, requests, done
        self.waiting = collections.deque(range(len(requests)))
        self.answers: list[Answer | None] = [None] * len(requests)
        self.missing = len(requests)
        self.now = wire.loop.time

    def answered(self, place: int, answer: Answer) -> None:
        """Keep an answer; the last one ends the trip."""
        if self.answers[place] is None:
            self.answers[place] = answer
            self.missing -= 1
            if not self.missing:
                self.wire.finished(self)

    def rested(self, line: _Line) -> None:
        """A connection has nothing more to do."""
        self.wire.rest(line)

    def lost(self, line: _Line) -> None:
        """A connection is gone; a new one takes its place while requests wait."""
        self.wire.lost(line, self)


class Wire:
    """The connections of one process to one vendor. Thread-safe; one trip at a time, others wait in line."""

    def __init__(self, origin: str, connections: int = CONNECTIONS) -> None:
        parts = urlsplit(origin)
        self.host, self._is_tls = parts.hostname or "", parts.scheme == "https"
        self._port = parts.port or (443 if self._is_tls else 80)
        self._size = connections
        self._guard, self._pid = threading.Lock(), 0
        self.loop: asyncio.AbstractEventLoop
        self._resting: list[_Line] = []
        self._busy: set[_Line] = set()
        self._trips: collections.deque[_Trip] = collections.deque()

    def start(self, requests: Sequence[bytes]) -> "Future[list[Answer]]":
        """Send these (whole HTTP requests, as bytes); a future of the answers, in the same order."""
        self._ensure_loop()
        done: Future[list[Answer]] = Future()
        if not requests:
            done.set_result([])
            return done
        self.loop.call_soon_threadsafe(self._begin, _Trip(self, requests, done))
        return done

    def exchange(self, requests: Sequence[bytes]) -> list[Answer]:
        """`start`, and wait."""
        return self.start(requests).result()

    def _ensure_loop(self) -> None:
        """The loop lives in a thread of this process; a forked child gets its own."""
        with self._guard:
            if self._pid == os.getpid():
                return
            self.loop = _new_loop()
            self._resting, self._busy, self._trips = [], set(), collections.deque()
            threading.Thread(target=self._run, args=(self.loop,), name="wire", daemon=True).start()
            self._pid = os.getpid()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.call_later(0.5, self._sweep)
        loop.run_forever()

    def _begin(self, trip: _Trip) -> None:
        self._trips.append(trip)
        if len(self._trips) == 1:
            self._work(trip)

    def _work(self, trip: _Trip) -> None:
        wanted = min(self._size, len(trip.waiting))
        lines, self._resting = self._fresh(self._resting)[:wanted], []
        for line in lines:
            self._busy.add(line)
            line.go(trip)
        for _ in range(wanted - len(lines)):
            self.loop.create_task(self._connect(trip))

    def _fresh(self, lines: list[_Line]) -> list[_Line]:
        oldest, found = self.loop.time() - IDLE_SECONDS, []
        for line in lines:
            if line.transport is not None and line.woken_at > oldest:
                found.append(line)
            elif line.transport is not None:
                line.trip = None
                line.transport.abort()
        return found

    async def _connect(self, trip: _Trip) -> None:
        tls = _tls() if self._is_tls else None
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _transport, line = await self.loop.create_connection(_Line, self.host, self._port, ssl=tls)
        except (OSError, TimeoutError, ssl.SSLError):
            self._unreachable(trip)
            return
        self._busy.add(line)
        line.go(trip)

    def _unreachable(self, trip: _Trip) -> None:
        """Nobody is there. While other connections work they go on; else what has not left says so."""
        if not self._busy and self._trips and self._trips[0] is trip:
            while trip.waiting:
                trip.answered(trip.waiting.popleft(), Answer(broken=NEVER_LEFT))

    def rest(self, line: _Line) -> None:
        """Put a connection aside for the next trip."""
        self._busy.discard(line)
        line.woken_at = self.loop.time()
        if line.transport is not None:
            self._resting.append(line)

    def lost(self, line: _Line, trip: _Trip) -> None:
        """Replace a connection that ended while its trip goes on."""
        self._busy.discard(line)
        if line in self._resting:
            self._resting.remove(line)
        elif trip.waiting and self._trips and self._trips[0] is trip:
            self.loop.create_task(self._connect(trip))

    def finished(self, trip: _Trip) -> None:
        """Hand the answers over, and begin the next trip when this turn of the loop is over."""
        trip.done.set_result([answer or Answer(broken=NEVER_LEFT) for answer in trip.answers])
        self._trips.popleft()
        if self._trips:
            self.loop.call_soon(self._work, self._trips[0])

    def _sweep(self) -> None:
        """Give up connections whose answer is overdue: one look every half second costs nothing per request."""
        now = self.loop.time()
        for line in [line for line in self._busy if line.place >= 0 and line.deadline < now]:
            if line.transport is not None:
                line.transport.abort()
        self.loop.call_later(0.5, self._sweep)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # not on Windows
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def request_bytes(method: str, host: str, path: str, body: bytes, content_type: str, forwarded: str = "") -> bytes:
    """One whole HTTP/1.1 request."""
    more = f"X-Forwarded-Host: {forwarded}\r\n" if forwarded else ""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body
