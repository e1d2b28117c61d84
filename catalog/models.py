"""What we sell and what it is made of: destinations, suppliers' resources, products with a price calendar."""

from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.choices import (
    ChargeUnit,
    FeedFormat,
    FeedRunState,
    IssueSeverity,
    PriceBasis,
    ResourceKind,
    SaleState,
    StockState,
    SupplementKind,
)
from staff.models import User


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


class Supplier(models.Model):
    """Who provides resources: a ground operator, a hotel group, a ticket wholesaler."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=60)
    note = models.TextField(_("note"), blank=True, default="")
    quarantine_percent = models.PositiveSmallIntegerField(_("ask before changing more than this share, percent"), default=30)
    is_active = models.BooleanField(default=True)
    currency = models.CharField(_("currency"), max_length=3, default="CNY", db_default="CNY")
    basis = models.CharField(
        _("its prices are"), max_length=5, choices=PriceBasis.choices, default=PriceBasis.NET, db_default="net"
    )
    commission_percent = models.DecimalField(
        _("commission it leaves us of gross prices, percent"), max_digits=5, decimal_places=2, default=0, db_default=0
    )
    pay_days_before = models.SmallIntegerField(_("to be paid days before the service (negative: after)"), default=0, db_default=0)

    class Meta:
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")

    def __str__(self) -> str:
        return self.name


class FeedRun(models.Model):
    """One file of a supplier: read once (by content hash), reported row by row, applied or quarantined.

    `mapping` is {"columns": [[label, field, confidence], ...]}. `findings` holds what concerns the file as a whole:
    the city assumed, how many rows lie where we have no destination, the share that would change. `error` is a
    FileFault. `decided_by` approved or rejected a quarantined file; an approved one may also change prices fivefold.
    """

    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, related_name="feed_runs")
    kind = models.CharField(max_length=12, choices=ResourceKind.choices)
    format = models.CharField(max_length=8, choices=FeedFormat.choices)
    filename = models.CharField(max_length=200)
    content_sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    state = models.CharField(max_length=12, choices=FeedRunState.choices, default=FeedRunState.UPLOADED)
    mapping = models.JSONField(default=dict)
    city = models.CharField(_("city of rows that name none"), max_length=40, blank=True, default="")
    is_full = models.BooleanField(_("the file lists everything the supplier has"), default=True)
    rows_total = models.PositiveIntegerField(default=0)
    rows_read = models.PositiveIntegerField(default=0)
    rows_created = models.PositiveIntegerField(default=0)
    rows_changed = models.PositiveIntegerField(default=0)
    rows_same = models.PositiveIntegerField(default=0)
    rows_refused = models.PositiveIntegerField(default=0)
    rows_flagged = models.PositiveIntegerField(default=0)
    rows_gone = models.PositiveIntegerField(default=0)
    findings = models.JSONField(default=dict)
    error = models.TextField(blank=True, default="")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("feed run")
        verbose_name_plural = _("feed runs")
        constraints: ClassVar = [models.UniqueConstraint(fields=["supplier", "kind", "content_sha256"], name="feed_run_once")]
        indexes: ClassVar = [models.Index(fields=["-created_at"], name="feed_run_newest")]

    def __str__(self) -> str:
        return f"{self.filename} ({self.state})"


class FeedIssue(models.Model):
    """What was wrong with one row of a file, and whether the row was refused or only flagged."""

    run = models.ForeignKey(FeedRun, on_delete=models.CASCADE, related_name="issues")
    row_no = models.PositiveIntegerField()
    name = models.CharField(max_length=200, blank=True, default="")
    field = models.CharField(max_length=60, blank=True, default="")
    reason = models.CharField(max_length=40)
    value = models.CharField(max_length=200, blank=True, default="")
    severity = models.CharField(max_length=8, choices=IssueSeverity.choices)

    class Meta:
        verbose_name = _("feed issue")
        verbose_name_plural = _("feed issues")
        indexes: ClassVar = [
            models.Index(fields=["run", "row_no"], name="feed_issue_row"),
            models.Index(fields=["run", "reason", "row_no"], name="feed_issue_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.row_no}: {self.reason}"


class Resource(models.Model):
    """One SPU: an attraction, hotel, restaurant or transport line, as one supplier describes it.

    `gone_at`: the supplier's newest full list no longer has it; it is kept, and comes back when the supplier does.
    """

    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, related_name="resources")
    external_id = models.CharField(max_length=120)
    kind = models.CharField(_("kind"), max_length=12, choices=ResourceKind.choices)
    destination = models.ForeignKey(Destination, null=True, blank=True, on_delete=models.SET_NULL, related_name="resources")
    name = models.CharField(_("name"), max_length=120)
    city = models.CharField(_("city"), max_length=40, blank=True, default="")
    address = models.CharField(_("address"), max_length=200, blank=True, default="")
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    price_amount = models.DecimalField(_("net price"), max_digits=12, decimal_places=2, null=True, blank=True)
    rating = models.DecimalField(_("rating"), max_digits=2, decimal_places=1, null=True, blank=True)
    visit_minutes = models.PositiveIntegerField(_("visit, minutes"), null=True, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    content_hash = models.CharField(max_length=64, blank=True, default="")
    last_run = models.ForeignKey(FeedRun, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    gone_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    updated_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("resource")
        verbose_name_plural = _("resources")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["supplier", "kind", "external_id"], name="resource_external"),
            models.CheckConstraint(condition=Q(price_amount__isnull=True) | Q(price_amount__gte=0), name="resource_price"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["kind", "destination", "name"], name="resource_browse"),
            models.Index(fields=["name", "id"], name="resource_by_name"),
        ]

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
