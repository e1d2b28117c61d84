"""Members with a past: points from their orders, tiers, coupons, tasks, a mall and services to book. Set-based, as the rest."""

# ruff: noqa: E501 - statements of planting read better whole; their parts are constants
import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import connection

from core import clock
from customers.models import Customer
from membership.choices import PaidBy
from membership.models import (
    Benefit,
    Coupon,
    CouponTemplate,
    EarnRule,
    Invitation,
    MallItem,
    Member,
    MemberService,
    MemberTask,
    Program,
    ServiceSlot,
    TaskDone,
    Tier,
    TierBenefit,
    TierScheme,
)  # fmt: skip
from membership.queries.tiers import deserved_sql
from membership.rules.points import end_of_day
from membership.services.adjusting import request_adjustment
from membership.services.ledger import expire_some
from membership.services.mall import book_service, exchange
from membership.services.proof import prove_ledger
from scrm.demo.loader.load import Story

TIERS = (  # code, name, growth within a year, tasks that help, (multiple, discount, parking, priority, guide)
    ("base", "会员", 0, 0, ("1", "0", None, None, None)),
    ("silver", "银卡", 3_000, 0, ("1.2", "5", 2, None, None)),
    ("gold", "金卡", 8_000, 0, ("1.5", "10", 6, 4, None)),
    ("black", "黑金", 20_000, 0, ("2", "15", 12, 12, 2)),
)
BENEFITS = (
    ("multiple", "积分倍数", "multiple", "0", "消费积分按倍数计算", 0),
    ("mall", "商城折扣", "mall", "0", "积分商城兑换享折扣", 0),
    ("parking", "免费停车", "parking", "25", "机场与湖滨门店停车场，每次一天", 0),
    ("priority", "优先入园", "priority", "15", "合作景区免排队通道", 0),
    ("guide", "专属导览", "guide", "320", "两小时中文讲解，最多六人", 0),
    ("birthday", "生日礼包", "birthday", "20", "生日当天自动到账", 200),
    ("holiday", "节日礼遇", "holiday", "10", "春节、中秋由门店发放", 100),
)
COUPONS: tuple[dict[str, Any], ...] = (
    {"name": "新客立减券", "kind": "fixed", "amount": 100, "min_amount": 1500, "stock": 2000, "valid_days": 30, "is_claimable": True,
     "rule_text": "首次注册会员均可领取一张，满 1500 元可用，不与其他优惠叠加。"},
    {"name": "亲子产品九折券", "kind": "percent", "percent": 10, "cap_amount": 300, "min_amount": 2000, "stock": 500, "valid_days": 60,
     "themes": ["亲子"], "stacking": "group", "stack_group": "主题", "rule_text": "近一年浏览过亲子线路的会员均可领取，最高减 300 元。"},
    {"name": "西湖游船兑换券", "kind": "exchange", "item": "西湖手划船一小时", "stock": 200, "valid_days": 90, "cost_owner": "merchant",
     "merchant": "xihu-boat", "rule_text": "积分商城兑换，凭券码在湖滨码头核销一次。", "stacking": "free"},
    {"name": "酒店房型升级券", "kind": "upgrade", "item": "高一档房型", "stock": 120, "valid_days": 180, "cost_owner": "shared",
     "merchant": "lakeside-hotel", "merchant_percent": 60, "rule_text": "金卡及以上会员每年一张，视当日房态安排。", "stacking": "free"},
    {"name": "沉睡会员回归礼", "kind": "fixed", "amount": 200, "min_amount": 3000, "stock": 300, "valid_days": 45,
     "rule_text": "半年内没有出行的会员均可领取一张，满 3000 元可用。", "with_points": False},
    {"name": "国庆早鸟券", "kind": "percent", "percent": 8, "cap_amount": 500, "min_amount": 0, "stock": 400, "valid_days": 20, "state": "draft",
     "rule_text": ""},
)  # fmt: skip
TASKS = (
    ("sign-in", "sign_in", "每日签到", "连续签到七天额外送 30 积分", 5, 1, 1, 7, 30, False),
    ("review", "review", "写点评", "出行后写下真实感受", 50, 20, 2, 0, 0, True),
    ("photo", "photo", "晒旅行照", "至少三张，审核通过后到账", 30, 10, 1, 0, 0, True),
    ("share", "share", "分享产品", "分享到微信好友或群", 5, 1, 3, 0, 0, False),
    ("profile", "profile", "完善资料", "姓名、生日、城市、手机号", 100, 50, 1, 0, 0, False),
    ("invite", "invite", "邀请好友", "好友首单后再得 500 积分", 20, 10, 5, 0, 0, False),
)
ITEMS = (
    ("山海帆布包", "goods", 1200, 80, 2, 0, "18"),
    ("便携行李秤", "goods", 1800, 40, 1, 0, "26"),
    ("西湖游船兑换券", "coupon", 3000, 60, 2, 0, "60"),
    ("机场快速通道", "service", 2600, 30, 2, 1, "48"),
    ("定制旅行相册", "goods", 6800, 20, 1, 2, "120"),
)
SERVICES = (
    ("机场停车场", "parking", "萧山机场 P5", "每天 24 小时，含洗车一次", "30", 800, "parking", 0, 23, 12),
    ("儿童推车租借", "rental", "湖滨门店", "一天，押金在门店付", "20", 500, "", 9, 18, 6),
    ("上门取送护照", "home", "杭州主城区", "两小时内到达", "40", 1200, "", 10, 12, 4),
    ("行李快递到家", "express", "全国", "单件 20 公斤以内", "58", 1500, "", 14, 17, 10),
    ("良渚古城导览", "guide", "良渚博物院", "两小时，最多六人", "320", 6000, "guide", 14, 16, 3),
)

