"""Places in a message, from a gazetteer written for the project (data/places.txt)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from messaging.understanding.text import Span

_FILE = Path(__file__).resolve().parent / "data" / "places.txt"
# Continuations that make a place's name part of something else: 中山装, 大理石, 黄山路, 北京时间.
_NOT_AFTER = {
    "大理": "石想由", "中山": "装", "白山": "黑", "东方": "", "长海": "", "沙湖": "", "石林": "", "红海": "滩", "红河": "", "黄石": "公",
    "南大": "街门", "中大": "奖", "山大": "", "重大": "", "九州": "", "香山": "", "巴斯": "", "科隆": "", "海西": "", "海东": "", "东山": "再", "高山": "流反", "大同": "小", "法国": "", "安康": "",
}  # fmt: skip
# Names that are also common words: taken only where a verb of going or a mark stands beside them.
_SHY = frozenset(
    "东山 高山 石林 长海 千山 盘山 恒山 海东 海西 海北 安康 白山 黄石 大城 边城 沙湖 古田 江湾 香山 南山 白云山 利马 新县 东兴 三江 大长海 巴斯 科隆 大峡谷 方特 东湖 个园 何园 枣园 栈桥 钟楼 鼓楼 孔庙 西街 绿岛 红海 牛津 剑桥 山南 长城 海洋馆 江陵 沙坝 重大 中大 山大 南大 海大 湖大 郑大 兰大 云大 集大 人大 城墙 三河 东港 北京路 798 鼓山 断桥 九溪 海河 新宿 浅草 太古里".split()
)
# Provinces that are one city.
_CITIES = frozenset("北京 上海 天津 重庆 香港 澳门 武夷山 黄山".split())
_TITLES = re.compile(
    r"^(?:菜|话|人(?!均|数|民)|时间|路|大学城|烤鸭|火锅|小面|牛肉面|拉面|啤酒|银行|饭店|大厦|酒店|户口|身份证|护照|话|腔|普通话|妹子|姑娘|小伙)"
)


@dataclass(frozen=True)
class Place:
    """One entry of the gazetteer; `within` is the name of the place it lies in."""

    name: str
    kind: str
    within: str


@dataclass(frozen=True)
class Mention:
    """A place where it stands in a text. `names` are more than one for words such as 苏杭."""

    span: Span
    places: tuple[Place, ...]

    @property
    def place(self) -> Place:
        """The place, or the first of several."""
        return self.places[0]


@dataclass(frozen=True)
class Gazetteer:
    """Names and other forms to places; the length of the longest name."""

    by_form: dict[str, tuple[Place, ...]]
    by_name: dict[str, Place]
    longest: int

    def mentions(self, text: str) -> list[Mention]:
        """The places of a plain text, longest name first, left to right."""
        return list(self._scan(text))

    def _scan(self, text: str) -> Iterator[Mention]:
        position = 0
        while position < len(text):
            form = self._at(text, position)
            if form is None:
                position += 1
                continue
            end = position + len(form)
            if not _TITLES.match(text[end : end + 5]):
                yield Mention(Span(position, end), self.by_form[form])
            position = end

    def _at(self, text: str, position: int) -> str | None:
        for size in range(min(self.longest, len(text) - position), 1, -1):
            form = text[position : position + size]
            if form in self.by_form and self._stands(text, position, form):
                return form
        return None

    def _stands(self, text: str, position: int, form: str) -> bool:
        after = text[position + len(form) : position + len(form) + 1]
        if after and after in _NOT_AFTER.get(form, ""):
            return False
        if form not in _SHY:
            return True
        before = text[max(0, position - 1) : position]
        return not before or before in "去到玩看逛游飞从在爬和、，,跟与及 回登上往奔"

    def city_of(self, place: Place) -> Place:
        """The city a sight stands in (武汉大学: 武汉); the place itself where it is no sight or its city is not known."""
        home = self.by_name.get(place.within)
        return home if place.kind == "spot" and home is not None and (home.kind == "city" or home.name in _CITIES) else place

    def inside(self, place: Place, region: str) -> bool:
        """Whether a place lies in a region, at any depth."""
        seen = 0
        current: Place | None = place
        while current is not None and seen < 5:
            if current.within == region:
                return True
            current, seen = self.by_name.get(current.within), seen + 1
        return False


@lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    """The gazetteer of this process, read at its first use."""
    by_form: dict[str, tuple[Place, ...]] = {}
    by_name: dict[str, Place] = {}
    bundles: list[tuple[str, list[str]]] = []
    rows = [line.split() for line in _FILE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    # A sight listed under its province may lie in a city of it: `lies` rows say which.
    closer = {name: row[1] for row in rows if row[0] == "lies" for name in row[2:]}
    for kind, *rest in rows:
        if kind == "lies":
            continue
        if kind == "bundle":
            bundles += [(form, names.split("、")) for form, names in (entry.split("=") for entry in rest)]
            continue
        for entry in rest[1:]:
            name, *others = entry.split("=")
            place = Place(name, kind, closer.get(name, rest[0]))
            by_name.setdefault(name, place)
            for form in (name, *others):
                by_form.setdefault(form, (place,))
    for form, names in bundles:
        by_form[form] = tuple(by_name[name] for name in names)
    return Gazetteer(by_form, by_name, max(map(len, by_form)))
