"""A plan as the checks see it, and how long it takes to get from one block to the next."""

import dataclasses
import enum

from itinerary.choices import BlockKind
from itinerary.planner.roads import by_street


class Mode(enum.StrEnum):
    """How a transfer is made."""

    WALK = "walk"
    DRIVE = "drive"
    NONE = "none"


@dataclasses.dataclass(frozen=True)
class Stop:
    """One block at its time: minutes after midnight of its day; `end` over 1440 is the next day.

    `hours`: (opens, closes) of that date, None unknown, () closed. `beds`: people the booked rooms sleep. `city_to`: where a
    transport arrives. `rate_missing`/`sold_out` are the catalogue's answers for its date.
    """

    key: str
    day: int
    kind: BlockKind
    start: int
    end: int
    name: str = ""
    latitude: float | None = None
    longitude: float | None = None
    city: str = ""
    city_to: str = ""
    hours: tuple[tuple[int, int], ...] | None = None
    visit_min: int = 0
    beds: int = 0
    buffer: int = 0
    locked: bool = False
    meal: str = ""
    rate_missing: bool = False
    sold_out: bool = False


@dataclasses.dataclass(frozen=True)
class Leg:
    """The way between two blocks: `km` along the road and `minutes` by `mode`."""

    mode: Mode
    km: float
    minutes: int


NO_LEG = Leg(Mode.NONE, 0.0, 0)


def leg(here: Stop, there: Stop) -> Leg:
    """Estimated from coordinates of one system; nothing where one of both has none. Minutes are rounded up to five."""
    if here.latitude is None or here.longitude is None or there.latitude is None or there.longitude is None:
        return NO_LEG
    mode, km, minutes = by_street((here.latitude, here.longitude), (there.latitude, there.longitude))
    return Leg(Mode(mode), km, minutes) if minutes else NO_LEG
