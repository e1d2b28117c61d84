"""HTTP that outlives a restart: a server that is away or breaks off is asked again for a while."""

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import requests

PATIENCE_SECONDS = 90.0
PAUSE_SECONDS = 0.4
AWAY = {503, 504}


class Gone(Exception):
    """The system did not answer for PATIENCE_SECONDS."""


class Wrong(Exception):
    """The system answered, but not what a user would accept."""


def retrying(send: Callable[[], requests.Response], what: str) -> requests.Response:
    """Send until there is an answer that is not "away"."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            answer = send()
            if answer.status_code not in AWAY:
                return answer
            why = f"HTTP {answer.status_code}"
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            why = type(error).__name__
        if time.monotonic() > deadline:
            raise Gone(f"{what}: {why} for {PATIENCE_SECONDS:.0f} s")
        time.sleep(PAUSE_SECONDS)


def until(question: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """Ask until the answer is true; Wrong when it never is. Background work has no other end that a user could see."""
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Wrong(f"{what}: not within {seconds:.0f} s")
        time.sleep(PAUSE_SECONDS)


class Simulator:
    """The control plane of the simulated platforms: what people do on their phones."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()

    def do(self, verb: str, **arguments: Any) -> Any:
        """A verb; Wrong when it is refused."""
        answer = retrying(lambda: self._session.post(f"{self.url}/_sim/{verb}", json=arguments, timeout=30), verb)
        if answer.status_code != 200:
            raise Wrong(f"simulator {verb}: {answer.status_code} {answer.text[:200]}")
        return answer.json()


class MiniProgram:
    """The mini-program of one customer."""

    def __init__(self, url: str) -> None:
        self.base = f"{url}/api/mp/v1"
        self._session = requests.Session()
        self.token = ""

    def try_once(self, path: str, body: dict[str, Any]) -> Any:
        """POST what must not be repeated as it is; OSError or Wrong when it fails."""
        return _checked(self._session.post(f"{self.base}/{path}", json=body, timeout=30), path, 200)

    def post(self, path: str, body: dict[str, Any], *, expect: int = 200) -> Any:
        """POST with an idempotency key, so that a repetition changes nothing."""
        headers = {"Idempotency-Key": uuid.uuid4().hex, **self._authorization()}
        answer = retrying(lambda: self._session.post(f"{self.base}/{path}", json=body, headers=headers, timeout=30), path)
        return _checked(answer, path, expect)

    def get(self, path: str) -> Any:
        """GET."""
        answer = retrying(lambda: self._session.get(f"{self.base}/{path}", headers=self._authorization(), timeout=30), path)
        return _checked(answer, path, 200)

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def _checked(answer: requests.Response, path: str, expect: int) -> Any:
    if answer.status_code != expect:
        raise Wrong(f"{path}: expected {expect}, got {answer.status_code} {answer.text[:300]}")
    return answer.json() if answer.content else {}


_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Browser:
    """A member of staff's browser: cookies and forms."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()

    @property
    def is_logged_in(self) -> bool:
        """Whether the system gave this browser a session."""
        return "sessionid" in self._session.cookies

    def get(self, path: str) -> requests.Response:
        """A page; Wrong unless it is there."""
        answer = retrying(lambda: self._session.get(f"{self.url}{path}", timeout=30), path)
        if answer.status_code != 200:
            raise Wrong(f"{path}: {answer.status_code}")
        return answer

    def json(self, path: str) -> Any:
        """A page for programs."""
        return self.get(path).json()

    def submit(
        self, page: str, path: str, fields: dict[str, str], *, files: dict[str, Any] | None = None, repeatable: bool = False
    ) -> requests.Response:
        """Send a form that stands on `page` to `path`; the answer after redirects. Wrong for any error page.

        Sent once unless it is `repeatable`: else the caller looks first whether a broken-off attempt has worked.
        """
        data = {"csrfmiddlewaretoken": self._form_token(page), **fields}

        def send() -> requests.Response:
            headers = {"Referer": f"{self.url}{page}"}
            return self._session.post(f"{self.url}{path}", data=data, files=files, timeout=60, headers=headers)

        answer = retrying(send, path) if repeatable else send()
        if answer.status_code >= 400:
            raise Wrong(f"{path}: {answer.status_code} {_text(answer)}")
        return answer

    def _form_token(self, page: str) -> str:
        found = _TOKEN.search(self.get(page).text)
        if found is None:
            raise Wrong(f"{page}: no form on it")
        return found[1]


def _text(answer: requests.Response) -> str:
    return " ".join(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL).split())[:300]
