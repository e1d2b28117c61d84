"""What a customer's orders ask for next."""

import datetime as dt
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import clock
from customers.models import Customer
from customers.queries.advice import task
from customers.rules.next_action import Act, Advice
from orders.choices import CloseReason, OrderState, RefundState
from orders.models import Order, Refund
from staff.access import may
from staff.models import User

SOON_DAYS, BACK_DAYS, MISSED_DAYS = 7, 5, 3


def advise(customer: Customer, user: User, at: dt.datetime) -> Iterator[Advice]:
    """Unpaid, missed, departing soon, just back, a refund that waits: two queries."""
    recent = Order.objects.filter(customer=customer).select_related("product", "departure").order_by("-placed_at")[:20]
    for order in recent:
        advice = _unpaid(order, at) or _missed(order, at) or _trip(order, clock.shanghai_date(at), at)
        if advice is not None:
            yield advice
    refund = (
        Refund.objects.filter(payment__order__customer=customer, state=RefundState.REQUESTED)
        .select_related("payment__order")
        .first()
    )
    if refund is not None and may(user, "orders.view"):
        order = refund.payment.order
        words = _("%(amount)s of order %(no)s") % {"amount": f"¥{refund.amount:,.2f}", "no": order.no}
        yield Advice(
            "refund", "refund", 85, "banknote-arrow-down", _("A refund waits for approval"), words, _open(order), tone="warn"
        )


def _open(order: Order) -> Act:
    return Act(_("Open the order"), reverse("orders:detail", args=[order.no]))


def _unpaid(order: Order, at: dt.datetime) -> Advice | None:
    if order.state != OrderState.PLACED or order.hold_until <= at:
        return None
    until = order.hold_until.astimezone(clock.SHANGHAI)
    reason = _("“%(product)s”, ¥%(amount)s; the seats are held until %(time)s.") % {
        "product": order.product.name, "amount": f"{order.total_amount:,.0f}", "time": f"{until:%H:%M}",
    }  # fmt: skip
    draft = _("Hello! Your seats for “%(product)s” are held until %(time)s. Is anything unclear about the payment?") % {
        "product": order.product.name, "time": f"{until:%H:%M}",
    }  # fmt: skip
    return Advice(
        "unpaid", "order", 100, "credit-card", _("An order waits for payment"), reason, _open(order), draft, tone="warn"
    )


def _missed(order: Order, at: dt.datetime) -> Advice | None:
    expired = order.state == OrderState.CLOSED and order.close_reason == CloseReason.EXPIRED
    if not expired or order.closed_at is None or at - order.closed_at > dt.timedelta(days=MISSED_DAYS):
        return None
    draft = _("Hello! Your booking of “%(product)s” was closed without payment. Shall I hold seats for you again?") % {
        "product": order.product.name
    }  # fmt: skip
    act, key = task(
        order.customer_id, "missed", title=_("Ask why the order was not paid"), text=draft, due_at=at, round_=order.no
    )
    reason = _("“%(product)s”, closed on %(day)s without payment.") % {
        "product": order.product.name, "day": f"{clock.shanghai_date(order.closed_at):%m-%d}",
    }  # fmt: skip
    return Advice("missed", "order", 78, "shopping-cart", _("An order was not paid in time"), reason, act, draft, key)


def _trip(order: Order, today: dt.date, at: dt.datetime) -> Advice | None:
    if order.state not in {OrderState.PAID, OrderState.COMPLETED}:
        return None
    leaves = order.departure.departs_on
    back = leaves + dt.timedelta(days=order.product.days - 1)
    name = order.product.name
    if today <= leaves <= today + dt.timedelta(days=SOON_DAYS):
        left = (leaves - today).days
        reason = ngettext("“%(product)s” leaves in %(n)s day.", "“%(product)s” leaves in %(n)s days.", left) % {
            "product": name,
            "n": left,
        }
        draft = _("Hello! “%(product)s” leaves on %(day)s. Is anything still open before you set out?") % {
            "product": name, "day": f"{leaves:%m-%d}",
        }  # fmt: skip
        act, key = task(
            order.customer_id, "departure", title=_("Confirm everything before departure"), text=draft, due_at=at, round_=order.no
        )
        return Advice(
            "departure", "trip", 92 if left <= 3 else 80, "plane-takeoff", _("Departure soon"), reason, act, draft, key, "warn"
        )
    if back < today <= back + dt.timedelta(days=BACK_DAYS):
        reason = _("Came back from “%(product)s” on %(day)s.") % {"product": name, "day": f"{back:%m-%d}"}
        draft = _("Welcome home! How was “%(product)s”? I would be glad to hear what you liked and what we could do better.") % {
            "product": name
        }
        act, key = task(order.customer_id, "back", title=_("Ask how the trip was"), text=draft, due_at=at, round_=order.no)
        return Advice("back", "trip", 65, "house", _("Just back from a trip"), reason, act, draft, key, "good")
    return None
