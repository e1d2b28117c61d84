"""Messages that need nobody's confirmation: claimed in batches, the governor asked again, sent, marked.

The inbox of the mini-program is our own table, so putting a message there is one statement.
"""

import datetime as dt

from django.db import connection, transaction

from core import clock
from core.choices import Lane
from core.event_types import MessageSent
from core.events import Dated, record_many
from core.jobs import enqueue, job
from customers.services.standing import refresh_standing
from messaging.choices import MessageState, Route
from messaging.models import Message
from messaging.services.claiming import CLAIM, Claim, claim

DIRECT = (Route.INBOX,)


def wake(channel: str, due: dt.datetime | None = None) -> None:
    """Have the channel's waiting messages looked at, now or when they are due. Safe to call too often."""
    key = channel if due is None else f"{channel}:{due.timestamp():.0f}"
    enqueue(send_direct, key=key, run_at=due, channel=str(channel))


@job(Lane.USUAL, coalesce=True)
def look_after_direct() -> None:
    """Wake every channel on which something is due: after quiet hours, after a lost job."""
    due = Message.objects.filter(state=MessageState.QUEUED, task=None, send_at__lte=clock.now())
    for channel in due.order_by().values_list("channel", flat=True).distinct():
        wake(channel)


@job(Lane.BULK, coalesce=True)
def send_direct(channel: str) -> None:
    """Send what waits on one channel, batch by batch; goes on in a new job when there is more than one turn's worth."""
    while True:
        found = claim(channel)
        if not found.size:
            return
        deliver_to_inbox(found)
        if found.size < CLAIM:
            return


_ARRIVED = """
UPDATE messaging_message SET state = 'sent', sent_at = %(now)s
WHERE batch_id = %(batch)s AND state = 'sending' RETURNING id, customer_id, campaign_id
"""


def deliver_to_inbox(found: Claim) -> int:
    """Put a claimed batch into its readers' inboxes; how many."""
    now = clock.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ARRIVED, {"now": now, "batch": found.batch_id})
        rows = cursor.fetchall()
        record_many([
            Dated(MessageSent(customer_id, message_id, campaign_id), f"message.sent:{message_id}", now)
            for message_id, customer_id, campaign_id in rows
        ])  # fmt: skip
        refresh_standing([customer_id for _message, customer_id, _campaign in rows])
        found.finish()
    return len(rows)
