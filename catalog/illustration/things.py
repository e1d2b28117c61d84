"""Houses, boats, lanterns, tents, people, animals."""

import math

from catalog.illustration.canvas import Canvas, bow, fit, number
from catalog.illustration.color import darker, lighter, mix
from catalog.illustration.land import glow


def window(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    """A lit window with a cross."""
    lamp = canvas.palette.lamp
    canvas.rect(x, y, width, height, lamp, opacity=0.95)
    canvas.path(
        f"M{x + width / 2:.0f} {y:.0f}v{height:.0f}M{x:.0f} {y + height * 0.45:.0f}h{width:.0f}",
        stroke=darker(lamp, 0.55),
        width=1.6,
    )


def tiled_roof(canvas: Canvas, x: float, y: float, width: float, height: float, color: str) -> None:
    """A roof with curled eaves whose ridge is centred on x and whose eaves lie at y."""
    half, ridge = width / 2, width * 0.33
    eaves = "M-100 -34Q-92 0 -70 0H70Q92 0 100 -34Q72 -42 66 -100H-66Q-72 -42 -100 -34Z"
    data = fit(eaves, x, y, half / 100, height / 100)
    canvas.path(data, canvas.linear((0, lighter(color, 0.14)), (1, darker(color, 0.22))))
    rows = max(int(width / 15), 4)
    shares = [index / rows * 2 - 1 for index in range(1, rows)]
    tiles = "".join(
        f"M{x + share * ridge:.0f} {y - height + 3:.0f}L{x + share * half * 0.76:.0f} {y - 2:.0f}" for share in shares
    )
    canvas.path(tiles, stroke=darker(color, 0.34), width=1.5, opacity=0.5)
    canvas.rect(x - ridge - 5, y - height - 4, 2 * ridge + 10, 7, darker(color, 0.4), radius=3)


def house(canvas: Canvas, x: float, y: float, width: float, height: float, *, wall: str, roof: str, lit: bool = True) -> None:
    """An old-town house standing on y, centred on x: walls, windows, tiled roof."""
    roof_height = height * 0.42
    canvas.rect(x - width * 0.4, y - height * 0.66, width * 0.8, height * 0.66, canvas.linear((0, darker(wall, 0.18)), (1, wall)))
    canvas.rect(x - width * 0.4, y - height * 0.66, width * 0.8, height * 0.07, darker(wall, 0.45), opacity=0.6)
    count = max(int(width / 42), 2)
    for index in range(count):
        wx = x - width * 0.34 + index * width * 0.68 / count + width * 0.03
        if lit:
            window(canvas, wx, y - height * 0.46, width * 0.5 / count, height * 0.24)
        else:
            canvas.rect(wx, y - height * 0.46, width * 0.5 / count, height * 0.24, darker(wall, 0.6), opacity=0.75)
    tiled_roof(canvas, x, y - height * 0.6, width * 1.12, roof_height, roof)


def lantern(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A red lantern that hangs from (x, y)."""
    canvas.stamp("lantern", lambda: _lantern(canvas), x=x, y=y, scale=size / 20)


def _lantern(canvas: Canvas) -> None:
    red, gold = "#e2432f", "#e9b44c"
    glow(canvas, (0, 20), 52, canvas.palette.lamp, 0.5)
    canvas.path("M0 0V8", stroke=darker(red, 0.5), width=1.6)
    canvas.ellipse(0, 20, 12.4, 12, canvas.radial((0, lighter(red, 0.45)), (0.7, red), (1, darker(red, 0.2))))
    for y in (8, 30.4):
        canvas.rect(-5.2, y, 10.4, 2.4, gold, radius=1)
    canvas.path("M0 33V42", stroke=gold, width=2)


def garland(canvas: Canvas, left: float, right: float, y: float, sag: float, count: int, size: float) -> None:
    """Lanterns on a rope between two points at the same height."""
    canvas.path(
        f"M{left:.1f} {y:.1f}Q{(left + right) / 2:.1f} {y + 2 * sag:.1f} {right:.1f} {y:.1f}",
        stroke=darker(canvas.palette.ink, 0.1),
        width=2,
        opacity=0.8,
    )
    for index in range(count):
        share = (index + 0.5) / count
        lantern(canvas, left + (right - left) * share, y + 4 * sag * share * (1 - share), size)


def rowing_boat(canvas: Canvas, x: float, y: float, size: float, *, people: int = 2, color: str = "") -> None:
    """A small boat with people and its shadow on the water."""
    tone = color or canvas.palette.ink
    canvas.ellipse(x, y + size * 0.12, size * 0.62, size * 0.07, darker(canvas.palette.water[1], 0.4), opacity=0.5)
    for index in range(people):
        person(
            canvas,
            x + (index - (people - 1) / 2) * size * 0.3,
            y - size * 0.06,
            size * 0.42,
            canvas.palette.bloom if index else canvas.palette.paper,
            seated=True,
        )
    canvas.path(
        fit("M-60 -14q14 26 34 26h52q20 0 34 -26q-60 14 -120 0Z", x, y, size / 100),
        tone,
    )


def sail_boat(canvas: Canvas, x: float, y: float, size: float, *, sail: str) -> None:
    """A sailing boat whose hull lies on y."""
    canvas.ellipse(x, y + size * 0.07, size * 0.5, size * 0.045, darker(canvas.palette.water[1], 0.4), opacity=0.45)
    canvas.path(
        fit("M-42 -8h84q-6 16 -20 16h-46q-14 0 -18 -16Z", x, y, size / 100),
        canvas.palette.ink,
    )
    canvas.line([(x, y - size * 0.08), (x, y - size * 1.15)], canvas.palette.ink, 2.4)
    canvas.path(
        fit("M4 -110q50 55 36 94h-36Z", x, y, size / 100),
        sail,
    )
    canvas.path(
        fit("M-4 -98q-16 50 -32 82h32Z", x, y, size / 100),
        mix(sail, canvas.palette.far, 0.22),
    )


def person(
    canvas: Canvas, x: float, y: float, height: float, color: str, *, seated: bool = False, pack: str = "", hat: bool = False
) -> None:
    """A small figure standing (or sitting) on y; `pack` is the colour of a rucksack."""
    name = ("person", color, seated, pack, hat)
    canvas.stamp(name, lambda: _person(canvas, color, seated, pack, hat), x=x, y=y, scale=height / 100)


def _person(canvas: Canvas, color: str, seated: bool, pack: str, hat: bool) -> None:
    ink, skin = canvas.palette.ink, "#b98d75" if canvas.palette.dark else "#f0c7a0"
    if pack:
        canvas.rect(-20, -74, 17, 32, pack, radius=6)
    if not seated:
        canvas.path("M-6 0L-3 -40M10 0L3 -40", stroke=ink, width=10)
    low = 0 if seated else -34
    canvas.path(fit("M-14 0q-2 -42 14 -42q16 0 14 42Z", 0, low, 1), color)
    canvas.circle(0, low - 52, 12, skin)
    canvas.path(fit("M-13 -53a13 13 0 0 1 26 0Z", 0, low, 1), ink)
    if hat:
        canvas.path(fit("M-24 -55q24 -30 48 0Z", 0, low, 1), "#e9c98a")


def tent(canvas: Canvas, x: float, y: float, size: float, color: str) -> None:
    """A ridge tent, lit from inside at night."""
    canvas.polygon(
        [(x - size, y), (x, y - size * 0.95), (x + size, y)], canvas.linear((0, lighter(color, 0.22)), (1, darker(color, 0.18)))
    )
    canvas.polygon([(x - size * 0.34, y), (x, y - size * 0.86), (x + size * 0.34, y)], canvas.palette.lamp, opacity=0.92)
    canvas.polygon([(x - size * 0.34, y), (x, y - size * 0.86), (x - size * 0.05, y)], darker(color, 0.3))


def yurt(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A white felt tent with a red band and a door."""
    paper, shade = canvas.palette.paper, darker(canvas.palette.paper, 0.16)
    canvas.ellipse(x, y, size * 1.05, size * 0.1, darker(canvas.palette.near, 0.3), opacity=0.4)
    canvas.path(
        f"M{x - size:.1f} {y:.1f}v{-size * 0.56:.1f}h{size * 2:.1f}v{size * 0.56:.1f}Z",
        canvas.linear((0, paper), (0.55, paper), (1, shade), x2=1, y2=0),
    )
    canvas.path(
        fit("M-104 -54Q-40 -106 0 -110Q40 -106 104 -54Z", x, y, size / 100),
        canvas.linear((0, lighter(paper, 0.3)), (1, shade)),
    )
    canvas.rect(x - size, y - size * 0.56, size * 2, size * 0.1, "#c8473a")
    for index in range(7):
        px = x - size * 0.86 + index * size * 0.287
        canvas.polygon(
            [(px - 5, y - size * 0.51), (px, y - size * 0.55), (px + 5, y - size * 0.51), (px, y - size * 0.47)], "#f3d27a"
        )
    canvas.rect(x - size * 0.2, y - size * 0.42, size * 0.4, size * 0.42, "#9b3a2e", radius=3)
    canvas.ellipse(x, y - size * 1.09, size * 0.16, size * 0.05, darker(paper, 0.4))


def horse(canvas: Canvas, x: float, y: float, size: float, color: str, *, facing: int = 1) -> None:
    """A grazing or standing horse on y; `facing` -1 looks left."""
    with canvas.group(transform=f"translate({x:.1f} {y:.1f}) scale({facing * size / 100:.3f} {size / 100:.3f})"):
        for leg in (-30, -20, 22, 32):
            canvas.path(f"M{leg} -40q-2 20 0 40", stroke=darker(color, 0.25 if leg in (-20, 32) else 0.05), width=7)
        canvas.path(
            "M-42 -62Q-20 -74 10 -68Q30 -66 38 -80L54 -104Q60 -112 68 -104L82 -88"
            "Q84 -80 74 -80L64 -84Q56 -62 42 -44Q0 -30 -36 -40Q-48 -50 -42 -62Z",
            color,
        )
        canvas.path("M42 -84Q48 -104 60 -110Q52 -92 46 -74Q40 -70 42 -84Z", darker(color, 0.5))
        canvas.path("M-42 -62Q-60 -50 -56 -22Q-48 -36 -38 -50Z", darker(color, 0.5))


def sheep(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A sheep: a woolly ball on four legs."""
    canvas.stamp("sheep", lambda: _sheep(canvas), x=x, y=y, scale=size / 100)


def _sheep(canvas: Canvas) -> None:
    wool = canvas.palette.paper
    canvas.path("M-26 -30V0M-10 -30V0M12 -30V0M26 -30V0", stroke="#4a3d3a", width=7)
    for x, y, radius in ((-20, -46, 22), (14, -48, 22), (-3, -56, 24), (0, -40, 25)):
        canvas.circle(x, y, radius, mix(wool, "#c9b9a6", 0.25 if y == -40 else 0))
    canvas.ellipse(42, -50, 13, 10, "#4a3d3a")


def steam(canvas: Canvas, x: float, y: float, height: float, *, count: int = 3, color: str = "#ffffff") -> None:
    """Steam rising from a point in soft, widening curls."""
    puff = canvas.radial((0, color, 0.5), (0.5, color, 0.22), (1, color, 0))
    for index in range(count):
        turn = canvas.rng.uniform(0, math.tau)
        left = x + (index - (count - 1) / 2) * height * 0.2
        for step in range(12):
            rise = step / 11
            radius = height * (0.07 + 0.13 * rise)
            canvas.circle(
                left + math.sin(turn + rise * 6) * height * (0.03 + 0.09 * rise),
                y - height * rise,
                radius,
                puff,
                opacity=round(1 - 0.75 * rise, 2),
            )


def path_strip(
    canvas: Canvas, start: tuple[float, float, float], end: tuple[float, float, float], color: str, *, bend: float = 0
) -> None:
    """A path in perspective: (x, y, width) at its near and at its far end."""
    (ax, ay, aw), (bx, by, bw) = start, end
    mx, my, half = (ax + bx) / 2 + bend, (ay + by) / 2, (aw + bw) / 2
    left = bow((ax - aw, ay), (mx - half, my), (bx - bw, by))
    right = f"H{number(bx + bw)}Q{number(mx + half)} {number(my)} {number(ax + aw)} {number(ay)}Z"
    canvas.path(left + right, canvas.linear((0, lighter(color, 0.1)), (1, color)))
