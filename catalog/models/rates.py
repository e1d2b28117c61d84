"""What a contract says: prices by season and group, what can be had on which day, what a cancellation costs, currencies."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.choices import ChargeUnit, PriceBasis, StockState, SupplementKind
from catalog.models.resources import Resource
from catalog.models.suppliers import Supplier


class Sku(models.Model):
    """One thing of a resource that can be bought: a room type, a ticket type, a vehicle class."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="skus")
    code = models.CharField(_("code"), max_length=60)
    name = models.CharField(_("name"), max_length=80)
    sleeps = models.PositiveSmallIntegerField(_("sleeps"), default=0)
    seats = models.PositiveSmallIntegerField(_("seats"), default=0)
    options = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("purchasable unit")
        verbose_name_plural = _("purchasable units")
        constraints: ClassVar = [models.UniqueConstraint(fields=["resource", "code"], name="sku_code")]

    def __str__(self) -> str:
        return f"{self.resource.name} · {self.name}"


class RatePlan(models.Model):
    """A contract's prices of one SKU. Of several that cover a day the highest `priority` counts, then the newest."""

    sku = models.ForeignKey(Sku, on_delete=models.CASCADE, related_name="plans")
    name = models.CharField(_("name"), max_length=60)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    basis = models.CharField(_("its prices are"), max_length=5, choices=PriceBasis.choices, default=PriceBasis.NET)
    commission_percent = models.DecimalField(_("commission, percent"), max_digits=5, decimal_places=2, default=0)
    tax_percent = models.DecimalField(_("tax on top, percent"), max_digits=5, decimal_places=2, default=0)
    priority = models.SmallIntegerField(_("priority"), default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("rate plan")
        verbose_name_plural = _("rate plans")

    def __str__(self) -> str:
        return self.name


class RateRow(models.Model):
    """An amount for days `starts_on` to `ends_on` (both included) on `weekdays` (ISO), for a group of `pax_from` to `pax_to`
    and, where ages are given, for people of that age. `seats` makes it a vehicle's step."""

    plan = models.ForeignKey(RatePlan, on_delete=models.CASCADE, related_name="rows")
    starts_on = models.DateField()
    ends_on = models.DateField()
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list)
    charge_unit = models.CharField(max_length=12, choices=ChargeUnit.choices)
    pax_from = models.PositiveSmallIntegerField(default=1)
    pax_to = models.PositiveSmallIntegerField(default=999)
    age_from = models.PositiveSmallIntegerField(null=True)
    age_to = models.PositiveSmallIntegerField(null=True)
    seats = models.PositiveSmallIntegerField(default=0)
    amount = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = _("rate")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on"), pax_to__gte=F("pax_from"), amount__gte=0), name="rate_sane"
            ),
            models.CheckConstraint(
                condition=Q(age_from__isnull=True, age_to__isnull=True) | Q(age_to__gte=F("age_from")), name="rate_ages"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["plan", "starts_on", "ends_on"], name="rate_days")]

    def __str__(self) -> str:
        return f"{self.starts_on}–{self.ends_on} {self.amount}"


class Supplement(models.Model):
    """What a plan charges besides, by `position`; one of a kind a person. A percentage is of the adult's amount."""

    plan = models.ForeignKey(RatePlan, on_delete=models.CASCADE, related_name="supplements")
    kind = models.CharField(max_length=12, choices=SupplementKind.choices)
    position = models.PositiveSmallIntegerField(default=0)
    age_from = models.PositiveSmallIntegerField(null=True)
    age_to = models.PositiveSmallIntegerField(null=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    percent = models.DecimalField(max_digits=6, decimal_places=2, null=True)

    class Meta:
        verbose_name = _("supplement")
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount__isnull=False, percent__isnull=True) | Q(amount__isnull=True, percent__isnull=False),
                name="supplement_one",
            )
        ]

    def __str__(self) -> str:
        return self.kind


class DayInventory(models.Model):
    """What can be had of a SKU on a day. Within `release_days` of the day an allotment falls back to the supplier."""

    sku = models.ForeignKey(Sku, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    state = models.CharField(max_length=12, choices=StockState.choices, default=StockState.AVAILABLE)
    allotment = models.PositiveIntegerField(default=0)
    sold = models.PositiveIntegerField(default=0)
    release_days = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("day's inventory")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sku", "day"], name="inventory_day"),
            models.CheckConstraint(
                condition=Q(sold__lte=F("allotment")) | ~Q(state="available"), name="inventory_never_oversold"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} {self.day}"


class CancellationTier(models.Model):
    """What a supplier keeps when we cancel `days_from` to `days_to` days before: data, copied into every quote."""

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, related_name="cancellation_tiers")
    days_from = models.PositiveSmallIntegerField()
    days_to = models.PositiveSmallIntegerField()
    percent = models.DecimalField(max_digits=5, decimal_places=2)

    class Meta:
        verbose_name = _("cancellation tier")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["supplier", "days_to"], name="cancellation_tier"),
            models.CheckConstraint(
                condition=Q(days_from__gte=F("days_to"), percent__gte=0, percent__lte=100), name="cancellation_sane"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days_from}–{self.days_to}: {self.percent} %"


class ExchangeRate(models.Model):
    """Yuan for one unit of a currency from a day on, and the buffer that quotes add to it."""

    currency = models.CharField(max_length=3)
    day = models.DateField()
    rate = models.DecimalField(max_digits=16, decimal_places=8)
    buffer_percent = models.DecimalField(max_digits=5, decimal_places=2, default=3)

    class Meta:
        verbose_name = _("exchange rate")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["currency", "day"], name="exchange_rate_day"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="exchange_rate_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.day}"
