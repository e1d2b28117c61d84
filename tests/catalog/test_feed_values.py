"""Single values of suppliers' files: durations, opening hours, prices, phones, places."""

import datetime as dt
from decimal import Decimal

import pytest

from catalog.feeds.durations import Duration, parse_duration
from catalog.feeds.hours import Span, parse_hours
from catalog.feeds.places import assumed_city, city_in, city_named
from catalog.feeds.prices import is_yuan, parse_coordinate, parse_price, parse_rating
from core.tables.dates import parse_date
from core.tables.texts import clean, phones, shown, storable

ALL = (1, 2, 3, 4, 5, 6, 7)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("3小时", 180, 180),
        ("1.5小时", 90, 90),
        ("半天", 240, 240),
        ("1天", 480, 480),
        ("2-3小时", 120, 180),
        ("1小时 - 2小时", 60, 120),
        ("2～3个小时", 120, 180),
        ("一天半", 720, 720),
        ("两个半小时", 150, 150),
        ("1小时30分钟", 90, 90),
        ("90分钟", 90, 90),
        ("1.5h", 90, 90),
        ("约3小时左右", 180, 180),
        ("十二小时", 720, 720),
        ("０.５小时", 30, 30),
    ],
)
def test_durations_are_read_in_minutes(text: str, low: int, high: int) -> None:
    assert parse_duration(text) == Duration(low, high)
    assert Duration(low, high).is_possible


@pytest.mark.parametrize("text", ["12小时 - 3天", "3天", "0.0小时", "15小时 - 20小时", "3小时-2小时", "3天 - 15天"])
def test_impossible_durations_are_read_and_called_impossible(text: str) -> None:
    found = parse_duration(text)
    assert found is not None
    assert not found.is_possible


@pytest.mark.parametrize("text", ["", "3", "看心情", "全天", "-3小时", "3小时多", "9" * 5000 + "小时", "1-2-3小时"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert parse_duration(text) is None


def test_the_usual_visit_is_the_middle_in_steps_of_five() -> None:
    assert Duration(60, 120).usual == 90
    assert Duration(18, 30).usual == 25


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("周一至周日 10:00-22:00", [Span(ALL, 600, 1320)]),
        ("11:00-14:00 17:00-21:00", [Span(ALL, 660, 840), Span(ALL, 1020, 1260)]),
        ("周一至周五 11:00-14:00 周六,周日 全天", [Span((1, 2, 3, 4, 5), 660, 840), Span((6, 7), 0, 1440)]),
        ("周一,周三至周日 11:00-20:00", [Span((1, 3, 4, 5, 6, 7), 660, 1200)]),
        ("13:00-次日6:30", [Span(ALL, 780, 1830)]),
        ("周一至周日 09:00-02:00", [Span(ALL, 540, 1560)]),
        ("上午11点--晚上9点半", [Span(ALL, 660, 1290)]),
        ("早10：00-晚10:00", [Span(ALL, 600, 1320)]),
        ("二十四小时", [Span(ALL, 0, 1440)]),
        ("周一至周日 11:00-22:00  非营业时段 2018-02-10至2018-02-24 全天", [Span(ALL, 660, 1320)]),
        ("春季、夏季 周一至周日 09:00-21:00  冬季 10:00-16:00", [Span(ALL, 540, 1260, "春夏"), Span(ALL, 600, 960, "冬")]),
    ],
)
def test_opening_hours(text: str, spans: list[Span]) -> None:
    assert parse_hours(text) == spans


@pytest.mark.parametrize(
    "text",
    [
        "即将开业",
        "10--10",
        "周一至周日",
        "8:00---客人走为止",
        "10:00-20:00 周一至周五",
        "25:00-26:00",
        "11:00-22:00 2015.2.18放假",
    ],
)
def test_hours_that_cannot_be_read_in_full_are_none(text: str) -> None:
    assert parse_hours(text) is None


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("60", "60.00"),
        ("¥1,280.00", "1280.00"),
        ("￥60", "60.00"),
        ("60元/人", "60.00"),
        ("198-298", "198.00"),
        ("免费", "0.00"),
        ("均价 320 元起", "320.00"),
        ("-5", "-5.00"),
        ("1280.5", "1280.50"),
        ("人均￥88", "88.00"),
        ("588元/间夜", "588.00"),
    ],
)
def test_prices(text: str, amount: str) -> None:
    found = parse_price(text)
    assert found is not None
    assert found.amount == Decimal(amount)


