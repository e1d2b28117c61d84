"""One person out of many identities; consent; relations; what they did last."""

from customers.models.activity import Activity
from customers.models.consent import Consent, PrivacyText, Suppression
from customers.models.customer import Customer, CustomerQuerySet
from customers.models.document import TravellerDocument
from customers.models.erasure import ErasedIdentity, Erasure
from customers.models.household import Household, HouseholdMember, Traveller
from customers.models.identity import Clue, Identity, MemberToken
from customers.models.merge import EventHome, Merge, MergeMove, MergeReview
from customers.models.note import Note
from customers.models.relationship import Relationship
from customers.models.rights import DataExport, DataRequest, Favourite, Sharing, SharingSubject

__all__ = [
    "Activity",
    "Clue",
    "Consent",
    "Customer",
    "CustomerQuerySet",
    "DataExport",
    "DataRequest",
    "ErasedIdentity",
    "Erasure",
    "EventHome",
    "Favourite",
    "Household",
    "HouseholdMember",
    "Identity",
    "MemberToken",
    "Merge",
    "MergeMove",
    "MergeReview",
    "Note",
    "PrivacyText",
    "Relationship",
    "Sharing",
    "SharingSubject",
    "Suppression",
    "Traveller",
    "TravellerDocument",
]
