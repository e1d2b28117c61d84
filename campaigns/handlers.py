"""What campaigns do when they hear of a fact."""

from collections.abc import Sequence

from campaigns.services.attribution import attribute_orders
from campaigns.services.follow_ups import close_bought, make_follow_ups
from core.event_types import CustomerActive, MessageClicked, OrderPaid, OrderPlaced, OrderRefunded


def on_order_paid(fact: OrderPaid) -> None:
    """Credit the order, and end the follow-ups about what was bought."""
    attribute_orders(order_ids=[fact.order_id])
    close_bought(order_id=fact.order_id)


def on_order_refunded(fact: OrderRefunded) -> None:
    """What was paid back is not claimed."""
    attribute_orders(order_ids=[fact.order_id])


def on_message_clicked(facts: Sequence[MessageClicked]) -> None:
    """A click that became known after the payment may be the touch to credit."""
    attribute_orders(customer_ids={fact.customer_id for fact in facts})


def on_customer_active(facts: Sequence[CustomerActive | OrderPlaced]) -> None:
    """New behaviour may be worth a task."""
    make_follow_ups({fact.customer_id for fact in facts})
