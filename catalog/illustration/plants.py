"""Trees, grass, flowers, birds: what makes a landscape a place."""

import math
from collections.abc import Sequence

from catalog.illustration.canvas import WIDTH, Canvas, Point, bow, fit, number
from catalog.illustration.color import darker, lighter, mix
from catalog.illustration.land import height_at


def spruce(canvas: Canvas, x: float, y: float, height: float, color: str) -> None:
    """A conifer standing on y, lit from the left."""
    canvas.stamp(("spruce", color), lambda: _spruce(canvas, color), x=x, y=y, scale=height / 100)


def _spruce(canvas: Canvas, color: str) -> None:
    canvas.rect(-2, -8, 4, 9, darker(color, 0.4))
    for side, tone in ((-1, lighter(color, 0.1)), (1, darker(color, 0.16))):
        points: list[Point] = [(0, -100)]
        for tier in range(1, 5):
            low = -100 * (1 - tier / 4.2)
            points += [(side * 17 * (0.3 + 0.7 * tier / 4), low), (side * 2 * tier, low - 5)]
        canvas.polygon([*points, (0, -6)], tone)


def forest(
    canvas: Canvas, line: Sequence[Point], height: float, color: str, *, gap: float = 26, left: float = 0, right: float = WIDTH
) -> None:
    """Conifers along a line."""
    rng = canvas.rng
    x = left
    while x < right:
        tone = mix(color, darker(color, 0.3), rng.choice((0, 0.2, 0.4, 0.6)))
        spruce(canvas, x, height_at(line, x) + height * 0.08, height * rng.uniform(0.65, 1.15), tone)
        x += gap * rng.uniform(0.6, 1.5)


def round_tree(canvas: Canvas, x: float, y: float, size: float, color: str) -> None:
    """A broad-leaved tree: trunk and three lit balls of leaves."""
    canvas.path(
        fit("M-5 0l3 -60h5l3 60Z", x, y, size / 100),
        darker(color, 0.55),
    )
    for dx, dy, radius in ((-0.2, -0.62, 0.24), (0.2, -0.58, 0.22), (0, -0.8, 0.3)):
        canvas.circle(x + dx * size, y + dy * size, radius * size, darker(color, 0.12))
        canvas.circle(x + (dx - 0.05) * size, y + (dy - 0.06) * size, radius * size * 0.78, lighter(color, 0.1))


def pine(canvas: Canvas, x: float, y: float, size: float, color: str, *, lean: float = 1) -> None:
    """A wind-shaped pine with flat layers, as they grow on granite; `lean` -1 points left."""
    canvas.stamp(("pine", color), lambda: _pine(canvas, color), x=x, y=y, scale=size / 100, flip=lean < 0)


def _pine(canvas: Canvas, color: str) -> None:
    bark = darker(color, 0.45)
    canvas.path("M0 0q4 -50 22 -100", stroke=bark, width=6)
    for rise, reach, width in ((50, 40, 34), (66, -24, 30), (82, 34, 30), (100, 6, 30)):
        root = 22 * (rise / 100) ** 1.6
        tip = (root + reach * 0.62, -rise - 2.0)
        canvas.line([(root, tip[1] + 8), tip], bark, 2.5)
        _needles(canvas, tip[0], tip[1], width, color)


def _needles(canvas: Canvas, x: float, y: float, reach: float, color: str) -> None:
    """One flat layer of a pine: lens-shaped, lit on top."""
    for share, tone, lift in ((1.0, darker(color, 0.22), 0.0), (0.86, color, 0.06), (0.55, lighter(color, 0.16), 0.12)):
        lens = fit("M-100 12Q-40 -36 10 -24T100 12Q0 26 -100 12Z", x, y - reach * lift, reach * share / 100)
        canvas.path(lens, tone)


def palm(canvas: Canvas, x: float, y: float, height: float, color: str, *, lean: float = 0.25) -> None:
    """A coconut palm; `lean` is how far its crown stands aside, as a share of the height."""
    top = (x + lean * height, y - height)
    middle = (x + lean * height * 0.15, y - height * 0.62)
    canvas.path(bow((x, y), middle, top), stroke=darker(color, 0.5), width=height * 0.032)
    for index, angle in enumerate((-172, -150, -120, -82, -48, -18, 8, 32, 148, 172)):
        _frond(
            canvas,
            top,
            math.radians(angle),
            height * (0.42 if index % 2 else 0.36),
            mix(color, darker(color, 0.35), index % 3 / 3),
        )
    for dx in (-6, 5, 0):
        canvas.circle(top[0] + dx, top[1] + 7, height * 0.018, darker(color, 0.55))


