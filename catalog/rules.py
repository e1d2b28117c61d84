"""Pure decisions of the catalogue: when a feed must wait for a person, which days a bulk edit means."""

import dataclasses
import datetime as dt
import enum
import itertools
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from catalog.choices import StockState

PRICE_JUMP = 5  # a price that many times higher or lower is more likely a misplaced point than news
ALL_WEEKDAYS = frozenset(range(1, 8))
LONGEST_EDIT_DAYS = 366


@dataclasses.dataclass(frozen=True)
class FeedEffect:
    """What a file would do to the resources a supplier has now: how many change in name, price or city, how many vanish."""

    existing: int
    changed: int
    gone: int

    @property
    def share_percent(self) -> float:
        """How much of what exists would change or vanish, in percent; 0 where nothing exists yet."""
        return round(100 * (self.changed + self.gone) / self.existing, 1) if self.existing else 0.0


def must_wait(effect: FeedEffect, limit_percent: int) -> bool:
    """Whether a person must look first: more than the supplier's limit would change or vanish."""
    return effect.share_percent > limit_percent


def is_price_jump(old: Decimal | None, new: Decimal | None) -> bool:
    """Whether a price changed fivefold or more, either way."""
    if not old or not new:
        return False
    return new >= old * PRICE_JUMP or new * PRICE_JUMP <= old


def days_of(first: dt.date, last: dt.date, weekdays: Iterable[int] = ALL_WEEKDAYS) -> Iterator[dt.date]:
    """The days from `first` to `last`, both included, that fall on the given ISO weekdays (1 is Monday)."""
    wanted = frozenset(weekdays)
    for offset in range((last - first).days + 1):
        day = first + dt.timedelta(days=offset)
        if day.isoweekday() in wanted:
            yield day


@dataclasses.dataclass(frozen=True)
class CalendarDay:
    """A cell of the month grid; `in_month` is False for the days that fill the first and last week."""

    date: dt.date
    in_month: bool


def month_grid(month: dt.date) -> list[list[CalendarDay]]:
    """The weeks of a month, Monday first, filled up with the neighbours' days."""
    first = month.replace(day=1)
    start = first - dt.timedelta(days=first.weekday())
    next_month = (first + dt.timedelta(days=32)).replace(day=1)
    weeks = -(-((next_month - start).days) // 7)
    days = [start + dt.timedelta(days=offset) for offset in range(weeks * 7)]
    cells = [CalendarDay(day, first <= day < next_month) for day in days]
    return [cells[index : index + 7] for index in range(0, len(cells), 7)]


def month_bounds(month: dt.date) -> tuple[dt.date, dt.date]:
    """First day of the month and first day of the next."""
    first = month.replace(day=1)
    return first, (first + dt.timedelta(days=32)).replace(day=1)


class Stock(enum.StrEnum):
    """Whether something can be had on a day."""

    YES = "yes"
    ASK = "ask"
    NO = "no"


def stock(state: str, left: int, release_days: int, ahead: int, wanted: int) -> Stock:
    """Whether `wanted` pieces can be had of `left`, `ahead` days before; `state` is a StockState.

    Inside the release period an allotment must be asked for. A day that is over can be had by nobody.
    """
    if ahead < 0 or state in {StockState.SOLD_OUT, StockState.CLOSED}:
        return Stock.NO
    if state == StockState.ON_REQUEST:
        return Stock.ASK
    if state == StockState.FREESALE:
        return Stock.YES
    if left < wanted:
        return Stock.NO
    return Stock.ASK if ahead < release_days else Stock.YES


@dataclasses.dataclass(frozen=True)
class Season:
    """When a rate holds and for whom: the days, the ISO weekdays (none means all), the group's size, ages, a vehicle's seats."""

    starts_on: dt.date
    ends_on: dt.date
    weekdays: tuple[int, ...] = ()
    pax: tuple[int, int] = (1, 999)
    ages: tuple[int, int] | None = None
    seats: int = 0


def overlap(one: Season, other: Season) -> bool:
    """Whether both would price one person of one group on one day: then nobody could say which holds."""
    if one.seats != other.seats or (one.ages is None) != (other.ages is None):
        return False
    spans = [((one.starts_on, one.ends_on), (other.starts_on, other.ends_on)), (one.pax, other.pax)]
    if one.ages is not None and other.ages is not None:
        spans.append((one.ages, other.ages))
    if any(first[0] > second[1] or second[0] > first[1] for first, second in spans):  # type: ignore[operator]
        return False
    first, last = max(one.starts_on, other.starts_on), min(one.ends_on, other.ends_on)
    both = (frozenset(one.weekdays) or ALL_WEEKDAYS) & (frozenset(other.weekdays) or ALL_WEEKDAYS)
    return next(days_of(first, min(last, first + dt.timedelta(days=6)), both), None) is not None


def first_overlap(seasons: Sequence[Season]) -> tuple[int, int] | None:
    """The positions (from 0) of the first two that overlap."""
    for at, one in enumerate(seasons):
        for later, other in enumerate(seasons[at + 1 :], start=at + 1):
            if overlap(one, other):
                return at, later
    return None


@dataclasses.dataclass(frozen=True)
class Tier:
    """What is kept of a price when a trip is cancelled `days_from` to `days_to` days before (7 to 4); 0 is the day itself."""

    days_from: int
    days_to: int
    percent: Decimal


class TierFault(enum.StrEnum):
    """What can be wrong with a set of tiers."""

    BACKWARDS = "backwards"
    OVERLAP = "overlap"
    GAP = "gap"
    CHEAPER_LATER = "cheaper_later"
    NO_LAST_DAY = "no_last_day"


def fault_of_tiers(tiers: Sequence[Tier]) -> tuple[TierFault, int] | None:
    """The first fault and the day it is about; None when the tiers fit one another: no day twice, no day left out between
    them, nearer to the departure never cheaper, the day of departure named."""
    ordered = sorted(tiers, key=lambda tier: -tier.days_from)
    for tier in ordered:
        if tier.days_to > tier.days_from or not 0 <= tier.percent <= 100:
            return TierFault.BACKWARDS, tier.days_from
    for earlier, later in itertools.pairwise(ordered):
        if later.days_from >= earlier.days_to:
            return TierFault.OVERLAP, later.days_from
        if later.days_from < earlier.days_to - 1:
            return TierFault.GAP, later.days_from + 1
        if later.percent < earlier.percent:
            return TierFault.CHEAPER_LATER, later.days_from
    if ordered and ordered[-1].days_to != 0:
        return TierFault.NO_LAST_DAY, 0
    return None


FX_JUMP_PERCENT = 10


def is_rate_jump(old: Decimal | None, new: Decimal) -> bool:
    """Whether a rate of exchange moved more than a tenth at once: rather a slip of the pen than the market."""
    return old is not None and old > 0 and abs(new - old) * 100 > old * FX_JUMP_PERCENT
