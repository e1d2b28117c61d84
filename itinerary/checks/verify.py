"""Everything that is wrong with a plan, by the codes of the constraint catalogue."""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from itinerary.checks.plan import Leg, Mode, Stop, leg
from itinerary.choices import BlockKind, Severity
from itinerary.planner.catalogue import CATALOGUE, Code

DAY = 1440
MEALS = {"breakfast": (360, 570), "lunch": (630, 840), "dinner": (1020, 1230)}  # may begin within
ON_THE_GROUND = frozenset({BlockKind.SIGHT, BlockKind.MEAL, BlockKind.ACTIVITY, BlockKind.HOTEL, BlockKind.TRANSPORT})
UNTIMED = frozenset({BlockKind.VEHICLE, BlockKind.GUIDE, BlockKind.FEE, BlockKind.NOTE})


@dataclasses.dataclass(frozen=True)
class Limits:
    """What is still fit to be sold (minutes after midnight, minutes, km)."""

    earliest: int = 360
    latest: int = 1380
    idle: int = 150
    walk_km: float = 8.0
    longest_day: int = 15 * 60


@dataclasses.dataclass(frozen=True)
class Issue:
    """One complaint: `block` is the key it concerns ("" for a whole day), `params` what the sentence needs."""

    code: Code
    severity: Severity
    day: int
    block: str = ""
    params: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True)
class Verdict:
    """All issues in order of day, and the legs between neighbouring blocks: (from, to, leg)."""

    issues: tuple[Issue, ...]
    legs: tuple[tuple[str, str, Leg], ...]

    @property
    def sellable(self) -> bool:
        """Whether nothing forbids selling it."""
        return all(issue.severity != Severity.ERROR for issue in self.issues)


def verify(stops: Sequence[Stop], *, days: int, people: int, limits: Limits | None = None) -> Verdict:
    """Check a whole plan of `days` days for `people` travellers."""
    limits = limits or Limits()
    by_day: dict[int, list[Stop]] = {day: [] for day in range(1, days + 1)}
    for stop in stops:
        by_day.setdefault(stop.day, []).append(stop)
    legs: list[tuple[str, str, Leg]] = []
    issues: list[Issue] = []
    hotel: Stop | None = None
    for day, blocks in sorted(by_day.items()):
        timed = sorted((b for b in blocks if b.kind not in UNTIMED), key=lambda b: (b.start, b.end))
        ways = [(a.key, b.key, leg(a, b)) for a, b in itertools.pairwise(([hotel] if hotel else []) + timed)]
        legs += ways
        issues += _single(blocks)
        issues += _pairs(timed, {(a, b): way for a, b, way in ways}, limits)
        issues += _day(day, timed, ways, limits)
        hotel = next((b for b in reversed(timed) if b.kind == BlockKind.HOTEL), None)
        if day < days:
            issues += _night(day, hotel, people, by_day.get(day + 1, []), timed)
    return Verdict(tuple(issues), tuple(legs))


def issue(code: Code, day: int, block: str = "", **params: object) -> Issue:
    """A complaint with the severity that the catalogue gives it in a plan edited by a person."""
    severity = Severity.ERROR if CATALOGUE[code].blocks else Severity.WARNING
    return Issue(code, severity, day, block, tuple((name, str(value)) for name, value in params.items()))


def _issue(code: Code, stop: Stop, **params: object) -> Issue:
    return issue(code, stop.day, stop.key, **params)


def _single(blocks: Sequence[Stop]) -> Iterator[Issue]:
    for stop in blocks:
        if stop.rate_missing:
            yield _issue(Code.NO_RATE, stop)
        if stop.sold_out:
            yield _issue(Code.STOCK, stop)
        if stop.kind in {BlockKind.SIGHT, BlockKind.MEAL, BlockKind.ACTIVITY}:
            yield from _opening(stop)
        if stop.visit_min and stop.end - stop.start < stop.visit_min:
            yield _issue(Code.VISIT_SHORT, stop, minutes=stop.visit_min)
        if stop.meal in MEALS and not MEALS[stop.meal][0] <= stop.start <= MEALS[stop.meal][1]:
            yield _issue(Code.MEAL_WINDOW, stop)


