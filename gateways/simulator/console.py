"""A client of the control plane, for the `/sim/` page and for programs that play the people of the demo."""

from typing import Any

import requests

SECONDS = 10.0


class ConsoleError(Exception):
    """The control plane said no, or did not answer. `status` 0 means: nobody there."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Console:
    """Speaks to one simulator. Cheap to make; keeps its connection."""

    def __init__(self, url: str) -> None:
        self._base = f"{url.rstrip('/')}/_sim/"
        self._session = requests.Session()
        self._session.trust_env = False

    def do(self, verb: str, **arguments: Any) -> Any:
        """Call a verb (see control.py); its answer. Raises ConsoleError."""
        return self._send("POST", verb, json=arguments).json()

    def picture(self, media_id: str) -> tuple[bytes, str]:
        """The bytes and the type of an uploaded picture. Raises ConsoleError."""
        reply = self._send("GET", "media/file", params={"media_id": media_id})
        return reply.content, reply.headers.get("Content-Type", "image/png")

    def _send(self, method: str, verb: str, **more: Any) -> requests.Response:
        try:
            reply = self._session.request(method, self._base + verb, timeout=SECONDS, **more)
        except requests.RequestException as error:
            raise ConsoleError(0, type(error).__name__) from error
        if reply.status_code != 200:
            raise ConsoleError(reply.status_code, _message(reply))
        return reply


def _message(reply: requests.Response) -> str:
    try:
        return str(reply.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {reply.status_code}"
