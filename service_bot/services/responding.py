"""One turn of the bot: read the burst, decide without a lock, act under it if nothing has happened since.

What was decided for an older state of the talk is dropped: the message that changed it has a job of its own. So late jobs,
doubled bells and bursts lead to one answer, and none after a takeover.
"""

import dataclasses
import datetime as dt
import time
import unicodedata
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from core import clock
from core.choices import Lane
from core.errors import Later, Refused
from core.jobs import enqueue, job
from gateways.llm import llm
from itinerary.services.requests import capture_requirement, next_question
from messaging.choices import Author, ChatKind, ChatState, LineState
from messaging.models import ChatCard, Conversation, Line
from messaging.queries_chat import Burst, asks_for_rating, budget_of, lines_of, turns_of, unanswered
from messaging.services.chat_states import close, rate
from messaging.services.chats import Words, keep_focus, say
from messaging.understanding.acts import Act, Focus
from orders.models import Refund
from service_bot import words as told
from service_bot.ai import choose
from service_bot.choices import GapState
from service_bot.models import Turn
from service_bot.queries.asking import Asked, answer
from service_bot.queries.own import own_of
from service_bot.queries.recommending import Offer, offers, slots_of
from service_bot.retrieval.facts import Turn as Said
from service_bot.rules import guard
from service_bot.rules.moves import Candidate, Decision, Move
from service_bot.services.cards import offer_card
from service_bot.services.handing import hand_over

CARD_PAUSE = 6  # lines between two cards that nobody asked for
WRITTEN = ("faq", "policy", "doc")  # knowledge that somebody wrote or imported
TRIP_SLOTS = ("destinations", "themes", "days", "budget_amount", "children_ages", "elders", "start_date", "start_month")


@dataclasses.dataclass(frozen=True)
class Moment:
    """The talk as it was when the bot began to think."""

    conversation: Conversation
    burst: Burst
    asked: Asked


def respond_soon(conversation_id: int) -> None:
    """The customer wrote: answer once they pause. One waiting job per conversation, however many messages there are."""
    enqueue(respond, key=str(conversation_id), run_at=clock.now() + _burst(), conversation_id=conversation_id)


@job(Lane.CHAT, coalesce=True)
def respond(conversation_id: int) -> None:
    """Take the bot's turn, if it is the bot's. Safe to run at any time and twice."""
    moment = _moment(conversation_id)
    if moment is None:
        return
    quiet_in = (moment.conversation.last_in_at + _burst() - clock.now()).total_seconds()
    if quiet_in > 0:
        raise Later(quiet_in, "the customer is still writing")
    started = time.monotonic()
    decision = answer(moment.asked, choose=choose if llm().enabled else None)
    decision = _of_trip(moment, decision)
    _act(moment, decision, round((time.monotonic() - started) * 1000))


def _burst() -> dt.timedelta:
    return dt.timedelta(seconds=settings.CHAT_BURST_SECONDS)


def _moment(conversation_id: int) -> Moment | None:
    conversation = Conversation.objects.select_related("customer").filter(pk=conversation_id, state=ChatState.BOT).first()
    burst = unanswered(conversation_id) if conversation else None
    if conversation is None or burst is None:
        return None
    before = [line for line in lines_of(conversation_id, 40) if line.pk < burst.lines[0].pk and line.author != Author.NOTE]
    talk = [Said(line.text, line.author != Author.CUSTOMER, str(line.payload.get("entity", ""))) for line in before[-6:]]
    disputed = Refund.objects.filter(payment__order__customer=conversation.customer_id, state__in=["requested", "processing"])
    asked = Asked(
        burst.text, talk, failed_before=conversation.failed, customer_id=conversation.customer_id,
        earlier=[line.text for line in before if line.author == Author.CUSTOMER and line.at >= conversation.opened_at],
        choice=burst.choice, domain=str(conversation.focus.get("domain", "")), in_dispute=disputed.exists(),
    )  # fmt: skip
    return Moment(conversation, burst, asked)


