"""Open country: grassland with felt tents, a river in bends, rows of flowers."""

from catalog.illustration import land, plants, things
from catalog.illustration.canvas import HEIGHT, WIDTH, Canvas, bow
from catalog.illustration.color import darker, lighter, mix


def _snow_horizon(canvas: Canvas, base: float) -> None:
    rng = canvas.rng
    tops = [(x + rng.uniform(-40, 40), rng.uniform(200, 320)) for x in range(20, WIDTH + 20, 130)]
    land.mountain_range(canvas, tops, base, canvas.palette.land(0.22), snow=0.5, steep=1.15)


def grassland(canvas: Canvas) -> None:
    """Rolling meadows, spruces in the folds, felt tents, horses and sheep."""
    palette, rng = canvas.palette, canvas.rng
    land.sky(canvas, sun=(300, 180))
    land.clouds(canvas, 5, 90, 230)
    _snow_horizon(canvas, 440)
    green = palette.leaf
    line = land.hill(canvas, 430, 34, mix(green, palette.far, 0.5))
    plants.forest(canvas, line, 54, mix("#2f5a48", palette.far, 0.3), gap=20, left=560, right=1100)
    line = land.hill(canvas, 500, 38, mix(green, palette.far, 0.22), fade=0.2)
    plants.forest(canvas, line, 76, mix("#2a5844", palette.near, 0.2), gap=26, left=-10, right=330)
    meadow = land.hill(canvas, 590, 30, lighter(green, 0.06), fade=0.05)
    for x, size in ((760, 62), (910, 84), (1070, 58)):
        things.yurt(canvas, x, land.height_at(meadow, x) + 30, size)
    things.steam(canvas, 912, land.height_at(meadow, 912) - 66, 90, count=1)
    for _ in range(13):
        left = rng.uniform(120, 640)
        things.sheep(canvas, left, land.height_at(meadow, left) + rng.uniform(16, 66), 34)
    front = land.shore(canvas, 712, 22, darker(green, 0.06))
    plants.flowers(canvas, front, 190, [palette.bloom, palette.paper, "#b88ae0", "#f7d154"])
    things.horse(canvas, 360, 740, 170, "#8a5a3c")
    things.horse(canvas, 190, 726, 120, "#e2d3ba", facing=-1)
    things.person(canvas, 560, 762, 128, "#c8473a", hat=True)
    things.person(canvas, 622, 764, 88, palette.bloom)


def river_bends(canvas: Canvas) -> None:
    """A river that winds nine times over the plain towards the setting sun."""
    palette = canvas.palette
    land.sky(canvas, sun=(640, 300), radius=60)
    land.clouds(canvas, 6, 110, 290)
    _snow_horizon(canvas, 400)
    green = mix(palette.leaf, palette.near, 0.35)
    canvas.rect(
        -10, 392, WIDTH + 20, 420, canvas.linear((0, mix(green, palette.haze, 0.55)), (0.4, green), (1, darker(green, 0.4)))
    )
    for index, y in enumerate((430, 480, 550, 640)):
        land.hill(canvas, y, 10 + 5 * index, mix(green, darker(green, 0.35), 0.3 + 0.15 * index), waves=1.2, fade=0.12)
    bends = (
        "M636 396C760 404 760 416 600 424S380 446 640 458S960 486 640 508S200 548 560 584S1160 640 760 690S60 730 180 820H560"
        "C520 770 860 760 1010 720S1240 640 860 596S420 548 700 520S1040 480 690 450S470 440 640 428S800 404 652 396Z"
    )
    canvas.path(
        bends, canvas.linear((0, palette.sun), (0.25, palette.water[0]), (1, mix(palette.water[0], palette.water[1], 0.45)))
    )
    land.glow(canvas, (640, 420), 260, palette.sun, 0.7)
    for x, y, radius in ((610, 428, 7), (500, 446, 8), (860, 480, 10), (420, 546, 13), (960, 630, 17), (300, 740, 22)):
        land.glow(canvas, (x, y), radius * 4, palette.sun, 0.8)
        canvas.ellipse(x, y, radius, radius * 0.5, "#fffbe6", opacity=0.95)
    line = land.shore(canvas, 772, 18, darker(green, 0.5), tilt=-20)
    plants.reeds(canvas, 640, WIDTH, 812, 110, darker(green, 0.75))
    things.person(canvas, 1010, land.height_at(line, 1010) + 4, 120, palette.bloom, pack=palette.ink)
    _tripod(canvas, 1062, land.height_at(line, 1062) + 4, 100)
    plants.birds(canvas, 360, 220, 7)


def _tripod(canvas: Canvas, x: float, y: float, size: float) -> None:
    ink = canvas.palette.ink
    for dx in (-0.24, 0, 0.24):
        canvas.line([(x, y - size * 0.72), (x + dx * size, y)], ink, 4)
    canvas.rect(x - size * 0.16, y - size * 0.92, size * 0.3, size * 0.2, ink, radius=3)
    canvas.rect(x - size * 0.34, y - size * 0.88, size * 0.2, size * 0.12, ink)


def flower_rows(canvas: Canvas) -> None:
    """Rows of lavender that run to the mountains, one tree, two people."""
    palette, rng = canvas.palette, canvas.rng
    land.sky(canvas, sun=(830, 220))
    land.clouds(canvas, 5, 90, 250)
    _snow_horizon(canvas, 450)
    line = land.hill(canvas, 440, 18, mix(palette.leaf, palette.far, 0.35))
    plants.forest(canvas, line, 44, mix(palette.leaf, palette.near, 0.4), gap=18)
    canvas.rect(-10, 450, WIDTH + 20, 360, mix(palette.leaf, palette.near, 0.25))
    for index in range(-9, 10):
        _row(canvas, index)
    for _ in range(160):
        depth = rng.random() ** 0.8
        y = 470 + 320 * depth
        canvas.circle(rng.uniform(0, WIDTH), y, 1.5 + 5 * depth, lighter(palette.bloom, rng.uniform(0.2, 0.6)), opacity=0.85)
    plants.round_tree(canvas, 300, 480, 190, palette.leaf)
    things.person(canvas, 640, 690, 120, palette.paper, hat=True)
    things.person(canvas, 706, 694, 124, "#f2b84b")


def _row(canvas: Canvas, index: int) -> None:
    palette = canvas.palette
    far, near = 640 + index * 34, 640 + index * 190
    color = mix(palette.bloom, palette.near, 0.12 if index % 2 else 0)
    middle = (far + near) / 2
    data = f"{bow((far - 8, 456), (middle - 30, 560), (near - 70, HEIGHT + 10))}H{near + 70}Q{middle + 30:.0f} 560 {far + 8} 456Z"
    canvas.path(data, canvas.linear((0, mix(color, palette.haze, 0.4)), (0.4, color), (1, darker(color, 0.2))))
    for step in range(9):
        share = (step + 1) / 9
        x, y = far + (near - far) * share**1.5, 456 + 350 * share**1.3
        canvas.ellipse(x, y, 6 + 52 * share, 4 + 20 * share, lighter(color, 0.12), opacity=0.75)
