"""One act on many customers: what, on whom, how far it is, what was left out, and what it takes to undo it."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.choices import BulkState, SkipReason, TargetState
from customers.models.customer import Customer
from staff.models import User


class BulkAction(models.Model):
    """An act on a frozen set of customers, done in steps. `kind` names it in settings.CUSTOMER_BULK.

    `cursor` is the last customer of the step done last (or undone last); `skips` counts by reason. `query` is the list's
    filter from which the set was made, for people to read; the set itself stands in BulkTarget.
    """

    actor = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    args = models.JSONField(default=dict)
    query = models.CharField(max_length=500, blank=True, default="")
    state = models.CharField(max_length=8, choices=BulkState.choices, default=BulkState.WAITING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    undone = models.PositiveIntegerField(default=0)
    skips = models.JSONField(default=dict)
    cursor = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        indexes: ClassVar = [
            models.Index(fields=["actor", "-created_at"], name="bulk_actor"),
            models.Index(fields=["expires_at"], condition=models.Q(expires_at__isnull=False), name="bulk_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class BulkTarget(models.Model):
    """One customer of a bulk action; `before` is what undo restores.

    A hundred thousand rows are written at once, so the customer is not checked by a constraint; erasure removes the row.
    """

    pk = models.CompositePrimaryKey("bulk", "customer")
    bulk = models.ForeignKey(BulkAction, on_delete=models.CASCADE, related_name="targets", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    state = models.CharField(max_length=8, choices=TargetState.choices, default=TargetState.WAITING, db_default="waiting")
    reason = models.CharField(max_length=16, choices=SkipReason.choices, blank=True, default="", db_default="")
    before = models.JSONField(null=True)

    class Meta:
        verbose_name = _("target of a bulk action")
        verbose_name_plural = _("targets of bulk actions")

    def __str__(self) -> str:
        return f"{self.bulk_id}: {self.customer_id}"


class BulkPart(models.Model):
    """A piece of the file that an export makes, sealed: only for the one who asked, only for a day."""

    pk = models.CompositePrimaryKey("bulk", "number")
    bulk = models.ForeignKey(BulkAction, on_delete=models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        verbose_name = _("part of an exported file")
        verbose_name_plural = _("parts of exported files")

    def __str__(self) -> str:
        return f"{self.bulk_id}/{self.number}"
