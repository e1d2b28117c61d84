"""The whole calculation of one quote: lines, prices, the waterfall from cost to price, the residue of rounding."""

import dataclasses
import itertools
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from itinerary.pricing.costing import LineCost, cost
from itinerary.pricing.lines import CostLine
from itinerary.pricing.party import CellKind, Party, Place, places
from itinerary.pricing.rounding import CENT, Rates, Rounding, to_step
from itinerary.pricing.uplifts import Receiver, Uplift, climb

ZERO = Decimal("0.00")


@dataclasses.dataclass(frozen=True)
class PriceCell:
    """One price of the quote: what such a payer costs us and is asked for. A supplement comes on top of the adult's price."""

    place: Place
    cost: Decimal
    price: Decimal

    @property
    def amount(self) -> Decimal:
        """The price of all of them."""
        return self.price * self.place.count


@dataclasses.dataclass(frozen=True)
class Step:
    """What one uplift adds to the whole quote, and who keeps it."""

    label: str
    receiver: Receiver
    amount: Decimal


@dataclasses.dataclass(frozen=True)
class Sheet:
    """A priced quote, in home currency. revenue = cost_heads + the steps' amounts + rounding, to the cent.

    `cost_total` is what the suppliers get (the lines' sum); `cost_heads` what the prices are calculated from, different
    where a common cost is divided by a break-even number. `rounding` is the visible residue of rounding prices.
    """

    party: Party
    lines: tuple[LineCost, ...]
    cells: tuple[PriceCell, ...]
    steps: tuple[Step, ...]
    cost_total: Decimal
    cost_heads: Decimal
    rounding: Decimal
    revenue: Decimal

    @property
    def margin(self) -> Decimal:
        """What stays with us: the price less suppliers, agents' commission and tax."""
        return self.revenue - self.cost_total - sum((s.amount for s in self.steps if s.receiver != Receiver.HOUSE), ZERO)

    @property
    def margin_percent(self) -> Decimal:
        """The margin's share of the price, in percent with one decimal; 0 where nothing is asked for."""
        return to_step(Fraction(self.margin) * 100 / Fraction(self.revenue), Decimal("0.1")) if self.revenue else Decimal("0.0")

    def price_of(self, kind: CellKind, age: int | None = None) -> Decimal | None:
        """A price by its kind, None where the party has no such payer."""
        return next((c.price for c in self.cells if c.place.kind == kind and age in {None, c.place.age}), None)


@dataclasses.dataclass(frozen=True)
class Terms:
    """How costs become prices: the uplifts in order, the rounding, the rates of exchange."""

    uplifts: tuple[Uplift, ...] = ()
    rounding: Rounding = dataclasses.field(default_factory=Rounding)
    rates: Rates = dataclasses.field(default_factory=Rates)


def price(lines: Sequence[CostLine], party: Party, terms: Terms) -> Sheet:
    """Price a trip for a party. Raises CannotPrice with the line that has no price; never guesses."""
    costed = tuple(cost(line, party, terms.rates) for line in lines)
    kinds = places(party)
    climbs = [
        climb(_by_group(costed, place, terms.rounding), place.kind, party.sharers, terms.uplifts, terms.rounding)
        for place in kinds
    ]
    cells = tuple(
        PriceCell(place, to_step(way[0], CENT), terms.rounding.price(way[-1])) for place, way in zip(kinds, climbs, strict=True)
    )
    levels = [_over_all(kinds, [way[level] for way in climbs]) for level in range(len(terms.uplifts) + 1)]
    revenue = sum((cell.amount for cell in cells), ZERO)
    steps = tuple(
        Step(uplift.label, uplift.receiver, after - before)
        for uplift, (before, after) in zip(terms.uplifts, itertools.pairwise(levels), strict=True)
    )
    total = sum((one.total for one in costed), ZERO)
    return Sheet(party, costed, cells, steps, total, levels[0], revenue - levels[-1], revenue)


def _by_group(costed: Sequence[LineCost], place: Place, rounding: Rounding) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for one in costed:
        head = Fraction(rounding.line(one.head(place)))
        found[one.line.group] = found.get(one.line.group, Fraction(0)) + head
    return found


def _over_all(kinds: Sequence[Place], amounts: Sequence[Fraction]) -> Decimal:
    total = sum((amount * place.count for place, amount in zip(kinds, amounts, strict=True)), Fraction(0))
    return to_step(total, CENT)
