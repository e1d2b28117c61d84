"""What messaging does when a fact is told."""

from core.event_types import ContactAdded
from messaging.services.welcome import welcome_contact


def on_contact_added(fact: ContactAdded) -> None:
    """Greet whoever came with a welcome code."""
    if fact.welcome_code:
        welcome_contact(customer_id=fact.customer_id, user_id=fact.user_id, welcome_code=fact.welcome_code)