def _frond(canvas: Canvas, root: Point, angle: float, length: float, color: str) -> None:
    (x, y), droop = root, length * 0.42
    mid = (x + math.cos(angle) * length * 0.55, y + math.sin(angle) * length * 0.62)
    tip = (x + math.cos(angle) * length, y + math.sin(angle) * length * 0.55 + droop)
    wide = length * 0.13
    upper, lower = (mid[0], mid[1] - wide), (mid[0], mid[1] + wide)
    canvas.path(f"{bow(root, upper, tip)}{_back(lower, root)}Z", color)


def _back(middle: Point, end: Point) -> str:
    return f"Q{number(middle[0])} {number(middle[1])} {number(end[0])} {number(end[1])}"


def bamboo(canvas: Canvas, x: float, bottom: float, top: float, color: str, *, width: float = 16) -> None:
    """One cane with its joints and a few leaves."""
    rng = canvas.rng
    canvas.rect(
        x - width / 2,
        top,
        width,
        bottom - top,
        canvas.linear((0, lighter(color, 0.18)), (0.4, color), (1, darker(color, 0.3)), x2=1, y2=0),
    )
    y = bottom - rng.uniform(10, 60)
    while y > top:
        canvas.rect(x - width * 0.62, y, width * 1.24, width * 0.22, darker(color, 0.28), radius=2)
        if rng.random() < 0.55:
            leaves(canvas, x, y, rng.choice((-1, 1)), width * 3.4, mix(color, "#8fc35a", 0.35))
        y -= rng.uniform(75, 120)


def leaves(canvas: Canvas, x: float, y: float, side: int, size: float, color: str) -> None:
    """A spray of bamboo leaves to one side."""
    canvas.stamp(("leaves", color), lambda: _leaves(canvas, color), x=x, y=y, scale=size / 100, flip=side < 0)


def _leaves(canvas: Canvas, color: str) -> None:
    leaf = "M0 0Q50 16 100 0Q50 -16 0 0Z"
    for turn in (-38, -8, 22):
        canvas.add(f'<path d="{leaf}" fill="{color}" transform="rotate({turn})"/>')


def flowers(canvas: Canvas, line: Sequence[Point], count: int, colors: list[str], *, depth: float = 120) -> None:
    """Dots of flowers below a line, larger towards the viewer."""
    rng = canvas.rng
    for _ in range(count):
        x, share = rng.uniform(0, WIDTH), rng.random() ** 0.8
        y = height_at(line, x) + 6 + depth * share
        radius = 1.6 + 4.6 * share
        canvas.circle(x, y, radius, rng.choice(colors), opacity=0.92)
        canvas.circle(x - radius * 0.2, y - radius * 0.2, radius * 0.35, "#fffbe8", opacity=0.8)


def reeds(canvas: Canvas, left: float, right: float, y: float, height: float, color: str, *, gap: float = 9) -> None:
    """Reeds and grass in the foreground."""
    rng = canvas.rng
    x = left
    while x < right:
        tall, bend = height * rng.uniform(0.5, 1.15), rng.uniform(-0.28, 0.34)
        tip = (x + bend * tall, y - tall)
        canvas.path(bow((x, y), (x, y - tall * 0.6), tip), stroke=color, width=rng.uniform(1.6, 3.4))
        if rng.random() < 0.22:
            canvas.ellipse(tip[0], tip[1] - 6, 3.2, 10, lighter(color, 0.25))
        x += gap * rng.uniform(0.5, 1.6)


def birds(canvas: Canvas, x: float, y: float, count: int = 5, *, color: str = "", size: float = 13) -> None:
    """A few birds far away."""
    rng = canvas.rng
    for index in range(count):
        left, top = x + index * size * 2.4 + rng.uniform(-8, 8), y + rng.uniform(-26, 26)
        wings = fit("M-100 -35q60 -25 100 40q45 -65 100 -40", left, top, size * rng.uniform(0.7, 1.2) / 100)
        canvas.path(wings, stroke=color or canvas.palette.ink, width=2.2, opacity=0.75)
