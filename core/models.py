"""The ledger: what happened (Event), what is to be done (Job), which POST was already answered."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.choices import JobState, Lane


class Event(models.Model):
    """A fact that happened to a customer at a time. Appended once, never changed.

    The table is partitioned by month of `occurred_at` (UTC); see migration 0002. `key` is the client's
    uuid, or derived from the fact's text key; a retry must resend the same `occurred_at`.
    `customer_id` carries no foreign key: core knows no customers, and facts outlive them.
    """

    pk = models.CompositePrimaryKey("key", "occurred_at")
    key = models.UUIDField()
    occurred_at = models.DateTimeField()
    kind = models.CharField(max_length=64)
    customer_id = models.BigIntegerField(null=True)
    props = models.JSONField(default=dict)
    source = models.CharField(max_length=32, default="app")
    recorded_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes: ClassVar = [
            models.Index(fields=["customer_id", "occurred_at"], name="event_customer_time"),
            BrinIndex(fields=["occurred_at"], name="event_time_brin"),
            BrinIndex(fields=["recorded_at"], name="event_recorded_brin"),
        ]


class Job(models.Model):
    """Work to do once, now or later. The row is the ledger; a Celery message is only the doorbell."""

    lane = models.CharField(max_length=8, choices=Lane.choices, default=Lane.USUAL)
    function = models.CharField(max_length=120)
    key = models.CharField(max_length=200, unique=True)
    args = models.JSONField(default=dict)
    coalesce = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=JobState.choices, default=JobState.PENDING, db_default=JobState.PENDING)
    run_at = models.DateTimeField(db_default=models.functions.Now())
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    error = models.TextField(default="", db_default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes: ClassVar = [
            models.Index(fields=["lane", "run_at", "id"], condition=Q(state="pending"), name="job_pending"),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="job_running"),
            models.Index(fields=["finished_at"], condition=Q(state__in=["done", "failed"]), name="job_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.function} [{self.key}]"


class IdempotencyRecord(models.Model):
    """The answer already given to a POST with this key, so that a retry gets the same one."""

    scope = models.CharField(max_length=80)
    key = models.CharField(max_length=100)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("idempotency record")
        verbose_name_plural = _("idempotency records")
        constraints: ClassVar = [models.UniqueConstraint(fields=["scope", "key"], name="idempotency_scope_key")]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"
