"""One way out of the house: HTTP with deadlines, size caps, a breaker, and errors that hold no secret."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from gateways.errors import BAD_ANSWER, CIRCUIT_OPEN, TIMEOUT, UNREACHABLE, GatewayError

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
TOTAL_SECONDS = 20.0  # a body that trickles in byte by byte never meets the read time-out
MAX_BYTES = 10_000_000
BREAKER_FAILURES = 5
BREAKER_SECONDS = 15.0


@dataclass(frozen=True)
class Reply:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json_object(self) -> dict[str, Any] | None:
        """The body as a JSON object, or None when it is anything else."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None


class BaseUrlAdapter(HTTPAdapter):
    """Sends every `https://host/path` to `<base>/host/path`: a simulator, or a gateway through which all must leave."""

    def __init__(self, base_url: str) -> None:
        super().__init__(pool_maxsize=16)
        self._base_url = base_url.rstrip("/")

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send to the base address; the host that was meant travels in X-Forwarded-Host."""
        parts = urlsplit(request.url or "")
        request.url = f"{self._base_url}/{parts.netloc}{request.path_url}"
        request.headers["X-Forwarded-Host"] = parts.netloc
        return super().send(request, *args, **kwargs)


class Breaker:
    """Opens after some failures in a row, so that a dead vendor costs no more waiting; one call then tries the door."""

    def __init__(
        self, failures: int = BREAKER_FAILURES, seconds: float = BREAKER_SECONDS, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit, self._seconds, self._now = failures, seconds, now
        self._guard = threading.Lock()
        self._failures, self._open_until = 0, 0.0

    def seconds_left(self) -> float:
        """How long the door stays shut; 0 when a call may go. The first one after that shuts it behind itself."""
        with self._guard:
            now = self._now()
            if self._failures < self._limit:
                return 0.0
            if now < self._open_until:
                return self._open_until - now
            self._open_until = now + self._seconds
            return 0.0

    def failed(self) -> None:
        """The vendor did not answer."""
        with self._guard:
            self._failures += 1
            if self._failures >= self._limit:
                self._open_until = self._now() + self._seconds

    def answered(self) -> None:
        """The vendor answered, whatever it said."""
        with self._guard:
            self._failures, self._open_until = 0, 0.0


class Transport:
    """HTTP to one vendor. Thread-safe: no cookies, no redirects, a pool of connections."""

    def __init__(
        self,
        vendor: str,
        *,
        base_url: str = "",
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self.vendor = vendor
        self.base_url = base_url
        self.breaker = Breaker()
        self._timeout = (connect_seconds, read_seconds)
        self._total_seconds = total_seconds
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.mount("https://", BaseUrlAdapter(base_url) if base_url else HTTPAdapter(pool_maxsize=16))
        self._session.trust_env = not base_url

    def send(
        self,
        api: str,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Call, and return whatever answer came, whatever its status. Raises GatewayError when none came.

        The error is raised outside the handler: neither its text nor its context holds the URL, where tokens travel.
        """
        if left := self.breaker.seconds_left():
            raise GatewayError(self.vendor, api, CIRCUIT_OPEN, retry_in_seconds=left)
        failure: GatewayError | None = None
        try:
            reply = self._exchange(api, method, url, params=params, data=body, files=files, headers=headers)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            failure = self._failure(api, error)
        if failure is not None:
            self.breaker.failed()
            raise failure
        (self.breaker.failed if reply.status >= 500 else self.breaker.answered)()
        return reply

    def _exchange(self, api: str, method: str, url: str, **kwargs: Any) -> Reply:
        deadline = time.monotonic() + self._total_seconds
        with self._session.request(method, url, timeout=self._timeout, stream=True, allow_redirects=False, **kwargs) as response:
            return Reply(response.status_code, response.headers, self._read(api, response, deadline))

    def _read(self, api: str, response: requests.Response, deadline: float) -> bytes:
        body = bytearray()
        while chunk := response.raw.read1(65_536, decode_content=True):
            body += chunk
            if time.monotonic() > deadline:
                raise requests.ReadTimeout
            if len(body) > MAX_BYTES:
                raise requests.exceptions.ContentDecodingError
        return bytes(body)

    def _failure(self, api: str, error: Exception) -> GatewayError:
        """What a broken exchange means. Only a call that never reached the vendor is certain to have had no effect."""
        if isinstance(error, requests.ConnectTimeout):
            return GatewayError(self.vendor, api, TIMEOUT)
        if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
            return GatewayError(self.vendor, api, TIMEOUT, ambiguous=True)
        if isinstance(error, requests.ConnectionError):
            return GatewayError(self.vendor, api, UNREACHABLE, ambiguous=not _never_connected(error))
        return GatewayError(self.vendor, api, BAD_ANSWER, ambiguous=True)

    def unhealthy(self, api: str, reply: Reply) -> GatewayError:
        """The error of an answer that is no answer: an HTTP failure, or a page where JSON was due."""
        if reply.status in range(200, 300):
            return GatewayError(self.vendor, api, BAD_ANSWER, ambiguous=True)
        pause = _seconds(reply.headers.get("Retry-After")) if reply.status in {429, 503} else None
        return GatewayError(self.vendor, api, f"http-{reply.status}", ambiguous=reply.status >= 500, retry_in_seconds=pause)


def _never_connected(error: requests.ConnectionError) -> bool:
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.NameResolutionError)


def _seconds(value: str | None) -> float | None:
    return min(float(value), 3600.0) if value and value.isascii() and value.isdigit() else None
