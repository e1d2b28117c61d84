"""What a customer agreed to, and whom never to write to again."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.choices import Channel, IdentityKind, Purpose
from customers.models.customer import Customer


class Consent(models.Model):
    """One entry of the consent ledger: never changed but for `is_current`, which marks the entry in force."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    channel = models.CharField(max_length=12, choices=Channel.choices, default=Channel.ANY)
    granted = models.BooleanField()
    text_version = models.CharField(max_length=20)
    source = models.CharField(max_length=40)
    at = models.DateTimeField()
    is_current = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer", "purpose", "channel"], condition=Q(is_current=True), name="consent_current"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.purpose}/{self.channel}: {self.granted}"


class Suppression(models.Model):
    """Never market to this value again, whoever it belongs to: survives merging and deletion (keyed hash)."""

    kind = models.CharField(max_length=20, choices=IdentityKind.choices)
    value_hash = models.BinaryField(max_length=32)
    reason = models.CharField(max_length=60)
    at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "value_hash"], name="suppression_value")]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"
