"""Words for notes and advertisements out of a product's facts, with no model: the deterministic path. Always a draft."""

import dataclasses
from collections.abc import Sequence
from decimal import Decimal


@dataclasses.dataclass(frozen=True)
class Facts:
    """What may be said of a product: all of it stands in the catalogue."""

    name: str
    destination: str
    days: int
    price_from: Decimal | None
    themes: tuple[str, ...]
    highlights: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Copy:
    """A title and a text."""

    title: str
    text: str


def write_copy(kind: str, facts: Facts) -> Copy:
    """A draft for xiaohongshu, douyin, ad or moment."""
    return {"xiaohongshu": _note, "douyin": _caption, "ad": _ad, "moment": _moment}[kind](facts)


def _price(facts: Facts) -> str:
    return f"每人 {facts.price_from:,.0f} 元起（以下单页为准）" if facts.price_from else "价格以下单页为准"


def _tags(words: Sequence[str]) -> str:
    return " ".join(f"#{word}" for word in dict.fromkeys(word for word in words if word))


def _points(facts: Facts) -> list[str]:
    return list(facts.highlights[:4]) or [
        f"{facts.days} 天行程，每天安排一到两个地方",
        "住宿和用车提前确认",
        "出发前有清单，路上有人管",
    ]


def _note(facts: Facts) -> Copy:
    theme = facts.themes[0] if facts.themes else "慢旅行"
    lines = [f"{facts.destination} {facts.days} 天，{theme}路线整理好了👇", ""]
    lines += [f"{number}️⃣ {point}" for number, point in enumerate(_points(facts), 1)]
    lines += ["", f"💰 {_price(facts)}", "📅 想知道哪天出发合适、几个人怎么订，留言或加顾问，我按您的时间估一版。", ""]
    lines.append(_tags([facts.destination, f"{facts.destination}旅游", theme, "旅行攻略", "周边路线"]))
    return Copy(f"{facts.destination}{facts.days}天｜{theme}这样走不累"[:20], "\n".join(lines))


def _caption(facts: Facts) -> Copy:
    point = _points(facts)[0]
    tags = _tags([facts.destination, *facts.themes[:2], "旅行"])
    text = f"{facts.destination}{facts.days}天怎么走？{point}。{_price(facts)}。{tags}"
    return Copy(f"{facts.destination}{facts.days}天路线", text)


def _ad(facts: Facts) -> Copy:
    return Copy(
        f"{facts.destination}{facts.days}天路线，顾问一对一安排"[:30],
        f"{_points(facts)[0]}。{_price(facts)}，点击加顾问领取每日安排。",
    )


def _moment(facts: Facts) -> Copy:
    points = "\n".join(f"· {point}" for point in _points(facts)[:3])
    return Copy(facts.name[:30], f"{facts.name}\n{points}\n{_price(facts)}，余位点链接看。")
