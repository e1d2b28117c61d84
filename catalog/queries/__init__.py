"""Reads of the catalogue: products for customers and staff, resources, suppliers' feeds."""

from catalog.queries.palette import palette
from catalog.queries.products import destination_names, product_names

__all__ = ["destination_names", "palette", "product_names"]
