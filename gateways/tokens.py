"""Access tokens: fetched by one process at a time, kept for all, refreshed once when the vendor asks for it.

Mends what wechatpy 1.8.18 gets wrong: no lock (eight clients, eight fetches), a cache key of ten characters of the
secret (two apps share a token), no time-out on the fetch, and a refresh without end when the secret is wrong.
"""

import hashlib
from collections.abc import Callable

from core.secrets import seal, unseal
from gateways.errors import TIMEOUT, GatewayError
from gateways.shared_state import Busy, SharedState

EARLY_SECONDS = 300.0  # give a token up before the vendor does
REFUSED_SECONDS = 60.0  # a wrong secret is not shown again for a minute: 2,000 errors an hour block the house
FORCE_PAUSE_SECONDS = 30.0  # the platform takes a forced refresh every 30 s, twenty times a day
LOCK_SECONDS = 25.0
WAIT_SECONDS = 20.0

Fetch = Callable[[bool], tuple[str, float]]


class AccessTokens:
    """The access token of one app. `fetch(force)` asks the vendor and returns the token and its life in seconds."""

    def __init__(
        self, state: SharedState, vendor: str, credentials: tuple[str, ...], fetch: Fetch, *, can_force: bool = False
    ) -> None:
        digest = hashlib.sha256("\x00".join(credentials).encode()).hexdigest()
        self._state, self._vendor, self._fetch, self._can_force = state, vendor, fetch, can_force
        self._name = f"token:{vendor}:{digest}"

    def current(self) -> str:
        """The token to use now."""
        return self._kept() or self._single_flight(stale="")

    def renewed(self, stale: str) -> str:
        """A token other than `stale`, which the vendor just refused. Fetches only if nobody else has done so."""
        return self._single_flight(stale)

    def _single_flight(self, stale: str) -> str:
        self._stop_if_refused()
        try:
            with self._state.exclusive(self._name, seconds=LOCK_SECONDS, wait=WAIT_SECONDS):
                self._stop_if_refused()
                kept = self._kept()
                return kept if kept and kept != stale else self._fetch_and_keep(stale)
        except Busy:
            raise GatewayError(self._vendor, "token", TIMEOUT) from None

    def _fetch_and_keep(self, stale: str) -> str:
        try:
            token, seconds = self._fetch(False)
            if token == stale and self._can_force and self._may_force():
                token, seconds = self._fetch(True)
        except GatewayError as error:
            if not error.retryable:
                self._state.write(f"{self._name}:refused", error.errcode.encode(), REFUSED_SECONDS)
            raise
        self._state.write(self._name, seal(token), max(seconds - EARLY_SECONDS, 30.0))
        return token

    def _may_force(self) -> bool:
        return self._state.count(f"{self._name}:forced", FORCE_PAUSE_SECONDS) == 1

    def _stop_if_refused(self) -> None:
        if errcode := self._state.read(f"{self._name}:refused"):
            raise GatewayError(self._vendor, "token", errcode.decode())

    def _kept(self) -> str:
        sealed = self._state.read(self._name)
        try:
            return unseal(sealed) if sealed else ""
        except ValueError:  # kept by a process with another data key
            return ""
