"""Pure decisions of the catalogue: when a feed must wait for a person, which days a bulk edit means."""

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterable, Iterator
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
