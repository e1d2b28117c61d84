"""Sky, mountains, hills, water: the large shapes every scene is built from."""

import itertools
import math
from collections.abc import Sequence

from catalog.illustration.canvas import HEIGHT, WIDTH, Canvas, Point, curve, polyline
from catalog.illustration.color import darker, lighter, mix


def sky(canvas: Canvas, *, sun: Point | None = (820, 250), radius: float = 58) -> None:
    """The sky's gradient, a sun or moon with its glow, and stars at night."""
    palette = canvas.palette
    top, middle, low = palette.sky
    canvas.rect(0, 0, WIDTH, HEIGHT, canvas.linear((0, top), (0.55, middle), (0.9, low)))
    if palette.dark:
        stars(canvas)
    if sun:
        glow(canvas, sun, radius * 5.5, palette.sun, 0.75)
        canvas.circle(*sun, radius, palette.sun, opacity=0.95)


def glow(canvas: Canvas, at: Point, radius: float, color: str, strength: float) -> None:
    """A soft light around a point."""
    canvas.circle(*at, radius, canvas.radial((0, color, strength), (0.35, color, strength * 0.35), (1, color, 0)))


def stars(canvas: Canvas, count: int = 70) -> None:
    """Small stars over the upper half."""
    rng = canvas.rng
    for _ in range(count):
        canvas.circle(
            rng.uniform(0, WIDTH),
            rng.uniform(0, 420),
            rng.uniform(0.7, 2.1),
            "#ffffff",
            opacity=round(rng.uniform(0.35, 0.95), 2),
        )


def clouds(canvas: Canvas, count: int, top: float, bottom: float, *, color: str = "", opacity: float = 0.75) -> None:
    """Flat-bottomed clouds, smaller towards the horizon."""
    rng = canvas.rng
    for index in range(count):
        y = rng.uniform(top, bottom)
        size = 0.55 + 0.75 * (bottom - y) / max(bottom - top, 1)
        x = WIDTH * (index + rng.uniform(0.1, 0.9)) / count
        cloud(canvas, x, y, size, color or lighter(canvas.palette.haze, 0.55), opacity)


def cloud(canvas: Canvas, x: float, y: float, size: float, color: str, opacity: float) -> None:
    """One cloud whose base lies at y: overlapping puffs that share one fade."""
    rng = canvas.rng
    width = 92 * size * rng.uniform(0.9, 1.35)
    count = 5
    box = f"M{x - 2 * width:.0f} {y - 140 * size:.0f}H{x + 2 * width:.0f}V{y:.0f}H{x - 2 * width:.0f}Z"
    with canvas.group(opacity=opacity), canvas.clipped(box):
        canvas.ellipse(x, y, width * 1.18, 11 * size, color)
        for index in range(count):
            place = (index - (count - 1) / 2) / (count - 1) * 1.55
            radius = size * rng.uniform(24, 34) * (1.25 - abs(place))
            canvas.ellipse(x + place * width, y - 3 * size, radius * 1.3, radius * 1.15, color)


def outline(canvas: Canvas, base: float, height: float, *, waves: float = 2.2, step: int = 20) -> list[Point]:
    """A rolling line across the picture around `base`, `height` up and down."""
    phase = [canvas.rng.uniform(0, math.tau) for _ in range(4)]
    weights = (1.0, 0.48, 0.22, 0.1)

    def at(x: float) -> float:
        turn = x / WIDTH * math.tau
        return sum(w * math.sin(turn * waves * (1.9**i) + phase[i]) for i, w in enumerate(weights)) / 1.8

    return [(x, base - height * at(x)) for x in range(-20, WIDTH + 41, step)]


def filled(points: Sequence[Point], floor: float = HEIGHT) -> str:
    """Path data of the area below a line."""
    return curve(points) + f"L{points[-1][0]:g} {floor:g}L{points[0][0]:g} {floor:g}Z"


def hill(canvas: Canvas, base: float, height: float, color: str, *, waves: float = 2.2, fade: float = 0.35) -> list[Point]:
    """One soft ridge, hazier towards its foot; returns its upper line."""
    points = outline(canvas, base, height, waves=waves)
    canvas.path(filled(points), canvas.linear((0, color), (1, mix(color, canvas.palette.haze, fade))))
    return points


def hills(canvas: Canvas, top: float, bottom: float, count: int, *, height: float = 46, nearest: float = 0.75) -> None:
    """Ridges behind each other, from haze to the foreground's colour."""
    for index in range(count):
        depth = index / max(count - 1, 1)
        hill(
            canvas,
            top + (bottom - top) * depth,
            height * (1.25 - 0.5 * depth),
            canvas.palette.land(nearest * depth),
            waves=1.4 + depth,
        )


def height_at(points: Sequence[Point], x: float) -> float:
    """The y of a line at x, straight between its points."""
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        if ax <= x <= bx:
            return ay + (by - ay) * (x - ax) / (bx - ax)
    return points[-1][1]


def _zigzag(canvas: Canvas, start: Point, end: Point, jag: float, parts: int = 7) -> list[Point]:
    rng = canvas.rng
    (ax, ay), (bx, by) = start, end
    inner = [(ax + (bx - ax) * t + rng.uniform(-jag, jag), ay + (by - ay) * t) for t in (i / parts for i in range(1, parts))]
    return [start, *inner, end]


