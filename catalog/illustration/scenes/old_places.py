"""Built places: an old town, a city wall, a palace at night, the buried army, white walls and black tiles."""

import functools

from catalog.illustration import land, plants, things
from catalog.illustration.canvas import HEIGHT, WIDTH, Canvas, fit
from catalog.illustration.color import darker, lighter, mix

TILE = "#47505c"


def old_town(canvas: Canvas) -> None:
    """Tiled roofs below a snow mountain, lanterns over the lane."""
    palette = canvas.palette
    land.sky(canvas, sun=(320, 200))
    land.clouds(canvas, 3, 90, 200)
    land.mountain_range(canvas, [(640, 120), (430, 250), (880, 230), (1080, 300), (180, 310)], 500, palette.land(0.25), snow=0.5)
    land.fog(canvas, 470, 110, opacity=0.6)
    stone = mix("#c9b79a", palette.near, 0.25)
    shadow = darker(stone, 0.3)
    lane = canvas.linear((0, mix("#8c6a4a", palette.near, 0.5)), (0.68, shadow), (0.7, stone), (1, shadow))
    canvas.rect(-10, 470, WIDTH + 20, 340, lane)
    for row, (y, size) in enumerate(((500, 120), (590, 160), (700, 220))):
        _house_row(canvas, row, y, size)
    for row in range(5):
        _flagstones(canvas, row, darker(stone, 0.16))
    things.garland(canvas, 40, 560, 520, 46, 5, 22)
    things.garland(canvas, 660, 1180, 510, 50, 5, 22)
    for x, y, color in ((560, 768, palette.bloom), (610, 762, "#3f6fa8"), (700, 780, "#c8473a")):
        things.person(canvas, x, y, 92, color)


def _house_row(canvas: Canvas, row: int, y: float, size: float) -> None:
    palette, rng = canvas.palette, canvas.rng
    roof = mix(TILE, palette.far, 0.3 - 0.12 * row)
    x = -30.0 - 50 * row
    while x < WIDTH + size:
        wall = mix(rng.choice(["#b98a5f", "#d8c3a0", "#a8744a"]), palette.near, 0.3 - 0.1 * row)
        width, height = size * rng.uniform(0.95, 1.2), size * rng.uniform(0.85, 1.05)
        things.house(canvas, x + size * 0.5, y, width, height, wall=wall, roof=roof)
        x += size * rng.uniform(0.82, 1.0)


def _flagstones(canvas: Canvas, row: int, color: str) -> None:
    wide = 62 + 14 * row
    for column in range(14):
        left = 600 + (column - 7 + 0.5 * (row % 2)) * wide
        canvas.rect(left, 706 + row * 21, wide - 6, 16 + row, color, radius=4, opacity=0.3)


def city_wall(canvas: Canvas) -> None:
    """The wall with its gate tower, lanterns, people on bicycles before the dusk."""
    palette = canvas.palette
    land.sky(canvas, sun=(300, 220), radius=70)
    land.clouds(canvas, 4, 90, 260)
    land.hills(canvas, 430, 470, 2, height=26, nearest=0.3)
    _tower(canvas, 720, 470, 460)
    brick = mix("#7c7468", palette.near, 0.35)
    canvas.rect(-10, 470, WIDTH + 20, 340, canvas.linear((0, lighter(brick, 0.12)), (1, darker(brick, 0.35))))
    for row in range(10):
        for column in range(17):
            canvas.rect(column * 78 - 40 * (row % 2), 498 + row * 24, 72, 20, darker(brick, 0.18), radius=2, opacity=0.28)
    for x in range(-10, WIDTH, 74):
        canvas.rect(x, 438, 48, 36, lighter(brick, 0.08))
    canvas.path("M640 700v-90a80 80 0 0 1 160 0v90Z", darker(brick, 0.6))
    canvas.path("M654 700v-88a66 66 0 0 1 132 0v88Z", palette.lamp, opacity=0.65)
    canvas.path("M-10 700H1210V810H-10Z", canvas.linear((0, mix(brick, palette.ink, 0.3)), (1, palette.ink)))
    canvas.path("M600 810L668 700H772L850 810Z", mix("#c9b79a", palette.near, 0.4), opacity=0.8)
    for x in (70, 210, 350, 490, 950, 1090):
        things.lantern(canvas, x, 500, 26)
    for x, color in ((300, palette.bloom), (440, palette.paper)):
        _cyclist(canvas, x, 776, 120, color)


