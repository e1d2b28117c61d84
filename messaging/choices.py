from django.db import models
from django.utils.translation import gettext_lazy as _


class MessageState(models.TextChoices):
    """Where one message to one customer stands. "Created" is never called "sent"."""

    QUEUED = "queued", _("Waiting to be created")
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

    NO_RELATION = "no_relation", _("Not a WeCom friend of anyone here")
    NO_CONSENT = "no_consent", _("No consent to marketing")
    OPTED_OUT = "opted_out", _("Opted out or on the suppression list")
    IMPERSONAL = "impersonal", _("Turned personal recommendations off")
    QUIET_HOURS = "quiet_hours", _("Quiet hours")
    PLATFORM_CAP = "platform_cap", _("Over the WeCom cap")
    HOUSE_CAP = "house_cap", _("Over our own cap")
    HOLDOUT = "holdout", _("In the hold-out group")


class Obstacle(models.TextChoices):
    """Why a channel cannot carry a message to one person, beside the governor's reasons."""

    NO_PHONE = "no_phone", _("No verified phone number")
    NO_MINI = "no_mini", _("Has never used the mini-program")
    TEMPLATE_ONLY = "template_only", _("SMS carries approved templates only; none is set up for single messages")
    NO_QUOTA = "no_quota", _("0 notices left: the customer has not allowed one")
