from django.db import models
from django.utils.translation import gettext_lazy as _


class MerchantState(models.TextChoices):
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")


class StatementState(models.TextChoices):
    """A statement is the merchant's to confirm; what is in dispute waits for the agency."""

    SENT = "sent", _("To be confirmed")
    CONFIRMED = "confirmed", _("Confirmed, to be paid")
    PAID = "paid", _("Paid")


class ShareKind(models.TextChoices):
    SHARE = "share", _("Share of a merchant")
    UNFREEZE = "unfreeze", _("The rest, to the agency")


class ShareState(models.TextChoices):
    """`RETURNING`: shared money on its way back, because its redemption was taken back."""

    WAITING = "waiting", _("To be shared")
    PROCESSING = "processing", _("Being shared")
    DONE = "done", _("Shared by the platform")
    FAILED = "failed", _("Failed")
    RETURNING = "returning", _("Being returned")
    RETURNED = "returned", _("Returned")


class DisputeState(models.TextChoices):
    OPEN = "open", _("Open")
    UPHELD = "upheld", _("Upheld")
    REJECTED = "rejected", _("Rejected")


class DisputeKind(models.TextChoices):
    """What is to happen when it is upheld."""

    TAKE_BACK = "take_back", _("The redemption was a mistake: take it back")
    QUESTION = "question", _("Something else: please look into it")
