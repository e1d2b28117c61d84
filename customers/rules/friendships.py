"""What an answer of the platform means for a friendship we know."""

import dataclasses
import datetime as dt
import enum

ACTIVE, LEFT_BY_CUSTOMER = "active", "deleted_by_customer"
WAITS = (5.0, 30.0, 120.0)  # the platform may hide a new contact for seconds


class Outcome(enum.Enum):
    """What to do with a friendship."""

    NEW = "new"
    REVIVED = "revived"
    CHANGED = "changed"
    SAME = "same"
    STALE = "stale"


@dataclasses.dataclass(frozen=True)
class Told:
    """A friendship as the platform told it when asked at `fetched_at`; it began at `added_at`."""

    customer_id: int
    fetched_at: dt.datetime
    added_at: dt.datetime
    add_way: int = 0
    channel_state: str = ""
    remark: str = ""
    corp_tags: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Known:
    """A friendship as we keep it."""

    state: str
    ended_at: dt.datetime | None
    told: Told
    was_fetched: bool = True


def decide(told: Told, known: Known | None) -> Outcome:
    """What an answer means. An older answer says nothing; a customer who left is back only if they came after leaving.

    The platform goes on showing a friendship that the customer ended, with the moment it began.
    """
    if known is None:
        return Outcome.NEW
    if known.was_fetched and known.told.fetched_at > told.fetched_at:
        return Outcome.STALE
    left = known.state == LEFT_BY_CUSTOMER and known.ended_at is not None and told.added_at <= known.ended_at
    if known.state != ACTIVE and not left:
        return Outcome.REVIVED
    return Outcome.SAME if dataclasses.replace(known.told, fetched_at=told.fetched_at) == told else Outcome.CHANGED


def wait_seconds(created_at: dt.datetime, at: dt.datetime) -> float | None:
    """How long to wait for a contact the platform does not show, after a callback of `created_at`; None: it is gone."""
    age = (at - created_at).total_seconds()
    return next((wait for wait in WAITS if age < wait * 2), None)
