"""What the demo agency's bot knows: sixty answers to what people ask everywhere, and two drafts that wait for approval."""

import datetime as dt

from core import clock
from service_bot.choices import EntryKind, EntryState
from service_bot.models import Entry
from service_bot.retrieval.training import read_topics
from staff.models import User

ANSWERS, DRAFTS = 60, 2
_DURING = {"late", "guide_contact", "flight_delay", "emergency", "lost_item", "lost_id", "leave_group"}
_AFTER = {"invoice", "invoice_fix", "refund_time", "claim", "shopping_return"}


def load_knowledge(owner: User) -> int:
    """Write them; how many."""
    topics = read_topics()[: ANSWERS + DRAFTS]
    made = Entry.objects.bulk_create(
        Entry(
            kind=EntryKind.FAQ,
            question=f"{topic.wordings['F'][0]}？",
            similar=topic.wordings["F"][1:],
            answer=topic.answer,
            state=EntryState.APPROVED if place < ANSWERS else EntryState.DRAFT,
            phase="during" if topic.name in _DURING else "after" if topic.name in _AFTER else "before",
            owner=owner,
            review_on=clock.today() + dt.timedelta(days=30 + 3 * place),
        )
        for place, topic in enumerate(topics)
    )
    return len(made)
