"""Fact -> who hears of it. Every handler in the house is on this page."""

from collections.abc import Iterable

from core.event_types import Fact
from core.events import Subscription

SUBSCRIPTIONS: dict[type[Fact], Iterable[str | Subscription]] = {}
