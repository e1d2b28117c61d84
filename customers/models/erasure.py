"""What stays of somebody who asked to be forgotten: that it was done, and keyed hashes so that no sync brings them back."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.choices import IdentityKind


class Erasure(models.Model):
    """One erasure that was carried out. `customer_id` is a number without a person: orders keep it as their pseudonym.

    `removed` counts the rows by table. The list of these, kept outside the database too, is played again after a restore.
    """

    customer_id = models.BigIntegerField(unique=True)
    public_id = models.UUIDField()
    at = models.DateTimeField()
    orders_until = models.DateField(null=True)
    removed = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        indexes: ClassVar = [models.Index(fields=["orders_until"], name="erasure_orders_until")]

    def __str__(self) -> str:
        return f"erasure #{self.pk}"


class ErasedIdentity(models.Model):
    """A tombstone: the keyed hash of an identity whose owner was erased. Nothing leads back from it to the value."""

    erasure = models.ForeignKey(Erasure, on_delete=models.PROTECT, related_name="tombstones")
    kind = models.CharField(max_length=20, choices=IdentityKind.choices)
    scope = models.CharField(max_length=64, blank=True, default="")
    value_hash = models.BinaryField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("erased identity")
        verbose_name_plural = _("erased identities")
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "scope", "value_hash"], name="erased_identity_value")]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"
