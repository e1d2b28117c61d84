"""Facts that customers themselves must follow up."""

from core.event_types import ContactAdded, CustomerMerged, CustomerUnmerged
from customers.services.channels.events import join_channel
from customers.services.merging import sweep_stragglers
from customers.services.profile import refresh_profiles
from customers.services.standing import refresh_standing


def on_customer_merged(fact: CustomerMerged) -> None:
    """What was written under the absorbed record while the merge committed moves too."""
    sweep_stragglers(fact.absorbed_id)
    refresh_standing([fact.customer_id])
    refresh_profiles([fact.customer_id])


def on_customer_unmerged(fact: CustomerUnmerged) -> None:
    """Two people have a portrait each."""
    refresh_profiles([fact.customer_id, fact.restored_id])


def on_contact_added(fact: ContactAdded) -> None:
    """Who came by a live code or a link came by its channel."""
    if fact.state:
        join_channel(fact.customer_id, fact.user_id, fact.state)
