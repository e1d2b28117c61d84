"""Who gets a waiting conversation: oldest first, by skill, channel and free capacity; nobody who is offline gets one."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import Count, Q

from core import clock
from core.choices import Lane
from core.errors import Refused
from core.jobs import enqueue, job
from messaging.choices import Author, ChatState
from messaging.models import Agent, Conversation
from messaging.services.chat_states import close, requeue, take
from messaging.services.chats import Words, say
from service_bot.services.alerts import tell_supervisors
from service_bot.words import CLOSING, TAKEN

PRESENT = dt.timedelta(seconds=120)  # an agent whose page has not been heard of for so long is offline
FAITHFUL = dt.timedelta(hours=24)  # who served the customer within this time is asked first
QUIET_END = dt.timedelta(hours=24)
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('assign conversations', 0))"


@dataclasses.dataclass
class Free:
    """An agent with room for more; `load` counts what they have now."""

    agent: Agent
    load: int

    @property
    def has_room(self) -> bool:
        """Whether another conversation fits."""
        return self.load < self.agent.capacity


def choose_agent(conversation: Conversation, agents: Sequence[Free], at: dt.datetime) -> Free | None:
    """Who gets it: whoever had it lately, else the owner of the customer, else the least busy; None when nobody can."""
    able = [one for one in agents if one.has_room and _can(one.agent, conversation)]
    wanted = {conversation.assignee_id if conversation.opened_at > at - FAITHFUL else None, conversation.customer.owner_id} - {
        None
    }
    known = [one for one in able if one.agent.user_id in wanted]
    return min(known or able, key=_order, default=None)


def _order(one: Free) -> tuple[float, dt.datetime]:
    longest_ago = one.agent.assigned_at or dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    return one.load / max(one.agent.capacity, 1), longest_ago


def _can(agent: Agent, conversation: Conversation) -> bool:
    speaks = not agent.channels or conversation.channel in agent.channels
    return speaks and (not agent.skills or conversation.skill in agent.skills)


def free_agents(at: dt.datetime) -> list[Free]:
    """Agents who are online and were heard of lately, with what they have."""
    found = Agent.objects.filter(is_online=True, seen_at__gt=at - PRESENT, user__is_active=True).select_related("user")
    agents = list(found.order_by("id"))
    counted = Conversation.objects.filter(state=ChatState.HUMAN, assignee__in=[one.user_id for one in agents])
    loads = dict(counted.values_list("assignee").annotate(n=Count("id")))
    return [Free(agent, loads.get(agent.user_id, 0)) for agent in agents]


@job(Lane.CHAT, coalesce=True)
def assign_waiting() -> None:
    """Give what waits to who is free, oldest first; what nobody can take keeps its place."""
    now = clock.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK)
        agents = free_agents(now)
        waiting = Conversation.objects.filter(state=ChatState.QUEUED).select_related("customer").order_by("queued_at", "id")
        for conversation in waiting[:200] if agents else ():
            chosen = choose_agent(conversation, agents, now)
            if chosen is not None and _give(conversation, chosen):
                chosen.load += 1
                chosen.agent.assigned_at = now


def _give(conversation: Conversation, chosen: Free) -> bool:
    try:
        taken = take(conversation.pk, user=chosen.agent.user, only_queued=True)
    except Refused:
        return False
    Agent.objects.filter(pk=chosen.agent.pk).update(assigned_at=clock.now())
    words = Words(TAKEN % str(chosen.agent.user)[:1] + "顾问")
    say(conversation.pk, words, author=Author.SYSTEM, key=f"taken:{conversation.pk}:{taken.epoch}")
    return True


def set_presence(user_id: int, *, online: bool | None = None) -> Agent:
    """An agent's page was heard of, or they went online or offline; offline gives what they have back to the queue."""
    agent, _new = Agent.objects.get_or_create(user_id=user_id)
    now = clock.now()
    fields = {"seen_at": now} | ({"is_online": online} if online is not None else {})
    Agent.objects.filter(pk=agent.pk).update(**fields)
    if online is False:
        for pk in Conversation.objects.filter(state=ChatState.HUMAN, assignee=user_id).values_list("pk", flat=True):
            requeue(pk, reason="agent_offline")
    if online is not None:
        enqueue(assign_waiting, key="all")
    agent.refresh_from_db()
    return agent


@job(Lane.CHAT, coalesce=True)
def look_after_desk() -> None:
    """Every half minute: what waits too long goes up, what an absent agent has goes back, what is over is closed."""
    now = clock.now()
    late = Conversation.objects.filter(
        Q(state=ChatState.QUEUED) | Q(state=ChatState.HUMAN), answer_due_at__lt=now, escalated__lt=2
    ).order_by("answer_due_at")
    for conversation in late[:100]:
        step = 1 if conversation.escalated == 0 else 2
        overdue = conversation.answer_due_at is not None and now - conversation.answer_due_at > dt.timedelta(minutes=5)
        if step == 1 or overdue:
            Conversation.objects.filter(pk=conversation.pk).update(escalated=step)
            enqueue(
                tell_supervisors,
                key=f"late:{conversation.pk}:{conversation.epoch}:{step}",
                conversation_id=conversation.pk,
                why="late",
            )
    _give_back_of_absent(now)
    for pk in Conversation.objects.filter(state=ChatState.HUMAN, last_line_at__lt=now - QUIET_END).values_list("pk", flat=True)[
        :100
    ]:
        end_conversation(pk, code="no_reply")
    enqueue(assign_waiting, key="all")


def _give_back_of_absent(now: dt.datetime) -> None:
    absent = Agent.objects.filter(is_online=True, seen_at__lt=now - PRESENT * 3).values_list("user_id", flat=True)
    for pk in Conversation.objects.filter(state=ChatState.HUMAN, assignee__in=list(absent)).values_list("pk", flat=True)[:200]:
        requeue(pk, reason="agent_offline")
    Agent.objects.filter(user_id__in=list(absent)).update(is_online=False)


def end_conversation(conversation_id: int, *, code: str) -> bool:
    """Close by the house: the customer reads a closing word; False when nobody was serving."""
    served = close(conversation_id, user=None, code=code)
    epoch = Conversation.objects.values_list("epoch", flat=True).get(pk=conversation_id)
    say(conversation_id, Words(CLOSING), author=Author.SYSTEM, key=f"closed:{conversation_id}:{epoch}")
    return served
