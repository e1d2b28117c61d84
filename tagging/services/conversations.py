"""Tags from conversations: a chat is read as a whole once it is quiet, not word by word while it goes on."""

import datetime as dt

from core import clock
from core.choices import Lane
from core.errors import Later
from core.jobs import job
from messaging.models import Conversation
from messaging.queries_chat import turns_of
from tagging.services.chats import read_chat

QUIET = dt.timedelta(seconds=60)


@job(Lane.USUAL, coalesce=True)
def read_conversation(conversation_id: int) -> None:
    """Let the customer's tags hear what a conversation says about the wished trip. Safe to run twice."""
    conversation = Conversation.objects.select_related("customer").filter(pk=conversation_id).first()
    if conversation is None:
        return
    quiet_in = (conversation.last_in_at + QUIET - clock.now()).total_seconds()
    if quiet_in > 0:
        raise Later(quiet_in, "the customer is still writing")
    turns = turns_of(conversation_id)
    if turns:
        read_chat(conversation.customer, turns, key=f"conversation:{conversation_id}:{conversation.version}")
