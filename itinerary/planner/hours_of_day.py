"""One day of a draft: its visits, settled at hours without long holes."""

import dataclasses
import itertools
from collections.abc import Callable

from itinerary.planner.sellable_rules import Limits
from itinerary.planner.timing import Day, Hours, Stop, hours

Minutes = Callable[[str, str], int]


@dataclasses.dataclass(frozen=True)
class Visit:
    """A place visited: what for, when it can be, and whether it must be."""

    kind: str
    name: str
    stop: Stop
    must: bool
    cost: float = 0.0


@dataclasses.dataclass(frozen=True)
class DayDraft:
    """A day from `start` to `end`; `times` once it is settled."""

    start: str
    end: str
    leaves: int
    due: int
    departs: int | None
    arrival: bool
    visits: list[Visit]
    times: list[tuple[int, int]] = dataclasses.field(default_factory=list)


def settle(day: DayDraft, minutes: Minutes, limits: Limits) -> DayDraft | None:
    """The day with hours. Optional visits that leave a hole longer than allowed are given up; None when it cannot be."""
    visits = list(day.visits)
    while True:
        found = _hours(day, visits, minutes)
        if found is not None and (found.gap <= limits.idle or not _can_drop(visits)):
            return dataclasses.replace(day, visits=visits, times=found.times, leaves=found.leaves)
        if not _can_drop(visits):
            return None
        del visits[_to_drop(visits, found, day)]


def _hours(day: DayDraft, visits: list[Visit], minutes: Minutes) -> Hours | None:
    names = [day.start, *(visit.name for visit in visits), day.end]
    travel = [minutes(one, other) if one != other else 0 for one, other in itertools.pairwise(names)]
    frame = Day(day.leaves, day.arrival, day.due, day.departs, travel)
    return hours(frame, [visit.stop for visit in visits])


def _can_drop(visits: list[Visit]) -> bool:
    return any(not visit.must for visit in visits)


def _to_drop(visits: list[Visit], found: Hours | None, day: DayDraft) -> int:
    """The optional visit after the longest hole, or the nearest to it."""
    optional = [index for index, visit in enumerate(visits) if not visit.must]
    if found is None:
        return optional[-1]
    ends = [day.leaves, *(end for _start, end in found.times)]
    starts = [start for start, _end in found.times]
    holes = [start - end for start, end in zip(starts, ends, strict=False)]
    worst = max(range(len(holes)), key=lambda index: holes[index] if index or day.arrival else -1)
    return min(optional, key=lambda index: (abs(index - worst), -index))
