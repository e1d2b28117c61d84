"""Colours: mixing, and the palettes that give a scene its hour and season."""

import dataclasses


def mix(first: str, second: str, share: float) -> str:
    """A colour between two "#rrggbb"; `share` 0 is the first, 1 the second."""
    one, two = (bytes.fromhex(color.removeprefix("#")) for color in (first, second))
    return "#" + bytes(round(a + (b - a) * share) for a, b in zip(one, two, strict=True)).hex()


def lighter(color: str, share: float) -> str:
    """The colour moved towards white."""
    return mix(color, "#ffffff", share)


def darker(color: str, share: float) -> str:
    """The colour moved towards a deep blue black, as shadows are."""
    return mix(color, "#0d1230", share)


@dataclasses.dataclass(frozen=True)
class Palette:
    """One light. `sky` runs downwards; `far` and `near` are the ends between which land is mixed.

    `leaf` is foliage, `bloom` flowers and other bright things, `ink` silhouettes, `paper` what is white in daylight,
    `lamp` lit windows and lanterns, `water` runs from the far shore to the near one.
    """

    sky: tuple[str, str, str]
    sun: str
    haze: str
    far: str
    near: str
    water: tuple[str, str]
    leaf: str
    bloom: str
    ink: str
    paper: str
    lamp: str
    dark: bool = False

    def land(self, depth: float) -> str:
        """The colour of land at a depth: 0 is the horizon, 1 the foreground."""
        return mix(self.far, self.near, depth)


PALETTES: dict[str, Palette] = {
    "day": Palette(
        ("#4fa3e0", "#9fd2f2", "#eaf6f4"), "#fff6d8", "#e3f1f5", "#a9cbe0", "#2f6f6b", ("#a8dcea", "#1f7fa8"),
        "#3f8f5f", "#f2b84b", "#173f4a", "#fdfbf4", "#ffd27a",
    ),
    "dawn": Palette(
        ("#6f8fd0", "#f2b8b5", "#fde3c4"), "#fff1cf", "#fbdcd0", "#d3b3cf", "#3c4b7d", ("#f3c9bf", "#55699f"),
        "#54709a", "#f08a6b", "#2a2f5a", "#fff4ea", "#ffcf86",
    ),
    "dusk": Palette(
        ("#2b3a73", "#c8598a", "#ffb066"), "#ffe2a1", "#f59a7c", "#b2648f", "#262650", ("#f09a77", "#37356b"),
        "#35406b", "#ff8a5c", "#191a3c", "#ffe9d2", "#ffd37d",
    ),
    "golden": Palette(
        ("#f0a24f", "#f9cf86", "#fff0cb"), "#fffae6", "#fbe3b0", "#dfb984", "#6b4a35", ("#f7d79b", "#a4713f"),
        "#a8813d", "#e2572f", "#43281f", "#fff8e6", "#ffdc7c",
    ),
    "night": Palette(
        ("#0b1740", "#20356f", "#4a5f9c"), "#fdf3cf", "#5468a3", "#3d5190", "#0c1533", ("#33498a", "#0b1638"),
        "#1b3358", "#ff9a5a", "#070d22", "#c9d2ee", "#ffc765", dark=True,
    ),
    "mist": Palette(
        ("#c9d8dc", "#e4ebe8", "#f7f4ea"), "#fffaf0", "#f0f1ea", "#c4d0cf", "#38504f", ("#dfe7e4", "#8fa9a8"),
        "#54766a", "#d98a5b", "#22393a", "#fbfaf4", "#ffd591",
    ),
    "autumn": Palette(
        ("#5c93c9", "#b9d8ea", "#fbeecf"), "#fff4d2", "#efe4cd", "#c3b7a8", "#6d3f2b", ("#74d0cf", "#0f6f86"),
        "#d98a2b", "#c8442b", "#3c2420", "#fff8ea", "#ffd27a",
    ),
    "spring": Palette(
        ("#79b8e6", "#c4e4ee", "#fdf3e0"), "#fff8de", "#eef3e6", "#b7d3cf", "#3f7f5c", ("#bfe5e4", "#4c9fb0"),
        "#6aa84f", "#ef7f9c", "#24483f", "#fffdf7", "#ffd98a",
    ),
    "tropic": Palette(
        ("#2aa7df", "#85d7ee", "#e9f9ee"), "#fffbe0", "#d9f3ee", "#8fd0d6", "#1c6f66", ("#8fe8df", "#0b87b0"),
        "#2a9362", "#ff7a59", "#0e4450", "#fffdf2", "#ffd27a",
    ),
    "violet": Palette(
        ("#5d7fd6", "#b9b4ec", "#fbdfe2"), "#fff4dc", "#ead9ee", "#a99fd4", "#4b3f86", ("#c9bfee", "#5a5aa8"),
        "#5f7f63", "#9a6fd0", "#2a2457", "#fdf8ff", "#ffd49a",
    ),
    "jade": Palette(
        ("#8fc7b8", "#cfe8d8", "#f6f5df"), "#fffbe4", "#e5f0dd", "#a8cdb6", "#1f5a48", ("#b9e3d3", "#2f8577"),
        "#3c8a57", "#f0a34c", "#123a33", "#fdfdf3", "#ffdb8f",
    ),
    "ember": Palette(
        ("#2a1430", "#7b2336", "#d9603b"), "#ffd79a", "#b8513f", "#7d3140", "#2a1226", ("#b54f3f", "#35142c"),
        "#5a2a35", "#ff6a3d", "#1b0a1a", "#ffe8cf", "#ffc765", dark=True,
    ),
}  # fmt: skip
