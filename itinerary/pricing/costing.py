"""What the lines cost for a party: in total, and for each kind of payer."""

import dataclasses
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

from itinerary.pricing.errors import CannotPrice
from itinerary.pricing.lines import ChargeUnit, CostLine, VehicleStep
from itinerary.pricing.party import CellKind, Party, Place, Role
from itinerary.pricing.rounding import CENT, Rates, to_step

ZERO = Fraction(0)
CREW = (Role.GUIDE, Role.DRIVER)
SHARE_NOTHING = frozenset({CellKind.INFANT, CellKind.SINGLE_SUPPLEMENT})


@dataclasses.dataclass(frozen=True)
class LineCost:
    """One line, costed in home currency: `total` is what we pay, `formula` how many of what.

    `own(place)` is what one payer of that kind uses himself, `common` what is bought for all (and for FOC and crew),
    `share` what each sharer carries of it.
    """

    line: CostLine
    formula: str
    total: Decimal
    common: Fraction
    share: Fraction
    own: Callable[[Place], Fraction]

    def head(self, place: Place) -> Fraction:
        """What one payer of that kind costs on this line, exactly."""
        return self.own(place) + (ZERO if place.kind in SHARE_NOTHING else self.share)


def cost(line: CostLine, party: Party, rates: Rates) -> LineCost:
    """The line for this party. Raises CannotPrice when it has no price for it."""
    scale = line.factor * rates.rate(line.currency, line.key)
    return _UNITS[line.unit](line, party, scale)


# --- things bought a head -----------------------------------------------------------------------------------


def _person(line: CostLine, party: Party, scale: Fraction) -> LineCost:
    return _heads(line, party, scale, Fraction(line.amount), line.quantity)


def _person_day(line: CostLine, party: Party, scale: Fraction) -> LineCost:
    return _heads(line, party, scale, Fraction(line.amount), line.quantity * line.days)


def _pax_band(line: CostLine, party: Party, scale: Fraction) -> LineCost:
    """The amount of the band the sharers' number falls into."""
    found = next((band for band in line.bands if band.pax_from <= party.sharers <= band.pax_to), None)
    if found is None:
        raise CannotPrice("no_band", line.key)
    return _heads(line, party, scale, Fraction(found.amount), line.quantity)


def _heads(line: CostLine, party: Party, scale: Fraction, adult: Fraction, times: int) -> LineCost:
    pays = Role.PAYER in line.applies_to

    def own(place: Place) -> Fraction:
        if not pays or place.kind == CellKind.SINGLE_SUPPLEMENT:
            return ZERO
        return line.amount_at(place.age, adult) * times * scale

    payers = [None] * party.adults + list(party.child_ages) if pays else []
    others = sum(party.number(role) for role in (Role.FOC, *CREW) if role in line.applies_to)
    own_total = sum((line.amount_at(age, adult) for age in payers), ZERO) * times * scale
    heads = len(payers) + others
    return _finish(
        line, party, f"{heads} × {times}" if times != 1 else f"{heads}", own, own_total, others * adult * times * scale
    )


# --- rooms --------------------------------------------------------------------------------------------------


def _room_night(line: CostLine, party: Party, scale: Fraction) -> LineCost:
    """Payers by their rooms; FOC share twins among themselves, an odd one and every guide and driver sleep alone."""
    times = line.days * line.quantity
    prices = _bed_prices(line)

    def own(place: Place) -> Fraction:
        return prices.get(place.kind, ZERO) * times * scale if Role.PAYER in line.applies_to else ZERO

    twins, singles, own_total = 0, 0, ZERO
    if Role.PAYER in line.applies_to:
        rooms = party.rooms
        no_bed = len(party.sized_children) - party.child_beds
        twins, singles = rooms.twins, rooms.singles
        beds = rooms.extra_beds * prices[CellKind.CHILD_BED] + no_bed * prices[CellKind.CHILD_NO_BED]
        own_total = (twins * Fraction(line.amount) + singles * _single_use(line) + beds) * times * scale
    foc_twins, foc_singles = divmod(party.foc, 2) if Role.FOC in line.applies_to else (0, 0)
    foc_singles += sum(party.number(role) for role in CREW if role in line.applies_to)
    common = (foc_twins * Fraction(line.amount) + foc_singles * _single_use(line)) * times * scale
    formula = f"({twins + foc_twins} + {singles + foc_singles}) × {times}"
    return _finish(line, party, formula, own, own_total, common)


def _single_use(line: CostLine) -> Fraction:
    return Fraction(line.room.single_use if line.room.single_use is not None else line.amount)


def _bed_prices(line: CostLine) -> Mapping[CellKind, Fraction]:
    """A night a head, in the line's currency. Who sleeps alone costs half a twin and the supplement."""
    half = Fraction(line.amount) / 2
    room = line.room
    return {
        CellKind.ADULT: half,
        CellKind.CHILD_TWIN: half,
        CellKind.SINGLE_SUPPLEMENT: _single_use(line) - half,
        CellKind.CHILD_BED: Fraction(room.extra_bed) if room.extra_bed is not None else half,
        CellKind.CHILD_NO_BED: Fraction(room.child_no_bed or 0),
    }


# --- things bought for all ----------------------------------------------------------------------------------


def _vehicle_day(line: CostLine, party: Party, scale: Fraction) -> LineCost:
    people = sum(party.number(role) for role in line.carries)
    step, number = vehicles(line.steps, people)
    times = number * line.days * line.quantity
    return _common(line, party, f"{number} × {line.days * line.quantity}", Fraction(step.amount) * times * scale)


def vehicles(steps: tuple[VehicleStep, ...], people: int) -> tuple[VehicleStep, int]:
    """The smallest vehicle that seats everybody; where none does, as many of the largest as it takes."""
    by_seats = sorted(steps, key=lambda step: step.seats)
    fits = next((step for step in by_seats if step.seats >= people), None)
    return (fits, 1) if fits else (by_seats[-1], -(-people // by_seats[-1].seats))


def _guide_day(line: CostLine, party: Party, scale: Fraction) -> LineCost:
    times = party.guides * line.days * line.quantity
    return _common(line, party, f"{party.guides} × {line.days * line.quantity}", Fraction(line.amount) * times * scale)


def _group(line: CostLine, party: Party, scale: Fraction) -> LineCost:
    return _common(line, party, str(line.quantity), Fraction(line.amount) * line.quantity * scale)


def _booking(line: CostLine, party: Party, scale: Fraction) -> LineCost:
    times = party.bookings * line.quantity
    return _common(line, party, str(times), Fraction(line.amount) * times * scale)


def _common(line: CostLine, party: Party, formula: str, amount: Fraction) -> LineCost:
    return _finish(line, party, formula, lambda _place: ZERO, ZERO, amount)


def _finish(
    line: CostLine, party: Party, formula: str, own: Callable[[Place], Fraction], own_total: Fraction, common: Fraction
) -> LineCost:
    share = common / (line.share_among or party.sharers)
    return LineCost(line, formula, to_step(own_total + common, CENT), common, share, own)


_UNITS: Mapping[ChargeUnit, Callable[[CostLine, Party, Fraction], LineCost]] = {
    ChargeUnit.PERSON: _person,
    ChargeUnit.PERSON_DAY: _person_day,
    ChargeUnit.PAX_BAND: _pax_band,
    ChargeUnit.ROOM_NIGHT: _room_night,
    ChargeUnit.VEHICLE_DAY: _vehicle_day,
    ChargeUnit.GUIDE_DAY: _guide_day,
    ChargeUnit.GROUP: _group,
    ChargeUnit.BOOKING: _booking,
}
