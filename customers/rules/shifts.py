"""Who answers behind a live code at a moment, and when that changes next. Days and hours are Shanghai's."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence

from core.clock import SHANGHAI

MOST_DAYS_AHEAD = 8


@dataclasses.dataclass(frozen=True)
class Span:
    """From `starts` to `ends` on some weekdays (0 is Monday); past midnight when it ends before it starts."""

    weekdays: frozenset[int]
    starts: dt.time
    ends: dt.time

    def covers(self, local: dt.datetime) -> bool:
        """Whether a Shanghai moment lies in the span."""
        moment, day = local.time(), local.weekday()
        if self.starts < self.ends:
            return day in self.weekdays and self.starts <= moment < self.ends
        began_today = day in self.weekdays and moment >= self.starts
        began_yesterday = (day - 1) % 7 in self.weekdays and moment < self.ends
        return began_today or began_yesterday


@dataclasses.dataclass(frozen=True)
class Answerer:
    """A member behind a code. `spans` empty: always on; `daily_cap` None: no limit."""

    userid: str
    spans: tuple[Span, ...] = ()
    daily_cap: int | None = None
    added_today: int = 0
    is_away: bool = False
    can_serve: bool = True

    def is_free(self) -> bool:
        """Whether the member may take another newcomer today, shift or not."""
        return self.can_serve and not self.is_away and (self.daily_cap is None or self.added_today < self.daily_cap)


@dataclasses.dataclass(frozen=True)
class Roster:
    """Who should answer; `is_spare`: only the spare member is left. Empty: nobody, leave the code as it is."""

    userids: tuple[str, ...]
    is_spare: bool = False


def roster_at(members: Sequence[Answerer], spare: Answerer | None, at: dt.datetime, *, is_paused: bool = False) -> Roster:
    """Who should answer at an aware moment: those on shift below their cap; the spare member when there is nobody.

    A paused code is the spare member's: the printed picture cannot be switched off at the platform.
    """
    local = at.astimezone(SHANGHAI)
    on = sorted({m.userid for m in members if m.is_free() and (not m.spans or any(span.covers(local) for span in m.spans))})
    if on and not is_paused:
        return Roster(tuple(on))
    if spare is not None and spare.can_serve and not spare.is_away:
        return Roster((spare.userid,), is_spare=True)
    return Roster(())


def next_change(members: Iterable[Answerer], at: dt.datetime) -> dt.datetime | None:
    """The next moment at which a shift begins or ends, or a day with caps or absences is over; None when nothing will."""
    local = at.astimezone(SHANGHAI)
    moments: list[dt.datetime] = []
    for member in members:
        if member.daily_cap is not None or member.is_away:
            moments.append(_on(local.date() + dt.timedelta(days=1), dt.time()))
        for span in member.spans:
            moments += _edges(span, local.date())
    return min((moment for moment in moments if moment > at), default=None)


def _edges(span: Span, today: dt.date) -> list[dt.datetime]:
    edges = []
    for ahead in range(-1, MOST_DAYS_AHEAD):
        day = today + dt.timedelta(days=ahead)
        if day.weekday() in span.weekdays:
            edges.append(_on(day, span.starts))
            edges.append(_on(day if span.starts < span.ends else day + dt.timedelta(days=1), span.ends))
    return edges


def _on(day: dt.date, time: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, time, tzinfo=SHANGHAI)
