"""Clauses about who a customer is, what they bought, and how they can be reached."""

import re
from collections.abc import Callable
from typing import Any

from tagging.sentence.behaviour import kinds_in
from tagging.sentence.numbers import amount_in, compared, days_in, without_span
from tagging.sentence.words import Words, named, themes_in

Node = dict[str, Any]
_NOT = re.compile(r"没有|没|未|不是|不|无|非")
_AGES = re.compile(r"([0-9]{1,3})(?:岁)?(?:到|至|-|~|—|–)([0-9]{1,3})岁")
_YEARS = re.compile(r"([0-9]{1,3})(?:周?岁)(及?以上|以下|以内|及?以下)?")


def _negated(clause: str, node: Node) -> Node:
    return {"not": node} if _NOT.search(clause) else node


def _tags(clause: str, words: Words) -> Node | None:
    """ "有标签亲子", "没有打高客单标签", "带「海岛」标签的"."""
    if "标签" not in clause:
        return None
    names = named(clause, list(words.tags))
    if not names:
        return None
    has = (
        "none"
        if re.search(r"没有|没|未|不带|无", clause)
        else "all"
        if re.search(r"都|同时", clause) and len(names) > 1
        else "any"
    )
    return {"tags": {"has": has, "tags": [words.tags[name] for name in names]}}


def _segment(clause: str, words: Words) -> Node | None:
    if not re.search(r"客群|人群|分群", clause):
        return None
    names = named(clause, list(words.segments))
    if not names:
        return None
    return {"segment": {"is": "out" if _NOT.search(clause) else "in", "segments": [words.segments[name] for name in names]}}


def _interest(clause: str, words: Words) -> Node | None:
    """ "对海岛感兴趣", "喜欢徒步", "偏好亲子"."""
    themes = themes_in(clause, words)
    if not themes or not re.search(r"感兴趣|有兴趣|喜欢|偏好|偏爱|爱好|热衷|钟爱|向往", clause):
        return None
    return _negated(re.sub("感兴趣", "", clause), {"interest": {"themes": themes, "at_least": 80}})


def _children(clause: str, words: Words) -> Node | None:
    if not re.search(r"孩子|小孩|娃|儿童|宝宝|子女|小朋友|学生", clause) or re.search(r"浏览|看过?|收藏|咨询|搜", clause):
        return None
    return _negated(re.sub(r"不满|不到", "", clause), {"child_age": _ages(clause)})


def _ages(clause: str) -> Node:
    between, years = _AGES.search(clause), _YEARS.search(clause)
    if between:
        low, high = sorted((int(between.group(1)), int(between.group(2))))
        return {"low": min(low, 120), "high": min(high, 120)}
    if not years:
        return {}
    age, side = min(int(years.group(1)), 120), years.group(2) or ""
    if "下" in side or "内" in side or re.search(r"不满|不到|小于|低于", clause):
        return {"low": 0, "high": age}
    if "上" in side or re.search(r"超过|大于|满", clause):
        return {"low": age, "high": 17 if age < 17 else 120}
    return {"low": age, "high": age}


def _age(clause: str, words: Words) -> Node | None:
    """ "年龄 30 到 45 岁", "60 岁以上"."""
    if "岁" not in clause:
        return None
    ages = _ages(clause)
    if "以上" in clause or "超过" in clause:
        ages.pop("high", None)
    return {"age": ages} if ages else None


def _household(clause: str, words: Words) -> Node | None:
    """ "带老人出行", "和爸妈一起", "有伴侣同行"."""
    kin = {"老人": "parent", "爸妈": "parent", "父母": "parent", "长辈": "parent", "爷爷": "grandparent", "奶奶": "grandparent",
           "外公": "grandparent", "外婆": "grandparent", "爱人": "spouse", "配偶": "spouse", "伴侣": "spouse", "老公": "spouse",
           "老婆": "spouse", "太太": "spouse", "先生": "spouse", "朋友": "friend"}  # fmt: skip
    found = list(dict.fromkeys(kin[name] for name in named(clause, list(kin))))
    if not found or not re.search(r"带|和|跟|同行|一起|家里有|家有|同住|有", clause):
        return None
    return _negated(clause, {"household": {"kinship": [*found, *(["grandparent"] if "老人" in clause else [])]}})


def _birthday(clause: str, words: Words) -> Node | None:
    if "生日" not in clause:
        return None
    return {"birthday": {"within_days": min(days_in(clause) or 14, 365)}}


def _departure(clause: str, words: Words) -> Node | None:
    """ "7 天内出发", "刚回来 20 天内", "出发已经过了 3 天"."""
    days = days_in(clause)
    if days is None or not re.search(r"出发|出行|启程|出团|回来|返程|归来", clause):
        return None
    if re.search(r"回来|返程|归来", clause):
        return {"departure": {"low": -min(days, 730), "high": -1}}
    return _negated(clause, {"departure": {"low": 0, "high": min(days, 730)}})


def _silent(clause: str, words: Words) -> Node | None:
    """ "90 天没来", "半年没有动静", "最近 7 天来过/活跃"."""
    days = days_in(clause)
    if days is None:
        return None
    if re.search(
        r"没有?(?:来过?|动静|活跃|上线|登录|访问|互动|打开|出现|任何行为)|未(?:活跃|访问|登录|互动)|沉默|不活跃|无互动", clause
    ):
        return {"seen": {"is": "before", "days": days}}
    if re.search(r"来过|活跃|访问过|有互动|上线|登录", clause) and not kinds_in(clause):
        return {"seen": {"is": "within", "days": days}}
    return None


