"""Where people travel to, and the packages they can order."""

from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.choices import SaleState
from catalog.models.suppliers import Supplier


class Destination(models.Model):
    """A place people travel to."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=40)
    cities = ArrayField(models.CharField(max_length=20), verbose_name=_("cities"), default=list)
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    summary = models.TextField(blank=True, default="")
    illustration = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("destination")
        verbose_name_plural = _("destinations")

    def __str__(self) -> str:
        return self.name


@pghistory.track(
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    model_name="ProductHistory",
    fields=["name", "price_from_amount", "state", "themes"],
)
class Product(models.Model):
    """A package a customer can order. Prices per date stand in Departure."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=80)
    subtitle = models.CharField(_("subtitle"), max_length=120, blank=True, default="")
    destination = models.ForeignKey(Destination, on_delete=models.PROTECT, related_name="products")
    supplier = models.ForeignKey(Supplier, null=True, blank=True, on_delete=models.PROTECT, related_name="products")
    days = models.PositiveSmallIntegerField(_("days"))
    themes = ArrayField(models.CharField(max_length=20), verbose_name=_("themes"), default=list)
    hotel_class = models.PositiveSmallIntegerField(_("hotel class, stars"), null=True, blank=True)
    pace = models.CharField(_("pace"), max_length=12, blank=True, default="")
    price_from_amount = models.DecimalField(_("price from"), max_digits=12, decimal_places=2)
    highlights = models.JSONField(_("highlights"), default=list)
    outline = models.JSONField(_("day by day"), default=list)
    included = models.JSONField(_("included"), default=list)
    excluded = models.JSONField(_("not included"), default=list)
    cancellation = models.JSONField(_("cancellation tiers"), default=list)
    min_people = models.PositiveSmallIntegerField(default=1)
    max_people = models.PositiveSmallIntegerField(default=20)
    illustration = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=8, choices=SaleState.choices, default=SaleState.DRAFT)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        indexes: ClassVar = [GinIndex(fields=["themes"], name="product_themes")]

    def __str__(self) -> str:
        return self.name


class Departure(models.Model):
    """One date of a product: its price and its seats. `seats_taken` holds paid seats and unexpired holds."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="departures")
    departs_on = models.DateField(_("departs on"))
    adult_amount = models.DecimalField(_("adult price"), max_digits=12, decimal_places=2)
    child_amount = models.DecimalField(_("child price"), max_digits=12, decimal_places=2)
    seats = models.PositiveSmallIntegerField(_("seats"))
    seats_taken = models.PositiveSmallIntegerField(_("seats taken"), default=0, db_default=0)
    is_closed = models.BooleanField(_("stop sale"), default=False)

    class Meta:
        verbose_name = _("departure")
        verbose_name_plural = _("departures")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["product", "departs_on"], name="departure_date"),
            models.CheckConstraint(condition=Q(seats_taken__lte=F("seats")), name="departure_never_oversold"),
            models.CheckConstraint(condition=Q(adult_amount__gte=0, child_amount__gte=0), name="departure_prices"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.departs_on}"