def _of_trip(moment: Moment, decision: Decision) -> Decision:
    """In the middle of telling a trip, what is no other question belongs to the trip."""
    asking = moment.conversation.focus.get("asking", "")
    unclear = decision.move in (Move.MENU, Move.ASK) or (
        decision.move == Move.HUMAN and decision.reason in ("unknown", "failed_twice")
    )
    if asking and unclear and not moment.asked.choice and decision.feeling.level < 2:
        return dataclasses.replace(decision, move=Move.OFFER, reason=str(asking), candidates=())
    return decision


# --- acting ------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Done:
    """What came of a decision: the line, how the talk goes on."""

    line: Line | None = None
    failed: int = 0
    asking: str = ""
    entity: str = ""


def _act(moment: Moment, decision: Decision, took_ms: int) -> None:
    """Say it, or hand over, and note the turn: one transaction, refused as a whole when the talk has moved on."""
    try:
        with transaction.atomic():
            done = _DEEDS[decision.move](moment, decision)
            if done is None or (done.line is not None and Turn.objects.filter(reply=done.line).exists()):
                return  # a job that came twice: said and noted already
            _keep(moment, decision, done, took_ms)
    except Refused as refused:
        if refused.code == "budget":
            hand_over(moment.conversation, "budget", decision.feeling, version=moment.conversation.version)
        elif refused.code != "taken_over":
            raise


def _say(moment: Moment, words: Words) -> Line:
    """The bot's line of this turn: one per newest message of the customer, only while nothing has happened since."""
    key = f"turn:{moment.conversation.pk}:{moment.burst.last.pk}"
    return say(moment.conversation.pk, words, author=Author.BOT, version=moment.conversation.version, key=key)


def _answer(moment: Moment, decision: Decision) -> Done | None:
    candidate = decision.candidates[0]
    if held_back(candidate):
        return _person(moment, dataclasses.replace(decision, reason="held_back"))
    if candidate.source == "person":
        return _person(moment, dataclasses.replace(decision, reason="asked_for_person"))
    payload = {
        "cites": [_cited(candidate)],
        "reason": decision.reason,
        **({"entity": candidate.entity} if candidate.entity else {}),
    }
    line = _say(moment, Words(candidate.text, ChatKind.TEXT, payload))
    if decision.reason not in ("own", "product"):
        _offer_beside(moment, decision)
    return Done(line, entity=candidate.entity)


def _cited(candidate: Candidate) -> dict[str, Any]:
    return {"id": candidate.key, "title": candidate.title[:80], "probability": round(candidate.probability, 3)}


def allowed_hosts() -> list[str]:
    """Hosts whose addresses we may say: our own, and those the agency named."""
    own = guard.hosts_of(settings.PUBLIC_URL) or [settings.PUBLIC_URL.split("//")[-1].split(":")[0]]
    return [*own, *settings.CHAT_HOSTS]


def held_back(candidate: Candidate) -> str:
    """Why a candidate may not be said; empty when it may. Mobile numbers may stand in rows, not in written knowledge."""
    written = settings.CHAT_PHONES if candidate.source in WRITTEN else None
    return guard.complaint(f"{candidate.title}\n{candidate.text}", allowed_hosts(), written)


def _may_be_offered(product: Any, reasons: Sequence[str] = ()) -> bool:
    """Whether a product's own words may stand in a card; a poisoned feed or a slip of a colleague stays with us."""
    words = "\n".join([product.name, product.subtitle, *reasons])
    return not guard.complaint(words, allowed_hosts(), settings.CHAT_PHONES)


