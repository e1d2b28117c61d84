"""What crossed the border: calls that left, callbacks that came, and the one-time stamps of callbacks."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gateways.choices import Outcome, Source, Vendor


class GatewayCall(models.Model):
    """One call to a vendor: when, how long, how it ended, what it cost. No body, no parameter, no personal data.

    `errcode` is the vendor's code, or a word of gateways.errors. `cost_amount` is yuan, to a ten-thousandth of a fen,
    because one answer of a language model costs less than a fen. `request_id` is what the vendor's support asks for.
    """

    vendor = models.CharField(_("vendor"), max_length=8, choices=Vendor.choices)
    api = models.CharField(_("API"), max_length=80)
    started_at = models.DateTimeField(_("started at"))
    duration_ms = models.PositiveIntegerField(_("duration (ms)"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices)
    errcode = models.CharField(_("error code"), max_length=60, blank=True, default="")
    cost_amount = models.DecimalField(_("cost (yuan)"), max_digits=12, decimal_places=6, default=0)
    request_id = models.CharField(_("request id"), max_length=80, blank=True, default="")

    class Meta:
        verbose_name = _("gateway call")
        verbose_name_plural = _("gateway calls")
        indexes: ClassVar = [
            BrinIndex(fields=["started_at"], name="gateway_call_time"),
            models.Index(fields=["vendor", "-id"], condition=~Q(outcome="ok"), name="gateway_call_trouble"),
        ]

    def __str__(self) -> str:
        return f"{self.vendor} {self.api}: {self.errcode or self.outcome}"


class InboundCallback(models.Model):
    """A verified callback, stored before anything else happens. `dedupe_key` makes the vendor's retries one.

    `body` is sealed with core.secrets, as it may name people. `kind` is the event's type, for finding it again.
    """

    source = models.CharField(_("source"), max_length=8, choices=Source.choices)
    dedupe_key = models.CharField(max_length=80)
    kind = models.CharField(_("kind"), max_length=80, blank=True, default="")
    body = models.BinaryField()
    received_at = models.DateTimeField(_("received at"), db_default=models.functions.Now())
    processed_at = models.DateTimeField(_("processed at"), null=True)
    error = models.CharField(_("error"), max_length=200, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("inbound callback")
        verbose_name_plural = _("inbound callbacks")
        constraints: ClassVar = [models.UniqueConstraint(fields=["source", "dedupe_key"], name="inbound_callback_once")]
        indexes: ClassVar = [
            models.Index(fields=["received_at"], condition=Q(processed_at__isnull=True), name="inbound_callback_open"),
            BrinIndex(fields=["received_at"], name="inbound_callback_time"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.kind} #{self.pk}"


class UsedNonce(models.Model):
    """The stamp (timestamp, nonce, signature) of a callback that was accepted: a second one is a replay."""

    fingerprint = models.BinaryField(max_length=32, primary_key=True)
    seen_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("used callback stamp")
        verbose_name_plural = _("used callback stamps")
        indexes: ClassVar = [models.Index(fields=["seen_at"], name="used_nonce_age")]

    def __str__(self) -> str:
        return bytes(self.fingerprint).hex()[:12]
