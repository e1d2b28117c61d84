"""The sea: a beach, islands, a wave, and what is under water."""

import math

from catalog.illustration import land, plants, things
from catalog.illustration.canvas import HEIGHT, WIDTH, Canvas, fit, polyline
from catalog.illustration.color import darker, lighter, mix

SAND = "#f6dfae"


def _sea(canvas: Canvas, top: float, shine: bool = True) -> None:
    land.water(canvas, top, shine=(790, 0) if shine else None)


def beach(canvas: Canvas) -> None:
    """A bay with palms, two loungers under an umbrella, a sail far out."""
    palette = canvas.palette
    land.sky(canvas, sun=(790, 262), radius=64)
    land.clouds(canvas, 5, 110, 300)
    land.hill(canvas, 420, 34, palette.land(0.2), waves=0.8)
    _sea(canvas, 418)
    things.sail_boat(canvas, 640, 470, 92, sail=palette.paper)
    sand = mix(SAND, palette.haze, 0.25)
    canvas.path("M-10 640Q330 560 640 660T1210 640V810H-10Z", "#ffffff", opacity=0.75)
    canvas.path("M-10 660Q330 582 640 682T1210 664V810H-10Z", canvas.linear((0, sand), (1, darker(sand, 0.12))))
    _umbrella(canvas, 840, 700, 190)
    plants.palm(canvas, 120, 740, 520, palette.leaf, lean=0.34)
    plants.palm(canvas, 40, 790, 430, darker(palette.leaf, 0.15), lean=0.5)
    plants.palm(canvas, 1150, 760, 440, darker(palette.leaf, 0.1), lean=-0.3)
    for x, y, turn in ((520, 740, 0), (590, 756, 1)):
        _shell(canvas, x, y, turn)
    plants.birds(canvas, 420, 190, 4)


def _umbrella(canvas: Canvas, x: float, y: float, size: float) -> None:
    palette = canvas.palette
    canvas.ellipse(x + 20, y + 46, size * 0.8, 18, darker(SAND, 0.35), opacity=0.45)
    canvas.line([(x, y + 40), (x - 16, y - size * 0.8)], "#8a6a45", 8)
    top = (x - 18, y - size * 0.98)
    for index in range(6):
        left, right = -0.8 + index * 0.267, -0.8 + (index + 1) * 0.267
        color = palette.bloom if index % 2 else palette.paper
        low, rim = y - size * 0.52, [top[0] + share * size for share in (left, (left + right) / 2, right)]
        canvas.path(f"{polyline([top, (rim[0], low)])}Q{rim[1]:.0f} {low + size * 0.07:.0f} {rim[2]:.0f} {low:.0f}Z", color)
    for dx in (-90, 60):
        canvas.path(f"M{x + dx:.0f} {y + 40:.0f}l18 -30h78l34 -40l10 6l-34 50h-90l-6 14Z", palette.paper)
        canvas.line([(x + dx + 12, y + 24), (x + dx + 100, y + 24)], palette.bloom, 6)


def _shell(canvas: Canvas, x: float, y: float, turn: int) -> None:
    color = lighter(canvas.palette.bloom, 0.45)
    canvas.path(f"M{x} {y}a16 14 0 0 1 32 0q-8 12 -16 12t-16 -12Z", color)
    for step in (-8, 0, 8):
        canvas.line([(x + 16, y + 11), (x + 16 + step, y - 10)], darker(color, 0.25), 1.5)


def island(canvas: Canvas) -> None:
    """Two islands, clear shallows, huts over the water, a sailing boat."""
    palette = canvas.palette
    land.sky(canvas, sun=(830, 236), radius=66)
    land.clouds(canvas, 4, 100, 280)
    _sea(canvas, 400)
    for x, y, wide, tall in ((980, 408, 250, 90), (330, 430, 330, 150)):
        _islet(canvas, x, y, wide, tall)
    canvas.path(
        "M-10 590Q300 520 620 600T1210 640V810H-10Z",
        canvas.linear((0, lighter(palette.water[0], 0.35), 0.85), (1, palette.water[0])),
    )
    land.ripples(canvas, 600, 26)
    things.sail_boat(canvas, 760, 560, 210, sail=palette.paper)
    for index in range(3):
        _water_hut(canvas, 130 + index * 150, 640 + index * 26, 104 + index * 16)
    canvas.line([(-10, 664), (520, 744)], "#8a6a45", 12)
    plants.palm(canvas, 1120, 830, 430, darker(palette.leaf, 0.2), lean=-0.36)
    plants.birds(canvas, 520, 220, 4)


def _islet(canvas: Canvas, x: float, y: float, wide: float, tall: float) -> None:
    palette, rng = canvas.palette, canvas.rng
    canvas.ellipse(x, y + 14, wide * 1.16, 26, lighter(palette.water[0], 0.5), opacity=0.7)
    canvas.ellipse(x, y + 8, wide, 16, mix(SAND, palette.haze, 0.2))
    green = mix(palette.leaf, palette.far, 0.25)
    hump = fit("M-92 4Q-50 -90 -10 -100T90 4Z", x, y, wide / 100, tall / 100)
    canvas.path(hump, canvas.linear((0, lighter(green, 0.2)), (1, darker(green, 0.2))))
    for _ in range(9):
        px = x + rng.uniform(-0.75, 0.75) * wide
        plants.palm(canvas, px, y + 4, tall * rng.uniform(0.45, 0.75), darker(green, 0.15), lean=rng.uniform(-0.25, 0.25))


