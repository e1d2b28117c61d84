"""How a cost becomes a price: one small class for each way it is done in the trade, applied in the order given.

Not to be mixed up: 25 % *markup* on 75 is 93.75; 25 % *margin* on 75 is 100, because it is a quarter of the price; 10 % and
20 % *additive* on 100 are 130, *sequential* 132; 10 % *commission on gross* of 90 makes 100.
"""

import dataclasses
import enum
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from itinerary.pricing.errors import CannotPrice
from itinerary.pricing.party import CellKind
from itinerary.pricing.rounding import Rounding

Amounts = Mapping[str, Fraction]  # by the lines' group; "" holds what belongs to none
LOOSE = ""


class Receiver(enum.StrEnum):
    """Who keeps what an uplift adds."""

    HOUSE = "house"
    AGENT = "agent"
    TAX = "tax"


@dataclasses.dataclass(frozen=True)
class Uplift:
    """One step. `groups` limits it to lines of these groups; empty means all. `receiver` keeps what it adds."""

    label: str
    receiver: Receiver = Receiver.HOUSE
    groups: frozenset[str] = frozenset()

    def applies(self, group: str) -> bool:
        """Whether it touches lines of that group."""
        return not self.groups or group in self.groups

    def add(self, running: Fraction, base: Fraction) -> Fraction:
        """What comes on top of `running`, which started as the cost `base`."""
        raise NotImplementedError

    def add_head(self, kind: CellKind, sharers: int) -> Fraction:
        """What comes on top once for a payer of that kind, whatever he costs."""
        return Fraction(0)


def _percent(value: Decimal, *, below: int | None = None) -> Fraction:
    if not value.is_finite() or value <= -100 or (below is not None and value >= below):
        raise CannotPrice("percent")
    return Fraction(value) / 100


@dataclasses.dataclass(frozen=True)
class Additive(Uplift):
    """A percentage of the cost itself, whatever other steps added before."""

    percent: Decimal = Decimal(0)

    def add(self, running: Fraction, base: Fraction) -> Fraction:
        """Base × percent."""
        return base * _percent(self.percent)


@dataclasses.dataclass(frozen=True)
class Sequential(Uplift):
    """A percentage of everything so far: markup on top of markup, a tax on the marked-up price."""

    percent: Decimal = Decimal(0)

    def add(self, running: Fraction, base: Fraction) -> Fraction:
        """Running × percent."""
        return running * _percent(self.percent)


@dataclasses.dataclass(frozen=True)
class OfGross(Uplift):
    """A percentage of the result: a margin, an agent's commission, a tax contained in the price. Divides by 1 − percent."""

    percent: Decimal = Decimal(0)

    def add(self, running: Fraction, base: Fraction) -> Fraction:
        """Running / (1 − percent) − running."""
        return running / (1 - _percent(self.percent, below=100)) - running


@dataclasses.dataclass(frozen=True)
class PerHead(Uplift):
    """A fixed amount for each adult and each child that is no infant."""

    amount: Decimal = Decimal(0)

    def add(self, running: Fraction, base: Fraction) -> Fraction:
        """Nothing by percentage."""
        return Fraction(0)

    def add_head(self, kind: CellKind, sharers: int) -> Fraction:
        """The amount."""
        return Fraction(0) if kind in {CellKind.INFANT, CellKind.SINGLE_SUPPLEMENT} else Fraction(self.amount)


@dataclasses.dataclass(frozen=True)
class PerGroup(PerHead):
    """A fixed amount for the group, shared like any common cost."""

    def add_head(self, kind: CellKind, sharers: int) -> Fraction:
        """The amount through the number of sharers."""
        return super().add_head(kind, sharers) / sharers


def climb(costs: Amounts, kind: CellKind, sharers: int, uplifts: Sequence[Uplift], rounding: Rounding) -> list[Fraction]:
    """The running total of one payer's price: the cost, then after each uplift. `costs` is his cost by group."""
    running = {**costs, LOOSE: costs.get(LOOSE, Fraction(0))}
    _round(running, rounding)
    totals = [sum(running.values(), Fraction(0))]
    for uplift in uplifts:
        for group, amount in running.items():
            if uplift.applies(group):
                running[group] = amount + uplift.add(amount, costs.get(group, Fraction(0)))
        running[LOOSE] += uplift.add_head(kind, sharers)
        _round(running, rounding)
        totals.append(sum(running.values(), Fraction(0)))
    return totals


def _round(running: dict[str, Fraction], rounding: Rounding) -> None:
    """Round the sum, the difference going to what belongs to no group."""
    total = sum(running.values(), Fraction(0))
    running[LOOSE] += rounding.step(total) - total
