"""One HTTP exchange, free of any server: what comes in, what goes out, and hanging up."""

import json
from dataclasses import dataclass, field
from typing import Any

import msgspec

Json = dict[str, Any]


@dataclass(slots=True)
class Request:
    """A request as the vendor named by `host` receives it. Header names are lower case; `target` is path and query as sent."""

    method: str
    host: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    target: str = ""
    remote_addr: str = "127.0.0.1"

    def json(self) -> Any:
        """The body as JSON; ValueError when it is none."""
        try:
            return json.loads(self.body)
        except (UnicodeDecodeError, RecursionError) as error:
            raise ValueError("not JSON") from error


@dataclass(slots=True)
class Response:
    """What goes back. `code` is the vendor's result code, for the journal; `note` a remark for the person reading it."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    code: str = ""
    note: str = ""


class NoReply(Exception):
    """Hang up after `seconds` without a word."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(f"no reply after {seconds:g} s")
        self.seconds = seconds


def json_response(payload: Any, status: int = 200, code: str = "", note: str = "") -> Response:
    """A JSON answer in real UTF-8."""
    return Response(status, msgspec.json.encode(payload), code=code, note=note)


def html_response(status: int, title: str) -> Response:
    """A page as a gateway in front of the vendor writes it."""
    page = f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center><hr></body></html>"
    return Response(status, page.encode(), "text/html; charset=utf-8", code=str(status))
