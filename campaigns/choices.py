from django.db import models
from django.utils.translation import gettext_lazy as _


class CampaignState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("Waiting for approval")
    SCHEDULED = "scheduled", _("Scheduled")
    LAUNCHING = "launching", _("Being dispatched")
    AWAITING_STAFF = "awaiting_staff", _("Waiting for staff to confirm")
    PAUSED = "paused", _("Paused")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", _("Cancelled")


class Arm(models.TextChoices):
    """What the snapshot decided for a person: to be reached, kept aside to measure against, or not reachable."""

    TREATED = "treated", _("To be reached")
    HOLDOUT = "holdout", _("Hold-out")
    EXCLUDED = "excluded", _("Held back")


class CreditModel(models.TextChoices):
    """How an order's money is shared among the touches before it."""

    LAST = "last", _("Last touch")
    FIRST = "first", _("First touch")
    LINEAR = "linear", _("Equal shares")
    DECAY = "decay", _("The later the more (half-life 7 days)")
    POSITION = "position", _("First and last 40 % each")


class FollowUpState(models.TextChoices):
    OPEN = "open", _("Open")
    DONE = "done", _("Done")


class Outcome(models.TextChoices):
    CONTACTED = "contacted", _("Contacted")
    NO_ANSWER = "no_answer", _("No answer")
    QUOTED = "quoted", _("Quoted")
    NO_INTEREST = "no_interest", _("No interest")
    ORDERED = "ordered", _("Ordered by themselves")


class FollowUpReason(models.TextChoices):
    """The behaviour that made the task, or who did."""

    REPEATED_VIEWS = "repeated_views", _("Keeps looking at one product")
    QUOTE_OPENED = "quote_opened", _("Opened a quote")
    CHECKOUT_UNPAID = "checkout_unpaid", _("Started to order, did not pay")
    BY_HAND = "by_hand", _("Written by a colleague")
    ADVICE = "advice", _("Next best step")
