"""Who speaks for us: assistant, queue, a person, nobody. Every change raises the epoch under the conversation's lock."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Refused
from core.event_types import ChatHandedOver, ChatRated
from core.events import record
from messaging.choices import ChatState
from messaging.models import Conversation, Handling
from staff.models import User

OPEN_HANDLING = {"closed_at__isnull": True}


def _locked(conversation_id: int) -> Conversation:
    return Conversation.objects.select_for_update().get(pk=conversation_id)


def _change(conversation: Conversation, **fields: object) -> None:
    conversation.epoch += 1
    conversation.version += 1
    for name, value in fields.items():
        setattr(conversation, name, value)
    conversation.save()


def queue(
    conversation_id: int, *, reason: str, skill: str = "general", mood: int = 0, due_at: dt.datetime | None = None,
    summary: str = "", version: int | None = None,
) -> bool:  # fmt: skip
    """Hand the talk to people: it waits for one from now on. False when people have it already, or, with a `version`, when
    something has happened since."""
    with transaction.atomic():
        conversation = _locked(conversation_id)
        if conversation.state != ChatState.BOT or (version is not None and version != conversation.version):
            return False
        now = clock.now()
        _change(
            conversation, state=ChatState.QUEUED, reason=reason[:24], skill=skill[:12], mood=max(mood, conversation.mood),
            queued_at=now, answer_due_at=due_at, summary=summary, assignee=conversation.assignee, escalated=0,
        )  # fmt: skip
        handling = Handling.objects.create(conversation=conversation, reason=reason[:24], queued_at=now, due_at=due_at)
        fact = ChatHandedOver(conversation.customer_id, conversation.pk, reason[:24])
        record(fact, key=f"chat.handed_over:{handling.pk}", occurred_at=now)
    return True


def take(conversation_id: int, *, user: User, only_queued: bool = False, force: bool = False) -> Conversation:
    """A person takes the talk. Refused("taken") when somebody else has it, unless `force`; Refused("not_waiting") with
    `only_queued` when it no longer waits."""
    with transaction.atomic():
        conversation = _locked(conversation_id)
        if conversation.state == ChatState.HUMAN and conversation.assignee_id == user.pk:
            return conversation
        if conversation.state == ChatState.HUMAN and not force:
            raise Refused(_("%(who)s is serving this customer.") % {"who": conversation.assignee}, "taken")
        if only_queued and conversation.state != ChatState.QUEUED:
            raise Refused(_("It no longer waits."), "not_waiting")
        now = clock.now()
        _change(conversation, state=ChatState.HUMAN, assignee=user, queued_at=None, closed_at=None)
        handling = Handling.objects.filter(conversation=conversation, **OPEN_HANDLING).order_by("-id").first()
        if handling is None:
            Handling.objects.create(conversation=conversation, user=user, reason="taken", queued_at=now, taken_at=now)
        else:
            Handling.objects.filter(pk=handling.pk).update(user=user, taken_at=handling.taken_at or now)
    return conversation


def requeue(conversation_id: int, *, skill: str = "", reason: str = "transferred") -> bool:
    """Back into the queue: its person went offline or passes it on. It keeps its place by the moment it began to wait."""
    with transaction.atomic():
        conversation = _locked(conversation_id)
        if conversation.state != ChatState.HUMAN:
            return False
        handling = Handling.objects.filter(conversation=conversation, **OPEN_HANDLING).order_by("-id").first()
        waiting_since = handling.queued_at if handling else clock.now()
        _change(
            conversation, state=ChatState.QUEUED, assignee=None, queued_at=waiting_since, reason=reason,
            skill=skill or conversation.skill,
        )  # fmt: skip
    return True


def note_answer(conversation_id: int) -> None:
    """A person wrote: the customer no longer waits for a first answer."""
    now = clock.now()
    Conversation.objects.filter(pk=conversation_id).update(answer_due_at=None, unread=0)
    Handling.objects.filter(conversation=conversation_id, answered_at__isnull=True, **OPEN_HANDLING).update(answered_at=now)


def give_back(conversation_id: int, *, user: User) -> None:
    """The person gives the talk back to the assistant. Refused("not_yours") when it is not theirs."""
    with transaction.atomic():
        conversation = _locked(conversation_id)
        _check_owner(conversation, user)
        _end_handling(conversation, "to_bot")
        _change(conversation, state=ChatState.BOT, queued_at=None, answer_due_at=None, failed=0, mood=0)


def close(conversation_id: int, *, user: User | None, code: str) -> bool:
    """End the talk with a resolution; whether a person had served it, so that asking for a rating makes sense."""
    with transaction.atomic():
        conversation = _locked(conversation_id)
        if user is not None:
            _check_owner(conversation, user)
        served = _end_handling(conversation, code)
        _change(conversation, state=ChatState.CLOSED, closed_at=clock.now(), queued_at=None, answer_due_at=None, unread=0)
    return served


def _check_owner(conversation: Conversation, user: User) -> None:
    if conversation.state != ChatState.HUMAN or conversation.assignee_id != user.pk:
        raise Refused(_("Take the conversation over first."), "not_yours")


def _end_handling(conversation: Conversation, code: str) -> bool:
    open_ones = Handling.objects.filter(conversation=conversation, **OPEN_HANDLING)
    served = open_ones.filter(taken_at__isnull=False).exists()
    open_ones.update(closed_at=clock.now(), code=code[:16])
    return served


def rate(conversation: Conversation, rating: int, words: str = "") -> bool:
    """The customer's rating of the last time a person served them, once; False when there is nothing to rate."""
    with transaction.atomic():
        handling = (
            Handling.objects.select_for_update()
            .filter(conversation=conversation, closed_at__isnull=False, taken_at__isnull=False)
            .order_by("-id")
            .first()
        )
        if handling is None or handling.csat is not None:
            return False
        Handling.objects.filter(pk=handling.pk).update(csat=rating, csat_words=words[:400])
        record(ChatRated(conversation.customer_id, conversation.pk, rating), key=f"chat.rated:{handling.pk}")
    return True
