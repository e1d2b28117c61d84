"""A request, and the plan that answers it: itinerary, versions, days, blocks."""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Resource, Sku
from customers.models import Customer, CustomerQuerySet, sees_everybody
from itinerary.choices import BlockKind, RequestState, Severity, TripStage
from staff.models import User


class TripRequest(models.Model):
    """What a customer wants, slot by slot: {name: {"value", "message", "start", "end", "quote", "confidence"}}.

    `turns` are the messages it was understood from, `asked` the slots that were asked for.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    slots = models.JSONField(default=dict)
    turns = models.JSONField(default=list)
    asked = ArrayField(models.CharField(max_length=20), default=list)
    state = models.CharField(max_length=12, choices=RequestState.choices, default=RequestState.COLLECTING)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    updated_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("trip request")
        verbose_name_plural = _("trip requests")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["customer"], condition=Q(state="collecting"), name="request_one_open"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.state}"


class ItineraryQuerySet(models.QuerySet["Itinerary"]):
    """Itineraries through the row scope of their customers; those without a customer belong to who made them."""

    def visible_to(self, user: User) -> "ItineraryQuerySet":
        """What this user may see."""
        if sees_everybody(user):
            return self
        customers: CustomerQuerySet = Customer.objects.visible_to(user)
        return self.filter(Q(customer__in=customers) | Q(customer__isnull=True, owner=user))


class Itinerary(models.Model):
    """One trip in the making. `revision` counts the operations of its log; an edit names the revision it starts from.

    `planning`: the wishes the plan was made from, why each block is in it (`reasons` by key), which wishes cannot be met
    (`core`) and what giving one up would do (`relaxations`).
    """

    no = models.CharField(_("number"), max_length=20, unique=True)
    title = models.CharField(_("title"), max_length=80)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="+")
    request = models.ForeignKey(TripRequest, null=True, on_delete=models.SET_NULL, related_name="itineraries")
    owner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    stage = models.CharField(_("stage"), max_length=12, choices=TripStage.choices, default=TripStage.DESIGN)
    starts_on = models.DateField(_("starts on"))
    adults = models.PositiveSmallIntegerField(_("adults"), default=2)
    child_ages = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("children's ages"), default=list)
    child_beds = models.PositiveSmallIntegerField(default=0)
    singles = models.PositiveSmallIntegerField(default=0)
    foc = models.PositiveSmallIntegerField(default=0)
    revision = models.PositiveIntegerField(default=0)
    is_template = models.BooleanField(default=False)
    planning = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    updated_at = models.DateTimeField(db_default=models.functions.Now())

    objects = ItineraryQuerySet.as_manager()

    class Meta:
        verbose_name = _("itinerary")
        verbose_name_plural = _("itineraries")
        constraints: ClassVar = [models.CheckConstraint(condition=Q(adults__gte=1), name="itinerary_people")]
        indexes: ClassVar = [models.Index(fields=["stage", "starts_on"], name="itinerary_board")]

    def __str__(self) -> str:
        return f"{self.no} {self.title}"


class ItineraryVersion(models.Model):
    """The days of an itinerary. The newest is worked on; one that was sent (`content_hash`) is never changed again."""

    itinerary = models.ForeignKey(Itinerary, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    content_hash = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        constraints: ClassVar = [models.UniqueConstraint(fields=["itinerary", "number"], name="itinerary_version")]

    def __str__(self) -> str:
        return f"{self.itinerary_id} v{self.number}"


class Day(models.Model):
    """One day of a version, numbered from one."""

    version = models.ForeignKey(ItineraryVersion, on_delete=models.CASCADE, related_name="days")
    number = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=80, blank=True, default="")
    note = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = _("day")
        verbose_name_plural = _("days")
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "number"], name="day_number")]

    def __str__(self) -> str:
        return f"{self.version_id}.{self.number}"


class Block(models.Model):
    """One brick of a day. Times are minutes after midnight, `ends` beyond 1440 on the next day; `key` stays through versions.

    A block of a resource is priced by the catalogue; `price_amount` with `charge_unit` stands where there is none, or as an
    override with a reason. Blocks of one `alternative` are offered for choice, the first is priced in.
    """

    day = models.ForeignKey(Day, on_delete=models.CASCADE, related_name="blocks")
    key = models.UUIDField(default=uuid.uuid4)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=BlockKind.choices)
    name = models.CharField(max_length=120)
    resource = models.ForeignKey(Resource, null=True, on_delete=models.SET_NULL, related_name="+")
    sku = models.ForeignKey(Sku, null=True, on_delete=models.SET_NULL, related_name="+")
    starts = models.PositiveSmallIntegerField(default=540)
    ends = models.PositiveSmallIntegerField(default=600)
    meal = models.CharField(max_length=10, blank=True, default="")
    quantity = models.PositiveSmallIntegerField(default=1)
    is_locked = models.BooleanField(default=False)
    is_optional = models.BooleanField(default=False)
    alternative = models.CharField(max_length=20, blank=True, default="")
    note = models.CharField(_("note for the customer"), max_length=300, blank=True, default="")
    internal_note = models.CharField(_("internal note"), max_length=300, blank=True, default="")
    charge_unit = models.CharField(max_length=12, blank=True, default="")
    price_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    price_reason = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        verbose_name = _("block")
        verbose_name_plural = _("blocks")
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "key"], name="block_key"),
            models.CheckConstraint(condition=Q(price_amount__isnull=True) | Q(price_amount__gte=0), name="block_price"),
        ]

    def __str__(self) -> str:
        return self.name


class TransferLeg(models.Model):
    """How one gets from a block to the next."""

    version = models.ForeignKey(ItineraryVersion, on_delete=models.CASCADE, related_name="legs")
    from_key = models.UUIDField()
    to_key = models.UUIDField()
    mode = models.CharField(max_length=8)
    km = models.DecimalField(max_digits=7, decimal_places=1)
    minutes = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=12, default="estimate")

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")

    def __str__(self) -> str:
        return f"{self.mode} {self.minutes}"


class ValidationIssue(models.Model):
    """What was wrong with a version when it was last checked; `code` is a Constraint."""

    version = models.ForeignKey(ItineraryVersion, on_delete=models.CASCADE, related_name="issues")
    code = models.CharField(max_length=10)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    day = models.PositiveSmallIntegerField()
    block_key = models.UUIDField(null=True)
    params = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("validation issue")
        verbose_name_plural = _("validation issues")

    def __str__(self) -> str:
        return self.code


class Operation(models.Model):
    """One edit, in the words of `itinerary.edits`: {"do": ..., ...}. `inverse` undoes it. The log is never changed."""

    itinerary = models.ForeignKey(Itinerary, on_delete=models.CASCADE, related_name="operations")
    revision = models.PositiveIntegerField()
    payload = models.JSONField()
    inverse = models.JSONField()
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("operation")
        verbose_name_plural = _("operations")
        constraints: ClassVar = [models.UniqueConstraint(fields=["itinerary", "revision"], name="operation_revision")]

    def __str__(self) -> str:
        return f"{self.itinerary_id}@{self.revision}"
