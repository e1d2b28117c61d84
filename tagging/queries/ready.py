"""Ready-made questions that every agency asks; they use only what every installation records."""

import dataclasses
from typing import Any

from django.utils.translation import gettext as _


@dataclasses.dataclass(frozen=True)
class Ready:
    """A segment to begin with; `key` stands in the address."""

    key: str
    name: str
    description: str
    condition: dict[str, Any]


def _did(kinds: list[str], days: int, value: int = 1, op: str = ">=") -> dict[str, Any]:
    return {"event": {"kinds": kinds, "window_days": days, "op": op, "value": value}}


_FRIEND = {"friend": {"is": "friend"}}
_AGREED = {"consent": {"is": "granted", "purpose": "marketing", "channel": "wecom"}}


def ready_segments() -> list[Ready]:
    """The eight segments, in the reader's language."""
    interested = _did(["product.viewed", "product.favorited", "advisor.asked"], 7, 3)
    ordered = {"orders": {"states": ["placed", "paid", "completed"], "window_days": 30, "value": 1}}
    paid_in_two_weeks = {"orders": {"window_days": 14, "value": 1}}
    spent = {"orders": {"measure": "sum", "op": ">=", "value": 8000}}
    one_order = [{"orders": {"op": "=", "value": 1}}, {"orders": {"measure": "since_last", "op": ">=", "value": 180}}]
    return [
        Ready("eager", _("Eager, not ordered yet"), _("Looked three times within a week and has no order: call today."),
              {"all": [interested, {"not": ordered}]}),
        Ready("checkout", _("Stopped before paying"), _("Started an order within two weeks and paid nothing since."),
              {"all": [_did(["checkout.started"], 14), {"not": paid_in_two_weeks}]}),
        Ready("valuable_silent", _("Big spenders gone silent for 90 days"),
              _("Paid more than 8,000 yuan altogether, not seen for 90 days."),
              {"all": [spent, {"seen": {"is": "before", "days": 90}}]}),
        Ready("family", _("Families with children from 3 to 12"), _("For school holidays, study trips and family rooms."),
              {"child_age": {"low": 3, "high": 12}}),
        Ready("birthday", _("Birthday within two weeks"), _("Friends whom a greeting can reach."),
              {"all": [{"birthday": {"within_days": 14}}, _FRIEND]}),
        Ready("departing", _("Departing within two weeks"), _("Weather, documents and what to pack."),
              {"departure": {"low": 0, "high": 14}}),
        Ready("reachable", _("Friends who agreed to offers"), _("Everybody a WeCom broadcast may reach."),
              {"all": [_FRIEND, _AGREED]}),
        Ready("one_trip", _("Travelled once, not again for half a year"), _("Bring them back with a second trip."),
              {"all": one_order}),
    ]  # fmt: skip
