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


class Constraint(models.TextChoices):
    """The codes of everything that can be wrong with an itinerary: part of the API, never renamed."""

    HOURS = "TIME-01", _("Closed at that time")
    CHRONOLOGY = "TIME-02", _("Two things at the same time")
    TRANSFER = "TIME-03", _("Not enough time to get there")
    STATION_BUFFER = "TIME-04", _("Too short before the train or flight")
    OVERNIGHT = "TIME-05", _("Arrives on another day")
    MEAL_WINDOW = "TIME-06", _("Not at mealtime")
    VISIT_SHORT = "TIME-07", _("Visit too short")
    DAY_LENGTH = "TIME-08", _("Day too long")
    IDLE = "TIME-09", _("Long gap")
    CONTINUITY = "SPACE-01", _("Ends in another city than the next day begins")
    WALK_CAP = "SPACE-02", _("Too much walking")
    NO_HOTEL = "STAY-01", _("No hotel for the night")
    BEDS = "STAY-02", _("Fewer beds than people")
    STOCK = "INV-01", _("Not available on that date")
    GUIDE_TWICE = "INV-02", _("Guide booked twice")
    WISH = "PREF-01", _("A wish is not met")
    ORDER = "PREF-02", _("In another order than wished")
    PACE = "PREF-03", _("Faster than wished")
    BUDGET = "COST-01", _("Over the budget")
    NO_RATE = "COST-02", _("No price on that date")
    MARGIN = "COST-03", _("Margin below the floor")
    FX_AGE = "COST-04", _("Rate of exchange out of date")
    DATA = "DATA-01", _("Something is missing in its data")
    LEGAL = "LEGAL-01", _("Contract, insurance or an unreasonably low price")


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
