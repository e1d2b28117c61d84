"""What the review queue shows, and who somebody counts as after merges."""

from collections.abc import Collection

from django.db import connection

_ROOTS = """
WITH RECURSIVE way (id, at) AS (
    SELECT id, id FROM unnest(%s::bigint[]) AS id
    UNION ALL
    SELECT way.id, customer.merged_into_id FROM way JOIN customers_customer AS customer ON customer.id = way.at
    WHERE customer.merged_into_id IS NOT NULL
)
SELECT way.id, way.at FROM way JOIN customers_customer AS customer ON customer.id = way.at WHERE customer.merged_into_id IS NULL
"""


def roots_of(customer_ids: Collection[int]) -> dict[int, int]:
    """Customer -> whoever they count as now: themselves, unless they were absorbed."""
    with connection.cursor() as cursor:
        cursor.execute(_ROOTS, [list(customer_ids)])
        return dict(cursor.fetchall())
