"""Coupons: what is promised, what was given to whom, and what each took off an order."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from membership.choices import CostOwner, CouponKind, CouponState, OffsetState, Stacking, TemplateState
from staff.models import User


def _codes(label: Any) -> "ArrayField[Any, Any]":
    return ArrayField(models.CharField(max_length=40), verbose_name=label, default=list, blank=True)


class CouponTemplate(models.Model):
    """A kind of coupon and its terms. Empty scopes mean everything. Validity: calendar dates, or days from the issue.

    `upgrade` and `exchange` coupons give `item`; where `amount` is set they also take that much off.
    """

    name = models.CharField(_("name"), max_length=40)
    kind = models.CharField(_("kind"), max_length=8, choices=CouponKind.choices)
    state = models.CharField(_("state"), max_length=6, choices=TemplateState.choices, default=TemplateState.DRAFT)
    amount = models.DecimalField(_("amount off"), max_digits=12, decimal_places=2, default=0)
    percent = models.PositiveSmallIntegerField(_("percent off"), default=0)
    cap_amount = models.DecimalField(_("at most"), max_digits=12, decimal_places=2, null=True, blank=True)
    min_amount = models.DecimalField(_("from a total of"), max_digits=12, decimal_places=2, default=0)
    item = models.CharField(_("what it is exchanged for"), max_length=60, blank=True, default="")
    stock = models.PositiveIntegerField(_("stock"), null=True, blank=True, help_text=_("empty: unlimited"))
    issued_count = models.PositiveIntegerField(default=0, db_default=0)
    per_person = models.PositiveSmallIntegerField(_("per person"), default=1)
    products = _codes(_("only these products"))
    destinations = _codes(_("only these destinations"))
    themes = _codes(_("only these themes"))
    merchants = _codes(_("only these merchants"))
    channels = _codes(_("only these channels"))
    stacking = models.CharField(_("together with others"), max_length=5, choices=Stacking.choices, default=Stacking.ALONE)
    stack_group = models.CharField(_("group"), max_length=20, blank=True, default="")
    with_points = models.BooleanField(_("together with points"), default=True)
    rule_text = models.TextField(_("public rules"), blank=True, default="")
    cost_owner = models.CharField(_("paid for by"), max_length=8, choices=CostOwner.choices, default=CostOwner.AGENCY)
    merchant = models.CharField(_("merchant that bears costs"), max_length=40, blank=True, default="")
    merchant_percent = models.PositiveSmallIntegerField(_("the merchant's share, percent"), default=0)
    valid_from = models.DateTimeField(_("valid from"), null=True, blank=True)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    valid_days = models.PositiveSmallIntegerField(_("valid for days"), null=True, blank=True)
    is_claimable = models.BooleanField(_("may be fetched in the coupon centre"), default=False)
    returns = models.BooleanField(_("given back when everything is refunded"), default=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("coupon template")
        verbose_name_plural = _("coupon templates")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(stock__isnull=True) | Q(issued_count__lte=F("stock")), name="template_stock"),
            models.CheckConstraint(condition=Q(percent__lte=95, merchant_percent__lte=100), name="template_percent"),
            models.CheckConstraint(condition=~Q(kind="fixed") | Q(amount__gt=0), name="template_fixed"),
            models.CheckConstraint(condition=~Q(kind="percent") | Q(percent__gt=0), name="template_percentage"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=False, valid_days__isnull=True)
                | Q(valid_until__isnull=True, valid_days__isnull=False),
                name="template_validity",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CouponBatch(models.Model):
    """Coupons that were made together: for a segment, or as codes to hand out."""

    template = models.ForeignKey(CouponTemplate, on_delete=models.PROTECT, related_name="batches")
    key = models.CharField(max_length=80, unique=True)
    segment_id = models.BigIntegerField(null=True)
    is_codes = models.BooleanField(default=False)
    wanted = models.PositiveIntegerField(default=0)
    issued = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("coupon batch")
        verbose_name_plural = _("coupon batches")

    def __str__(self) -> str:
        return self.key


class Coupon(models.Model):
    """One coupon. `code` is what a merchant scans or types; `key` is the issuer's, once and for ever."""

    template = models.ForeignKey(CouponTemplate, on_delete=models.PROTECT, related_name="coupons", db_index=False)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(CouponBatch, null=True, on_delete=models.PROTECT, related_name="coupons")
    code = models.CharField(_("code"), max_length=16, unique=True)
    key = models.CharField(max_length=120, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=CouponState.choices)
    source = models.CharField(_("came by"), max_length=20)
    issued_at = models.DateTimeField(_("issued"), null=True)
    valid_from = models.DateTimeField(_("valid from"), null=True)
    expires_at = models.DateTimeField(_("valid until"), null=True)
    used_at = models.DateTimeField(_("used"), null=True)
    void_reason = models.CharField(max_length=80, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="unclaimed", customer__isnull=True)
                | Q(state="void")
                | Q(customer__isnull=False, expires_at__isnull=False) & ~Q(state="unclaimed"),
                name="coupon_owned",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["customer", "-id"], name="coupon_customer"),
            models.Index(fields=["template", "customer"], name="coupon_template"),
        ]

    def __str__(self) -> str:
        return self.code


class Offset(models.Model):
    """The coupons and points of one order (`key`, the caller's), by line. Reserved, then used or released.

    `lines` is [[amount, coupon part, points part], ...] in yuan as text; `returned_points` and `returned_amount` grow with
    partial refunds. `attempt` counts how often it was reserved: an order may be revived by money that came late.
    """

    key = models.CharField(max_length=80, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=9, choices=OffsetState.choices)
    request_hash = models.CharField(max_length=64)
    lines = models.JSONField()
    total_amount = models.DecimalField(max_digits=12, decimal_places=2)
    coupon_amount = models.DecimalField(max_digits=12, decimal_places=2)
    points = models.BigIntegerField(default=0)
    points_amount = models.DecimalField(max_digits=12, decimal_places=2)
    payable_amount = models.DecimalField(max_digits=12, decimal_places=2)
    returned_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    returned_points = models.BigIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("coupons and points of an order")
        verbose_name_plural = _("coupons and points of orders")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(total_amount=F("coupon_amount") + F("points_amount") + F("payable_amount")), name="offset_adds_up"
            ),
            models.CheckConstraint(condition=Q(payable_amount__gte=0, returned_points__lte=F("points")), name="offset_bounds"),
        ]

    def __str__(self) -> str:
        return self.key


class Redemption(models.Model):
    """A coupon used: by an order (`offset`), or scanned by staff or a merchant (`key`)."""

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="redemptions")
    offset = models.ForeignKey(Offset, null=True, on_delete=models.PROTECT, related_name="redemptions")
    key = models.CharField(max_length=80, unique=True)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    merchant_amount = models.DecimalField(_("borne by the merchant"), max_digits=12, decimal_places=2, default=0)
    merchant = models.CharField(max_length=40, blank=True, default="")
    channel = models.CharField(max_length=20, blank=True, default="")
    staff = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=9, choices=OffsetState.choices)
    at = models.DateTimeField()
    returned_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("coupon redemption")
        verbose_name_plural = _("coupon redemptions")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["coupon"],
                condition=Q(returned_at__isnull=True) & ~Q(state="released"),
                name="redemption_once",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["at"], name="redemption_time")]

    def __str__(self) -> str:
        return self.key
