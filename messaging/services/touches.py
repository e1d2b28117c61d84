"""A customer opened the card of a message."""

import datetime as dt

from django.db import transaction

from core import clock
from core.event_types import MessageClicked
from core.events import record
from core.jobs import enqueue
from messaging.choices import MessageState
from messaging.models import ChatCard, MassTask, Message
from messaging.services.results import LIVE, poll_mass_task

CREDIT = dt.timedelta(days=7)


def record_click(*, token: str, customer_id: int) -> bool | None:
    """Note the first opening of the card by the person it was sent to, and the fact `message.clicked`.

    True: noted now. False: known already, or the card was forwarded and somebody else opened it. None: no such card.
    A click before the platform reported the delivery is a reason to ask now.
    """
    task = MassTask.objects.filter(token=token).only("id", "state").first()
    if task is None:
        return record_card_click(token=token, customer_id=customer_id)
    with transaction.atomic():
        message = Message.objects.select_for_update().filter(task=task, customer_id=customer_id).first()
        if message is None or message.clicked_at is not None:
            return False
        message.clicked_at = clock.now()
        message.save(update_fields=["clicked_at"])
        fact = MessageClicked(customer_id, message.id, message.campaign_id)
        record(fact, key=f"message.clicked:{message.id}", occurred_at=message.clicked_at)
        if message.state == MessageState.AWAITING_STAFF and task.state in LIVE:
            enqueue(poll_mass_task, key=str(task.id), task_id=task.id)
    return True


def record_card_click(*, token: str, customer_id: int) -> bool | None:
    """`record_click` for a card that was offered in a chat. None: no such card."""
    with transaction.atomic():
        card = ChatCard.objects.select_for_update().filter(token=token).first()
        if card is None:
            return None
        if card.customer_id != customer_id or card.clicked_at is not None:
            return False
        ChatCard.objects.filter(pk=card.pk).update(clicked_at=clock.now())
    return True


def credit_order(*, customer_id: int, product_code: str, order_id: int) -> bool:
    """An order belongs to the newest card of its product that this customer was shown within a week; whether there is one."""
    since = clock.now() - CREDIT
    with transaction.atomic():
        card = (
            ChatCard.objects.select_for_update()
            .filter(customer=customer_id, product_code=product_code, order_id=None, at__gt=since)
            .order_by("-at")
            .first()
        )
        if card is None or ChatCard.objects.filter(order_id=order_id).exists():
            return False
        ChatCard.objects.filter(pk=card.pk).update(order_id=order_id)
    return True
