"""Still water: a lake under mountains, a dyer's yard beside it, coloured pools, a hot spring."""

from catalog.illustration import land, plants, things
from catalog.illustration.canvas import HEIGHT, WIDTH, Canvas, curve, fit
from catalog.illustration.color import darker, lighter, mix


def _far_shore(canvas: Canvas, top: float, *, snow: float = 0.42) -> str:
    palette, rng = canvas.palette, canvas.rng
    with canvas.group() as name:
        tops = [
            (x + rng.uniform(-40, 40), y + rng.uniform(-30, 30))
            for x, y in ((60, 290), (250, 200), (470, 300), (640, 250), (820, 170), (1010, 290), (1160, 220))
        ]
        land.mountain_range(canvas, tops, top + 8, palette.land(0.3), snow=snow, steep=1.05)
        land.hill(canvas, top - 34, 24, palette.land(0.55), waves=1.6)
        line = land.hill(canvas, top - 8, 9, palette.land(0.7), waves=3)
        plants.forest(canvas, line, 26, mix(palette.leaf, palette.ink, 0.35), gap=17)
    return name


def lake(canvas: Canvas) -> None:
    """Snow mountains over a lake with their reflection, one boat, reeds."""
    palette = canvas.palette
    land.sky(canvas, sun=(770, 236))
    land.clouds(canvas, 4, 90, 250)
    mirror = _far_shore(canvas, 452)
    land.fog(canvas, 452, 60, opacity=0.6)
    land.water(canvas, 456, mirror=mirror, shine=(770, 236))
    things.rowing_boat(canvas, 520, 590, 120)
    plants.birds(canvas, 330, 196)
    bank = land.shore(canvas, 752, 22, darker(palette.near, 0.1), tilt=20)
    plants.reeds(canvas, -10, 430, 790, 150, palette.ink)
    plants.reeds(canvas, 860, WIDTH, 800, 120, palette.ink)
    plants.flowers(canvas, bank, 40, [palette.bloom, lighter(palette.bloom, 0.4)], depth=46)


def dye_yard(canvas: Canvas) -> None:
    """Indigo cloths drying on poles in front of the lake."""
    palette = canvas.palette
    land.sky(canvas, sun=(300, 190))
    land.clouds(canvas, 4, 80, 220)
    mirror = _far_shore(canvas, 420, snow=0.25)
    land.water(canvas, 424, mirror=mirror)
    grass = land.shore(canvas, 640, 18, mix(palette.leaf, palette.near, 0.2))
    plants.flowers(canvas, grass, 120, [palette.bloom, palette.paper, "#f7d154"], depth=140)
    for index, (x, width) in enumerate(((150, 190), (392, 210), (652, 200), (902, 190))):
        _cloth(canvas, x, 250 + 12 * (index % 2), width, 380, index)
    canvas.line([(60, 246), (330, 254), (600, 246), (860, 254), (1140, 244)], "#8a6a45", 9)
    for x in (84, 366, 622, 876, 1118):
        canvas.rect(x - 6, 232, 12, 480, canvas.linear((0, "#a98457"), (1, "#6d5034")), radius=4)
    things.person(canvas, 1010, 716, 150, "#c8473a", hat=True)
    things.person(canvas, 930, 716, 96, palette.bloom)


def _cloth(canvas: Canvas, x: float, y: float, width: float, height: float, index: int) -> None:
    indigo = ("#1f3f8f", "#2f5fb3", "#173069", "#3f74c4")[index % 4]
    sway = round(canvas.rng.uniform(-8, 8), 1)
    drop = f"C{100 + sway} 40 {100 - sway} 70 {100 + sway * 0.6} 100Q50 106 {sway * 0.6} 98C{-sway} 70 {sway} 40 0 0Z"
    data = fit(f"M0 0H100{drop}", x, y, width / 100, height / 100)
    canvas.path(
        data,
        canvas.linear(
            (0, lighter(indigo, 0.12)), (0.3, indigo), (0.55, lighter(indigo, 0.16)), (1, darker(indigo, 0.25)), x2=1, y2=0
        ),
    )
    with canvas.clipped(data):
        for row in range(4):
            for column in range(2):
                _dye_flower(
                    canvas,
                    x + width * (0.28 + 0.44 * column),
                    y + height * (0.14 + 0.24 * row),
                    width * 0.15,
                    (row + column + index) % 2,
                )


def _dye_flower(canvas: Canvas, x: float, y: float, size: float, kind: int) -> None:
    pale = "#e8f0fb"
    if kind:
        for share in (1.0, 0.66, 0.32):
            canvas.ring(x, y, size * share, pale, 4, dashes="5 4", opacity=0.85)
        return
    canvas.stamp("dye flower", lambda: _petals(canvas, pale), x=x, y=y, scale=size / 100)


def _petals(canvas: Canvas, pale: str) -> None:
    for turn in range(0, 360, 60):
        canvas.add(f'<ellipse cy="-60" rx="20" ry="46" fill="{pale}" opacity=".88" transform="rotate({turn})"/>')
    canvas.circle(0, 0, 15, pale)


