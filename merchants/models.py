"""Merchants who sell through the agency: who they are, what is theirs, what was redeemed, what they are owed."""

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from merchants.choices import DisputeKind, DisputeState, MerchantState, ShareKind, ShareState, StatementState
from orders.models import Offer, OrderLine, Payment
from staff.models import User


class Merchant(models.Model):
    """A business whose offers the agency sells. The percents are the rule by which money is parted.

    `fee_percent`: what the agency keeps of the list price. `points_percent`, `coupon_percent`: how much of what points and the
    agency's coupons covered is the merchant's cost. `account`: the merchant's number at WeChat Pay, a receiver of shares once
    `account_ready`; its legal name must be given for that.
    """

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=60)
    legal_name = models.CharField(_("registered name"), max_length=80, blank=True, default="")
    account = models.CharField(_("WeChat Pay merchant number"), max_length=32, blank=True, default="")
    account_ready = models.BooleanField(default=False)
    fee_percent = models.DecimalField(_("agency's fee, percent"), max_digits=5, decimal_places=2, default=Decimal("8.00"))
    points_percent = models.PositiveSmallIntegerField(_("merchant's part of points, percent"), default=0)
    coupon_percent = models.PositiveSmallIntegerField(_("merchant's part of coupons, percent"), default=0)
    state = models.CharField(_("state"), max_length=8, choices=MerchantState.choices, default=MerchantState.ACTIVE)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("merchant")
        verbose_name_plural = _("merchants")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(fee_percent__gte=0, fee_percent__lte=100, points_percent__lte=100, coupon_percent__lte=100),
                name="merchant_percents",
            )
        ]

    def __str__(self) -> str:
        return self.name


