"""Pure decisions about the platforms' quotas: how fast we may call, and how long a block lasts."""

import datetime as dt
from dataclasses import dataclass

from core.clock import SHANGHAI

SUSTAINED_SHARE = 0.6  # of the platform's limit; the rest belongs to people and to other apps of the corp
BURST_SHARE = 0.2  # on top for a moment: 0.6 + 0.2 stays under the limit in every window
MINUTE, HOUR, DAY = 60, 3600, 86_400


@dataclass(frozen=True)
class Budget:
    """A token bucket: at most `capacity` calls at once, refilled by `per_second`."""

    name: str
    capacity: float
    per_second: float


# (calls, seconds): the platforms' published limits. WeCom document 90454; mini-program: per API.
_DEFAULT = {
    "wecom": ((10_000, MINUTE), (150_000, HOUR)),
    "mini": ((10_000, MINUTE),),
    "official": ((10_000, MINUTE),),
    "pay": ((6_000, MINUTE),),
    "sms": ((3_000, MINUTE),),
    "llm": ((600, MINUTE),),
    "octo": ((300, MINUTE),),
}
_SPECIAL = {
    ("mini", "wxa/getwxacodeunlimit"): ((5_000, MINUTE),),
    ("mini", "wxa/generate_urllink"): ((5_000, MINUTE), (500_000, DAY)),
    ("wecom", "media/uploadimg"): ((1_000, DAY),),
}
# More than this to one member is dropped by the platform without an error.
STAFF_MESSAGES = ((30, MINUTE), (1_000, HOUR))


def budgets_for(vendor: str, api: str) -> list[Budget]:
    """The buckets one call of an API draws from."""
    return budgets(_SPECIAL.get((vendor, api)) or _DEFAULT.get(vendor, ()), api)


def budgets(limits: tuple[tuple[int, int], ...], name: str) -> list[Budget]:
    """A bucket per published limit, at our share of it; `limits` holds (calls, seconds) pairs."""
    return [
        Budget(f"{name}/{seconds}", max(1.0, calls * BURST_SHARE), calls * SUSTAINED_SHARE / seconds) for calls, seconds in limits
    ]


def block_seconds(streak: int, at: dt.datetime) -> float:
    """How long to stay away after a 45009. `streak` counts them in a row, from 1; `at` is an aware moment.

    The platform does not say which limit was hit: a minute, an hour, or the natural day of Shanghai. A second hit
    right after a minute's block means the hour, a third the day.
    """
    if streak <= 1:
        return float(MINUTE)
    if streak == 2:
        return float(HOUR)
    local = at.astimezone(SHANGHAI)
    midnight = dt.datetime.combine(local.date() + dt.timedelta(days=1), dt.time(), tzinfo=SHANGHAI)
    return max(float(HOUR), (midnight - local).total_seconds())
