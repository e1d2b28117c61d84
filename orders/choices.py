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


class LineKind(models.TextChoices):
    """`SUPPLEMENT`: what a quote adds to, or takes off, the sum of its people."""

    ADULT = "adult", _("Adult")
    CHILD = "child", _("Child")
    SUPPLEMENT = "supplement", _("Supplement or reduction")
    SERVICE = "service", _("Service or goods")


class OfferKind(models.TextChoices):
    SERVICE = "service", _("Service")
    ACTIVITY = "activity", _("Activity")
    GOODS = "goods", _("Merchandise")


class OfferState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ON_SALE = "on_sale", _("On sale")
    PAUSED = "paused", _("Paused")


class PaymentMethod(models.TextChoices):
    WECHAT = "wechat", _("WeChat Pay")
    OFFSETS = "offsets", _("Coupons and points alone")


class ShippingState(models.TextChoices):
    """Whether the platform was told that what was paid for is delivered (it holds the money until then)."""

    WAITING = "waiting", _("To be told")
    DONE = "done", _("Told")
    FAILED = "failed", _("Refused by the platform")


class ChangeState(models.TextChoices):
    UNPAID = "unpaid", _("Difference to be paid")
    DONE = "done", _("Done")


class InvoiceKind(models.TextChoices):
    PERSON = "person", _("A private person")
    COMPANY = "company", _("A company")


class InvoiceState(models.TextChoices):
    REQUESTED = "requested", _("To be issued")
    ISSUED = "issued", _("Issued")
    VOID = "void", _("Void")
    REJECTED = "rejected", _("Not issued")


class BillState(models.TextChoices):
    WAITING = "waiting", _("Not there yet")
    CLEAN = "clean", _("Agrees to the fen")
    OPEN = "open", _("Differences to explain")
    FAILED = "failed", _("Could not be read")


class BillKind(models.TextChoices):
    PAYMENT = "payment", _("Money received")
    REFUND = "refund", _("Refund")


class BillFinding(models.TextChoices):
    UNKNOWN = "unknown", _("We do not know it")
    MISSING = "missing", _("Not on the bill")
    AMOUNT = "amount", _("Another amount")
