"""What bringing in customers costs, the short links in notes and advertisements, and drafts of their words."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.choices import CopyKind
from customers.models import AcquisitionChannel
from staff.models import User


class ChannelCost(models.Model):
    """Money spent on a channel on a Shanghai day; `exposures` as the platform reported them."""

    channel = models.ForeignKey(AcquisitionChannel, on_delete=models.PROTECT, related_name="+")
    day = models.DateField(_("day"))
    amount = models.DecimalField(_("cost"), max_digits=12, decimal_places=2)
    exposures = models.PositiveIntegerField(_("exposures"), default=0)
    note = models.CharField(_("note"), max_length=80, blank=True, default="")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("cost of a channel")
        verbose_name_plural = _("costs of channels")
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount__gte=0), name="channel_cost_positive")]
        indexes: ClassVar = [models.Index(fields=["channel", "day"], name="channel_cost_day")]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.day}"


class ShortLink(models.Model):
    """A short address for one note or advertisement: opens a landing page that leads to a channel's code.

    The UTM words are handed on to every address behind it.
    """

    code = models.CharField(max_length=10, unique=True)
    channel = models.ForeignKey(AcquisitionChannel, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=40)
    product_code = models.CharField(_("product"), max_length=20, blank=True, default="")
    utm_source = models.CharField(max_length=30, blank=True, default="")
    utm_medium = models.CharField(max_length=30, blank=True, default="")
    utm_campaign = models.CharField(max_length=40, blank=True, default="")
    utm_content = models.CharField(max_length=40, blank=True, default="")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("short link")
        verbose_name_plural = _("short links")

    def __str__(self) -> str:
        return self.code


class LinkDay(models.Model):
    """How often a short link was opened on one Shanghai day."""

    link = models.ForeignKey(ShortLink, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    opened = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("day of a short link")
        verbose_name_plural = _("days of short links")
        constraints: ClassVar = [models.UniqueConstraint(fields=["link", "day"], name="link_day_once")]

    def __str__(self) -> str:
        return f"{self.link_id}: {self.day}"


class CopyDraft(models.Model):
    """Words for a note or an advertisement. Always a draft: a person copies it, changes it and publishes it elsewhere."""

    kind = models.CharField(max_length=12, choices=CopyKind.choices)
    product_code = models.CharField(max_length=20)
    title = models.CharField(max_length=60)
    text = models.TextField(max_length=2000)
    by_model = models.BooleanField(default=False)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("draft of words")
        verbose_name_plural = _("drafts of words")

    def __str__(self) -> str:
        return self.title
