"""A rule in one Chinese sentence: what it means, and what nobody understood."""

from typing import Any

import pytest

from tagging.sentence import Words, read
from tagging.sentence.numbers import compared, days_in, normalised

WORDS = Words(
    themes=["亲子", "海岛", "蜜月", "徒步"], destinations={"三亚": "sanya", "云南": "yunnan"}, cities=["杭州", "上海"], sources=["小红书"],
    tags={"高客单": 7, "亲子": 6}, segments={"大客户": 3}, stages={"沉默": "dormant"},
)  # fmt: skip


def event(kind: str, days: int | None = None, op: str = ">=", value: int = 1, **more: Any) -> dict[str, Any]:
    args: dict[str, Any] = {"kinds": kind.split("|"), "op": op, "value": value, **more}
    return {"event": {**args, "window_days": days} if days else args}


def theme(*names: str) -> dict[str, Any]:
    return {"where": [{"name": "theme", "in": list(names)}]}


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("最近30天浏览亲子产品3次以上", [event("product.viewed", 30, value=3, **theme("亲子"))]),
        ("近一个月看过亲子游不少于三次的客户", [event("product.viewed", 30, value=3, **theme("亲子"))]),
        ("过去两周带娃产品浏览了超过5次", [event("product.viewed", 14, ">", 5, **theme("亲子"))]),
        ("收藏或分享过蜜月产品，且还没有付过款",
         [event("product.favorited|product.shared", **theme("蜜月")), {"orders": {"op": "=", "value": 0}}]),
        ("看过报价后7天内没有下单", [{"sequence": {"window_days": 90, "kinds": ["quote.opened"], "then": "did_not",
                                                     "then_kinds": ["order.placed"], "within_days": 7}}]),
        ("最近30天浏览亲子产品3次以上，而且住在杭州或上海",
         [event("product.viewed", 30, value=3, **theme("亲子")), {"city": {"is": "in", "values": ["杭州", "上海"]}}]),
        ("累计消费满两万，半年没来过", [{"orders": {"measure": "sum", "op": ">=", "value": 20000}}, {"seen": {"is": "before", "days": 180}}]),
        ("有3到12岁的孩子，近90天没有下过单", [{"child_age": {"low": 3, "high": 12}}, {"orders": {"window_days": 90, "op": "=", "value": 0}}]),
        ("给近7天浏览4个以上产品且没有高客单标签的客户打上比价中",
         [event("product.viewed", 7, value=4, measure="distinct", of="product"), {"tags": {"has": "none", "tags": [7]}}]),
        ("对海岛感兴趣，来自小红书", [{"interest": {"themes": ["海岛"], "at_least": 80}}, {"source": {"is": "in", "values": ["小红书"]}}]),
        ("一周内出发的客户", [{"departure": {"low": 0, "high": 7}}]),
        ("生日在两周内并且同意营销",
         [{"birthday": {"within_days": 14}}, {"consent": {"is": "granted", "purpose": "marketing", "channel": "any"}}]),
        ("近30天收藏过产品的上海客户", [event("product.favorited", 30), {"city": {"is": "in", "values": ["上海"]}}]),
        ("60岁以上，带老人出行", [{"age": {"low": 60}}, {"household": {"kinship": ["parent", "grandparent"]}}]),
        ("属于大客户客群", [{"segment": {"is": "in", "segments": [3]}}]),
        ("不是企微好友", [{"not": {"friend": {"is": "friend"}}}]),
        ("短信可达", [{"reachable": {"channel": "sms"}}]),
        ("近30天没有浏览过海岛产品", [{"not": event("product.viewed", 30, **theme("海岛"))}]),
    ],
)  # fmt: skip
def test_what_a_sentence_means(sentence: str, meant: list[dict[str, Any]]) -> None:
    reading = read(sentence, WORDS)
    assert reading.unread == ()
    assert reading.condition == {"all": meant}


def test_two_places_with_one_verb_are_alternatives_with_one_number() -> None:
    found = read("近一个月看过三亚或云南产品两次以上", WORDS).condition
    asked = [one["event"]["where"][0]["in"] for one in found["all"][0]["any"]] if found else []
    assert asked == [["sanya"], ["yunnan"]]
    assert {one["event"]["value"] for one in found["all"][0]["any"]} == {2} if found else False


def test_what_nobody_understands_is_said_and_not_guessed() -> None:
    assert read("喜欢吃辣", WORDS).condition is None
    reading = read("近30天浏览产品3次以上，星座是狮子座", WORDS)
    assert reading.unread == ("星座是狮子座",)
    assert reading.condition == {"all": [event("product.viewed", 30, value=3)]}


def test_how_long_the_tag_stays_is_read_apart() -> None:
    reading = read("近30天搜索过云南5次以上，标签保留60天", WORDS)
    assert reading.keep_days == 60
    assert reading.unread == ()


@pytest.mark.parametrize(
    "sentence", ["", "。", "或", "，，，", "的" * 300, "近" * 300, "9" * 300, "（" * 300, "没有或没有且没有"]
)
def test_nonsense_is_no_condition_and_no_crash(sentence: str) -> None:
    assert read(sentence, WORDS).condition is None


@pytest.mark.parametrize(
    ("text", "plain", "days"),
    [("近三个月", "近3个月", 90), ("半年", "180天", 180), ("两周", "2周", 14), ("近１０天", "近10天", 10), ("二十五天", "25天", 25),
     ("一年", "1年", 365)],
)  # fmt: skip
def test_spans_of_time(text: str, plain: str, days: int) -> None:
    assert (normalised(text), days_in(normalised(text))) == (plain, days)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("3次以上", (">=", 3)), ("超过3次", (">", 3)), ("不到2次", ("<", 2)), ("至多4次", ("<=", 4)), ("正好1次", ("=", 1)), ("浏览", (">=", 1)),
     ("不超过3次", ("<=", 3)), ("不少于6次", (">=", 6))],
)  # fmt: skip
def test_comparisons(text: str, meant: tuple[str, int]) -> None:
    assert compared(text) == meant
