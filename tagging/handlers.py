"""Facts that may change somebody's tags."""

from collections.abc import Sequence

from core import clock
from core.event_types import ChannelJoined, ChatReceived, CustomerMerged, CustomerUnmerged, Fact, ImportFinished
from core.jobs import enqueue
from tagging.services.conversations import QUIET, read_conversation
from tagging.services.interests import refresh_interests
from tagging.services.membership import enqueue_members
from tagging.services.newcomers import tag_newcomer
from tagging.services.refresh import refresh_all, refresh_tags


def on_customer_active(facts: Sequence[Fact]) -> None:
    """Customers did something, or something was done for them: ask the rules about all of them at once."""
    ids = {fact.customer_id for fact in facts}  # type: ignore[attr-defined]
    refresh_interests(ids)
    refresh_tags(ids, only_affected=True)
    enqueue_members(ids)


def on_customer_merged(fact: CustomerMerged) -> None:
    """Two customers are one person, and their tags were joined: ask the rules about that person."""
    refresh_tags([fact.customer_id])


def on_customer_unmerged(fact: CustomerUnmerged) -> None:
    """One person is two again: ask the rules about both."""
    refresh_tags([fact.customer_id, fact.restored_id])


def on_import_finished(fact: ImportFinished) -> None:
    """A file brought much at once: ask the rules about everybody, set by set."""
    enqueue(refresh_all, key=f"import:{fact.batch_id}")


def on_channel_joined(fact: ChannelJoined) -> None:
    """A channel gives its newcomers tags."""
    tag_newcomer(fact.customer_id, fact.tag_ids)


def on_chat_received(fact: ChatReceived) -> None:
    """The customer wrote: read the conversation once it is quiet."""
    if fact.conversation_id is not None:
        due = clock.now() + QUIET
        enqueue(read_conversation, key=str(fact.conversation_id), run_at=due, conversation_id=fact.conversation_id)
