"""The same trip for groups of several sizes: 2, 4, 6, …, n + FOC."""

import dataclasses
import enum
from collections.abc import Sequence
from decimal import Decimal

from itinerary.pricing.errors import CannotPrice
from itinerary.pricing.lines import CostLine
from itinerary.pricing.party import CellKind, Party
from itinerary.pricing.sheet import Sheet, Terms, price


@dataclasses.dataclass(frozen=True)
class FocRule:
    """One free place for every `every` payers, `most` at the most; 15 and 4 are usual (Claravall, ten rules of costing)."""

    every: int = 15
    most: int = 4

    def free(self, payers: int) -> int:
        """How many travel free."""
        return min(payers // self.every, self.most)


class Crew(enum.StrEnum):
    """How guides are counted for other group sizes."""

    SAME = "same"
    PER_VEHICLE = "per_vehicle"


@dataclasses.dataclass(frozen=True)
class Scenario:
    """The prices for `payers` adults (an even number sleeps in twins) and `foc` free places; `refused` where it has no price."""

    payers: int
    foc: int
    adult: Decimal | None
    single_supplement: Decimal | None
    margin_percent: Decimal | None
    refused: str = ""


def scenarios(
    lines: Sequence[CostLine], base: Party, terms: Terms, sizes: Sequence[int], foc: FocRule | None = None
) -> list[Scenario]:
    """One row for each size. The crew of `base` stays; a size without a price is named, not left out."""
    return [_scenario(lines, base, terms, size, foc.free(size) if foc else 0) for size in sizes]


def _scenario(lines: Sequence[CostLine], base: Party, terms: Terms, payers: int, foc: int) -> Scenario:
    try:
        party = Party(adults=payers, foc=foc, guides=base.guides, drivers=base.drivers)
        sheet = price(lines, party, terms)
        return Scenario(payers, foc, sheet.price_of(CellKind.ADULT), single_supplement(sheet, lines, terms), sheet.margin_percent)
    except CannotPrice as error:
        return Scenario(payers, foc, None, None, None, error.code)


def single_supplement(sheet: Sheet, lines: Sequence[CostLine], terms: Terms) -> Decimal | None:
    """What sleeping alone costs on top, also where nobody in the party does; None where nobody may (a party of one pays it)."""
    found = sheet.price_of(CellKind.SINGLE_SUPPLEMENT)
    if found is not None:
        return found
    alone = dataclasses.replace(sheet.party, singles=sheet.party.singles + 2)
    return price(lines, alone, terms).price_of(CellKind.SINGLE_SUPPLEMENT)
