"""The consent ledger: each decision is an entry; the newest per purpose and channel is in force."""

from django.db import transaction

from core import clock
from core.event_types import ConsentChanged
from core.events import record
from customers.models import Consent, Customer


def set_consent(customer: Customer, *, purpose: str, channel: str, granted: bool, text_version: str, source: str) -> Consent:
    """Write down a customer's decision and make it the one in force. The same decision again adds nothing."""
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)  # decisions of one person come one after the other
        current = Consent.objects.filter(customer=customer, purpose=purpose, channel=channel, is_current=True)
        before = current.first()
        if before and before.granted == granted and before.text_version == text_version:
            return before
        current.update(is_current=False)
        entry = Consent.objects.create(
            customer=customer, purpose=purpose, channel=channel, granted=granted,
            text_version=text_version, source=source, at=clock.now(),
        )  # fmt: skip
        record(ConsentChanged(customer.pk, purpose, channel, granted), key=f"consent.changed:{entry.pk}")
    return entry
