"""Which class stands behind each vendor is decided in settings.GATEWAYS, as EMAIL_BACKEND is."""

import functools
from collections.abc import Callable
from typing import Any, NoReturn

from django.conf import settings
from django.utils.module_loading import import_string

from gateways.configuration import is_configured
from gateways.errors import CallbackRefused, GatewayError
from gateways.shared_state import shared_state

NOT_CONFIGURED = "not-configured"
_CALLBACKS = {"decrypt_callback", "verify_url", "parse_notify", "parse_callback"}


class Unconfigured:
    """Stands behind a vendor that has no settings: every call fails for good, and nobody's callback is believed."""

    enabled = False

    def __init__(self, vendor: str) -> None:
        self._vendor = vendor

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        def fail(*_values: Any, **_named: Any) -> NoReturn:
            if name in _CALLBACKS:
                raise CallbackRefused(self._vendor, NOT_CONFIGURED)
            raise GatewayError(self._vendor, name, NOT_CONFIGURED)

        return fail


def gateway(vendor: str) -> Any:
    """The process-wide client of a vendor; built on first use (imports of vendor libraries are heavy)."""
    return _build(vendor, settings.GATEWAYS[vendor], settings.SIM_URL)


def start_afresh() -> None:
    """Forget clients, tokens, budgets and blocks: for another vendor behind the same address, as every test has one."""
    _build.cache_clear()
    shared_state().forget_all()


@functools.cache
def _build(vendor: str, path: str, sim_url: str) -> Any:
    # The simulator's address is part of the key, so that a process that is pointed elsewhere gets another client.
    # A language model that is absent answers for itself: callers ask `enabled`, and get LlmUnavailable.
    if vendor != "llm" and not is_configured(settings.VENDORS, vendor):
        return Unconfigured(vendor)
    return import_string(path)()
