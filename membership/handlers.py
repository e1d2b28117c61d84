"""Facts that membership hears of."""

from core.event_types import CustomerActive, CustomerMerged, OrderPaid, OrderRefunded
from membership.services.earning import earn_for_order, reverse_for_order
from membership.services.tasking import earn_for_behaviour
from membership.services.tiers import reconsider_later


def on_order_paid(fact: OrderPaid) -> None:
    """A paid order brings points and growth."""
    earn_for_order(fact.customer_id, fact.order_id, fact.amount)


def on_order_refunded(fact: OrderRefunded) -> None:
    """A refund takes points and growth back, in proportion."""
    reverse_for_order(fact.customer_id, fact.order_id)


def on_customer_merged(fact: CustomerMerged) -> None:
    """What was written under the absorbed customer while the records were joined is found; the tier follows the growth."""
    reconsider_later([fact.customer_id, fact.absorbed_id])


def on_customer_active(facts: list[CustomerActive]) -> None:
    """What customers did earns points by the rules for behaviour."""
    earn_for_behaviour({fact.customer_id for fact in facts})
