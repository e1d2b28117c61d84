"""Ready-made questions for an empty list."""

from typing import Any

from django.utils.translation import gettext as _


def ready_segments() -> list[dict[str, Any]]:
    """Name, sentence and condition of each; they use only fields that every agency has."""
    viewed = {"kinds": ["product.viewed"], "op": ">="}
    return [
        {"key": "eager", "name": _("Eager, not bought yet"), "condition": {"all": [
            {"event": {**viewed, "window_days": 7, "value": 3}}, {"not": {"event": {"kinds": ["order.paid"], "window_days": 30, "value": 1}}},
        ]}},
        {"key": "friends", "name": _("WeCom friends who agreed to offers"), "condition": {"all": [
            {"friend": {"is": "friend"}}, {"consent": {"is": "granted", "purpose": "marketing"}},
        ]}},
        {"key": "checkout", "name": _("Stopped half-way through an order"), "condition": {"all": [
            {"event": {"kinds": ["checkout.started"], "window_days": 14, "op": ">=", "value": 1}},
            {"not": {"event": {"kinds": ["order.paid"], "window_days": 14, "value": 1}}},
        ]}},
        {"key": "buyers", "name": _("Bought in the last year"), "condition": {"all": [
            {"event": {"kinds": ["order.paid"], "window_days": 365, "op": ">=", "value": 1}},
        ]}},
    ]  # fmt: skip
