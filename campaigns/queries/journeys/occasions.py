"""The days people travel and celebrate on: from the `holidays` package and the lunar calendar."""

import datetime as dt

from campaigns.rules.journeys.lunar import LunarDate, solar_of
from messaging.understanding.almanac import feast

# School holidays have no calendar of their own; these are where most provinces begin. The agency's table says better.
_SCHOOL = {"暑假": (7, 5), "寒假": (1, 18)}


def occasion_day(name: str, year: int) -> dt.date | None:
    """The first day of an occasion in a year; None where the calendar does not know it."""
    if name in _SCHOOL:
        return dt.date(year, *_SCHOOL[name])
    if name == "七夕":
        return solar_of(LunarDate(year, 7, 7))
    return feast(name, year)
