"""P18 and P19 as staff use them."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core import clock
from core.worker import run_pending
from customers.models import Customer
from membership.choices import SchemeState
from membership.models import (
    Account,
    Adjustment,
    Benefit,
    BenefitUse,
    Coupon,
    CouponTemplate,
    MallItem,
    Member,
    MemberService,
    MemberTask,
    Proof,
    ServiceSlot,
    Tier,
    TierScheme,
)  # fmt: skip
from membership.services.coupons import issue_coupon
from membership.services.points import add_growth
from staff.models import User
from tests.factories import make_customer

pytestmark = pytest.mark.django_db
Make = Callable[..., CouponTemplate]


@pytest.fixture
def office(client: Client, lin: User) -> Client:
    client.force_login(lin)
    return client


@pytest.fixture
def benefit(db: None) -> Benefit:
    return Benefit.objects.create(code="parking", name="免费停车", kind="parking", unit_amount=20)


def _ladder(client: Client, benefit: Benefit, growth: int) -> None:
    client.post("/membership/draft/save")
    saved = client.post(
        "/membership/draft/save",
        {"name-0": "会员", "name-1": "金卡", "code-1": "gold", "growth-1": str(growth), "days-1": "365", "mode-1": "all",
         "valid-1": "12", "grace-1": "30", f"cell-{benefit.pk}-1": "4", f"period-{benefit.pk}-1": "year", "note": "新年"},
    )  # fmt: skip
    assert saved.status_code == 302


def test_a_ladder_is_drafted_simulated_published_and_changed(office: Client, su: Customer, benefit: Benefit) -> None:
    add_growth(su.pk, 3000, key="g", code="earn")
    _ladder(office, benefit, 3000)
    told = office.get("/membership/draft/simulation").content.decode()
    assert "金卡 0 → 1" in told
    assert "+ ¥80" in told or "+¥80" in told
    wrong = office.post("/membership/draft/publish", {"confirm": "no"})
    assert wrong.status_code == 400
    assert TierScheme.objects.get().state == SchemeState.DRAFT
    assert office.post("/membership/draft/publish", {"confirm": "确认"}).status_code == 302
    run_pending()
    assert Member.objects.get(pk=su.pk).tier == "gold"
    _ladder(office, benefit, 9000)
    assert "金卡 1 → 0" in office.get("/membership/draft/simulation").content.decode()
    office.post("/membership/draft/publish", {"confirm": "确认"})
    run_pending()
    assert Member.objects.get(pk=su.pk).tier == "gold"  # until the validity ends
    assert office.post("/membership/roll-back", {"confirm": "确认"}).status_code == 302
    assert TierScheme.objects.get(state="published").version == 1


def test_a_draft_that_makes_no_sense_is_not_kept(office: Client, benefit: Benefit) -> None:
    office.post("/membership/draft/save")
    for wrong in ({"growth-1": "x"}, {}, {"json-1": "{"}, {"json-1": '{"nonsense": {}}'}, {"growth-1": "5", "code-1": "金"}):
        sent = office.post("/membership/draft/save", {"name-0": "会员", "name-1": "金卡", "code-1": "gold", **wrong})
        assert sent.status_code == 422, wrong
    assert list(Tier.objects.values_list("code", flat=True)) == ["base"]


def test_two_people_adjust_points(office: Client, su: Customer, chen: User) -> None:
    sent = {"customer": su.pk, "points": "-500", "reason": "重复发放，扣回", "key": "a" * 12}
    for _time in range(2):
        assert office.post("/membership/points/adjustments", sent).status_code == 302
    asked = Adjustment.objects.get()
    office.post(f"/membership/points/adjustments/{asked.pk}", {"decision": "approve"})
    assert Account.objects.get().balance == 3000  # the same person
    finance = Client()
    chen.role, chen.row_scope = "finance", "all"
    chen.save()
    finance.force_login(chen)
    for _time in range(2):
        finance.post(f"/membership/points/adjustments/{asked.pk}", {"decision": "approve"})
    assert Account.objects.get().balance == 2500
    for wrong in ({"points": "0"}, {"points": "1000001"}, {"reason": "啊"}, {"customer": "999999"}, {"points": "1.5"}):
        assert office.post("/membership/points/adjustments", {**sent, "key": "b" * 12, **wrong}).status_code == 422, wrong
    assert Adjustment.objects.count() == 1


def test_the_books_are_checked(office: Client, su: Customer) -> None:
    office.post("/membership/points/proof")
    run_pending()
    assert Proof.objects.get().findings == []
    Account.objects.filter(pk=su.pk).update(balance=2999)
    office.post("/membership/points/proof")
    run_pending()
    assert Proof.objects.get().findings == [f"{su.pk}: balance 2999, transfers 3000, lots 3000"]
    assert "不相符" in office.get("/membership/points").content.decode()


def test_a_coupon_from_its_terms_to_its_redemption(office: Client, su: Customer) -> None:
    terms = {"name": "景区讲解券", "kind": "exchange", "item": "讲解器一台", "amount": "0", "percent": "0", "min_amount": "0", "per_person": "1",
             "valid_days": "7", "stacking": "alone", "cost_owner": "agency", "merchant_percent": "0", "stock": "5", "returns": "on"}  # fmt: skip
    assert office.post("/coupons/new", {**terms, "item": ""}).status_code == 422
    assert office.post("/coupons/new", terms).status_code == 302
    template = CouponTemplate.objects.get()
    page = f"/coupons/{template.pk}"
    assert office.post(f"{page}/state", {"state": "active"}).status_code == 409  # no public rules
    CouponTemplate.objects.update(rule_text="全体会员")
    office.post(f"{page}/state", {"state": "active"})
    give = {"how": "single", "customer": su.pk, "key": "c" * 12}
    for _time in range(2):
        assert office.post(f"{page}/issue", give).status_code == 302
    coupon = Coupon.objects.get()
    assert office.post(f"{page}/issue", {**give, "key": "d" * 12}).status_code == 422  # one per person
    assert office.post(f"{page}/issue", {"how": "codes", "count": "5", "key": "e" * 12}).status_code == 422  # 4 are left
    assert office.post(f"{page}/issue", {"how": "codes", "count": "4", "key": "e" * 12}).status_code == 302
    batch = template.batches.get()
    assert len(office.post(f"{page}/codes/{batch.pk}").content.decode().splitlines()) == 5
    typed = f" {coupon.code[:6].lower()}-{coupon.code[6:]} "
    assert "核销成功" in office.post("/coupons/redeem", {"code": typed, "key": "f" * 12}).content.decode()
    assert office.post("/coupons/redeem", {"code": typed, "key": "f" * 12}).status_code == 200
    assert office.post("/coupons/redeem", {"code": typed, "key": "g" * 12}).status_code == 422
    assert office.get(page).status_code == 200


@pytest.mark.parametrize("rows", [1, 3])
def test_pages_ask_a_fixed_number_of_questions(
    office: Client, lin: User, benefit: Benefit, template: Make, rows: int, django_assert_num_queries: Any
) -> None:
    now = clock.now()
    people = [make_customer(f"客{number}", owner=lin) for number in range(rows)]
    made = [template(name=f"券{number}") for number in range(rows)]
    for number, person in enumerate(people):
        issue_coupon(person.pk, made[0].pk, f"k{number}")
        MallItem.objects.create(name=f"包{number}", kind="goods", points=10)
        MemberTask.objects.create(code=f"t{number}", kind="share", name="分享")
        service = MemberService.objects.create(name="停车", kind="parking", benefit=benefit)
        ServiceSlot.objects.create(
            service=service, starts_at=now + dt.timedelta(days=1), ends_at=now + dt.timedelta(days=2), capacity=3
        )
    office.get("/coupons")
    for path, questions in COUNTS.items():
        with django_assert_num_queries(questions):
            assert (
                office.get(path.replace("COUPON", str(made[0].pk)).replace("CUSTOMER", str(people[0].pk))).status_code == 200
            ), path


COUNTS = {
    "/coupons": 7, "/coupons/COUPON": 12, "/membership": 11, "/membership/points": 12, "/membership/tasks": 10, "/membership/mall": 8,
    "/customers/CUSTOMER/membership": 11,
}  # fmt: skip


def test_a_benefit_is_used_at_the_counter(office: Client, su: Customer, benefit: Benefit) -> None:
    add_growth(su.pk, 3000, key="g", code="earn")
    _ladder(office, benefit, 3000)
    office.post("/membership/draft/publish", {"confirm": "确认"})
    run_pending()
    for number in range(6):
        office.post(f"/customers/{su.pk}/membership/benefits/parking", {"key": f"key-{number // 2}"})
    assert BenefitUse.objects.count() == 3
    for number in range(3, 6):
        office.post(f"/customers/{su.pk}/membership/benefits/parking", {"key": f"key-{number}"})
    assert BenefitUse.objects.count() == 4
