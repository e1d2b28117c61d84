"""A resource's name taken apart: chain, branch, what the thing is, what is left."""

import dataclasses
import functools
import re
import unicodedata

from catalog.matching.brands import brand_in

_BRACKET = re.compile(r"[(【\[「『](.*?)[)】\]」』]")
_FORMER = re.compile(r"^(?:原|曾用名|旧名|现名|更名)[::]?")
_TRADITIONAL = str.maketrans(
    "麗飯館賓樓東門廣場國際車長區縣陽龍華蘇灣陸廟閣關橋島鎮園觀鐵會雲濱漢濟寶鳳貴葉岡臺萬壩瀘羅農電視體藝術醫學風馬鳥魚",
    "丽饭馆宾楼东门广场国际车长区县阳龙华苏湾陆庙阁关桥岛镇园观铁会云滨汉济宝凤贵叶冈台万坝泸罗农电视体艺术医学风马鸟鱼",
)
# What a thing is; kinds that never mean the same stand in different groups.
_SORTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("apartment", ("酒店式公寓", "服务公寓", "行政公寓", "公寓")),
    ("hostel", ("青年旅舍", "国际青年旅舍", "青旅", "胶囊")),
    ("homestay", ("民宿", "客栈", "别院", "小院", "四合院", "农家院", "帐篷", "营地", "毡房")),
    ("resort", ("度假村", "度假酒店", "度假区酒店", "温泉酒店", "山庄")),
    ("hotel", ("大酒店", "酒店", "大饭店", "饭店", "宾馆", "旅馆", "旅店", "旅社", "大厦", "招待所", "hotel", "inn")),
)
_CLOSE_SORTS = frozenset({frozenset({"hotel", "resort"}), frozenset({"homestay", "hostel"}), frozenset({"homestay", "resort"})})
_FILLERS = (
    "快捷连锁", "连锁", "快捷", "风景名胜区", "风景旅游区", "旅游度假区", "旅游景区", "旅游区", "风景区", "名胜区", "景区",
    "景点", "门票", "成人票", "大门票", "总店", "旗舰店", "有限公司",
)  # fmt: skip
_WORDS = re.compile("大?(酒店|饭店|宾馆|旅馆|旅店|大厦|招待所|客栈|民宿|公寓)")
_BRANCH_END = re.compile(r"(?:地铁站|高铁站|火车站|轻轨站)?(?:连锁)?(?:分店|旗舰店|总店|(?:度假)?大?(?:酒店|饭店)|店)$")
_ORDINAL = re.compile(r"([一二三四五六七八九十\d]{1,2})(?:号)?(?:分)?店|([a-d一二三四五六七八九\d])(?:座|栋|幢|期|号楼|区)")
_DIRECTION = re.compile(r"[东南西北](?=门|站|广场|路|口|街|区|店|院|侧|$)")
_NUMERALS = {"一": "1", "二": "2", "三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8", "九": "9", "十": "10"}
_ANNEX = re.compile(r"贵宾楼|副楼|别墅|新楼|老楼|东楼|西楼|南楼|北楼|[东西南北]区|旧址|分馆|新馆|旧馆")


@dataclasses.dataclass(frozen=True)
class Traits:
    """A name's parts. `whole` is the name without city, brackets and fillers; `branch` tells branches of a chain apart;
    `marks` are the ordinals, directions and annexes that make two similar names two things. `line` is what a chain's name has
    besides (如家派柏云: 派柏云), where the branch stands in brackets."""

    folded: str
    whole: str
    brand: str
    branch: str
    sort: str
    marks: frozenset[str]

    has_city: bool = False
    line: str = ""

    @property
    def is_distinct(self) -> bool:
        """Whether the name alone can tell the thing from others of its city: a chain without a branch cannot, nor two
        characters that many houses share (湖景, 阳光), unless the city stands before them as in a registered name."""
        if self.brand or self.branch:
            return bool(self.branch)
        return len(self.whole) >= 3 or (self.has_city and len(self.whole) >= 2)


