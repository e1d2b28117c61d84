"""The agency's own tag system: groups, tags, the rules that assign them with evidence, and segments."""

from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from staff.models import User
from tagging.choices import Dimension, RuleState, TagSource


class TagGroup(models.Model):
    """Tags of one question, e.g. "destination". In an exclusive group a customer has one tag at most."""

    dimension = models.CharField(_("dimension"), max_length=12, choices=Dimension.choices, default=Dimension.INTEREST)
    name = models.CharField(_("name"), max_length=30, unique=True)
    is_exclusive = models.BooleanField(_("one at most"), default=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("tag group")
        verbose_name_plural = _("tag groups")
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A word the agency says about a customer."""

    group = models.ForeignKey(TagGroup, verbose_name=_("group"), on_delete=models.PROTECT, related_name="tags")
    name = models.CharField(_("name"), max_length=30)
    description = models.CharField(_("meaning"), max_length=120, blank=True, default="")
    position = models.PositiveSmallIntegerField(default=0)
    is_archived = models.BooleanField(default=False)
    wecom_tag_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["group", "name"], name="tag_name")]

    def __str__(self) -> str:
        return self.name


@pghistory.track(
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    model_name="TagRuleHistory",
    fields=["condition", "state", "version", "keep_days"],
)
class TagRule(models.Model):
    """When a customer gets a tag: a condition in the one condition language.

    A customer who stops matching keeps the tag `keep_days` more days. `version` counts published changes.
    """

    tag = models.ForeignKey(Tag, verbose_name=_("tag"), on_delete=models.PROTECT, related_name="rules")
    name = models.CharField(_("name"), max_length=60)
    condition = models.JSONField(_("condition"))
    keep_days = models.PositiveSmallIntegerField(_("keep after it stops matching, days"), default=30)
    state = models.CharField(_("state"), max_length=8, choices=RuleState.choices, default=RuleState.DRAFT)
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)
    last_full_run_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("tag rule")
        verbose_name_plural = _("tag rules")

    def __str__(self) -> str:
        return self.name


class CustomerTags(models.Model):
    """All tags of a customer as arrays of ids: what conditions and lists read. Kept in step with TagAssignment."""

    customer = models.OneToOneField(Customer, primary_key=True, on_delete=models.CASCADE, related_name="+")
    tag_ids = ArrayField(models.IntegerField(), default=list)

    class Meta:
        verbose_name = _("customer's tags")
        verbose_name_plural = _("customers' tags")
        indexes: ClassVar = [GinIndex(fields=["tag_ids"], name="customer_tags_gin")]

    def __str__(self) -> str:
        return f"tags of {self.customer_id}"


class TagAssignment(models.Model):
    """Why a customer has a tag: source, evidence, confidence, expiry. `is_blocked` remembers "never again"."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="assignments")
    source = models.CharField(max_length=8, choices=TagSource.choices)
    rule = models.ForeignKey(TagRule, null=True, on_delete=models.SET_NULL, related_name="+")
    rule_version = models.PositiveIntegerField(null=True)
    evidence = models.JSONField(default=list)
    confidence = models.DecimalField(max_digits=4, decimal_places=3, default=1)
    assigned_at = models.DateTimeField()
    matched_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    is_blocked = models.BooleanField(default=False)
    assigned_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("tag assignment")
        verbose_name_plural = _("tag assignments")
        constraints: ClassVar = [models.UniqueConstraint(fields=["customer", "tag"], name="tag_assignment_pair")]
        indexes: ClassVar = [
            models.Index(fields=["tag", "-assigned_at"], name="tag_assignment_tag"),
            models.Index(fields=["expires_at"], condition=models.Q(expires_at__isnull=False), name="tag_assignment_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.tag_id}"


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent(), model_name="SegmentHistory", fields=["name", "condition"])
class Segment(models.Model):
    """A named question about customers; its members are computed when asked."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    description = models.CharField(_("description"), max_length=200, blank=True, default="")
    condition = models.JSONField(_("condition"))
    last_count = models.PositiveIntegerField(null=True)
    counted_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")

    def __str__(self) -> str:
        return self.name
