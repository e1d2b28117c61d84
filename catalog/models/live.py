"""What is booked with a supplier's own system while we wait: offers known there, and holds that expire."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.choices import LiveBookingState
from catalog.models.rates import Sku
from catalog.models.suppliers import Supplier
from staff.models import User


class LiveOffer(models.Model):
    """Under which ids the supplier's system (OCTO) sells a SKU. `units` is [{"id", "type", "age_from", "age_to"}, ...].

    `trouble` says why the last refresh changed nothing (an errcode, or price_jump); the last good days stay.
    """

    sku = models.OneToOneField(Sku, on_delete=models.CASCADE, related_name="live")
    product_id = models.CharField(max_length=120)
    option_id = models.CharField(max_length=120)
    units = models.JSONField(default=list)
    checked_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        verbose_name = _("live offer")
        verbose_name_plural = _("live offers")

    def __str__(self) -> str:
        return f"{self.product_id}/{self.option_id}"


class LiveBooking(models.Model):
    """Pieces of a SKU on a day at a supplier's system. `key` is our id, by which the supplier knows it too.

    `pieces` is {unit id: number}. `net_amount` is what the supplier answered, in `currency`. UNKNOWN: the answer was lost; it
    is settled by asking, never by booking anew. No traveller is named here.
    """

    key = models.UUIDField(unique=True)
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, related_name="live_bookings")
    sku = models.ForeignKey(Sku, null=True, on_delete=models.SET_NULL, related_name="live_bookings")
    name = models.CharField(max_length=160)
    day = models.DateField()
    pieces = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=LiveBookingState.choices, default=LiveBookingState.WANTED)
    aim = models.CharField(max_length=8, default="hold")
    net_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, default="CNY")
    reference = models.CharField(max_length=80, blank=True, default="")
    expires_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=60, blank=True, default="")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    updated_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("live booking")
        verbose_name_plural = _("live bookings")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(net_amount__isnull=True) | Q(net_amount__gte=0), name="live_booking_amount")
        ]
        indexes: ClassVar = [
            models.Index(fields=["supplier", "-created_at"], name="live_booking_newest"),
            models.Index(fields=["expires_at"], condition=Q(state="held"), name="live_booking_holds"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.day}"
