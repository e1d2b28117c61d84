"""Working days of mainland China, with the State Council's holidays and the weekends worked in exchange."""

import datetime as dt
import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import holidays


@functools.cache
def _calendar(language: str = "zh_CN") -> "holidays.HolidayBase":
    import holidays  # every country's calendar: a tenth of a second that a start need not wait for

    return holidays.country_holidays("CN", language=language)


def is_working_day(day: dt.date) -> bool:
    """Whether offices work on a day. Years the State Council has not announced yet: weekdays without fixed holidays."""
    return bool(_calendar().is_working_day(day))


def after_working_days(start: dt.date, days: int) -> dt.date:
    """The last day of a time limit of so many working days; the day of the request does not count."""
    day = start
    while days > 0:
        day += dt.timedelta(days=1)
        if is_working_day(day):
            days -= 1
    return day


def working_days_left(today: dt.date, due_on: dt.date) -> int:
    """Working days until the time limit: 0 on its last day, negative when it is over."""
    if due_on < today:
        return -sum(is_working_day(due_on + dt.timedelta(days=number)) for number in range(1, (today - due_on).days + 1)) or -1
    return sum(is_working_day(today + dt.timedelta(days=number)) for number in range(1, (due_on - today).days + 1))
