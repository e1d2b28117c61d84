"""Platforms that hand over data: one Protocol, whatever they call it. What each cannot give stands on its page.

A connector turns what the platform says into items of the ingest API's form ({id, kind, occurred_at, who, props}); the
caller checks, resolves and stores them. Nothing here knows customers.
"""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

Item = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Page:
    """What one pull brought: items, where to go on, and whether there is more at once."""

    items: list[Item]
    cursor: dict[str, Any]
    has_more: bool = False


@dataclasses.dataclass(frozen=True)
class Hook:
    """A believed webhook: what to answer at once, and what to work on later (None: nothing; it was a check of our URL)."""

    answer: dict[str, Any]
    dedupe_key: str = ""
    body: dict[str, Any] | None = None


@dataclasses.dataclass(frozen=True)
class Finding:
    """One question about the connection, in order; `fix` says exactly what to do when the answer is no."""

    label: str
    is_good: bool
    fix: str = ""


class Connector(Protocol):
    """What every platform's connector can do. Calls may raise `GatewayError`."""

    schema: tuple[str, ...]  # the kinds of events it makes
    pulls: bool

    def pull(self, cursor: Mapping[str, Any]) -> Page:
        """What is new after a cursor ({}: from the beginning of what the platform still gives)."""
        ...

    def handle_webhook(self, headers: Mapping[str, str], body: bytes) -> Hook:
        """Verify a webhook and say what to answer. Raises `CallbackRefused`. No call to the platform."""
        ...

    def items_of(self, body: dict[str, Any]) -> list[Item]:
        """The items of a webhook that was kept; may ask the platform."""
        ...

    def health(self) -> list[Finding]:
        """Go through what the connection needs, one by one."""
        ...


@functools.cache
def _build(path: str, base_url: str) -> Connector:
    made: Connector = import_string(path)(settings.VENDORS, base_url)
    return made


def connector(kind: str) -> Connector | None:
    """The connector for a kind of source, against the simulator or the platform as settings.PLATFORM_MODE says."""
    path = settings.CONNECTORS.get(kind)
    return _build(path, settings.SIM_URL if settings.PLATFORM_MODE == "sim" else "") if path else None
