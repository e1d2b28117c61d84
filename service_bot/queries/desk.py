"""Reads of the desk: the list, one conversation with what surrounds it, drafts, the supervisor's figures."""

import dataclasses
import datetime as dt
from typing import Any

from django.db.models import Avg, Count, F, Q, QuerySet

from catalog.queries.products import ProductFilter, next_departures, page_of_products
from core import clock
from customers.models import Customer
from itinerary.models import QuoteVersion, Trip
from messaging.choices import Author, ChatState
from messaging.models import Agent, Conversation, Handling, Line
from messaging.queries_chat import budget_of, lines_of, unanswered, visible_conversations
from service_bot.choices import GapState
from service_bot.models import CannedReply, Turn
from service_bot.queries.asking import Asked, answer
from service_bot.queries.own import own_of
from service_bot.rules.moves import Candidate
from staff.models import User

PAGE = 60
TABS = ("mine", "waiting", "bot", "all", "closed")
_OPEN = [ChatState.BOT, ChatState.QUEUED, ChatState.HUMAN, ChatState.SERVED_IN_WECOM]


def inbox(user: User, tab: str, channel: str = "", mood: str = "", text: str = "") -> QuerySet[Conversation]:
    """A tab of the list: mine, waiting (oldest first), with the assistant, all that are open, closed."""
    found = visible_conversations(user).select_related("customer", "assignee")
    found = {
        "mine": found.filter(assignee=user, state=ChatState.HUMAN),
        "waiting": found.filter(state=ChatState.QUEUED),
        "bot": found.filter(state=ChatState.BOT),
        "all": found.filter(state__in=_OPEN),
        "closed": found.filter(state=ChatState.CLOSED),
    }[tab]
    if channel:
        found = found.filter(channel=channel)
    if mood:
        found = found.filter(mood__gte=2)
    if text:
        found = found.filter(
            Q(customer__name__icontains=text) | Q(customer__nickname__icontains=text) | Q(preview__icontains=text)
        )
    return found.order_by("queued_at", "id") if tab == "waiting" else found.order_by("-last_line_at", "-id")


def _named(text: str) -> Q:
    return Q(customer__name__icontains=text) | Q(customer__nickname__icontains=text)


def tab_counts(user: User) -> dict[str, int]:
    """How many conversations stand in the tabs that matter."""
    seen = visible_conversations(user)
    return dict(
        seen.aggregate(
            mine=Count("id", filter=Q(assignee=user, state=ChatState.HUMAN)), waiting=Count("id", filter=Q(state=ChatState.QUEUED)),  # noqa: E501
            bot=Count("id", filter=Q(state=ChatState.BOT)),
        )
    )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Shown:
    """A line with what the bot thought, if it is the bot's."""

    line: Line
    turn: Turn | None


def talk_of(conversation: Conversation) -> list[Shown]:
    """The lines as the desk sees them, notes included."""
    lines = lines_of(conversation.pk, 150)
    turns = {
        turn.reply_id: turn for turn in Turn.objects.filter(conversation=conversation, reply__in=[line.pk for line in lines])
    }
    return [Shown(line, turns.get(line.pk)) for line in lines]


def surroundings(conversation: Conversation) -> dict[str, Any]:
    """What stands beside a talk: the customer, orders, the trip that is on, quotes, where in the trip they are."""
    customer, today = conversation.customer, clock.today()
    own = own_of(customer.pk, today)
    trips = Trip.objects.filter(itinerary__customer=customer, ends_on__gte=today).select_related("itinerary")
    return {
        "orders": own.orders[:4], "phase": own.phase, "trip": trips.order_by("starts_on").first(),
        "quotes": list(QuoteVersion.objects.filter(quote__itinerary__customer=customer).order_by("-id")[:3]),
        "budget": budget_of(conversation), "last_turn": Turn.objects.filter(conversation=conversation).order_by("-id").first(),
    }  # fmt: skip


