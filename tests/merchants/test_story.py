"""One member's story over HTTP: coupon, points and money; redeemed at a merchant; partly refunded; every book agrees to the fen."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from core import clock
from core.money import to_fen
from core.worker import run_pending
from customers.models import Customer, MemberToken
from gateways.pay import pay
from membership.models import Account, Coupon, CouponTemplate
from membership.services.coupons import issue_coupon
from membership.services.points import grant_points
from merchants.models import Listing
from merchants.services.people import make_merchant, put_to_work
from merchants.services.settling import settle_until
from orders.choices import BillState
from orders.models import CommercePolicy, Order, Refund
from orders.services.bills import keep_bill
from staff.models import User
from tests.factories import make_token
from tests.orders.conftest import Cashier, cashier, customer, departure, product
from tests.orders.test_whole import make_offer, on

__all__ = ["cashier", "customer", "departure", "product"]
pytestmark = pytest.mark.django_db


class Phone:
    """The member's mini-program."""

    def __init__(self, customer: Customer, openid: str) -> None:
        self.token, self.client, self.asked = make_token(customer), Client(), 0
        MemberToken.objects.filter(customer=customer).update(openid=openid)

    def post(self, path: str, body: dict[str, Any] | None = None, status: int = 200) -> dict[str, Any]:
        self.asked += 1
        answer = self.client.post(
            f"/api/mp/v1/{path}", body or {}, "application/json",
            headers={"Authorization": f"Bearer {self.token}", "Idempotency-Key": f"story-{self.asked:08}"},
        )  # fmt: skip
        assert answer.status_code == status, answer.content
        return dict(answer.json())


def test_a_member_buys_redeems_and_is_partly_refunded(customer: Customer, cashier: Cashier) -> None:
    CommercePolicy.objects.create(refund_limit_amount=Decimal("10.00"))
    finance = User.objects.create_user("finance", password="a-long-password-26", role="finance", row_scope="all")
    bikes = make_merchant(code="bikes", name="洱海骑行", user=finance, fee_percent=Decimal("10.00"))
    put_to_work(merchant=bikes, user=User.objects.create_user("bike", role="merchant"), is_manager=True, by=finance)
    offer = make_offer(in_days=0, price="100.00", pieces=10)
    Listing.objects.create(merchant=bikes, offer=offer)
    template = CouponTemplate.objects.create(
        name="满100减30", kind="fixed", amount=30, min_amount=100, state="active", valid_days=20, stock=1, rule_text="全体"
    )
    coupon = issue_coupon(customer.pk, template.pk, "story")
    grant_points(customer.pk, 5000, key="story")
    phone = Phone(customer, cashier.new_payer())
    day = on(offer).day.isoformat()
    wish = {"services": [{"offer": offer.product.code, "day": day, "quantity": 4}], "coupons": [coupon.pk], "points": 2000}
    order = phone.post("service-orders", wish, 201)
    assert (order["total"], order["coupon"], order["payable"]) == (40_000, 3_000, 40_000 - 3_000 - order["points"])
    assert order["points"] > 0
    assert Account.objects.get(pk=customer.pk).balance == 3000
    no = order["no"]
    phone.post(f"orders/{no}/pay")
    cashier.pays(f"{no}P1")
    assert cashier.notify() == [(204, "")]
    bought = Order.objects.get(no=no)
    assert (bought.state, to_fen(bought.paid_amount)) == ("paid", order["payable"])
    coupon.refresh_from_db()
    assert coupon.state == "used"
    run_pending("usual")  # points are earned, the tier is looked at
    line = bought.lines.get()
    shop = Client()
    shop.force_login(User.objects.get(username="bike"))
    shop.post("/merchant/redeem", {"code": line.code, "quantity": 2, "key": "story-redeem".replace("-", "")})
    line.refresh_from_db()
    assert line.redeemed_quantity == 2
    pieces = {"pieces": [{"line": line.pk, "quantity": 1}]}
    told = phone.post(f"orders/{no}/refund-preview", pieces)
    assert told["fee"] > 0  # the day has come: half is kept
    asked = phone.post(f"orders/{no}/refunds", pieces | {"expected": told["money"], "words": "来不及了"}, 201)
    desk = Client()
    desk.force_login(finance)
    refund = Refund.objects.get(out_refund_no=asked["no"])
    assert desk.post(f"/orders/{no}/refunds/{refund.pk}/decide", {"decision": "execute"}).status_code == 302
    run_pending("usual")
    cashier.do("clock/advance", hours=1)
    cashier.notify()
    run_pending("usual")
    bought.refresh_from_db()
    assert to_fen(bought.refunded_amount) == told["money"]
    # the books: the platform's bill, the merchant's statement, the order's own lines
    today = clock.today()
    with time_machine.travel(clock.now() + dt.timedelta(days=1)):
        bill = keep_bill(pay().bill(today))
    assert (bill.state, bill.differences.count(), bill.lines_count) == (BillState.CLEAN, 0, 2)
    assert (bill.trades_amount, bill.refunds_amount) == (bought.paid_amount, bought.refunded_amount)
    statement = settle_until(bikes.pk, today, today)
    assert statement is not None
    assert (statement.gross_amount, statement.fee_amount, statement.net_amount) == (
        Decimal("200.00"), Decimal("20.00"), Decimal("180.00"),
    )  # fmt: skip
    line.refresh_from_db()
    assert (line.redeemed_quantity, line.returned_quantity, line.open_quantity) == (2, 1, 1)
    assert Account.objects.get(pk=customer.pk).balance >= 3000
    assert Coupon.objects.get().state == "used"
