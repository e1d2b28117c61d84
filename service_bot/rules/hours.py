"""The desk's calendar: when people answer, and by when an answer is due."""

import dataclasses
import datetime as dt
from collections.abc import Collection

from core.clock import SHANGHAI

ANSWER_MINUTES = {0: 5, 1: 5, 2: 2, 3: 1}  # by mood


@dataclasses.dataclass(frozen=True)
class Hours:
    """Shanghai wall times between which people answer, and the days on which nobody does."""

    opens: dt.time = dt.time(9)
    closes: dt.time = dt.time(21)
    closed_days: Collection[dt.date] = ()

    def is_open(self, at: dt.datetime) -> bool:
        """Whether somebody answers at this moment."""
        local = at.astimezone(SHANGHAI)
        return local.date() not in self.closed_days and self.opens <= local.time() < self.closes

    def next_opening(self, at: dt.datetime) -> dt.datetime:
        """This moment while open, else the next time the desk opens (looked for in the coming sixty days)."""
        if self.is_open(at):
            return at
        local = at.astimezone(SHANGHAI)
        first = local.date() if local.time() < self.opens else local.date() + dt.timedelta(days=1)
        days = (first + dt.timedelta(days=ahead) for ahead in range(60))
        return dt.datetime.combine(next((day for day in days if day not in self.closed_days), first), self.opens, tzinfo=SHANGHAI)

    def due(self, at: dt.datetime, minutes: int) -> dt.datetime:
        """`minutes` of open time after `at`."""
        start = self.next_opening(at)
        close = dt.datetime.combine(start.astimezone(SHANGHAI).date(), self.closes, tzinfo=SHANGHAI)
        wanted = start + dt.timedelta(minutes=minutes)
        if wanted <= close:
            return wanted
        return self.next_opening(close) + (wanted - close)


def answer_due(at: dt.datetime, mood: int, hours: Hours) -> dt.datetime:
    """By when a person has to answer a customer of this mood."""
    return hours.due(at, ANSWER_MINUTES.get(mood, 5))
