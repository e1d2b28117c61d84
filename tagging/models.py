"""The agency's own tag system: groups, tags, the rules that assign them with evidence, and segments."""

from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models import Customer, Relationship
from staff.models import User
from tagging.choices import Dimension, Removal, RuleState, SegmentKind, SuggestionState, TagSource


class TagGroup(models.Model):
    """Tags of one question, e.g. "destination". In an exclusive group a customer has one tag at most."""

    dimension = models.CharField(_("dimension"), max_length=12, choices=Dimension.choices, default=Dimension.INTEREST)
    name = models.CharField(_("name"), max_length=30, unique=True)
    is_exclusive = models.BooleanField(_("one at most"), default=False)
    position = models.PositiveSmallIntegerField(default=0)
    wecom_group_id = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("tag group")
        verbose_name_plural = _("tag groups")
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A word the agency says about a customer.

    `is_pushed`: it is shown in WeCom too, as the corp tag `wecom_tag_id` that our own app made there.
    """

    group = models.ForeignKey(TagGroup, verbose_name=_("group"), on_delete=models.PROTECT, related_name="tags")
    name = models.CharField(_("name"), max_length=30)
    description = models.CharField(_("meaning"), max_length=120, blank=True, default="")
    position = models.PositiveSmallIntegerField(default=0)
    is_archived = models.BooleanField(default=False)
    wecom_tag_id = models.CharField(max_length=64, blank=True, default="")
    is_pushed = models.BooleanField(default=False, db_default=False)

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
    fields=["condition", "state", "version", "keep_days", "priority", "score", "removal", "half_life_days"],
)
class TagRule(models.Model):
    """When a customer gets a tag: a condition in the one condition language.

    A customer who stops matching keeps the tag `keep_days` more days, or until its confidence has faded (`removal`).
    `score` is the confidence of a full match, `priority` decides between rules of one tag and of one exclusive group: the
    larger speaks. `version` counts published changes.
    """

    tag = models.ForeignKey(Tag, verbose_name=_("tag"), on_delete=models.PROTECT, related_name="rules")
    name = models.CharField(_("name"), max_length=60)
    condition = models.JSONField(_("condition"))
    keep_days = models.PositiveSmallIntegerField(_("keep after it stops matching, days"), default=30)
    removal = models.CharField(
        _("when it stops matching"), max_length=8, choices=Removal.choices, default=Removal.AFTER_DAYS, db_default="days"
    )
    half_life_days = models.PositiveSmallIntegerField(_("confidence halves every, days"), default=14, db_default=14)
    priority = models.SmallIntegerField(_("priority"), default=0, db_default=0)
    score = models.DecimalField(_("score"), max_digits=3, decimal_places=2, default=1, db_default=1)
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
    """All tags of a customer as arrays of ids: what conditions and lists read. Kept in step with TagAssignment.

    `looked_at`: when the rules were last asked about this customer alone; `push_due`: WeCom has not heard of the last change.
    `marks`: the rules (with their versions) that matched when the tags were last brought in line with all of them; null:
    never, or a person has changed the tags since.
    """

    customer = models.OneToOneField(Customer, primary_key=True, on_delete=models.CASCADE, related_name="+")
    tag_ids = ArrayField(models.IntegerField(), default=list)
    looked_at = models.DateTimeField(null=True)
    marks = ArrayField(models.BigIntegerField(), null=True)
    push_due = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = _("customer's tags")
        verbose_name_plural = _("customers' tags")
        indexes: ClassVar = [
            GinIndex(fields=["tag_ids"], name="customer_tags_gin"),
            models.Index(fields=["customer"], condition=models.Q(push_due=True), name="customer_tags_push"),
        ]

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


class TagVerdict(models.Model):
    """A member of staff looked at a customer's tag and said whether it is right: what a tag's precision is measured by."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="verdicts")
    source = models.CharField(max_length=8, choices=TagSource.choices)
    rule_version = models.PositiveIntegerField(null=True)
    is_right = models.BooleanField()
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("verdict about a tag")
        verbose_name_plural = _("verdicts about tags")
        constraints: ClassVar = [models.UniqueConstraint(fields=["customer", "tag"], name="tag_verdict_pair")]
        indexes: ClassVar = [models.Index(fields=["tag"], name="tag_verdict_tag")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.tag_id} {self.is_right}"


