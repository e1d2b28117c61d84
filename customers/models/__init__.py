"""One person out of many identities; consent; relations; what they did last."""

from customers.models.activity import Activity
from customers.models.consent import Consent, Suppression
from customers.models.customer import Customer, CustomerQuerySet
from customers.models.erasure import ErasedIdentity, Erasure
from customers.models.identity import Identity, MemberToken
from customers.models.note import Note
from customers.models.relationship import Relationship

__all__ = [
    "Activity",
    "Consent",
    "Customer",
    "CustomerQuerySet",
    "ErasedIdentity",
    "Erasure",
    "Identity",
    "MemberToken",
    "Note",
    "Relationship",
    "Suppression",
]
