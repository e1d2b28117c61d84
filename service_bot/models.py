"""What the bot knows: entries and their search index, facts about things, other names of things, labelled questions."""

import datetime as dt
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from service_bot.choices import DocumentFormat, EntryKind, EntryState, Phase, QuestionKind
from service_bot.models_turns import CannedReply, EvaluationResult, EvaluationRun, Turn
from staff.models import User

__all__ = [
    "Alias", "CannedReply", "Document", "Entry", "EvaluationResult", "EvaluationRun", "Fact", "LabelledQuestion", "PostingList",
    "Turn",
]  # fmt: skip


class Document(models.Model):
    """A file or pasted text that was cut into passages. The same text is read once (`content_sha256`)."""

    title = models.CharField(_("title"), max_length=200)
    format = models.CharField(max_length=8, choices=DocumentFormat.choices)
    content_sha256 = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")

    def __str__(self) -> str:
        return self.title


class EntryQuerySet(models.QuerySet["Entry"]):
    """Pieces of knowledge."""

    def valid_on(self, day: dt.date) -> "EntryQuerySet":
        """Approved, and inside its dates on that day (Shanghai's)."""
        return self.filter(
            Q(valid_from__isnull=True) | Q(valid_from__lte=day),
            Q(valid_to__isnull=True) | Q(valid_to__gte=day),
            state=EntryState.APPROVED,
        )


class Entry(models.Model):
    """One answer: of the FAQ with the ways to ask for it, a policy, or a passage of a document.

    `product_code` narrows it to one product; empty means the whole agency. `valid_to` is the last day on which it holds.
    """

    kind = models.CharField(_("kind"), max_length=8, choices=EntryKind.choices)
    question = models.CharField(_("question"), max_length=200)
    similar = ArrayField(models.CharField(max_length=200), verbose_name=_("similar questions"), default=list, blank=True)
    answer = models.TextField(_("answer"), max_length=4000)
    document = models.ForeignKey(Document, null=True, blank=True, on_delete=models.CASCADE, related_name="passages")
    place = models.PositiveIntegerField(default=0)
    state = models.CharField(_("state"), max_length=8, choices=EntryState.choices, default=EntryState.DRAFT)
    owner = models.ForeignKey(User, verbose_name=_("owner"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    review_on = models.DateField(_("review by"), null=True, blank=True)
    phase = models.CharField(_("phase"), max_length=6, choices=Phase.choices, default=Phase.ANY)
    product_code = models.CharField(_("only for product"), max_length=20, blank=True, default="")
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid until"), null=True, blank=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    updated_at = models.DateTimeField(db_default=models.functions.Now())

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("piece of knowledge")
        verbose_name_plural = _("knowledge")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="entry_dates",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["kind", "state", "-updated_at"], name="entry_browse")]

    def __str__(self) -> str:
        return self.question


class PostingList(models.Model):
    """Where a term occurs: the entries of one kind that were indexed together, and BM25's weight of the term in each.

    Rarity is reckoned when somebody asks: the sizes of a term's lists say in how many entries it occurs. One row for a term
    and a batch, because rows are what indexing costs: a thousand passages hold 470,000 pairs of term and passage, but
    117,000 terms. `term` is a 64-bit hash of the
    term; two terms in one slot would need a collision among a few million.
    """

    kind = models.CharField(max_length=8)
    term = models.BigIntegerField()
    entries = ArrayField(models.BigIntegerField())
    weights = ArrayField(models.FloatField())
    size = models.IntegerField()

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        indexes: ClassVar = [models.Index(fields=["kind", "term"], include=["size"], name="posting_list_lookup")]

    def __str__(self) -> str:
        return f"{self.term} in {len(self.entries)} entries"


class Fact(models.Model):
    """What is true of a thing between two dates: (故宫, 门票, 60元). Figures are only ever said from such a row."""

    entity = models.CharField(_("thing"), max_length=120)
    attribute = models.CharField(_("property"), max_length=40)
    value = models.TextField(_("value"), max_length=4000)
    source = models.CharField(_("source"), max_length=200, blank=True, default="")
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid until"), null=True, blank=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("fact")
        verbose_name_plural = _("facts")
        indexes: ClassVar = [models.Index(fields=["entity", "attribute"], name="fact_lookup")]

    def __str__(self) -> str:
        return f"{self.entity} · {self.attribute}"


class Alias(models.Model):
    """Another name by which people call a thing."""

    alias = models.CharField(_("other name"), max_length=120)
    entity = models.CharField(_("thing"), max_length=120)

    class Meta:
        verbose_name = _("other name")
        verbose_name_plural = _("other names")
        constraints: ClassVar = [models.UniqueConstraint(fields=["alias", "entity"], name="alias_once")]

    def __str__(self) -> str:
        return self.alias


class LabelledQuestion(models.Model):
    """A question whose right answer a person named; no entry means that the bot must not answer it.

    `kind` says what it must get; `expected` is what a fact's answer must hold. Golden questions only judge: the bot never
    learns them, so that they measure what it does with words it has not seen.
    """

    question = models.CharField(_("question"), max_length=400, unique=True)
    entry = models.ForeignKey(Entry, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(_("must get"), max_length=8, choices=QuestionKind.choices, default=QuestionKind.ANSWER)
    expected = models.CharField(_("the answer holds"), max_length=120, blank=True, default="")
    topic = models.CharField(_("topic"), max_length=40, blank=True, default="")
    is_golden = models.BooleanField(_("golden"), default=False)
    source = models.CharField(_("source"), max_length=20, default="import")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("labelled question")
        verbose_name_plural = _("labelled questions")

    def __str__(self) -> str:
        return self.question
