"""Wording, approval, lift, the picture."""

from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.choices import CampaignState
from campaigns.rules import launch
from campaigns.rules.lift import ArmTotals, compare, conversion_difference, revenue_error, split_p_value, wilson
from campaigns.rules.picture import HEIGHT, stream, whisker
from campaigns.rules.starters import STARTERS
from campaigns.rules.wording import check_content, check_length, check_prices, check_wording


class TestWording:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("全网最低价,错过再等一年", ["全网最低"]),
            ("国家级景区,史上最优惠", ["国家级", "史上最"]),
            ("第一天抵达昆明,第一站石林,第一次带孩子出门", []),
            ("销量第一,口碑第一", ["第一"]),
            ("最低成团人数 6 人,最低气温 5 度", []),
            ("最低只要 999", ["最低"]),
            ("保证成团,稳赚不赔", ["保证成团", "稳赚"]),
            ("最大限度照顾老人", []),
            ("早订先选房型", []),
        ],
    )
    def test_absolute_claims_and_promises(self, text: str, words: list[str]) -> None:
        found = check_wording(text)
        assert [finding.word for finding in found] == words
        assert all(finding.is_blocking for finding in found)

    def test_prices_must_be_the_products(self) -> None:
        found = check_prices("原价¥4,980,现在 3980 元起,儿童￥1980.00", Decimal("3980.00"))
        assert [finding.word for finding in found] == ["4,980", "1980.00"]
        assert not any(finding.is_blocking for finding in found)
        assert check_prices("3980元", None) == []

    def test_bytes_not_characters(self) -> None:
        assert check_length("山" * 1333, "海" * 21) == []
        assert [(one.code, one.word, one.instead) for one in check_length("山" * 1334, "海" * 22)] == [
            ("too_long", "text", "4002/4000"),
            ("too_long", "title", "66/64"),
        ]
        assert [one.word for one in check_length(" ", "")] == ["text", "title"]

    def test_our_own_templates_pass(self) -> None:
        for one in STARTERS:
            assert check_content(one.text, one.card_title, None) == []


class TestLaunchRules:
    def test_the_second_person_is_needed_above_the_limit(self) -> None:
        assert launch.needs_approval(501, 500, is_approved=False)
        assert not launch.needs_approval(500, 500, is_approved=False)
        assert not launch.needs_approval(501, 500, is_approved=True)
        assert not launch.may_approve(7, 7)

    def test_the_state_follows_the_tasks(self) -> None:
        assert launch.next_state("launching", waiting=1, open_tasks=2) == CampaignState.LAUNCHING
        assert launch.next_state("launching", waiting=0, open_tasks=2) == CampaignState.AWAITING_STAFF
        assert launch.next_state("awaiting_staff", waiting=0, open_tasks=0) == CampaignState.FINISHED


def arm(people: int, buyers: int, each: int) -> ArmTotals:
    return ArmTotals(people, buyers, buyers, Decimal(buyers * each), Decimal(buyers * each * each))


class TestLift:
    def test_known_numbers(self) -> None:
        lift = compare(arm(900, 90, 4000), arm(100, 5, 4000), 10)
        assert lift is not None
        assert lift.conversion.value == pytest.approx(0.05)
        assert lift.revenue_per_person.value == pytest.approx(200)
        assert lift.incremental_revenue.value == pytest.approx(180_000)
        assert lift.incremental_revenue.low == pytest.approx(900 * lift.revenue_per_person.low)
        assert not lift.split_is_suspicious

    def test_wilson_and_newcombe_by_the_book(self) -> None:
        """Newcombe 1998, table II: 56/70 against 48/80 gives 0.0524 to 0.3339."""
        interval = conversion_difference(ArmTotals(70, 56), ArmTotals(80, 48))
        assert (round(interval.value, 4), round(interval.low, 4), round(interval.high, 4)) == (0.2, 0.0524, 0.3339)
        assert [round(value, 4) for value in wilson(15, 148)] == [0.1014, 0.0624, 0.1605]

    def test_a_small_hold_out_without_buyers_is_not_a_clear_result(self) -> None:
        lift = compare(arm(168, 6, 17_000), arm(25, 0, 0), 10)
        assert lift is not None
        assert not lift.revenue_per_person.is_clear
        assert not lift.conversion.is_clear

    def test_a_large_effect_is_clear(self) -> None:
        lift = compare(arm(9000, 900, 4000), arm(1000, 30, 4000), 10)
        assert lift is not None
        assert lift.revenue_per_person.is_clear
        assert lift.conversion.is_clear

    def test_nothing_to_compare(self) -> None:
        assert compare(arm(100, 3, 1), arm(1, 0, 0), 10) is None
        assert compare(arm(100, 3, 1), ArmTotals(), 0) is None

    def test_a_split_far_from_the_plan_raises_the_alarm(self) -> None:
        assert split_p_value(900, 100, 10) == pytest.approx(1.0)
        assert split_p_value(950, 50, 10) < 0.001
        assert split_p_value(900, 100, 0) == 1.0

    @given(people=st.integers(2, 5000), buyers=st.integers(0, 5000), others=st.integers(2, 5000), their=st.integers(0, 5000))
    def test_intervals_hold_their_estimate(self, people: int, buyers: int, others: int, their: int) -> None:
        one, two = arm(people, min(buyers, people), 3000), arm(others, min(their, others), 3000)
        interval = conversion_difference(one, two)
        assert -1 <= interval.low <= interval.value + 1e-9
        assert interval.value - 1e-9 <= interval.high <= 1
        assert revenue_error(one, two) >= 0


class TestPicture:
    @given(values=st.lists(st.integers(0, 10_000_000), min_size=1, max_size=9))
    def test_the_stream_keeps_the_order_and_the_box(self, values: list[int]) -> None:
        pieces = stream(values)
        for piece, value in zip(pieces, values, strict=True):
            assert 0 <= piece.half <= HEIGHT / 2
            assert (piece.half == 0) == (value == 0)
            ElementTree.fromstring(f'<path d="{piece.path}"/>')
        for (piece, value), (other, larger) in zip(
            zip(pieces, values, strict=True), zip(pieces[1:], values[1:], strict=True), strict=False
        ):
            if value <= larger:
                assert piece.half <= other.half

    @given(low=st.floats(-1e6, 1e6), width=st.floats(0, 1e6))
    def test_the_whisker_holds_zero_within_the_box(self, low: float, width: float) -> None:
        drawn = whisker(low, low + width / 2, low + width)
        assert 0 <= drawn.low <= drawn.value <= drawn.high <= 100
        assert 0 <= drawn.zero <= 100
