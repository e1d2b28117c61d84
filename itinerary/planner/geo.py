"""Distances on the WGS-84 ellipsoid, in kilometres, one pair at a time and as whole tables.

Vincenty's inverse formula (Survey Review 176, 1975). Travel minutes are cut, not rounded, so a spherical formula
(up to 0.5 % off) would put many legs on the wrong minute.
"""

import math

import numpy as np
import numpy.typing as npt

Point = tuple[float, float]  # latitude, longitude in degrees
Table = npt.NDArray[np.float64]

_A = 6378.137
_F = 1 / 298.257223563
_B = _A * (1 - _F)
_ROUNDS = 8  # enough for points of one city; they are never near-antipodal


def distance_km(one: Point, other: Point) -> float:
    """The length of the geodesic between two points."""
    return float(distances_km([one], [other])[0, 0])


def distances_km(ones: list[Point], others: list[Point]) -> Table:
    """Table of geodesics, shape (len(ones), len(others))."""
    here = np.radians(np.asarray(ones, dtype=np.float64).reshape(-1, 2))
    there = np.radians(np.asarray(others, dtype=np.float64).reshape(-1, 2))
    return _inverse(here[:, None, 0], here[:, None, 1], there[None, :, 0], there[None, :, 1])


def nearest(points: list[Point], targets: list[Point], shortlist: int = 4) -> tuple[npt.NDArray[np.int64], Table]:
    """For each point the number of the nearest target and the distance; candidates are shortlisted on a flat map."""
    here, there = np.asarray(points, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    flat = np.cos(np.radians(here[:, 0].mean()))
    apart = (here[:, None, 0] - there[None, :, 0]) ** 2 + ((here[:, None, 1] - there[None, :, 1]) * flat) ** 2
    listed = np.sort(np.argsort(apart, axis=1)[:, : min(shortlist, len(targets))], axis=1)
    ones, others = np.radians(here)[:, None, :], np.radians(there)[listed]
    table = _inverse(ones[..., 0], ones[..., 1], others[..., 0], others[..., 1])
    best = table.argmin(axis=1)
    rows = np.arange(len(points))
    return listed[rows, best], table[rows, best]


def _inverse(lat1: Table, lon1: Table, lat2: Table, lon2: Table) -> Table:
    gap = lon2 - lon1
    u1, u2 = np.arctan((1 - _F) * np.tan(lat1)), np.arctan((1 - _F) * np.tan(lat2))
    sin1, cos1, sin2, cos2 = np.sin(u1), np.cos(u1), np.sin(u2), np.cos(u2)
    lam = gap
    for _round in range(_ROUNDS):
        sin_lam, cos_lam = np.sin(lam), np.cos(lam)
        sin_sig = np.hypot(cos2 * sin_lam, cos1 * sin2 - sin1 * cos2 * cos_lam)
        cos_sig = sin1 * sin2 + cos1 * cos2 * cos_lam
        sigma = np.arctan2(sin_sig, cos_sig)
        sin_alpha = np.divide(cos1 * cos2 * sin_lam, sin_sig, out=np.zeros_like(sin_sig), where=sin_sig != 0)
        cos2_alpha = 1 - sin_alpha**2
        middle = cos_sig - np.divide(2 * sin1 * sin2, cos2_alpha, out=np.zeros_like(cos_sig), where=cos2_alpha > 1e-12)
        c = _F / 16 * cos2_alpha * (4 + _F * (4 - 3 * cos2_alpha))
        before = lam
        lam = gap + (1 - c) * _F * sin_alpha * (sigma + c * sin_sig * (middle + c * cos_sig * (2 * middle**2 - 1)))
        if np.max(np.abs(lam - before), initial=0.0) < 1e-13:
            break
    u_sq = cos2_alpha * (_A**2 - _B**2) / _B**2
    big_a = 1 + u_sq / 16384 * (4096 + u_sq * (-768 + u_sq * (320 - 175 * u_sq)))
    big_b = u_sq / 1024 * (256 + u_sq * (-128 + u_sq * (74 - 47 * u_sq)))
    last = big_b / 6 * middle * (4 * sin_sig**2 - 3) * (4 * middle**2 - 3)
    delta = big_b * sin_sig * (middle + big_b / 4 * (cos_sig * (2 * middle**2 - 1) - last))
    found: Table = _B * big_a * (sigma - delta)
    return found


def minutes_at(km: float, km_per_hour: float) -> int:
    """Whole minutes for a way, cut."""
    return math.floor(km / km_per_hour * 60)
