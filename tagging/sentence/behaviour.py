"""Clauses about what a customer did: how often, in which time, and one thing after another."""

import re
from typing import Any

from tagging.sentence.numbers import compared, days_in, without_span
from tagging.sentence.words import Words, named, themes_in

# How people say it -> kinds of events; the first that fits counts, so the special come before the general.
_VERBS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(?:打开|看过?|查看|点开|阅读)(?:了|过)?(?:我们的)?(?:报价|方案|行程单)", ("quote.opened",)),
    (r"(?:取消收藏|不再收藏)", ("product.unfavorited",)),
    (r"(?:收藏|加心愿|想去)", ("product.favorited",)),
    (r"(?:分享|转发|推荐给)", ("product.shared",)),
    (r"(?:搜索|搜过?|检索)", ("product.searched",)),
    (r"(?:咨询|询问|问过?|找过?)(?:了|过)?(?:顾问|客服|我们|价格)?", ("advisor.asked",)),
    (r"(?:聊天|发消息|发来消息|回复|留言|给我们写)", ("chat.received",)),
    (r"(?:点击|点开|打开|点)(?:了|过)?(?:我们的|群发的?|推送的?)?(?:卡片|消息|链接|推送|群发)", ("message.clicked",)),
    (r"(?:收到|接到)(?:了|过)?(?:我们的)?(?:消息|推送|群发)", ("message.sent",)),
    (r"(?:提交订单|走到付款|进入下单|开始下单|下单未付)", ("checkout.started",)),
    (r"(?:下单|下过单|预订|预定|订购)", ("order.placed",)),
    (r"(?:付款|支付|成交|购买|买过?|消费过|报名)", ("order.paid",)),
    (r"(?:退款|退订|退团)", ("order.refunded",)),
    (r"(?:写过?|发表|提交)(?:了|过)?(?:点评|评价|游记)", ("review.written",)),
    (r"(?:加(?:了|过)?|添加)(?:企微|微信|顾问|好友)", ("contact.added",)),
    (r"(?:看|浏览|阅读|读)(?:了|过)?(?:[^，]{0,8})(?:文章|攻略|内容)", ("content.viewed",)),
    (r"(?:打开|进入|访问|登录|来)(?:了|过)?(?:小程序|我们的小程序)", ("app.opened",)),
    (r"(?:浏览|查看|看过?|点开|关注)", ("product.viewed",)),
)
_NEVER = re.compile(r"(?:没有|没|未曾|未|从未|从不|不曾|无)(?:再|有)?(?:任何)?")
_DISTINCT = re.compile(r"([0-9]+)(?:个|款|条)(?:以上)?(?:不同)?(?:的)?(?:产品|线路|行程)")
_AFTER = re.compile(r"(?:之后|以后|后)(?:的)?")


def kinds_in(text: str) -> tuple[str, ...]:
    """The kinds of events that a text speaks of; several verbs joined by 、/和 count as one of them."""
    found: list[str] = []
    rest = text
    for pattern, kinds in _VERBS:
        if re.search(pattern, rest):
            found += kinds
            rest = re.sub(pattern, "□", rest, count=1)
    return tuple(dict.fromkeys(found))


def read_sequence(clause: str, words: Words) -> dict[str, Any] | None:
    """ "看过报价后 7 天内没有下单": one thing, and then another, or not."""
    found = _AFTER.search(clause)
    if not found:
        return None
    before, behind = clause[: found.start()], clause[found.end() :]
    first, second, within = kinds_in(before), kinds_in(behind), days_in(behind)
    if not first or not second or within is None:
        return None
    args: dict[str, Any] = {"window_days": max(days_in(before) or 90, within), "kinds": list(first), "then_kinds": list(second)}
    args |= {"then": "did_not" if _NEVER.search(behind) else "did", "within_days": min(within, 365)}
    if filters := filters_in(before, words):
        args["where"] = filters
    return {"sequence": args}


def read_behaviour(clause: str, words: Words, *, borrowed: str = "") -> dict[str, Any] | None:
    """ "近 30 天浏览亲子产品 3 次以上". An alternative of another clause borrows its verb, window and number."""
    source = borrowed or clause
    kinds = kinds_in(clause) or (kinds_in(source) if borrowed else ())
    filters = filters_in(clause, words)
    if not kinds or (borrowed and not filters and not kinds_in(clause)):
        return None
    counted = clause if not borrowed or re.search(r"[0-9]", without_span(clause)) else source
    never = bool(_NEVER.search(counted))
    args: dict[str, Any] = {"kinds": list(kinds)}
    if window := days_in(clause) or days_in(source):
        args["window_days"] = window
    if filters:
        args["where"] = filters
    distinct = _DISTINCT.search(without_span(counted))
    sign, number = (">=", 1) if never else compared(without_span(counted))
    if distinct and not never:
        args |= {"measure": "distinct", "of": "product", "op": ">=", "value": int(distinct.group(1)[:4])}
    else:
        args |= {"op": sign, "value": number}
    return {"not": {"event": args}} if never else {"event": args}


def filters_in(text: str, words: Words) -> list[dict[str, Any]]:
    """Themes and destinations that a text names, as filters on events."""
    found: list[dict[str, Any]] = []
    themes = themes_in(text, words)
    places = [words.destinations[name] for name in named(text, list(words.destinations))]
    if themes:
        found.append({"name": "theme", "in": themes})
    if places:
        found.append({"name": "destination", "in": list(dict.fromkeys(places))})
    return found
