"""Messages to somebody who was forgotten: counted for their campaigns, without whom they went to, until the orders go."""

from collections.abc import Sequence

from django.db.models import Case, Value, When

from messaging.choices import MessageState
from messaging.models import Message


def blank_messages(customer_ids: Sequence[int]) -> int:
    """Take the platform's id out of the messages; what has not left yet is cancelled."""
    state = Case(When(state=MessageState.QUEUED, then=Value(MessageState.CANCELLED.value)), default="state")
    return Message.objects.filter(customer__in=customer_ids).update(external_userid="", error="", state=state)


def delete_messages(customer_ids: Sequence[int]) -> int:
    """Delete them with the orders, when their time is over."""
    return Message.objects.filter(customer__in=customer_ids).delete()[0]