# One lot per paid order, as the rules would have given it; what was refunded of it is taken back from the same lot.
_EARN = """
INSERT INTO membership_account (customer_id)
SELECT DISTINCT customer_id FROM orders_order WHERE paid_at IS NOT NULL AND paid_amount >= 1;
INSERT INTO membership_transfer (key, credit_id, house, amount, code, state, ref, rule_id, at, expires_at, settled_at)
SELECT 'earn:order:' || id || ':{rule}', customer_id, 'issued', floor(paid_amount), 'earn', 'posted', 'order:' || id, {rule}, paid_at,
    ((paid_at AT TIME ZONE 'Asia/Shanghai')::date + interval '24 months 23:59:59.999') AT TIME ZONE 'Asia/Shanghai', paid_at
FROM orders_order WHERE paid_at IS NOT NULL AND paid_amount >= 1 ORDER BY paid_at;
INSERT INTO membership_lot (customer_id, transfer_id, amount, remaining, ref, earned_at, expires_at)
SELECT credit_id, id, amount, amount, ref, at, expires_at FROM membership_transfer WHERE code = 'earn';
INSERT INTO membership_growthentry (customer_id, key, amount, code, ref, at)
SELECT customer_id, 'earn:order:' || id || ':{rule}', floor(paid_amount - refunded_amount), 'earn', 'order:' || id, paid_at
FROM orders_order WHERE paid_at IS NOT NULL AND paid_amount - refunded_amount >= 1;
INSERT INTO membership_transfer (key, debit_id, house, amount, code, state, ref, at, settled_at)
SELECT 'reverse:order:' || id || ':' || floor(refunded_amount), customer_id, 'issued', floor(refunded_amount), 'reverse', 'posted',
    'order:' || id, paid_at + interval '3 days', paid_at + interval '3 days'
FROM orders_order WHERE paid_at IS NOT NULL AND paid_amount >= 1 AND refunded_amount >= 1;
"""
# Some have signed in lately, some used points for an order.
_TASKS = """
INSERT INTO membership_taskdone (customer_id, task_id, slot, points, evidence, streak, state, at)
SELECT customer.id, %(task)s, day::date::text, 5, '', 1, 'done', day + interval '9 hours' + (customer.id %% 600) * interval '1 minute'
FROM (SELECT id FROM customers_customer WHERE merged_into_id IS NULL AND id %% 4 = 0 ORDER BY id LIMIT 1500) AS customer,
     generate_series(%(first)s::timestamptz, %(last)s::timestamptz, interval '1 day') AS day
WHERE (customer.id + extract(day FROM day)::int) %% 3 <> 0;
"""
_TASK_POINTS = """
INSERT INTO membership_account (customer_id) SELECT DISTINCT customer_id FROM membership_taskdone ON CONFLICT DO NOTHING;
INSERT INTO membership_transfer (key, credit_id, house, amount, code, state, ref, at, expires_at, settled_at)
SELECT 'task:' || id, customer_id, 'issued', points, 'task', 'posted', 'task:sign-in', at,
    ((at AT TIME ZONE 'Asia/Shanghai')::date + interval '24 months 23:59:59.999') AT TIME ZONE 'Asia/Shanghai', at
FROM membership_taskdone WHERE points > 0;
INSERT INTO membership_lot (customer_id, transfer_id, amount, remaining, ref, earned_at, expires_at)
SELECT credit_id, id, amount, amount, ref, at, expires_at FROM membership_transfer WHERE code = 'task';
INSERT INTO membership_transfer (key, debit_id, house, amount, code, state, ref, at, settled_at)
SELECT DISTINCT ON (lot.customer_id) 'demo.spend:' || lot.id, lot.customer_id, 'redeemed', lot.amount / 200 * 100, 'spend', 'posted',
    lot.ref, lot.earned_at + interval '40 days', lot.earned_at + interval '40 days'
FROM membership_lot AS lot WHERE lot.amount >= 2000 AND lot.customer_id %% 5 = 0 AND lot.earned_at < %(at)s - interval '41 days'
    AND NOT EXISTS (SELECT 1 FROM membership_transfer AS back WHERE back.ref = lot.ref AND back.code = 'reverse');
INSERT INTO membership_lotuse (transfer_id, lot_id, amount)
SELECT gone.id, lot.id, gone.amount FROM membership_transfer AS gone JOIN membership_lot AS lot ON lot.ref = gone.ref
    AND lot.customer_id = gone.debit_id WHERE gone.code IN ('reverse', 'spend');
UPDATE membership_lot AS lot SET remaining = amount - taken.points
FROM (SELECT lot_id, sum(amount) AS points FROM membership_lotuse GROUP BY lot_id) AS taken WHERE taken.lot_id = lot.id;
UPDATE membership_account AS account SET balance = mine.points
FROM (SELECT customer_id, sum(remaining) AS points FROM membership_lot GROUP BY customer_id) AS mine
WHERE mine.customer_id = account.customer_id;
"""
_MEMBERS = """
INSERT INTO membership_member (customer_id, tier, rank, since, valid_until)
SELECT deserved.customer_id, tier.code, tier.rank, newest.at,
    ((newest.at AT TIME ZONE 'Asia/Shanghai')::date + interval '12 months 23:59:59.999') AT TIME ZONE 'Asia/Shanghai'
FROM ({deserved}) AS deserved JOIN membership_tier AS tier ON tier.rank = deserved.rank AND tier.scheme_id = %(scheme)s
JOIN LATERAL (SELECT max(at) AS at FROM membership_growthentry AS entry WHERE entry.customer_id = deserved.customer_id) AS newest ON true
"""
_CHANGES = """
INSERT INTO membership_tierchange (customer_id, before, after, reason, at)
SELECT customer_id, '', tier, 'condition', since FROM membership_member WHERE rank > 0
"""
_COUPONS = """
INSERT INTO membership_coupon (template_id, customer_id, code, key, state, source, issued_at, valid_from, expires_at, used_at)
SELECT %(template)s, id, upper(substr(translate(md5('{salt}' || id), '01', 'XY'), 1, 12)), 'demo:' || %(template)s || ':' || id,
    CASE WHEN id %% 7 = 0 THEN 'used' ELSE 'issued' END, 'segment', %(at)s - interval '12 days', %(at)s - interval '12 days', %(until)s,
    CASE WHEN id %% 7 = 0 THEN %(at)s - interval '5 days' END
FROM customers_customer WHERE merged_into_id IS NULL AND id %% %(every)s = 1 ORDER BY id LIMIT %(most)s ON CONFLICT DO NOTHING;
"""
_REDEEMED = """
INSERT INTO membership_redemption (coupon_id, key, amount, merchant_amount, merchant, channel, state, at)
SELECT coupon.id, 'demo:' || coupon.id, template.amount, round(template.amount * CASE template.cost_owner WHEN 'merchant' THEN 100
    WHEN 'shared' THEN template.merchant_percent ELSE 0 END / 100, 2), template.merchant, 'mini', 'committed', coupon.used_at
FROM membership_coupon AS coupon JOIN membership_coupontemplate AS template ON template.id = coupon.template_id
WHERE coupon.state = 'used';
UPDATE membership_coupontemplate AS template SET issued_count = given.number
FROM (SELECT template_id, count(*) AS number FROM membership_coupon GROUP BY template_id) AS given WHERE given.template_id = template.id;
"""


