"""Other systems that tell us things: the source, its keys, what it sent by the hour, what could not be taken."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.choices import RejectionState
from staff.models import User


class Source(models.Model):
    """One other system. `code` names it in the address it posts to and in the log of facts.

    `cursor` is where a pulling connector stands; it is written in the transaction that writes the data.
    """

    code = models.SlugField(_("code"), max_length=30, unique=True)
    kind = models.CharField(_("kind"), max_length=20)
    name = models.CharField(_("name"), max_length=60)
    is_paused = models.BooleanField(_("paused"), default=False)
    cursor = models.JSONField(default=dict)
    pulled_at = models.DateTimeField(null=True)
    next_pull_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True, default="")
    last_event_at = models.DateTimeField(null=True)
    last_lag_seconds = models.PositiveIntegerField(null=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")

    def __str__(self) -> str:
        return self.name


class SourceKey(models.Model):
    """A secret a source signs with. Sealed at rest, shown once; at most two are valid at a time."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="keys")
    hint = models.CharField(max_length=8)
    secret_sealed = models.BinaryField(max_length=200)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("source key")
        verbose_name_plural = _("source keys")
        indexes: ClassVar = [models.Index(fields=["source"], condition=Q(revoked_at__isnull=True), name="source_key_valid")]

    def __str__(self) -> str:
        return f"…{self.hint}"


class SourceHour(models.Model):
    """What a source sent in one hour, by what became of it."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    hour = models.DateTimeField()
    accepted = models.PositiveIntegerField(default=0)
    duplicate = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("hour of a source")
        verbose_name_plural = _("hours of sources")
        constraints: ClassVar = [models.UniqueConstraint(fields=["source", "hour"], name="source_hour_once")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.hour}"


class Rejection(models.Model):
    """One item that could not be taken, kept sealed so that it can be replayed once the reason is gone."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="rejections")
    item_id = models.CharField(max_length=80, blank=True, default="")
    kind = models.CharField(max_length=64, blank=True, default="")
    body = models.BinaryField()
    complaints = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=RejectionState.choices, default=RejectionState.OPEN)
    received_at = models.DateTimeField(db_default=models.functions.Now())
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("rejected item")
        verbose_name_plural = _("rejected items")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "item_id"], condition=Q(state="open") & ~Q(item_id=""), name="rejection_open_once"
            )
        ]
        indexes: ClassVar = [models.Index(F("id").desc(), condition=Q(state="open"), name="rejection_open")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.item_id}"
