"""One person out of many identities; consent; relations; what they did last."""

from customers.models.activity import Activity
from customers.models.bulk import BulkAction, BulkPart, BulkTarget
from customers.models.channel import Absence, AcquisitionChannel, ChannelAlert, ContactWay, Shift, WayDay, WayMember
from customers.models.consent import Consent, PrivacyText, Suppression
from customers.models.corp import CorpMember, CorpTag, GroupChat, GroupMember, SyncRepair, SyncRun, SyncSeen
from customers.models.customer import Customer, CustomerQuerySet, sees_everybody
from customers.models.document import TravellerDocument
from customers.models.erasure import ErasedIdentity, Erasure
from customers.models.household import Household, HouseholdMember, Traveller
from customers.models.identity import Clue, Identity, MemberToken
from customers.models.importing import ImportBatch, ImportRow
from customers.models.merge import EventHome, Merge, MergeMove, MergeReview
from customers.models.note import Note
from customers.models.profile import Portrait, StageChange
from customers.models.relationship import Relationship
from customers.models.rights import DataExport, DataRequest, Favourite, Sharing, SharingSubject
from customers.models.source import Rejection, Source, SourceHour, SourceKey
from customers.models.standing import Standing, StandingQuerySet
from customers.models.view import SavedView
from customers.models.visitor import Visitor

__all__ = [
    "Absence",
    "AcquisitionChannel",
    "Activity",
    "BulkAction",
    "BulkPart",
    "BulkTarget",
    "ChannelAlert",
    "Clue",
    "Consent",
    "ContactWay",
    "CorpMember",
    "CorpTag",
    "Customer",
    "CustomerQuerySet",
    "DataExport",
    "DataRequest",
    "ErasedIdentity",
    "Erasure",
    "EventHome",
    "Favourite",
    "GroupChat",
    "GroupMember",
    "Household",
    "HouseholdMember",
    "Identity",
    "ImportBatch",
    "ImportRow",
    "MemberToken",
    "Merge",
    "MergeMove",
    "MergeReview",
    "Note",
    "Portrait",
    "PrivacyText",
    "Rejection",
    "Relationship",
    "SavedView",
    "Sharing",
    "SharingSubject",
    "Shift",
    "Source",
    "SourceHour",
    "SourceKey",
    "StageChange",
    "Standing",
    "StandingQuerySet",
    "Suppression",
    "SyncRepair",
    "SyncRun",
    "SyncSeen",
    "Traveller",
    "TravellerDocument",
    "Visitor",
    "WayDay",
    "WayMember",
    "sees_everybody",
]