@pytest.mark.parametrize("text", ["", "面议", "abc", "NaN", "inf", "1e5", "60美元", "1.2.3", "9" * 5000, "=1+1", "12:30"])
def test_what_is_no_price_is_none(text: str) -> None:
    assert parse_price(text) is None


def test_currencies_ratings_and_coordinates() -> None:
    assert is_yuan("CNY")
    assert is_yuan(" 人民币 ")
    assert not is_yuan("USD")
    assert parse_rating("4.7分") == Decimal("4.7")
    assert [parse_rating(text) for text in ("94%", "5.5", "-1", "nan", "10")] == [None] * 5
    assert parse_coordinate("30.25", 90) == 30.25
    assert [parse_coordinate(text, 90) for text in ("91", "0", "nan", "1e9", "北纬30")] == [None] * 5


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("010-85007938,010-85007421", ["010-85007938", "010-85007421"]),
        ("010-85007938；4006506766", ["010-85007938", "4006506766"]),
        ("010-83195280（博物馆）", ["010-83195280"]),
        ("13800138000", ["13800138000"]),
        ("（010）84659299", ["010-84659299"]),
        ("65122277-6101", ["65122277-6101"]),
    ],
)
def test_phone_numbers(text: str, numbers: list[str]) -> None:
    assert phones(text) == numbers


@pytest.mark.parametrize("text", ["138102004321", "见官网", "12345", "010-69091290;138102004321", "0" * 3000])
def test_what_is_no_phone_number_is_none(text: str) -> None:
    assert phones(text) is None


@pytest.mark.parametrize(
    ("address", "city"),
    [
        ("北京市朝阳区三里屯", "北京"),
        ("浙江省杭州市西湖区", "杭州"),
        ("杭州西湖区文三路", "杭州"),
        ("云南大理古城人民路", "大理"),
        ("苏州街29号", ""),
        ("朝阳区百子湾路32号", ""),
        ("广安门外大街", ""),
        ("新疆维吾尔自治区伊犁哈萨克自治州", "伊犁"),
        ("", ""),
    ],
)
def test_the_city_of_an_address(address: str, city: str) -> None:
    assert city_in(address) == city


def test_the_city_a_cell_names() -> None:
    assert [city_named(text) for text in ("杭州市", "大理白族自治州", "Paris", "北京")] == ["杭州", "大理", "", "北京"]


def test_rows_without_a_city_take_the_one_all_others_name() -> None:
    assert assumed_city({"北京": 12, "": 900}) == "北京"
    assert assumed_city({"北京": 12, "杭州": 1, "": 900}) == ""
    assert assumed_city({"北京": 3, "": 900}) == ""


@pytest.mark.parametrize("text", ["2027-03-31", "2027/3/31", "2027年3月31日", "20270331", "2027.3.31", "2027-03-31 00:00:00"])
def test_dates(text: str) -> None:
    assert parse_date(text) == dt.date(2027, 3, 31)


@pytest.mark.parametrize("text", ["2026-02-30", "3/4/2027", "27.3.31", "0000-00-00", "10000-01-01", "长期", "1066-10-14"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_date(text) is None


def test_text_is_cleaned_of_what_would_mislead() -> None:
    assert clean("  外滩\u202e  酒店\u3000", 120).text == "外滩 酒店"
    marked = clean("<script>alert(1)</script>古城<b>客栈</b>", 120)
    assert (marked.text, marked.had_markup) == ("古城 客栈", True)
    assert clean("甲" * 10, 4) == clean("甲" * 4 + "乙", 4)
    assert clean("👨‍👩‍👧 家庭房", 20).text == "👨‍👩‍👧 家庭房"
    assert not storable("a\x00b")
    assert not storable("\ud800")
    assert shown("<b>a\x00\u202eb\ud800", 200) == "<b>a\ufffdb\ufffd"
