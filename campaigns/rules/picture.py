"""The funnel as a stream that narrows from stage to stage: geometry for a server-drawn SVG."""

import dataclasses
import math
from collections.abc import Sequence

STAGE_WIDTH = 100.0
HEIGHT = 120.0
FLAT = 0.42  # share of a stage's width that runs level before the stream narrows towards the next
THINNEST = 1.5


@dataclasses.dataclass(frozen=True)
class Piece:
    """One stage's part of the stream: an SVG path, where its middle lies, and its half height."""

    path: str
    middle: float
    half: float


def stream(values: Sequence[int]) -> list[Piece]:
    """One piece per value, in a box of `100 x len(values)` by 120, symmetrical about the middle line.

    Heights are proportional to the square root: a stage with 2 % of the people is still seen, and order is kept.
    """
    top = max(values, default=0)
    halves = [_half(value, top) for value in values]
    return [_piece(index, halves) for index in range(len(halves))]


def _half(value: int, top: int) -> float:
    if value <= 0 or top <= 0:
        return 0.0
    return max(THINNEST, HEIGHT / 2 * math.sqrt(value / top))


def _piece(index: int, halves: Sequence[float]) -> Piece:
    """Level, then a smooth narrowing to the next stage's height."""
    here, after = halves[index], halves[index + 1] if index + 1 < len(halves) else halves[index]
    x0, middle = index * STAGE_WIDTH, HEIGHT / 2
    x1, x2 = x0 + STAGE_WIDTH * FLAT, x0 + STAGE_WIDTH
    bend = (x1 + x2) / 2
    up, up_next, down, down_next = middle - here, middle - after, middle + here, middle + after
    upper = f"M{x0:.1f} {up:.2f}H{x1:.1f}C{bend:.1f} {up:.2f} {bend:.1f} {up_next:.2f} {x2:.1f} {up_next:.2f}"
    lower = f"V{down_next:.2f}C{bend:.1f} {down_next:.2f} {bend:.1f} {down:.2f} {x1:.1f} {down:.2f}H{x0:.1f}Z"
    return Piece(upper + lower, x0 + STAGE_WIDTH / 2, here)


@dataclasses.dataclass(frozen=True)
class Whisker:
    """An interval on a scale of 0 to 100 that holds zero: positions of the ends, the estimate and zero."""

    low: float
    value: float
    high: float
    zero: float


def whisker(low: float, value: float, high: float) -> Whisker:
    """Where to draw an interval, with a little room at both ends."""
    left, right = min(low, 0.0), max(high, 0.0)
    span = (right - left) or 1.0
    place = [round(6 + 88 * (at - left) / span, 2) for at in (low, value, high, 0.0)]
    return Whisker(*place)
