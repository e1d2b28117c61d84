"""Mountains: a snow peak, a camp below it, a gorge, granite needles over a sea of clouds."""

from catalog.illustration import land, plants, things
from catalog.illustration.canvas import HEIGHT, WIDTH, Canvas, Point
from catalog.illustration.color import darker, lighter, mix


def _massif(canvas: Canvas) -> list[Point]:
    palette = canvas.palette
    land.sky(canvas, sun=(330, 210), radius=50)
    land.clouds(canvas, 3, 100, 210)
    land.mountain_range(canvas, [(150, 300), (1060, 270), (880, 330), (330, 330)], 520, palette.land(0.18), snow=0.4)
    land.mountain_range(canvas, [(640, 96), (470, 250), (820, 230)], 560, palette.land(0.34), snow=0.56, steep=0.92)
    land.fog(canvas, 520, 130, opacity=0.8)
    land.hill(canvas, 545, 34, palette.land(0.5), waves=1.5)
    line = land.hill(canvas, 600, 26, palette.land(0.66), waves=1.8)
    plants.forest(canvas, line, 84, mix(palette.leaf, palette.near, 0.45), gap=21)
    return line


def snow_peak(canvas: Canvas) -> None:
    """One great peak, spruces, a meadow and two hikers."""
    palette = canvas.palette
    _massif(canvas)
    meadow = land.shore(canvas, 690, 30, mix(palette.leaf, palette.near, 0.35), tilt=-30)
    things.path_strip(canvas, (560, 810, 70), (700, 690, 12), mix(palette.paper, palette.near, 0.45), bend=60)
    plants.flowers(canvas, meadow, 150, [palette.bloom, palette.paper, lighter(palette.bloom, 0.35)])
    plants.forest(canvas, meadow, 190, mix(palette.leaf, palette.ink, 0.6), gap=64, right=330)
    plants.forest(canvas, meadow, 170, mix(palette.leaf, palette.ink, 0.6), gap=70, left=930)
    things.person(canvas, 640, 738, 84, palette.bloom, pack=palette.ink)
    things.person(canvas, 700, 726, 76, palette.lamp, pack="#c8473a")


def camp(canvas: Canvas) -> None:
    """Tents beside a stream below the snow line."""
    palette = canvas.palette
    _massif(canvas)
    meadow = land.shore(canvas, 670, 24, mix(palette.leaf, palette.near, 0.3), tilt=20)
    canvas.path(
        "M760 668Q700 700 800 726T700 810H940Q1010 760 900 724T800 668Z",
        canvas.linear((0, palette.water[0]), (1, palette.water[1])),
    )
    plants.flowers(canvas, meadow, 110, [palette.bloom, palette.paper])
    for x, y, size, color in ((400, 716, 70, "#e0783b"), (545, 700, 54, "#d9b23c"), (300, 748, 84, "#3f8fb0")):
        things.tent(canvas, x, y, size, color)
    things.horse(canvas, 1010, 730, 104, darker("#9b6a44", 0.1), facing=-1)
    things.horse(canvas, 1110, 716, 84, "#d9c7ac")
    for x, color in ((620, palette.bloom), (664, "#3f8fb0"), (480, "#c8473a")):
        things.person(canvas, x, 752, 78, color, pack=palette.ink)
    plants.forest(canvas, meadow, 230, mix(palette.leaf, palette.ink, 0.6), gap=60, right=180)


def gorge(canvas: Canvas) -> None:
    """Cliffs on both sides, a river far below, a path with hikers."""
    palette = canvas.palette
    land.sky(canvas, sun=(610, 190), radius=46)
    land.mountain_range(canvas, [(600, 130), (430, 220), (770, 210)], 520, palette.land(0.15), snow=0.5)
    _valley(canvas)
    for depth, reach in ((0.3, 470), (0.5, 360), (0.75, 235)):
        _cliff(canvas, depth, reach, -1)
        _cliff(canvas, depth, reach, 1)
        land.fog(canvas, 620 - 160 * (1 - depth), 120, opacity=0.4)
    _river(canvas)
    _trail(canvas)
    plants.birds(canvas, 520, 300, 4)


