"""Reads over orders, and what orders add to the condition language and to the customers' pages."""

from orders.queries.conditions import condition_fields
from orders.queries.customers import order_numbers, value_of

__all__ = ["condition_fields", "order_numbers", "value_of"]
