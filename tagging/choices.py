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
    WECOM = "wecom", _("By hand in WeCom")


class RuleState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("At work")
    PAUSED = "paused", _("Paused")


class Removal(models.TextChoices):
    """What becomes of a rule's tag when its condition no longer holds."""

    AFTER_DAYS = "days", _("stays some days, then goes")
    FADES = "fades", _("loses confidence by half-lives, then goes")
    STAYS = "stays", _("stays until a person takes it away")


class SegmentKind(models.TextChoices):
    DYNAMIC = "dynamic", _("Dynamic")
    SNAPSHOT = "snapshot", _("Snapshot")


class SuggestionState(models.TextChoices):
    OPEN = "open", _("Open")
    ACCEPTED = "accepted", _("Accepted")
    REFUSED = "refused", _("Refused")
