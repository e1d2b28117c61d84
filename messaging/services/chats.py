"""Chats: what customers write to us, and what we say. The lock on the conversation's row orders everything.

`receive_chat` is the one door in, whatever the channel; `say` the one door out. What is said stands with the lines; the
fact `chat.received` holds ids only.
"""

import dataclasses
import datetime as dt
import uuid
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from core.event_types import ChatReceived
from core.events import record
from core.jobs import enqueue
from customers.models import Customer
from messaging.chat_budget import fitting
from messaging.choices import Author, ChatChannel, ChatKind, ChatState, LineState
from messaging.models import Conversation, Line
from messaging.queries_chat import budget_of
from messaging.services.chat_sending import deliver
from staff.models import User

LONGEST = 4000
PER_MINUTE = 20


@dataclasses.dataclass(frozen=True)
class Inbound:
    """One message as its channel told it. `key` is the channel's own id of it: the same key twice is one message."""

    channel: str
    account: str
    peer: str
    key: str
    text: str = ""
    kind: str = ChatKind.TEXT
    choice: str = ""
    at: dt.datetime | None = None


def receive_chat(told: Inbound, *, customer_id: int) -> Line:
    """Keep a customer's message, open the conversation if need be, and tell `chat.received` once. Safe to run twice.

    A text that is too long is cut at 4,000 characters, and the line says so; nothing a customer sends is ever refused
    here: their channel has taken it already.
    """
    now = clock.now()
    clean = told.text.replace("\x00", "").strip()
    payload: dict[str, Any] = {"choice": told.choice[:60]} if told.choice else {}
    if len(clean) > LONGEST:
        payload["length"] = len(clean)
    with transaction.atomic():
        conversation = _conversation(told, customer_id, now)
        line, fresh = Line.objects.get_or_create(
            key=told.key[:120],
            defaults={"conversation": conversation, "author": Author.CUSTOMER, "kind": told.kind, "text": clean[:LONGEST],
                      "payload": payload, "state": LineState.RECEIVED, "epoch": conversation.epoch, "at": told.at or now},
        )  # fmt: skip
        if not fresh:
            return line
        _note_arrival(conversation, line, now)
        record(
            ChatReceived(conversation.customer_id, line.pk, conversation.pk), key=f"chat.received:{line.pk}", occurred_at=line.at
        )
    return line


def post_chat(told: Inbound, *, customer_id: int) -> Line:
    """`receive_chat` for channels that we run ourselves: Refused("too_fast") for over twenty messages in a minute."""
    since = clock.now() - dt.timedelta(minutes=1)
    sent = Line.objects.filter(
        conversation__channel=told.channel, conversation__account=told.account, conversation__peer=told.peer,
        author=Author.CUSTOMER, at__gt=since,
    ).count()  # fmt: skip
    if sent >= PER_MINUTE:
        raise Refused(_("Please wait a moment before you write again."), "too_fast")
    return receive_chat(told, customer_id=customer_id)


def _conversation(told: Inbound, customer_id: int, now: dt.datetime) -> Conversation:
    """The row, locked; made at the first message. Who writes may have turned out to be another customer since."""
    place = {"channel": told.channel, "account": told.account[:64], "peer": told.peer[:64]}
    fresh = {"customer_id": customer_id, "opened_at": now, "last_in_at": now, "last_line_at": now}
    Conversation.objects.get_or_create(**place, defaults=fresh)
    return Conversation.objects.select_for_update().get(**place)


def _note_arrival(conversation: Conversation, line: Line, now: dt.datetime) -> None:
    if conversation.state == ChatState.CLOSED:
        _reopen(conversation, now)
    conversation.version += 1
    conversation.unread += 1
    conversation.last_in_at = max(now, line.at) if line.at <= now else now
    conversation.last_line_at = now
    conversation.preview = (line.text or str(ChatKind(line.kind).label)).replace("\n", " ")[:80]
    conversation.save()


def _reopen(conversation: Conversation, now: dt.datetime) -> None:
    """A new talk in the same place: it begins with the assistant; who had it last is remembered in `assignee`."""
    conversation.state, conversation.epoch = ChatState.BOT, conversation.epoch + 1
    conversation.opened_at, conversation.failed, conversation.mood = now, 0, 0
    conversation.reason, conversation.summary, conversation.focus = "", "", {}
    conversation.queued_at = conversation.answer_due_at = None
    conversation.escalated = 0