def _tower(canvas: Canvas, x: float, y: float, width: float) -> None:
    wood = mix("#8c3b2c", canvas.palette.near, 0.25)
    roof = mix("#3e5a52", canvas.palette.near, 0.25)
    for level, (share, rise) in enumerate(((1.0, 0), (0.8, 120), (0.58, 220))):
        wide, base = width * share, y - rise
        canvas.rect(x - wide * 0.4, base - 90, wide * 0.8, 92, canvas.linear((0, darker(wood, 0.3)), (1, wood)))
        for index in range(7 - level):
            wx = x - wide * 0.36 + index * wide * 0.72 / (7 - level)
            things.window(canvas, wx + 4, base - 66, wide * 0.52 / (7 - level), 46)
        things.tiled_roof(canvas, x, base - 74, wide * 1.12, 62, roof)


def _cyclist(canvas: Canvas, x: float, y: float, size: float, color: str) -> None:
    ink = canvas.palette.ink if not canvas.palette.dark else "#c9d2ee"
    for dx in (-0.34, 0.34):
        canvas.ring(x + dx * size, y - size * 0.2, size * 0.2, lighter(ink, 0.3), 4)
    canvas.path(
        fit("M-34 -20L-6 -50H24L34 -20L24 -56", x, y, size / 100),
        stroke=lighter(ink, 0.3),
        width=5,
    )
    things.person(canvas, x - size * 0.04, y - size * 0.36, size * 0.78, color)


def palace(canvas: Canvas) -> None:
    """A lit palace mirrored in a lake under the moon, lanterns afloat."""
    palette = canvas.palette
    land.sky(canvas, sun=(930, 170), radius=62)
    land.clouds(canvas, 3, 110, 240, opacity=0.4)
    with canvas.group() as mirror:
        land.hill(canvas, 470, 40, palette.land(0.35), waves=1)
        for x, width in ((250, 190), (960, 180)):
            _hall(canvas, x, 520, width, 2)
        _hall(canvas, 600, 520, 430, 3)
        line = land.hill(canvas, 516, 6, palette.land(0.7))
        for x in (60, 420, 800, 1120):
            plants.round_tree(canvas, x, land.height_at(line, x) + 4, 110, mix(palette.leaf, palette.bloom, 0.3))
    land.glow(canvas, (600, 420), 420, palette.lamp, 0.35)
    land.water(canvas, 522, mirror=mirror, shine=(930, 0))
    for index in range(16):
        left, top = canvas.rng.uniform(40, WIDTH - 40), 570 + 200 * canvas.rng.random()
        _float(canvas, left, top, 7 + 15 * (top - 560) / 220, index)
    _lady(canvas, 280, 790, 330)


def _hall(canvas: Canvas, x: float, y: float, width: float, levels: int) -> None:
    wood, roof = "#a8432f", mix("#2c4f4a", canvas.palette.near, 0.35)
    for level in range(levels):
        wide, base = width * (1 - 0.2 * level), y - level * width * 0.26
        canvas.rect(
            x - wide * 0.42, base - width * 0.2, wide * 0.84, width * 0.2, canvas.linear((0, darker(wood, 0.3)), (1, wood))
        )
        for index in range(6):
            things.window(canvas, x - wide * 0.38 + index * wide * 0.13, base - width * 0.15, wide * 0.09, width * 0.11)
        things.tiled_roof(canvas, x, base - width * 0.165, wide * 1.18, width * 0.145, roof)


def _float(canvas: Canvas, x: float, y: float, size: float, index: int) -> None:
    color = "#ff8a5c" if index % 2 else "#ffb6c8"
    land.glow(canvas, (x, y), size * 4, canvas.palette.lamp, 0.6)
    canvas.ellipse(x, y + size * 0.25, size * 1.3, size * 0.4, darker(color, 0.25))
    for dx in (-0.7, 0, 0.7):
        canvas.path(
            f"M{x + dx * size - size * 0.5:.1f} {y + size * 0.2:.1f}q{size * 0.5:.1f} {-size * 1.5:.1f} {size:.1f} 0Z",
            color,
            opacity=0.9,
        )
    canvas.circle(x, y - size * 0.2, size * 0.35, "#fff3c4")


