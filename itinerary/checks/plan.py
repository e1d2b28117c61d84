"""A plan as the checks see it, and how long it takes to get from one block to the next."""

import dataclasses
import enum
import math

from itinerary.choices import BlockKind

EARTH_KM = 6371.0
DETOUR = 1.35  # streets against the straight line
WALK_KMH, DRIVE_KMH, HIGHWAY_KMH = 4.5, 24.0, 75.0
WALK_UP_TO_KM = 1.2
SAME_PLACE_KM = 0.05
HIGHWAY_FROM_KM = 25.0
DRIVE_EXTRA = 8  # minutes to board and to park


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
    km = _straight(here.latitude, here.longitude, there.latitude, there.longitude) * DETOUR
    if km < SAME_PLACE_KM:
        return NO_LEG
    if km <= WALK_UP_TO_KM:
        return Leg(Mode.WALK, round(km, 1), _up(km / WALK_KMH * 60))
    slow = min(km, HIGHWAY_FROM_KM)
    minutes = slow / DRIVE_KMH * 60 + (km - slow) / HIGHWAY_KMH * 60 + DRIVE_EXTRA
    return Leg(Mode.DRIVE, round(km, 1), _up(minutes))


def _up(minutes: float) -> int:
    return 5 * math.ceil(minutes / 5)


def _straight(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Great-circle distance in km (haversine)."""
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    half = math.sin((phi_b - phi_a) / 2) ** 2
    half += math.cos(phi_a) * math.cos(phi_b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(half))
