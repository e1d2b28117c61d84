"""Reads of conversations: what was said, what waits for an answer, what the channel still allows."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from core import clock
from customers.models import Customer
from customers.queries.own_data import Table, plain
from messaging.chat_budget import UNLIMITED, Budget, kf_budget
from messaging.choices import Author, ChatChannel, ChatKind, LineState
from messaging.models import Conversation, Handling, Line
from staff.models import User

OURS = (Author.BOT, Author.STAFF, Author.SYSTEM)
RATING_WINDOW = dt.timedelta(hours=24)
SAID = (LineState.RECEIVED, LineState.SENT, LineState.QUEUED)


def visible_conversations(user: User) -> QuerySet[Conversation]:
    """Conversations of the customers a user may see, of nobody's customers, and those that are theirs to answer."""
    mine = Q(assignee=user) | Q(customer__owner__isnull=True, customer__department__isnull=True)
    return Conversation.objects.filter(mine | Q(customer__in=Customer.objects.visible_to(user)))


def lines_of(conversation_id: int, most: int = 200, after: int = 0) -> list[Line]:
    """The last lines of a conversation, oldest first."""
    found = Line.objects.filter(conversation=conversation_id, pk__gt=after).select_related("user")
    return list(reversed(found.order_by("-id")[:most]))


def turns_of(conversation_id: int, most: int = 60) -> list[tuple[str, str]]:
    """What was said, as (customer or agent, text), for those who read chats; notes and what was taken back are left out."""
    found = Line.objects.filter(conversation=conversation_id, state__in=SAID).exclude(author=Author.NOTE).order_by("-id")[:most]
    return [("customer" if line.author == Author.CUSTOMER else "agent", line.text) for line in reversed(found) if line.text]


@dataclasses.dataclass(frozen=True)
class Burst:
    """What the customer said since we last spoke; several short messages are one request."""

    lines: Sequence[Line]

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(line.text for line in self.lines if line.text)

    @property
    def choice(self) -> str:
        """The entry of a menu that was tapped last, if any."""
        return next((str(line.payload["choice"]) for line in reversed(self.lines) if line.payload.get("choice")), "")

    @property
    def last(self) -> Line:
        """The newest line."""
        return self.lines[-1]


def unanswered(conversation_id: int) -> Burst | None:
    """The customer's lines after our last word; None when nothing waits. A greeting of ours is no word in this sense."""
    ours = Line.objects.filter(conversation=conversation_id, author__in=OURS, state__in=[LineState.SENT, LineState.QUEUED])
    last = ours.order_by("-id").values_list("id", flat=True).first() or 0
    found = Line.objects.filter(conversation=conversation_id, pk__gt=last, author=Author.CUSTOMER, state=LineState.RECEIVED)
    lines = list(found.order_by("id"))
    return Burst(lines) if lines else None


def budget_of(conversation: Conversation, at: dt.datetime | None = None) -> Budget:
    """What the channel still lets us send."""
    if conversation.channel != ChatChannel.KF:
        return UNLIMITED
    said = Line.objects.filter(
        conversation=conversation, author__in=OURS, at__gte=conversation.last_in_at, state__in=[LineState.SENT, LineState.QUEUED]
    ).exclude(payload__has_key="event_code")
    return kf_budget(said.count(), conversation.last_in_at, at or clock.now())


def own_chats(customer_ids: Sequence[int], in_clear: bool) -> Table:
    """What was said with a person, for their copy: notes of colleagues are ours, the words are theirs."""
    found = Line.objects.filter(conversation__customer__in=customer_ids).exclude(author=Author.NOTE).order_by("id")[:200_000]
    rows = [{"at": plain(line.at), "author": str(Author(line.author).label), "text": line.text} for line in found]
    return Table("messaging_conversation", _("Chats"), rows)


def shown_lines(conversation: Conversation, after: int = 0, most: int = 100) -> list[dict[str, Any]]:
    """Lines as the customer sees them: no notes, nothing held back, nobody's full name."""
    found = Line.objects.filter(conversation=conversation, pk__gt=after, state__in=SAID).exclude(author=Author.NOTE)
    return [_shown(line) for line in reversed(found.select_related("user").order_by("-id")[:most])]


def _shown(line: Line) -> dict[str, Any]:
    card = {name: line.payload.get(name, "") for name in ("title", "subtitle", "price", "page", "product")}
    return {
        "id": line.pk, "author": line.author, "by_assistant": line.author == Author.BOT,
        "name": str(line.user)[:1] + str(_("(advisor)")) if line.user else "", "kind": line.kind, "text": line.text,
        "options": line.payload.get("options", []), "card": card if line.kind == ChatKind.CARD else None, "at": line.at,
    }  # fmt: skip


def asks_for_rating(conversation: Conversation) -> bool:
    """Whether a person served lately and was not rated yet."""
    last = (
        Handling.objects.filter(conversation=conversation, closed_at__isnull=False, taken_at__isnull=False)
        .order_by("-id")
        .first()
    )
    return last is not None and last.csat is None and last.closed_at is not None and clock.now() - last.closed_at < RATING_WINDOW
