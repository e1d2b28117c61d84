"""What follows from everything a customer did: computed nightly, never typed in."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.choices import Lifecycle, RfmSegment
from customers.models.customer import Customer


class Portrait(models.Model):
    """One row per customer: the computed stage, RFM, the channel and hour that work, sources, preferences with evidence.

    RFM scores are 1 to 5 among all buyers; who ties gets the same score. `preferred_hour` is Shanghai's.
    """

    customer = models.OneToOneField(Customer, primary_key=True, on_delete=models.CASCADE, related_name="portrait")
    stage = models.CharField(max_length=12, choices=Lifecycle.choices, blank=True, default="")
    recency = models.PositiveSmallIntegerField(null=True)
    frequency = models.PositiveSmallIntegerField(null=True)
    monetary = models.PositiveSmallIntegerField(null=True)
    rfm = models.CharField(max_length=10, choices=RfmSegment.choices, blank=True, default="")
    paid_count = models.PositiveIntegerField(default=0)
    paid_amount = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    last_paid_at = models.DateTimeField(null=True)
    preferred_channel = models.CharField(max_length=12, blank=True, default="")
    preferred_hour = models.PositiveSmallIntegerField(null=True)
    responses = models.PositiveIntegerField(default=0)
    first_source = models.CharField(max_length=40, blank=True, default="")
    last_source = models.CharField(max_length=40, blank=True, default="")
    preferences = models.JSONField(default=list)
    computed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("portrait")
        verbose_name_plural = _("portraits")
        indexes: ClassVar = [models.Index(fields=["rfm"], name="portrait_rfm", condition=~models.Q(rfm=""))]

    def __str__(self) -> str:
        return f"portrait of {self.customer_id}"


class StageChange(models.Model):
    """A customer went from one lifecycle stage to another on a day."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    before = models.CharField(max_length=12, choices=Lifecycle.choices)
    after = models.CharField(max_length=12, choices=Lifecycle.choices)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("stage change")
        verbose_name_plural = _("stage changes")
        indexes: ClassVar = [models.Index(fields=["customer", "-at"], name="stage_change_customer")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.before} -> {self.after}"
