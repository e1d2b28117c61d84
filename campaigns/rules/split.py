"""Who gets which variant, who waits for the winner, and when: decided by salt and customer alone, so that it can be
recomputed for ever. The launch computes the same in SQL (`campaigns.queries.split`)."""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Sequence

from core.clock import SHANGHAI

BUCKETS = 10_000
MOST_WAVES = 12
LEAST_OPENED = 1  # a variant nobody opened has not won


@dataclasses.dataclass(frozen=True)
class Tried:
    """What became of one variant's test group."""

    variant_id: int
    position: int
    delivered: int
    opened: int


def bucket(salt: str, part: str, customer_id: int) -> int:
    """0..9999, evenly spread, independent for each `part` of the decision ("v": variant, "t": test, "s": stagger)."""
    digest = hashlib.sha256(f"{salt}:{part}:{customer_id}".encode()).hexdigest()
    return int(digest[:8], 16) % BUCKETS


def bounds(weights: Sequence[int]) -> list[int]:
    """The upper end of each variant's buckets; the last one ends at 10,000 whatever the rounding."""
    total, ends, so_far = sum(weights), [], 0
    for weight in weights:
        so_far += weight
        ends.append(so_far * BUCKETS // total)
    return ends


def pick(ends: Sequence[int], place: int) -> int:
    """Which variant a bucket belongs to."""
    return next(index for index, end in enumerate(ends) if place < end)


def waves(minutes: int) -> int:
    """Into how many waves a launch spread over so many minutes falls: one each five minutes, twelve at most."""
    return max(1, min(MOST_WAVES, minutes // 5)) if minutes else 1


def best_moment(hour: int, at: dt.datetime, quiet_start: dt.time, quiet_end: dt.time) -> dt.datetime:
    """The next time it is that hour in Shanghai outside of quiet hours; `at` itself when the hour is a quiet one."""
    local = at.astimezone(SHANGHAI)
    if is_quiet_hour(hour, quiet_start, quiet_end) or local.hour == hour:
        return at
    due = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return (due if due > local else due + dt.timedelta(days=1)).astimezone(dt.UTC)


def is_quiet_hour(hour: int, quiet_start: dt.time, quiet_end: dt.time) -> bool:
    """Whether the beginning of an hour lies in the quiet hours, which may go over midnight."""
    moment = dt.time(hour)
    if quiet_start == quiet_end:
        return False
    if quiet_start < quiet_end:
        return quiet_start <= moment < quiet_end
    return moment >= quiet_start or moment < quiet_end


def winner(tried: Sequence[Tried]) -> Tried | None:
    """The variant with the largest share of openings among those delivered; the earlier one where they are equal. None when
    nothing was delivered yet, or nobody opened anything."""
    known = [one for one in tried if one.delivered]
    if not known or max(one.opened for one in known) < LEAST_OPENED:
        return None
    return max(known, key=lambda one: (one.opened / one.delivered, -one.position))
