from django.db import models
from django.utils.translation import gettext_lazy as _


class ResourceKind(models.TextChoices):
    ATTRACTION = "attraction", _("Attraction")
    HOTEL = "hotel", _("Hotel")
    RESTAURANT = "restaurant", _("Restaurant")
    TRANSPORT = "transport", _("Transport")


class FeedFormat(models.TextChoices):
    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel"
    JSON = "json", "JSON"


class FeedRunState(models.TextChoices):
    UPLOADED = "uploaded", _("Uploaded")
    RUNNING = "running", _("Reading")
    QUARANTINED = "quarantined", _("Waiting for approval")
    APPLIED = "applied", _("Applied")
    REJECTED = "rejected", _("Rejected")
    FAILED = "failed", _("Failed")


class IssueSeverity(models.TextChoices):
    REFUSED = "refused", _("Refused")
    FLAGGED = "flagged", _("Taken, please check")


class SaleState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ON_SALE = "on_sale", _("On sale")
    PAUSED = "paused", _("Paused")
