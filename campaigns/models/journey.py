"""Journeys: what is planned for a customer step by step, who is on the way, and what each step did."""

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.choices import JourneyState, RunReason, RunState, StepOutcome
from campaigns.models.follow_up import FollowUp
from customers.models import Customer
from messaging.models import Message
from staff.models import User


def journey_salt() -> str:
    """Random text that makes one journey's hold-out and A/B tests independent of every other's."""
    return secrets.token_hex(8)


class Journey(models.Model):
    """A flow in the making (`draft`, counted by `revision`) and the version that people enter (`current`)."""

    name = models.CharField(_("name"), max_length=60)
    state = models.CharField(_("state"), max_length=8, choices=JourneyState.choices, default=JourneyState.DRAFT)
    template = models.CharField(max_length=20, blank=True, default="")
    draft = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=0)
    current = models.ForeignKey("JourneyVersion", null=True, on_delete=models.PROTECT, related_name="+")
    salt = models.CharField(max_length=32, default=journey_salt, editable=False)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    updated_at = models.DateTimeField(db_default=models.functions.Now())
    swept_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("journey")
        verbose_name_plural = _("journeys")
        indexes: ClassVar = [models.Index(fields=["-created_at"], name="journey_newest")]

    def __str__(self) -> str:
        return self.name


class JourneyVersion(models.Model):
    """A flow as it was published; never changed. `live_from` is since when what happened lets people in."""

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    flow = models.JSONField()
    live_from = models.DateTimeField()
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("version of a journey")
        verbose_name_plural = _("versions of journeys")
        constraints: ClassVar = [models.UniqueConstraint(fields=["journey", "number"], name="journey_version_number")]

    def __str__(self) -> str:
        return f"{self.journey_id} v{self.number}"


class JourneyRun(models.Model):
    """One person on their way through a journey, or why they were not let in. `key` says what let them in, once for ever.

    `step` is where they stand; `arrived_at` since when; `waits`: the step is a wait that has begun. `run_at` is when to look
    again. `subject_id` is the order that the journey is about (0: none), `starts_on` and `ends_on` the dates it is tied to.
    `facts` holds plain facts of the beginning (product code, order number), never words; `since_at` is when that happened, and
    what the customer did after it counts for exits and the goal, also before we came to hear of the beginning (`entered_at`).
    """

    key = models.CharField(max_length=160, unique=True)
    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="runs")
    version = models.ForeignKey(JourneyVersion, on_delete=models.CASCADE, related_name="runs")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=8, choices=RunState.choices)
    reason = models.CharField(max_length=12, choices=RunReason.choices, blank=True, default="")
    subject_id = models.BigIntegerField(default=0)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    facts = models.JSONField(default=dict)
    step = models.CharField(max_length=12, blank=True, default="")
    waits = models.BooleanField(default=False)
    arrived_at = models.DateTimeField(null=True)
    run_at = models.DateTimeField(null=True)
    skips = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True, default="")
    since_at = models.DateTimeField()
    entered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    goal_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("person in a journey")
        verbose_name_plural = _("people in journeys")
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(state="active") | Q(run_at__isnull=False), name="journey_run_goes_on")
        ]
        indexes: ClassVar = [
            models.Index(fields=["run_at", "id"], condition=Q(state="active"), name="journey_run_due"),
            models.Index(fields=["customer", "journey"], name="journey_run_customer"),
            models.Index(fields=["journey", "state", "-entered_at"], name="journey_run_list"),
            models.Index(fields=["subject_id"], condition=Q(state="active") & ~Q(subject_id=0), name="journey_run_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.journey_id}: {self.customer_id} {self.state}"


class JourneyStep(models.Model):
    """What one step did for one person, once. `detail` holds plain facts: the branch, a reason, a coupon's number."""

    run = models.ForeignKey(JourneyRun, on_delete=models.CASCADE, related_name="steps")
    step = models.CharField(max_length=12)
    outcome = models.CharField(max_length=8, choices=StepOutcome.choices)
    detail = models.JSONField(default=dict)
    message = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False)
    follow_up = models.ForeignKey(FollowUp, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("step of a person")
        verbose_name_plural = _("steps of people")
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "step"], name="journey_step_once")]

    def __str__(self) -> str:
        return f"{self.run_id}.{self.step} {self.outcome}"


class Occasion(models.Model):
    """A day that people travel or celebrate on, as the agency sees it: it wins over the calendar's day of that name and year."""

    name = models.CharField(_("name"), max_length=20)
    on = models.DateField(_("day"))
    note = models.CharField(_("note"), max_length=80, blank=True, default="")

    class Meta:
        verbose_name = _("occasion")
        verbose_name_plural = _("occasions")
        constraints: ClassVar = [models.UniqueConstraint(fields=["name", "on"], name="occasion_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.on}"
