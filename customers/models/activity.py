"""What a customer did last."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models.customer import Customer


class Activity(models.Model):
    """First and last sign of life, and how many events: one narrow row per customer, kept by ingestion."""

    customer = models.OneToOneField(
        Customer, primary_key=True, on_delete=models.CASCADE, related_name="activity", db_constraint=False
    )
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    event_count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        indexes: ClassVar = [models.Index(fields=["-last_seen_at", "-customer"], name="activity_latest")]

    def __str__(self) -> str:
        return f"activity of {self.customer_id}"
