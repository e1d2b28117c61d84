"""A schematic map without tiles: the places of a trip to scale, one line a day."""

import dataclasses
import math
from collections.abc import Sequence

WIDTH, HEIGHT, MARGIN = 640.0, 300.0, 28.0


@dataclasses.dataclass(frozen=True)
class Line:
    """One day: its number, the polyline's points, the dots (x, y)."""

    day: int
    points: str
    dots: tuple[tuple[float, float], ...]


def sketch(days: Sequence[Sequence[Sequence[float]]]) -> list[Line]:
    """Lines of an SVG of 640 × 300 from (latitude, longitude) by day; empty with fewer than two places. Distances are true
    to each other (longitude shrinks by the cosine of the latitude)."""
    places = [(lat, lon) for day in days for lat, lon in day]
    if len(places) < 2:
        return []
    shrink = math.cos(math.radians(sum(lat for lat, _lon in places) / len(places)))
    xs, ys = [lon * shrink for _lat, lon in places], [-lat for lat, _lon in places]
    span = max((max(xs) - min(xs)) / (WIDTH - 2 * MARGIN), (max(ys) - min(ys)) / (HEIGHT - 2 * MARGIN), 1e-9)
    left = (WIDTH - (max(xs) - min(xs)) / span) / 2 - min(xs) / span
    top = (HEIGHT - (max(ys) - min(ys)) / span) / 2 - min(ys) / span
    lines = []
    for number, day in enumerate(days, start=1):
        dots = tuple((round(lon * shrink / span + left, 1), round(-lat / span + top, 1)) for lat, lon in day)
        if dots:
            lines.append(Line(number, " ".join(f"{x},{y}" for x, y in dots), dots))
    return lines


COLOURS = ("#2563a8", "#b4552d", "#2f7d5b", "#7a4fa3", "#a8842c", "#b0426b", "#3f7f8c", "#5f6b2f")


def svg_of(lines: Sequence[Line]) -> str:
    """The same as a picture of its own, for papers."""
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}">']
    for line in lines:
        colour = COLOURS[(line.day - 1) % len(COLOURS)]
        parts.append(f'<polyline points="{line.points}" fill="none" stroke="{colour}" stroke-width="2.5" stroke-opacity="0.8"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="6" fill="{colour}" stroke="white" stroke-width="2"/>' for x, y in line.dots]
    return "".join([*parts, "</svg>"])
