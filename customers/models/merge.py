"""Two records become one person: the merge, what it moved, and the questions that wait for staff."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.choices import ReviewReason, ReviewState
from customers.models.customer import Customer
from staff.models import User


class Merge(models.Model):
    """One merge: who was absorbed by whom, why, by whom (nobody: a strong key), and whether it was undone."""

    survivor = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    absorbed = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    evidence = models.JSONField(default=list)
    source = models.CharField(max_length=40, blank=True, default="")
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["absorbed"], condition=Q(undone_at__isnull=True), name="merge_once"),
            models.CheckConstraint(condition=~Q(survivor=F("absorbed")), name="merge_two"),
        ]

    def __str__(self) -> str:
        return f"{self.absorbed_id} -> {self.survivor_id}"


class MergeMove(models.Model):
    """What a merge did to one table: keys of rows moved, columns changed (old and new), rows removed and added."""

    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, related_name="moves")
    place = models.CharField(max_length=120)
    moved = models.JSONField(default=list)
    changed = models.JSONField(default=list)
    removed = models.JSONField(default=list)
    added = models.JSONField(default=list)

    class Meta:
        verbose_name = _("merge move")
        verbose_name_plural = _("merge moves")

    def __str__(self) -> str:
        return f"{self.merge_id}: {self.place}"


class EventHome(models.Model):
    """An event recorded after a merge under an identity that came from the absorbed side: undo sends it home."""

    pk = models.CompositePrimaryKey("key", "occurred_at")
    key = models.UUIDField()
    occurred_at = models.DateTimeField()
    home_id = models.BigIntegerField(db_index=True)

    class Meta:
        verbose_name = _("event's home")
        verbose_name_plural = _("events' homes")


class MergeReview(models.Model):
    """A question for staff: are these two one person? One row per pair; "two people" is remembered for ever.

    The pair keeps its original ids; whoever has been absorbed since counts as the survivor.
    """

    left = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    right = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=20, choices=ReviewReason.choices)
    evidence = models.JSONField(default=list)
    source = models.CharField(max_length=40, blank=True, default="")
    state = models.CharField(max_length=10, choices=ReviewState.choices, default=ReviewState.OPEN)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("merge review")
        verbose_name_plural = _("merge reviews")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["left", "right"], name="review_pair"),
            models.CheckConstraint(condition=Q(left__lt=F("right")), name="review_order"),
        ]
        indexes: ClassVar = [models.Index(fields=["created_at", "id"], condition=Q(state="open"), name="review_open")]

    def __str__(self) -> str:
        return f"{self.left_id} ? {self.right_id}"
