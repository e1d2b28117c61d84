from django.db import models
from django.utils.translation import gettext_lazy as _


class OrderState(models.TextChoices):
    PLACED = "placed", _("Waiting for payment")
    PAID = "paid", _("Paid")
    COMPLETED = "completed", _("Completed")
    CLOSED = "closed", _("Closed")
    REFUNDED = "refunded", _("Refunded")


class PaymentState(models.TextChoices):
    """`UNKNOWN`: the gateway call's outcome is not known; a query by our own number settles it."""

    CREATED = "created", _("Created")
    PREPAID = "prepaid", _("Waiting for the customer")
    PAID = "paid", _("Paid")
    CLOSED = "closed", _("Closed")
    UNKNOWN = "unknown", _("Outcome unknown, being queried")


class RefundState(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    PROCESSING = "processing", _("Processing")
    DONE = "done", _("Refunded")
    FAILED = "failed", _("Failed")
