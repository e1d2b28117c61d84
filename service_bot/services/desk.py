"""What people do at the desk: write, take, pass on, end, judge the assistant."""

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from core.errors import BadInput, Refused
from core.jobs import enqueue
from itinerary.models import QuoteVersion
from messaging.choices import Author, ChatState
from messaging.models import Agent, Conversation, Line
from messaging.services.chat_states import close, give_back, note_answer, queue, requeue, take
from messaging.services.chats import Words, mark_read, say, write_note
from service_bot.choices import GapState, Resolution, Skill, Verdict
from service_bot.models import CannedReply, Turn
from service_bot.services.assigning import assign_waiting
from service_bot.services.cards import card_of_code, offer_card
from service_bot.services.handing import summarise
from service_bot.words import BACK, CLOSING, RATE, TAKEN
from staff.models import User
from staff.services import write_audit


@transaction.atomic
def take_over(conversation: Conversation, user: User, *, force: bool = False) -> None:
    """Take the talk from the assistant, the queue, or with `force` (supervisors) from a colleague; the customer is told."""
    summary = summarise(conversation)
    taken = take(conversation.pk, user=user, force=force)
    Conversation.objects.filter(pk=conversation.pk).update(summary=summary)
    words = Words(TAKEN % f"{str(user)[:1]}顾问")
    say(conversation.pk, words, author=Author.SYSTEM, key=f"taken:{conversation.pk}:{taken.epoch}")
    write_audit(user, "chat.take", conversation.customer, {"conversation": conversation.pk})


def write(conversation: Conversation, user: User, text: str, *, canned: str = "") -> Line:
    """Send the customer what was typed; the first line of a person ends the wait."""
    line = say(conversation.pk, Words(text), author=Author.STAFF, user=user)
    note_answer(conversation.pk)
    if canned:
        CannedReply.objects.filter(shortcut=canned).update(uses=F("uses") + 1)
    return line


def add_note(conversation: Conversation, user: User, text: str) -> Line:
    """A note for colleagues."""
    return write_note(conversation.pk, text, user=user)


@transaction.atomic
def send_card(conversation: Conversation, user: User, kind: str, value: str) -> Line:
    """A card of a product, or a quote's link; Refused for what cannot be ordered now or is not this customer's."""
    if kind == "product":
        product, departure = card_of_code(value)
        line = offer_card(conversation, product, departure, author=Author.STAFF, user=user)
    elif kind == "quote" and value.isdigit() and len(value) < 18:
        quote = QuoteVersion.objects.filter(pk=int(value), quote__itinerary__customer=conversation.customer_id).first()
        if quote is None or not quote.token:
            raise Refused(_("There is no such quote of this customer."), "no_quote")
        text = _("Your proposal: %(url)s") % {"url": f"{settings.PUBLIC_URL}/p/{quote.token}"}
        line = say(conversation.pk, Words(text), author=Author.STAFF, user=user)
    else:
        raise BadInput(_("There is no such card."), {"kind": _("product or quote")})
    note_answer(conversation.pk)
    return line


@transaction.atomic
def pass_on(conversation: Conversation, user: User, skill: str) -> None:
    """Back into the queue for somebody with another skill; it keeps its place."""
    if skill not in Skill.values:
        raise BadInput(_("There is no such skill."), {"skill": _("choose one")})
    if conversation.assignee_id != user.pk or not requeue(conversation.pk, skill=skill):
        raise Refused(_("Take the conversation over first."), "not_yours")
    Conversation.objects.filter(pk=conversation.pk).update(summary=summarise(conversation))
    enqueue(assign_waiting, key="all")


@transaction.atomic
def to_bot(conversation: Conversation, user: User) -> None:
    """Let the assistant go on; the customer is told."""
    give_back(conversation.pk, user=user)
    epoch = Conversation.objects.values_list("epoch", flat=True).get(pk=conversation.pk)
    say(conversation.pk, Words(BACK), author=Author.SYSTEM, key=f"back:{conversation.pk}:{epoch}")
    enqueue(assign_waiting, key="all")


@transaction.atomic
def finish(conversation: Conversation, user: User, code: str) -> None:
    """End the talk with a resolution and ask for a rating; capacity is free for the next in the queue."""
    if code not in Resolution.values:
        raise BadInput(_("Choose how it ended."), {"code": _("choose one")})
    served = close(conversation.pk, user=user, code=code)
    epoch = Conversation.objects.values_list("epoch", flat=True).get(pk=conversation.pk)
    text = f"{CLOSING}{RATE}" if served else CLOSING
    say(conversation.pk, Words(text), author=Author.SYSTEM, key=f"closed:{conversation.pk}:{epoch}")
    enqueue(assign_waiting, key="all")


def seen(conversation: Conversation, user: User) -> None:
    """Its person has looked at it."""
    if conversation.assignee_id == user.pk and conversation.unread:
        mark_read(conversation)


@transaction.atomic
def judge(turn: Turn, user: User, verdict: str) -> None:
    """A person's word on a turn of the assistant; a wrong one goes to what must be learned."""
    if verdict not in Verdict.values:
        raise BadInput(_("Right or wrong?"))
    gap = GapState.OPEN if verdict == Verdict.WRONG else turn.gap
    Turn.objects.filter(pk=turn.pk).update(verdict=verdict, gap=gap)
    write_audit(user, "bot.verdict", turn.conversation.customer, {"turn": turn.pk, "verdict": verdict})


def settings_of(user: User, *, capacity: int, skills: list[str]) -> Agent:
    """How much and what an agent takes."""
    agent, _new = Agent.objects.get_or_create(user=user)
    kept = [skill for skill in skills if skill in Skill.values]
    Agent.objects.filter(pk=agent.pk).update(capacity=max(1, min(capacity, 30)), skills=kept)
    return agent


def ask_for_help(conversation: Conversation) -> bool:
    """Staff put a talk of the assistant into the queue by hand."""
    return conversation.state == ChatState.BOT and queue(conversation.pk, reason="by_staff", summary=summarise(conversation))


def keep_canned(user: User, values: dict[str, str]) -> CannedReply:
    """A new canned reply, or another text for a known shortcut."""
    row, _new = CannedReply.objects.update_or_create(
        shortcut=values["shortcut"], defaults={"title": values["title"], "text": values["text"], "created_by": user}
    )
    return row
