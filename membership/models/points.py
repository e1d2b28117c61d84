"""The points ledger: accounts, transfers that never change, lots that expire, and the rules that earn.

Every transfer has two sides; where one of them is the agency, `house` names its account. Only members' accounts carry a
balance: a balance of the house would be one row that every purchase waits for (docs/adr/0023).
"""

from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from membership.choices import AdjustmentState, Code, House, RuleKind, TransferState
from staff.models import User


class Program(models.Model):
    """The membership programme's figures: one row."""

    points_per_yuan = models.PositiveIntegerField(_("points for one yuan at checkout"), default=100)
    offset_max_percent = models.PositiveSmallIntegerField(_("at most this share of an order by points, percent"), default=50)
    points_min = models.PositiveIntegerField(_("points to be used at once, at least"), default=100)
    expire_months = models.PositiveSmallIntegerField(_("points are valid for months"), default=24)
    return_days = models.PositiveSmallIntegerField(_("given-back points and coupons are valid for at least days"), default=30)
    point_cost_amount = models.DecimalField(
        _("what an unused point may cost us, yuan"), max_digits=8, decimal_places=4, default=Decimal("0.0100")
    )
    daily_points_limit = models.PositiveIntegerField(_("points by behaviour and tasks per person and day, at most"), default=500)
    adjust_limit = models.PositiveIntegerField(_("one adjustment moves at most"), default=50_000)

    class Meta:
        verbose_name = _("membership programme")
        verbose_name_plural = _("membership programme")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(points_per_yuan__gte=1, offset_max_percent__lte=100), name="program_figures"),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @classmethod
    def current(cls) -> "Program":
        """The row in force; its defaults where nobody has saved one."""
        return cls.objects.first() or cls()


class Account(models.Model):
    """A member's points: `balance` can be used, `held` is reserved by orders that wait for payment."""

    customer = models.OneToOneField(Customer, primary_key=True, on_delete=models.PROTECT, related_name="+")
    balance = models.BigIntegerField(_("points"), default=0, db_default=0)
    held = models.BigIntegerField(_("reserved points"), default=0, db_default=0)

    class Meta:
        verbose_name = _("points account")
        verbose_name_plural = _("points accounts")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(balance__gte=0, held__gte=0), name="account_never_below_zero")
        ]

    def __str__(self) -> str:
        return str(self.pk)


class EarnRule(models.Model):
    """How points are earned. `rate` points per yuan and/or a fixed number; `codes`, `themes` limit it to products."""

    kind = models.CharField(_("kind"), max_length=10, choices=RuleKind.choices)
    name = models.CharField(_("name"), max_length=40)
    rate = models.DecimalField(_("points per yuan"), max_digits=7, decimal_places=2, default=0)
    points = models.PositiveIntegerField(_("points each time"), default=0)
    growth_rate = models.DecimalField(_("growth per yuan"), max_digits=7, decimal_places=2, default=0)
    growth = models.PositiveIntegerField(_("growth each time"), default=0)
    event_kind = models.CharField(_("behaviour"), max_length=64, blank=True, default="")
    codes = ArrayField(models.CharField(max_length=20), verbose_name=_("products"), default=list, blank=True)
    themes = ArrayField(models.CharField(max_length=20), verbose_name=_("themes"), default=list, blank=True)
    per_day = models.PositiveIntegerField(_("times a day at most"), default=0, help_text=_("0: no limit"))
    is_multiplied = models.BooleanField(_("multiplied by the tier"), default=True)
    is_active = models.BooleanField(_("in force"), default=True)
    starts_on = models.DateField(_("from"), null=True, blank=True)
    ends_on = models.DateField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = _("earning rule")
        verbose_name_plural = _("earning rules")
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(kind="behaviour") | ~Q(event_kind=""), name="earn_rule_behaviour"),
            models.CheckConstraint(condition=Q(rate__gte=0, growth_rate__gte=0), name="earn_rule_rates"),
        ]

    def __str__(self) -> str:
        return self.name


