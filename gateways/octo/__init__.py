"""A supplier's own booking system over OCTO, the open standard of tours and activities (docs.octo.travel).

Product -> Option -> Unit; a calendar of days; one availability with its price; a booking that is first on hold, then
confirmed or cancelled. Prices come with the `octo/pricing` capability: original, retail and net, in minor units.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol, cast

from gateways.registry import gateway

Status = Literal["AVAILABLE", "FREESALE", "SOLD_OUT", "LIMITED", "CLOSED"]
BookingStatus = Literal["ON_HOLD", "EXPIRED", "CONFIRMED", "CANCELLED", "PENDING", "REJECTED", "REDEEMED"]


@dataclass(frozen=True)
class Price:
    """What something costs: `original` before discounts, `retail` the customer's, `net` ours. Whole units of `currency`."""

    original: Decimal
    retail: Decimal
    net: Decimal
    currency: str


@dataclass(frozen=True)
class Unit:
    """A kind of ticket of an option: ADULT, CHILD, ... with the ages it is for, and its price from."""

    id: str
    type: str
    name: str
    age_from: int
    age_to: int
    price: Price | None


@dataclass(frozen=True)
class Option:
    """A variant of a product: a session, a class, a vehicle."""

    id: str
    name: str
    units: tuple[Unit, ...]


@dataclass(frozen=True)
class Product:
    """Something a supplier sells. Texts are the supplier's own words: data, never instructions."""

    id: str
    name: str
    text: str
    address: str
    place: tuple[float, float] | None
    currency: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Day:
    """One day of the calendar. `vacancies` is None where the supplier does not count; `prices` are per unit id."""

    day: dt.date
    status: Status
    vacancies: int | None
    prices: Mapping[str, Price]


@dataclass(frozen=True)
class Slot:
    """One availability: what a booking names, its price for the pieces asked."""

    id: str
    day: dt.date
    status: Status
    vacancies: int | None
    total: Price | None


@dataclass(frozen=True)
class Booking:
    """A booking as the supplier has it now. `key` is the uuid we gave it; `expires_at` ends a hold."""

    key: str
    status: BookingStatus
    reference: str
    expires_at: dt.datetime | None
    total: Price | None


class Octo(Protocol):
    """What we use of a supplier's system. Every method may raise `GatewayError`; `ambiguous` ones are settled by `booking`."""

    def products(self) -> list[Product]:
        """Everything the supplier sells to us."""
        ...

    def calendar(self, product_id: str, option_id: str, first: dt.date, last: dt.date) -> list[Day]:
        """Each day from first to last with its status and unit prices."""
        ...

    def availability(self, product_id: str, option_id: str, day: dt.date, pieces: Mapping[str, int]) -> Slot | None:
        """The first availability of a day for these pieces (unit id -> number), priced; None when there is none."""
        ...

    def reserve(self, key: str, product_id: str, option_id: str, slot_id: str, units: Sequence[str], minutes: int) -> Booking:
        """Hold one piece per unit id for some minutes. The supplier de-duplicates on `key`: asking again is safe."""
        ...

    def confirm(self, key: str, reference: str) -> Booking:
        """Turn a hold into a booking. `reference` is our number, no traveller's name."""
        ...

    def cancel(self, key: str, reason: str) -> Booking:
        """Give back a hold or a booking."""
        ...

    def booking(self, key: str) -> Booking | None:
        """What the supplier has under our key; None when it never came."""
        ...


def octo() -> Octo:
    """The client chosen in settings.GATEWAYS."""
    return cast(Octo, gateway("octo"))
