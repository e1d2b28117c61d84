"""Food: a hotpot and a bowl of noodles on a table in a lit street."""

import math

from catalog.illustration import land, things
from catalog.illustration.canvas import HEIGHT, WIDTH, Canvas, fit
from catalog.illustration.color import darker, lighter, mix


def _street(canvas: Canvas) -> None:
    palette, rng = canvas.palette, canvas.rng
    top, middle, low = palette.sky
    canvas.rect(0, 0, WIDTH, HEIGHT, canvas.linear((0, top), (0.6, middle), (1, low)))
    land.glow(canvas, (600, 330), 560, palette.sun, 0.7)
    for x, size in ((90, 330), (330, 250), (1110, 340), (880, 260)):
        wall = mix(rng.choice(["#7a3b2c", "#8c5a3c"]), palette.near, 0.35)
        things.house(canvas, x, 520, size, size * 1.05, wall=wall, roof=mix("#3a3f48", palette.near, 0.3))
    things.garland(canvas, -20, 600, 90, 50, 6, 26)
    things.garland(canvas, 600, 1220, 90, 50, 6, 26)
    for _ in range(26):
        land.glow(canvas, (rng.uniform(0, WIDTH), rng.uniform(120, 480)), rng.uniform(12, 34), palette.lamp, 0.5)


def _table(canvas: Canvas) -> None:
    wood = mix("#9a5f38", canvas.palette.near, 0.12)
    canvas.path("M-10 560Q600 490 1210 560V810H-10Z", canvas.linear((0, lighter(wood, 0.2)), (1, darker(wood, 0.3))))
    for index in range(9):
        canvas.path(
            f"M-10 {590 + index * 26}Q600 {520 + index * 27} 1210 {590 + index * 26}",
            stroke=darker(wood, 0.35),
            width=2,
            opacity=0.35,
        )


def hotpot(canvas: Canvas) -> None:
    """A divided hotpot, plates around it, steam and lanterns."""
    _street(canvas)
    _table(canvas)
    for x, kind in ((170, 0), (1030, 1)):
        _plate(canvas, x, 640, 118, kind)
    _pot(canvas, 600, 590, 300)
    for x, kind in ((270, 2), (930, 3)):
        _plate(canvas, x, 748, 130, kind)
    for x, tall in ((520, 300), (680, 330)):
        things.steam(canvas, x, 550, tall, count=2, color="#fff6e8")
    _chopsticks(canvas, 700, 770)


def _pot(canvas: Canvas, x: float, y: float, size: float) -> None:
    brass = "#c9923f"
    canvas.ellipse(x, y + size * 0.42, size * 1.05, size * 0.2, "#1b0a12", opacity=0.35)
    canvas.path(
        fit("M-100 0Q-90 52 0 54T100 0Z", x, y, size / 100),
        canvas.linear((0, lighter(brass, 0.3)), (0.5, brass), (1, darker(brass, 0.45)), x2=1, y2=0.3),
    )
    canvas.ellipse(x, y, size, size * 0.34, lighter(brass, 0.35))
    rim = fit("M-93 0a93 30 0 1 0 186 0a93 30 0 1 0 -186 0Z", x, y, size / 100)
    with canvas.clipped(rim):
        canvas.rect(x - size, y - size * 0.35, size, size * 0.7, "#c22a1f")
        canvas.rect(x, y - size * 0.35, size, size * 0.7, "#f4e3b8")
        canvas.path(
            fit("M0 -35q34 18 0 35t0 40H-100V-35Z", x, y, size / 100),
            canvas.linear((0, "#e23b26"), (1, "#a81f1a")),
        )
        _broth(canvas, x, y, size)
    canvas.add(f'<path d="{rim}" fill="none" stroke="{darker(brass, 0.3)}" stroke-width="5"/>')


def _broth(canvas: Canvas, x: float, y: float, size: float) -> None:
    rng = canvas.rng
    for _ in range(46):
        angle, reach = rng.uniform(0, math.tau), rng.random() ** 0.5 * 0.86
        px, py = x + math.cos(angle) * reach * size, y + math.sin(angle) * reach * size * 0.29
        spicy = px < x
        color = (
            rng.choice(["#ff6a3d", "#7f1512", "#ffb74a", "#4f7d3b"])
            if spicy
            else rng.choice(["#fffaf0", "#8fbf6a", "#e8a05f", "#d9483b"])
        )
        canvas.ellipse(px, py, rng.uniform(7, 22), rng.uniform(4, 10), color, opacity=0.92)
    for _ in range(16):
        canvas.circle(
            x + rng.uniform(-0.7, 0.7) * size, y + rng.uniform(-0.18, 0.18) * size, rng.uniform(3, 8), "#fff3d6", opacity=0.6
        )


