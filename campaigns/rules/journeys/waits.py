"""When a wait ends. Wall times are Shanghai's; a wait counts from the moment somebody arrived at it."""

import calendar
import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from core.clock import SHANGHAI

LATE_AFTER = dt.timedelta(hours=12)  # a day's greeting that comes half a day late is not worth sending


@dataclasses.dataclass(frozen=True)
class Anchor:
    """The dates a journey is tied to: a trip's first and last day, or one date that is both."""

    starts_on: dt.date
    ends_on: dt.date


@dataclasses.dataclass(frozen=True)
class Wake:
    """When to go on. `is_late`: the moment was over long before somebody arrived, so what hangs on it is not done."""

    at: dt.datetime
    is_late: bool = False


def wake(args: Mapping[str, Any], arrived_at: dt.datetime, anchor: Anchor | None, at: dt.datetime) -> Wake:
    """The end of a wait as seen at `at`. A wait for a date without a date is over at once,
    and late; one whose date is long over, too."""
    mode = args["mode"]
    if mode == "hour":
        return Wake(_next_hour(args, arrived_at))
    if mode == "date":
        return _on_date(args, at, anchor)
    return Wake(add_length(args, arrived_at))


def add_length(args: Mapping[str, Any], at: dt.datetime) -> dt.datetime:
    """Months first, by the calendar (31 January and a month is the last of February), then days and hours."""
    local = at.astimezone(SHANGHAI)
    number = local.month - 1 + int(args.get("months") or 0)
    year, month = local.year + number // 12, number % 12 + 1
    day = min(local.day, calendar.monthrange(year, month)[1])
    length = dt.timedelta(days=args.get("days") or 0, hours=args.get("hours") or 0, minutes=args.get("minutes") or 0)
    return local.replace(year=year, month=month, day=day).astimezone(dt.UTC) + length


def _next_hour(args: Mapping[str, Any], at: dt.datetime) -> dt.datetime:
    """The next time the clock shows this hour, on one of the weekdays (Monday is 0; none named: any)."""
    local, time = at.astimezone(SHANGHAI), dt.time.fromisoformat(args["at"])
    weekdays = args.get("weekdays") or range(7)
    for ahead in range(8):
        moment = dt.datetime.combine(local.date() + dt.timedelta(days=ahead), time, tzinfo=SHANGHAI)
        if moment >= at and moment.weekday() in weekdays:
            return moment.astimezone(dt.UTC)
    raise ValueError("no weekday was named")


def _on_date(args: Mapping[str, Any], at: dt.datetime, anchor: Anchor | None) -> Wake:
    if anchor is None:
        return Wake(at, is_late=True)
    day = anchor.ends_on if args["edge"] == "end" else anchor.starts_on
    due = dt.datetime.combine(
        day + dt.timedelta(days=args["offset"]), dt.time.fromisoformat(args["at"]), tzinfo=SHANGHAI
    ).astimezone(dt.UTC)
    return Wake(max(due, at), is_late=at - due > LATE_AFTER)


def schedule_due(args: Mapping[str, Any], at: dt.datetime) -> dt.date | None:
    """The latest day up to `at` on which a schedule's moment came; None before the first. Month ends: the 31st is the last
    day."""
    local, time = at.astimezone(SHANGHAI), dt.time.fromisoformat(args["at"])
    today = local.date() if local.time() >= time else local.date() - dt.timedelta(days=1)
    every = args["every"]
    if every == "once":
        day = dt.date.fromisoformat(args["on"])
        return day if day <= today else None
    if every == "day":
        return today
    if every == "week":
        return today - dt.timedelta(days=(today.weekday() - args["weekday"]) % 7)
    return _month_day(today, args["day"])


def _month_day(today: dt.date, day: int) -> dt.date:
    this = today.replace(day=min(day, calendar.monthrange(today.year, today.month)[1]))
    if this <= today:
        return this
    before = today.replace(day=1) - dt.timedelta(days=1)
    return before.replace(day=min(day, before.day))
