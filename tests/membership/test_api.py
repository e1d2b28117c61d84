"""The mini-program's membership: one's own, once per key, in fen and points."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from core import clock
from customers.models import Customer
from membership.models import Account, Coupon, CouponTemplate, MallItem, MemberService, MemberTask, ServiceSlot, TierScheme
from membership.models.tiers import Tier
from membership.services.coupons import issue_codes
from staff.models import User
from tests.factories import make_customer, make_token

pytestmark = pytest.mark.django_db
API = "/api/mp/v1"


class Phone:
    """A member's mini-program."""

    def __init__(self, customer: Customer) -> None:
        self.client, self.token, self.number = Client(), make_token(customer), 0

    def get(self, path: str) -> Any:
        return self.client.get(f"{API}/{path}", headers={"Authorization": f"Bearer {self.token}"}).json()

    def post(self, path: str, key: str = "", **body: Any) -> tuple[int, Any]:
        self.number += 1
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key or f"key-{self.number:06}"}
        answer = self.client.post(f"{API}/{path}", body, "application/json", headers=headers)
        return answer.status_code, answer.json()


@pytest.fixture
def phone(su: Customer) -> Phone:
    return Phone(su)


def test_the_card_and_the_statement(phone: Phone) -> None:
    scheme = TierScheme.objects.create(version=1, state="published")
    Tier.objects.create(scheme=scheme, code="base", name="会员", rank=0)
    Tier.objects.create(scheme=scheme, code="gold", name="金卡", rank=1, condition={"growth": {"value": 500}})
    card = phone.get("member")
    assert (card["tier"], card["points"], card["next_tier"]) == (
        "base",
        3000,
        {"name": "金卡", "condition": "历史成长值 ≥ 500"},
    )
    assert card["invite_code"] == phone.get("member")["invite_code"]
    page = phone.get("points?limit=1")
    assert [row["points"] for row in page["results"]] == [3000]
    assert phone.client.get(f"{API}/points?before=9", headers={"Authorization": f"Bearer {phone.token}"}).status_code == 400


def test_coupons_are_fetched_once(phone: Phone, template: Callable[..., CouponTemplate], lin: User) -> None:
    offer = template(is_claimable=True, per_person=2)
    hidden = template(name="内部")
    assert [row["off"] for row in phone.get("coupons/centre")["results"]] == [5000]
    first = phone.post(f"coupons/centre/{offer.pk}/claim", key="same-key")
    assert first[0] == 201
    assert phone.post(f"coupons/centre/{offer.pk}/claim", key="same-key") == first
    assert phone.post(f"coupons/centre/{offer.pk}/claim")[0] == 201
    assert phone.post(f"coupons/centre/{offer.pk}/claim")[1]["code"] == "coupon_per_person"
    assert phone.post(f"coupons/centre/{hidden.pk}/claim")[0] == 404
    code = issue_codes(hidden.pk, 1, key="batch", by=lin).coupons.get().code
    assert phone.post("coupons/code", coupon_code=f"{code[:4]} {code[4:].lower()}")[1]["name"] == "内部"
    assert Phone(make_customer("别人")).post("coupons/code", coupon_code=code)[1]["code"] == "code_unknown"
    assert len(phone.get("coupons?usable=true")["results"]) == Coupon.objects.count() == 3


def test_tasks_mall_and_services(phone: Phone) -> None:
    MemberTask.objects.create(code="sign-in", kind="sign_in", name="签到", points=5)
    item = MallItem.objects.create(name="帆布包", kind="goods", points=100, stock=2)
    service = MemberService.objects.create(name="停车", kind="parking", points=50, price_amount=Decimal("30.00"))
    start = clock.now() + dt.timedelta(days=1)
    slot = ServiceSlot.objects.create(service=service, starts_at=start, ends_at=start + dt.timedelta(hours=2), capacity=1)
    assert phone.post("checkin")[1]["points"] == 5
    assert phone.post("checkin")[1]["streak"] == 1
    assert phone.get("member-tasks")["results"][0]["done_today"] == 1
    assert phone.post(f"mall/{item.pk}/redeem")[0] == 201
    assert phone.post(f"mall/{item.pk}/redeem")[1]["code"] == "mall_limit"
    assert phone.post("mall/999999/redeem")[0] == 404
    shown = phone.get("services")["results"][0]
    assert (shown["price"], shown["slots"][0]["left"]) == (3000, 1)
    booked = phone.post(f"services/slots/{slot.pk}/orders", paid_by="points")
    assert booked[0] == 201
    stranger = Phone(make_customer("别人"))
    assert stranger.post(f"services/orders/{booked[1]['no']}/cancel")[0] == 404
    assert stranger.post(f"services/slots/{slot.pk}/orders", paid_by="on_site")[1]["code"] == "slot_full"
    assert phone.post(f"services/orders/{booked[1]['no']}/cancel")[1]["state"] == "cancelled"
    assert Account.objects.get().balance == 3000 + 5 - 100
    assert len(phone.get("mall/orders")["results"]) == len(phone.get("services/orders")["results"]) == 1


def test_nobody_invites_themselves(phone: Phone) -> None:
    code = phone.get("member")["invite_code"]
    assert phone.post("invitations", invite_code=code)[1]["code"] == "invite_self"
    assert Phone(make_customer("新客")).post("invitations", invite_code=code) == (200, {"state": "joined"})
