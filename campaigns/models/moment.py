"""Moments (朋友圈) that staff publish, and what came back."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.choices import MomentState, Reaction
from customers.models import Customer
from staff.models import User


class Moment(models.Model):
    """One Moments task. Who is asked to publish is never empty: without a range WeCom would ask everybody.

    WeCom knows no mini-program card in Moments: a product stands as a link to its page on the web. `jobid` is good for 24
    hours and becomes `moment_id`. Ask mode: a creation whose answer was lost is looked for in the platform's list.
    """

    text = models.TextField(_("text"), max_length=2000)
    product_code = models.CharField(_("product"), max_length=20, blank=True, default="")
    link_title = models.CharField(_("link title"), max_length=64, blank=True, default="")
    user_ids = ArrayField(models.IntegerField(), verbose_name=_("published by"))
    corp_tag_ids = ArrayField(models.CharField(max_length=64), verbose_name=_("seen by customers with"), default=list, blank=True)
    state = models.CharField(max_length=10, choices=MomentState.choices, default=MomentState.DRAFT)
    jobid = models.CharField(max_length=64, blank=True, default="")
    moment_id = models.CharField(max_length=64, blank=True, default="")
    error = models.CharField(max_length=200, blank=True, default="")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    called_at = models.DateTimeField(null=True)
    next_poll_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("Moment")
        verbose_name_plural = _("Moments")
        constraints: ClassVar = [models.CheckConstraint(condition=Q(user_ids__len__gte=1), name="moment_has_publishers")]
        indexes: ClassVar = [models.Index(fields=["next_poll_at"], condition=Q(next_poll_at__isnull=False), name="moment_poll")]

    def __str__(self) -> str:
        return self.text[:40]


class MomentStaff(models.Model):
    """Somebody asked to publish a Moment; `published_at` once they did."""

    moment = models.ForeignKey(Moment, on_delete=models.CASCADE, related_name="staff")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("publisher of a Moment")
        verbose_name_plural = _("publishers of Moments")
        constraints: ClassVar = [models.UniqueConstraint(fields=["moment", "user"], name="moment_staff_once")]

    def __str__(self) -> str:
        return f"{self.moment_id}: {self.user_id}"


class MomentReaction(models.Model):
    """A like or a comment; `customer` where we know who it was."""

    moment = models.ForeignKey(Moment, on_delete=models.CASCADE, related_name="reactions")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, null=True, on_delete=models.CASCADE, related_name="+")
    external_userid = models.CharField(max_length=64)
    kind = models.CharField(max_length=8, choices=Reaction.choices)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("reaction to a Moment")
        verbose_name_plural = _("reactions to Moments")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["moment", "user", "external_userid", "kind", "at"], name="moment_reaction_once")
        ]
        indexes: ClassVar = [models.Index(fields=["customer"], name="moment_reaction_customer")]

    def __str__(self) -> str:
        return f"{self.moment_id}: {self.kind}"
