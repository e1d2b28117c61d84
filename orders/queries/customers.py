"""What orders add to the customers' pages."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from django.db.models import F, Sum

from core import clock
from customers.models import Customer
from orders.choices import OrderState
from orders.models import Order

# Purchases as the profile engine reads them.
PURCHASES = """
SELECT bought.customer_id, bought.paid_at, bought.paid_amount - bought.refunded_amount AS amount, departure.departs_on,
    departure.departs_on + (product.days - 1) AS returns_on
FROM orders_order AS bought JOIN catalog_departure AS departure ON departure.id = bought.departure_id
JOIN catalog_product AS product ON product.id = bought.product_id WHERE bought.state IN ('paid', 'completed')
"""
YEAR = dt.timedelta(days=365)
PANEL_ORDERS = 5


def value_of(customer_ids: Sequence[int]) -> Mapping[int, Decimal]:
    """Customer -> what they paid in the last twelve months, refunds taken off; those who paid nothing are left out."""
    paid = Order.objects.filter(
        customer_id__in=list(customer_ids), paid_at__gte=clock.now() - YEAR, state__in=[OrderState.PAID, OrderState.COMPLETED]
    )
    rows = paid.values("customer_id").annotate(value=Sum(F("paid_amount") - F("refunded_amount")))
    return {row["customer_id"]: row["value"] for row in rows if row["value"]}


def value_figures(only: str) -> str:
    """SQL of `customer_id, figure`: what `value_of` tells, for the customers that the condition `only` picks."""
    rows = f"orders_order WHERE paid_at >= now() - interval '{YEAR.days} days' AND state IN ('paid', 'completed') AND {only}"
    return f"SELECT customer_id, sum(paid_amount - refunded_amount) AS figure FROM {rows} GROUP BY customer_id"  # noqa: S608


def order_lines(order_id: int) -> list[tuple[str, list[str], Decimal]]:
    """What an order bought, for who rewards it: (product's code, its themes, amount in yuan), one per line."""
    found = Order.objects.filter(pk=order_id).values_list("product__code", "product__themes", "total_amount")
    return [(code, list(themes), amount) for code, themes, amount in found]


def order_numbers(order_ids: Iterable[int]) -> Mapping[int, str]:
    """Order id -> its number, for timelines."""
    return dict(Order.objects.filter(pk__in=list(order_ids)).values_list("pk", "no"))


def latest_orders(customer: Customer) -> list[Order]:
    """A customer's newest orders, for the panel of their page."""
    found = Order.objects.filter(customer=customer).select_related("product", "departure")
    return list(found.order_by("-placed_at", "-id")[:PANEL_ORDERS])
