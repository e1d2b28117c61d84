"""苏晴, who collects points, and coupons for her."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from core import clock
from customers.models import Customer
from membership.models import CouponTemplate
from membership.rules.coupons import Line
from membership.services.points import grant_points
from tests.factories import make_customer


@pytest.fixture
def su(db: None) -> Customer:
    """苏晴 with 3,000 points."""
    customer = make_customer()
    grant_points(customer.pk, 3000, key="start")
    return customer


@pytest.fixture
def template(db: None) -> Callable[..., CouponTemplate]:
    """A coupon template that is being issued: 50 off from 200, unless told otherwise."""

    def make(**fields: Any) -> CouponTemplate:
        known = {
            "name": "满200减50", "kind": "fixed", "amount": Decimal(50), "min_amount": Decimal(200), "state": "active",
            "valid_days": 30, "rule_text": "全体会员可领", "per_person": 1,
        }  # fmt: skip
        return CouponTemplate.objects.create(**(known | fields))

    return make


def line(amount: str, **more: Any) -> Line:
    """A line of an order."""
    return Line(Decimal(amount), **more)


def tomorrow() -> dt.datetime:
    """The same moment a day later."""
    return clock.now() + dt.timedelta(days=1)
