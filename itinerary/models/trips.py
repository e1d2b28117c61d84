"""A sold itinerary: what is booked with suppliers, and what must be remembered."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Supplier
from itinerary.choices import BookingState, ReminderKind, ReminderState
from itinerary.models.plans import Itinerary
from itinerary.models.quotes import QuoteVersion
from orders.models import Order


class Trip(models.Model):
    """Opened when the deposit is paid."""

    itinerary = models.OneToOneField(Itinerary, on_delete=models.PROTECT, related_name="trip")
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="+")
    quote_version = models.ForeignKey(QuoteVersion, on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    opened_at = models.DateTimeField()

    class Meta:
        verbose_name = _("trip")
        verbose_name_plural = _("trips")
        indexes: ClassVar = [models.Index(fields=["starts_on"], name="trip_departures")]

    def __str__(self) -> str:
        return f"{self.itinerary_id} {self.starts_on}"


class SupplierBooking(models.Model):
    """One block with one supplier. A hold ends at `hold_until`; a failed booking names its replacement."""

    trip = models.ForeignKey(Trip, on_delete=models.CASCADE, related_name="bookings")
    block_key = models.UUIDField()
    name = models.CharField(max_length=120)
    day = models.PositiveSmallIntegerField()
    supplier = models.ForeignKey(Supplier, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=12, choices=BookingState.choices, default=BookingState.WANTED)
    reference = models.CharField(max_length=60, blank=True, default="")
    cost_amount = models.DecimalField(max_digits=12, decimal_places=2)
    hold_until = models.DateTimeField(null=True)
    replaced_by = models.OneToOneField("self", null=True, on_delete=models.SET_NULL, related_name="replaces")
    updated_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("supplier booking")
        verbose_name_plural = _("supplier bookings")

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"


class Reminder(models.Model):
    """Something to look after at a moment before the trip; `findings` is what the look at the world said then."""

    trip = models.ForeignKey(Trip, on_delete=models.CASCADE, related_name="reminders")
    kind = models.CharField(max_length=4, choices=ReminderKind.choices)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=ReminderState.choices, default=ReminderState.WAITING)
    findings = models.JSONField(default=list)
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints: ClassVar = [models.UniqueConstraint(fields=["trip", "kind"], name="reminder_once")]

    def __str__(self) -> str:
        return f"{self.trip_id} {self.kind}"
