"""From a record's illustration parameters to a finished picture."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from catalog.illustration.canvas import Canvas
from catalog.illustration.color import PALETTES
from catalog.illustration.scenes import SCENES

Shape = Literal["wide", "square"]

# The square is the middle of the wide picture: scenes keep what matters between x = 200 and x = 1000.
SHAPES: dict[str, str] = {"wide": "0 0 1200 800", "square": "200 0 800 800"}

# What to draw when a record names no scene: by theme, else any of the landscapes, chosen by the code.
_BY_THEME = {
    "亲子": "bamboo_hills", "蜜月": "island", "摄影": "river_bends", "徒步": "snow_peak", "美食": "hotpot",
    "康养": "hot_spring", "研学": "warriors", "海岛": "beach", "银发": "old_town", "人文": "white_walls",
}  # fmt: skip
_LANDSCAPES = ("lake", "snow_peak", "grassland", "granite", "beach", "old_town", "white_walls", "flower_rows")
_LIGHTS = ("day", "dawn", "dusk", "golden", "spring")


def settle(illustration: Mapping[str, Any], key: str, themes: Sequence[str] = ()) -> tuple[str, str]:
    """Scene and light for a record. What is missing or unknown is chosen from the themes and, evenly, from the key."""
    choice = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4])
    scene = str(illustration.get("scene", ""))
    if scene not in SCENES:
        scene = next((_BY_THEME[theme] for theme in themes if theme in _BY_THEME), _LANDSCAPES[choice % len(_LANDSCAPES)])
    light = str(illustration.get("light", ""))
    return scene, light if light in PALETTES else _LIGHTS[choice % len(_LIGHTS)]


def draw_cover(
    illustration: Mapping[str, Any], *, key: str, title: str = "", themes: Sequence[str] = (), shape: Shape = "wide"
) -> str:
    """A cover as an SVG document, 3:2 or square. Deterministic: `key` (the record's code) seeds every detail."""
    scene, light = settle(illustration, key, themes)
    canvas = Canvas(f"{key}/{scene}/{light}", PALETTES[light])
    SCENES[scene](canvas)
    return canvas.document(SHAPES[shape], title)