def _opening(stop: Stop) -> Iterator[Issue]:
    if stop.hours is None:
        return
    if not any(opens <= stop.start and stop.end <= closes for opens, closes in stop.hours):
        times = ", ".join(f"{clock(opens)}-{clock(closes)}" for opens, closes in stop.hours)
        yield _issue(Code.HOURS, stop, hours=times)


def clock(minutes: int) -> str:
    """540 as 09:00; a time after midnight as its time of day."""
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def _pairs(timed: Sequence[Stop], ways: dict[tuple[str, str], Leg], limits: Limits) -> Iterator[Issue]:
    for here, there in itertools.pairwise(timed):
        way = ways[here.key, there.key]
        needs = way.minutes + there.buffer
        gap = there.start - here.end
        if gap < 0:
            yield _issue(Code.CHRONOLOGY, there, other=here.name)
        elif gap < way.minutes:
            yield _issue(Code.TRANSFER, there, needs=way.minutes, has=gap)
        elif gap < needs:
            yield _issue(Code.STATION_BUFFER, there, needs=needs, has=gap)
        elif gap - needs > limits.idle and there.kind != BlockKind.HOTEL:
            yield _issue(Code.IDLE, there, minutes=gap - needs)
        if here.kind == BlockKind.TRANSPORT and here.end > DAY:
            yield _issue(Code.OVERNIGHT, here)


def _day(day: int, timed: Sequence[Stop], ways: Sequence[tuple[str, str, Leg]], limits: Limits) -> Iterator[Issue]:
    if not timed:
        return
    first, last = timed[0], max(timed, key=lambda stop: stop.end if stop.kind != BlockKind.HOTEL else stop.start)
    leaves = first.start - (ways[0][2].minutes if ways and ways[0][1] == first.key else 0)
    arrives = last.start if last.kind == BlockKind.HOTEL else last.end
    if leaves < limits.earliest or arrives > limits.latest or arrives - leaves > limits.longest_day:
        yield issue(Code.DAY_LENGTH, day, **{"from": clock(leaves), "to": clock(arrives)})
    walked = sum(way.km for _a, _b, way in ways if way.mode == Mode.WALK)
    if walked > limits.walk_km:
        yield issue(Code.WALK_CAP, day, km=f"{walked:.1f}")


def _night(day: int, hotel: Stop | None, people: int, tomorrow: Sequence[Stop], timed: Sequence[Stop]) -> Iterator[Issue]:
    on_the_way = any(stop.kind == BlockKind.TRANSPORT and stop.end > DAY for stop in timed)
    if hotel is None:
        if not on_the_way:
            yield issue(Code.NO_HOTEL, day)
        return
    if hotel.beds and hotel.beds < people:
        yield _issue(Code.BEDS, hotel, beds=hotel.beds, people=people)
    first = min((s for s in tomorrow if s.kind in ON_THE_GROUND), key=lambda s: s.start, default=None)
    if first and hotel.city and first.city and first.city != hotel.city and first.kind != BlockKind.TRANSPORT:
        far = leg(hotel, first)
        if far.minutes == 0 or far.minutes > first.start - 360:
            yield _issue(Code.CONTINUITY, first, here=hotel.city, there=first.city)


def retime(blocks: Sequence[Stop], *, begins: int = 540, hotel: Stop | None = None) -> list[Stop]:
    """One day's blocks in the order given, pushed to the first time that fits: after the block before and the way, not before
    it opens, not before its own time if it is locked. Durations stay. Blocks without a time of their own stay as they are."""
    done: list[Stop] = []
    before = hotel
    free = begins
    for stop in blocks:
        if stop.kind in UNTIMED:
            done.append(stop)
            continue
        start = stop.start if stop.locked else _first_time(stop, before, free)
        moved = dataclasses.replace(stop, start=start, end=start + stop.end - stop.start)
        done.append(moved)
        before, free = moved, moved.end
    return done


def _first_time(stop: Stop, before: Stop | None, free: int) -> int:
    earliest = free + (leg(before, stop).minutes if before else 0) + stop.buffer
    if stop.meal in MEALS:
        earliest = max(earliest, MEALS[stop.meal][0] + 60 if stop.meal == "lunch" else MEALS[stop.meal][0])
    length = stop.end - stop.start
    fitting = [max(opens, earliest) for opens, closes in stop.hours or () if max(opens, earliest) + length <= closes]
    return min(fitting, default=earliest)
