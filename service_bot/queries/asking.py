"""What the bot would do: one function for chat, hit test and evaluation.

The order: hand-off words and mood; the entry that was tapped; the customer's own orders and trips; facts of the catalogue
and of the knowledge, by thing and property, with what the talk is about; the FAQ; documents; then a suggestion, where one is
asked for. A language model, where configured, is only asked when all this is unsure, and only chooses.
"""

import dataclasses
import datetime as dt
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max
from django.utils.translation import gettext as _

from core import clock
from gateways.errors import LlmUnavailable
from messaging.understanding.acts import Focus, shared_parser
from messaging.understanding.mood import Talk, read_mood
from service_bot.choices import EntryKind, EntryState
from service_bot.models import Alias, Entry, Fact, LabelledQuestion
from service_bot.queries import catalogue
from service_bot.queries.own import Own, own_candidates, own_of
from service_bot.queries.passages import search_passages
from service_bot.queries.recommending import wants_custom, wants_idea
from service_bot.retrieval.attributes import STRONG
from service_bot.retrieval.facts import FactBase, Turn
from service_bot.retrieval.faq import Faq, Label
from service_bot.retrieval.features import Entry as Answerable
from service_bot.retrieval.verdict import DEFAULT
from service_bot.rules.moves import Candidate, Choice, Decision, Feeling, Move, decide, gate

Pairs = Sequence[tuple[str, str]]
Chooser = Callable[[str, Pairs, Pairs], Choice | None]
logger = logging.getLogger(__name__)
LOOKED_AT = 2_000  # characters of a question that are read
_lock = threading.Lock()
_kept: dict[str, tuple[Any, Any]] = {}  # name -> (version, what was built from it)


@dataclass(frozen=True)
class Asked:
    """What the customer said (a merged burst), what was said before, and what the talk is about.

    `earlier` are the customer's own earlier messages; `choice` is a tapped menu entry; `domain` the kind of place talked
    about. `leave_out`: judge a labelled question as if it had not been learned.
    """

    text: str
    talk: Sequence[Turn] = ()
    product_code: str = ""
    failed_before: int = 0
    customer_id: int | None = None
    earlier: Sequence[str] = ()
    choice: str = ""
    domain: str = ""
    in_dispute: bool = False
    waited: bool = False
    leave_out: bool = False


def answer(asked: Asked, day: dt.date | None = None, choose: Chooser | None = None) -> Decision:
    """The bot's move on what it knows on that day (today in Shanghai). Reads only.

    `choose` asks a language model (`service_bot.ai.choose`) where the bot alone is unsure; it may raise LlmUnavailable.
    """
    today = day or clock.today()
    asked = dataclasses.replace(asked, text=asked.text[:LOOKED_AT])
    feeling = feel(asked)
    decided = gate(asked.text, feeling)
    if decided is not None:
        return decided
    if asked.choice and (chosen := entry_candidate(asked.choice, today)):
        return Decision(Move.ANSWER, chosen.source, (chosen,), feeling)
    acts = _acts(asked)
    decision = _looked_up(asked, own_of(asked.customer_id, today), today, feeling)
    if choose is not None and decision.move in (Move.MENU, Move.HUMAN):
        decision = _with_model(asked, decision, today, choose)
    return dataclasses.replace(decision, acts=acts)


def _looked_up(asked: Asked, own: Own, today: dt.date, feeling: Feeling) -> Decision:
    own_ones = own_candidates(asked.customer_id, asked.text, own, today)
    if own_ones:
        return Decision(Move.ANSWER, "own", tuple(own_ones[:1]), feeling)
    candidates = [*_catalogue(asked, today), *_facts(asked, today)]
    if not candidates and wants_custom(asked.text):
        return Decision(Move.OFFER, "custom", feeling=feeling)
    if not any(one.certain for one in candidates):
        candidates += [*_faq(asked, today), *_passages(asked, today)]
    if wants_idea(asked.text) and not any(one.certain for one in candidates):
        return Decision(Move.OFFER, "idea", tuple(candidates[:3]), feeling)
    return decide(asked.text, candidates, asked.failed_before, feeling)


