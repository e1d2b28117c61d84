"""The constraint catalogue: one code for each thing a plan may violate, shared by planner, verifiers, editor and API."""

import dataclasses
import enum
from typing import Any


class Severity(enum.StrEnum):
    """What a violation means: the plan cannot be carried out, must not be sold, or could be better."""

    IMPOSSIBLE = "impossible"
    UNSELLABLE = "unsellable"
    ADVICE = "advice"


@dataclasses.dataclass(frozen=True)
class Constraint:
    """One kind of constraint."""

    code: str
    severity: Severity
    text: str


_ALL = (
    Constraint("TIME-01", Severity.IMPOSSIBLE, "visited outside of its opening hours"),
    Constraint("TIME-02", Severity.IMPOSSIBLE, "the order of times is wrong"),
    Constraint("TIME-03", Severity.IMPOSSIBLE, "less time between two places than the way takes"),
    Constraint("TIME-04", Severity.UNSELLABLE, "too little time at the station or airport"),
    Constraint("TIME-05", Severity.UNSELLABLE, "an overnight leg hides a day change"),
    Constraint("TIME-06", Severity.IMPOSSIBLE, "a meal outside of its hours"),
    Constraint("TIME-07", Severity.UNSELLABLE, "a visit shorter than its minimum"),
    Constraint("TIME-08", Severity.UNSELLABLE, "the day starts too early or ends too late"),
    Constraint("TIME-09", Severity.UNSELLABLE, "idle for too long"),
    Constraint("SPACE-01", Severity.IMPOSSIBLE, "no way from one place to the next"),
    Constraint("SPACE-02", Severity.UNSELLABLE, "too much walking in one day"),
    Constraint("STAY-01", Severity.UNSELLABLE, "a night without a hotel"),
    Constraint("STAY-02", Severity.UNSELLABLE, "fewer beds than people"),
    Constraint("INV-01", Severity.IMPOSSIBLE, "closed, sold out or past its release"),
    Constraint("INV-02", Severity.IMPOSSIBLE, "the guide is booked twice"),
    Constraint("PREF-01", Severity.IMPOSSIBLE, "a wish for or against a place, type, cuisine or feature is not met"),
    Constraint("PREF-02", Severity.IMPOSSIBLE, "a wish about times or order is not met"),
    Constraint("PREF-03", Severity.ADVICE, "the pace is not the one asked for"),
    Constraint("COST-01", Severity.IMPOSSIBLE, "over budget"),
    Constraint("COST-02", Severity.IMPOSSIBLE, "something has no price or a wrong one"),
    Constraint("COST-03", Severity.UNSELLABLE, "the margin is below its floor"),
    Constraint("COST-04", Severity.UNSELLABLE, "the exchange rate is too old"),
    Constraint("DATA-01", Severity.IMPOSSIBLE, "a place, leg or row that is not in the library"),
    Constraint("LEGAL-01", Severity.ADVICE, "contract, insurance or an unreasonably low price need a look"),
    Constraint("UNSAT", Severity.IMPOSSIBLE, "nothing fits all of the wishes"),
)
CATALOGUE: dict[str, Constraint] = {constraint.code: constraint for constraint in _ALL}


@dataclasses.dataclass(frozen=True)
class Violation:
    """One constraint a plan violates: on which day (from 1; 0 for the whole plan), at which activity, and with what values."""

    code: str
    day: int = 0
    place: str = ""
    params: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return CATALOGUE[self.code].severity

    def __str__(self) -> str:
        where = f" day {self.day}" if self.day else ""
        return f"{self.code}{where} {self.place}: {CATALOGUE[self.code].text} {self.params or ''}".strip()