def _lady(canvas: Canvas, x: float, y: float, height: float) -> None:
    robe, sash = "#c8405a", "#f3d27a"
    with canvas.group(transform=f"translate({x} {y}) scale({height / 300:g})"):
        canvas.path(
            "M-70 0C-60 -120 -40 -190 0 -196C40 -190 60 -120 78 0Z",
            canvas.linear((0, lighter(robe, 0.2)), (1, darker(robe, 0.2))),
        )
        canvas.path(
            "M-8 -186C-60 -150 -92 -120 -120 -60C-80 -70 -50 -90 -24 -120Z"
            "M8 -186C60 -160 96 -150 124 -168C110 -120 60 -110 26 -126Z",
            lighter(robe, 0.3),
        )
        canvas.rect(-34, -146, 68, 18, sash, radius=6)
        canvas.path("M-6 -128q6 60 -4 126h16q2 -70 -2 -126Z", sash, opacity=0.85)
        canvas.ellipse(0, -214, 21, 24, "#f6d9c0")
        canvas.path("M-24 -214Q-28 -246 0 -246T24 -214Q16 -232 0 -232T-24 -214ZM-14 -244q14 -34 28 0Z", "#1c1420")
        canvas.path("M-24 -240l-16 -8M14 -262l18 -8", stroke=sash, width=5)
        things.lantern(canvas, 126, -172, 26)


def warriors(canvas: Canvas) -> None:
    """The clay army in ranks, light falling through the hall's roof."""
    palette = canvas.palette
    top, middle, low = palette.sky
    canvas.rect(0, 0, WIDTH, HEIGHT, canvas.linear((0, darker(top, 0.4)), (0.5, middle), (1, low)))
    land.glow(canvas, (600, 210), 520, palette.sun, 0.8)
    for index in range(-4, 5):
        canvas.line([(600 + index * 40, 70), (600 + index * 260, -20)], darker(palette.near, 0.1), 9, opacity=0.7)
        canvas.polygon(
            [(600 + index * 60, 60), (640 + index * 60, 60), (700 + index * 190, HEIGHT), (560 + index * 190, HEIGHT)],
            canvas.linear((0, palette.sun, 0.4), (1, palette.sun, 0)),
        )
    for row in range(5):
        size = 96 * 1.42**row
        y = 330 + 90 * row + 16 * row * row
        count = 13 - 2 * row
        wall = mix("#b9895a", palette.near, 0.25 - 0.05 * row)
        clay = mix(wall, palette.haze, max(0.0, 0.42 - 0.11 * row))
        for index in range(count):
            x = 600 + (index - (count - 1) / 2) * size * 0.78
            canvas.stamp(("warrior", clay), functools.partial(_warrior, canvas, clay), x=x, y=y, scale=size / 100)
        if row < 4:
            land.fog(canvas, y + 8, 90, opacity=0.42, color=mix(palette.haze, wall, 0.3))


def _warrior(canvas: Canvas, clay: str) -> None:
    shade, light = darker(clay, 0.28), lighter(clay, 0.16)
    canvas.path(
        "M-34 70L-30 -4Q-28 -22 0 -24Q28 -22 30 -4L34 70Z", canvas.linear((0, light), (0.45, clay), (1, shade), x2=1, y2=0)
    )
    canvas.path("M-30 2q-10 26 -6 56l10 -2q-2 -30 4 -46ZM30 2q10 26 6 56l-10 -2q2 -30 -4 -46Z", shade)
    for row in range(3):
        for column in range(4):
            canvas.rect(
                -20 + column * 10.4, -8 + row * 16, 9, 13, light if (row + column) % 2 else shade, radius=1.5, opacity=0.75
            )
    canvas.path("M-13 -22L0 -10L13 -22L10 -28H-10Z", light)
    canvas.path("M-12 -46Q-12 -62 0 -62T12 -46Q12 -28 0 -26T-12 -46Z", canvas.linear((0, light), (1, clay)))
    canvas.path("M0 -48L13 -50Q13 -30 0 -26Z", shade, opacity=0.6)
    canvas.path("M-13 -48Q-14 -66 0 -66T13 -48Q8 -56 0 -56T-13 -48ZM2 -64q0 -13 9 -14q5 6 -1 15Z", darker(clay, 0.5))
    canvas.path("M-7 -46h5M3 -46h5M-4 -35h8", stroke=darker(clay, 0.55), width=1.6)


