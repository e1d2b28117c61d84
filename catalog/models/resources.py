"""What suppliers offer, and which offers are one and the same thing."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.choices import MatchState, ResourceKind, SpuChangeKind
from catalog.models.products import Destination
from catalog.models.suppliers import FeedRun, Supplier
from staff.models import User


class Spu(models.Model):
    """One thing in the world that several suppliers offer: a hotel, a sight. A resource nobody else offers needs none."""

    kind = models.CharField(_("kind"), max_length=12, choices=ResourceKind.choices)
    name = models.CharField(_("name"), max_length=120)
    city = models.CharField(_("city"), max_length=40, blank=True, default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("matched resource")
        verbose_name_plural = _("matched resources")

    def __str__(self) -> str:
        return self.name


class Resource(models.Model):
    """An attraction, hotel, restaurant or transport line, as one supplier describes it.

    `spu` is the thing itself where other suppliers offer it too. `gone_at`: the supplier's newest full list no longer has
    it; it is kept, and comes back when the supplier does.
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
    spu = models.ForeignKey(Spu, null=True, blank=True, on_delete=models.SET_NULL, related_name="offers")
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


class MatchPair(models.Model):
    """Two suppliers' resources that may be one and the same. `left` has the smaller id.

    `score` is the chance that they are, from 0 to 1; `reasons` what speaks for and against it, as the page shows it.
    """

    left = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="+")
    right = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="+")
    score = models.FloatField()
    reasons = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=MatchState.choices, default=MatchState.REVIEW)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("possible match")
        verbose_name_plural = _("possible matches")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["left", "right"], name="match_pair_once"),
            models.CheckConstraint(condition=Q(left__lt=F("right")), name="match_pair_order"),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "-score", "id"], name="match_queue")]

    def __str__(self) -> str:
        return f"{self.left_id} = {self.right_id}?"


class SpuChange(models.Model):
    """Resources that were put together or taken apart: `moves` is [[resource, spu before, spu after], ...]. Can be undone."""

    kind = models.CharField(max_length=8, choices=SpuChangeKind.choices)
    moves = models.JSONField(default=list)
    pair = models.ForeignKey(MatchPair, null=True, on_delete=models.SET_NULL, related_name="changes")
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(db_default=models.functions.Now())
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("change of matched resources")
        verbose_name_plural = _("changes of matched resources")
        indexes: ClassVar = [models.Index(fields=["-made_at"], name="spu_change_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.made_at:%Y-%m-%d}"
