"""Coupons and points at checkout: to the fen, once, given back with what is refunded."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
import time_machine

from core import clock
from core.errors import BadInput, Refused
from customers.models import Customer
from membership.models import Account, Coupon, CouponTemplate, Offset, Redemption
from membership.services.coupons import issue_coupon
from membership.services.offsets import commit_offsets, hold_offsets, preview_offsets, release_offsets, return_offsets
from tests.factories import make_customer
from tests.membership import books
from tests.membership.conftest import line

pytestmark = pytest.mark.django_db
Make = Callable[..., CouponTemplate]


def refused(code: str, act: Callable[[], object]) -> None:
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.code == code


def test_amounts_come_before_percentages_and_add_up_to_the_fen(su: Customer, template: Make) -> None:
    fixed = issue_coupon(su.pk, template(stacking="free").pk, "a")
    percent = issue_coupon(su.pk, template(kind="percent", percent=10, cap_amount=Decimal(30), amount=0, stacking="free").pk, "b")
    found = preview_offsets(su.pk, [line("100.01"), line("199.99"), line("0.00")], [percent.pk, fixed.pk], 1500)
    assert [use.amount for use in found.coupons] == [Decimal("50.00"), Decimal("25.00")]
    assert found.line_coupon_amounts == (Decimal("25.00"), Decimal("50.00"), Decimal("0.00"))
    assert found.points_amount == Decimal("15.00")
    assert sum(found.line_points_amounts) == Decimal("15.00")
    assert found.payable == Decimal("210.00")
    assert found.points_max == 3000
    assert Coupon.objects.filter(state="issued").count() == 2


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"products": ["P02"]}, "coupon_scope"), ({"min_amount": Decimal(301)}, "coupon_minimum"),
        ({"channels": ["store"]}, "coupon_channel"), ({"with_points": False}, "coupon_no_points"),
        ({"valid_days": None, "valid_from": dt.datetime(2099, 1, 1, tzinfo=dt.UTC), "valid_until": dt.datetime(2099, 2, 1, tzinfo=dt.UTC)},
         "coupon_early"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_a_reason(su: Customer, template: Make, terms: dict[str, object], code: str) -> None:
    coupon = issue_coupon(su.pk, template(**terms).pk, "a")
    refused(code, lambda: hold_offsets(su.pk, [line("300", product="P01")], [coupon.pk], 100, key="order:1"))
    assert Offset.objects.count() == Redemption.objects.count() == 0
    coupon.refresh_from_db()
    assert coupon.state == "issued"


def test_coupons_that_exclude_one_another(su: Customer, template: Make) -> None:
    free = issue_coupon(su.pk, template(stacking="free").pk, "a")
    alone = issue_coupon(su.pk, template().pk, "b")
    same = [issue_coupon(su.pk, template(stacking="group", stack_group="hotel").pk, key) for key in "cd"]
    lines = [line("900")]
    refused("coupon_exclusive", lambda: preview_offsets(su.pk, lines, [free.pk, alone.pk], 0))
    refused("coupon_exclusive", lambda: preview_offsets(su.pk, lines, [one.pk for one in same], 0))
    refused("coupon_twice", lambda: preview_offsets(su.pk, lines, [free.pk, free.pk], 0))
    assert preview_offsets(su.pk, lines, [free.pk, same[0].pk], 0).payable == Decimal("800.00")


def test_somebody_elses_coupon_does_not_exist(su: Customer, template: Make) -> None:
    theirs = issue_coupon(make_customer("别人").pk, template().pk, "a")
    with pytest.raises(BadInput):
        preview_offsets(su.pk, [line("300")], [theirs.pk], 0)


@pytest.mark.parametrize(("points", "code"), [(99, "points_few"), (3001, "points_short"), (2501, "points_many")])
def test_points_have_limits(su: Customer, points: int, code: str) -> None:
    refused(code, lambda: preview_offsets(su.pk, [line("50")], [], points))


@pytest.mark.parametrize("amount", ["-1", "0.001"])
def test_a_line_needs_an_amount(su: Customer, amount: str) -> None:
    with pytest.raises(BadInput):
        preview_offsets(su.pk, [line(amount)], [], 0)


def test_held_then_used_then_given_back_with_the_refunds(su: Customer, template: Make) -> None:
    coupon = issue_coupon(su.pk, template().pk, "a")
    lines = [line("250")]
    first = hold_offsets(su.pk, lines, [coupon.pk], 1000, key="order:1")
    again = hold_offsets(su.pk, lines, [coupon.pk], 1000, key="order:1")
    assert (first.payable, again.payable) == (Decimal("190.00"), Decimal("190.00"))
    refused("key_reused", lambda: hold_offsets(su.pk, lines, [coupon.pk], 900, key="order:1"))
    refused("coupon_state", lambda: hold_offsets(su.pk, lines, [coupon.pk], 0, key="order:2"))
    for _time in range(2):
        commit_offsets("order:1")
    refused("offset_committed", lambda: release_offsets("order:1"))
    account = Account.objects.get()
    assert (account.balance, account.held) == (2000, 0)
    assert return_offsets("order:1", Decimal("95.00")) == 500
    assert return_offsets("order:1", Decimal("95.00")) == 0
    coupon.refresh_from_db()
    assert coupon.state == "used"
    with pytest.raises(BadInput):
        return_offsets("order:1", Decimal("190.01"))
    assert return_offsets("order:1", Decimal("190.00")) == 500
    coupon.refresh_from_db()
    assert coupon.state == "issued"
    assert Account.objects.get().balance == 3000
    assert books.wrong() == []


def test_released_is_as_before_and_may_be_held_again(su: Customer, template: Make) -> None:
    coupon = issue_coupon(su.pk, template().pk, "a")
    lines = [line("250")]
    hold_offsets(su.pk, lines, [coupon.pk], 1000, key="order:1")
    for _time in range(2):
        release_offsets("order:1")
    assert (Account.objects.get().balance, Account.objects.get().held) == (3000, 0)
    refused("offset_released", lambda: commit_offsets("order:1"))
    hold_offsets(su.pk, lines, [coupon.pk], 1000, key="order:1")
    commit_offsets("order:1")
    assert Account.objects.get().balance == 2000
    assert list(Redemption.objects.order_by("id").values_list("state", flat=True)) == ["released", "committed"]
    assert books.wrong() == []


def test_a_key_that_was_never_held_does_nothing(db: None) -> None:
    commit_offsets("order:404")
    release_offsets("order:404")
    assert return_offsets("order:404", Decimal(1)) == 0


def test_a_coupon_is_good_until_its_last_millisecond_in_shanghai(su: Customer, template: Make) -> None:
    with time_machine.travel(dt.datetime(2026, 3, 1, 4, 0, tzinfo=dt.UTC), tick=False) as moved:
        coupon = issue_coupon(su.pk, template(valid_days=1).pk, "a")
        assert coupon.expires_at == dt.datetime(2026, 3, 1, 15, 59, 59, 999000, tzinfo=dt.UTC)
        moved.move_to(coupon.expires_at)
        assert preview_offsets(su.pk, [line("300")], [coupon.pk], 0).payable == Decimal("250.00")
        moved.move_to(coupon.expires_at + dt.timedelta(milliseconds=1))
        refused("coupon_expired", lambda: preview_offsets(su.pk, [line("300")], [coupon.pk], 0, clock.now()))