def white_walls(canvas: Canvas) -> None:
    """White walls with stepped gables mirrored in a pond, lotus, mountains in mist."""
    palette = canvas.palette
    land.sky(canvas, sun=(880, 180), radius=54)
    with canvas.group() as mirror:
        land.hills(canvas, 290, 420, 4, height=58, nearest=0.5)
        land.fog(canvas, 440, 110, opacity=0.7)
        for x, y, width, tall in (
            (90, 500, 170, 150),
            (1090, 500, 200, 160),
            (290, 510, 200, 190),
            (880, 508, 210, 175),
            (500, 518, 230, 220),
            (700, 520, 180, 160),
        ):
            _gabled(canvas, x, y, width, tall)
        for x in (30, 395, 790, 1000, 1190):
            plants.round_tree(canvas, x, 524, 120, mix(palette.leaf, palette.bloom, 0.15))
        canvas.rect(-10, 514, WIDTH + 20, 14, mix("#9a958a", palette.near, 0.2))
    land.water(canvas, 526, mirror=mirror)
    _lotus(canvas)
    plants.birds(canvas, 560, 200, 5)


def _gabled(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    wall, tile = canvas.palette.paper, mix("#2f3640", canvas.palette.near, 0.15)
    left, top = x - width / 2, y - height
    canvas.rect(left, top, width, height, canvas.linear((0, wall), (0.7, wall), (1, mix(wall, canvas.palette.near, 0.3))))
    steps = ((0, 0.26, 26), (0.26, 0.74, 52), (0.74, 1, 26))
    for start, end, rise in steps:
        canvas.rect(left + width * start, top - rise, width * (end - start), rise + 2, wall)
        _coping(canvas, left + width * start, top - rise, width * (end - start), tile)
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
        canvas.rect(
            left + width * (0.2 + 0.44 * column),
            top + height * (0.12 + 0.34 * row),
            width * 0.13,
            height * 0.13,
            darker(tile, 0.1),
            radius=2,
        )
    canvas.rect(x - width * 0.09, y - height * 0.3, width * 0.18, height * 0.3, darker(tile, 0.2))
    canvas.path(
        f"M{x - width * 0.15:.0f} {y - height * 0.3:.0f}h{width * 0.3:.0f}l{width * 0.03:.0f} -7h{-width * 0.36:.0f}Z", tile
    )
    things.lantern(canvas, x - width * 0.17, y - height * 0.31, width * 0.05)


def _coping(canvas: Canvas, x: float, y: float, width: float, tile: str) -> None:
    """The tiled top of a stepped gable, its ends turned up."""
    canvas.path(f"M{x - 9:.0f} {y - 9:.0f}q5 9 12 9h{width - 6:.0f}q7 0 12 -9v-5H{x - 9:.0f}Z", tile)


def _lotus(canvas: Canvas) -> None:
    rng, palette = canvas.rng, canvas.palette
    for _ in range(34):
        depth = rng.random() ** 0.7
        x, y = rng.choice((rng.uniform(-20, 430), rng.uniform(800, WIDTH + 20))), 600 + 190 * depth
        size = 16 + 50 * depth
        canvas.ellipse(x, y, size, size * 0.34, canvas.linear((0, lighter(palette.leaf, 0.12)), (1, darker(palette.leaf, 0.25))))
        if rng.random() < 0.36:
            canvas.line([(x, y), (x, y - size * 0.9)], darker(palette.leaf, 0.2), 3)
            for dx in (-0.34, 0.34, 0):
                petal = fit("M-20 -80q20 -75 40 0q-20 20 -40 0Z", x + dx * size, y, size / 100)
                canvas.path(petal, lighter("#f08fa6", 0.25 if dx else 0.05))
