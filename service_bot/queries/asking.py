"""What the bot would say: one function for chat, hit test and evaluation."""

import datetime as dt
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max
from django.utils.translation import gettext as _

from core import clock
from service_bot.choices import EntryKind, EntryState
from service_bot.models import Alias, Entry, Fact, LabelledQuestion
from service_bot.queries.passages import search_passages
from service_bot.retrieval.attributes import STRONG
from service_bot.retrieval.facts import FactBase, Turn
from service_bot.retrieval.faq import Faq, Label
from service_bot.retrieval.features import Entry as Answerable
from service_bot.retrieval.verdict import DEFAULT
from service_bot.rules.moves import Candidate, Decision, decide

_lock = threading.Lock()
_kept: dict[str, tuple[Any, Any]] = {}  # name -> (version, what was built from it)


@dataclass(frozen=True)
class Asked:
    """What the customer said (a merged burst), what was said before, and what the talk is about."""

    text: str
    talk: Sequence[Turn] = ()
    product_code: str = ""
    failed_before: int = 0


def answer(asked: Asked, day: dt.date | None = None) -> Decision:
    """The bot's move on what it knows on that day (today in Shanghai). Reads only."""
    today = day or clock.today()
    candidates = [*_facts(asked, today), *_faq(asked, today), *_passages(asked, today)]
    return decide(asked.text, candidates, asked.failed_before)


def _remember(name: str, version: Any, build: Any) -> Any:
    """What was built for this version; built anew when the version is another. The version is in the database, so that
    every process notices at its next question."""
    kept = _kept.get(name)
    if kept is None or kept[0] != version:
        with _lock:
            kept = (version, build())
            _kept[name] = kept
    return kept[1]


def _faq(asked: Asked, today: dt.date) -> list[Candidate]:
    entries = Entry.objects.valid_on(today).filter(
        kind__in=[EntryKind.FAQ, EntryKind.POLICY], product_code__in=["", asked.product_code]
    )
    labels = LabelledQuestion.objects.all()
    version = (
        today, asked.product_code, tuple(entries.aggregate(n=Count("id"), at=Max("updated_at")).values()),
        tuple(labels.aggregate(n=Count("id"), at=Max("created_at")).values()),
    )  # fmt: skip
    if not version[2][0]:
        return []
    faq: Faq = _remember(f"faq:{asked.product_code}", version, lambda: _build_faq(entries, labels))
    hits = faq.ask(asked.text)
    rows = {str(row.pk): row for row in Entry.objects.filter(pk__in=[int(hit.id) for hit in hits])}
    return [
        Candidate(
            rows[hit.id].kind,
            hit.id,
            rows[hit.id].question,
            rows[hit.id].answer,
            hit.probability,
            place == 0 and faq.answers(hits),
        )
        for place, hit in enumerate(hits)
        if hit.id in rows
    ]


def _build_faq(entries: Any, labels: Any) -> Faq:
    answerable = [Answerable(str(row.pk), row.question, row.answer, tuple(row.similar)) for row in entries.order_by("id")]
    known = {entry.id for entry in answerable}
    taught = [Label(row.question, str(row.entry_id or "")) for row in labels.order_by("id")]
    return Faq(answerable, [label for label in taught if not label.id or label.id in known])


def _facts(asked: Asked, today: dt.date) -> list[Candidate]:
    facts = Fact.objects.filter()
    version = (*facts.aggregate(n=Count("id"), at=Max("id")).values(), Alias.objects.count())
    if not version[0]:
        return []
    base: FactBase = _remember(
        "facts",
        version,
        lambda: FactBase(facts.values_list("entity", "attribute").distinct(), Alias.objects.values_list("alias", "entity")),
    )
    hits = base.ask(asked.text, asked.talk, most=1)
    if not hits or hits[0].strength < STRONG * 0.9:
        return []
    hit = hits[0]
    rows = Fact.objects.filter(entity=hit.entity, attribute=hit.attribute).order_by("-id")
    valid = [
        row for row in rows if (not row.valid_from or row.valid_from <= today) and (not row.valid_to or row.valid_to >= today)
    ]
    return [
        Candidate(
            "fact", str(row.pk), f"{row.entity} · {row.attribute}", fact_text(row), 0.97 if hit.named else 0.95, certain=True
        )
        for row in valid[:1]
    ]


def fact_text(row: Fact) -> str:
    """The sentence that says a fact; every figure in it is the row's."""
    return _("%(entity)s, %(attribute)s: %(value)s") % {"entity": row.entity, "attribute": row.attribute, "value": row.value}


def _passages(asked: Asked, today: dt.date) -> list[Candidate]:
    found = search_passages(EntryKind.DOCUMENT, asked.text)
    if found.features is None:
        return []
    rows = {row.pk: row for row in Entry.objects.valid_on(today).filter(pk__in=found.entries[:3], state=EntryState.APPROVED)}
    first = DEFAULT.probability(found.features)
    return [
        Candidate(
            "doc",
            str(pk),
            rows[pk].question or rows[pk].answer[:30],
            rows[pk].answer,
            first / (1 + 2 * place),
            place == 0 and first >= DEFAULT.threshold,
        )
        for place, pk in enumerate(found.entries[:3])
        if pk in rows
    ]