def recall_chat(key: str) -> bool:
    """The customer took a message back: its words go at once; True when it was known."""
    with transaction.atomic():
        line = Line.objects.select_for_update().filter(key=key[:120], author=Author.CUSTOMER).first()
        if line is None:
            return False
        Line.objects.filter(pk=line.pk).update(state=LineState.RECALLED, text="", payload={})
        latest = Line.objects.filter(conversation=line.conversation_id).order_by("-id").values_list("id", flat=True).first()
        if latest == line.pk:
            Conversation.objects.filter(pk=line.conversation_id).update(preview=_("Message taken back"))
    return True


@dataclasses.dataclass(frozen=True)
class Words:
    """Something to say: text and, by kind, a menu's options or a card's product in `payload`."""

    text: str
    kind: str = ChatKind.TEXT
    payload: dict[str, Any] = dataclasses.field(default_factory=dict)


def say(
    conversation_id: int, words: Words, *, author: str, user: User | None = None, version: int | None = None, key: str = ""
) -> Line:
    """Put a line of ours into a conversation; it is sent at once or by the channel's job, oldest first, once per `key`.

    The bot speaks only while it owns the talk and nothing has happened since `version`: Refused("taken_over") otherwise,
    in the same transaction. A person speaks only in a conversation that is theirs ("not_yours"). Refused("budget") when the
    channel lets nothing through; BadInput for an empty text.
    """
    text = words.text.replace("\x00", "").strip()[:LONGEST]
    if not text:
        raise BadInput(_("Write something first."), {"text": _("write something")})
    with transaction.atomic():
        conversation = Conversation.objects.select_for_update().get(pk=conversation_id)
        known = Line.objects.filter(key=key).first() if key else None
        if known is not None:
            return known
        _check_speaker(conversation, author, user, version)
        return _write(conversation, words, text, author, user, key or f"out:{uuid.uuid4().hex}")


def _check_speaker(conversation: Conversation, author: str, user: User | None, version: int | None) -> None:
    if author == Author.BOT and (conversation.state != ChatState.BOT or version != conversation.version):
        raise Refused(_("A person has taken over, or the customer went on writing."), "taken_over")
    if author == Author.STAFF and (conversation.state != ChatState.HUMAN or user is None or conversation.assignee_id != user.pk):
        raise Refused(_("Take the conversation over before you write."), "not_yours")
    if author not in (Author.NOTE, Author.SYSTEM) and budget_of(conversation).is_spent:
        raise Refused(_("WeChat lets nothing more through until the customer writes again."), "budget")


def _write(conversation: Conversation, words: Words, text: str, author: str, user: User | None, key: str) -> Line:
    now = clock.now()
    if conversation.channel == ChatChannel.KF and author != Author.NOTE:
        text = fitting(text)
    by_job = conversation.channel == ChatChannel.KF and author != Author.NOTE
    line = Line.objects.create(
        conversation=conversation, key=key[:120], author=author, user=user, kind=words.kind, text=text, payload=words.payload,
        state=LineState.QUEUED if by_job else LineState.SENT, epoch=conversation.epoch, at=now, sent_at=None if by_job else now,
    )  # fmt: skip
    conversation.version += 1
    conversation.last_line_at = now
    if author != Author.NOTE:
        conversation.preview = text.replace("\n", " ")[:80]
    conversation.save(update_fields=["version", "last_line_at", "preview"])
    if by_job:
        enqueue(deliver, key=str(conversation.pk), conversation_id=conversation.pk)
    return line


def write_note(conversation_id: int, text: str, *, user: User) -> Line:
    """A note for colleagues; no customer ever sees it."""
    return say(conversation_id, Words(text), author=Author.NOTE, user=user)


def vote_line(*, customer: Customer, line_id: int, vote: int) -> bool:
    """The customer's thumb on one of the assistant's lines; False when there is none of theirs."""
    value = 1 if vote > 0 else -1
    return bool(
        Line.objects.filter(pk=line_id, conversation__customer=customer, author=Author.BOT, state=LineState.SENT).update(
            vote=value
        )
    )


def keep_focus(conversation_id: int, focus: dict[str, Any], *, mood: int, failed: int) -> None:
    """What the talk is about after a turn, how the customer feels, and how many turns in a row did not help."""
    Conversation.objects.filter(pk=conversation_id).update(focus=focus, mood=mood, failed=failed)


def mark_read(conversation: Conversation) -> None:
    """Whoever answers it has seen it."""
    Conversation.objects.filter(pk=conversation.pk).exclude(unread=0).update(unread=0)
