"""A phone number for a customer who is known already."""

from django.utils.translation import gettext as _

from core import clock
from core.errors import Refused
from customers.models import Customer
from customers.rules import mask_phone
from customers.services import keys
from customers.services.resolve import resolve


def bind_phone(customer: Customer, e164: str, *, source: str) -> Customer:
    """Give a customer a verified phone number; the customer they are afterwards.

    A record that held the number before and has no other phone was theirs: the two are joined. Where both have verified
    phones nobody is joined: Refused("phone_in_use"), and the question stands in the review queue. Call it outside of
    a transaction, so that the question stays.
    """
    found = resolve([keys.phone(e164)], source=source, known=customer)
    if found.disputed:
        raise Refused(_("This phone number belongs to another account. Ask your advisor to join the two."), "phone_in_use")
    Customer.objects.filter(pk=found.customer.pk).update(phone_masked=mask_phone(e164), updated_at=clock.now())
    found.customer.phone_masked = mask_phone(e164)
    return found.customer
