"""A sold itinerary: what is booked with suppliers, and what must be remembered."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Supplier
from customers.models import Traveller
from itinerary.choices import BookingState, ChangeKind, ChangeState, DocumentKind, ReminderKind, ReminderState
from itinerary.models.plans import Itinerary
from itinerary.models.quotes import QuoteVersion
from orders.models import Order
from staff.models import User


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


class Passenger(models.Model):
    """Who goes: a traveller of the customer's, in which room. Names and documents stay with the traveller."""

    trip = models.ForeignKey(Trip, on_delete=models.CASCADE, related_name="passengers")
    traveller = models.ForeignKey(Traveller, on_delete=models.CASCADE, related_name="+")
    room = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("passenger")
        verbose_name_plural = _("passengers")
        constraints: ClassVar = [models.UniqueConstraint(fields=["trip", "traveller"], name="passenger_once")]

    def __str__(self) -> str:
        return f"{self.trip_id}: {self.traveller_id}"


class TripDocument(models.Model):
    """One paper a trip needs: contract, insurance, tickets, the sheet for the guide."""

    trip = models.ForeignKey(Trip, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=12, choices=DocumentKind.choices)
    is_ready = models.BooleanField(default=False)
    reference = models.CharField(max_length=60, blank=True, default="")
    updated_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("trip document")
        verbose_name_plural = _("trip documents")
        constraints: ClassVar = [models.UniqueConstraint(fields=["trip", "kind"], name="trip_document_once")]

    def __str__(self) -> str:
        return f"{self.trip_id} {self.kind}"


class ChangeRequest(models.Model):
    """The customer wants the sold trip changed or cancelled. A cancellation costs what the snapshot of the terms says:
    `percent` of the price of those who do not go, the day it was asked for."""

    trip = models.ForeignKey(Trip, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=8, choices=ChangeKind.choices)
    reason = models.CharField(max_length=300)
    percent = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    fee_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    refund_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    state = models.CharField(max_length=8, choices=ChangeState.choices, default=ChangeState.OPEN)
    asked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("change request")
        verbose_name_plural = _("change requests")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["trip"], condition=Q(state="open"), name="change_one_open"),
        ]

    def __str__(self) -> str:
        return f"{self.trip_id} {self.kind}: {self.state}"


class Reminder(models.Model):
    """Something to look after at a moment before the trip; `findings` is what the look at the world said then, `outcome` what
    became of the message to the customer ({"message": id} or {"held_back": reason})."""

    trip = models.ForeignKey(Trip, on_delete=models.CASCADE, related_name="reminders")
    kind = models.CharField(max_length=4, choices=ReminderKind.choices)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=ReminderState.choices, default=ReminderState.WAITING)
    findings = models.JSONField(default=list)
    outcome = models.JSONField(default=dict)
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints: ClassVar = [models.UniqueConstraint(fields=["trip", "kind"], name="reminder_once")]

    def __str__(self) -> str:
        return f"{self.trip_id} {self.kind}"
