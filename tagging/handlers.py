"""Facts that may change somebody's tags."""

from collections.abc import Sequence

from core.event_types import CustomerMerged, Fact
from tagging.services.manual import merge_tags
from tagging.services.refresh import refresh_tags


def on_customer_active(facts: Sequence[Fact]) -> None:
    """Customers did something, or something was done for them: ask the rules about all of them at once."""
    refresh_tags({fact.customer_id for fact in facts})  # type: ignore[attr-defined]


def on_customer_merged(fact: CustomerMerged) -> None:
    """Two customers are one person: bring their tags together."""
    merge_tags(fact.customer_id, fact.absorbed_id)
