"""One act on many customers: what, on whom, how far it is, and what it takes to undo it."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.choices import BulkState
from customers.models.customer import Customer
from staff.models import User


class BulkAction(models.Model):
    """An act on many customers, done in steps of a few thousand. `kind` names it in settings.CUSTOMER_BULK."""

    actor = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    args = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=BulkState.choices, default=BulkState.WAITING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        indexes: ClassVar = [models.Index(fields=["actor", "-created_at"], name="bulk_actor")]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class BulkTarget(models.Model):
    """One customer of a bulk action. `before` is what undo restores; null where the action changed nothing."""

    pk = models.CompositePrimaryKey("bulk", "customer")
    bulk = models.ForeignKey(BulkAction, on_delete=models.CASCADE, related_name="targets")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    is_done = models.BooleanField(default=False, db_default=False)
    before = models.JSONField(null=True)

    class Meta:
        verbose_name = _("target of a bulk action")
        verbose_name_plural = _("targets of bulk actions")


class BulkFile(models.Model):
    """The file that an export made: only for the one who asked, only for a day."""

    bulk = models.OneToOneField(BulkAction, primary_key=True, on_delete=models.CASCADE, related_name="file")
    name = models.CharField(max_length=80)
    content = models.BinaryField()
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("exported file")
        verbose_name_plural = _("exported files")
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="bulk_file_expiry")]

    def __str__(self) -> str:
        return self.name