def _created(clause: str, words: Words) -> Node | None:
    days = days_in(clause)
    if not re.search(r"新增|新客|新加|新认识|认识我们|注册|建档|成为客户|入库", clause):
        return None
    is_before = re.search(r"超过|以上|之前|以前|早于|满", clause)
    return {"created": {"is": "before" if is_before else "within", "days": days or 30}}


_SPENT = re.compile(r"(?:累计|总共|一共|合计|共)?(?:消费|实付|花费|花了|支付|付款|付了|成交额|金额|客单|买了)")


def _orders(clause: str, words: Words) -> Node | None:
    """ "累计消费满 2 万", "近一年买过 2 次以上", "没有下过单", "从没付过款"."""
    if not re.search(r"消费|实付|花费|花了|付款|付过款|支付|成交|购买|买过?|下单|下过单|订单|复购|客单", clause):
        return None
    if re.search(r"未付|报价|走到付款|后", clause):
        return None
    args: Node = _bought(clause, words)
    rest = without_span(clause) if days_in(clause) else clause
    if re.search(r"没有|没|未|从未|从没|不曾", clause):
        return {"orders": {**args, "op": "=", "value": 0}}
    if "复购" in clause and not re.search(r"[0-9]", rest):
        return {"orders": {**args, "op": ">=", "value": 2}}
    if _SPENT.search(rest) and re.search(r"[0-9](?:\.[0-9])?(?:万|千|元|块|w|k)|满[0-9]{3}|超过[0-9]{3}|[0-9]{4}", rest):
        sign = compared(re.sub(r"\.[0-9]+|万|千", "", rest))[0]
        return {"orders": {**args, "measure": "sum", "op": sign, "value": amount_in(rest) or 0}}
    sign, number = compared(rest)
    return {"orders": {**args, "op": sign, "value": number}}


def _bought(clause: str, words: Words) -> Node:
    args: Node = {}
    if window := days_in(clause):
        args["window_days"] = window
    if themes := themes_in(clause, words):
        args["themes"] = themes
    if places := [words.destinations[name] for name in named(clause, list(words.destinations))]:
        args["destinations"] = list(dict.fromkeys(places))
    return args


def _friend(clause: str, words: Words) -> Node | None:
    if not re.search(r"好友|企微|企业微信", clause) or re.search(r"同意|短信|可达|标签", clause):
        return None
    if re.search(r"删除|流失|拉黑|曾经是", clause):
        return {"friend": {"is": "lost"}}
    return _negated(clause, {"friend": {"is": "friend"}})


_CHANNELS = {"短信": "sms", "企微": "wecom", "企业微信": "wecom", "小程序": "subscribe", "订阅": "subscribe", "群发": "wecom"}


def _reach(clause: str, words: Words) -> Node | None:
    """ "同意营销", "能发短信", "企微可触达"."""
    channels = [channel for name, channel in _CHANNELS.items() if name in clause]
    if re.search(r"可达|触达|能发|能收到|联系得上|发得到", clause):
        return _negated(clause, {"reachable": {"channel": channels[0] if channels else "wecom"}})
    if not re.search(r"同意|授权|订阅营销|愿意接收|允许", clause):
        return None
    asked = {"is": "granted", "purpose": "marketing", "channel": channels[0] if channels else "any"}
    return _negated(clause, {"consent": asked})


def _gender(clause: str, words: Words) -> Node | None:
    found = re.fullmatch(r"(?:性别)?(?:是|为)?(?:的)?(女|男)(?:性|士|生|客户|的|客人|用户)*", clause)
    return {"gender": {"values": ["female" if found.group(1) == "女" else "male"]}} if found else None


def _place(clause: str, words: Words) -> Node | None:
    """ "住在杭州", "杭州或上海的客户", "来自小红书"."""
    sources = named(clause, list(words.sources))
    if sources and re.search(r"来自|来源|渠道|通过|从", clause):
        return _negated(clause, {"source": {"is": "in", "values": sources}})
    cities = named(clause, list(words.cities))
    if cities and (re.search(r"住在?|城市|来自|常住|在|本地|当地", clause) or not kinds_in(clause)):
        return {"city": {"is": "not_in" if re.search(r"不在|不住|不是|非", clause) else "in", "values": cities}}
    return None


def _stage(clause: str, words: Words) -> Node | None:
    values = named(clause, list(words.values))
    if values:
        return _negated(clause, {"rfm": {"is": "in", "values": [words.values[name] for name in values]}})
    stages = named(clause, list(words.stages))
    if stages and re.search(r"阶段|生命周期|客户|处于|状态|是", clause):
        return _negated(clause, {"lifecycle": {"is": "in", "values": [words.stages[name] for name in stages]}})
    return None


READERS: tuple[Callable[[str, Words], Node | None], ...] = (
    _tags, _segment, _interest, _children, _age, _household, _birthday, _departure, _silent, _created, _orders, _friend, _reach,
    _gender, _place, _stage,
)  # fmt: skip
# Those whose question holds several values at once.
LISTS = (_tags, _segment, _interest, _place)
# Those that may stand as a noun behind what somebody did: "收藏过产品的上海客户".
TAILS = (_friend, _gender, _place, _stage)
