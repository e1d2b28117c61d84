"""Campaigns with their frozen audience, and what came of each person."""

import secrets
from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.choices import Arm, CampaignState, CreditModel
from customers.models import Customer
from messaging.choices import Reason, Route
from messaging.models import Content, Message
from orders.models import Order
from staff.models import User
from tagging.models import Segment


def new_salt() -> str:
    """Random text that makes one campaign's hold-out independent of every other's."""
    return secrets.token_hex(8)


@pghistory.track(
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    model_name="CampaignHistory",
    fields=["name", "segment", "state", "holdout_percent", "approved_by"],
)
class Campaign(models.Model):
    """A broadcast to a segment, with a hold-out to measure against.

    `salt` and a customer's id alone decide who is held out, who gets which variant and when, so that the choices can be
    recomputed for ever. `content` is what people get for whom no variant is made. With `test_percent` below 100 only that
    share is tried out with the variants; the rest waits `test_hours` for the one that won.
    """

    name = models.CharField(_("name"), max_length=60)
    segment = models.ForeignKey(Segment, verbose_name=_("segment"), on_delete=models.PROTECT, related_name="+")
    content = models.ForeignKey(Content, verbose_name=_("content"), on_delete=models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=16, choices=CampaignState.choices, default=CampaignState.DRAFT)
    holdout_percent = models.PositiveSmallIntegerField(_("hold-out, percent"), default=10)
    attribution_days = models.PositiveSmallIntegerField(_("attribution window, days"), default=7)
    segment_condition = models.JSONField(null=True)
    salt = models.CharField(max_length=32, default=new_salt, editable=False)
    channel = models.CharField(_("channel"), max_length=12, choices=Route.choices, default=Route.WECOM, db_default="wecom")
    test_percent = models.PositiveSmallIntegerField(_("share to try out on, percent"), default=100, db_default=100)
    test_hours = models.PositiveSmallIntegerField(_("hours until the winner is chosen"), default=4, db_default=4)
    winner = models.ForeignKey("campaigns.Variant", null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)
    stagger_minutes = models.PositiveSmallIntegerField(_("spread over, minutes"), default=0, db_default=0)
    at_best_hour = models.BooleanField(_("at each person's best hour"), default=False, db_default=False)
    launch_at = models.DateTimeField(_("start not before"), null=True, blank=True)
    error = models.CharField(max_length=200, blank=True, default="")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    launched_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(holdout_percent__lte=50), name="campaign_holdout"),
            models.CheckConstraint(condition=Q(test_percent__gte=1, test_percent__lte=100), name="campaign_test_share"),
        ]
        indexes: ClassVar = [models.Index(fields=["-created_at"], name="campaign_newest")]

    def __str__(self) -> str:
        return self.name


class Variant(models.Model):
    """One way to say it. With `tag_ids`: for people who have one of these tags; the first that fits counts. Without: tried
    against the other variants without tags on people whom chance picks, in proportion to `weight`."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="variants")
    content = models.ForeignKey(Content, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=20)
    position = models.PositiveSmallIntegerField()
    weight = models.PositiveSmallIntegerField(_("weight"), default=1)
    tag_ids = ArrayField(models.IntegerField(), verbose_name=_("for people with one of these tags"), default=list, blank=True)

    class Meta:
        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "position"], name="variant_place"),
            models.CheckConstraint(condition=Q(weight__gte=1), name="variant_weight"),
        ]

    def __str__(self) -> str:
        return self.name


class Recipient(models.Model):
    """One person of the frozen audience. Written once at launch by one INSERT ... SELECT, so rows are kept lean."""

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="recipients", db_index=False, db_constraint=False
    )
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    arm = models.CharField(max_length=8, choices=Arm.choices)
    reason = models.CharField(max_length=16, choices=Reason.choices, blank=True, default="")
    message = models.OneToOneField(Message, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False)
    variant_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "customer"], name="recipient_once"),
            models.CheckConstraint(condition=Q(arm="treated") | ~Q(reason=""), name="recipient_reason"),
        ]
        indexes: ClassVar = [models.Index(fields=["customer"], name="recipient_customer")]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.customer_id} {self.arm}"


class Attribution(models.Model):
    """The campaign a paid order is credited to: the last touch before payment within the window."""

    order = models.OneToOneField(Order, primary_key=True, on_delete=models.CASCADE, related_name="+")
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="attributions")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    touched_at = models.DateTimeField()

    class Meta:
        verbose_name = _("attribution")
        verbose_name_plural = _("attributions")

    def __str__(self) -> str:
        return f"{self.order_id} <- {self.campaign_id}"


class TouchCredit(models.Model):
    """What one touch may claim of one paid order under one model of attribution. The credits of an order under a model sum to
    what was paid and not refunded, to the fen. Recomputed whenever order, delivery or click is news."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+")
    model = models.CharField(max_length=8, choices=CreditModel.choices)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+", db_index=False)
    campaign_id = models.BigIntegerField()
    amount = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = _("credit of a touch")
        verbose_name_plural = _("credits of touches")
        constraints: ClassVar = [models.UniqueConstraint(fields=["order", "model", "message"], name="touch_credit_once")]
        indexes: ClassVar = [models.Index(fields=["campaign_id", "model"], include=["amount"], name="touch_credit_campaign")]

    def __str__(self) -> str:
        return f"{self.order_id} {self.model} -> {self.campaign_id}"
