"""When a member steps up, stays, gets grace, or steps down."""

import dataclasses
import datetime as dt
from collections.abc import Mapping

from core.clock import SHANGHAI
from membership.choices import Period
from membership.rules.points import end_of_day, expiry


@dataclasses.dataclass(frozen=True)
class Step:
    """A tier as the decision needs it."""

    code: str
    rank: int
    valid_months: int
    grace_days: int


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a member stands."""

    rank: int
    since: dt.datetime | None = None
    valid_until: dt.datetime | None = None
    grace_until: dt.datetime | None = None


def decide(
    place: Place, deserved: int, steps: Mapping[int, Step], at: dt.datetime, *, strict_since: dt.datetime | None = None
) -> Place:
    """Where a member stands next, given the highest tier whose condition holds (`deserved`).

    Up: at once, valid from now. The same: the validity is renewed when it ran out. Down: not before the validity ends, and
    then after the tier's days of grace. `strict_since`: a refund of something bought then; a tier gained since falls at once.
    """
    if place.rank not in steps:  # a ladder without this step: the next lower one that exists
        place = dataclasses.replace(place, rank=max((rank for rank in steps if rank <= place.rank), default=0))
    if deserved > place.rank:
        return _standing(steps[deserved], at)
    if place.rank == 0:
        return Place(0, place.since)
    if deserved == place.rank:
        return (
            _standing(steps[deserved], at, place.since) if _is_over(place, at) else dataclasses.replace(place, grace_until=None)
        )
    if strict_since is not None and place.since is not None and place.since >= strict_since:
        return _standing(steps[deserved], at)
    return _kept(place, deserved, steps, at)


def _kept(place: Place, deserved: int, steps: Mapping[int, Step], at: dt.datetime) -> Place:
    if not _is_over(place, at):
        return place
    days = steps[place.rank].grace_days
    if place.grace_until is None and days and place.valid_until is not None:
        grace = end_of_day(place.valid_until.astimezone(SHANGHAI).date() + dt.timedelta(days=days))
        place = dataclasses.replace(place, grace_until=grace)
    if place.grace_until is not None and at <= place.grace_until:
        return place
    return _standing(steps[deserved], at)


def _is_over(place: Place, at: dt.datetime) -> bool:
    return place.valid_until is None or at > place.valid_until


def _standing(step: Step, at: dt.datetime, since: dt.datetime | None = None) -> Place:
    if step.rank == 0:
        return Place(0, at)
    return Place(step.rank, since or at, expiry(at, step.valid_months))


def slot_of(period: str, at: dt.datetime, since: dt.datetime | None) -> str:
    """The period in which a use counts: a Shanghai month or year, or the time since the tier was reached."""
    day = at.astimezone(SHANGHAI).date()
    if period == Period.MONTH:
        return f"{day:%Y-%m}"
    if period == Period.YEAR:
        return f"{day:%Y}"
    return f"{(since or at).astimezone(SHANGHAI):%Y%m%d}"


def yearly(quantity: int | None, period: str) -> int:
    """How many uses a year an entitlement allows; without limit counts as one a month, for estimates of cost."""
    if quantity is None:
        return 12
    return quantity * 12 if period == Period.MONTH else quantity
