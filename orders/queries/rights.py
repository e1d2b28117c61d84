"""What orders have to say when somebody asks to be forgotten."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from core import clock
from orders.choices import OrderState, RefundState
from orders.models import Order, Refund

KEPT_YEARS = 3  # E-commerce Law 31: transaction records, from the end of the transaction


def erasure_obstacles(customer_ids: Sequence[int]) -> list[tuple[str, str]]:
    """An order that waits for payment, money on its way back, a trip that is still to come or under way: (code, words)."""
    orders = Order.objects.filter(customer__in=customer_ids)
    found = []
    if orders.filter(state=OrderState.PLACED).exists():
        found.append(("unpaid_order", _("An order waits for payment: pay or cancel it first.")))
    if Refund.objects.filter(
        payment__order__in=orders, state__in=[RefundState.REQUESTED, RefundState.PROCESSING]
    ).exists():  # fmt: skip
        found.append(("open_refund", _("A refund is on its way: it must arrive first.")))
    if _last_trip_day(customer_ids, only_paid=True) >= clock.today():
        found.append(("running_trip", _("A paid trip is still to come or under way: it must end first.")))
    return found


def kept_until(customer_ids: Sequence[int]) -> dt.date | None:
    """The last day on which the youngest of the orders must be kept; None when there are no orders."""
    ended = max(_last_trip_day(customer_ids, only_paid=False), _last_movement(customer_ids))
    if ended == dt.date.min:
        return None
    return _years_later(ended)


def _years_later(day: dt.date) -> dt.date:
    try:
        return day.replace(year=day.year + KEPT_YEARS)
    except ValueError:  # 29 February
        return day.replace(year=day.year + KEPT_YEARS, month=3, day=1)


_TRIP = """
SELECT max(departure.departs_on + product.days - 1) FROM orders_order AS placed
JOIN catalog_departure AS departure ON departure.id = placed.departure_id
JOIN catalog_product AS product ON product.id = placed.product_id
WHERE placed.customer_id = ANY(%s) AND placed.state = ANY(%s)
"""
_MOVED = """
SELECT max(greatest(placed_at, coalesce(paid_at, placed_at), coalesce(closed_at, placed_at)) AT TIME ZONE 'Asia/Shanghai')::date
FROM orders_order WHERE customer_id = ANY(%s)
"""


def _last_trip_day(customer_ids: Sequence[int], *, only_paid: bool) -> dt.date:
    states = [OrderState.PAID] if only_paid else [OrderState.PAID, OrderState.COMPLETED, OrderState.REFUNDED]
    return _day(_TRIP, list(customer_ids), [state.value for state in states])


def _last_movement(customer_ids: Sequence[int]) -> dt.date:
    return _day(_MOVED, list(customer_ids))


def _day(statement: str, *values: Any) -> dt.date:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(values))
        return cursor.fetchone()[0] or dt.date.min
