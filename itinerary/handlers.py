"""What itineraries do when something happens elsewhere."""

from core.event_types import OrderPaid
from itinerary.services.trips import open_trip


def on_order_paid(fact: OrderPaid) -> None:
    """The deposit of an accepted quote opens its trip."""
    open_trip(fact.order_id)
