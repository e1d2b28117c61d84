"""What the connectors share: one noted call, JSON out of an answer, a check that never raises."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from gateways.connectors import Finding
from gateways.errors import BAD_ANSWER, CallbackRefused, GatewayError
from gateways.services import record_call
from gateways.transport import Transport


class Caller:
    """Calls one platform; every call is noted in the gateway log."""

    def __init__(self, vendor: str, base_url: str) -> None:
        self.vendor, self._transport = vendor, Transport(vendor, base_url=base_url)

    def bytes(self, api: str, method: str, url: str, **kwargs: Any) -> bytes:
        """The body of a 200 answer; GatewayError otherwise."""
        with record_call(self.vendor, api):
            reply = self._transport.send(api, method, url, **kwargs)
            if reply.status != 200:
                raise self._transport.unhealthy(api, reply)
            return reply.body

    def json(self, api: str, method: str, url: str, **kwargs: Any) -> dict[str, Any]:
        """The JSON object of a 200 answer; GatewayError otherwise."""
        try:
            found = json.loads(self.bytes(api, method, url, **kwargs))
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise GatewayError(self.vendor, api, BAD_ANSWER, ambiguous=True)
        return found


def decoded(source: str, body: bytes) -> dict[str, Any]:
    """A webhook's JSON object; CallbackRefused when it is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise CallbackRefused(source, BAD_ANSWER)
    return found


def same(given: str, expected: str) -> bool:
    """Compare two signatures in constant time, whatever characters were given."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def digest(*parts: str) -> str:
    """A short key for what has no id of its own."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:40]


def configured(vendors: Mapping[str, str], names: tuple[str, ...]) -> Finding:
    """Whether the settings a connector needs are given."""
    missing = [name for name in names if not vendors.get(name)]
    fix = _("Set %(names)s in the environment and restart.") % {"names": ", ".join(missing)}
    return Finding(_("Its settings are given"), not missing, fix)


def tried(label: str, fix: str, work: Callable[[], object]) -> Finding:
    """Do something and say whether the platform let us; its own words stand with the fix."""
    try:
        work()
    except GatewayError as error:
        return Finding(label, False, f"{fix} ({error.user_text})")
    return Finding(label, True)
