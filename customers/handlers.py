"""Facts that customers themselves must follow up."""

from core.event_types import CustomerMerged
from customers.services.merging import sweep_stragglers


def on_customer_merged(fact: CustomerMerged) -> None:
    """What was written under the absorbed record while the merge committed moves too."""
    sweep_stragglers(fact.absorbed_id)
