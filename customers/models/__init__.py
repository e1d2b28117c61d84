"""One person out of many identities; consent; relations; what they did last."""

from customers.models.activity import Activity
from customers.models.consent import Consent, Suppression
from customers.models.customer import Customer, CustomerQuerySet
from customers.models.erasure import ErasedIdentity, Erasure
from customers.models.household import Household, HouseholdMember, Traveller
from customers.models.identity import Clue, Identity, MemberToken
from customers.models.merge import EventHome, Merge, MergeMove, MergeReview
from customers.models.note import Note
from customers.models.relationship import Relationship

__all__ = [
    "Activity",
    "Clue",
    "Consent",
    "Customer",
    "CustomerQuerySet",
    "ErasedIdentity",
    "Erasure",
    "EventHome",
    "Household",
    "HouseholdMember",
    "Identity",
    "MemberToken",
    "Merge",
    "MergeMove",
    "MergeReview",
    "Note",
    "Relationship",
    "Suppression",
    "Traveller",
]
