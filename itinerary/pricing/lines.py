"""What is bought: one cost line per bought thing, charged in one of eight units."""

import dataclasses
from decimal import Decimal
from fractions import Fraction

from catalog.choices import ChargeUnit
from itinerary.pricing.errors import CannotPrice
from itinerary.pricing.party import Role

__all__ = ["AgePrice", "ChargeUnit", "CostLine", "PaxBand", "RoomPrices", "VehicleStep"]

EVERYBODY = frozenset(Role)
PAYERS = frozenset({Role.PAYER})
IN_THE_VEHICLE = frozenset({Role.PAYER, Role.FOC, Role.GUIDE})  # the driver has a seat of his own
HUNDRED = 100


@dataclasses.dataclass(frozen=True)
class VehicleStep:
    """A vehicle with `seats` for passengers at `amount` a day."""

    seats: int
    amount: Decimal


@dataclasses.dataclass(frozen=True)
class PaxBand:
    """`amount` a person where `pax_from` to `pax_to` people pay."""

    pax_from: int
    pax_to: int
    amount: Decimal


@dataclasses.dataclass(frozen=True)
class AgePrice:
    """What a child from `age_from` to `age_to` years (both included) costs: `percent` of the adult's amount, or `amount`."""

    age_from: int
    age_to: int
    percent: Decimal | None = None
    amount: Decimal | None = None

    def of(self, adult: Fraction) -> Fraction:
        """The child's amount."""
        if self.amount is not None:
            return Fraction(self.amount)
        return adult * Fraction(self.percent if self.percent is not None else HUNDRED) / HUNDRED


@dataclasses.dataclass(frozen=True)
class RoomPrices:
    """What a room-night costs apart from the twin's amount: None means the twin's price (single use), half of it
    (extra bed), nothing (child without a bed)."""

    single_use: Decimal | None = None
    extra_bed: Decimal | None = None
    child_no_bed: Decimal | None = None


@dataclasses.dataclass(frozen=True)
class CostLine:
    """One bought thing. `amount` is per charge unit in `currency`: a twin room for ROOM_NIGHT; steps and bands have their own.

    `days` are days or nights for the units that count them; `quantity` multiplies (two meals). `applies_to`: for whom it is
    bought; what FOC and crew use is shared by the payers. `commission_percent` is what the supplier leaves us of a gross
    amount. `tax_percent` comes on top of an amount that does not contain it. `share_among` fixes the number a common cost is
    divided by (a break-even number) instead of the people who share. `group` names the kind a rule may be limited to.
    """

    key: str
    label: str
    unit: ChargeUnit
    amount: Decimal = Decimal(0)
    currency: str = "CNY"
    days: int = 1
    quantity: int = 1
    applies_to: frozenset[Role] = PAYERS
    steps: tuple[VehicleStep, ...] = ()
    bands: tuple[PaxBand, ...] = ()
    ages: tuple[AgePrice, ...] = ()
    room: RoomPrices = RoomPrices()
    commission_percent: Decimal = Decimal(0)
    tax_percent: Decimal = Decimal(0)
    share_among: int | None = None
    group: str = ""
    carries: frozenset[Role] = IN_THE_VEHICLE

    def __post_init__(self) -> None:
        amounts = [self.amount, *(step.amount for step in self.steps), *(band.amount for band in self.bands)]
        if any(not amount.is_finite() or amount < 0 for amount in amounts):
            raise CannotPrice("amount", self.key)
        if self.days < 0 or self.quantity < 0 or (self.share_among is not None and self.share_among < 1):
            raise CannotPrice("quantity", self.key)
        if not 0 <= self.commission_percent < HUNDRED or self.tax_percent < 0:
            raise CannotPrice("percent", self.key)
        if self.unit == ChargeUnit.VEHICLE_DAY and not self.steps:
            raise CannotPrice("no_vehicle", self.key)
        if self.unit == ChargeUnit.PAX_BAND and not self.bands:
            raise CannotPrice("no_band", self.key)
        if any(step.seats < 1 for step in self.steps):
            raise CannotPrice("seats", self.key)

    @property
    def factor(self) -> Fraction:
        """From a listed amount to what we pay: less the commission, plus the tax."""
        return (1 - Fraction(self.commission_percent) / HUNDRED) * (1 + Fraction(self.tax_percent) / HUNDRED)

    def amount_at(self, age: int | None, adult: Fraction) -> Fraction:
        """What a person costs where an adult costs `adult`; `age` None is an adult."""
        if age is None:
            return adult
        return next((one.of(adult) for one in self.ages if one.age_from <= age <= one.age_to), adult)
