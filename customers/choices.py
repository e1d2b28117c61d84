from django.db import models
from django.utils.translation import gettext_lazy as _


class IdentityKind(models.TextChoices):
    UNIONID = "unionid", _("WeChat unionid")
    MINI_OPENID = "mini_openid", _("Mini-program openid")
    EXTERNAL_USERID = "external_userid", _("WeCom external contact")
    PHONE = "phone", _("Verified phone")
    OA_OPENID = "oa_openid", _("Official-account openid")
    ALIPAY = "alipay", _("Alipay user")
    DOUYIN = "douyin", _("Douyin openid")
    XIAOHONGSHU = "xiaohongshu", _("Xiaohongshu user")
    OTA_ACCOUNT = "ota_account", _("OTA account")
    MEMBER_CARD = "member_card", _("Member card")
    TRACE = "trace", _("Record without an account")


class Gender(models.TextChoices):
    UNKNOWN = "", _("Unknown")
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")


class RelationState(models.TextChoices):
    """Where the WeCom friendship of one member and one customer stands."""

    ACTIVE = "active", _("Friends")
    DELETED_BY_CUSTOMER = "deleted_by_customer", _("Customer left")
    DELETED_BY_STAFF = "deleted_by_staff", _("Removed by staff")


class Purpose(models.TextChoices):
    """What a consent is for (PIPL 13-17)."""

    SERVICE = "service", _("Service and contract")
    MARKETING = "marketing", _("Offers and marketing")
    PROFILING = "profiling", _("Personal recommendations")
    DOCUMENT = "document", _("Identity documents")
    CROSS_BORDER = "cross_border", _("Data to recipients abroad")


class TextKind(models.TextChoices):
    """The texts customers read. Apart from the guardian's, each is the ground of the purpose of the same name."""

    SERVICE = "service", _("Privacy policy")
    MARKETING = "marketing", _("Offers and marketing")
    PROFILING = "profiling", _("Personal recommendations")
    DOCUMENT = "document", _("Identity documents")
    CROSS_BORDER = "cross_border", _("Data to recipients abroad")
    GUARDIAN = "guardian", _("Consent of a guardian (under 14)")


class RequestKind(models.TextChoices):
    """What a customer can ask for by right (PIPL 44-50)."""

    EXPORT = "export", _("Copy of one's data")
    CORRECTION = "correction", _("Correction")
    ERASURE = "erasure", _("Erasure")
    WITHDRAWAL = "withdrawal", _("Withdrawal of consent")
    COMPLAINT = "complaint", _("Complaint")


class RequestState(models.TextChoices):
    """Where a request stands. Blocked: something must end first, and the customer was told what."""

    OPEN = "open", _("Open")
    WORKING = "working", _("Being worked on")
    BLOCKED = "blocked", _("Waiting for something to end")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")
    CANCELLED = "cancelled", _("Taken back")


class DocumentKind(models.TextChoices):
    """What proves who a traveller is."""

    ID_CARD = "id_card", _("Resident identity card")
    PASSPORT = "passport", _("Passport")
    HK_MACAU_PERMIT = "hk_macau", _("Hong Kong and Macau permit")
    TAIWAN_PERMIT = "taiwan", _("Taiwan permit")
    HOME_RETURN = "home_return", _("Home return permit")
    BIRTH = "birth", _("Birth certificate")
    OTHER = "other", _("Another document")


class Channel(models.TextChoices):
    """How a message travels. ANY in a consent covers each channel."""

    ANY = "any", _("Every channel")
    WECOM = "wecom", _("WeCom")
    SUBSCRIBE = "subscribe", _("Mini-program notice")
    SMS = "sms", _("SMS")


class Lifecycle(models.TextChoices):
    LEAD = "lead", _("Lead")
    QUOTED = "quoted", _("Quoted")
    FIRST_TIME = "first_time", _("First trip")
    ACTIVE = "active", _("Regular customer")
    TRAVELLING = "travelling", _("Travelling")
    AT_RISK = "at_risk", _("At risk")
    DORMANT = "dormant", _("Dormant")
    LOST = "lost", _("Lost")


class ReviewState(models.TextChoices):
    """Where the question "are these two one person?" stands."""

    OPEN = "open", _("Waiting")
    MERGED = "merged", _("One person")
    DIFFERENT = "different", _("Two people")


class ReviewReason(models.TextChoices):
    """Why a person has to decide whether two records are one."""

    PHONES_DIFFER = "phones_differ", _("A shared identity, but two different verified phones")
    UNVERIFIED_PHONE = "unverified_phone", _("The same phone, not verified")
    NAME_BIRTHDAY = "name_birthday", _("The same name and birthday")
    NAME_MASKED_PHONE = "name_masked_phone", _("The same name and masked phone")


class ClueKind(models.TextChoices):
    """Weak evidence: enough to ask, never enough to merge."""

    PHONE = "phone", _("Phone, not verified")
    NAME_BIRTHDAY = "name_birthday", _("Name and birthday")
    NAME_MASKED_PHONE = "name_masked_phone", _("Name and masked phone")