def load_membership(story: Story) -> str:
    """All of it, after orders and tags; one line about it."""
    at = story.wish.at
    Program.objects.create()
    rule = _rules()
    tasks = _tasks()
    _run(_EARN.format(rule=rule.pk))
    first = clock.day_bounds(clock.shanghai_date(at) - dt.timedelta(days=6))[0]
    _run(_TASKS, task=tasks["sign-in"].pk, first=first, last=first + dt.timedelta(days=5))
    _run(_TASK_POINTS, at=at)
    while expire_some(at):
        pass
    scheme = _ladder(story)
    deserved, params = deserved_sql(scheme, at)
    _run(_MEMBERS.format(deserved=deserved), **params, scheme=scheme.pk)
    _run(_CHANGES)
    _coupons(story)
    _shop(story, tasks)
    prove_ledger()
    members = Member.objects.filter(rank__gt=0).count()
    return f"{members:,} members with a tier, {Coupon.objects.count():,} coupons"


def _run(statements: str, **named: Any) -> None:
    """Statements that end in `;`, one after the other: parameters go with one at a time."""
    with connection.cursor() as cursor:
        for statement in statements.split(";\n"):
            if statement.strip():
                cursor.execute(statement, named or None)


def _rules() -> EarnRule:
    spend = EarnRule.objects.create(kind="spend", name="消费得积分", rate=1, growth_rate=1)
    EarnRule.objects.create(kind="first", name="首单礼", points=300, growth=200, is_multiplied=False)
    EarnRule.objects.create(kind="product", name="海岛线路双倍", rate=1, themes=["海岛"])
    EarnRule.objects.create(kind="referral", name="好友首单奖励", points=500, growth=300, is_multiplied=False)
    EarnRule.objects.create(
        kind="behaviour", name="收藏产品", event_kind="product.favorited", points=2, per_day=3, is_multiplied=False
    )
    return spend


