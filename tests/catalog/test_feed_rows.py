"""One row of a file: the resource it makes, or the reasons why not."""

import datetime as dt
import json
from decimal import Decimal

from catalog.choices import IssueSeverity, ResourceKind
from catalog.feeds.columns import propose
from catalog.feeds.decoding import column_samples, open_table
from catalog.feeds.rows import Draft, Outcome, Reader


def read(records: list[dict[str, object]], kind: ResourceKind = ResourceKind.ATTRACTION, city: str = "杭州") -> list[Outcome]:
    table = open_table(json.dumps(records).encode())
    reader = Reader(
        table.columns, propose(table.columns, column_samples(table)), kind, default_city=city, today=dt.date(2026, 11, 24)
    )
    return list(reader.read_all(table.rows))


def one(
    record: dict[str, object], kind: ResourceKind = ResourceKind.ATTRACTION
) -> tuple[Draft | None, list[tuple[str, str, str, str]]]:
    outcome = read([{"名称": "西湖", **record}], kind)[0]
    return outcome.draft, [(i.field, i.reason.value, i.value, i.severity.value) for i in outcome.issues]


def test_a_good_row_becomes_a_clean_resource() -> None:
    draft, issues = one(
        {
            "编号": "HZ-001",
            "地址": "浙江省杭州市西湖区龙井路1号",
            "门票": "¥60.00",
            "评分": 4.8,
            "游玩时间": "2-3小时",
            "开放时间": "周一至周日 08:00-17:30",
            "电话": "0571-87179603",
            "纬度": "30.25",
            "经度": 120.14,
            "地铁": "龙翔桥",
            "特色": ["湖", "山"],
        }
    )
    assert issues == []
    assert draft is not None
    assert (draft.external_id, draft.name, draft.city) == ("HZ-001", "西湖", "杭州")
    assert (draft.price_amount, draft.rating, draft.visit_minutes) == (Decimal("60.00"), Decimal("4.8"), 150)
    assert (draft.latitude, draft.longitude) == (30.25, 120.14)
    assert draft.attributes == {
        "metro": "龙翔桥",
        "特色": ["湖", "山"],
        "phones": ["0571-87179603"],
        "hours_text": "周一至周日 08:00-17:30",
        "hours": [{"days": [1, 2, 3, 4, 5, 6, 7], "opens": 480, "closes": 1050, "seasons": ""}],
    }


def test_rows_that_cannot_be_taken() -> None:
    for record, expected in [
        ({"名称": " "}, ("名称", "missing_name", "")),
        ({"名称": "长" * 121}, ("名称", "name_too_long", "长" * 121)),
        ({"门票": -5}, ("门票", "price_negative", "-5")),
        ({"门票": 1_000_001}, ("门票", "price_too_large", "1000001")),
        ({"门票": 60, "币种": "USD"}, ("币种", "currency_unknown", "USD")),
        ({"领域": "酒店"}, ("领域", "wrong_kind", "酒店")),
        ({"名称": "西\x00湖"}, ("", "unreadable_text", "")),
    ]:
        draft, issues = one(record)
        assert draft is None
        assert issues == [(*expected, "refused")]


def test_what_we_buy_needs_a_price_and_a_ticket_may_be_free() -> None:
    for value, reason in [(None, "price_missing"), (0, "price_zero"), ("面议", "price_unreadable")]:
        draft, issues = one({"价格": value}, ResourceKind.HOTEL)
        assert draft is None
        assert [(issue[1], issue[3]) for issue in issues] == [(reason, "refused")]
    for value, reason in [(None, "price_missing"), (0, "price_zero"), ("面议", "price_unreadable")]:
        draft, issues = one({"人均消费": value}, ResourceKind.RESTAURANT)
        assert draft is not None
        assert draft.price_amount is None
        assert [(issue[1], issue[3]) for issue in issues] == [(reason, "flagged")]
    draft, issues = one({"门票": 0})
    assert draft is not None
    assert (draft.price_amount, issues) == (Decimal("0.00"), [])