class TagSuggestion(models.Model):
    """A tag that a language model read out of a source, with the words it quoted; a person decides."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="+")
    evidence = models.JSONField(default=list)
    confidence = models.DecimalField(max_digits=4, decimal_places=3, default=1)
    state = models.CharField(max_length=8, choices=SuggestionState.choices, default=SuggestionState.OPEN)
    at = models.DateTimeField()
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("suggested tag")
        verbose_name_plural = _("suggested tags")
        constraints: ClassVar = [models.UniqueConstraint(fields=["customer", "tag"], name="tag_suggestion_pair")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.tag_id} ({self.state})"


class TaxonomyVersion(models.Model):
    """The whole tag system as it was: groups and tags by id, so that a merge or an import can be taken back."""

    data = models.JSONField()
    note = models.CharField(max_length=120)
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("version of the tag system")
        verbose_name_plural = _("versions of the tag system")
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.note


class TagMerge(models.Model):
    """One tag that became another, with what it takes to part them again: rules by id, conditions as {kind: {id: [before,
    after]}}, verdicts as {"moved": ids, "lost": rows}; assignments are in `rows`.
    """

    absorbed = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="merges_into")
    survivor = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="merges_from")
    people = models.PositiveIntegerField()
    rule_ids = ArrayField(models.BigIntegerField(), default=list)
    conditions = models.JSONField(default=dict)
    verdicts = models.JSONField(default=dict)
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("merge of tags")
        verbose_name_plural = _("merges of tags")
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.absorbed_id} → {self.survivor_id}"


class TagMergeRow(models.Model):
    """An assignment that a merge moved (`lost` is null) or dropped, because the customer had both tags (`lost`: the row)."""

    merge = models.ForeignKey(TagMerge, on_delete=models.CASCADE, related_name="rows")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    assignment_id = models.BigIntegerField()
    lost = models.JSONField(null=True)

    class Meta:
        verbose_name = _("assignment in a merge of tags")
        verbose_name_plural = _("assignments in merges of tags")

    def __str__(self) -> str:
        return f"{self.merge_id}: {self.assignment_id}"


class RuleRun(models.Model):
    """One back-fill: everybody is asked a rule's new version. `total` customers differed (null: not asked yet); their jobs
    have keys that begin with `stamp`, and what is left of them is what is left to do.
    """

    rule = models.ForeignKey(TagRule, on_delete=models.CASCADE, related_name="runs")
    version = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    total = models.PositiveIntegerField(null=True)
    stamp = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        verbose_name = _("back-fill of a rule")
        verbose_name_plural = _("back-fills of rules")
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.rule_id} v{self.version}"


class Interest(models.Model):
    """What a customer is drawn to, read from what they looked at: the events that no other interest explains.

    `score` is the probability that the interest is there; tagging.interests says how it is found.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    theme = models.CharField(max_length=30)
    score = models.DecimalField(max_digits=4, decimal_places=3)
    evidence = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("interest")
        verbose_name_plural = _("interests")
        constraints: ClassVar = [models.UniqueConstraint(fields=["customer", "theme"], name="interest_pair")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.theme}"


class ProductViews(models.Model):
    """How often each product was looked at by anybody lately: the base rates that interests are judged against."""

    code = models.CharField(max_length=20, primary_key=True)
    seen = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("views of a product")
        verbose_name_plural = _("views of products")

    def __str__(self) -> str:
        return f"{self.code}: {self.seen}"


class TagPush(models.Model):
    """What WeCom was last told about one friendship: our tags on it, and when. What staff changed there since differs."""

    relationship = models.OneToOneField(Relationship, primary_key=True, on_delete=models.CASCADE, related_name="+")
    tag_ids = ArrayField(models.CharField(max_length=64), default=list)
    pushed_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("tags told to WeCom")
        verbose_name_plural = _("tags told to WeCom")

    def __str__(self) -> str:
        return str(self.relationship_id)


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent(), model_name="SegmentHistory", fields=["name", "condition"])
class Segment(models.Model):
    """A named question about customers.

    A dynamic one follows its condition: members enter and leave. A snapshot keeps who matched on the day it was taken.
    Campaigns ask the condition anew; `SegmentMembership` says who was in it when, and why. `ready_at` is null until
    everybody was asked once: an empty segment and one that nobody has computed yet are not the same.
    """

    name = models.CharField(_("name"), max_length=60, unique=True)
    description = models.CharField(_("description"), max_length=200, blank=True, default="")
    condition = models.JSONField(_("condition"))
    kind = models.CharField(max_length=8, choices=SegmentKind.choices, default=SegmentKind.DYNAMIC, db_default="dynamic")
    ready_at = models.DateTimeField(null=True)
    last_count = models.PositiveIntegerField(null=True)
    counted_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")

    def __str__(self) -> str:
        return self.name


class SegmentMembership(models.Model):
    """Somebody's stay in a segment: from when, until when, and the evidence at the door."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="memberships")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    evidence = models.JSONField(default=list)

    class Meta:
        verbose_name = _("membership of a segment")
        verbose_name_plural = _("memberships of segments")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["segment", "customer"], condition=models.Q(left_at__isnull=True), name="segment_member_now"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["segment", "entered_at"], name="segment_member_entered")]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.customer_id}"
