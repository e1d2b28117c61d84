"""Words of the sentences: numbers, clocks, amounts, polarity, and the names and types of a city."""

import functools
import re
from collections.abc import Container, Iterable

from itinerary.planner.world import City

_DIGITS = {"一": 1, "二": 2, "两": 2, "俩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_AGAINST = re.compile(
    r"不希望|不想|不要|不愿|不去|不坐|不吃|不住|不能|别|避免|拒绝|排除|不喜欢|不考虑|不安排|谢绝|无需|不打算|讨厌"
)
_ONE_OF = re.compile(r"之一|或者?|任选|任意|其中一")
_CATEGORIES = (
    ("innercity", r"城市内|市内|市区交通|本地交通|当地交通|城内"),
    ("intercity", r"跨城|城际|往返|来回|大交通|车票|机票|城市间"),
    ("restaurant", r"用餐|餐饮|吃饭|吃|餐|伙食|美食"),
    ("accommodation", r"住宿|酒店|住|宾馆|房费|房"),
    ("attraction", r"游览|景点|门票|景区"),
    ("innercity", r"出行|交通"),
)
_TYPE_WORDS = {
    "自然景观": "自然风光", "自然风景": "自然风光", "大学": "大学校园", "高校": "大学校园", "商业街": "商业街区",
    "购物街": "商业街区", "红色旅游": "红色景点", "古迹": "历史古迹", "名胜古迹": "历史古迹",
    "主题乐园": "游乐园/体育娱乐", "乐园": "游乐园/体育娱乐", "日料": "日本料理", "日式料理": "日本料理",
    "日餐": "日本料理", "韩餐": "韩国料理", "韩料": "韩国料理", "咖啡": "咖啡店", "甜品": "面包甜点",
    "甜点": "面包甜点", "面包": "面包甜点", "茶馆": "茶馆/茶室", "快餐": "快餐简餐", "江浙": "江浙菜",
    "海鲜大餐": "海鲜", "健身房": "健身室", "游泳池": "泳池", "免费停车场": "免费停车", "江景房": "江河景房",
    "健身": "健身室", "亲子房": "家庭房", "spa": "SPA", "水疗": "SPA", "自助洗衣": "洗衣房", "窗外美景": "窗外好景",
    "夜景": "动人夜景", "位置好": "位置超好", "宠物": "宠物友好",
}  # fmt: skip


def chinese_number(text: str) -> int:
    """12 for "十二", 3 for "三" or "3"."""
    if text.isdigit():
        return int(text)
    if "十" in text:
        tens, _ten, ones = text.partition("十")
        return _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)
    return _DIGITS.get(text[:1], 1)


def clock_of(text: str) -> str:
    """ "08:30" for "8:30" or "8点半"."""
    hours, _sep, rest = re.sub("[点时：]", ":", text).partition(":")
    return f"{int(hours):02d}:{30 if rest == '半' else int(rest or 0):02d}"


def minutes_said(text: str) -> int:
    """The length in a clause, in minutes; 0 for none."""
    found = re.search(r"(\d+(?:\.\d+)?|[一二两三四五六七八九十]+个?半?)\s*个?(小时|钟头|分钟)", text)
    if not found:
        return 0
    word = found[1]
    number = float(word) if word[0].isdigit() else chinese_number(word) + (0.5 if "半" in word else 0)
    return round(number * (1 if found[2] == "分钟" else 60))


def amount(text: str) -> float | None:
    """The yuan a clause speaks of; None when it is about no money."""
    if not re.search(r"预算|元|块|费用|花费|人民币|不超过\d|以内|价格|¥|￥", text):
        return None
    found = re.search(
        r"(\d+(?:,\d{3})*(?:\.\d+)?)(?![\d.])\s*(万|千(?!米)|[kK](?!m))?(?!\s*(?:千米|公里|天|人(?!民)|间|晚|米|点|小时|分钟|[:：]))",
        text,
    )
    if not found:
        return None
    scale = {"万": 10_000, "千": 1000, "k": 1000, "K": 1000}.get(found[2] or "", 1)
    return float(found[1].replace(",", "")) * scale


def category(text: str) -> str:
    """What a budget is for; the whole trip when nothing else is named."""
    if re.search(r"总预算|总共|总费用|全程|总花费|旅行上", text):
        return "total"
    return next((what for what, pattern in _CATEGORIES if re.search(pattern, text)), "total")