def _menu(moment: Moment, decision: Decision) -> Done | None:
    offered = [one for one in decision.candidates if not held_back(one)]
    if not offered:
        return _person(moment, dataclasses.replace(decision, reason="held_back"))
    options = [{"id": one.key, "title": one.title[:60]} for one in offered]
    options.append({"id": told.TO_PERSON[0], "title": told.TO_PERSON[1]})
    payload = {"options": options, "cites": [_cited(one) for one in offered], "reason": decision.reason}
    return Done(_say(moment, Words(told.MENU, ChatKind.MENU, payload)), failed=moment.conversation.failed + 1)


def _ask(moment: Moment, decision: Decision) -> Done:
    line = _say(moment, Words(decision.question or told.NO_WORDS, payload={"reason": decision.reason}))
    return Done(line, failed=moment.conversation.failed + 1)


def _greet(moment: Moment, decision: Decision) -> Done:
    return Done(_say(moment, Words(told.greeting(moment.asked.text), payload={"reason": "greeting"})), moment.conversation.failed)


def _person(moment: Moment, decision: Decision) -> Done | None:
    handed = hand_over(moment.conversation, decision.reason, decision.feeling, version=moment.conversation.version)
    return Done() if handed else None


def _offer(moment: Moment, decision: Decision) -> Done | None:
    if decision.feeling.level >= 2 or (decision.feeling.level == 1 and decision.reason == "idea"):
        return _person(moment, decision)
    return _custom(moment) if decision.reason == "custom" else _idea(moment, decision)


def _custom(moment: Moment) -> Done:
    """A trip of one's own: take the words into the request, ask for what is missing."""
    found = capture_requirement(customer=moment.conversation.customer, text=moment.asked.text)
    text = told.PLANNING if found.is_complete else next_question(found.ask) or told.PLANNING
    return Done(_say(moment, Words(text, payload={"reason": "custom"})), asking="" if found.is_complete else "custom")


def _idea(moment: Moment, decision: Decision) -> Done | None:
    turns = turns_of(moment.conversation.pk, 30)
    slots = slots_of(turns, clock.today())
    if not any(slots.get(name) for name in TRIP_SLOTS):
        return Done(_say(moment, Words(told.WHICH_TRIP, payload={"reason": "idea"})), asking="idea")
    found = _offers(moment, slots)
    if not found:
        handed = hand_over(
            moment.conversation, "custom", decision.feeling, version=moment.conversation.version, words=told.NOTHING_FITS
        )
        return Done() if handed else None
    one = found[0]
    why = "、".join(one.reasons[:3])
    text = f"{told.OFFER}{one.product.name}" + (f"（{why}）" if why else "")
    line = _say(moment, Words(text, payload={"reason": "idea", "entity": one.product.name}))
    _card(moment, one.product, one.departure, one.reasons)
    return Done(line, entity=one.product.name)


def _offers(moment: Moment, slots: dict[str, Any]) -> list[Offer]:
    """The best offer whose words may be said, if any."""
    found = offers(slots, moment.conversation.customer_id, most=3, shown=_shown(moment))
    return [one for one in found if _may_be_offered(one.product, one.reasons)][:1]


def _card(moment: Moment, product: Any, departure: Any, reasons: tuple[str, ...]) -> None:
    version = Conversation.objects.values_list("version", flat=True).get(pk=moment.conversation.pk)
    key = f"card:{moment.conversation.pk}:{moment.burst.last.pk}"
    offer_card(moment.conversation, product, departure, author=Author.BOT, reasons=reasons, version=version, key=key)


def _offer_beside(moment: Moment, decision: Decision) -> None:
    """A card that nobody asked for, beside an answer: only to a calm customer before a trip whose wish is known, once in a
    while, with no question open, and where the channel has room for it."""
    conversation = moment.conversation
    calm = decision.feeling.level == 0 and conversation.mood == 0 and not conversation.focus.get("asking")
    if not calm or moment.asked.in_dispute or (budget_of(conversation).total and budget_of(conversation).left < 3):
        return
    if own_of(conversation.customer_id, clock.today()).phase != "before" or _card_lately(conversation):
        return
    slots = slots_of(turns_of(conversation.pk, 30), clock.today())
    if not slots.get("destinations"):
        return
    for one in _offers(moment, slots):
        _card(moment, one.product, one.departure, one.reasons)


