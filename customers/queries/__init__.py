"""Reads over customers: lists, timeline, palette, data sources, and what customers add to the condition language."""

from customers.queries.conditions import condition_fields
from customers.queries.listing import palette

__all__ = ["condition_fields", "palette"]
