"""Sentences of many speakers become the same wishes; names with 和, commas and brackets in them split nothing."""

import pytest

from itinerary.planner import phrases
from itinerary.planner.language import read_sentence
from itinerary.planner.language_words import chinese_number, clock_of
from itinerary.planner.planner import Planner
from itinerary.planner.spec import TripSpec
from itinerary.planner.world import World


def spec(world: World, text: str) -> TripSpec:
    found = read_sentence(text, world)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "people", "days"),
    [
        ("我们4人，从上海出发，到杭州旅行4天，要求如下：\n在旅行上的总预算为3300.0", 4, 4),
        ("当前位置上海。我一个人想去杭州玩2天，请给我一个旅行规划。", 1, 2),
        ("我和女朋友打算从上海去杭州玩三天两晚", 2, 3),
        ("一家三口上海出发，去杭州两日游", 3, 2),
        ("两大一小，从上海到杭州，4天", 3, 4),
        ("我们五个人想从上海去杭州，住两晚", 5, 3),
    ],
)
def test_who_and_how_long(world: World, text: str, people: int, days: int) -> None:
    found = spec(world, text)
    assert (found.origin, found.target, found.people, found.days) == ("上海", "杭州", people, days)
    assert found.wishes[-4:] == tuple(phrases.preamble(days, people))


@pytest.mark.parametrize(
    ("clause", "wish"),
    [
        ("希望游览书院 和 海洋馆", phrases.named("attraction", "all", ["书院", "海洋馆"])),
        ("想去书院或海洋馆", phrases.named("attraction", "any", ["书院", "海洋馆"])),
        ("不希望游览夜市街", phrases.named("attraction", "none", ["夜市街"])),
        ("不去夜市街", phrases.named("attraction", "none", ["夜市街"])),
        ("希望游览博物馆/纪念馆", phrases.typed("attraction", "all", ["博物馆/纪念馆"])),
        ("想看看博物馆", phrases.typed("attraction", "all", ["博物馆/纪念馆"])),
        ("希望尝试以下餐厅之一： 老面馆 或 素斋", phrases.named("restaurant", "any", ["老面馆", "素斋"])),
        ("希望尝试以下类型的餐厅川菜", phrases.typed("restaurant", "all", ["川菜"])),
        ("想吃江浙菜", phrases.typed("restaurant", "all", ["江浙菜"])),
        ("不吃烧烤", phrases.typed("restaurant", "none", ["烧烤"])),
        ("希望入住以下酒店之一湖景大酒店 或 城中客栈", phrases.named("accommodation", "any", ["湖景大酒店", "城中客栈"])),
        ("希望入住以下类型的酒店四合院", phrases.typed("accommodation", "all", ["四合院"])),
        ("希望入住双床房", phrases.rooms(2)),
        ("住大床房，订2间", phrases.rooms(1)),
        ("在用餐上的预算为500.0", phrases.budget("restaurant", 500)),
        ("住宿预算2000元", phrases.budget("accommodation", 2000)),
        ("总预算1.5万", phrases.budget("total", 15000)),
        ("预算2000人民币", phrases.budget("total", 2000)),
        ("人均预算800元", phrases.budget("total", 1600)),
        ("跨城市交通的预算为600.0", phrases.budget("intercity", 600)),
        ("在城市内出行的预算为30", phrases.budget("innercity", 30)),
        ("酒店每晚不超过400元", phrases.price("accommodation", 400)),
        ("希望只游览免费景点", phrases.budget("attraction", 0)),
        ("希望乘坐train前往目的地，乘坐airplane返回", phrases.legs(go="train", back="airplane")),
        ("不希望乘坐airplane前往目的地，不希望乘坐train返回", phrases.legs(not_go="airplane", not_back="train")),
        ("往返都坐高铁", phrases.legs(go="train", back="train")),
        ("飞机去火车回", phrases.legs(go="airplane", back="train")),
        ("只坐地铁和出租车", phrases.modes(["metro", "taxi"])),
        ("希望住宿地在海洋馆周围1.5千米内", phrases.hotel_near("海洋馆", 1.5)),
        ("酒店离古城墙800米以内", phrases.hotel_near("古城墙", 0.8)),
        ("若两地点间交通距离超过4.36千米，则打车出行", phrases.taxi_beyond(4.36)),
        ("希望不晚于11:00到达湖畔酒家", phrases.visit("湖畔酒家", start_by="11:00")),
        ("希望不早于13:50离开植物园", phrases.visit("植物园", end_from="13:50")),
        ("希望在08:50到10:20之间游览植物园", phrases.visit("植物园", start_by="08:50", end_from="10:20")),
        ("希望在海洋馆停留不少于150分钟", phrases.visit("海洋馆", minutes=150)),
        ("在海洋馆至少玩3小时", phrases.visit("海洋馆", minutes=180)),
        ("希望先去植物园，再去古城墙", phrases.order("植物园", "古城墙")),
    ],
)
def test_one_clause_is_one_wish(world: World, clause: str, wish: str) -> None:
    found = spec(world, f"我们2人，从上海出发，到杭州旅行3天，要求如下：\n{clause}")
    assert found.wishes[0] == wish


def test_a_mode_to_avoid_is_kept_apart_from_the_wishes(world: World) -> None:
    assert spec(world, "我们2人，从上海出发，到杭州旅行3天，要求如下：\n不希望以walk 和 taxi方式在城市内出行").avoid_modes == {
        "walk",
        "taxi",
    }


def test_any_of_several_is_one_wish_and_can_be_planned(world: World, planner: Planner) -> None:
    text = "我们2人，从上海出发，到杭州旅行3天，要求满足以下任意一个：\n1. 希望入住以下类型的酒店湖景房\n2. 在旅行上的总预算为10"
    found = spec(world, text)
    wishes = [phrases.typed("accommodation", "all", ["湖景房"]), phrases.budget("total", 10)]
    assert found.wishes[0] == phrases.any_of(wishes)
    answer = planner.answer(found)
    assert answer.verdict is not None
    assert answer.verdict.clean


@pytest.mark.parametrize("text", ["", "你好", "去火星玩三天", "杭州杭州", "\n\n1."])
def test_what_names_no_two_cities_is_not_guessed(world: World, text: str) -> None:
    assert read_sentence(text, world) is None


def test_numbers_and_clocks() -> None:
    assert [chinese_number(text) for text in ("3", "两", "十", "十二", "二十")] == [3, 2, 10, 12, 20]
    assert [clock_of(text) for text in ("8:30", "08：05", "9点", "10点半")] == ["08:30", "08:05", "09:00", "10:30"]
