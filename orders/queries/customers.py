"""What orders add to the customers' pages."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from django.db.models import F, Sum

from core import clock
from customers.models import Customer
from orders.choices import OrderState
from orders.models import Order

YEAR = dt.timedelta(days=365)
PANEL_ORDERS = 5


def value_of(customer_ids: Sequence[int]) -> Mapping[int, Decimal]:
    """Customer -> what they paid in the last twelve months, refunds taken off; those who paid nothing are left out."""
    paid = Order.objects.filter(
        customer_id__in=list(customer_ids), paid_at__gte=clock.now() - YEAR, state__in=[OrderState.PAID, OrderState.COMPLETED]
    )
    rows = paid.values("customer_id").annotate(value=Sum(F("paid_amount") - F("refunded_amount")))
    return {row["customer_id"]: row["value"] for row in rows if row["value"]}


def order_numbers(order_ids: Iterable[int]) -> Mapping[int, str]:
    """Order id -> its number, for timelines."""
    return dict(Order.objects.filter(pk__in=list(order_ids)).values_list("pk", "no"))


def latest_orders(customer: Customer) -> list[Order]:
    """A customer's newest orders, for the panel of their page."""
    found = Order.objects.filter(customer=customer).select_related("product", "departure")
    return list(found.order_by("-placed_at", "-id")[:PANEL_ORDERS])
