"""What orders bring and refunds take back; tiers; tasks; gifts; the mall and services."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
import time_machine

from catalog.models import Departure, Destination, Product
from core import clock
from core.errors import BadInput, Refused
from core.event_types import OrderPaid, OrderRefunded, TierChanged
from core.events import record
from core.models import Event
from core.worker import run_pending
from customers.models import Customer
from customers.services.merging import merge_customers, undo_merge
from membership.choices import BookingState, PaidBy
from membership.models import (
    Account,
    Benefit,
    BenefitUse,
    Coupon,
    CouponTemplate,
    EarnRule,
    GrowthEntry,
    Invitation,
    Lot,
    MallItem,
    Member,
    MemberService,
    MemberTask,
    ServiceBooking,
    ServiceSlot,
    Tier,
    TierBenefit,
    TierScheme,
    Transfer,
)  # fmt: skip
from membership.rules.tiers import Place, Step, decide
from membership.services.coupons import issue_to_segment
from membership.services.earning import earn_for_order, reverse_for_order
from membership.services.gifts import give_birthday_gifts
from membership.services.mall import book_service, cancel_booking, exchange, take_exchange_back
from membership.services.points import add_growth, grant_points
from membership.services.tasking import accept_invitation, decide_task, do_task, earn_for_behaviour, invite_code_of
from membership.services.tiers import reconsider, use_benefit
from orders.models import Order
from staff.models import User
from tagging.models import Segment
from tests.factories import make_customer
from tests.membership import books

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)


@pytest.fixture
def ladder(db: None) -> TierScheme:
    """Silver from 1,000 growth in a year; twice the points, a mall discount of 10 %, parking twice a year."""
    scheme = TierScheme.objects.create(version=1, state="published")
    Tier.objects.create(scheme=scheme, code="base", name="会员", rank=0)
    silver = Tier.objects.create(
        scheme=scheme,
        code="silver",
        name="银卡",
        rank=1,
        condition={"growth": {"value": 1000, "window_days": 365}},
        grace_days=10,
    )
    for code, kind, quantity, value in (("multiple", "multiple", None, 2), ("mall", "mall", None, 10), ("parking", "parking", 2, 1),
                                        ("birthday", "birthday", 1, 1)):  # fmt: skip
        benefit = Benefit.objects.create(code=code, name=code, kind=kind, gift_points=88 if kind == "birthday" else 0)
        TierBenefit.objects.create(tier=silver, benefit=benefit, quantity=quantity, value=value)
    return scheme


@pytest.fixture
def spending(db: None) -> EarnRule:
    return EarnRule.objects.create(kind="spend", name="消费", rate=1, growth_rate=1)


def order_of(customer: Customer, number: int, amount: str = "1200.90", theme: str = "海岛") -> int:
    """A paid order, and the fact that it is paid."""
    place, _new = Destination.objects.get_or_create(code="sanya", name="三亚")
    product, _new = Product.objects.get_or_create(
        code=f"P-{theme}", defaults={"name": theme, "destination": place, "days": 3, "themes": [theme], "price_from_amount": 1}
    )
    day = dt.date(2027, 1, 1)
    departure, _new = Departure.objects.get_or_create(
        product=product, departs_on=day, defaults={"adult_amount": 1, "child_amount": 1, "seats": 99}
    )
    now = clock.now()
    order = Order.objects.create(
        no=f"A{number}", customer=customer, product=product, departure=departure, state="paid", adults=1, adult_amount=Decimal(amount),
        child_amount=0, total_amount=Decimal(amount), paid_amount=Decimal(amount), placed_at=now, hold_until=now, paid_at=now,
    )  # fmt: skip
    record(OrderPaid(customer.pk, order.pk, Decimal(amount)), key=f"order.paid:{order.pk}")
    return int(order.pk)


def refund(customer: Customer, order: int, amount: str, key: str) -> int:
    record(OrderRefunded(customer.pk, order, Decimal(amount)), key=key)
    return reverse_for_order(customer.pk, order)


def balance(customer: Customer) -> int:
    return int(Account.objects.get(pk=customer.pk).balance)


def test_an_order_earns_once_and_its_refunds_take_back_in_proportion(spending: EarnRule, ladder: TierScheme) -> None:
    someone = make_customer()
    EarnRule.objects.create(kind="first", name="首单", points=300, is_multiplied=False)
    EarnRule.objects.create(kind="product", name="海岛", rate=Decimal("0.5"), themes=["海岛"])
    EarnRule.objects.create(kind="product", name="亲子", rate=9, themes=["亲子"])
    order = order_of(someone, 1)
    for _time in range(2):
        assert earn_for_order(someone.pk, order, Decimal("1200.90")).points == 1200 + 300 + 600
    assert balance(someone) == 2100
    assert Member.objects.get(pk=someone.pk).tier == "silver"
    second = order_of(someone, 2, "100")
    assert earn_for_order(someone.pk, second, Decimal(100)).points == 200 + 100  # twice, and no second first order
    assert refund(someone, order, "400.30", "r1") == 700
    assert reverse_for_order(someone.pk, order) == 0
    assert refund(someone, order, "400.30", "r2") == 700
    assert balance(someone) == 2400 - 1400
    assert sum(GrowthEntry.objects.values_list("amount", flat=True)) == 1300 - 800
    assert Member.objects.get(pk=someone.pk).rank == 0  # a tier that the refunded order brought is lost with it
    assert books.wrong() == []


def test_points_of_orders_go_home_when_records_are_parted(spending: EarnRule) -> None:
    one, other = make_customer(), make_customer("苏晴晴")
    grant_points(other.pk, 50, key="before")
    merge = merge_customers(one.pk, other.pk, evidence=[], source="review")
    order = order_of(one, 1, "500")
    Order.objects.update(home_id=other.pk)
    earn_for_order(one.pk, order, Decimal(500))
    assert balance(one) == 550
    undo_merge(merge, actor=None)
    assert (balance(one), balance(other)) == (0, 550)
    assert list(GrowthEntry.objects.values_list("customer_id", flat=True)) == [other.pk]
    assert books.wrong() == []


STEPS = {0: Step("base", 0, 12, 0), 1: Step("silver", 1, 12, 10), 2: Step("gold", 2, 12, 0)}


def test_up_at_once_down_after_validity_and_grace() -> None:
    up = decide(Place(0), 1, STEPS, NOON)
    assert (up.rank, up.valid_until) == (1, dt.datetime(2027, 3, 2, 15, 59, 59, 999000, tzinfo=dt.UTC))
    assert decide(up, 0, STEPS, NOON + dt.timedelta(days=300)) == up
    late = NOON + dt.timedelta(days=366)
    grace = decide(up, 0, STEPS, late)
    assert (grace.rank, grace.grace_until) == (1, dt.datetime(2027, 3, 12, 15, 59, 59, 999000, tzinfo=dt.UTC))
    assert decide(grace, 1, STEPS, late).grace_until is None
    assert decide(grace, 1, STEPS, late).since == NOON
    assert decide(grace, 0, STEPS, late + dt.timedelta(days=11)).rank == 0
    gold = decide(up, 2, STEPS, NOON)
    assert decide(gold, 1, STEPS, late).rank == 1  # no grace for gold
    assert decide(gold, 0, STEPS, NOON, strict_since=NOON).rank == 0
    assert decide(Place(5, NOON, late), 1, STEPS, NOON).rank == 2  # a ladder without that step


def test_a_change_of_tier_is_told_once(ladder: TierScheme) -> None:
    someone = make_customer()
    add_growth(someone.pk, 1000, key="g", code="earn")
    assert [reconsider(None), reconsider([someone.pk]), reconsider(None)] == [1, 0, 0]
    facts = list(Event.objects.filter(kind=TierChanged.kind).values_list("props", flat=True))
    assert facts == [{"customer_id": someone.pk, "before": "", "after": "silver"}]


def test_entitlements_are_counted(ladder: TierScheme) -> None:
    someone = make_customer()
    with pytest.raises(Refused) as refused:
        use_benefit(someone.pk, "parking", key="a")
    assert refused.value.code == "benefit_none"
    Member.objects.update_or_create(customer=someone, defaults={"tier": "silver", "rank": 1})
    assert use_benefit(someone.pk, "parking", key="a") == use_benefit(someone.pk, "parking", key="a")
    use_benefit(someone.pk, "parking", key="b")
    with pytest.raises(Refused) as refused:
        use_benefit(someone.pk, "parking", key="c")
    assert refused.value.code == "benefit_used_up"
    assert BenefitUse.objects.count() == 2


def test_signing_in_counts_once_a_day_and_in_a_row(db: None) -> None:
    task = MemberTask.objects.create(code="sign-in", kind="sign_in", name="签到", points=5, streak_days=3, streak_points=20)
    someone = make_customer()
    with time_machine.travel(NOON, tick=False) as moved:
        got = []
        for day in range(5):
            moved.move_to(NOON + dt.timedelta(days=day + (day > 3)))
            got.append((do_task(someone.pk, "sign-in").points, do_task(someone.pk, "sign-in").streak))
    assert got == [(5, 1), (5, 2), (25, 3), (5, 4), (5, 1)]
    assert balance(someone) == 45
    assert task.per_day == 1


def test_tasks_have_limits(lin: User) -> None:
    MemberTask.objects.create(code="share", kind="share", name="分享", points=5, per_day=2)
    MemberTask.objects.create(code="photo", kind="photo", name="晒图", points=30, is_checked=True)
    MemberTask.objects.create(code="profile", kind="profile", name="资料", points=100)
    someone = make_customer(phone_masked="138****0000")
    with pytest.raises(BadInput):
        do_task(someone.pk, "share")
    assert [do_task(someone.pk, "share", "P01").points for _time in range(3)] == [5, 5, 5]  # one thing counts once
    do_task(someone.pk, "share", "P02")
    with pytest.raises(Refused) as refused:
        do_task(someone.pk, "share", "P03")
    assert refused.value.code == "task_day_limit"
    assert balance(someone) == 10
    waiting = do_task(someone.pk, "photo", "album 1")
    assert (waiting.state, waiting.points) == ("waiting", 0)
    for _time in range(2):
        decide_task(waiting.pk, is_good=True, by=lin)
    assert balance(someone) == 40
    with pytest.raises(Refused) as refused:
        do_task(someone.pk, "profile")
    assert refused.value.code == "task_incomplete"


def test_nobody_invites_themselves_or_in_a_circle(db: None) -> None:
    MemberTask.objects.create(code="invite", kind="invite", name="邀请", points=20, per_day=5)
    EarnRule.objects.create(kind="referral", name="好友首单", points=500)
    one, friend = make_customer(), make_customer("钱多多")
    code = invite_code_of(one.pk)
    for who, given, wanted in ((one, code, "invite_self"), (friend, "NOBODY", "invite_unknown")):
        with pytest.raises(Refused) as refused:
            accept_invitation(who.pk, given)
        assert refused.value.code == wanted
    assert accept_invitation(friend.pk, code.lower()).pk == accept_invitation(friend.pk, code).pk
    assert balance(one) == 20
    assert accept_invitation(one.pk, invite_code_of(friend.pk)).reason == "cycle"
    order = order_of(friend, 1, "800")
    for _time in range(2):
        earn_for_order(friend.pk, order, Decimal(800))
    assert balance(one) == 520
    old = make_customer("老客")
    order_of(old, 2, "800")
    with pytest.raises(Refused) as refused:
        accept_invitation(old.pk, code)
    assert refused.value.code == "invite_late"
    assert Invitation.objects.count() == 2


def test_behaviour_earns_so_often_a_day(db: None) -> None:
    EarnRule.objects.create(kind="behaviour", name="收藏", event_kind="product.favorited", points=2, per_day=3)
    someone = make_customer()
    for number in range(5):
        Event.objects.create(key=f"00000000-0000-0000-0000-00000000000{number}", occurred_at=clock.now(), kind="product.favorited",
                             customer_id=someone.pk)  # fmt: skip
    assert [earn_for_behaviour([someone.pk]) for _time in range(2)] == [6, 0]
    assert Transfer.objects.filter(code="behaviour").count() == 3


def test_a_birthday_is_kept_once_a_year(ladder: TierScheme) -> None:
    with time_machine.travel(dt.datetime(2027, 3, 1, 1, 0, tzinfo=dt.UTC), tick=False):
        for number, born in enumerate((dt.date(1990, 3, 1), dt.date(1992, 2, 29), dt.date(1990, 3, 2))):
            Member.objects.create(customer=make_customer(f"客{number}", birthday=born), tier="silver", rank=1)
        for _time in range(2):
            give_birthday_gifts()
            run_pending()
    assert list(Lot.objects.order_by("id").values_list("amount", flat=True)) == [88, 88]


def test_the_mall_takes_points_and_gives_them_back(
    ladder: TierScheme, template: Callable[..., CouponTemplate], lin: User, su: Customer
) -> None:
    item = MallItem.objects.create(
        name="船票", kind="coupon", points=1000, stock=5, coupon_template=template(kind="exchange", item="船票")
    )
    bag = MallItem.objects.create(name="帆布包", kind="goods", points=1000, stock=1)
    Member.objects.create(customer=su, tier="silver", rank=1)
    order = exchange(su.pk, item.pk, key="a")
    assert exchange(su.pk, item.pk, key="a").pk == order.pk
    assert (order.points, order.state, balance(su)) == (900, "delivered", 2100)
    assert Coupon.objects.get().source == "mall"
    for wanted in ("mall_limit",):
        with pytest.raises(Refused) as refused:
            exchange(su.pk, item.pk, key="b")
        assert refused.value.code == wanted
    second = exchange(su.pk, bag.pk, key="c")
    for _time in range(2):
        take_exchange_back(second.pk, by=lin)
    bag.refresh_from_db()
    assert (bag.stock, balance(su)) == (1, 2100)
    assert books.wrong() == []


def test_a_service_is_booked_with_a_benefit_points_or_on_site(ladder: TierScheme, su: Customer) -> None:
    Member.objects.create(customer=su, tier="silver", rank=1)
    service = MemberService.objects.create(name="停车", kind="parking", points=800, benefit=Benefit.objects.get(code="parking"))
    start = clock.now() + dt.timedelta(days=1)
    slots = [ServiceSlot.objects.create(service=service, starts_at=start + dt.timedelta(hours=hour),
                                        ends_at=start + dt.timedelta(hours=hour + 1), capacity=1) for hour in range(3)]  # fmt: skip
    by_benefit = book_service(su.pk, slots[0].pk, paid_by=PaidBy.BENEFIT, key="a")
    by_points = book_service(su.pk, slots[1].pk, paid_by=PaidBy.POINTS, key="b")
    assert (balance(su), BenefitUse.objects.count()) == (2200, 1)
    with pytest.raises(Refused) as refused:
        book_service(make_customer("别人").pk, slots[0].pk, paid_by=PaidBy.ON_SITE, key="c")
    assert refused.value.code == "slot_full"
    for booking in (by_benefit, by_points):
        for _time in range(2):
            cancel_booking(booking.pk)
    assert balance(su) == 3000
    assert BenefitUse.objects.get().cancelled_at is not None
    assert list(ServiceSlot.objects.order_by("starts_at").values_list("taken", flat=True)) == [0, 0, 0]
    with time_machine.travel(start - dt.timedelta(hours=1)):
        late = book_service(su.pk, slots[0].pk, paid_by=PaidBy.ON_SITE, key="d")
        with pytest.raises(Refused) as refused:
            cancel_booking(late.pk)
        assert refused.value.code == "booking_late"
    assert ServiceBooking.objects.filter(state=BookingState.BOOKED).count() == 1


def test_a_segment_gets_coupons_in_one_statement(template: Callable[..., CouponTemplate], lin: User) -> None:
    people = [make_customer(f"客{number}", city="杭州") for number in range(5)]
    make_customer("外地", city="上海")
    segment = Segment.objects.create(name="杭州", condition={"city": {"values": ["杭州"]}})
    made = template(stock=4)
    grant = issue_to_segment(made.pk, segment.pk, key="s1", by=lin)
    assert (grant.issued, issue_to_segment(made.pk, segment.pk, key="s1", by=lin).pk) == (4, grant.pk)
    made.refresh_from_db()
    assert made.issued_count == Coupon.objects.count() == 4
    assert set(Coupon.objects.values_list("customer_id", flat=True)) <= {person.pk for person in people}
    codes = list(Coupon.objects.values_list("code", flat=True))
    assert len(set(codes)) == 4
    assert {len(code) for code in codes} == {12}
    with pytest.raises(Refused) as refused:
        issue_to_segment(template(rule_text=" ").pk, segment.pk, key="s2", by=lin)
    assert refused.value.code == "public_rules"
