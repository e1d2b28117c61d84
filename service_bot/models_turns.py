"""What the bot did and how good it was: turns, runs of an evaluation, canned replies."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from messaging.models import Conversation, Line
from service_bot.choices import GapState, RunState, Verdict
from staff.models import User


class Turn(models.Model):
    """One decision of the bot: what was asked (a merged burst), what it did and why, how sure it was, how long it took.

    `candidates` are [{source, id, title, probability}]; `gap` says whether somebody should teach something because of it.
    """

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+", db_index=False)
    asked = models.ForeignKey(Line, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    reply = models.ForeignKey(Line, null=True, on_delete=models.SET_NULL, related_name="+")
    question = models.TextField(max_length=2000)
    move = models.CharField(max_length=8)
    reason = models.CharField(max_length=24)
    source = models.CharField(max_length=8, blank=True, default="")
    source_id = models.CharField(max_length=40, blank=True, default="")
    probability = models.FloatField(null=True)
    candidates = models.JSONField(default=list)
    mood = models.PositiveSmallIntegerField(default=0)
    mood_score = models.FloatField(default=0)
    mood_reasons = models.JSONField(default=list)
    acts = models.JSONField(default=list)
    phase = models.CharField(max_length=6, blank=True, default="")
    took_ms = models.PositiveIntegerField(default=0)
    model_note = models.CharField(max_length=40, blank=True, default="")
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict.choices, blank=True, default="")
    gap = models.CharField(max_length=8, choices=GapState.choices, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("turn of the assistant")
        verbose_name_plural = _("turns of the assistant")
        indexes: ClassVar = [
            models.Index(fields=["conversation", "id"], name="turn_order"),
            models.Index(fields=["-at"], condition=Q(gap="open"), name="turn_gap"),
            models.Index(fields=["-at"], name="turn_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.move}: {self.reason}"


class EvaluationRun(models.Model):
    """The labelled questions put to the bot once. `figures` are the measured numbers, `state` how far it got."""

    name = models.CharField(_("name"), max_length=60)
    state = models.CharField(max_length=8, choices=RunState.choices, default=RunState.WAITING)
    only_golden = models.BooleanField(default=False)
    with_model = models.BooleanField(default=False)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    figures = models.JSONField(default=dict)
    error = models.CharField(max_length=200, blank=True, default="")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("evaluation run")
        verbose_name_plural = _("evaluation runs")

    def __str__(self) -> str:
        return self.name


class EvaluationResult(models.Model):
    """One question of a run. `outcome`: right, wrong, false_answer, menu_hit, menu_miss, held_back, human_right, human_missed…"""

    run = models.ForeignKey(EvaluationRun, on_delete=models.CASCADE, related_name="results", db_index=False)
    question = models.CharField(max_length=400)
    kind = models.CharField(max_length=8)
    topic = models.CharField(max_length=40, blank=True, default="")
    expected = models.CharField(max_length=200, blank=True, default="")
    got = models.CharField(max_length=200, blank=True, default="")
    move = models.CharField(max_length=8)
    outcome = models.CharField(max_length=16)
    probability = models.FloatField(null=True)
    took_ms = models.FloatField(default=0)

    class Meta:
        verbose_name = _("result of an evaluation")
        verbose_name_plural = _("results of evaluations")
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "question"], name="evaluation_result_once")]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.question}"


class CannedReply(models.Model):
    """A ready sentence of the desk, called by `/shortcut`; {name} and {agent} are filled in."""

    shortcut = models.SlugField(_("shortcut"), max_length=20, unique=True, allow_unicode=True)
    title = models.CharField(_("title"), max_length=60)
    text = models.TextField(_("text"), max_length=1000)
    uses = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("canned reply")
        verbose_name_plural = _("canned replies")

    def __str__(self) -> str:
        return self.title
