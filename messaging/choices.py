from django.db import models
from django.utils.translation import gettext_lazy as _


class Route(models.TextChoices):
    """How a message leaves the house. WeCom mass sends are tasks that staff confirm; the others are sent directly."""

    WECOM = "wecom", _("WeCom")
    SUBSCRIBE = "subscribe", _("Mini-program notice")
    SMS = "sms", _("SMS")
    OFFICIAL = "official", _("Official account")
    KF = "kf", _("WeCom customer service")
    INBOX = "inbox", _("Inbox in the mini-program")


class Mode(models.TextChoices):
    """What a lost answer means on a channel. KEY: the vendor takes our key once, so we may ask again. ASK: the vendor can be
    queried. ONCE: neither, so what is unclear is never repeated. OWN: our own table, nothing is ever unclear."""

    KEY = "key", _("Repeated under the same key")
    ASK = "ask", _("Settled by a query")
    ONCE = "once", _("Sent once at most")
    OWN = "own", _("In our own hands")


class TouchPurpose(models.TextChoices):
    """What a message is for: decides which consent it needs, which caps count and who goes first."""

    MARKETING = "marketing", _("Offers and marketing")
    SERVICE = "service", _("Service and contract")
    TRANSACTION = "transaction", _("About an order or a trip under way")


class PauseReason(models.TextChoices):
    """Why marketing to one customer rests."""

    MOOD = "mood", _("Upset in a conversation")
    COMPLAINT = "complaint", _("A complaint is open")
    INCIDENT = "incident", _("Something went wrong on a trip")
    BY_HAND = "by_hand", _("Asked for by staff")


class BatchState(models.TextChoices):
    """Where one batch of direct messages stands."""

    RUNNING = "running", _("Being sent")
    DONE = "done", _("Done")
    LOST = "lost", _("The worker died; its messages were looked after")


class MessageState(models.TextChoices):
    """Where one message to one customer stands. "Created" is never called "sent"."""

    QUEUED = "queued", _("Waiting to be created")
    SENDING = "sending", _("Being sent")
    UNKNOWN = "unknown", _("Outcome unknown, being queried")
    UNCERTAIN = "uncertain", _("Perhaps delivered; not repeated")
    AWAITING_STAFF = "awaiting_staff", _("Waiting for staff to confirm")
    SENT = "sent", _("Delivered")
    NOT_FRIEND = "not_friend", _("No longer friends")
    OVER_CAP = "over_cap", _("Over the platform's cap")
    SUPPRESSED = "suppressed", _("Held back by the Touch Governor")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Not confirmed in time")
    FAILED = "failed", _("Failed")


class TaskState(models.TextChoices):
    """Where one WeCom mass-send task stands. `UNKNOWN`: the call's outcome is not known; a query will settle it."""

    PENDING = "pending", _("To be created")
    CREATING = "creating", _("Being created")
    UNKNOWN = "unknown", _("Outcome unknown, being queried")
    CREATED = "created", _("Waiting for staff to confirm")
    CONFIRMED = "confirmed", _("Confirmed by staff")
    SETTLED = "settled", _("Results complete")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Not confirmed in time")
    FAILED = "failed", _("Failed")


class Reason(models.TextChoices):
    """Why the Touch Governor holds a message back, in the order in which it asks."""

    ERASED = "erased", _("Erased or joined with another record")
    NO_RELATION = "no_relation", _("Not a WeCom friend of anyone here")
    NO_ADDRESS = "no_address", _("Cannot be reached by this channel")
    NO_QUOTA = "no_quota", _("No mini-program notice left to send")
    WINDOW_CLOSED = "window_closed", _("The customer has not written within 48 hours")
    NO_CONSENT = "no_consent", _("No consent to marketing")
    OPTED_OUT = "opted_out", _("Opted out or on the suppression list")
    IMPERSONAL = "impersonal", _("Turned personal recommendations off")
    COMPLAINT = "complaint", _("A complaint is open")
    PAUSED = "paused", _("Marketing rests for now")
    QUIET_HOURS = "quiet_hours", _("Quiet hours")
    PLATFORM_CAP = "platform_cap", _("Over the WeCom cap")
    HOUSE_CAP = "house_cap", _("Over our own cap")
    PRIORITY = "priority", _("Something more important goes first")
    HOLDOUT = "holdout", _("In the hold-out group")


class Obstacle(models.TextChoices):
    """Why a channel cannot carry a message to one person, beside the governor's reasons."""

    NO_PHONE = "no_phone", _("No verified phone number")
    NO_MINI = "no_mini", _("Has never used the mini-program")
    TEMPLATE_ONLY = "template_only", _("SMS carries approved templates only; none is set up for single messages")
    NO_QUOTA = "no_quota", _("0 notices left: the customer has not allowed one")


class ChatChannel(models.TextChoices):
    """Where somebody talks to us."""

    KF = "kf", _("WeCom customer service")
    MINI = "mini", _("Mini-program")
    WEB = "web", _("Website")


class ChatState(models.TextChoices):
    """Who speaks for us. `SERVED_IN_WECOM`: a servicer answers in the WeCom client; we read along."""

    BOT = "bot", _("Assistant")
    QUEUED = "queued", _("Waiting for a person")
    HUMAN = "human", _("With a person")
    SERVED_IN_WECOM = "wecom", _("With a person in WeCom")
    CLOSED = "closed", _("Closed")


class Author(models.TextChoices):
    """Who wrote a line. `SYSTEM`: fixed words of ours at a turn of the talk (apology, hand-over, closing)."""

    CUSTOMER = "customer", _("Customer")
    BOT = "bot", _("Assistant")
    STAFF = "staff", _("Staff")
    SYSTEM = "system", _("Notice")
    NOTE = "note", _("Internal note")


class ChatKind(models.TextChoices):
    """What a line is."""

    TEXT = "text", _("Text")
    MENU = "menu", _("Menu")
    CARD = "card", _("Card")
    IMAGE = "image", _("Picture")
    VOICE = "voice", _("Voice")
    OTHER = "other", _("Other")


class LineState(models.TextChoices):
    """Where a line of a chat stands."""

    RECEIVED = "received", _("Received")
    RECALLED = "recalled", _("Taken back by the customer")
    QUEUED = "queued", _("On its way")
    SENT = "sent", _("Sent")
    SUPPRESSED = "suppressed", _("Held back: a person had taken over")
    FAILED = "failed", _("Failed")
