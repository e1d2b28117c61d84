"""The platform's bill of a day, held against our own books."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.choices import BillFinding, BillKind, BillState
from staff.models import User


class Bill(models.Model):
    """One day's bill. `trades` and `refunds` in yuan as the platform sums them; `lines` is how many it has."""

    day = models.DateField(unique=True)
    state = models.CharField(max_length=8, choices=BillState.choices, default=BillState.WAITING)
    lines_count = models.PositiveIntegerField(default=0)
    matched_count = models.PositiveIntegerField(default=0)
    trades_amount = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    refunds_amount = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    error = models.CharField(max_length=200, blank=True, default="")
    read_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("bill")
        verbose_name_plural = _("bills")
        ordering: ClassVar = ["-day"]

    def __str__(self) -> str:
        return str(self.day)


class BillDifference(models.Model):
    """A line that is not the same on both sides; open until it came right by itself, or somebody explained it."""

    bill = models.ForeignKey(Bill, on_delete=models.CASCADE, related_name="differences")
    kind = models.CharField(max_length=8, choices=BillKind.choices)
    number = models.CharField(max_length=64)
    finding = models.CharField(max_length=8, choices=BillFinding.choices)
    theirs_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    ours_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    explanation = models.CharField(max_length=200, blank=True, default="")
    explained_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    explained_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("difference to a bill")
        verbose_name_plural = _("differences to bills")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bill", "kind", "number"], name="bill_difference_once"),
            models.CheckConstraint(
                condition=Q(explained_at__isnull=True, explanation="") | Q(explained_at__isnull=False), name="bill_explained"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["bill"], condition=Q(explained_at__isnull=True), name="bill_unexplained")]

    def __str__(self) -> str:
        return f"{self.bill_id} {self.number}"
