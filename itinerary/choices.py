from django.db import models
from django.utils.translation import gettext_lazy as _


class BlockKind(models.TextChoices):
    """What a block of a day is."""

    SIGHT = "sight", _("Sight")
    HOTEL = "hotel", _("Hotel")
    MEAL = "meal", _("Meal")
    TRANSPORT = "transport", _("Long-distance transport")
    VEHICLE = "vehicle", _("Vehicle with driver")
    GUIDE = "guide", _("Guide")
    ACTIVITY = "activity", _("Activity")
    FEE = "fee", _("Fee")
    NOTE = "note", _("Note")


class Severity(models.TextChoices):
    ERROR = "error", _("Cannot be sold like this")
    WARNING = "warning", _("Please check")


class RequestState(models.TextChoices):
    COLLECTING = "collecting", _("Asking for details")
    COMPLETE = "complete", _("Understood")
    PLANNED = "planned", _("Being designed")
    CLOSED = "closed", _("Closed")


class TripStage(models.TextChoices):
    """Where an itinerary stands, in the order of the board."""

    DESIGN = "design", _("In design")
    QUOTED = "quoted", _("Sent to the customer")
    ACCEPTED = "accepted", _("Accepted by the customer")
    DEPOSIT = "deposit", _("Deposit paid")
    TRAVELLING = "travelling", _("Travelling")
    DONE = "done", _("Back home")
    LOST = "lost", _("Not going")


class QuoteState(models.TextChoices):
    SENT = "sent", _("Sent")
    SUPERSEDED = "superseded", _("Replaced by a newer version")
    REVOKED = "revoked", _("Withdrawn")
    ACCEPTED = "accepted", _("Accepted by the customer")


class RuleKind(models.TextChoices):
    ADDITIVE = "additive", _("Percentage of the cost")
    SEQUENTIAL = "sequential", _("Percentage of everything so far")
    OF_GROSS = "of_gross", _("Percentage of the price")
    PER_HEAD = "per_head", _("Amount a person")
    PER_GROUP = "per_group", _("Amount a group")


class Receiver(models.TextChoices):
    HOUSE = "house", _("Ours")
    AGENT = "agent", _("Agent's commission")
    TAX = "tax", _("Tax")


class BookingState(models.TextChoices):
    WANTED = "wanted", _("To be booked")
    HELD = "held", _("On hold")
    CONFIRMED = "confirmed", _("Confirmed")
    FAILED = "failed", _("Failed")
    REPLACED = "replaced", _("Replaced")
    CANCELLED = "cancelled", _("Cancelled")


class ReminderKind(models.TextChoices):
    WEEK = "t-7", _("Seven days before")
    THREE = "t-3", _("Three days before")
    EVE = "t-1", _("The day before")
    DAY = "day", _("On the day")


class ReminderState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Done")
    SKIPPED = "skipped", _("No longer needed")


class DocumentKind(models.TextChoices):
    """The papers of a trip."""

    CONTRACT = "contract", _("Travel contract")
    INSURANCE = "insurance", _("Insurance")
    TICKETS = "tickets", _("Tickets")
    NAMELIST = "namelist", _("Name list to suppliers")
    NOTICE = "notice", _("Notice before departure")


class ChangeKind(models.TextChoices):
    CHANGE = "change", _("Change")
    CANCEL = "cancel", _("Cancellation")


class ChangeState(models.TextChoices):
    OPEN = "open", _("Open")
    APPLIED = "applied", _("Done")
    DECLINED = "declined", _("Declined")
