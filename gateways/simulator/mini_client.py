"""A customer's mini-program, as far as a demo needs one: it calls our real mini-program API over HTTP."""

import datetime as dt
import uuid
from typing import Any

import requests

SECONDS = 10.0


class ApiAnswer(Exception):
    """Our API said no. `status` 0: it did not answer. `message` is the sentence it has for the customer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class MiniClient:
    """One customer's session with the application at `public_url`."""

    def __init__(self, public_url: str, token: str = "") -> None:
        self._base = f"{public_url.rstrip('/')}/api/mp/v1/"
        self.token = token
        self._session = requests.Session()
        self._session.trust_env = False

    def log_in(self, js_code: str) -> dict[str, Any]:
        """Exchange a js_code for a session."""
        found: dict[str, Any] = self.post("auth/login", {"code": js_code})
        self.token = str(found["token"])
        return found

    def get(self, path: str, **query: str) -> Any:
        """Read something."""
        return self._send("GET", path, params=query)

    def post(self, path: str, body: dict[str, Any], key: str = "") -> Any:
        """Do something; `key` makes a repetition harmless."""
        return self._send("POST", path, json=body, headers={"Idempotency-Key": key or uuid.uuid4().hex})

    def track(self, kind: str, **props: str) -> bool:
        """Report one thing the customer did; whether it was taken. Nobody is kept from buying because it was not."""
        event = {"id": str(uuid.uuid4()), "kind": kind, "occurred_at": dt.datetime.now(dt.UTC).isoformat(), "props": props}
        try:
            results = self.post("events:batch", {"events": [event]})["results"]
        except ApiAnswer:
            return False
        return bool(results[0]["status"] == "accepted")

    def _send(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> Any:
        sent = {**(headers or {}), **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        try:
            reply = self._session.request(method, self._base + path, headers=sent, timeout=SECONDS, **more)
        except requests.RequestException as error:
            raise ApiAnswer(0, type(error).__name__) from error
        if reply.status_code >= 300:
            raise ApiAnswer(reply.status_code, _message(reply))
        return reply.json() if reply.content else {}


def _message(reply: requests.Response) -> str:
    try:
        return str(reply.json()["message"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {reply.status_code}"