def folded(text: str) -> str:
    """Half width, lower case, simplified, without spaces and dots."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_TRADITIONAL)
    return re.sub(r"[\s·•・.,，。、\-–—_'’\"“”|/&]+", "", plain)


@functools.lru_cache(maxsize=65_536)
def traits(name: str, city: str = "", kind: str = "hotel") -> Traits:
    """The parts of a name in its city."""
    text = folded(name)
    inside = [part for part in _BRACKET.findall(text) if part and not _FORMER.match(part)]
    outside = _BRACKET.sub("", text)
    brand, spelling = brand_in(text, kind)
    sort = _sort(outside + "".join(inside), spelling) if kind == "hotel" else ""
    rest = _without_city(outside.replace(spelling, "", 1) if brand else outside, city)
    branch = _branch(inside, rest, city, brand)
    whole = _stem(_without_city(outside, city), kind)
    has_city = bool(city) and text.startswith(folded(city))
    line = _line(rest) if brand and inside and branch else ""
    return Traits(text, whole or outside, brand, branch, sort, _marks(outside, inside), has_city, line)


def _without_city(text: str, city: str) -> str:
    plain = re.sub(r"^[一-鿿]{2,3}省", "", text)
    if not city:
        return plain
    city = folded(city)
    return re.sub(rf"^{re.escape(city)}(?:市|[一-鿿]{{1,3}}(?:区|县)(?=[一-鿿]{{2}}))?", "", plain) or plain


def _stem(text: str, kind: str) -> str:
    """A name without the words every name of its kind has."""
    words = [*_FILLERS, *(word for _sort, group in _SORTS for word in group)] if kind == "hotel" else list(_FILLERS)
    for word in sorted(words, key=len, reverse=True):
        shorter = text.replace(word, "")
        text = shorter if len(shorter) >= 2 else text
    return text


def _sort(text: str, spelling: str) -> str:
    for sort, words in _SORTS:
        if any(word in text for word in words):
            return sort
    return "hotel" if spelling else ""


def words_differ(one: str, other: str) -> bool:
    """Whether two folded names call themselves differently (友谊宾馆 and 友谊饭店 may be two houses of one city)."""
    first, second = set(_WORDS.findall(one)), set(_WORDS.findall(other))
    return bool(first and second and not first & second)


def sorts_differ(one: str, other: str) -> bool:
    """Whether two kinds of lodging cannot be the same house: an apartment is no hotel, a homestay no hotel."""
    return bool(one and other and one != other and frozenset({one, other}) not in _CLOSE_SORTS)


def _branch(inside: list[str], rest: str, city: str, brand: str) -> str:
    """What tells a branch: the bracket's text, else what stands around the chain's name."""
    told = inside if brand else [part for part in inside if part.endswith("店")]
    said = _BRANCH_END.sub("", "".join(_without_city(part, city) for part in told))
    if said and said != folded(city):
        return said
    if not brand:
        return ""
    around = _stem(_BRANCH_END.sub("", rest), "hotel")
    return around if len(around) >= 2 else ""


def _line(rest: str) -> str:
    plain = _WORDS.sub("", rest)
    for word in _FILLERS:
        plain = plain.replace(word, "")
    return plain.removesuffix("店")


def _marks(outside: str, inside: list[str]) -> frozenset[str]:
    found: set[str] = set()
    for part in (outside, *inside):
        for match in _ORDINAL.finditer(part):
            number = match[1] or match[2]
            found.add("no" + _NUMERALS.get(number, number))
        found |= {"annex" + word for word in _ANNEX.findall(part)}
        found |= {"to" + word for word in _DIRECTION.findall(part)}
    return frozenset(found - {"no1"})


def dice(one: str, other: str) -> float:
    """How alike two texts are, from 0 to 1: shared pairs of neighbouring characters."""
    if one == other:
        return 1.0 if one else 0.0
    if len(one) < 2 or len(other) < 2:
        return 0.0
    first, second = _pairs(one), _pairs(other)
    return 2 * len(first & second) / (len(first) + len(second))


@functools.lru_cache(maxsize=65_536)
def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[at : at + 2] for at in range(len(text) - 1))


def likeness(one: str, other: str) -> float:
    """Like `dice`, and 0.85 where one text stands inside the other (at least two characters)."""
    short, long = sorted((one, other), key=len)
    inside = len(short) >= 2 and short in long
    return max(dice(one, other), 0.85 if inside and short != long else 0.0)
