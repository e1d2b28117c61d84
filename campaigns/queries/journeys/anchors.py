"""The trips that journeys are tied to: their dates as they stand now, and whether they still take place."""

import dataclasses
from collections.abc import Collection

from django.db import connection

from campaigns.rules.journeys.waits import Anchor

# An order's trip begins with its departure, or, for a custom trip, when the itinerary says.
TRIPS = """
SELECT placed.id AS order_id, placed.customer_id, placed.paid_at, placed.no, product.code AS product,
    coalesce(trip.starts_on, departure.departs_on) AS starts_on,
    coalesce(trip.ends_on, departure.departs_on + greatest(product.days - 1, 0)) AS ends_on,
    placed.paid_at IS NOT NULL AND placed.state NOT IN ('placed', 'closed', 'refunded') AS is_on
FROM orders_order AS placed
JOIN catalog_departure AS departure ON departure.id = placed.departure_id
JOIN catalog_product AS product ON product.id = placed.product_id
LEFT JOIN itinerary_trip AS trip ON trip.order_id = placed.id
"""
_SOME = f"SELECT order_id, starts_on, ends_on, is_on FROM ({TRIPS} WHERE placed.id = ANY(%s)) AS known"  # noqa: S608 - a constant


@dataclasses.dataclass(frozen=True)
class TripDates:
    """A trip's dates; `is_on`: it is paid for and neither closed nor refunded."""

    anchor: Anchor
    is_on: bool


def trip_dates(order_ids: Collection[int]) -> dict[int, TripDates]:
    """Order -> the dates of its trip, now. One query."""
    if not order_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SOME, [sorted(set(order_ids))])
        return {order: TripDates(Anchor(starts, ends), is_on) for order, starts, ends, is_on in cursor.fetchall()}
