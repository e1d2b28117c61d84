"""What a customer loses by cancelling: tiers are data, copied into the quote when it is sent.

Three sets of tiers are in use in China at the same time (20/40/60 % of the model contract for domestic tours, the older
50/60/80 %, 5/15/70/85/90 % for outbound tours), so none is built in; the mid-trip formula is the model contract's.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from itinerary.pricing.errors import CannotPrice
from itinerary.pricing.rounding import CENT, to_step


@dataclasses.dataclass(frozen=True)
class Tier:
    """Cancelling `days_from` to `days_to` days before the start (both included, from ≥ to) costs `percent` of the price."""

    days_from: int
    days_to: int
    percent: Decimal


DOMESTIC = (Tier(6, 4, Decimal(20)), Tier(3, 1, Decimal(40)), Tier(0, 0, Decimal(60)))  # model contract, edition 2014


def checked(tiers: Sequence[Tier]) -> tuple[Tier, ...]:
    """The tiers, latest first. Raises CannotPrice unless they reach the day itself without gap or overlap and never fall."""
    ordered = sorted(tiers, key=lambda tier: tier.days_to)
    expected, percent = 0, Decimal(100)
    for tier in ordered:
        if tier.days_to != expected or tier.days_from < tier.days_to or not 0 <= tier.percent <= percent:
            raise CannotPrice("cancellation_tiers")
        expected, percent = tier.days_from + 1, tier.percent
    if not ordered:
        raise CannotPrice("cancellation_tiers")
    return tuple(ordered)


def fee(amount: Decimal, tiers: Sequence[Tier], starts_on: dt.date, days: int, cancelled_on: dt.date) -> Decimal:
    """What is kept of `amount` for a trip of `days` days.

    Before the trip by the tiers; during it the day's rate r and the days travelled: a·r + (a − a·r) / days × travelled,
    the day of cancelling counting as travelled. 10,000 yuan, five days, 60 %, quitting on day two: 7,600.
    """
    tiers = checked(tiers)
    before = (starts_on - cancelled_on).days
    whole = Fraction(amount)
    if before > 0:
        tier = next((tier for tier in tiers if tier.days_to <= before <= tier.days_from), None)
        return to_step(whole * Fraction(tier.percent) / 100, CENT) if tier else Decimal("0.00")
    first = whole * Fraction(tiers[0].percent) / 100
    travelled = min(1 - before, days) if before < 0 else 0
    return to_step(first + (whole - first) / days * travelled, CENT)
