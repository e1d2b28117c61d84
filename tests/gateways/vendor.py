"""A tiny scripted vendor on a real socket, for what the simulator cannot do: trickle, hang, count threads."""

import json
import socket
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    body: bytes = b"{}"
    status: int = 200
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Hang:
    """Accept, and say nothing until the test is over."""


@dataclass(frozen=True)
class Reset:
    """Accept, and hang up."""


@dataclass(frozen=True)
class Trickle:
    """A body that comes byte by byte, for as long as the client listens."""


Reaction = Answer | Hang | Reset | Trickle | Callable[[Seen], Answer]


def ok(**fields: Any) -> Answer:
    """A WeChat success."""
    return Answer(json.dumps({"errcode": 0, "errmsg": "ok", **fields}).encode())


def refusal(errcode: int, errmsg: str = "") -> Answer:
    """A WeChat error."""
    text = (
        errmsg
        or f"no, hint: [16098_{errcode}_af], from ip: 203.0.113.9, more info at https://open.work.weixin.qq.com/devtool/query?e={errcode}"
    )
    return Answer(json.dumps({"errcode": errcode, "errmsg": text}).encode())


class Vendor(ThreadingHTTPServer):
    """Serves scripted reactions per path; the last one of a path repeats."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.over = threading.Event()
        self.seen: list[Seen] = []
        self._script: dict[str, list[Reaction]] = defaultdict(list)
        self._guard = threading.Lock()

    @property
    def url(self) -> str:
        """The base address to give to a Transport."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def on(self, path: str, *reactions: Reaction) -> None:
        """Set the reactions of every path that ends so."""
        self._script[path] = list(reactions)

    def calls(self, path: str) -> list[Seen]:
        """The requests to a path that ends so, in order."""
        return [seen for seen in self.seen if seen.path.endswith(path)]

    def react(self, seen: Seen) -> Reaction:
        """The next reaction for a request."""
        with self._guard:
            self.seen.append(seen)
            script = next((script for path, script in self._script.items() if seen.path.endswith(path)), [Answer(status=404)])
            return script.pop(0) if len(script) > 1 else script[0]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Vendor

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = Seen(self.command, parts.path, dict(parse_qsl(parts.query)), dict(self.headers.items()), body)
        reaction = self.server.react(seen)
        if callable(reaction):
            reaction = reaction(seen)
        match reaction:
            case Answer():
                self._answer(reaction)
            case Hang():
                self.server.over.wait(10)
                self.close_connection = True
            case Reset():
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
            case Trickle():
                self._trickle()

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _trickle(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        try:
            while not self.server.over.wait(0.02):
                self.wfile.write(b" ")
        except OSError:
            self.close_connection = True

    def log_message(self, *_args: object) -> None:
        """Silence."""