def against(text: str) -> bool:
    """Whether a clause is against what it names."""
    return bool(_AGAINST.search(text))


def one_of(text: str) -> bool:
    """Whether one of the items is enough."""
    return bool(_ONE_OF.search(text))


def modes_in(text: str) -> frozenset[str]:
    """Modes inside the city that a clause names."""
    words = {"taxi": r"taxi|打车|出租车|打的|网约车", "metro": r"metro|地铁|轨道交通", "walk": r"walk|步行|走路|徒步"}
    return frozenset(mode for mode, pattern in words.items() if re.search(pattern, text))


class Lexicon:
    """The names and types of one city."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.names: dict[str, Container[str]] = {
            "attraction": city.attractions,
            "restaurant": city.restaurants,
            "accommodation": city.hotels,
        }
        self.types = {
            "attraction": _aliases(sight.kind for sight in city.attractions.values()),
            "restaurant": _aliases(place.cuisine for place in city.restaurants.values()),
            "accommodation": _aliases(hotel.feature for hotel in city.hotels.values()),
        }
        self.longest = sorted(city.places, key=len, reverse=True)

    def shield(self, text: str) -> tuple[str, list[str]]:
        """The text with every name of a place of the city replaced by a mark, and the names."""
        found: list[str] = []
        for name in self.longest:
            if len(name) > 2 and name in text:
                text = text.replace(name, f"\ue000{len(found)}\ue001")
                found.append(name)
        return text, found

    def unshield(self, text: str, names: list[str]) -> str:
        """The names back in place."""
        return re.sub("\ue000(\\d+)\ue001", lambda match: names[int(match[1])], text)

    def places_in(self, text: str) -> list[str]:
        """Names of places in a clause, in the order they come; a name inside a longer one does not count."""
        found: list[tuple[int, str]] = []
        for name in self.longest:
            at = text.find(name)
            if at >= 0 and len(name) > 1 and name not in _TYPES_AS_NAMES:
                found.append((at, name))
                text = text.replace(name, "\ue000" * len(name))
        return [name for _at, name in sorted(found)]

    def names_in(self, what: str, text: str) -> list[str]:
        """Names of one kind of resource in a clause."""
        return [name for name in self.places_in(text) if name in self.names[what]]

    def types_in(self, what: str, text: str) -> list[str]:
        """Types of one kind of resource in a clause, in order."""
        for name in self.places_in(text):
            text = text.replace(name, "□")
        found: list[tuple[int, str]] = []
        for word, kind in self.types[what].items():
            at = text.find(word)
            if at >= 0:
                found.append((at, kind))
                text = text.replace(word, "□" * len(word))
        return list(dict.fromkeys(kind for _at, kind in sorted(found)))

    def kinds_for(self, text: str) -> list[str]:
        """Which kinds a clause may be about, the likeliest first."""
        hints = (
            ("accommodation", r"入住|酒店|住宿|宾馆|住在|住"),
            ("restaurant", r"餐厅|品尝|尝试|吃|用餐|餐馆|美食|菜馆"),
            ("attraction", r"游览|参观|景点|逛|打卡|景区|去|玩"),
        )
        plain = text
        for name in self.places_in(text):
            plain = plain.replace(name, "□")
        likely = [what for what, pattern in hints if re.search(pattern, plain)]
        return [*likely, *(what for what, _pattern in hints if what not in likely)]


_TYPES_AS_NAMES = frozenset(["公园", "图书馆", "园林", "其它", "其他", "海鲜", "火锅", "烧烤", "小吃", "泳池", "别墅", "温泉"])


def _aliases(types: Iterable[str]) -> dict[str, str]:
    """Words for types, longest first: the types themselves, the halves of "A/B", and other words for them."""
    known = set(types)
    words = {kind: kind for kind in known}
    for kind in known:
        words.update({part: kind for part in kind.split("/") if len(part) > 1 and part not in words})
    words.update({word: kind for word, kind in _TYPE_WORDS.items() if kind in known and word not in words})
    return dict(sorted(words.items(), key=lambda pair: -len(pair[0])))


@functools.lru_cache(maxsize=64)
def lexicon_of(city: City) -> Lexicon:
    """The lexicon of a city, made once."""
    return Lexicon(city)
