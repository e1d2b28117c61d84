from django.db import models
from django.utils.translation import gettext_lazy as _


class OrderState(models.TextChoices):
    PLACED = "placed", _("Waiting for payment")
    PAID = "paid", _("Paid")
    COMPLETED = "completed", _("Completed")
    CLOSED = "closed", _("Closed")
    REFUNDED = "refunded", _("Refunded")


class CloseReason(models.TextChoices):
    """Why an order was closed without payment."""

    EXPIRED = "expired", _("Not paid in time")
    CUSTOMER = "customer", _("Cancelled by the customer")
    STAFF = "staff", _("Cancelled by staff")


class PaymentState(models.TextChoices):
    """`UNKNOWN`: the gateway call's outcome is not known; a query by our own number settles it.

    `SURPLUS`: money came that the order could not take (closed meanwhile, or paid already); it is sent back by itself.
    """

    CREATED = "created", _("Created")
    PREPAID = "prepaid", _("Waiting for the customer")
    PAID = "paid", _("Paid")
    CLOSED = "closed", _("Closed")
    SURPLUS = "surplus", _("Came too late, being returned")
    UNKNOWN = "unknown", _("Outcome unknown, being queried")


class RefundState(models.TextChoices):
    """`REQUESTED` waits for finance; `PROCESSING` is on its way through the gateway, its outcome queried until known."""

    REQUESTED = "requested", _("Waiting for approval")
    PROCESSING = "processing", _("Being refunded")
    DONE = "done", _("Refunded")
    FAILED = "failed", _("Failed")
    REJECTED = "rejected", _("Not approved")