def feel(asked: Asked) -> Feeling:
    """How the customer feels, with the course of the talk."""
    talk = Talk(tuple(asked.earlier), asked.failed_before, asked.waited, asked.in_dispute)
    mood = read_mood(asked.text, talk)
    return Feeling(mood.level, mood.score, mood.reasons)


def _acts(asked: Asked) -> tuple[tuple[str, str, str, str], ...]:
    """What the customer does with which slot; nothing for words that are too long to be one request."""
    if len(asked.text) > 300:
        return ()
    return tuple(act.key for act in shared_parser().parse(asked.text, Focus(asked.domain)))


def entry_candidate(key: str, today: dt.date) -> Candidate | None:
    """The entry behind `source:id`, if it may be said today."""
    _source, _colon, number = key.partition(":")
    row = Entry.objects.valid_on(today).filter(pk=int(number)).first() if number.isdigit() and len(number) < 18 else None
    return Candidate(row.kind, str(row.pk), row.question, row.answer, 1.0, certain=True) if row else None


def _with_model(asked: Asked, decision: Decision, today: dt.date, choose: Chooser) -> Decision:
    """Let a model choose among what was found, or word the question so that it can be found. Its absence changes nothing."""
    options = [(one.key, one.title) for one in decision.candidates]
    talk = [("agency" if turn.ours else "customer", turn.text) for turn in asked.talk]
    try:
        choice = choose(asked.text, options, talk)
    except LlmUnavailable as error:
        logger.info("the bot goes on without a model: %s", error)
        return dataclasses.replace(decision, note=f"model: {error.errcode}"[:40])
    if choice is None:
        return decision
    chosen = next((one for one in decision.candidates if one.key == choice.id), None)
    if chosen is not None:
        return dataclasses.replace(decision, move=Move.ANSWER, reason=chosen.source, candidates=(chosen,), note="model chose")
    if choice.rewritten and choice.rewritten != asked.text:
        reworded = dataclasses.replace(asked, text=choice.rewritten)
        again = _looked_up(reworded, own_of(None, today), today, decision.feeling)
        if again.move == Move.ANSWER:
            return dataclasses.replace(again, note="model reworded")
    return dataclasses.replace(decision, note="model: none")


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
    labels = LabelledQuestion.objects.filter(is_golden=False, kind__in=["answer", "none"])
    version = (
        today, asked.product_code, tuple(entries.aggregate(n=Count("id"), at=Max("updated_at")).values()),
        tuple(labels.aggregate(n=Count("id"), at=Max("created_at")).values()),
    )  # fmt: skip
    if not version[2][0]:
        return []
    faq: Faq = _remember(f"faq:{asked.product_code}", version, lambda: build_faq(entries, labels))
    hits = faq.ask(asked.text, leave_out=asked.leave_out)
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


def build_faq(entries: Any, labels: Any) -> Faq:
    """The FAQ over these rows, with the labels that still name one of them."""
    answerable = [Answerable(str(row.pk), row.question, row.answer, tuple(row.similar)) for row in entries.order_by("id")]
    known = {entry.id for entry in answerable}
    taught = [Label(row.question, str(row.entry_id or "")) for row in labels.order_by("id")]
    return Faq(answerable, [label for label in taught if not label.id or label.id in known])


def _catalogue(asked: Asked, today: dt.date) -> list[Candidate]:
    version = catalogue.names(today)
    if not version[1] and version[2] is None:
        return []
    base, things = _remember("catalogue", version, lambda: catalogue.build(version))
    return catalogue.facts_of(base, things, asked.text, asked.talk)


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
            "fact", str(row.pk), f"{row.entity} · {row.attribute}", fact_text(row), 0.97 if hit.named else 0.95, certain=True,
            entity=row.entity,
        )
        for row in valid[:1]
    ]  # fmt: skip


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