def _valley(canvas: Canvas) -> None:
    palette = canvas.palette
    land.fog(canvas, 510, 120, opacity=0.7)
    for y, depth in ((505, 0.22), (560, 0.34), (640, 0.48)):
        line = land.hill(canvas, y, 16, mix(palette.land(depth), palette.leaf, 0.25), waves=2.6, fade=0.2)
        plants.forest(canvas, line, 26 + 40 * depth, mix(palette.leaf, palette.land(depth), 0.5), gap=15, left=300, right=900)


def _cliff(canvas: Canvas, depth: float, reach: float, side: int) -> None:
    rng, color = canvas.rng, canvas.palette.land(depth)
    edge = 0 if side < 0 else WIDTH
    top = 70 + 150 * (1 - depth) + rng.uniform(-20, 20)
    points: list[Point] = [(edge, top)]
    parts = 9
    for index in range(1, parts + 1):
        share = index / parts
        points.append(
            (edge - side * reach * (1.05 * share**0.75) - side * rng.uniform(-16, 34), top + (HEIGHT + 20 - top) * share**1.15)
        )
    canvas.polygon([*points, (edge, HEIGHT + 20)], canvas.linear((0, lighter(color, 0.1)), (1, darker(color, 0.25))))
    for index in range(1, parts):
        x, y = points[index]
        canvas.polygon(
            [(x, y), points[index + 1], (x + side * reach * rng.uniform(0.15, 0.4), HEIGHT), (x + side * reach * 0.34, y + 90)],
            darker(color, 0.16),
            opacity=0.5,
        )
        if depth > 0.4:
            plants.pine(canvas, x + side * 8, y + 4, 38 + 30 * depth, mix(canvas.palette.leaf, color, 0.35), lean=-side)


def _river(canvas: Canvas) -> None:
    far, near = canvas.palette.water
    canvas.path(
        "M596 520C560 560 660 590 610 640S470 720 430 820H860C800 740 690 700 690 650S640 570 626 520Z",
        canvas.linear((0, lighter(far, 0.3)), (1, near)),
    )
    rng = canvas.rng
    for _ in range(60):
        share = rng.random()
        y, wide = 540 + 260 * share, 20 + 190 * share**1.5
        canvas.rect(
            625 + rng.uniform(-wide, wide) * 0.8,
            y,
            10 + 46 * share * rng.random(),
            2 + 4 * share,
            "#ffffff",
            radius=3,
            opacity=0.7,
        )


def _trail(canvas: Canvas) -> None:
    palette = canvas.palette
    canvas.path(
        "M-10 640Q120 600 210 640T372 700L330 800H-10Z",
        canvas.linear((0, mix(palette.near, palette.leaf, 0.45)), (1, darker(palette.near, 0.3))),
    )
    canvas.path("M-10 660Q130 620 214 660T350 716", stroke=mix(palette.paper, palette.near, 0.35), width=11, opacity=0.9)
    for x, y, color in ((120, 644, palette.bloom), (196, 656, palette.lamp), (268, 684, "#3f8fb0")):
        things.person(canvas, x, y, 84, color, pack=palette.ink)
    canvas.path("M830 800Q900 700 1010 690T1210 650V810Z", darker(palette.near, 0.35))
    plants.pine(canvas, 1040, 700, 190, mix(palette.leaf, palette.ink, 0.45), lean=-1)