class MerchantUser(models.Model):
    """Somebody who works for a merchant. Managers see fees and statements; the others sell and scan."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="people")
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="+")
    is_manager = models.BooleanField(_("manager"), default=False)

    class Meta:
        verbose_name = _("merchant's staff")
        verbose_name_plural = _("merchants' staff")

    def __str__(self) -> str:
        return str(self.user)


class Listing(models.Model):
    """Whose an offer is."""

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="listings")
    offer = models.OneToOneField(Offer, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("merchant's offer")
        verbose_name_plural = _("merchants' offers")

    def __str__(self) -> str:
        return str(self.offer)


class Statement(models.Model):
    """What a merchant is owed for a week: redemptions, less what was taken back, fees and costs; `net` = `shared` + `to_pay`."""

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="statements")
    first_on = models.DateField()
    last_on = models.DateField()
    state = models.CharField(max_length=10, choices=StatementState.choices, default=StatementState.SENT)
    redemptions_count = models.PositiveIntegerField(default=0)
    gross_amount = models.DecimalField(max_digits=14, decimal_places=2)
    fee_amount = models.DecimalField(max_digits=14, decimal_places=2)
    points_cost_amount = models.DecimalField(max_digits=14, decimal_places=2)
    coupon_cost_amount = models.DecimalField(max_digits=14, decimal_places=2)
    net_amount = models.DecimalField(max_digits=14, decimal_places=2)
    shared_amount = models.DecimalField(max_digits=14, decimal_places=2)
    made_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    paid_at = models.DateTimeField(null=True)
    paid_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    reference = models.CharField(_("bank reference"), max_length=60, blank=True, default="")

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        ordering: ClassVar = ["-first_on"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["merchant", "first_on"], name="statement_week"),
            models.CheckConstraint(
                condition=Q(net_amount=F("gross_amount") - F("fee_amount") - F("points_cost_amount") - F("coupon_cost_amount")),
                name="statement_adds_up",
            ),
            models.CheckConstraint(condition=~Q(state="paid") | Q(paid_at__isnull=False), name="statement_paid_at"),
        ]

    def __str__(self) -> str:
        return f"{self.merchant_id} {self.first_on}"

    @property
    def to_pay_amount(self) -> Decimal:
        """What is left to be paid by bank transfer; negative when the merchant owes it."""
        return self.net_amount - self.shared_amount


class Redemption(models.Model):
    """Pieces of an order, or a coupon, that a merchant handed out; what that is worth stands fast from then on.

    `key` names the act (one scan, one key): sent twice, it is one redemption. `taken_back_at`: it was a mistake; `statement` is
    where it was settled, `back_statement` where its taking back was.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="redemptions")
    line = models.ForeignKey(OrderLine, null=True, on_delete=models.PROTECT, related_name="+")
    coupon_id = models.BigIntegerField(null=True, unique=True)
    name = models.CharField(max_length=80)
    quantity = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=60, unique=True)
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    gross_amount = models.DecimalField(max_digits=12, decimal_places=2)
    fee_amount = models.DecimalField(max_digits=12, decimal_places=2)
    points_cost_amount = models.DecimalField(max_digits=12, decimal_places=2)
    coupon_cost_amount = models.DecimalField(max_digits=12, decimal_places=2)
    taken_back_at = models.DateTimeField(null=True)
    statement = models.ForeignKey(Statement, null=True, on_delete=models.PROTECT, related_name="redemptions")
    back_statement = models.ForeignKey(Statement, null=True, on_delete=models.PROTECT, related_name="taken_back")

    class Meta:
        verbose_name = _("redemption")
        verbose_name_plural = _("redemptions")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="redemption_pieces"),
            models.CheckConstraint(condition=Q(line__isnull=False) ^ Q(coupon_id__isnull=False), name="redemption_of_one"),
            models.CheckConstraint(
                condition=Q(gross_amount__gte=0, fee_amount__gte=0, points_cost_amount__gte=0, coupon_cost_amount__gte=0),
                name="redemption_amounts",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["merchant", "-at"], name="redemption_newest"),
            models.Index(fields=["merchant"], condition=Q(statement__isnull=True), name="redemption_unsettled"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def deducted_amount(self) -> Decimal:
        """Fee and costs."""
        return self.fee_amount + self.points_cost_amount + self.coupon_cost_amount

    @property
    def net_amount(self) -> Decimal:
        """What the merchant gets for it."""
        return self.gross_amount - self.fee_amount - self.points_cost_amount - self.coupon_cost_amount


class Share(models.Model):
    """Money of a payment that goes to a merchant through WeChat Pay, or (`unfreeze`) what is left to the agency.

    Key mode: the platform knows it by `out_order_no`, and what comes back by `out_order_no` + "B".
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="+")
    redemption = models.OneToOneField(Redemption, null=True, on_delete=models.PROTECT, related_name="share")
    kind = models.CharField(max_length=8, choices=ShareKind.choices, default=ShareKind.SHARE)
    out_order_no = models.CharField(max_length=60, unique=True)
    account = models.CharField(max_length=32, blank=True, default="")
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    state = models.CharField(max_length=10, choices=ShareState.choices, default=ShareState.WAITING)
    error = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("profit share")
        verbose_name_plural = _("profit shares")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0) | Q(amount=0, kind="unfreeze"), name="share_positive"),
            models.UniqueConstraint(fields=["payment"], condition=Q(kind="unfreeze"), name="share_one_unfreeze"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["created_at"], condition=Q(state__in=["waiting", "processing", "returning"]), name="share_open")
        ]

    def __str__(self) -> str:
        return self.out_order_no


class Dispute(models.Model):
    """A merchant says that a redemption is not as it stands in the books; the agency decides."""

    redemption = models.ForeignKey(Redemption, on_delete=models.CASCADE, related_name="disputes")
    kind = models.CharField(_("what is to happen"), max_length=10, choices=DisputeKind.choices)
    words = models.CharField(_("what happened"), max_length=300)
    state = models.CharField(max_length=8, choices=DisputeState.choices, default=DisputeState.OPEN)
    answer = models.CharField(_("answer"), max_length=300, blank=True, default="")
    opened_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    opened_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["redemption"], condition=Q(state="open"), name="dispute_one_open")
        ]

    def __str__(self) -> str:
        return self.words[:40]