class Transfer(models.Model):
    """Points that moved from one account to another, once and for ever. `key` is the caller's; a side without a member is
    the house account named in `house`. `ref` says what it was about ("order:77")."""

    key = models.CharField(max_length=120, unique=True)
    debit = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    credit = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    house = models.CharField(max_length=10, choices=House.choices, blank=True, default="", db_default="")
    amount = models.BigIntegerField(_("points"))
    code = models.CharField(_("why"), max_length=10, choices=Code.choices)
    state = models.CharField(max_length=8, choices=TransferState.choices)
    ref = models.CharField(max_length=60, blank=True, default="", db_default="")
    rule = models.ForeignKey(EarnRule, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(_("time"))
    expires_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("points transfer")
        verbose_name_plural = _("points transfers")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="transfer_positive"),
            models.CheckConstraint(
                condition=Q(debit__isnull=False, credit__isnull=False, house="")
                | (Q(debit__isnull=True) ^ Q(credit__isnull=True)) & ~Q(house=""),
                name="transfer_two_sides",
            ),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="transfer_moves"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["debit", "-id"], name="transfer_debit", condition=Q(debit__isnull=False)),
            models.Index(fields=["credit", "-id"], name="transfer_credit", condition=Q(credit__isnull=False)),
            models.Index(fields=["ref"], name="transfer_ref", condition=~Q(ref="")),
            models.Index(fields=["at"], name="transfer_time"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(name="settled_once", operation=pgtrigger.Update, condition=~pgtrigger.Q(old__state="pending")),
        ]

    def __str__(self) -> str:
        return self.key


class Lot(models.Model):
    """Points that came together and expire together. What is left in a member's lots is the member's balance."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField(_("points left"))
    ref = models.CharField(max_length=60, blank=True, default="", db_default="")
    earned_at = models.DateTimeField()
    expires_at = models.DateTimeField(_("valid until"), null=True)

    class Meta:
        verbose_name = _("points lot")
        verbose_name_plural = _("points lots")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(remaining__gte=0, remaining__lte=F("amount")), name="lot_remaining")
        ]
        indexes: ClassVar = [
            models.Index(fields=["customer", "expires_at", "id"], name="lot_open", condition=Q(remaining__gt=0)),
            models.Index(fields=["expires_at"], name="lot_expiry", condition=Q(remaining__gt=0)),
            models.Index(fields=["customer"], name="lot_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.remaining}/{self.amount}"


class LotUse(models.Model):
    """What a transfer took out of a lot; a voided transfer has put it back."""

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="uses")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="uses")
    amount = models.BigIntegerField()

    class Meta:
        verbose_name = _("use of a points lot")
        verbose_name_plural = _("uses of points lots")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["transfer", "lot"], name="lot_use_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="lot_use_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.transfer_id} <- {self.lot_id}: {self.amount}"


class Debt(models.Model):
    """Points that a refund should have taken back and that were spent already: the next earnings pay it."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=120, unique=True)
    amount = models.BigIntegerField()
    owed = models.BigIntegerField(_("points still owed"))
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("points owed")
        verbose_name_plural = _("points owed")
        constraints: ClassVar = [models.CheckConstraint(condition=Q(owed__gte=0, owed__lte=F("amount")), name="debt_owed")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.owed}"


class GrowthEntry(models.Model):
    """Growth value, which makes tiers and is never spent: earned, or taken back (negative)."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=120, unique=True)
    amount = models.IntegerField(_("growth"))
    code = models.CharField(_("why"), max_length=10, choices=Code.choices)
    ref = models.CharField(max_length=60, blank=True, default="", db_default="")
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("growth")
        verbose_name_plural = _("growth")
        indexes: ClassVar = [models.Index(fields=["customer", "at"], name="growth_customer", include=["amount"])]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.amount:+}"


class Adjustment(models.Model):
    """A change of points by hand: one person asks and says why, another one decides."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    points = models.IntegerField(_("points"))
    reason = models.CharField(_("reason"), max_length=120)
    key = models.CharField(max_length=60, unique=True)
    state = models.CharField(max_length=10, choices=AdjustmentState.choices, default=AdjustmentState.REQUESTED)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("points adjustment")
        verbose_name_plural = _("points adjustments")
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(points=0), name="adjustment_not_zero"),
            models.CheckConstraint(condition=~Q(decided_by=F("requested_by")), name="adjustment_two_people"),
        ]
        indexes: ClassVar = [models.Index(fields=["-created_at"], name="adjustment_newest")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.points:+}"


class Proof(models.Model):
    """One night's proof of the ledger. `findings` lists what did not agree; empty is good."""

    day = models.DateField(unique=True)
    at = models.DateTimeField()
    accounts = models.BigIntegerField()
    transfers = models.BigIntegerField()
    outstanding = models.BigIntegerField(_("points outstanding"))
    findings = models.JSONField(default=list)

    class Meta:
        verbose_name = _("proof of the ledger")
        verbose_name_plural = _("proofs of the ledger")

    def __str__(self) -> str:
        return self.day.isoformat()