def granite(canvas: Canvas) -> None:
    """Granite needles with flat pines above a sea of clouds."""
    land.sky(canvas, sun=(840, 230), radius=66)
    land.clouds(canvas, 3, 100, 200, opacity=0.5)
    for depth, base, places in (
        (0.1, 590, (90, 300, 470, 760, 1010, 1160)),
        (0.32, 670, (210, 420, 640, 930, 1120)),
        (0.6, 770, (330, 760, 980)),
    ):
        for x in places:
            _needle(canvas, x + canvas.rng.uniform(-36, 36), base, canvas.rng.uniform(230, 360) * (0.8 + depth * 0.5), depth)
        _cloud_sea(canvas, base - 70, depth)
    _needle(canvas, 120, 880, 640, 0.95)
    _needle(canvas, 1110, 880, 450, 0.95)
    _cloud_sea(canvas, 720, 0.95)
    plants.birds(canvas, 480, 190, 5)


def _needle(canvas: Canvas, x: float, base: float, height: float, depth: float) -> None:
    rng, color, cloud = canvas.rng, canvas.palette.land(depth), lighter(canvas.palette.haze, 0.45)
    wide, top = height * rng.uniform(0.2, 0.28), base - height
    left = [
        (x - wide * (0.06 + 0.9 * t**0.7) - rng.uniform(-7, 9), top + height * (t + rng.uniform(0, 0.04)))
        for t in (0.02, 0.06, 0.15, 0.22, 0.38, 0.6, 1)
    ]
    right = [
        (x + wide * (0.06 + 0.94 * t**0.75) + rng.uniform(-7, 9), top + height * (t + rng.uniform(0, 0.04)))
        for t in (0.05, 0.13, 0.2, 0.34, 0.5, 0.72, 1)
    ]
    spine = [(x + wide * 0.16 * t + rng.uniform(-10, 10), top + height * t) for t in (0.1, 0.3, 0.5, 0.7, 1)]
    crest = (x, top)
    canvas.polygon([crest, *left, *reversed(right)], canvas.linear((0, lighter(color, 0.22)), (0.55, color), (1, cloud)))
    canvas.polygon(
        [crest, *spine, *reversed(right)],
        canvas.linear((0, darker(color, 0.3)), (0.5, darker(color, 0.16)), (1, cloud)),
        opacity=0.85,
    )
    for _ in range(5):
        share = rng.uniform(0.15, 0.6)
        sx = x + rng.uniform(-0.4, 0.4) * wide
        canvas.line(
            [(sx, top + height * share), (sx + rng.uniform(-8, 8), top + height * (share + rng.uniform(0.1, 0.24)))],
            darker(color, 0.35),
            2,
            opacity=0.4,
        )
    _needle_pines(canvas, (x, top), wide, height, depth)


def _needle_pines(canvas: Canvas, crest: Point, wide: float, height: float, depth: float) -> None:
    rng, size = canvas.rng, 30 + 66 * depth
    green = mix(canvas.palette.leaf, canvas.palette.land(depth), 0.45)
    spots = [(0.03, 1), (0.24, -1)] if depth < 0.5 else [(0.03, 1), (0.2, -1), (0.42, 1)]
    for share, side in spots[: 1 + int(rng.random() * len(spots))]:
        px = crest[0] + side * wide * (0.1 + 0.75 * share**0.7)
        plants.pine(canvas, px, crest[1] + height * share + 6, size * rng.uniform(0.8, 1.1), darker(green, 0.12), lean=side)


def _cloud_sea(canvas: Canvas, y: float, depth: float) -> None:
    rng, tone = canvas.rng, lighter(canvas.palette.haze, 0.45)
    land.fog(canvas, y + 60, 190, opacity=0.85, color=tone)
    canvas.rect(-10, y + 60, WIDTH + 20, HEIGHT, tone, opacity=0.9)
    for _ in range(16):
        x, wide = rng.uniform(-60, WIDTH + 60), rng.uniform(60, 140) * (0.7 + depth)
        cy = y + rng.uniform(20, 76)
        canvas.ellipse(
            x,
            cy,
            wide,
            wide * rng.uniform(0.24, 0.36),
            canvas.linear((0, lighter(tone, 0.5), 0.95), (0.6, tone, 0.75), (1, tone, 0)),
        )
