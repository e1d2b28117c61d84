"""The constraint catalogue: one code for each thing a plan may violate, shared by planner, verifiers, editor and API."""

import dataclasses
import enum
from typing import Any


class Severity(enum.StrEnum):
    """What a violation means: the plan cannot be carried out, must not be sold, or could be better."""

    IMPOSSIBLE = "impossible"
    UNSELLABLE = "unsellable"
    ADVICE = "advice"


class Code(enum.StrEnum):
    """The codes: part of the API, never renamed."""

    HOURS = "TIME-01"
    CHRONOLOGY = "TIME-02"
    TRANSFER = "TIME-03"
    STATION_BUFFER = "TIME-04"
    OVERNIGHT = "TIME-05"
    MEAL_WINDOW = "TIME-06"
    VISIT_SHORT = "TIME-07"
    DAY_LENGTH = "TIME-08"
    IDLE = "TIME-09"
    CONTINUITY = "SPACE-01"
    WALK_CAP = "SPACE-02"
    NO_HOTEL = "STAY-01"
    BEDS = "STAY-02"
    STOCK = "INV-01"
    GUIDE_TWICE = "INV-02"
    WISH = "PREF-01"
    ORDER = "PREF-02"
    PACE = "PREF-03"
    BUDGET = "COST-01"
    NO_RATE = "COST-02"
    MARGIN = "COST-03"
    FX_AGE = "COST-04"
    DATA = "DATA-01"
    LEGAL = "LEGAL-01"
    UNSAT = "UNSAT"


def gettext_noop(text: str) -> str:
    """Mark a text for translation where it is shown; this module knows no languages."""
    return text


@dataclasses.dataclass(frozen=True)
class Constraint:
    """One kind of constraint.

    `severity` is how the planner takes it in a plan of its own. `blocks`: whether a plan edited by a person must not be sent
    with it; a person may know better about a late lunch, not about a closed gate. `text` is its name, `detail` what is
    added with the figures of a violation.
    """

    code: Code
    severity: Severity
    blocks: bool
    text: str
    detail: str = ""


_ = gettext_noop
_IMPOSSIBLE, _UNSELLABLE, _ADVICE = Severity.IMPOSSIBLE, Severity.UNSELLABLE, Severity.ADVICE
_ALL = (
    Constraint(Code.HOURS, _IMPOSSIBLE, True, _("Closed at that time"), _("open %(hours)s")),
    Constraint(Code.CHRONOLOGY, _IMPOSSIBLE, True, _("Two things at the same time"), _("overlaps “%(other)s”")),
    Constraint(
        Code.TRANSFER, _IMPOSSIBLE, True, _("Not enough time to get there"), _("the way takes %(needs)s min, there are %(has)s")
    ),
    Constraint(
        Code.STATION_BUFFER, _UNSELLABLE, True, _("Too short before the train or flight"),
        _("%(needs)s min are needed, there are %(has)s"),
    ),
    Constraint(Code.OVERNIGHT, _UNSELLABLE, False, _("Arrives on another day")),
    Constraint(Code.MEAL_WINDOW, _IMPOSSIBLE, False, _("Not at mealtime")),
    Constraint(Code.VISIT_SHORT, _UNSELLABLE, False, _("Visit too short"), _("at least %(minutes)s min")),
    Constraint(Code.DAY_LENGTH, _UNSELLABLE, True, _("Day too long"), _("%(from)s to %(to)s")),
    Constraint(Code.IDLE, _UNSELLABLE, False, _("Long gap"), _("%(minutes)s min of nothing")),
    Constraint(Code.CONTINUITY, _IMPOSSIBLE, True, _("Ends in another city than the next day begins")),
    Constraint(Code.WALK_CAP, _UNSELLABLE, False, _("Too much walking"), _("%(km)s km on foot")),
    Constraint(Code.NO_HOTEL, _UNSELLABLE, True, _("No hotel for the night")),
    Constraint(Code.BEDS, _UNSELLABLE, True, _("Fewer beds than people"), _("%(beds)s beds for %(people)s people")),
    Constraint(Code.STOCK, _IMPOSSIBLE, True, _("Not available on that date")),
    Constraint(Code.GUIDE_TWICE, _IMPOSSIBLE, True, _("Guide booked twice"), _("also in trip %(other)s")),
    Constraint(Code.WISH, _IMPOSSIBLE, False, _("A wish is not met")),
    Constraint(Code.ORDER, _IMPOSSIBLE, False, _("In another order than wished")),
    Constraint(Code.PACE, _ADVICE, False, _("Faster than wished"), _("%(sights)s sights in one day")),
    Constraint(Code.BUDGET, _IMPOSSIBLE, False, _("Over the budget"), _("%(total)s yuan of %(budget)s")),
    Constraint(Code.NO_RATE, _IMPOSSIBLE, True, _("No price on that date")),
    Constraint(Code.MARGIN, _UNSELLABLE, False, _("Margin below the floor"), _("%(margin)s%% of at least %(floor)s%%")),
    Constraint(Code.FX_AGE, _UNSELLABLE, False, _("Rate of exchange out of date"), _("%(currency)s, %(days)s days old")),
    Constraint(Code.DATA, _IMPOSSIBLE, False, _("Something is missing in its data")),
    Constraint(Code.LEGAL, _ADVICE, False, _("Contract, insurance or an unreasonably low price")),
    Constraint(Code.UNSAT, _IMPOSSIBLE, False, _("Nothing fits all of the wishes")),
)  # fmt: skip
CATALOGUE: dict[str, Constraint] = {constraint.code.value: constraint for constraint in _ALL}


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
