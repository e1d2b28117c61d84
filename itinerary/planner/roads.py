"""How long a way takes: the tariff of the public benchmark, and that of the catalogue's trips, which the editor shows too.

Distances of the benchmark are geodesics and its minutes are cut; those of our trips go along streets and are rounded up to
five minutes, because a promise to a customer must hold.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from itinerary.planner import geo

Table = npt.NDArray[np.float64]

EARTH_KM = 6371.0
DETOUR = 1.35  # streets against the straight line
WALK_KMH, DRIVE_KMH, HIGHWAY_KMH = 4.5, 24.0, 75.0
WALK_UP_TO_KM = 1.2
SAME_PLACE_KM = 0.05
HIGHWAY_FROM_KM = 25.0
DRIVE_EXTRA = 8  # minutes to board and to park


class Tariff:
    """The public benchmark's: walking at 5 and driving at 40 km/h along the geodesic."""

    walks_up_to = 0.0  # kilometres that are walked whatever the policy

    def km(self, ones: Sequence[geo.Point], others: Sequence[geo.Point]) -> Table:
        """Kilometres between points (latitude, longitude), shape (len(ones), len(others))."""
        return geo.distances_km(list(ones), list(others))

    def walk(self, km: Table) -> Table:
        """Minutes on foot."""
        found: Table = np.floor(km / 5.0 * 60)
        return found

    def drive(self, km: Table) -> Table:
        """Minutes by car."""
        found: Table = np.floor(km / 40.0 * 60)
        return found


class Streets(Tariff):
    """Along streets with a detour, slowly in town and faster beyond it, rounded up to five minutes."""

    walks_up_to = WALK_UP_TO_KM

    def km(self, ones: Sequence[geo.Point], others: Sequence[geo.Point]) -> Table:
        """Great circles (haversine) times the detour; nothing within one and the same place."""
        here = np.radians(np.asarray(ones, dtype=np.float64).reshape(-1, 2))
        there = np.radians(np.asarray(others, dtype=np.float64).reshape(-1, 2))
        north = there[None, :, 0] - here[:, None, 0]
        east = there[None, :, 1] - here[:, None, 1]
        half = np.sin(north / 2) ** 2 + np.cos(here[:, None, 0]) * np.cos(there[None, :, 0]) * np.sin(east / 2) ** 2
        km = 2 * EARTH_KM * np.arcsin(np.sqrt(half)) * DETOUR
        return np.where(km < SAME_PLACE_KM, 0.0, km)

    def walk(self, km: Table) -> Table:
        """Minutes on foot, up to the next five."""
        return _up(km / WALK_KMH * 60)

    def drive(self, km: Table) -> Table:
        """Minutes by car with boarding, up to the next five."""
        slow = np.minimum(km, HIGHWAY_FROM_KM)
        minutes = slow / DRIVE_KMH * 60 + (km - slow) / HIGHWAY_KMH * 60 + DRIVE_EXTRA
        return np.where(km > 0, _up(minutes), 0.0)


def _up(minutes: Table) -> Table:
    found: Table = 5 * np.ceil(minutes / 5 - 1e-9)
    return found


PUBLIC = Tariff()
STREETS = Streets()


def by_street(one: geo.Point, other: geo.Point) -> tuple[str, float, int]:
    """("walk", "drive" or "none", kilometres, minutes) between two points, as the editor shows it."""
    km = float(STREETS.km([one], [other])[0, 0])
    if km == 0:
        return "none", 0.0, 0
    mode = "walk" if km <= WALK_UP_TO_KM else "drive"
    table = np.array([[km]])
    minutes = STREETS.walk(table) if mode == "walk" else STREETS.drive(table)
    return mode, round(km, 1), math.floor(minutes[0, 0])
