"""From the assistant to people: who is asked for, by when, what they read first, and what the customer reads."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.queries.products import holidays_of
from core import clock
from core.jobs import enqueue
from messaging.choices import Author, PauseReason
from messaging.models import Conversation
from messaging.queries_chat import turns_of
from messaging.services.chat_states import queue
from messaging.services.chats import Words, say
from messaging.services.pauses import pause_marketing
from orders.models import Order
from service_bot.choices import Skill
from service_bot.models import Turn
from service_bot.queries.recommending import slots_of
from service_bot.rules.hours import Hours, answer_due
from service_bot.rules.moves import Feeling
from service_bot.services.alerts import tell_supervisors
from service_bot.services.assigning import assign_waiting
from service_bot.words import handing_over

PAUSE = {2: dt.timedelta(days=7), 3: dt.timedelta(days=30)}
FESTIVAL = "春节"


def hours_of(at: dt.datetime) -> Hours:
    """The desk's hours: every day from nine to nine, but on the days of the Spring Festival."""
    year = clock.shanghai_date(at).year
    return Hours(closed_days=frozenset(day for day, name in holidays_of(year).items() if FESTIVAL in name))


def hand_over(
    conversation: Conversation, reason: str, feeling: Feeling | None = None, *, version: int | None = None, skill: str = "",
    words: str = "",
) -> bool:  # fmt: skip
    """Bring a person: queue the talk, tell the customer, let marketing rest if they are upset, tell the supervisor of the
    worst. One transaction; False when people have it already or something happened since `version`."""
    mood, now = feeling or Feeling(), clock.now()
    hours = hours_of(now)
    wanted = skill or (Skill.COMPLAINT if mood.level >= 2 else _skill_of(reason))
    with transaction.atomic():
        handed = queue(
            conversation.pk, reason=reason, skill=wanted, mood=mood.level, due_at=answer_due(now, mood.level, hours),
            summary=summarise(conversation), version=version,
        )  # fmt: skip
        if not handed:
            return False
        epoch = Conversation.objects.values_list("epoch", flat=True).get(pk=conversation.pk)
        told = words or handing_over(mood, hours.is_open(now))
        say(conversation.pk, Words(told), author=Author.SYSTEM, key=f"handed:{conversation.pk}:{epoch}")
        if mood.level >= 2:
            until = now + PAUSE[min(mood.level, 3)]
            pause_marketing(conversation.customer_id, PauseReason.MOOD, until, f"mood:chat:{conversation.pk}:{epoch}")
        if mood.level >= 3:
            enqueue(tell_supervisors, key=f"{conversation.pk}:{epoch}", conversation_id=conversation.pk, why="mood")
        enqueue(assign_waiting, key="all")
    return True


def _skill_of(reason: str) -> str:
    return {"custom": Skill.TRIP, "own": Skill.ORDER}.get(reason, Skill.GENERAL)


def summarise(conversation: Conversation) -> str:
    """What a colleague reads first: the wish, the last questions, what was answered, the mood, the last order. From rows."""
    turns = turns_of(conversation.pk, 40)
    asked = [text for role, text in turns if role == "customer"][-3:]
    slots = slots_of(turns, clock.today())
    parts = [_("Asked: %(what)s") % {"what": " / ".join(text[:60] for text in asked)}] if asked else []
    if slots:
        wish = "，".join(
            f"{value if not isinstance(value, list) else '、'.join(map(str, value))}" for value in list(slots.values())[:6]
        )
        parts.append(_("Wish: %(what)s") % {"what": wish})
    answered = (
        Turn.objects.filter(conversation=conversation, move="answer").order_by("-id").values_list("question", flat=True)[:2]
    )
    if answered:
        parts.append(_("Answered already: %(what)s") % {"what": " / ".join(text[:40] for text in answered)})
    moods = list(Turn.objects.filter(conversation=conversation).order_by("-id").values_list("mood", flat=True)[:6])
    if any(moods):
        parts.append(_("Mood: %(trace)s") % {"trace": " → ".join(map(str, reversed(moods)))})
    order = Order.objects.filter(customer=conversation.customer_id).select_related("product").order_by("-placed_at").first()
    if order is not None:
        parts.append(
            _("Last order: %(no)s %(name)s (%(state)s)")
            % {"no": order.no, "name": order.product.name, "state": order.get_state_display()}
        )
    return "\n".join(parts)[:2000]
