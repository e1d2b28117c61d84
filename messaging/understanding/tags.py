"""Tags that follow from what a customer said in a chat: rules over the acts of the bot's own parser, with evidence."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from messaging.understanding.acts import Act, ActParser, Focus, shared_parser

# Yuan: where a wish becomes one for luxury or for thrift.
LUXURY_NIGHT, THRIFT_NIGHT = 500, 300
LUXURY_MEAL, THRIFT_MEAL = 150, 50
GOOD_RATING = 4.5
FACILITIES = {
    "行李寄存": "设施:行李寄存",
    "宽带上网": "设施:宽带",
    "叫醒服务": "设施:叫醒",
    "无烟房": "设施:无烟房",
    "早餐服务": "设施:早餐",
    "洗衣服务": "设施:洗衣",
    "接待外宾": "设施:接待外宾",
    "残疾人设施": "设施:残疾人",
}


@dataclass(frozen=True)
class ChatTag:
    """A tag with the words it follows from: index of the message, offsets in it (0 to its end where the whole says it)."""

    name: str
    message: int
    start: int
    end: int
    quote: str
    confidence: float


@dataclass(frozen=True)
class Wish:
    """An act with the message it was said in."""

    act: Act
    message: int
    text: str


def chat_tags(turns: Sequence[tuple[str, str]], parser: ActParser | None = None) -> list[ChatTag]:
    """The tags of a chat of (role, text), one entry for each tag with its latest evidence; role is "customer" or "agent"."""
    return tags_of(list(wishes_of(turns, parser or shared_parser())))


def wishes_of(turns: Sequence[tuple[str, str]], parser: ActParser) -> Iterator[Wish]:
    """The acts of the customer's messages in order."""
    focus = Focus()
    for index, (role, text) in enumerate(turns):
        if role != "customer":
            continue
        acts = parser.parse(text, focus)
        yield from (Wish(act, index, text) for act in acts)
        focus = focus.after(acts)


def tags_of(wishes: Sequence[Wish]) -> list[ChatTag]:
    """Tags that follow from acts."""
    found: dict[str, ChatTag] = {}
    for wish in wishes:
        for name in _names(wish.act):
            found[name] = _tag(name, wish)
    return list(found.values())


def _tag(name: str, wish: Wish) -> ChatTag:
    start, end = (wish.act.start, wish.act.end) if wish.act.start >= 0 else (0, len(wish.text))
    return ChatTag(name, wish.message, start, end, wish.text[start:end], 0.9)


def _names(act: Act) -> Iterator[str]:
    if act.domain == "出租":
        yield "用车需求"
    elif act.domain == "地铁":
        yield "公共交通"
    elif act.intent == "Inform":
        reader = _BY_DOMAIN.get(act.domain)
        if reader:
            yield from reader(act)
        if act.slot == "评分" and _least(act.value) >= GOOD_RATING:
            yield "重视口碑"


def _hotel(act: Act) -> Iterator[str]:
    if act.slot == "酒店类型":
        yield from {"高档型": ["高端酒店"], "豪华型": ["高端酒店"], "经济型": ["经济酒店"]}.get(act.value, [])
    elif act.slot == "价格":
        if _least(act.value) >= LUXURY_NIGHT:
            yield "高端酒店"
        if _most(act.value) <= THRIFT_NIGHT:
            yield "经济酒店"
    elif act.slot.startswith("酒店设施-"):
        tag = FACILITIES.get(act.slot.removeprefix("酒店设施-"))
        if tag:
            yield tag


def _meal(act: Act) -> Iterator[str]:
    if act.slot == "推荐菜":
        yield "指定美食"
    elif act.slot == "人均消费":
        if _least(act.value) >= LUXURY_MEAL:
            yield "高端餐饮"
        if _most(act.value) <= THRIFT_MEAL:
            yield "平价餐饮"


def _sight(act: Act) -> Iterator[str]:
    if act.slot == "门票" and act.value == "免费":
        yield "偏好免费景点"


_BY_DOMAIN = {"酒店": _hotel, "餐馆": _meal, "景点": _sight}


def _numbers(value: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", value)]


def _least(value: str) -> float:
    """The lower end of a range; of an upper bound alone nothing."""
    numbers = _numbers(value)
    return min(numbers) if numbers and "以下" not in value else 0.0


def _most(value: str) -> float:
    """The upper end of a range; of a lower bound alone, no end."""
    numbers = _numbers(value)
    return max(numbers) if numbers and "以上" not in value else float("inf")
