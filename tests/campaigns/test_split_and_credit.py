"""Pure decisions: who gets which words when, and who may claim what of an order."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.choices import CreditModel
from campaigns.rules import split
from campaigns.rules.credit import credit, shares, weights
from campaigns.rules.wording import check_content, check_direct
from messaging.rules.wording import compile_words, fill, stray_braces, unknown_variables

DAY = dt.timedelta(days=1)
PAID = dt.datetime(2026, 11, 20, 4, tzinfo=dt.UTC)
NIGHT = (dt.time(21), dt.time(9))


class TestCredit:
    def test_each_model_on_three_touches(self) -> None:
        touches = [PAID - 14 * DAY, PAID - 7 * DAY, PAID]
        found = {model: [float(one) for one in weights(model, touches, PAID)] for model in CreditModel.values}
        assert found["last"] == [0, 0, 1]
        assert found["first"] == [1, 0, 0]
        assert found["linear"] == pytest.approx([1 / 3] * 3)
        assert found["decay"] == pytest.approx([1 / 7, 2 / 7, 4 / 7], abs=1e-6)
        assert found["position"] == pytest.approx([0.4, 0.2, 0.4])

    def test_one_and_two_touches(self) -> None:
        assert weights("position", [PAID], PAID) == [1]
        assert weights("position", [PAID - DAY, PAID], PAID) == [Fraction(1, 2)] * 2
        with pytest.raises(ValueError, match="without a touch"):
            weights("last", [], PAID)

    def test_a_fen_that_does_not_divide_goes_to_the_first(self) -> None:
        assert shares(Decimal("100.00"), [Fraction(1, 3)] * 3) == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]
        assert shares(Decimal("0.00"), [Fraction(1, 2)] * 2) == [Decimal(0), Decimal(0)]

    @given(
        st.decimals(0, 999_999, places=2),
        st.lists(st.timedeltas(dt.timedelta(), dt.timedelta(days=60)), min_size=1, max_size=12),
    )
    def test_every_model_sums_to_the_order_to_the_fen(self, amount: Decimal, ages: list[dt.timedelta]) -> None:
        touches = sorted(PAID - age for age in ages)
        for amounts in credit(amount, touches, PAID).values():
            assert sum(amounts) == amount
            assert min(amounts) >= 0


class TestSplit:
    def test_the_last_bound_is_the_end(self) -> None:
        assert split.bounds([1, 1, 1]) == [3333, 6666, 10_000]
        assert [split.pick([3333, 6666, 10_000], place) for place in (0, 3332, 3333, 9999)] == [0, 0, 1, 2]

    def test_the_parts_of_a_decision_are_independent(self) -> None:
        variant = [split.bucket("s", "v", number) < 5000 for number in range(4000)]
        tested = [split.bucket("s", "t", number) < 5000 for number in range(4000)]
        both = sum(one and two for one, two in zip(variant, tested, strict=True))
        assert 850 < both < 1150

    def test_waves(self) -> None:
        assert [split.waves(minutes) for minutes in (0, 4, 30, 60, 600)] == [1, 1, 6, 12, 12]

    @pytest.mark.parametrize(
        ("hour", "now", "due"),
        [(20, "10:30", "20:00"), (10, "10:30", "10:30"), (9, "10:30", "33:00"), (23, "10:30", "10:30"), (8, "10:30", "10:30")],
    )
    def test_the_best_hour_is_never_a_quiet_one(self, hour: int, now: str, due: str) -> None:
        def at(text: str) -> dt.datetime:
            hours, minutes = map(int, text.split(":"))
            return dt.datetime(2026, 11, 17, 16, tzinfo=dt.UTC) + dt.timedelta(hours=hours, minutes=minutes)

        assert split.best_moment(hour, at(now), *NIGHT) == at(due)

    def test_the_winner_is_opened_most_and_the_earlier_one_in_a_tie(self) -> None:
        tried = [split.Tried(1, 0, 100, 10), split.Tried(2, 1, 50, 6), split.Tried(3, 2, 100, 12), split.Tried(4, 3, 0, 0)]
        best = split.winner(tried)
        assert best is not None
        assert best.variant_id == 2
        assert split.winner([split.Tried(1, 0, 100, 0)]) is None
        assert split.winner([]) is None


class TestWords:
    def test_variables_fall_back(self) -> None:
        text = "{{name}}，{{trip|您的行程}}{{ city }}见"
        assert fill(text, {"name": "安", "city": "杭州"}) == "安，您的行程杭州见"
        assert fill(text, {}) == "您，您的行程您所在的城市见"

    def test_a_value_is_never_read_as_words(self) -> None:
        assert fill("{{name}}！", {"name": "{{city}}\n{{name|x}}"}) == "{{city}} {{name|x}}！"
        assert fill("{{name}}", {"name": "长" * 100}) == "长" * 60

    def test_slips_are_said(self) -> None:
        assert unknown_variables("{{nmae}} {{trip|x}} {{coupon}}", ["coupon"]) == ["nmae"]
        assert [stray_braces(text) for text in ("{{Name}}", "{{name", "{{name}}", "{a}")] == [True, True, False, False]
        assert compile_words("没有变量").literals == ("没有变量",)

    def test_a_mass_send_refuses_variables_and_a_notice_only_unknown_ones(self) -> None:
        assert [one.word for one in check_content("{{name}}好", "云南", None) if one.is_blocking] == ["name"]
        found = check_direct("sms", "SMS_1", "", {"name": "{{name}}", "what": "{{nobody}}"}, None)
        assert [(one.code, one.word) for one in found] == [("variable", "nobody")]
        assert [one.word for one in check_direct("sms", "", "", {"a": "b"}, None)] == ["template"]