def _tasks() -> dict[str, MemberTask]:
    found = {}
    for code, kind, name, text, points, growth, per_day, streak, bonus, is_checked in TASKS:
        found[code] = MemberTask.objects.create(
            code=code, kind=kind, name=name, text=text, points=points, growth=growth, per_day=per_day, streak_days=streak,
            streak_points=bonus, is_checked=is_checked,
        )  # fmt: skip
    return found


def _ladder(story: Story) -> TierScheme:
    scheme = TierScheme.objects.create(
        version=1, state="published", note="开业方案", created_by=story.members["ops"], published_at=story.wish.at
    )
    benefits = {
        code: Benefit.objects.create(code=code, name=name, kind=kind, unit_amount=Decimal(cost), text=text, gift_points=points)
        for code, name, kind, cost, text, points in BENEFITS
    }
    for rank, (code, name, growth, _tasks_needed, cells) in enumerate(TIERS):
        condition = {"all": [{"growth": {"op": ">=", "value": growth, "window_days": 365}}]} if rank else None
        tier = Tier.objects.create(scheme=scheme, code=code, name=name, rank=rank, condition=condition)
        _cells(tier, benefits, cells)
    return scheme


def _cells(tier: Tier, benefits: dict[str, Benefit], cells: tuple[Any, ...]) -> None:
    multiple, discount, *counts = cells
    TierBenefit.objects.create(tier=tier, benefit=benefits["multiple"], value=Decimal(multiple))
    if discount != "0":
        TierBenefit.objects.create(tier=tier, benefit=benefits["mall"], value=Decimal(discount))
    for code, count in zip(("parking", "priority", "guide"), counts, strict=True):
        if count:
            TierBenefit.objects.create(tier=tier, benefit=benefits[code], quantity=count)
    if tier.rank:
        TierBenefit.objects.create(tier=tier, benefit=benefits["birthday"], quantity=1)
        TierBenefit.objects.create(tier=tier, benefit=benefits["holiday"], quantity=2)