def drafts(conversation: Conversation) -> list[Candidate]:
    """Up to three answers the assistant would give now. They go into the box when chosen, and nowhere by themselves."""
    burst = unanswered(conversation.pk)
    text = burst.text if burst else _last_words(conversation)
    if not text:
        return []
    found = answer(Asked(text, customer_id=conversation.customer_id))
    if not found.candidates:  # upset or asking for a person: the desk may still want the facts
        found = answer(Asked(text.replace("人工", ""), customer_id=conversation.customer_id))
    return list(found.candidates[:3])


def _last_words(conversation: Conversation) -> str:
    last = Line.objects.filter(conversation=conversation, author=Author.CUSTOMER).order_by("-id").first()
    return last.text if last else ""


@dataclasses.dataclass(frozen=True)
class Pick:
    """Something that can be put into the box or sent as a card."""

    kind: str
    value: str
    title: str
    note: str
    text: str = ""


def picks(user: User, customer: Customer, mark: str, text: str) -> list[Pick]:
    """`/`: canned replies; `@`: products that can be ordered, and the customer's own quotes."""
    if mark == "/":
        found = CannedReply.objects.filter(Q(shortcut__icontains=text) | Q(title__icontains=text)).order_by("-uses", "shortcut")
        return [
            Pick("canned", one.shortcut, one.title, f"/{one.shortcut}", filled(one.text, user, customer)) for one in found[:8]
        ]
    products = page_of_products(ProductFilter(q=text, limit=8)).products
    departures = next_departures([one.pk for one in products])
    shown = [
        Pick("product", one.code, one.name, f"¥{departures[one.pk].adult_amount:,.0f} · {departures[one.pk].departs_on:%m-%d}")
        for one in products
        if one.pk in departures
    ]
    sent = QuoteVersion.objects.filter(quote__itinerary__customer=customer, token__gt="").order_by("-id")[:3]
    return shown + [Pick("quote", str(one.pk), f"报价 V{one.number}", f"¥{one.total_amount:,.0f}") for one in sent]


def filled(text: str, user: User, customer: Customer) -> str:
    """A canned reply with its variables filled in."""
    name = customer.name or customer.nickname or "您"
    return text.replace("{name}", name).replace("{agent}", str(user))


def figures(days: int = 7) -> dict[str, Any]:
    """The supervisor's numbers of the last days: how many were handed over and why, how fast, how well, who is there."""
    since = clock.now() - dt.timedelta(days=days)
    handled = Handling.objects.filter(queued_at__gt=since)
    numbers = handled.aggregate(
        n=Count("id"), answered=Count("id", filter=Q(answered_at__isnull=False)),
        late=Count("id", filter=Q(answered_at__gt=F("due_at")) | Q(answered_at__isnull=True, due_at__lt=clock.now())),
        wait=Avg(F("answered_at") - F("queued_at")), rating=Avg("csat"), rated=Count("csat"),
    )  # fmt: skip
    turns = Turn.objects.filter(at__gt=since)
    moves = dict(turns.values_list("move").annotate(n=Count("id")))
    total = sum(moves.values())
    return {
        **numbers, "turns": total, "moves": moves, "alone": moves.get("answer", 0) / total if total else None,
        "reasons": list(handled.values("reason").annotate(n=Count("id")).order_by("-n")[:8]),
        "waiting": Conversation.objects.filter(state=ChatState.QUEUED).count(),
        "agents": _agents(), "gaps": Turn.objects.filter(gap=GapState.OPEN).count(),
    }  # fmt: skip


def _agents() -> list[dict[str, Any]]:
    found = Agent.objects.select_related("user").order_by("-is_online", "user__display_name")
    loads = dict(Conversation.objects.filter(state=ChatState.HUMAN).values_list("assignee").annotate(n=Count("id")))
    return [{"agent": one, "load": loads.get(one.user_id, 0)} for one in found[:50]]
