"""The Chinese lunar calendar, 1900 to 2100: which solar day a lunar birthday falls on.

`_YEARS` has one number per lunar year: the lowest four bits are the leap month (0: none), bits 15 to 4 say for months 1
to 12 whether they have 30 days (else 29), bit 16 the same for the leap month. It is the table that almanacs print; month
for month it is what ICU computes, but for fifteen years whose new moon falls close to midnight, where it follows the
Hong Kong Observatory; the feasts of 1901 to 2099 are those of the `holidays` package (tests).
"""

import dataclasses
import datetime as dt

FIRST_DAY = dt.date(1900, 1, 31)  # the first day of lunar 1900
FIRST_YEAR, LAST_YEAR = 1900, 2100
_YEARS = (
    0x04bd8, 0x04ae0, 0x0a570, 0x054d5, 0x0d260, 0x0d950, 0x16554, 0x056a0, 0x09ad0, 0x055d2,
    0x04ae0, 0x0a5b6, 0x0a4d0, 0x0d250, 0x1d255, 0x0b540, 0x0d6a0, 0x0ada2, 0x095b0, 0x14977,
    0x04970, 0x0a4b0, 0x0b4b5, 0x06a50, 0x06d40, 0x1ab54, 0x02b60, 0x09570, 0x052f2, 0x04970,
    0x06566, 0x0d4a0, 0x0ea50, 0x06e95, 0x05ad0, 0x02b60, 0x186e3, 0x092e0, 0x1c8d7, 0x0c950,
    0x0d4a0, 0x1d8a6, 0x0b550, 0x056a0, 0x1a5b4, 0x025d0, 0x092d0, 0x0d2b2, 0x0a950, 0x0b557,
    0x06ca0, 0x0b550, 0x15355, 0x04da0, 0x0a5b0, 0x14573, 0x052b0, 0x0a9a8, 0x0e950, 0x06aa0,
    0x0aea6, 0x0ab50, 0x04b60, 0x0aae4, 0x0a570, 0x05260, 0x0f263, 0x0d950, 0x05b57, 0x056a0,
    0x096d0, 0x04dd5, 0x04ad0, 0x0a4d0, 0x0d4d4, 0x0d250, 0x0d558, 0x0b540, 0x0b6a0, 0x195a6,
    0x095b0, 0x049b0, 0x0a974, 0x0a4b0, 0x0b27a, 0x06a50, 0x06d40, 0x0af46, 0x0ab60, 0x09570,
    0x04af5, 0x04970, 0x064b0, 0x074a3, 0x0ea50, 0x06b58, 0x05ac0, 0x0ab60, 0x096d5, 0x092e0,
    0x0c960, 0x0d954, 0x0d4a0, 0x0da50, 0x07552, 0x056a0, 0x0abb7, 0x025d0, 0x092d0, 0x0cab5,
    0x0a950, 0x0b4a0, 0x0baa4, 0x0ad50, 0x055d9, 0x04ba0, 0x0a5b0, 0x15176, 0x052b0, 0x0a930,
    0x07954, 0x06aa0, 0x0ad50, 0x05b52, 0x04b60, 0x0a6e6, 0x0a4e0, 0x0d260, 0x0ea65, 0x0d530,
    0x05aa0, 0x076a3, 0x096d0, 0x04afb, 0x04ad0, 0x0a4d0, 0x1d0b6, 0x0d250, 0x0d520, 0x0dd45,
    0x0b5a0, 0x056d0, 0x055b2, 0x049b0, 0x0a577, 0x0a4b0, 0x0aa50, 0x1b255, 0x06d20, 0x0ada0,
    0x14b63, 0x09370, 0x049f8, 0x04970, 0x064b0, 0x168a6, 0x0ea50, 0x06b20, 0x1a6c4, 0x0aae0,
    0x092e0, 0x0d2e3, 0x0c960, 0x0d557, 0x0d4a0, 0x0da50, 0x05d55, 0x056a0, 0x0a6d0, 0x055d4,
    0x052d0, 0x0a9b8, 0x0a950, 0x0b4a0, 0x0b6a6, 0x0ad50, 0x055a0, 0x0aba4, 0x0a5b0, 0x052b0,
    0x0b273, 0x06930, 0x07337, 0x06aa0, 0x0ad50, 0x14b55, 0x04b60, 0x0a570, 0x054e4, 0x0d160,
    0x0e968, 0x0d520, 0x0daa0, 0x16aa6, 0x056d0, 0x04ae0, 0x0a9d4, 0x0a2d0, 0x0d150, 0x0f252,
    0x0d520,
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class LunarDate:
    """A day of the lunar calendar; `is_leap`: of the leap month that follows month `month`."""

    year: int
    month: int
    day: int
    is_leap: bool = False


def _months(year: int) -> list[tuple[int, bool, int]]:
    """(month, is it the leap one, its days), in the order of the year."""
    bits = _YEARS[year - FIRST_YEAR]
    months = []
    for month in range(1, 13):
        months.append((month, False, 30 if bits & (0x10000 >> month) else 29))
        if month == bits & 0xF:
            months.append((month, True, 30 if bits & 0x10000 else 29))
    return months


def _year_starts() -> tuple[dt.date, ...]:
    starts = [FIRST_DAY]
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        starts.append(starts[-1] + dt.timedelta(days=sum(days for _month, _leap, days in _months(year))))
    return tuple(starts)


_STARTS = _year_starts()


def lunar_of(day: dt.date) -> LunarDate:
    """The lunar date of a day; ValueError outside lunar 1900 to 2100."""
    if not _STARTS[0] <= day < _STARTS[-1]:
        raise ValueError(f"the lunar calendar is known from {_STARTS[0]} to {_STARTS[-1]}, not for {day}")
    year = day.year if day >= _STARTS[min(day.year, LAST_YEAR) - FIRST_YEAR] and day.year <= LAST_YEAR else day.year - 1
    left = (day - _STARTS[year - FIRST_YEAR]).days
    for month, is_leap, days in _months(year):
        if left < days:
            return LunarDate(year, month, left + 1, is_leap)
        left -= days
    raise ValueError(f"{day} is in no month of lunar {year}")


def solar_of(date: LunarDate) -> dt.date | None:
    """The day of a lunar date; None where that year has no such leap month, or the month no thirtieth."""
    if not FIRST_YEAR <= date.year <= LAST_YEAR:
        return None
    start = _STARTS[date.year - FIRST_YEAR]
    for month, is_leap, days in _months(date.year):
        if (month, is_leap) == (date.month, date.is_leap):
            return start + dt.timedelta(days=date.day - 1) if date.day <= days else None
        start += dt.timedelta(days=days)
    return None


def month_days(year: int, month: int) -> int:
    """How many days an ordinary (not leap) lunar month has."""
    return next(days for number, is_leap, days in _months(year) if number == month and not is_leap)


def lunar_birthdays(on: dt.date, oldest: int = 1910) -> list[dt.date]:
    """Every day of birth whose lunar birthday is kept on `on`, from lunar year `oldest` until then.

    Who was born in a leap month keeps the ordinary month of that number; who was born on a thirtieth keeps the
    twenty-ninth where the month has no more. Nobody keeps a birthday within a leap month.
    """
    today = lunar_of(on)
    if today.is_leap:
        return []
    days = [today.day]
    if today.day == 29 and month_days(today.year, today.month) == 29:
        days.append(30)
    born = (
        solar_of(LunarDate(year, today.month, day, is_leap))
        for year in range(max(oldest, FIRST_YEAR), today.year)
        for day in days
        for is_leap in (False, True)
    )
    return sorted(day for day in born if day is not None)


def solar_birthdays(on: dt.date, oldest: int = 1910) -> list[dt.date]:
    """Every day of birth whose solar birthday is kept on `on`: who was born on 29 February keeps the 28th in other years."""
    leapless = (on.month, on.day) == (2, 28) and not _is_leap_year(on.year)
    days = [(on.month, on.day), (2, 29)] if leapless else [(on.month, on.day)]
    return [
        dt.date(year, month, day)
        for year in range(oldest, on.year)
        for month, day in days
        if (month, day) != (2, 29) or _is_leap_year(year)
    ]


def _is_leap_year(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
