"""What a customer agreed to, the words they read, and whom never to write to again."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.choices import Channel, IdentityKind, Purpose, TextKind
from customers.models.customer import Customer
from staff.models import User


class PrivacyText(models.Model):
    """One version of what customers read before they decide. A published version never changes and never goes.

    `needs_consent_again`: what was agreed to under older versions is no longer in force once this one is published.
    """

    kind = models.CharField(_("text"), max_length=12, choices=TextKind.choices)
    version = models.CharField(_("version"), max_length=20)
    title = models.CharField(_("title"), max_length=80)
    body = models.TextField(_("words"), max_length=20_000)
    change_note = models.CharField(_("what changed"), max_length=200, blank=True, default="")
    needs_consent_again = models.BooleanField(_("customers must agree again"), default=False)
    published_at = models.DateTimeField(null=True)
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("privacy text")
        verbose_name_plural = _("privacy texts")
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "version"], name="privacy_text_version")]
        indexes: ClassVar = [models.Index(fields=["kind", "-published_at"], name="privacy_text_current")]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="published_for_ever",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__published_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.version}"


class Consent(models.Model):
    """One entry of the consent ledger: never changed but for `is_current`, which marks the entry in force.

    Evidence: `source` (mini, paper, phone, ...), the screen, the staff member who wrote it down, the keyed hash of the address
    it came from, and for paper where the sheet lies. `lapsed_at`: a newer text ended it without a decision.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    channel = models.CharField(max_length=12, choices=Channel.choices, default=Channel.ANY)
    granted = models.BooleanField()
    text_version = models.CharField(max_length=20)
    source = models.CharField(max_length=40)
    at = models.DateTimeField()
    is_current = models.BooleanField(default=True)
    screen = models.CharField(max_length=80, blank=True, default="", db_default="")
    ip_hash = models.BinaryField(max_length=32, null=True)
    recorded_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    note = models.CharField(max_length=200, blank=True, default="", db_default="")
    lapsed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer", "purpose", "channel"], condition=Q(is_current=True), name="consent_current"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["customer", "-at"], name="consent_history")]
        triggers: ClassVar = [
            pgtrigger.ReadOnly(name="decided_for_ever", fields=["purpose", "channel", "granted", "text_version", "source", "at"])
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
