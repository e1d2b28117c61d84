from django.db import models
from django.utils.translation import gettext_lazy as _


class Dimension(models.TextChoices):
    CONSUMPTION = "consumption", _("Consumption")
    BEHAVIOUR = "behaviour", _("Behaviour")
    INTEREST = "interest", _("Interest")
    LIFECYCLE = "lifecycle", _("Lifecycle")
    TRIP_STAGE = "trip_stage", _("Trip stage")
    SOURCE = "source", _("Source")


class TagSource(models.TextChoices):
    RULE = "rule", _("Rule")
    MANUAL = "manual", _("By hand")
    CHAT = "chat", _("Chat")
    AI = "ai", _("AI")
    CHANNEL = "channel", _("Channel")


class RuleState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("At work")
    PAUSED = "paused", _("Paused")
