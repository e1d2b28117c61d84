"""Messages that need nobody's confirmation, in great numbers: claim, render, call, mark.

While one batch is under way, the next is claimed and rendered, so that database and vendor work at the same time. What a
lost answer means is the channel's `Mode`: a vendor that knows our key is asked again with it, one that can be queried is
queried, and where neither is possible the message is uncertain for ever rather than sent twice (docs/adr/0025).
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Sequence

from django.conf import settings

from core import clock
from core.choices import Lane
from core.jobs import enqueue, job
from gateways.errors import GatewayError
from gateways.many import Outcome, Parcel, Pending
from gateways.mini import mini
from gateways.official import official
from gateways.sms import sms
from messaging.choices import MessageState, Route
from messaging.models import Message
from messaging.services.claiming import CLAIM, Claim, claim
from messaging.services.marking import mark, mark_arrived, put_back, tell_sent
from messaging.services.rendering import render

logger = logging.getLogger(__name__)

Send = Callable[[Sequence[Parcel]], Pending]
SENDERS: dict[str, Callable[[], Send]] = {
    Route.SUBSCRIBE: lambda: mini().send_subscribe_messages,
    Route.OFFICIAL: lambda: official().send_template_messages,
    Route.SMS: lambda: sms().send_many,
}
DIRECT = (*SENDERS, Route.INBOX)
TURN_SHARE = 0.5  # of a job's lease: then the work goes on in a new job


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
    """Send what waits on one channel; goes on in a new job when there is more than one turn's worth."""
    if send_waiting(channel, seconds=settings.JOB_LEASE_SECONDS * TURN_SHARE):
        wake(channel)


def send_waiting(channel: str, *, seconds: float, send: Send | None = None, size: int = CLAIM) -> bool:
    """Send what is due on one channel for at most so many seconds; whether more is waiting.

    `send` is the way out (the channel's gateway by default); `size` the messages of one batch, after which at the latest a
    pause or a cancellation is heard.
    """
    deadline = time.monotonic() + seconds
    out = None if channel == Route.INBOX else send or SENDERS[channel]()
    ahead: _Flight | None = None
    is_more = True
    while is_more:
        found = claim(channel, size)
        is_more = found.taken == size
        flight = _Flight.start(channel, found, out) if found.size else None
        if ahead:
            is_more = ahead.land() and is_more
        ahead = flight
        if time.monotonic() > deadline:
            break
    if ahead:
        is_more = ahead.land() and is_more
    enqueue(tell_sent, key="all")
    return is_more


class _Flight:
    """One claimed batch between claim and mark."""

    def __init__(self, channel: str, found: Claim, ids: list[int], pending: Pending | None, early: dict[int, Outcome]) -> None:
        self._channel, self._found, self._ids, self._pending, self._early = channel, found, ids, pending, early

    @classmethod
    def start(cls, channel: str, found: Claim, out: Send | None) -> "_Flight | None":
        """Render the batch and let it leave. None when it could not leave: it has been put back to wait."""
        if out is None:
            return cls(channel, found, [], None, {})
        rendered = render(channel, found.batch_id)
        try:
            pending = out([parcel for _id, parcel in rendered.parcels])
        except GatewayError as error:
            logger.warning("%s messages wait: %s", channel, error)
            put_back(found, error)
            return None
        return cls(channel, found, [id_ for id_, _parcel in rendered.parcels], pending, rendered.refused)

    def land(self) -> bool:
        """Wait for the answers and mark them. False when the vendor asks for a pause: then nothing more is sent now."""
        if self._pending is None:
            mark_arrived(self._found)
            return True
        outcomes = dict(zip(self._ids, self._pending.outcomes(), strict=True)) | self._early
        return mark(self._channel, self._found, outcomes)
