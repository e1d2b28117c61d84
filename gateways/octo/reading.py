"""OCTO's JSON as our plain types. A product or day that makes no sense is left out; a booking that makes none is an error."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, cast, get_args

from gateways.octo import Booking, BookingStatus, Day, Option, Price, Product, Slot, Status, Unit

TEXT_LIMIT = 4_000
_NONSENSE = (KeyError, TypeError, ValueError, ArithmeticError, AttributeError)


def products(found: Iterable[Any]) -> list[Product]:
    """The products that can be read."""
    return [one for one in map(_product, found) if one is not None]


def _product(found: Any) -> Product | None:
    try:
        options = tuple(_option(option) for option in found["options"])
        place = found.get("location") or {}
        point = (float(place["latitude"]), float(place["longitude"])) if place.get("latitude") is not None else None
        return Product(
            str(found["id"])[:120], str(found.get("title") or found["internalName"])[:TEXT_LIMIT],
            str(found.get("description") or "")[:TEXT_LIMIT], str(place.get("address") or "")[:200], point,
            str(found.get("defaultCurrency") or "CNY")[:3], options,
        )  # fmt: skip
    except _NONSENSE:
        return None


def _option(found: Any) -> Option:
    return Option(str(found["id"])[:120], str(found["internalName"])[:80], tuple(_unit(unit) for unit in found["units"]))


def _unit(found: Any) -> Unit:
    limits = found.get("restrictions") or {}
    prices = found.get("pricingFrom") or found.get("pricing") or []
    name = str(found.get("title") or found["internalName"])[:80]
    return Unit(
        str(found["id"])[:120], str(found.get("type") or "")[:20], name, int(limits.get("minAge") or 0),
        int(limits.get("maxAge") or 120), price(prices[0]) if prices else None,
    )  # fmt: skip


def price(found: Any) -> Price:
    """Minor units with their precision, as amounts. ValueError for a negative one."""
    digits = int(found["currencyPrecision"])
    if not 0 <= digits <= 4:
        raise ValueError("currencyPrecision")
    amounts = [Decimal(int(found[name])).scaleb(-digits) for name in ("original", "retail", "net")]
    if min(amounts) < 0:
        raise ValueError("negative")
    return Price(amounts[0], amounts[1], amounts[2], str(found["currency"])[:3])


def _status(found: Any) -> Status:
    status = str(found["status"])
    if status not in get_args(Status):
        raise ValueError(status)
    return cast(Status, status)


def days(found: Iterable[Any]) -> list[Day]:
    """The days that can be read."""
    return [one for one in map(_day, found) if one is not None]


def _day(found: Any) -> Day | None:
    try:
        prices = {str(one["unitId"]): price(one) for one in found.get("unitPricingFrom") or found.get("unitPricing") or []}
        return Day(dt.date.fromisoformat(str(found["localDate"])), _status(found), _number(found.get("vacancies")), prices)
    except _NONSENSE:
        return None


def slot(found: Any) -> Slot | None:
    """An availability; None for one that makes no sense."""
    try:
        total = price(found["pricing"]) if found.get("pricing") else None
        day = dt.date.fromisoformat(str(found["localDateTimeStart"])[:10])
        return Slot(str(found["id"])[:200], day, _status(found), _number(found.get("vacancies")), total)
    except _NONSENSE:
        return None


def booking(found: Any) -> Booking:
    """A booking. Raises KeyError, TypeError or ValueError for one that makes no sense."""
    status = str(found["status"])
    if status not in get_args(BookingStatus):
        raise ValueError(status)
    expires = found.get("utcExpiresAt")
    at = dt.datetime.fromisoformat(str(expires).replace("Z", "+00:00")) if expires else None
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=dt.UTC)
    total = price(found["pricing"]) if found.get("pricing") else None
    reference = str(found.get("supplierReference") or "")[:80]
    return Booking(str(found["uuid"]), cast(BookingStatus, status), reference, at, total)


def _number(found: Any) -> int | None:
    return None if found is None else max(0, int(found))
