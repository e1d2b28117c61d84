"""Time -> jobs. The table lives in scrm/schedule.py; each due slot becomes one Job row, whoever ticks and how often."""

import dataclasses
import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.utils.module_loading import import_string

from core import clock
from core.jobs import insert, spec_of


@dataclasses.dataclass(frozen=True)
class Every:
    """Run a job every so many seconds. Missed slots are skipped: the job recomputes."""

    seconds: int
    job: str

    def slot(self, at: dt.datetime) -> str:
        """The name of the slot that is due at `at`."""
        return str(int(at.timestamp()) // self.seconds)


@dataclasses.dataclass(frozen=True)
class Daily:
    """Run a job once a day after a Shanghai wall time ("02:10"); late if the system was down, never twice."""

    time: str
    job: str

    def slot(self, at: dt.datetime) -> str:
        """The Shanghai day whose run is due at `at`."""
        local = at.astimezone(clock.SHANGHAI)
        due = dt.time.fromisoformat(self.time)
        day = local.date() if local.time() >= due else local.date() - dt.timedelta(days=1)
        return day.isoformat()


def table() -> Iterable[Every | Daily]:
    """The schedule of this installation."""
    entries: Iterable[Every | Daily] = import_string(settings.SCHEDULE)
    return entries


def tick(at: dt.datetime | None = None) -> int:
    """Enqueue what is due; the number of jobs added. Safe with two beats or none: the slot is the key."""
    moment = at or clock.now()
    # Never a coalescing row: it would be forgotten when done, and the next tick would run the same slot again.
    specs = [(entry, dataclasses.replace(spec_of(entry.job), coalesce=False)) for entry in table()]
    return sum(insert(spec, key=f"schedule:{entry.job}:{entry.slot(moment)}", run_at=None, args={}) for entry, spec in specs)
