"""Order, payment, refund. Prices are computed here, never taken from a client."""

from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Departure, Product
from customers.models import Customer, CustomerQuerySet, sees_everybody
from messaging.models import Message
from orders.choices import CloseReason, OrderState, PaymentState, RefundState
from staff.models import User


class OrderQuerySet(models.QuerySet["Order"]):
    """Orders through the same row scope as their customers."""

    def visible_to(self, user: User) -> "OrderQuerySet":
        """Orders of customers this user may see."""
        if sees_everybody(user):
            return self
        customers: CustomerQuerySet = Customer.objects.visible_to(user)
        return self.filter(customer__in=customers)


@pghistory.track(
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    model_name="OrderHistory",
    fields=["state", "total_amount", "paid_amount", "refunded_amount"],
)
class Order(models.Model):
    """One purchase of a departure. State moves only by conditional update in orders.services.

    `home_id` is the customer under whose identity it was placed, where a merge has moved that identity (or the order) since:
    undoing the merge sends the order home.
    """

    no = models.CharField(_("order number"), max_length=24, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    departure = models.ForeignKey(Departure, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=OrderState.choices, default=OrderState.PLACED)
    adults = models.PositiveSmallIntegerField(_("adults"))
    children = models.PositiveSmallIntegerField(_("children"), default=0)
    adult_amount = models.DecimalField(max_digits=12, decimal_places=2)
    child_amount = models.DecimalField(max_digits=12, decimal_places=2)
    total_amount = models.DecimalField(_("total"), max_digits=12, decimal_places=2)
    paid_amount = models.DecimalField(_("paid"), max_digits=12, decimal_places=2, default=0)
    refunded_amount = models.DecimalField(_("refunded"), max_digits=12, decimal_places=2, default=0)
    extra_amount = models.DecimalField(_("supplements and reductions"), max_digits=12, decimal_places=2, default=0, db_default=0)
    close_reason = models.CharField(_("closed because"), max_length=10, choices=CloseReason.choices, blank=True, default="")
    message = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="+")
    home_id = models.BigIntegerField(null=True)
    placed_at = models.DateTimeField()
    hold_until = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(total_amount=F("adults") * F("adult_amount") + F("children") * F("child_amount") + F("extra_amount")),
                name="order_total",
            ),
            models.CheckConstraint(condition=Q(adults__gte=1) & Q(adults__lte=200, children__lte=200), name="order_people"),
            models.CheckConstraint(
                condition=Q(refunded_amount__lte=F("paid_amount"), paid_amount__lte=F("total_amount")), name="order_amounts"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["paid", "completed", "refunded"]) | Q(paid_at__isnull=False), name="order_paid_at"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["customer", "-placed_at"], name="order_customer"),
            models.Index(fields=["-placed_at", "-id"], name="order_newest"),
            models.Index(fields=["hold_until"], condition=Q(state="placed"), name="order_hold"),
        ]

    def __str__(self) -> str:
        return self.no

    @property
    def people(self) -> int:
        """Seats the order takes."""
        return self.adults + self.children


class Instalment(models.Model):
    """A part of an order's total, due on a day of its own: deposit, balance. An order without any is paid at once."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="instalments")
    position = models.PositiveSmallIntegerField()
    label = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    due_on = models.DateField()
    paid_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("instalment")
        verbose_name_plural = _("instalments")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "position"], name="instalment_position"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="instalment_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}.{self.position}"


class Payment(models.Model):
    """One attempt to collect an order's amount, or an instalment. Key mode: the gateway de-duplicates on `out_trade_no`."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    out_trade_no = models.CharField(max_length=32, unique=True)
    transaction_id = models.CharField(max_length=40, null=True, unique=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    instalment = models.ForeignKey(Instalment, null=True, on_delete=models.PROTECT, related_name="payments")
    openid = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=PaymentState.choices, default=PaymentState.CREATED)
    prepay_id = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    paid_at = models.DateTimeField(null=True)
    queried_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order"], condition=Q(state="paid", instalment__isnull=True), name="payment_once"),
            models.UniqueConstraint(fields=["instalment"], condition=Q(state="paid"), name="instalment_paid_once"),
            models.CheckConstraint(
                condition=~Q(state="paid") | Q(transaction_id__isnull=False, paid_at__isnull=False), name="payment_proof"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["created_at"], condition=Q(state__in=["created", "prepaid", "unknown"]), name="payment_open")
        ]

    def __str__(self) -> str:
        return self.out_trade_no


class Refund(models.Model):
    """One refund of a payment. Key mode: the gateway de-duplicates on `out_refund_no`."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    out_refund_no = models.CharField(max_length=40, unique=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    reason = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=RefundState.choices, default=RefundState.REQUESTED)
    requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    error = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_positive")]
        indexes: ClassVar = [models.Index(fields=["created_at"], condition=Q(state="processing"), name="refund_open")]

    def __str__(self) -> str:
        return self.out_refund_no
