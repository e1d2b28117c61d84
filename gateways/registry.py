"""Which class stands behind each vendor is decided in settings.GATEWAYS, as EMAIL_BACKEND is."""

import functools
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


def gateway(vendor: str) -> Any:
    """The process-wide client of a vendor; built on first use (imports of vendor libraries are heavy)."""
    return _build(settings.GATEWAYS[vendor], settings.SIM_URL)


@functools.cache
def _build(path: str, sim_url: str) -> Any:
    # The simulator's address is part of the key, so that a test against another simulator gets another client.
    return import_string(path)()
