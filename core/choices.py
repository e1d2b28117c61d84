from django.db import models
from django.utils.translation import gettext_lazy as _


class Lane(models.TextChoices):
    """How urgent a job is; each lane has its own workers, so a bulk send never delays a chat."""

    CHAT = "chat", _("Chat (seconds)")
    USUAL = "usual", _("Usual")
    BULK = "bulk", _("Bulk")


class JobState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