def _water_hut(canvas: Canvas, x: float, y: float, size: float) -> None:
    for dx in (-0.36, -0.12, 0.12, 0.36):
        canvas.line([(x + dx * size, y), (x + dx * size, y + size * 0.5)], "#6d5034", 5)
    canvas.rect(x - size * 0.42, y - size * 0.36, size * 0.84, size * 0.4, "#b98a55")
    things.window(canvas, x - size * 0.14, y - size * 0.28, size * 0.28, size * 0.26)
    canvas.polygon(
        [(x - size * 0.62, y - size * 0.32), (x, y - size * 0.9), (x + size * 0.62, y - size * 0.32)],
        canvas.linear((0, "#d9b676"), (1, "#8a6236")),
    )


def surf(canvas: Canvas) -> None:
    """A great curling wave and a surfer."""
    palette = canvas.palette
    land.sky(canvas, sun=(330, 230), radius=74)
    land.clouds(canvas, 4, 90, 240)
    land.hill(canvas, 470, 26, palette.land(0.2), waves=0.7)
    _sea(canvas, 470, shine=False)
    near, far = palette.water[1], palette.water[0]
    canvas.path(
        "M-10 640Q120 560 250 600T520 470Q640 250 880 210Q1120 180 1210 330V810H-10Z",
        canvas.linear((0, lighter(far, 0.3)), (0.45, mix(far, near, 0.55)), (1, darker(near, 0.1))),
    )
    canvas.path(
        "M560 700Q560 400 800 300Q960 246 1060 330Q900 300 800 420Q720 520 760 700Z",
        canvas.linear((0, mix(near, far, 0.35)), (1, darker(near, 0.35))),
    )
    for index in range(9):
        y = 330 + index * 46
        canvas.path(
            f"M{600 + index * 6} {y + 190}Q{620 + index * 16} {y + 30} {850 + index * 30} {y - 20 + index * 8}",
            stroke=lighter(far, 0.55),
            width=3.5,
            opacity=0.5,
        )
    _foam(canvas)
    _surfer(canvas, 520, 590, 150)
    canvas.path("M-10 716Q200 650 460 720T900 726T1210 700V810H-10Z", canvas.linear((0, lighter(far, 0.4), 0.9), (1, near)))
    land.ripples(canvas, 730, 14)


def _foam(canvas: Canvas) -> None:
    rng = canvas.rng
    canvas.path("M820 236Q1010 150 1210 260V210Q1060 120 900 168Q800 200 820 236Z", "#ffffff", opacity=0.95)
    for index in range(80):
        angle = index / 80 * math.pi * 0.95
        x, y = 905 - 175 * math.cos(angle) * rng.uniform(0.8, 1.1), 300 - 108 * math.sin(angle) + rng.uniform(-14, 26)
        canvas.circle(x + 110, y, rng.uniform(4, 17), "#ffffff", opacity=round(rng.uniform(0.55, 1), 2))
    for _ in range(46):
        canvas.circle(
            rng.uniform(600, 1180), rng.uniform(640, 750), rng.uniform(6, 24), "#ffffff", opacity=round(rng.uniform(0.4, 0.9), 2)
        )


def _surfer(canvas: Canvas, x: float, y: float, size: float) -> None:
    ink, skin = canvas.palette.ink, "#d99a6c"
    with canvas.group(transform=f"translate({x} {y}) rotate(-14) scale({size / 100:g})"):
        canvas.path("M-80 14Q0 34 86 6Q10 2 -80 14Z", "#ffffff")
        canvas.path("M-80 14Q0 30 86 6L60 13Q0 24 -60 16Z", canvas.palette.bloom)
        canvas.path("M-30 12L-12 -18L10 -24L28 8", stroke=skin, width=12)
        canvas.path("M-14 -16Q-16 -54 12 -58Q24 -46 16 -20Z", ink)
        canvas.path("M8 -50L46 -58M4 -50L-34 -40", stroke=skin, width=9)
        canvas.circle(20, -74, 13, skin)
        canvas.path("M7 -76a13 13 0 0 1 26 -4q-10 -4 -26 4Z", ink)