def _shown(moment: Moment) -> list[str]:
    found = ChatCard.objects.filter(line__conversation=moment.conversation, at__gte=moment.conversation.opened_at)
    return list(found.values_list("product_code", flat=True))


def _card_lately(conversation: Conversation) -> bool:
    return any(line.kind == ChatKind.CARD for line in lines_of(conversation.pk, CARD_PAUSE * 2))


_DEEDS = {
    Move.ANSWER: _answer, Move.MENU: _menu, Move.ASK: _ask, Move.GREET: _greet, Move.HUMAN: _person, Move.OFFER: _offer,
}  # fmt: skip


# --- noting ------------------------------------------------------------------------------------------------


def _keep(moment: Moment, decision: Decision, done: Done, took_ms: int) -> None:
    first = decision.candidates[0] if decision.candidates else None
    Turn.objects.create(
        conversation=moment.conversation, asked=moment.burst.last, reply=done.line, question=moment.asked.text[:2000],
        move=decision.move, reason=decision.reason[:24], source=first.source if first else "",
        source_id=first.id if first else "", probability=first.probability if first else None,
        candidates=[_cited(one) for one in decision.candidates], mood=decision.feeling.level,
        mood_score=decision.feeling.score, mood_reasons=list(decision.feeling.reasons), acts=[list(act) for act in decision.acts],
        phase=own_of(moment.conversation.customer_id, clock.today()).phase, took_ms=took_ms, model_note=decision.note[:40],
        gap=GapState.OPEN if _is_gap(decision) else "", at=clock.now(),
    )  # fmt: skip
    before = moment.conversation.focus
    acts = [Act(*act) for act in decision.acts]
    domain = Focus(str(before.get("domain", ""))).after(acts).domain
    focus = {"entity": done.entity or before.get("entity", ""), "domain": domain, "asking": done.asking}
    keep_focus(moment.conversation.pk, focus, mood=decision.feeling.level, failed=done.failed)


def _is_gap(decision: Decision) -> bool:
    """Something the bot should have known: it was unsure, or knew nothing; not what people asked people for."""
    return decision.move == Move.MENU or (
        decision.move == Move.HUMAN and decision.reason in ("unknown", "failed_twice", "held_back")
    )


@transaction.atomic
def note_menu_choice(line: Line) -> None:
    """A customer tapped an entry: the menu was right after all, and the words behind it are a wording of that answer."""
    Turn.objects.filter(conversation=line.conversation_id, move=Move.MENU, gap=GapState.OPEN).update(gap="")


def hear(line_id: int) -> None:
    """A message arrived: a number right after a closed service is its rating, all else is the bot's, if it has the talk."""
    line = Line.objects.select_related("conversation").filter(pk=line_id, state=LineState.RECEIVED).first()
    if line is not None and line.conversation.state == ChatState.BOT and not _rated(line):
        respond_soon(line.conversation_id)


@transaction.atomic
def _rated(line: Line) -> bool:
    """Take a typed 1 to 5 as the rating that the closing words asked for, and close again. Only as the very next message:
    in a talk that went on, "2" is how many people travel."""
    text = unicodedata.normalize("NFKC", line.text).strip().rstrip("分。.!！星")
    if len(text) != 1 or text not in "12345":
        return False
    earlier = Line.objects.filter(conversation=line.conversation_id, pk__lt=line.pk).exclude(author=Author.NOTE)
    last = earlier.order_by("-id").first()
    if last is None or not last.key.startswith("closed:") or not asks_for_rating(line.conversation):
        return False
    if rate(line.conversation, int(text)):
        say(line.conversation_id, Words(told.RATED), author=Author.SYSTEM, key=f"rated:{line.pk}")
        close(line.conversation_id, user=None, code="rated")
    return True
