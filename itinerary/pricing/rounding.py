"""Rounding as a rule, and exchange rates with a buffer."""

import dataclasses
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import ceil, floor

from itinerary.pricing.errors import CannotPrice

RATE_PLACES = Decimal("0.00000001")
CENT = Decimal("0.01")
MODES = frozenset({ROUND_HALF_UP, ROUND_CEILING, ROUND_FLOOR})


def to_step(value: Fraction, step: Decimal, mode: str = ROUND_HALF_UP) -> Decimal:
    """`value` as a whole multiple of `step`; exact, whatever its denominator."""
    units = value / Fraction(step)
    if mode == ROUND_CEILING:
        whole = ceil(units)
    elif mode == ROUND_FLOOR:
        whole = floor(units)
    else:
        whole = floor(units + Fraction(1, 2)) if units >= 0 else -floor(-units + Fraction(1, 2))
    return whole * step


@dataclasses.dataclass(frozen=True)
class Rounding:
    """How figures are rounded: each line's cost a head to `line_step`, each price to `price_step` by `price_mode`.

    `between` rounds after every uplift too, as sheets kept by hand do; None carries the exact value on.
    """

    line_step: Decimal = CENT
    price_step: Decimal = Decimal(1)
    price_mode: str = ROUND_HALF_UP
    between: Decimal | None = None

    def __post_init__(self) -> None:
        if min(self.line_step, self.price_step, self.between or CENT) <= 0 or self.price_mode not in MODES:
            raise CannotPrice("rounding")

    def line(self, value: Fraction) -> Decimal:
        """A line's cost a head."""
        return to_step(value, self.line_step)

    def step(self, value: Fraction) -> Fraction:
        """A running total after an uplift."""
        return value if self.between is None else Fraction(to_step(value, self.between))

    def price(self, value: Fraction) -> Decimal:
        """What the customer is asked for."""
        return to_step(value, self.price_step, self.price_mode)


def buffered_rate(rate: Decimal, buffer_percent: Decimal) -> Decimal:
    """A rate with a safety margin against its moves until we pay, to eight places. 1.73195545 with 5 % is 1.81855322."""
    if rate <= 0 or not rate.is_finite():
        raise CannotPrice("rate")
    return to_step(Fraction(rate) * (1 + Fraction(buffer_percent) / 100), RATE_PLACES)


@dataclasses.dataclass(frozen=True)
class Rates:
    """Home currency for one unit of each foreign one, buffer included."""

    home: str = "CNY"
    rates: Mapping[str, Decimal] = dataclasses.field(default_factory=dict)

    def rate(self, currency: str, key: str = "") -> Fraction:
        """Raises CannotPrice where no rate is known."""
        if currency == self.home:
            return Fraction(1)
        if currency not in self.rates:
            raise CannotPrice("no_rate_of_exchange", key)
        return Fraction(self.rates[currency])