def reef(canvas: Canvas) -> None:
    """Under water: rays of light, a whale shark, fish, corals, two children diving."""
    near = canvas.palette.water[1]
    canvas.rect(0, 0, WIDTH, HEIGHT, canvas.linear((0, "#aef0ee"), (0.3, "#3cc0d8"), (0.75, near), (1, darker(near, 0.45))))
    for index in range(8):
        x = 120 + index * 150
        canvas.polygon(
            [(x, -10), (x + 70, -10), (x + 10 - index * 30, HEIGHT), (x - 130 - index * 30, HEIGHT)],
            canvas.linear((0, "#ffffff", 0.38), (0.8, "#ffffff", 0)),
        )
    land.fog(canvas, 40, 160, opacity=0.4, color="#ffffff")
    _whale(canvas, 640, 270)
    for x, y, size, color in (
        (250, 470, 46, "#ffb03b"),
        (330, 510, 38, "#ff7a59"),
        (200, 540, 34, "#ffd25e"),
        (930, 500, 44, "#ffd25e"),
        (1010, 540, 36, "#ff8fa3"),
        (880, 570, 30, "#ffb03b"),
        (620, 560, 34, "#fdfbf4"),
    ):
        _fish(canvas, x, y, size, color)
    for x, y, suit, flip in ((400, 400, "#ff7a59", 1), (520, 452, "#ffd25e", 1)):
        _diver(canvas, x, y, suit, flip)
    _corals(canvas)
    for _ in range(46):
        left, top, radius = canvas.rng.uniform(0, WIDTH), canvas.rng.uniform(40, 720), canvas.rng.uniform(2, 9)
        canvas.circle(left, top, radius, "#ffffff", opacity=0.18)
        canvas.ring(left, top, radius, "#ffffff", 1, opacity=0.6)


def _whale(canvas: Canvas, x: float, y: float) -> None:
    with canvas.group(transform=f"translate({x} {y})"):
        canvas.path(
            "M-330 10C-290 -84 -120 -108 40 -86C150 -70 240 -40 330 -86C346 -40 330 -18 300 -4"
            "C336 12 356 44 330 66C250 40 190 34 120 52C-40 96 -290 92 -330 10Z",
            canvas.linear((0, "#2d6f9c"), (1, "#184a72")),
        )
        canvas.path("M-326 18C-200 66 0 66 120 50C0 92 -280 92 -326 18Z", "#d7ecf2", opacity=0.9)
        canvas.path("M-60 40Q-70 120 -150 150Q-120 80 -130 44ZM-20 -92Q20 -140 70 -138Q52 -110 60 -82Z", "#1d547f")
        for index in range(40):
            canvas.circle(
                -250 + (index % 10) * 52 + canvas.rng.uniform(-9, 9),
                -50 + (index // 10) * 22 + canvas.rng.uniform(-5, 5),
                canvas.rng.uniform(3, 6.5),
                "#cfe6f0",
                opacity=0.75,
            )
        canvas.circle(-262, 2, 8, "#0d2a44")
        canvas.circle(-264, 0, 2.6, "#ffffff")


def _fish(canvas: Canvas, x: float, y: float, size: float, color: str) -> None:
    canvas.path(
        fit("M-100 0q70 -80 150 0q-80 80 -150 0Z", x, y, size / 100),
        color,
    )
    canvas.polygon([(x + size * 0.4, y), (x + size, y - size * 0.45), (x + size, y + size * 0.45)], darker(color, 0.15))
    canvas.rect(x - size * 0.3, y - size * 0.36, size * 0.16, size * 0.72, "#ffffff", radius=4, opacity=0.8)
    canvas.circle(x - size * 0.62, y - size * 0.08, size * 0.09, "#14263a")


def _diver(canvas: Canvas, x: float, y: float, suit: str, flip: int) -> None:
    with canvas.group(transform=f"translate({x} {y}) rotate(-16) scale({flip * 0.9:g} .9)"):
        canvas.path("M-58 18L-96 6M-50 26L-92 36", stroke="#f0c7a0", width=11)
        canvas.path("M-92 2l-34 -16l4 22ZM-90 34l-30 14l2 -22Z", "#24405c")
        canvas.path("M-60 10Q-20 -18 26 -2Q34 14 20 24Q-26 40 -58 30Z", suit)
        canvas.path("M10 6L54 -22M14 18L60 26", stroke="#f0c7a0", width=9)
        canvas.circle(42, 4, 19, "#f0c7a0")
        canvas.path("M24 2a19 19 0 0 1 32 -12q-14 0 -32 12Z", "#3b2a20")
        canvas.rect(44, -4, 17, 13, "#bfeaf2", radius=4)


def _corals(canvas: Canvas) -> None:
    rng = canvas.rng
    canvas.path("M-10 740Q200 690 420 730T820 720T1210 730V810H-10Z", canvas.linear((0, "#e8d6a4"), (1, "#8a9a86")))
    for x in range(30, WIDTH, 62):
        color = rng.choice(["#ff7a8a", "#ffb03b", "#b76bd6", "#ff5f5f", "#7ed0a8", "#f7e08a"])
        base, tall = 742 + rng.uniform(-12, 34), rng.uniform(40, 120)
        if rng.random() < 0.5:
            for turn in (-0.5, -0.18, 0.16, 0.46):
                canvas.path(
                    f"M{x} {base:.0f}q{turn * tall * 0.4:.0f} {-tall * 0.5:.0f} {turn * tall:.0f} {-tall:.0f}",
                    stroke=color,
                    width=rng.uniform(9, 15),
                )
        else:
            for _ in range(5):
                canvas.circle(
                    x + rng.uniform(-34, 34), base - rng.uniform(0, tall * 0.5), rng.uniform(14, 30), color, opacity=0.92
                )
