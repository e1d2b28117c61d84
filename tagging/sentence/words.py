"""The agency's own words that a sentence may use."""

import dataclasses
from collections.abc import Mapping, Sequence


@dataclasses.dataclass(frozen=True)
class Words:
    """Names as people say them -> what a condition calls them."""

    themes: Sequence[str] = ()
    destinations: Mapping[str, str] = dataclasses.field(default_factory=dict)
    cities: Sequence[str] = ()
    sources: Sequence[str] = ()
    tags: Mapping[str, int] = dataclasses.field(default_factory=dict)
    segments: Mapping[str, int] = dataclasses.field(default_factory=dict)
    stages: Mapping[str, str] = dataclasses.field(default_factory=dict)
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)


# What travellers call a theme besides its own name.
ALIKE = {
    "亲子": ("亲子游", "带娃", "遛娃", "带孩子玩", "家庭游"), "海岛": ("海边", "海岛游", "海滩", "沙滩"),
    "蜜月": ("蜜月游", "度蜜月"),
    "银发": ("老年", "夕阳红", "爸妈", "父母游"), "徒步": ("登山", "爬山", "户外", "探险"), "康养": ("温泉", "疗养", "泡汤"),
    "研学": ("游学", "夏令营"), "人文": ("古迹", "历史", "博物馆", "文化"), "滑雪": ("冰雪", "雪场"), "露营": ("自驾露营",),
    "美食": ("吃货",), "摄影": ("旅拍", "拍照"),
}  # fmt: skip


def named(text: str, names: Sequence[str]) -> list[str]:
    """The names that occur in a text, longest first, none inside another."""
    found: list[str] = []
    rest = text
    for name in sorted((one for one in names if one), key=len, reverse=True):
        if name in rest:
            found.append(name)
            rest = rest.replace(name, "□")
    return [name for name in names if name in found]


def themes_in(text: str, words: Words) -> list[str]:
    """The catalogue's themes that a text mentions, by their names or by what people call them."""
    spoken = {alias: theme for theme in words.themes for alias in (theme, *ALIKE.get(theme, ()))}
    return list(dict.fromkeys(spoken[alias] for alias in named(text, list(spoken))))
