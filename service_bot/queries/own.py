"""What the customer's own orders and trips say. Only rows of this customer are ever read here.

A number that names somebody else's order gets the same words as a number that names nothing.
"""

import datetime as dt
import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from itinerary.models import Trip
from orders.choices import OrderState, RefundState
from orders.models import Order, Refund
from service_bot.choices import Phase
from service_bot.rules.moves import Candidate

_NUMBER = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z]\d{8,16}|\d{14,17})(?![A-Za-z0-9])")
_MINE = re.compile(
    r"我的?(?:那个|这个|那笔|上次的?)?(?:订单|行程|团|票|单子)|我(?:订|定|报|买|下)(?:的|了)|订单(?:号|状态|到哪|进度|怎么样)|我们(?:订|报)的"
)
_TOPICS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("refund", re.compile(r"退款.{0,6}(?:到|哪|多久|没|进度|什么时候)|钱.{0,4}退.{0,4}(?:到|没|了吗)|退的钱")),
    ("paid", re.compile(r"付(?:款|钱|了)?.{0,4}(?:成功|没|了吗)|支付.{0,4}(?:成功|没)|扣款|尾款|还要付|付清|欠")),
    ("when", re.compile(r"(?:什么时候|哪天|几号|几点|何时).{0,4}(?:出发|走|开始|集合)|出发(?:日期|时间)")),
    ("plan", re.compile(r"行程(?:安排|单|表)?|今天(?:去|玩|的安排)|明天(?:去|玩|的安排)|(?:导游|司机).{0,4}(?:电话|联系|是谁)|集合")),  # noqa: E501
    ("state", re.compile(r"订单|状态|进度|确认了吗|成团|出票")),
)  # fmt: skip
RECENT = dt.timedelta(days=30)


@dataclass(frozen=True)
class Own:
    """The customer's orders that matter now, and where they are in their trip."""

    orders: list[Order]
    phase: Phase


def own_of(customer_id: int | None, today: dt.date) -> Own:
    """The latest orders, and the phase: during while one is on its way, before while one is coming, after for a month."""
    if customer_id is None:
        return Own([], Phase.BEFORE)
    found = Order.objects.filter(customer=customer_id).select_related("product", "departure").order_by("-placed_at", "-id")[:10]
    orders = list(found)
    spans = [
        (one.departure.departs_on, one.departure.departs_on + dt.timedelta(days=one.product.days - 1))
        for one in orders
        if _counts(one)
    ]
    if any(first <= today <= last for first, last in spans):
        return Own(orders, Phase.DURING)
    if any(first > today for first, _last in spans):
        return Own(orders, Phase.BEFORE)
    return Own(orders, Phase.AFTER if any(last < today <= last + RECENT for _first, last in spans) else Phase.BEFORE)


def _counts(order: Order) -> bool:
    return order.state in (OrderState.PAID, OrderState.COMPLETED)


def own_candidates(customer_id: int | None, text: str, own: Own, today: dt.date) -> list[Candidate]:
    """What the customer's own records answer. A number of an order that is not theirs is not found, whoever has it."""
    numbers = [one.upper() for one in _NUMBER.findall(text)]
    topic = next((name for name, pattern in _TOPICS if pattern.search(text)), "")
    if numbers:
        mine = [order for order in own.orders if order.no.upper() in numbers]
        if not mine and customer_id is not None:
            mine = list(Order.objects.filter(customer=customer_id, no__in=numbers).select_related("product", "departure"))
        if not mine:
            words = _(
                "There is no order with this number under your account. Please check the number, or type 人工 for a colleague."
            )
            return [Candidate("own", "none", _("Order number"), words, 0.97, certain=True)]
        return [_told(mine[0], topic or "state", today)]
    if not topic or not _MINE.search(text) or not own.orders:
        return []
    return [_told(own.orders[0], topic, today)]


def _told(order: Order, topic: str, today: dt.date) -> Candidate:
    words = {"refund": _refund, "paid": _paid, "when": _when, "plan": _plan}.get(topic, _state)(order, today)
    head = _("Order %(no)s, %(name)s") % {"no": order.no, "name": order.product.name}
    return Candidate("own", order.no, head, f"{head}: {words}", 0.97, certain=True, entity=order.product.name)


def _state(order: Order, today: dt.date) -> str:
    return _("%(state)s; leaves on %(day)s.") % {
        "state": order.get_state_display(),
        "day": order.departure.departs_on.isoformat(),
    }


def _when(order: Order, today: dt.date) -> str:
    left = (order.departure.departs_on - today).days
    told = {"day": order.departure.departs_on.isoformat(), "n": left}
    return _("leaves on %(day)s, in %(n)s days.") % told if left > 0 else _("leaves on %(day)s.") % told


def _paid(order: Order, today: dt.date) -> str:
    told = {"total": order.total_amount, "paid": order.paid_amount, "left": order.total_amount - order.paid_amount}
    if order.state == OrderState.PLACED:
        return _("¥%(total)s in all, ¥%(paid)s paid, ¥%(left)s open.") % told
    return _("¥%(total)s in all, ¥%(paid)s paid.") % told


def _refund(order: Order, today: dt.date) -> str:
    refund = Refund.objects.filter(payment__order=order).order_by("-id").first()
    if refund is None:
        return _("there is no refund yet; type 人工 to ask for one.")
    told = {"amount": refund.amount, "state": refund.get_state_display()}
    if refund.state == RefundState.DONE:
        return _("¥%(amount)s was given back the way it was paid.") % told
    return _("refund of ¥%(amount)s: %(state)s.") % told


def _plan(order: Order, today: dt.date) -> str:
    trip = Trip.objects.filter(order=order).first()
    starts = trip.starts_on if trip else order.departure.departs_on
    number = (today - starts).days + 1
    outline = order.product.outline
    if 1 <= number <= len(outline):
        return _("today is day %(n)s: %(what)s.") % {"n": number, "what": _day_words(outline[number - 1])}
    return _("leaves on %(day)s; the day-by-day plan is in the mini-program under “My orders”.") % {"day": starts.isoformat()}


def _day_words(day: object) -> str:
    if isinstance(day, dict):
        return str(day.get("title") or day.get("name") or day.get("text") or "")[:120]
    return str(day)[:120]
