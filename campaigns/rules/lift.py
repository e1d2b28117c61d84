"""What a campaign caused: everybody we planned to reach against the hold-out (intention to treat).

Last-touch revenue is what a campaign claims; the difference to the hold-out is what it caused. Definitions: docs/metrics.md.
"""

import dataclasses
import math
from decimal import Decimal

Z95 = 1.959964
SRM_ALARM = 0.001


@dataclasses.dataclass(frozen=True)
class ArmTotals:
    """One arm over the window: people, people who bought, orders, net revenue in yuan and its square per person, summed."""

    people: int = 0
    buyers: int = 0
    orders: int = 0
    revenue: Decimal = Decimal(0)
    revenue_squares: Decimal = Decimal(0)

    @property
    def conversion(self) -> float:
        """Buyers per person."""
        return self.buyers / self.people if self.people else 0.0

    @property
    def revenue_per_person(self) -> float:
        """Net yuan per person, buyers or not."""
        return float(self.revenue) / self.people if self.people else 0.0

    @property
    def variance(self) -> float:
        """Sample variance of net revenue per person."""
        if self.people < 2:
            return 0.0
        mean = self.revenue_per_person
        return max(0.0, (float(self.revenue_squares) - self.people * mean * mean) / (self.people - 1))


@dataclasses.dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0

    def times(self, factor: float) -> "Interval":
        """The same estimate for `factor` people."""
        return Interval(self.value * factor, self.low * factor, self.high * factor)


@dataclasses.dataclass(frozen=True)
class Lift:
    """Treated minus hold-out: conversion, revenue per person, and that difference for everybody treated (incremental revenue)."""

    conversion: Interval
    revenue_per_person: Interval
    incremental_revenue: Interval
    split_is_suspicious: bool


def compare(treated: ArmTotals, holdout: ArmTotals, holdout_percent: int) -> Lift | None:
    """The lift, or None when an arm has fewer than two people."""
    if treated.people < 2 or holdout.people < 2:
        return None
    difference = treated.revenue_per_person - holdout.revenue_per_person
    margin = Z95 * revenue_error(treated, holdout)
    per_person = Interval(difference, difference - margin, difference + margin)
    return Lift(
        conversion=conversion_difference(treated, holdout),
        revenue_per_person=per_person,
        incremental_revenue=per_person.times(treated.people),
        split_is_suspicious=split_p_value(treated.people, holdout.people, holdout_percent) < SRM_ALARM,
    )


def revenue_error(treated: ArmTotals, holdout: ArmTotals) -> float:
    """Standard error of the difference in revenue per person: the larger of Welch's and the one with a common variance.

    A small hold-out without a buyer has no variance of its own; Welch alone would call chance a clear result.
    """
    welch = treated.variance / treated.people + holdout.variance / holdout.people
    freedom = treated.people + holdout.people - 2
    common = (treated.variance * (treated.people - 1) + holdout.variance * (holdout.people - 1)) / max(freedom, 1)
    return math.sqrt(max(welch, common / treated.people + common / holdout.people))


def conversion_difference(treated: ArmTotals, holdout: ArmTotals) -> Interval:
    """Difference of two proportions with Newcombe's interval (method 10), which holds for small numbers, too."""
    one, one_low, one_high = wilson(treated.buyers, treated.people)
    two, two_low, two_high = wilson(holdout.buyers, holdout.people)
    difference = one - two
    low = difference - math.hypot(one - one_low, two_high - two)
    high = difference + math.hypot(one_high - one, two - two_low)
    return Interval(difference, low, high)


def wilson(hits: int, people: int) -> tuple[float, float, float]:
    """A proportion and Wilson's 95 % interval."""
    share, square = hits / people, Z95 * Z95
    centre = (share + square / (2 * people)) / (1 + square / people)
    half = Z95 / (1 + square / people) * math.sqrt(share * (1 - share) / people + square / (4 * people * people))
    return share, max(0.0, centre - half), min(1.0, centre + half)


def split_p_value(treated: int, holdout: int, holdout_percent: int) -> float:
    """Chance of a split at least this far from the planned one (chi-square, one degree of freedom). Tiny: something is broken."""
    total = treated + holdout
    expected = total * holdout_percent / 100
    if not 0 < expected < total:
        return 1.0
    chi2 = (holdout - expected) ** 2 / expected + (treated - (total - expected)) ** 2 / (total - expected)
    return math.erfc(math.sqrt(chi2 / 2))
