"""The points mall, and services that members book: stock and time slots that cannot be oversold."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from membership.choices import BookingState, MallKind, MallOrderState, PaidBy, ServiceKind
from membership.models.coupons import Coupon, CouponTemplate
from membership.models.tiers import Benefit, BenefitUse


class MallItem(models.Model):
    """Something to exchange points for. `cost_amount` is what one costs us."""

    name = models.CharField(_("name"), max_length=40)
    kind = models.CharField(_("kind"), max_length=8, choices=MallKind.choices)
    text = models.CharField(_("explanation"), max_length=120, blank=True, default="")
    points = models.PositiveIntegerField(_("points"))
    stock = models.PositiveIntegerField(_("stock"), default=0)
    per_person = models.PositiveSmallIntegerField(_("per person"), default=1)
    min_rank = models.PositiveSmallIntegerField(_("from tier rank"), default=0)
    coupon_template = models.ForeignKey(CouponTemplate, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    cost_amount = models.DecimalField(_("costs us"), max_digits=12, decimal_places=2, default=0)
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        verbose_name = _("mall item")
        verbose_name_plural = _("mall items")
        constraints: ClassVar = [models.CheckConstraint(condition=Q(points__gt=0), name="mall_item_points")]

    def __str__(self) -> str:
        return self.name


class MallOrder(models.Model):
    """An exchange. `points` is the price paid, after the tier's discount."""

    no = models.CharField(_("number"), max_length=24, unique=True)
    key = models.CharField(max_length=120, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey(MallItem, on_delete=models.PROTECT, related_name="+")
    points = models.PositiveIntegerField(_("points"))
    state = models.CharField(_("state"), max_length=9, choices=MallOrderState.choices, default=MallOrderState.ORDERED)
    coupon = models.ForeignKey(Coupon, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("time"))
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("mall exchange")
        verbose_name_plural = _("mall exchanges")
        indexes: ClassVar = [models.Index(fields=["-at"], name="mall_order_time")]

    def __str__(self) -> str:
        return self.no


class MemberService(models.Model):
    """A bookable service. Free of charge with `benefit`, for `points`, or paid on site."""

    name = models.CharField(_("name"), max_length=40)
    kind = models.CharField(_("kind"), max_length=8, choices=ServiceKind.choices)
    place = models.CharField(_("place"), max_length=60, blank=True, default="")
    text = models.CharField(_("explanation"), max_length=120, blank=True, default="")
    price_amount = models.DecimalField(_("price"), max_digits=12, decimal_places=2, default=0)
    points = models.PositiveIntegerField(_("points instead"), default=0)
    benefit = models.ForeignKey(Benefit, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    cancel_hours = models.PositiveSmallIntegerField(_("may be cancelled until hours before"), default=2)
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        verbose_name = _("member service")
        verbose_name_plural = _("member services")

    def __str__(self) -> str:
        return self.name


class ServiceSlot(models.Model):
    """A time at which a service can be had, for so many."""

    service = models.ForeignKey(MemberService, on_delete=models.CASCADE, related_name="slots")
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    capacity = models.PositiveSmallIntegerField(_("places"))
    taken = models.PositiveSmallIntegerField(_("taken"), default=0, db_default=0)

    class Meta:
        verbose_name = _("time slot")
        verbose_name_plural = _("time slots")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["service", "starts_at"], name="slot_once"),
            models.CheckConstraint(condition=Q(taken__lte=F("capacity")), name="slot_not_oversold"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="slot_times"),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} {self.starts_at:%Y-%m-%d %H:%M}"


class ServiceBooking(models.Model):
    """A member's booking of a slot, and what it is paid with."""

    no = models.CharField(_("number"), max_length=24, unique=True)
    key = models.CharField(max_length=120, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    slot = models.ForeignKey(ServiceSlot, on_delete=models.PROTECT, related_name="bookings")
    state = models.CharField(_("state"), max_length=9, choices=BookingState.choices, default=BookingState.BOOKED)
    paid_by = models.CharField(_("paid by"), max_length=7, choices=PaidBy.choices)
    points = models.PositiveIntegerField(_("points"), default=0)
    price_amount = models.DecimalField(_("price"), max_digits=12, decimal_places=2, default=0)
    benefit_use = models.ForeignKey(BenefitUse, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("booked"))
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("service booking")
        verbose_name_plural = _("service bookings")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["customer", "slot"], condition=Q(state="booked"), name="booking_once_per_slot")
        ]
        indexes: ClassVar = [models.Index(fields=["-at"], name="booking_time")]

    def __str__(self) -> str:
        return self.no
