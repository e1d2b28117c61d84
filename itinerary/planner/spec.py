"""The typed request a plan is made for, and what comes back."""

import dataclasses
from typing import Any

from itinerary.planner.catalogue import Violation
from itinerary.planner.concepts import Plan

MAX_DAYS = 15
MAX_PEOPLE = 60


@dataclasses.dataclass(frozen=True)
class Locked:
    """A block that must stay: a place on a day (from 1), as `kind` (attraction, lunch, dinner), at its times in minutes."""

    day: int
    kind: str
    place: str
    start: int
    end: int


@dataclasses.dataclass(frozen=True)
class TripSpec:
    """A trip there and back. `wishes` are texts of the constraint language; all of them must hold."""

    origin: str
    target: str
    days: int
    people: int
    wishes: tuple[str, ...] = ()
    locked: tuple[Locked, ...] = ()
    avoid_modes: frozenset[str] = frozenset()  # walk, metro, taxi: kept to where possible
    seed: int = 0
    day_starts: int = 450  # when a morning at the hotel ends, minutes of the day
    day_ends: int = 1300  # when the last visit of an evening ends
    per_day: int = 0  # sights a day at most; 0: as many as fit

    def request(self) -> dict[str, Any]:
        """The request in the form the verifiers take."""
        return {
            "start_city": self.origin,
            "target_city": self.target,
            "days": self.days,
            "people_number": self.people,
            "hard_logic_py": list(self.wishes),
        }


@dataclasses.dataclass(frozen=True)
class Reason:
    """Why something is in the plan: a code (wish, locked, sight, meal, hotel, leg) with what decided it."""

    day: int
    place: str
    code: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Relaxation:
    """A wish that could be given up: its number in the spec, what it says, and whether giving it up alone is enough."""

    wish: int
    text: str
    enough: bool


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the three judges say of a plan: public rules, the request's own wishes (by number), sellable rules."""

    public: list[Violation]
    wishes: list[int]
    sellable: list[Violation]

    @property
    def passes(self) -> bool:
        """Can be carried out and meets every wish."""
        return not self.public and not self.wishes

    @property
    def clean(self) -> bool:
        """Passes and may be sold."""
        return self.passes and not self.sellable

    @property
    def badness(self) -> tuple[int, int]:
        """Smaller is better."""
        return (5 * len(self.public) + len(self.wishes), len(self.sellable))


@dataclasses.dataclass(frozen=True)
class Answer:
    """The best plan found (None when there is no domain to plan in), its verdict, the reasons; the core when nothing fits."""

    plan: Plan | None
    verdict: Verdict | None
    reasons: list[Reason]
    core: list[Violation] = dataclasses.field(default_factory=list)
    relaxations: list[Relaxation] = dataclasses.field(default_factory=list)
    attempts: int = 0


def refusals(spec: TripSpec, cities: set[str]) -> list[Violation]:
    """What is wrong with the spec itself, before any search."""
    found = []
    if not 1 <= spec.days <= MAX_DAYS:
        found.append(Violation("UNSAT", params={"days": spec.days, "most": MAX_DAYS}))
    if not 1 <= spec.people <= MAX_PEOPLE:
        found.append(Violation("UNSAT", params={"people": spec.people, "most": MAX_PEOPLE}))
    unknown = [name for name in (spec.origin, spec.target) if name not in cities]
    found += [Violation("DATA-01", place=name, params={"city": "unknown"}) for name in unknown]
    if spec.origin == spec.target:
        found.append(Violation("UNSAT", place=spec.target, params={"cities": "the same"}))
    return found
