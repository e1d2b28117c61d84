from django.db import models
from django.utils.translation import gettext_lazy as _


class CampaignState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("Waiting for approval")
    LAUNCHING = "launching", _("Being dispatched")
    AWAITING_STAFF = "awaiting_staff", _("Waiting for staff to confirm")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", _("Cancelled")


class Arm(models.TextChoices):
    """What the snapshot decided for a person: to be reached, kept aside to measure against, or not reachable."""

    TREATED = "treated", _("To be reached")
    HOLDOUT = "holdout", _("Hold-out")
    EXCLUDED = "excluded", _("Held back")


class FollowUpState(models.TextChoices):
    OPEN = "open", _("Open")
    DONE = "done", _("Done")


class Outcome(models.TextChoices):
    CONTACTED = "contacted", _("Contacted")
    NO_ANSWER = "no_answer", _("No answer")
    QUOTED = "quoted", _("Quoted")
    NO_INTEREST = "no_interest", _("No interest")
