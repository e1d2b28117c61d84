"""Reads over orders, and what orders add to the condition language, the palette and the customers' pages."""

from orders.queries.conditions import condition_fields
from orders.queries.customers import order_numbers, value_figures, value_of
from orders.queries.listing import palette

__all__ = ["condition_fields", "order_numbers", "palette", "value_figures", "value_of"]
