"""Reads over the border's tables."""

import json
from typing import Any

from core.secrets import unseal
from gateways.models import InboundCallback


def callback_fields(callback_id: int) -> dict[str, Any]:
    """The plain fields of a stored callback, as `store_callback` got them in JSON."""
    sealed = InboundCallback.objects.values_list("body", flat=True).get(pk=callback_id)
    fields: dict[str, Any] = json.loads(unseal(bytes(sealed)))
    return fields
