"""In-process wiring: a `requests` adapter that answers from a simulator without any socket."""

import io
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter

from gateways.simulator.engine import Simulator
from gateways.simulator.exchange import NoReply, Request


def request_from_url(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Request:
    """A request from a full address: the vendor's own (`https://qyapi.weixin.qq.com/...`) or the simulator's."""
    parts = urlsplit(url)
    host, target = parts.netloc, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return build_request(method, host, target, headers, body)


def build_request(
    method: str, host: str, target: str, headers: Mapping[str, str], body: bytes, remote_addr: str = "127.0.0.1"
) -> Request:
    """A request from its parts. A host that is no vendor's is the simulator itself: the first path segment names the vendor."""
    if not _is_vendor(host):
        host, target = _split_target(target)
    path, _, query = target.partition("?")
    lowered = {name.lower(): value for name, value in headers.items()}
    return Request(method.upper(), host, path, dict(parse_qsl(query, keep_blank_values=True)), lowered, body, target, remote_addr)


def _is_vendor(host: str) -> bool:
    return host.partition(":")[0].endswith((".com", ".cn"))


def _split_target(target: str) -> tuple[str, str]:
    """`/qyapi.weixin.qq.com/cgi-bin/x?y` -> (`qyapi.weixin.qq.com`, `/cgi-bin/x?y`)."""
    path, mark, query = target.lstrip("/").partition("?")
    host, _, rest = path.partition("/")
    return host, f"/{rest}{mark}{query}"


class SimulatorAdapter(BaseAdapter):
    """Mount it on `https://` (and `http://`) of a session; hard-coded addresses are caught as well."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__()
        self.simulator = simulator

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Answer a prepared request. A hung-up line is a ReadTimeout, at once."""
        body = request.body or b""
        data = body.encode() if isinstance(body, str) else bytes(body)
        headers = {name: str(value) for name, value in request.headers.items()}
        asked = request_from_url(request.method or "GET", request.url or "", headers, data)
        try:
            answer = self.simulator.handle(asked)
        except NoReply as silence:
            error = requests.ReadTimeout if silence.seconds else requests.ConnectionError
            raise error(str(silence), request=request) from silence
        return _as_response(request, answer.status, {"Content-Type": answer.content_type, **answer.headers}, answer.body)

    def close(self) -> None:
        """Nothing is held open."""


def _as_response(request: requests.PreparedRequest, status: int, headers: dict[str, str], body: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers)
    response.raw = io.BytesIO(body)
    response.url, response.request = request.url or "", request
    return response
