"""Bamboo: a panda at home, and hills of bamboo with a farmhouse."""

from catalog.illustration import land, plants, things
from catalog.illustration.canvas import HEIGHT, WIDTH, Canvas, fit
from catalog.illustration.color import darker, lighter, mix


def panda(canvas: Canvas) -> None:
    """A panda eats among bamboo, a cub climbs beside it."""
    palette, rng = canvas.palette, canvas.rng
    _top, middle, low = palette.sky
    canvas.rect(0, 0, WIDTH, HEIGHT, canvas.linear((0, lighter(middle, 0.1)), (0.5, low), (1, mix(palette.leaf, low, 0.5))))
    land.glow(canvas, (640, 220), 470, palette.sun, 0.9)
    for depth, count in ((0.75, 22), (0.45, 15), (0.15, 9)):
        for index in range(count):
            x = WIDTH * (index + rng.uniform(0.1, 0.9)) / count
            if depth < 0.3 and 300 < x < 930:
                continue
            plants.bamboo(canvas, x, 720, -10, mix(palette.leaf, palette.haze, depth), width=9 + 14 * (1 - depth))
        land.fog(canvas, 560, 300, opacity=0.28)
    ground = land.shore(canvas, 690, 16, mix(palette.leaf, palette.near, 0.35))
    plants.flowers(canvas, ground, 70, [palette.bloom, palette.paper])
    _panda(canvas, 600, 720, 1.25)
    _panda(canvas, 860, 730, 0.62)
    plants.reeds(canvas, 0, WIDTH, 812, 60, darker(palette.leaf, 0.3), gap=16)


def _panda(canvas: Canvas, x: float, y: float, scale: float) -> None:
    black, white, shade = "#23262e", "#fdfcf7", "#dcdcd6"
    with canvas.group(transform=f"translate({x} {y}) scale({scale:g})"):
        canvas.ellipse(0, 6, 150, 20, "#1d3a2a", opacity=0.35)
        canvas.path("M-112 0C-136 -110 -90 -190 0 -192C90 -190 136 -110 112 0Z", canvas.linear((0, white), (1, shade)))
        canvas.path(
            "M-104 -128C-60 -160 60 -160 104 -128C112 -92 100 -78 84 -76Q0 -96 -84 -76C-100 -78 -112 -92 -104 -128Z", black
        )
        for side in (-1, 1):
            canvas.path(
                f"M{side * 60} 4C{side * 40} -40 {side * 130} -60 {side * 142} -12C{side * 140} 10 {side * 80} 14 {side * 60} 4Z",
                black,
            )
            canvas.ellipse(side * 116, -20, 19, 24, "#4a4d55")
            canvas.circle(side * 66, -292, 30, black)
            canvas.circle(side * 66, -290, 13, "#4a4d55")
        canvas.ellipse(0, -226, 98, 84, canvas.linear((0, white), (1, shade)))
        for side in (-1, 1):
            turn = f"rotate({side * 24} {side * 38} -230)"
            canvas.add(f'<ellipse cx="{side * 38}" cy="-230" rx="20" ry="27" fill="{black}" transform="{turn}"/>')
            canvas.circle(side * 35, -234, 8, "#ffffff")
            canvas.circle(side * 34, -233, 5, "#0e0f13")
            canvas.circle(side * 62, -196, 13, "#f6b6ae", opacity=0.6)
        canvas.ellipse(0, -204, 14, 9, black)
        canvas.path("M-16 -186Q0 -172 16 -186M0 -196V-184", stroke=black, width=4)
        canvas.path("M-26 -104L92 -176", stroke="#6fae4a", width=15)
        canvas.path("M-26 -104L92 -176", stroke="#93cc68", width=5)
        for step in (20, 50, 80):
            plants.leaves(canvas, step, -132 - step * 0.42, 1, 44, "#5fa043")
        canvas.path("M-96 -118C-70 -60 -30 -70 6 -104C14 -118 2 -134 -14 -128C-40 -110 -56 -122 -70 -146Z", black)
        canvas.path("M98 -124C100 -84 76 -92 46 -126C36 -140 48 -154 62 -146C74 -136 84 -136 92 -146Z", black)


def bamboo_hills(canvas: Canvas) -> None:
    """Hills of bamboo, a farmhouse with a field, children with a kite."""
    palette = canvas.palette
    land.sky(canvas, sun=(300, 190))
    land.clouds(canvas, 4, 90, 230)
    land.hills(canvas, 300, 380, 3, height=60, nearest=0.4)
    for base, depth, size in ((400, 0.45, 60), (460, 0.25, 84), (520, 0.05, 104)):
        _feathered(canvas, base, mix(palette.leaf, palette.far, depth), size)
    land.fog(canvas, 500, 120, opacity=0.35)
    field = land.shore(canvas, 600, 20, lighter(palette.leaf, 0.16))
    things.house(canvas, 860, 622, 290, 200, wall="#e9dcc4", roof=mix("#59534c", palette.near, 0.2))
    things.house(canvas, 1050, 630, 180, 140, wall="#c9a47a", roof=mix("#59534c", palette.near, 0.2))
    _vegetables(canvas)
    things.path_strip(canvas, (620, 812, 60), (850, 624, 12), "#e3cfa2", bend=-30)
    for x, y, size, color in ((430, 716, 96, palette.bloom), (500, 726, 86, "#3f8fb0"), (700, 716, 132, "#c8473a")):
        things.person(canvas, x, y, size, color, hat=size > 100)
    for x in (250, 300, 350):
        things.sheep(canvas, x, 690 + (x % 7) * 3, 44)
    _kite(canvas, 560, 220, (430, 660))
    plants.flowers(canvas, field, 60, [palette.bloom, palette.paper], depth=200)


def _feathered(canvas: Canvas, base: float, color: str, size: float) -> None:
    rng = canvas.rng
    line = land.hill(canvas, base, 44, color, waves=1.6, fade=0.25)
    x = -20.0
    while x < WIDTH + 20:
        y, tall = land.height_at(line, x) + 8, size * rng.uniform(0.7, 1.1)
        tone = mix(color, rng.choice([lighter(color, 0.25), darker(color, 0.22)]), 0.7)
        canvas.path(fit("M0 0q-30 -50 14 -100q30 42 -2 100Z", x, y, tall / 100), tone)
        x += size * rng.uniform(0.18, 0.34)


def _vegetables(canvas: Canvas) -> None:
    soil = "#9c7650"
    for row in range(4):
        y = 664 + row * 34
        canvas.path(f"M{60 - row * 24} {y}h{300 - row * 6}l-10 {14 + row * 2}h{-300 + row * 4}Z", soil, opacity=0.75)
        for index in range(9):
            plants.leaves(canvas, 74 - row * 22 + index * 32, y + 4, 1 if index % 2 else -1, 15 + row * 2, "#6fb04e")


def _kite(canvas: Canvas, x: float, y: float, hand: tuple[float, float]) -> None:
    canvas.path(f"M{x} {y + 46}Q{x - 10} {y + 260} {hand[0] + 20} {hand[1]}", stroke="#ffffff", width=2, opacity=0.85)
    canvas.polygon([(x, y - 56), (x + 40, y), (x, y + 56), (x - 40, y)], "#e2573f")
    canvas.polygon([(x, y - 56), (x + 40, y), (x, y)], "#ffb74a")
    canvas.polygon([(x, y + 56), (x - 40, y), (x, y)], "#ffb74a")
    canvas.path(f"M{x} {y + 56}q26 34 0 60t0 56", stroke="#e2573f", width=5)
