"""Where an order's money is: payments, refunds, changes, invoices, and the rules the agency set for them."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.choices import ChangeState, InvoiceKind, InvoiceState, PaymentMethod, PaymentState, RefundState, ShippingState
from orders.models.sales import Instalment, Order
from staff.models import User


class Payment(models.Model):
    """One attempt to collect an order's amount, or an instalment. Key mode: the gateway de-duplicates on `out_trade_no`.

    By method `offsets` coupons and points cover everything: no money, no gateway. `is_shared`: the platform holds the money
    until profit is shared with a merchant. `shipping`: whether the platform was told that what was bought is delivered.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    out_trade_no = models.CharField(max_length=32, unique=True)
    transaction_id = models.CharField(max_length=40, null=True, unique=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    instalment = models.ForeignKey(Instalment, null=True, on_delete=models.PROTECT, related_name="payments")
    openid = models.CharField(max_length=64)
    method = models.CharField(
        max_length=8, choices=PaymentMethod.choices, default=PaymentMethod.WECHAT, db_default=PaymentMethod.WECHAT
    )
    is_shared = models.BooleanField(default=False, db_default=False)
    shipping = models.CharField(max_length=8, choices=ShippingState.choices, blank=True, default="", db_default="")
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
            models.CheckConstraint(condition=Q(amount__gt=0) | Q(amount=0, method="offsets"), name="payment_positive"),
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
    """One refund of a payment. Key mode: the gateway de-duplicates on `out_refund_no`.

    What one payment cannot give back alone is spread over several: the others follow their `leader`, which holds the decision.
    `offset_amount` is how much of what coupons and points covered goes back with it, `fee_amount` what the terms keep. `pieces`
    says which pieces of which lines are given up, {line id: number}; they are set aside when it is asked for. `closes`: with it
    the order ends.
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    out_refund_no = models.CharField(max_length=40, unique=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    leader = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="followers")
    offset_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0, db_default=0)
    fee_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0, db_default=0)
    pieces = models.JSONField(default=dict, db_default={})
    closes = models.BooleanField(default=False, db_default=False)
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
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, offset_amount__gte=0) | Q(amount=0, offset_amount__gt=0) | Q(amount=0, closes=True),
                name="refund_positive",
            ),
            models.CheckConstraint(condition=Q(fee_amount__gte=0), name="refund_fee"),
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], condition=Q(state="processing"), name="refund_open")]

    def __str__(self) -> str:
        return self.out_refund_no


class OrderChange(models.Model):
    """Another date, another number of people: what was asked, what it costs, what it did. `before` and `after` as shown."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="changes")
    key = models.CharField(max_length=60, unique=True)
    before = models.JSONField()
    after = models.JSONField()
    difference_amount = models.DecimalField(max_digits=12, decimal_places=2)
    fee_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    state = models.CharField(max_length=8, choices=ChangeState.choices, default=ChangeState.DONE)
    instalment = models.ForeignKey(Instalment, null=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("change of an order")
        verbose_name_plural = _("changes of orders")

    def __str__(self) -> str:
        return self.key


class Invoice(models.Model):
    """An invoice a customer asked for. The address it goes to is sealed."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="invoices")
    kind = models.CharField(_("for"), max_length=8, choices=InvoiceKind.choices)
    title = models.CharField(_("title"), max_length=100)
    tax_no = models.CharField(_("tax number"), max_length=20, blank=True, default="")
    email_sealed = models.BinaryField(max_length=400)
    email_masked = models.CharField(max_length=80)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    state = models.CharField(max_length=10, choices=InvoiceState.choices, default=InvoiceState.REQUESTED)
    number = models.CharField(_("invoice number"), max_length=30, blank=True, default="")
    requested_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="invoice_positive"),
            models.UniqueConstraint(fields=["order"], condition=Q(state__in=["requested", "issued"]), name="invoice_one_open"),
        ]
        indexes: ClassVar = [models.Index(fields=["requested_at"], condition=Q(state="requested"), name="invoice_waiting")]

    def __str__(self) -> str:
        return self.title


class CommercePolicy(models.Model):
    """The one row of the agency's rules about money."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    refund_limit_amount = models.DecimalField(
        _("two people decide on refunds over"), max_digits=12, decimal_places=2, default=2000, db_default=2000
    )
    change_fee_amount = models.DecimalField(
        _("fee for changing a paid order"), max_digits=12, decimal_places=2, default=0, db_default=0
    )
    uploads_shipping = models.BooleanField(_("tell the platform what was delivered"), default=True, db_default=True)

    class Meta:
        verbose_name = _("rules about money")
        verbose_name_plural = _("rules about money")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="commerce_policy_one_row"),
            models.CheckConstraint(
                condition=Q(refund_limit_amount__gte=0, change_fee_amount__gte=0), name="commerce_policy_amounts"
            ),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @classmethod
    def current(cls) -> Self:
        """The row; its defaults before anyone has saved one."""
        return cls.objects.filter(pk=1).first() or cls()