def _plate(canvas: Canvas, x: float, y: float, size: float, kind: int) -> None:
    rng = canvas.rng
    canvas.ellipse(x, y + size * 0.1, size * 1.04, size * 0.36, "#1b0a12", opacity=0.3)
    canvas.ellipse(x, y, size, size * 0.34, "#fdf8ee")
    canvas.ellipse(x, y, size * 0.8, size * 0.25, "#e9dfcc")
    colors = (["#d9483b", "#f0a39a"], ["#5f9a43", "#8fbf6a"], ["#f3d9a4", "#e8b86a"], ["#b5563c", "#e8927a"])[kind]
    for _ in range(13):
        px, py = x + rng.uniform(-0.6, 0.6) * size, y - rng.uniform(-0.04, 0.2) * size
        canvas.ellipse(px, py, size * rng.uniform(0.12, 0.22), size * rng.uniform(0.07, 0.12), rng.choice(colors))


def _chopsticks(canvas: Canvas, x: float, y: float) -> None:
    for shift in (0, 20):
        canvas.line([(x + shift, y + 6 - shift * 0.3), (x + 330 + shift, y - 96 - shift * 0.2)], "#5a2a1a", 9)
        canvas.line([(x + shift, y + 6 - shift * 0.3), (x + 90 + shift, y - 22 - shift * 0.25)], "#e9b44c", 5)


def noodles(canvas: Canvas) -> None:
    """A great bowl of hand-pulled noodles, a meat bun, a bottle of orange soda."""
    _street(canvas)
    _table(canvas)
    _bowl(canvas, 560, 570, 290)
    things.steam(canvas, 560, 520, 330, count=3, color="#fff6e8")
    _bun(canvas, 960, 690, 120)
    _bottle(canvas, 1010, 590, 190)
    _plate(canvas, 190, 730, 120, 2)
    _chopsticks(canvas, 640, 780)


def _bowl(canvas: Canvas, x: float, y: float, size: float) -> None:
    rng = canvas.rng
    canvas.ellipse(x, y + size * 0.62, size * 0.8, size * 0.16, "#1b0a12", opacity=0.4)
    canvas.path(
        fit("M-100 0Q-86 62 -34 66H34Q86 62 100 0Z", x, y, size / 100),
        canvas.linear((0, "#fdf8ee"), (1, "#cbb79b"), x2=1, y2=0.4),
    )
    for index in range(9):
        bx = x - size * 0.8 + index * size * 0.2
        canvas.path(fit("M0 20q5 10 10 0t10 0", bx, y, size / 100), stroke="#2f5fa8", width=7)
    canvas.ellipse(x, y, size, size * 0.32, "#fffdf6")
    canvas.ellipse(x, y + 4, size * 0.92, size * 0.27, canvas.linear((0, "#c8402a"), (1, "#8f2a1c")))
    for index in range(16):
        ny = y - size * 0.13 + rng.uniform(0, 0.28) * size
        start = x + rng.uniform(-0.78, -0.2) * size
        strand = f"M0 0q20 {rng.uniform(-12, 12):.0f} 42 0t36 {rng.uniform(-4, 4):.0f}"
        canvas.path(fit(strand, start, ny, size / 100), stroke=("#f7e3b5", "#f0d091")[index % 2], width=15)
    for _ in range(18):
        canvas.ellipse(
            x + rng.uniform(-0.55, 0.55) * size,
            y + rng.uniform(-0.14, 0.16) * size,
            rng.uniform(9, 20),
            rng.uniform(6, 11),
            rng.choice(["#d9483b", "#6fae4a", "#8a4a2a", "#8fcf68"]),
        )


def _bun(canvas: Canvas, x: float, y: float, size: float) -> None:
    canvas.ellipse(x, y + size * 0.26, size * 1.3, size * 0.34, "#fdf8ee")
    canvas.path(fit("M-100 0Q-100 34 0 34T100 0Z", x, y, size / 100), "#dca766")
    canvas.path(
        fit("M-102 4q50 20 100 4t104 -6v-16h-204Z", x, y, size / 100),
        "#7f3a22",
    )
    for dx in (-0.7, -0.3, 0.2, 0.6):
        canvas.circle(x + dx * size, y - 2, 11, "#6fae4a")
    canvas.path(
        fit("M-100 -8Q-90 -50 0 -52T100 -8Z", x, y, size / 100),
        canvas.linear((0, "#f6d59a"), (1, "#dca766")),
    )
    canvas.path(
        fit("M-60 -26q50 -20 110 0", x, y, size / 100),
        stroke="#c08a4a",
        width=5,
        opacity=0.7,
    )


def _bottle(canvas: Canvas, x: float, y: float, size: float) -> None:
    canvas.path(
        fit("M-11 -100h22v28q16 12 16 34v44h-54v-44q0 -22 16 -34Z", x, y, size / 100),
        canvas.linear((0, "#ffc46a"), (0.4, "#ff8a2a"), (1, "#c85a12"), x2=1, y2=0),
    )
    canvas.rect(x - size * 0.27, y - size * 0.36, size * 0.54, size * 0.24, "#fdf8ee", opacity=0.95)
    canvas.rect(x - size * 0.13, y - size * 1.06, size * 0.26, size * 0.08, "#d9d3c4", radius=3)
    canvas.rect(x - size * 0.2, y - size * 0.3, size * 0.06, size * 0.24, "#ffffff", radius=4, opacity=0.5)