class Kinship(models.TextChoices):
    """What a member of a household is to the one who keeps it."""

    SELF = "self", _("Self")
    SPOUSE = "spouse", _("Spouse")
    CHILD = "child", _("Child")
    PARENT = "parent", _("Parent")
    SIBLING = "sibling", _("Sibling")
    GRANDPARENT = "grandparent", _("Grandparent")
    GRANDCHILD = "grandchild", _("Grandchild")
    FRIEND = "friend", _("Friend")
    OTHER = "other", _("Other")


class SyncKind(models.TextChoices):
    """Why a synchronisation with WeCom runs."""

    FULL = "full", _("Full synchronisation")
    RECONCILE = "reconcile", _("Nightly reconciliation")


class SyncState(models.TextChoices):
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")
    FAILED = "failed", _("Failed")


class SyncStep(models.TextChoices):
    """What a synchronisation reads, in this order."""

    STAFF = "staff", _("Members")
    TAGS = "tags", _("WeCom tags")
    CONTACTS = "contacts", _("Customers")
    CHATS = "chats", _("Group chats")
    SWEEP = "sweep", _("What is gone")


class RepairKind(models.TextChoices):
    """What a reconciliation put right."""

    ADDED = "added", _("A new friendship was missed")
    ENDED = "ended", _("The end of a friendship was missed")
    CHANGED = "changed", _("A change of a friendship was missed")
    CHAT = "chat", _("A change of a group chat was missed")
    TAG = "tag", _("A change of the WeCom tags was missed")


class ChannelKind(models.TextChoices):
    """Where a channel stands in the world."""

    XIAOHONGSHU = "xiaohongshu", _("Xiaohongshu")
    DOUYIN = "douyin", _("Douyin")
    ADS = "ads", _("Advertising")
    STORE = "store", _("Store")
    REFERRAL = "referral", _("Customers bring customers")
    OTA_CARD = "ota_card", _("OTA parcel card")
    OTHER = "other", _("Other")


class WayKind(models.TextChoices):
    CODE = "code", _("Live code")
    LINK = "link", _("Acquisition link")


class AlertKind(models.TextChoices):
    """What a person should see to."""

    QUOTA_LOW = "quota_low", _("The quota of acquisition links runs low")
    MEMBER_UNAVAILABLE = "member_unavailable", _("A member cannot take customers")
    NOBODY_ON_DUTY = "nobody_on_duty", _("Nobody is on duty")
    REFUSED = "refused", _("WeCom refused the change")
    LINK_BROKEN = "link_broken", _("The link does not work")


class RejectionState(models.TextChoices):
    """What became of an item that could not be taken."""

    OPEN = "open", _("Waiting")
    REPLAYED = "replayed", _("Replayed")
    DROPPED = "dropped", _("Given up")


class ImportTarget(models.TextChoices):
    """What the rows of an imported file are."""

    CUSTOMERS = "customers", _("Customers")
    ORDERS = "orders", _("Orders of other systems")
    EVENTS = "events", _("Events")


class ImportState(models.TextChoices):
    """Where an import stands."""

    UPLOADED = "uploaded", _("Waiting for you")
    STAGING = "staging", _("Reading the file")
    RUNNING = "running", _("Taking the rows in")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    UNDOING = "undoing", _("Rolling back")
    UNDONE = "undone", _("Rolled back")


class RowState(models.TextChoices):
    """What became of one row of an import."""

    STAGED = "staged", _("Waiting")
    CREATED = "created", _("New customer")
    MATCHED = "matched", _("Known customer")
    ADDED = "added", _("Added")
    DUPLICATE = "duplicate", _("Known already")
    REFUSED = "refused", _("Not taken")
    UNDONE = "undone", _("Rolled back")
    KEPT = "kept", _("Kept: used since")


class RfmSegment(models.TextChoices):
    """Buyers by how lately, how often and how much they bought, each above or below the middle of all buyers."""

    CHAMPION = "champion", _("Key customer")
    DEVELOP = "develop", _("Big spender, seldom")
    KEEP = "keep", _("Key customer, gone quiet")
    RESCUE = "rescue", _("Big spender, gone quiet")
    REGULAR = "regular", _("Often, small orders")
    NEW = "new", _("Recent, small orders")
    FADING = "fading", _("Often, small orders, gone quiet")
    PAST = "past", _("Long ago, small orders")


class Bond(models.IntegerChoices):
    """The WeCom friendship with anyone of the house: never, once, now."""

    NONE = 0, _("never a friend")
    LEFT = 1, _("left as a friend")
    FRIEND = 2, _("WeCom friend")


class BulkState(models.TextChoices):
    """Where one act on many customers stands."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")


class TargetState(models.TextChoices):
    """What became of one customer of such an act."""

    WAITING = "waiting", _("Waiting")
    CHANGED = "changed", _("Done")
    SKIPPED = "skipped", _("Left out")
    UNDONE = "undone", _("Undone")
    KEPT = "kept", _("Not undone")


class SkipReason(models.TextChoices):
    """Why a customer was left out, or not undone."""

    GONE = "gone", _("Not yours to see any more, joined with another record, or erased")
    SAME = "same", _("Nothing to change")
    CHANGED_SINCE = "changed_since", _("Changed again since")
    LEFT = "left", _("The person who began has left or lost the right")
