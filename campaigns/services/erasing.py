"""Who was in a campaign's audience, when a forgotten person's three years are over."""

from collections.abc import Sequence

from campaigns.models import Recipient


def delete_recipients(customer_ids: Sequence[int]) -> int:
    """Delete the person's places in audiences; the number deleted."""
    return Recipient.objects.filter(customer__in=customer_ids).delete()[0]
