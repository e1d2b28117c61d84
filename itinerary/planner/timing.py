"""The hours of one day's stops: no visit shorter than it should be, no long wait, the fixed ends kept."""

import dataclasses
import itertools
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Stop:
    """A stop in the order of the day. It starts in [start_from, start_by], ends in [end_from, end_by], lasts [least, most]."""

    start_from: int
    start_by: int
    end_from: int
    end_by: int
    least: int
    most: int


@dataclasses.dataclass(frozen=True)
class Day:
    """What is before and after the stops. `travel` has one entry more than there are stops (in minutes).

    `leaves`: the earliest departure; `waits` says whether idle time before the first stop counts from then (arrival of a
    train) or not (a morning at the hotel). `due`: the latest arrival at the end; `departs`: the train's departure, or None
    when the day ends at the hotel.
    """

    leaves: int
    waits: bool
    due: int
    departs: int | None
    travel: Sequence[int]


@dataclasses.dataclass(frozen=True)
class Hours:
    """Start and end per stop, the departure to the first one (or to the end), and the longest gap in minutes."""

    times: list[tuple[int, int]]
    leaves: int
    gap: int


def hours(day: Day, stops: Sequence[Stop], comfort: int = 25) -> Hours | None:
    """Times for a day; None when its stops cannot be made in this order."""
    times = _earliest(day, stops)
    if times is None:
        return None
    _stretch(day, stops, times, comfort)
    leaves = times[0][0] - day.travel[0] if times else _only_leaving(day)
    return Hours(times, leaves, _gap(day, times))


def _only_leaving(day: Day) -> int:
    if day.departs is None:
        return day.leaves
    return max(day.leaves, day.due - day.travel[0] - 10)


def _earliest(day: Day, stops: Sequence[Stop]) -> list[tuple[int, int]] | None:
    times = []
    now = day.leaves
    for stop, way in zip(stops, day.travel, strict=False):
        start = max(now + way, stop.start_from, stop.end_from - stop.most)
        end = max(start + stop.least, stop.end_from)
        if start > stop.start_by or end > stop.end_by:
            return None
        times.append((start, end))
        now = end
    return times if now + day.travel[-1] <= day.due else None


def _stretch(day: Day, stops: Sequence[Stop], times: list[tuple[int, int]], comfort: int) -> None:
    """From the last stop to the first: stay longer, then come later, so that what follows does not leave a hole before it."""
    after = day.departs
    latest = day.due - day.travel[-1]
    for index in range(len(stops) - 1, -1, -1):
        stop, (start, end) = stops[index], times[index]
        if after is not None:
            latest = min(latest, stop.end_by)
            wanted = min(latest, after - day.travel[index + 1] - (comfort if index < len(stops) - 1 else 40))
            if wanted > end:
                end = max(end, min(wanted, start + stop.most))
            if wanted > end:
                late = min(wanted - end, stop.start_by - start)
                start, end = start + max(late, 0), end + max(late, 0)
            times[index] = (start, end)
        after, latest = start, start - day.travel[index]


def _gap(day: Day, times: list[tuple[int, int]]) -> int:
    marks: list[tuple[int, int]] = [*([(0, day.leaves)] if day.waits else []), *times]
    if day.departs is not None:
        marks.append((day.departs, day.departs))
    return max((after[0] - before[1] for before, after in itertools.pairwise(marks)), default=0)