def _edge(canvas: Canvas, start: Point, end: Point, jag: float, parts: int = 6) -> list[Point]:
    rng = canvas.rng
    (ax, ay), (bx, by) = start, end
    inner = [(ax + (bx - ax) * t, ay + (by - ay) * (t + rng.uniform(-jag, jag))) for t in (i / parts for i in range(1, parts))]
    return [start, *inner, end]


def peak(canvas: Canvas, top: Point, base: float, spread: float, color: str, *, snow: float = 0) -> None:
    """A mountain with a lit and a shaded face, with snow down to the share `snow` of its height."""
    x, y = top
    rise = base - y
    left = _edge(canvas, top, (x - spread, base), 0.05)
    right = _edge(canvas, top, (x + spread * canvas.rng.uniform(0.85, 1.15), base), 0.05)
    spine = _zigzag(canvas, top, (x + spread * 0.12, base), spread * 0.09)
    haze = canvas.palette.haze
    canvas.polygon([*left, *reversed(spine)], canvas.linear((0, lighter(color, 0.16)), (1, mix(color, haze, 0.5))))
    canvas.polygon([*right, *reversed(spine)], canvas.linear((0, darker(color, 0.2)), (1, mix(color, haze, 0.42))))
    if snow:
        _snow(canvas, left, spine, y + rise * snow, canvas.palette.paper, 0.96)
        _snow(canvas, right, spine, y + rise * snow * 0.9, mix(canvas.palette.paper, color, 0.42), 0.95)


def _cut(points: list[Point], y: float) -> list[Point]:
    kept: list[Point] = []
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        kept.append((ax, ay))
        if by >= y:
            return [*kept, (ax + (bx - ax) * (y - ay) / max(by - ay, 0.1), y)]
    return points


def _snow(canvas: Canvas, side: list[Point], spine: list[Point], line: float, color: str, opacity: float) -> None:
    outer, inner = _cut(side, line), _cut(spine, line * 1.0)
    (ax, ay), (bx, by) = outer[-1], inner[-1]
    depth = (line - side[0][1]) * 0.42
    teeth = [
        (ax + (bx - ax) * i / 8, (ay + by) / 2 + (depth if i % 2 else -depth * 0.5) * canvas.rng.uniform(0.25, 1))
        for i in range(1, 8)
    ]
    canvas.polygon([*outer, *teeth, *reversed(inner)], color, opacity=opacity)


def mountain_range(
    canvas: Canvas, tops: Sequence[Point], base: float, color: str, *, snow: float = 0, steep: float = 0.95
) -> None:
    """Several peaks, the lowest first, so that the highest stands in front."""
    for top in sorted(tops, key=lambda point: -point[1]):
        peak(canvas, top, base, (base - top[1]) * steep, color, snow=snow)


def fog(canvas: Canvas, y: float, height: float, *, opacity: float = 0.85, color: str = "") -> None:
    """A band of mist that is thickest in its middle."""
    tone = color or canvas.palette.haze
    canvas.rect(-10, y - height / 2, WIDTH + 20, height, canvas.linear((0, tone, 0), (0.5, tone, opacity), (1, tone, 0)))


def water(canvas: Canvas, top: float, *, mirror: str = "", shine: Point | None = None) -> None:
    """A lake or sea from `top` down; `mirror` is the group to reflect, `shine` where the sun's path begins."""
    far, near = canvas.palette.water
    box = f"M0 {top:g}H{WIDTH}V{HEIGHT}H0Z"
    canvas.path(box, canvas.linear((0, far), (1, near)))
    if mirror:
        with canvas.clipped(box):
            canvas.again(mirror, transform=f"translate(0 {2 * top:g}) scale(1 -1)", opacity=0.38)
        canvas.path(box, canvas.linear((0, far, 0.15), (0.45, near, 0.45), (1, near, 0.9)))
    if shine:
        _shine(canvas, shine[0], top)
    ripples(canvas, top)


def _shine(canvas: Canvas, x: float, top: float) -> None:
    rng = canvas.rng
    for index in range(26):
        depth = (index + 1) / 26
        y = top + (HEIGHT - top) * depth**1.4
        width = (16 + 90 * depth) * rng.uniform(0.4, 1)
        canvas.rect(
            x - width / 2 + rng.uniform(-30, 30) * depth, y, width, 1.6 + 3.4 * depth, canvas.palette.sun, radius=2, opacity=0.55
        )


def ripples(canvas: Canvas, top: float, count: int = 34) -> None:
    """Fine horizontal lines of light, longer towards the viewer."""
    rng = canvas.rng
    for _ in range(count):
        depth = rng.random() ** 0.8
        y = top + 6 + (HEIGHT - top) * depth
        width = 20 + 150 * depth * rng.uniform(0.5, 1.2)
        canvas.rect(
            rng.uniform(-60, WIDTH),
            y,
            width,
            1 + 2 * depth,
            lighter(canvas.palette.water[0], 0.5),
            radius=1.5,
            opacity=round(rng.uniform(0.14, 0.42), 2),
        )


def shore(canvas: Canvas, y: float, height: float, color: str, *, tilt: float = 0) -> list[Point]:
    """The near bank: a dark or bright foreground; `tilt` lowers it towards the right."""
    points = [(x, py + tilt * x / WIDTH) for x, py in outline(canvas, y, height, waves=1.2)]
    canvas.path(filled(points), canvas.linear((0, color), (1, darker(color, 0.3))))
    return points


def ring(points: Sequence[Point]) -> str:
    """Closed path data through the points, for shapes drawn by hand."""
    return polyline(points) + "Z"
