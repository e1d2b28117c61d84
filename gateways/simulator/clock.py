"""The virtual clock: what the simulated platforms take for "now".

Two times are kept apart. ``now()`` is virtual: token life, quota windows, message caps, retry schedules. ``wall()``
is the machine's clock: every timestamp that leaves towards the application, because the application's own clock does
not move when the virtual one is advanced, and a vendor that answers from the future would make no sense to it.
"""

import datetime as dt
import time
from dataclasses import dataclass
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(slots=True)
class ClockState:
    """What a snapshot keeps of the clock. `offset` in seconds; `frozen_at` is the virtual moment it stands at."""

    offset: float = 0.0
    frozen_at: float | None = None


class VirtualClock:
    """Runs with the machine's clock plus an offset, or stands still."""

    def __init__(self, state: ClockState | None = None) -> None:
        self.state = state or ClockState()

    @staticmethod
    def wall() -> float:
        """The machine's clock, seconds since the epoch."""
        return time.time()

    def now(self) -> float:
        """The virtual moment, seconds since the epoch."""
        if self.state.frozen_at is not None:
            return self.state.frozen_at
        return time.time() + self.state.offset

    def advance(self, seconds: float) -> None:
        """Move forward; going back is refused with ValueError, because expiry would run backwards."""
        if seconds < 0:
            raise ValueError("the virtual clock only goes forward")
        if self.state.frozen_at is not None:
            self.state.frozen_at += seconds
        self.state.offset += seconds

    def freeze(self) -> None:
        """Stand still at the present virtual moment."""
        self.state.frozen_at = self.now()

    def resume(self) -> None:
        """Run on from the moment the clock stood at."""
        if self.state.frozen_at is not None:
            self.state.offset = self.state.frozen_at - time.time()
            self.state.frozen_at = None

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return self.state.frozen_at is not None


def shanghai(moment: float) -> dt.datetime:
    """A moment as Shanghai wall time."""
    return dt.datetime.fromtimestamp(moment, SHANGHAI)


def rfc3339(moment: float) -> str:
    """A moment as WeChat Pay writes it: `2026-11-24T10:34:56+08:00`."""
    return shanghai(moment).isoformat(timespec="seconds")


def from_rfc3339(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 text with offset; ValueError otherwise."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without offset")
    return moment.timestamp()