def _coupons(story: Story) -> None:
    at = story.wish.at
    until = end_of_day(clock.shanghai_date(at) + dt.timedelta(days=24))
    for number, fields in enumerate(COUPONS):
        template = CouponTemplate.objects.create(**{"state": "active", "created_by": story.members["ops"]} | fields)
        if template.state == "active":
            most = (template.stock or 0) // 2
            _run(_COUPONS.format(salt=f"c{number}"), template=template.pk, at=at, until=until, every=9 + 4 * number, most=most)
    _run(_REDEEMED)


def _shop(story: Story, tasks: dict[str, MemberTask]) -> None:
    at = story.wish.at
    boat = CouponTemplate.objects.get(name="西湖游船兑换券")
    items = [
        MallItem.objects.create(
            name=name, kind=kind, points=points, stock=stock, per_person=most, min_rank=rank, cost_amount=Decimal(cost),
            coupon_template=boat if kind == "coupon" else None,
        )
        for name, kind, points, stock, most, rank, cost in ITEMS
    ]  # fmt: skip
    slots = _services(at)
    rich = list(Member.objects.filter(rank__gte=1).order_by("-rank", "customer_id").values_list("customer_id", flat=True)[:6])
    for number, customer_id in enumerate(rich):
        if number < 3 and _has(customer_id, 1_300):
            exchange(customer_id, items[0].pk, key=f"demo:{number}")
        book_service(customer_id, slots[number % len(slots)].pk, paid_by=PaidBy.ON_SITE, key=f"demo:{number}")
    _waiting(story, tasks, rich)


def _has(customer_id: int, points: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT balance >= %s FROM membership_account WHERE customer_id = %s", [points, customer_id])
        row = cursor.fetchone()
    return bool(row and row[0])


def _services(at: dt.datetime) -> list[ServiceSlot]:
    today = clock.shanghai_date(max(at, clock.now()))
    for name, kind, place, text, price, points, benefit, starts, ends, capacity in SERVICES:
        service = MemberService.objects.create(
            name=name, kind=kind, place=place, text=text, price_amount=Decimal(price), points=points,
            benefit=Benefit.objects.filter(code=benefit).first(),
        )  # fmt: skip
        ServiceSlot.objects.bulk_create(
            ServiceSlot(
                service=service, capacity=capacity,
                starts_at=dt.datetime.combine(today + dt.timedelta(days=day), dt.time(starts), tzinfo=clock.SHANGHAI),
                ends_at=dt.datetime.combine(today + dt.timedelta(days=day), dt.time(ends), tzinfo=clock.SHANGHAI),
            )
            for day in range(1, 15)
        )  # fmt: skip
    return list(ServiceSlot.objects.order_by("starts_at", "id")[:5])


def _waiting(story: Story, tasks: dict[str, MemberTask], members: list[int]) -> None:
    """What waits for a person: a photo to look at, an adjustment to decide, an invitation that looked wrong."""
    at = story.wish.at
    people = list(Customer.objects.filter(merged_into__isnull=True).order_by("id").values_list("id", flat=True)[:12])
    for number, customer_id in enumerate(members[:2]):
        TaskDone.objects.create(
            customer_id=customer_id, task=tasks["photo"], slot=f"album-{number}", evidence=f"相册 {number + 1}", state="waiting",
            at=at - dt.timedelta(hours=3 + number),
        )  # fmt: skip
    if members:
        request_adjustment(members[0], 600, reason="接机延误补偿，客户已确认", key="demo-adjustment", by=story.members["ops"])
    if len(people) >= 4:
        Invitation.objects.create(
            inviter_id=people[0], invitee_id=people[1], state="refused", reason="same_phone", at=at - dt.timedelta(days=2)
        )
        Invitation.objects.create(inviter_id=people[2], invitee_id=people[3], state="joined", at=at - dt.timedelta(days=1))
