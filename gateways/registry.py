"""Which class stands behind each vendor is decided in settings.GATEWAYS, as EMAIL_BACKEND is."""

import functools
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from gateways.shared_state import shared_state


def gateway(vendor: str) -> Any:
    """The process-wide client of a vendor; built on first use (imports of vendor libraries are heavy)."""
    return _build(settings.GATEWAYS[vendor], settings.SIM_URL)


def start_afresh() -> None:
    """Forget clients, tokens, budgets and blocks: for another vendor behind the same address, as every test has one."""
    _build.cache_clear()
    shared_state().forget_all()


@functools.cache
def _build(path: str, sim_url: str) -> Any:
    # The simulator's address is part of the key, so that a process that is pointed elsewhere gets another client.
    return import_string(path)()