def test_values_that_are_left_out_and_reported() -> None:
    draft, issues = one(
        {
            "门票": 60,
            "游玩时间": "12小时 - 3天",
            "开放时间": "客人走为止",
            "电话": "138102004321",
            "评分": 9,
            "纬度": 300,
            "经度": 120,
        }
    )
    assert draft is not None
    assert (draft.visit_minutes, draft.rating, draft.latitude) == (None, None, None)
    assert draft.attributes == {"hours_text": "客人走为止"}
    assert sorted(issues) == sorted(
        [
            ("游玩时间", "duration_impossible", "12小时 - 3天", "flagged"),
            ("开放时间", "hours_unreadable", "客人走为止", "flagged"),
            ("电话", "phone_bad", "138102004321", "flagged"),
            ("评分", "rating_bad", "9", "flagged"),
            ("纬度", "place_bad", "300, 120", "flagged"),
        ]
    )


def test_stock_and_validity() -> None:
    draft, issues = one({"门票": 60, "库存": "12", "有效期至": "2027/3/31"})
    assert draft is not None
    assert (draft.attributes, issues) == ({"stock": 12, "valid_until": "2027-03-31"}, [])
    draft, issues = one({"门票": 60, "库存": -3, "有效期至": "27.3.31"})
    assert draft is not None
    assert [(issue[1], issue[2]) for issue in issues] == [("stock_bad", "-3"), ("date_unreadable", "27.3.31")]
    draft, issues = one({"门票": 60, "有效期至": "2026-11-23"})
    assert [(issue[1], issue[3]) for issue in issues] == [("date_past", "flagged")]


def test_markup_and_length() -> None:
    draft, issues = one({"门票": 1, "地址": "<img src=x onerror=alert(1)>" + "路" * 300})
    assert draft is not None
    assert draft.address == "路" * 200
    assert [issue[1] for issue in issues] == ["markup_removed", "text_cut"]


def test_a_city_that_is_none_of_ours_is_reported_and_kept_as_written() -> None:
    outcome = read([{"名称": "塔", "城市": "Paris", "门票": 1}])[0]
    assert outcome.draft is not None
    assert outcome.draft.city == "Paris"
    assert [(i.reason.value, i.value) for i in outcome.issues] == [("city_unknown", "Paris")]


def test_repeated_rows_keep_the_first_whatever_the_width_of_its_brackets() -> None:
    outcomes = read([{"名称": "楼外楼（孤山店）", "门票": 1}, {"名称": "楼外楼(孤山店)", "门票": 2}])
    assert [outcome.draft is None for outcome in outcomes] == [False, True]
    assert [(i.row_no, i.reason.value, i.severity) for i in outcomes[1].issues] == [(2, "duplicate_row", IssueSeverity.REFUSED)]
    assert outcomes[0].external_id == "楼外楼(孤山店)"


def test_a_csv_row_with_more_cells_than_columns_is_not_guessed_at() -> None:
    table = open_table("名称,门票\n西湖,1,280\n灵隐寺,75\n".encode())
    reader = Reader(table.columns, propose(table.columns, column_samples(table)), ResourceKind.ATTRACTION, default_city="杭州")
    outcomes = list(reader.read_all(table.rows))
    assert [(i.row_no, i.reason.value, i.value) for i in outcomes[0].issues] == [(2, "row_shape", "280")]
    assert outcomes[1].draft is not None


def test_the_hash_of_a_row_does_not_depend_on_its_position() -> None:
    first = read([{"名称": "西湖", "门票": 1}, {"名称": "灵隐寺", "门票": 75}])
    second = read([{"名称": "灵隐寺", "门票": 75}, {"名称": "西湖", "门票": 1}])
    assert first[0].draft is not None
    assert second[1].draft is not None
    assert first[0].draft.content_hash() == second[1].draft.content_hash()
    assert first[0].draft.content_hash() != read([{"名称": "西湖", "门票": 2}])[0].draft.content_hash()  # type: ignore[union-attr]
