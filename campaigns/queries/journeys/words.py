"""What stands for a message's variables, person by person. Two queries whatever their number."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import connection

from catalog.models import Product

_PEOPLE = """
SELECT customer.id, coalesce(nullif(customer.name, ''), customer.nickname), coalesce(advisor.display_name, '')
FROM customers_customer AS customer LEFT JOIN staff_user AS advisor ON advisor.id = customer.owner_id AND advisor.is_active
WHERE customer.id = ANY(%s)
"""


def product_words(codes: Collection[str]) -> dict[str, Mapping[str, str]]:
    """Product code -> its name and destination."""
    found = Product.objects.filter(code__in=codes).select_related("destination").only("code", "name", "destination__name")
    return {one.code: {"product": one.name, "destination": one.destination.name} for one in found}


def people_words(customer_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Customer -> name and advisor."""
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [sorted(set(customer_ids))])
        return {pk: {"name": name, "advisor": advisor} for pk, name, advisor in cursor.fetchall()}
