"""Tiers and what they give; tasks that lead there; who invited whom."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from membership.choices import BenefitKind, DoneState, InvitationState, Period, SchemeState, TaskKind
from staff.models import User


class TierScheme(models.Model):
    """One version of the ladder. Exactly one is in force; the next one is drafted, simulated, then published."""

    version = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=9, choices=SchemeState.choices, default=SchemeState.DRAFT)
    note = models.CharField(_("what is new"), max_length=120, blank=True, default="")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    published_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("tier scheme")
        verbose_name_plural = _("tier schemes")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="published"), name="scheme_one_in_force"),
            models.UniqueConstraint(fields=["state"], condition=Q(state="draft"), name="scheme_one_draft"),
        ]

    def __str__(self) -> str:
        return f"v{self.version}"


class Tier(models.Model):
    """A step of the ladder: rank 0 is everybody's and has no condition. The condition is core.conditions' language."""

    scheme = models.ForeignKey(TierScheme, on_delete=models.CASCADE, related_name="tiers")
    code = models.SlugField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=20)
    rank = models.PositiveSmallIntegerField(_("rank"))
    condition = models.JSONField(_("condition"), null=True, blank=True)
    valid_months = models.PositiveSmallIntegerField(_("valid for months"), default=12)
    grace_days = models.PositiveSmallIntegerField(_("days of grace before a downgrade"), default=30)

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scheme", "code"], name="tier_code"),
            models.UniqueConstraint(fields=["scheme", "rank"], name="tier_rank"),
        ]

    def __str__(self) -> str:
        return self.name


class Benefit(models.Model):
    """Something tiers give; `unit_amount` is what one use costs us."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=30)
    kind = models.CharField(_("kind"), max_length=8, choices=BenefitKind.choices)
    unit_amount = models.DecimalField(_("costs us per use"), max_digits=12, decimal_places=2, default=0)
    text = models.CharField(_("explanation"), max_length=120, blank=True, default="")
    gift_template_id = models.BigIntegerField(_("coupon given as the gift"), null=True, blank=True)
    gift_points = models.PositiveIntegerField(_("points given as the gift"), default=0)

    class Meta:
        verbose_name = _("benefit")
        verbose_name_plural = _("benefits")

    def __str__(self) -> str:
        return self.name


class TierBenefit(models.Model):
    """A cell of the matrix: how often a tier gives a benefit (None: without limit), or its figure (a multiple, a discount)."""

    tier = models.ForeignKey(Tier, on_delete=models.CASCADE, related_name="benefits")
    benefit = models.ForeignKey(Benefit, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveSmallIntegerField(_("times"), null=True, blank=True)
    period = models.CharField(_("period"), max_length=5, choices=Period.choices, default=Period.YEAR)
    value = models.DecimalField(_("figure"), max_digits=5, decimal_places=2, default=1)

    class Meta:
        verbose_name = _("benefit of a tier")
        verbose_name_plural = _("benefits of tiers")
        constraints: ClassVar = [models.UniqueConstraint(fields=["tier", "benefit"], name="tier_benefit_once")]

    def __str__(self) -> str:
        return f"{self.tier_id}: {self.benefit_id}"


class Member(models.Model):
    """Where a customer stands on the ladder. Who has no row stands on the lowest step.

    `valid_until`: the tier is kept until then whatever the condition says; `grace_until`: then it falls unless regained.
    """

    customer = models.OneToOneField(Customer, primary_key=True, on_delete=models.CASCADE, related_name="+")
    tier = models.CharField(_("tier"), max_length=20, blank=True, default="", db_default="")
    rank = models.PositiveSmallIntegerField(default=0, db_default=0)
    since = models.DateTimeField(_("since"), null=True)
    valid_until = models.DateTimeField(_("valid until"), null=True)
    grace_until = models.DateTimeField(_("grace until"), null=True)
    invite_code = models.CharField(max_length=12, null=True, unique=True)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        indexes: ClassVar = [
            models.Index(fields=["tier"], name="member_tier"),
            models.Index(fields=["valid_until"], name="member_validity", condition=Q(rank__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.tier}"


class TierChange(models.Model):
    """A step up or down, and why."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    before = models.CharField(max_length=20, blank=True)
    after = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=12)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("change of tier")
        verbose_name_plural = _("changes of tier")
        indexes: ClassVar = [models.Index(fields=["-at"], name="tier_change_time")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.before} -> {self.after}"


class BenefitUse(models.Model):
    """One use of an entitlement. `slot` is the period it counts in ("2026-11"), `number` which of the period's."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    benefit = models.ForeignKey(Benefit, on_delete=models.PROTECT, related_name="+")
    tier = models.CharField(max_length=20)
    slot = models.CharField(max_length=12)
    number = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=80, unique=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    note = models.CharField(max_length=60, blank=True, default="")
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("use of a benefit")
        verbose_name_plural = _("uses of benefits")
        indexes: ClassVar = [
            models.Index(fields=["customer", "benefit", "slot"], name="benefit_use_slot"),
            models.Index(fields=["-at"], name="benefit_use_time"),
        ]

    def __str__(self) -> str:
        return self.key


class MemberTask(models.Model):
    """What a member may do for points and growth, and how often."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    kind = models.CharField(_("kind"), max_length=8, choices=TaskKind.choices)
    name = models.CharField(_("name"), max_length=30)
    text = models.CharField(_("explanation"), max_length=80, blank=True, default="")
    points = models.PositiveIntegerField(_("points"), default=0)
    growth = models.PositiveIntegerField(_("growth"), default=0)
    per_day = models.PositiveSmallIntegerField(_("times a day"), default=1)
    per_person = models.PositiveSmallIntegerField(_("times in all"), default=0, help_text=_("0: no limit"))
    streak_days = models.PositiveSmallIntegerField(_("days in a row for the bonus"), default=0)
    streak_points = models.PositiveIntegerField(_("bonus points"), default=0)
    is_checked = models.BooleanField(_("somebody looks before it counts"), default=False)
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        verbose_name = _("member task")
        verbose_name_plural = _("member tasks")

    def __str__(self) -> str:
        return self.name


class TaskDone(models.Model):
    """A task done: `slot` names which of the allowed times it was, so that no click counts twice."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", db_index=False)
    task = models.ForeignKey(MemberTask, on_delete=models.PROTECT, related_name="+")
    slot = models.CharField(max_length=60)
    points = models.PositiveIntegerField(default=0)
    evidence = models.CharField(max_length=80, blank=True, default="")
    streak = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=7, choices=DoneState.choices, default=DoneState.DONE)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("task done")
        verbose_name_plural = _("tasks done")
        constraints: ClassVar = [models.UniqueConstraint(fields=["customer", "task", "slot"], name="task_done_once")]
        indexes: ClassVar = [models.Index(fields=["-at"], name="task_done_time")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.slot}"


class Invitation(models.Model):
    """Who brought whom. An invitee has one inviter for ever; what looks like abuse is refused and kept, with the reason."""

    inviter = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    invitee = models.OneToOneField(Customer, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=InvitationState.choices)
    reason = models.CharField(max_length=20, blank=True, default="")
    at = models.DateTimeField()
    rewarded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(inviter=F("invitee")), name="invitation_not_self")]

    def __str__(self) -> str:
        return f"{self.inviter_id} -> {self.invitee_id}"