def color_lake(canvas: Canvas) -> None:
    """Autumn forest, turquoise pools one below the other, falls between them."""
    palette = canvas.palette
    land.sky(canvas, sun=(250, 170), radius=44)
    land.mountain_range(canvas, [(420, 130), (700, 90), (980, 170), (140, 210)], 420, palette.land(0.2), snow=0.5)
    for base, size in ((372, 60), (420, 84), (470, 108)):
        _autumn_woods(canvas, base, size)
    for index, (y, dip) in enumerate(((470, 20), (560, 26), (670, 34))):
        _pool(canvas, y, dip, index)
    plants.reeds(canvas, 0, 300, HEIGHT, 110, darker(palette.near, 0.4))
    plants.round_tree(canvas, 1110, 800, 330, palette.bloom)


def _autumn_woods(canvas: Canvas, base: float, size: float) -> None:
    rng, palette = canvas.rng, canvas.palette
    colors = [palette.leaf, palette.bloom, "#e9b93d", "#4f7d4b", "#8f3b2b", "#2f6b58"]
    x = -20.0
    while x < WIDTH + 20:
        color = mix(rng.choice(colors), palette.haze, max(0, (470 - base) / 260))
        if rng.random() < 0.45:
            plants.spruce(canvas, x, base, size * rng.uniform(1, 1.5), mix(color, "#24543f", 0.6))
        else:
            plants.round_tree(canvas, x, base, size * rng.uniform(0.8, 1.15), color)
        x += size * rng.uniform(0.24, 0.5)


def _pool(canvas: Canvas, y: float, dip: float, index: int) -> None:
    rng, (far, near) = canvas.rng, canvas.palette.water
    edge = [(x, y + dip * (0.5 - rng.random()) * 0.9) for x in range(-20, WIDTH + 60, 70)]
    color = mix(far, near, 0.25 + 0.3 * index)
    canvas.path(land.filled(edge), canvas.linear((0, lighter(color, 0.25)), (0.35, color), (1, darker(near, 0.1))))
    canvas.path(curve(edge), stroke="#f6f4e4", width=9, opacity=0.9)
    for _ in range(26):
        x = rng.uniform(0, WIDTH)
        top = land.height_at(edge, x) + 4
        canvas.rect(
            x,
            top,
            rng.uniform(6, 26),
            dip * rng.uniform(0.8, 1.5),
            canvas.linear((0, "#ffffff", 0.9), (1, "#ffffff", 0)),
            radius=3,
        )
    for _ in range(5):
        x = rng.uniform(60, WIDTH - 60)
        canvas.line([(x, y + dip + 26), (x + rng.uniform(60, 150), y + dip + rng.uniform(30, 52))], "#2d5a55", 4, opacity=0.35)


def hot_spring(canvas: Canvas) -> None:
    """A steaming pool between rocks, bamboo hills behind, a pavilion, lanterns."""
    palette = canvas.palette
    land.sky(canvas, sun=(860, 190), radius=50)
    land.hills(canvas, 300, 430, 4, height=60, nearest=0.6)
    line = land.hill(canvas, 452, 16, mix(palette.leaf, palette.near, 0.4))
    plants.forest(canvas, line, 92, mix(palette.leaf, palette.near, 0.45), gap=24)
    things.house(canvas, 880, 520, 300, 190, wall="#8a5a3c", roof=mix("#3d4650", palette.near, 0.3))
    canvas.path(
        "M-20 600Q150 500 420 520Q760 540 1240 520V820H-20Z",
        canvas.linear((0, mix(palette.near, "#8d8377", 0.6)), (1, darker(palette.near, 0.2))),
    )
    canvas.path(
        "M90 640Q180 556 470 566Q820 552 1040 604Q1180 650 1100 726Q960 800 560 792Q120 790 70 716Q52 676 90 640Z",
        canvas.linear((0, lighter(palette.water[0], 0.2)), (1, palette.water[1])),
    )
    land.ripples(canvas, 600, 16)
    for x, seat in ((430, palette.paper), (520, palette.bloom)):
        _bather(canvas, x, 668, 84, seat)
    _rocks(canvas)
    for x, y, tall in ((300, 650, 210), (700, 640, 250), (900, 690, 190)):
        things.steam(canvas, x, y, tall, color=lighter(palette.haze, 0.6))
    for x, y in ((742, 430), (1018, 430)):
        things.lantern(canvas, x, y, 24)


def _bather(canvas: Canvas, x: float, y: float, size: float, towel: str) -> None:
    canvas.path(
        fit("M-30 0q2 -30 30 -30t30 30Z", x, y, size / 100),
        "#f0c7a0",
    )
    canvas.circle(x, y - size * 0.46, size * 0.19, "#f0c7a0")
    canvas.path(
        fit("M-20 -50a20 20 0 0 1 40 0Z", x, y, size / 100),
        canvas.palette.ink,
    )
    canvas.rect(x - size * 0.15, y - size * 0.74, size * 0.3, size * 0.09, towel, radius=4)
    canvas.ellipse(x, y + 3, size * 0.46, size * 0.06, "#ffffff", opacity=0.4)


def _rocks(canvas: Canvas) -> None:
    stone = mix(canvas.palette.near, "#9b948a", 0.55)
    for x, y, size in (
        (90, 690, 92),
        (180, 770, 120),
        (1080, 690, 104),
        (1010, 780, 130),
        (360, 798, 90),
        (820, 800, 84),
        (660, 566, 40),
        (250, 586, 46),
    ):
        wide = size * canvas.rng.uniform(0.9, 1.2)
        boulder = fit("M-100 40Q-90 -40 -10 -50T100 40Z", x, y, wide / 100, size / 100)
        canvas.path(boulder, canvas.linear((0, lighter(stone, 0.25)), (1, darker(stone, 0.35))))
