"""Reads over the border's tables and its shared state."""

import dataclasses
import json
from typing import Any

from core.secrets import unseal
from gateways.models import InboundCallback
from gateways.rules import budgets_for
from gateways.shared_state import shared_state


def callback_fields(callback_id: int) -> dict[str, Any]:
    """The plain fields of a stored callback, as `store_callback` got them in JSON."""
    sealed = InboundCallback.objects.values_list("body", flat=True).get(pk=callback_id)
    fields: dict[str, Any] = json.loads(unseal(bytes(sealed)))
    return fields


@dataclasses.dataclass(frozen=True)
class Gauge:
    """How much of our share of a platform's limit is left at this moment: `left` from 0 to 1, of one API and window."""

    vendor: str
    api: str
    window_seconds: int
    left: float

    @property
    def percent(self) -> int:
        """`left` in whole percent."""
        return round(self.left * 100)


def quota_gauges(most: int = 8) -> list[Gauge]:
    """The APIs that used most of their budget, the emptiest first. Who was quiet long enough has a full one and is left out."""
    found: list[Gauge] = []
    for name, (level, seconds) in shared_state().levels().items():
        scope, _colon, bucket = name.rpartition(":")
        vendor, (api, _slash, window) = scope.partition(":")[0], bucket.rpartition("/")
        budget = next((one for one in budgets_for(vendor, api) if one.name == bucket), None)
        if budget is None or scope.endswith(":staff"):
            continue
        now = min(budget.capacity, level + seconds * budget.per_second)
        found.append(Gauge(vendor, api, int(window), now / budget.capacity))
    found.sort(key=lambda gauge: (gauge.left, gauge.vendor, gauge.api, gauge.window_seconds))
    return found[:most]


def token_lives() -> dict[str, float]:
    """Vendor -> seconds until the access token that is kept for it is renewed. Who has none is left out."""
    found: dict[str, float] = {}
    for name, seconds in shared_state().lives("token:").items():
        _token, vendor, *rest = name.split(":")
        if len(rest) == 1:  # not a note beside the token
            found[vendor] = max(found.get(vendor, 0.0), seconds)
    return found
