"""Who travels: payers, free places and crew, and who sleeps how."""

import dataclasses
import enum
import functools

from itinerary.pricing.errors import CannotPrice

INFANT_BELOW = 2  # years; takes no seat's share of a common cost and no bed
LARGEST_PARTY = 500


class Role(enum.StrEnum):
    """What a traveller is to the bill. FOC: a free place, whose cost the payers carry, as they carry the crew's."""

    PAYER = "payer"
    FOC = "foc"
    GUIDE = "guide"
    DRIVER = "driver"


class CellKind(enum.StrEnum):
    """What a price on the quote is for."""

    ADULT = "adult"
    SINGLE_SUPPLEMENT = "single_supplement"
    CHILD_TWIN = "child_twin"
    CHILD_BED = "child_bed"
    CHILD_NO_BED = "child_no_bed"
    INFANT = "infant"


@dataclasses.dataclass(frozen=True)
class Party:
    """One group. `child_beds` of the children have a bed, the oldest first; `singles` of the adults sleep alone.

    `foc` are adults who pay nothing; `guides` and `drivers` count for lines that include them. `bookings` is how many
    separate bookings (families, say) the group is made of. Raises CannotPrice for numbers that cannot travel.
    """

    adults: int
    child_ages: tuple[int, ...] = ()
    child_beds: int = 0
    singles: int = 0
    foc: int = 0
    guides: int = 0
    drivers: int = 0
    bookings: int = 1

    def __post_init__(self) -> None:
        counts = (self.child_beds, self.singles, self.foc, self.guides, self.drivers, *self.child_ages)
        if self.adults < 1 or self.bookings < 1:
            raise CannotPrice("nobody_pays")
        if min(counts) < 0 or self.adults + len(self.child_ages) + self.foc > LARGEST_PARTY:
            raise CannotPrice("party_size")
        if self.singles > self.adults or self.child_beds > len(self.sized_children):
            raise CannotPrice("rooming")
        if self.rooms.extra_beds > self.rooms.twins:
            raise CannotPrice("beds")

    @functools.cached_property
    def sized_children(self) -> tuple[int, ...]:
        """Ages of the children who are no infants, the oldest first."""
        return tuple(sorted((age for age in self.child_ages if age >= INFANT_BELOW), reverse=True))

    @property
    def payers(self) -> int:
        """Everybody who is on the bill, infants too."""
        return self.adults + len(self.child_ages)

    @property
    def sharers(self) -> int:
        """Those among whom common costs are divided: payers without infants."""
        return self.adults + len(self.sized_children)

    def number(self, role: Role) -> int:
        """How many there are of a role."""
        return {Role.PAYER: self.payers, Role.FOC: self.foc, Role.GUIDE: self.guides, Role.DRIVER: self.drivers}[role]

    @functools.cached_property
    def rooms(self) -> "Rooms":
        """How the payers sleep."""
        return Rooms.of(self)


@dataclasses.dataclass(frozen=True)
class Rooms:
    """Rooms of the payers: twins hold two sharers, an extra bed stands in a twin, a single is one adult alone."""

    twins: int
    singles: int
    extra_beds: int
    child_in_twin: bool

    @classmethod
    def of(cls, party: Party) -> "Rooms":
        """Adults share by two. An adult left over takes a child with a bed into the twin; without one, sleeps alone."""
        paired = party.adults - party.singles
        left_over = paired % 2 == 1
        child_in_twin = left_over and party.child_beds > 0
        singles = party.singles + (1 if left_over and not child_in_twin else 0)
        return cls(
            (paired + (1 if child_in_twin else -1 if left_over else 0)) // 2,
            singles,
            party.child_beds - child_in_twin,
            child_in_twin,
        )


@dataclasses.dataclass(frozen=True)
class Place:
    """A kind of traveller as the quote lists it: `age` for children, `count` of them."""

    kind: CellKind
    age: int | None
    count: int


def places(party: Party) -> list[Place]:
    """Every kind of payer in the party once, adults first; singles appear as a supplement on top of the adults."""
    found = [Place(CellKind.ADULT, None, party.adults)]
    if party.rooms.singles:
        found.append(Place(CellKind.SINGLE_SUPPLEMENT, None, party.rooms.singles))
    counted: dict[tuple[CellKind, int], int] = {}
    for index, age in enumerate(party.sized_children):
        key = (_sleeps(party, index), age)
        counted[key] = counted.get(key, 0) + 1
    for age in sorted(age for age in party.child_ages if age < INFANT_BELOW):
        counted[CellKind.INFANT, age] = counted.get((CellKind.INFANT, age), 0) + 1
    return found + [Place(kind, age, count) for (kind, age), count in counted.items()]


def _sleeps(party: Party, index: int) -> CellKind:
    if index >= party.child_beds:
        return CellKind.CHILD_NO_BED
    return CellKind.CHILD_TWIN if index == 0 and party.rooms.child_in_twin else CellKind.CHILD_BED
