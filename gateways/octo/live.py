"""OCTO over HTTP with a bearer token; key mode: the supplier knows a booking by the uuid we chose.

Specification: https://docs.octo.travel/octo-api-core and https://docs.octo.travel/capabilities/pricing
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import quote

from django.conf import settings

from gateways.errors import BAD_ANSWER, OUR_LIMIT, GatewayError
from gateways.octo import Booking, Day, Product, Slot, reading
from gateways.rules import budgets_for
from gateways.services import CallNote, record_call
from gateways.shared_state import SharedState, shared_state
from gateways.transport import Transport

VENDOR = "octo"
CAPABILITIES = "octo/pricing"
UNKNOWN_BOOKING = "INVALID_BOOKING_UUID"


class LiveOcto:
    """See gateways.octo.Octo for what each method promises."""

    def __init__(
        self,
        vendors: Mapping[str, str] | None = None,
        *,
        base_url: str = "",
        transport: Transport | None = None,
        state: SharedState | None = None,
        record: Callable[[str, str], AbstractContextManager[CallNote]] = record_call,
    ) -> None:
        config = vendors or settings.VENDORS
        self._address, self._token = config["OCTO_BASE_URL"].rstrip("/"), config["OCTO_TOKEN"]
        self._transport = transport or Transport(VENDOR, base_url=base_url)
        self._state, self._record = state or shared_state(), record

    def products(self) -> list[Product]:
        found = self._call("products", "GET", "/products")
        return reading.products(self._list("products", found))

    def calendar(self, product_id: str, option_id: str, first: dt.date, last: dt.date) -> list[Day]:
        body = {"productId": product_id, "optionId": option_id, **_dates(first, last)}
        found = self._call("availability/calendar", "POST", "/availability/calendar", body)
        return reading.days(self._list("availability/calendar", found))

    def availability(self, product_id: str, option_id: str, day: dt.date, pieces: Mapping[str, int]) -> Slot | None:
        units = [{"id": unit, "quantity": number} for unit, number in pieces.items()]
        body = {"productId": product_id, "optionId": option_id, **_dates(day, day), "units": units}
        found = self._list("availability", self._call("availability", "POST", "/availability", body))
        return reading.slot(found[0]) if found else None

    def reserve(self, key: str, product_id: str, option_id: str, slot_id: str, units: Sequence[str], minutes: int) -> Booking:
        body = {
            "uuid": key, "productId": product_id, "optionId": option_id, "availabilityId": slot_id, "expirationMinutes": minutes,
            "unitItems": [{"unitId": unit} for unit in units],
        }  # fmt: skip
        return self._booking("bookings", "POST", "/bookings", body)

    def confirm(self, key: str, reference: str) -> Booking:
        body = {"resellerReference": reference, "contact": {}}
        return self._booking("bookings/confirm", "POST", f"/bookings/{_quoted(key)}/confirm", body)

    def cancel(self, key: str, reason: str) -> Booking:
        return self._booking("bookings/cancel", "POST", f"/bookings/{_quoted(key)}/cancel", {"reason": reason})

    def booking(self, key: str) -> Booking | None:
        try:
            return self._booking("bookings/get", "GET", f"/bookings/{_quoted(key)}")
        except GatewayError as error:
            if error.errcode == UNKNOWN_BOOKING:
                return None
            raise

    def _booking(self, api: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Booking:
        return self._read(api, reading.booking, self._call(api, method, path, body))

    def _list(self, api: str, found: Any) -> list[Any]:
        if not isinstance(found, list):
            raise GatewayError(VENDOR, api, BAD_ANSWER)
        return found

    def _read(self, api: str, read: Callable[[Any], Booking], found: Any) -> Booking:
        try:
            return read(found)
        except (KeyError, TypeError, ValueError, ArithmeticError):
            pass
        raise GatewayError(VENDOR, api, BAD_ANSWER, ambiguous=True)

    def _call(self, api: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One exchange; the answer as JSON. An error object becomes a GatewayError with the supplier's own word."""
        scope = f"{VENDOR}:{self._transport.base_url or self._address}"
        verdict = self._state.admit(scope, budgets_for(VENDOR, api), scope)
        if not verdict.allowed:
            raise GatewayError(VENDOR, api, OUR_LIMIT, retry_in_seconds=verdict.seconds)
        headers = {
            "Authorization": f"Bearer {self._token}", "Octo-Capabilities": CAPABILITIES, "Content-Type": "application/json",
        }  # fmt: skip
        data = json.dumps(body).encode() if body is not None else None
        with self._record(VENDOR, api):
            reply = self._transport.send(api, method, self._address + path, body=data, headers=headers)
            try:
                found = json.loads(reply.body)
            except (ValueError, RecursionError):
                found = None
            if isinstance(found, dict) and isinstance(found.get("error"), str):
                raise GatewayError(VENDOR, api, found["error"][:60], ambiguous=reply.status >= 500)
            if found is None or reply.status not in range(200, 300):
                raise self._transport.unhealthy(api, reply)
            return found


def _dates(first: dt.date, last: dt.date) -> dict[str, str]:
    return {"localDateStart": first.isoformat(), "localDateEnd": last.isoformat()}


def _quoted(key: str) -> str:
    return quote(key, safe="")
