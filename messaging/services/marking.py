"""What came of direct messages: marked where the batch is still ours, told to the log, looked after when a worker died."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction

from core import clock
from core.choices import Lane
from core.errors import Later
from core.event_types import MessageSent
from core.events import Dated, record_many
from core.jobs import enqueue, job
from customers.services.standing import refresh_standing
from gateways.errors import GatewayError
from gateways.many import Fate, Outcome
from gateways.sms import sms
from messaging import rules
from messaging.choices import BatchState, MessageState, Mode, Route
from messaging.models import Message, NoticeEntry, SendBatch
from messaging.queries.people import addresses_of
from messaging.services.claiming import Claim
from messaging.services.mass_tasks import is_quick

MOST_ATTEMPTS = 6
NOTICES_GONE = "43101"
LOST = "worker-lost"
WRONG_MODE = "no such mode"
KEY_LIFE = dt.timedelta(minutes=9)  # the official account takes a key once for ten minutes
TELL_AT_ONCE = 2000

_MARK = """
UPDATE messaging_message AS message
SET state = found.state, error = found.error, vendor_id = nullif(found.vendor_id, ''),
    sent_at = CASE WHEN found.state IN ('sent', 'uncertain') THEN %(now)s END,
    send_at = CASE WHEN found.state = 'queued' THEN %(now)s + make_interval(secs => found.wait) ELSE message.send_at END
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(errors)s::text[], %(vendor_ids)s::text[], %(waits)s::float[])
    AS found (id, state, error, vendor_id, wait)
WHERE message.id = found.id AND message.batch_id = %(batch)s AND message.state IN ('sending', 'unknown')
"""
_ALL_SENT = """
UPDATE messaging_message SET state = 'sent', sent_at = %(now)s WHERE batch_id = %(batch)s AND state = 'sending'
"""


def mark(channel: str, found: Claim, outcomes: Mapping[int, Outcome]) -> bool:
    """Note the outcomes of a batch in one statement; False when the vendor asks for a pause."""
    is_smooth = all(one.fate == Fate.SENT and not one.vendor_id for one in outcomes.values())
    with transaction.atomic(), connection.cursor() as cursor:
        if is_smooth:
            cursor.execute(_ALL_SENT, {"now": clock.now(), "batch": found.batch_id})
        else:
            cursor.execute(_MARK, _marks(channel, found.batch_id, outcomes))
        if channel == Route.SUBSCRIBE:
            _book(found.batch_id, outcomes)
        found.finish()
    if any(one.fate == Fate.UNCLEAR for one in outcomes.values()) and rules.MODES[channel] == Mode.ASK:
        enqueue(settle_unknown, key=channel, run_at=clock.now() + rules.settle_after(quick=is_quick()), channel=channel)
    return not any(one.fate == Fate.LATER for one in outcomes.values())


def _marks(channel: str, batch_id: int, outcomes: Mapping[int, Outcome]) -> dict[str, Any]:
    attempts = dict(Message.objects.filter(batch_id=batch_id).values_list("id", "attempts"))
    states = {id_: _state(channel, one, attempts.get(id_, 0)) for id_, one in outcomes.items()}
    return {
        "now": clock.now(), "batch": batch_id, "ids": list(outcomes), "states": [str(states[id_]) for id_ in outcomes],
        "errors": [one.code[:200] for one in outcomes.values()], "vendor_ids": [one.vendor_id[:64] for one in outcomes.values()],
        "waits": [one.wait or _pause(attempts.get(id_, 1)) for id_, one in outcomes.items()],
    }  # fmt: skip


def _pause(attempts: int) -> float:
    """Seconds before the next attempt: 2, 4, 8, ... beside the simulator, fifteen times that at a platform."""
    return float(2 ** min(attempts, 8)) * (1 if is_quick() else 15) * 0.5


def _state(channel: str, outcome: Outcome, attempts: int) -> MessageState:
    """Where a message stands after one attempt. Only an attempt without any effect, or one under a key, is repeated."""
    if outcome.fate == Fate.SENT:
        return MessageState.SENT
    if outcome.fate == Fate.REFUSED:
        return MessageState.SUPPRESSED if outcome.code == "no_address" else MessageState.FAILED
    if outcome.fate == Fate.UNCLEAR and rules.MODES[channel] != Mode.KEY:
        return MessageState.UNKNOWN if rules.MODES[channel] == Mode.ASK else MessageState.UNCERTAIN
    if attempts >= MOST_ATTEMPTS:
        return MessageState.UNCERTAIN if outcome.fate == Fate.UNCLEAR else MessageState.FAILED
    return MessageState.QUEUED


def put_back(found: Claim, error: GatewayError) -> None:
    """Nothing of the batch has left: it waits, or fails with the reason why it never can."""
    state = MessageState.QUEUED if error.retryable else MessageState.FAILED
    until = clock.now() + dt.timedelta(seconds=error.retry_in_seconds or error.wait_seconds or _pause(1))
    with transaction.atomic():
        mine = Message.objects.filter(batch_id=found.batch_id, state=MessageState.SENDING)
        mine.update(state=state, send_at=until, error=error.errcode[:200], batch_id=None, attempts=0)
        found.finish()


def mark_arrived(found: Claim) -> None:
    """A batch whose place is our own table has arrived."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ALL_SENT, {"now": clock.now(), "batch": found.batch_id})
        found.finish()


def _book(batch_id: int, outcomes: Mapping[int, Outcome]) -> None:
    """Notices used, and what the platform knows better: a customer without any left has none in our ledger either."""
    rows = {row[0]: row[1:] for row in Message.objects.filter(id__in=list(outcomes)).values_list(
        "id", "customer_id", "content__template_id")}  # fmt: skip
    used = [
        NoticeEntry(customer_id=rows[id_][0], template_id=rows[id_][1], change=-1, key=f"message:{id_}")
        for id_, one in outcomes.items()
        if one.fate in (Fate.SENT, Fate.UNCLEAR) and id_ in rows
    ]
    NoticeEntry.objects.bulk_create(used, ignore_conflicts=True)
    gone = [id_ for id_, one in outcomes.items() if one.code == NOTICES_GONE and id_ in rows]
    if gone:
        with connection.cursor() as cursor:
            cursor.execute(_EMPTY, [gone])


_EMPTY = """
INSERT INTO messaging_noticeentry (customer_id, template_id, change, key)
SELECT message.customer_id, content.template_id, -sum(entry.change), 'empty:' || max(message.id)
FROM messaging_message AS message JOIN messaging_content AS content ON content.id = message.content_id
JOIN messaging_noticeentry AS entry ON entry.customer_id = message.customer_id AND entry.template_id = content.template_id
WHERE message.id = ANY(%s) GROUP BY message.customer_id, content.template_id HAVING sum(entry.change) > 0
ON CONFLICT (key) DO NOTHING
"""


@job(Lane.USUAL, coalesce=True)
def tell_sent() -> None:
    """Tell the log of facts, and the customers' standing, about what was sent: batch by batch, after the rush."""
    told = SendBatch.objects.filter(state=BatchState.DONE, told_at=None).order_by("id")
    while ids := list(told.values_list("id", flat=True)[:8]):
        with transaction.atomic():
            ours = list(SendBatch.objects.select_for_update(skip_locked=True).filter(id__in=ids, told_at=None))
            _tell([batch.pk for batch in ours])
            SendBatch.objects.filter(id__in=[batch.pk for batch in ours]).update(told_at=clock.now())
        if not ours:
            return


def _tell(batch_ids: list[int]) -> None:
    gone = Message.objects.filter(batch_id__in=batch_ids, state__in=[MessageState.SENT, MessageState.UNCERTAIN])
    rows = list(gone.order_by("id").values_list("id", "customer_id", "campaign_id", "sent_at"))
    for place in range(0, len(rows), TELL_AT_ONCE):
        part = rows[place : place + TELL_AT_ONCE]
        record_many([
            Dated(MessageSent(customer_id, id_, campaign_id), f"message.sent:{id_}", sent_at or clock.now())
            for id_, customer_id, campaign_id, sent_at in part
        ])  # fmt: skip
        refresh_standing([row[1] for row in part])


@job(Lane.USUAL, coalesce=True)
def look_after_batches() -> None:
    """Batches whose worker died: what may be sent again waits again, what can be asked for is asked for, the rest stays open
    to doubt. Also tells what a lost job did not tell."""
    now = clock.now()
    lost = SendBatch.objects.filter(state=BatchState.RUNNING, lease_until__lt=now)
    for batch in lost.order_by("id"):
        with transaction.atomic():
            if SendBatch.objects.filter(pk=batch.pk, state=BatchState.RUNNING).update(state=BatchState.LOST, finished_at=now):
                _release(batch, now)
    if SendBatch.objects.filter(state=BatchState.DONE, told_at=None).exists():
        enqueue(tell_sent, key="all")
    for channel in Message.objects.filter(state=MessageState.UNKNOWN, task=None).values_list("channel", flat=True).distinct():
        enqueue(settle_unknown, key=channel, channel=channel)


def _release(batch: SendBatch, now: dt.datetime) -> None:
    mode = rules.MODES[batch.channel]
    if mode == Mode.KEY and now - batch.created_at > KEY_LIFE:
        mode = Mode.ONCE  # the vendor may have forgotten the key
    state = {Mode.OWN: MessageState.QUEUED, Mode.KEY: MessageState.QUEUED, Mode.ASK: MessageState.UNKNOWN}.get(
        mode, MessageState.UNCERTAIN
    )
    values: dict[str, Any] = {"state": state, "error": LOST}
    if state == MessageState.UNCERTAIN:
        values["sent_at"] = now
    Message.objects.filter(batch_id=batch.pk, state=MessageState.SENDING).update(**values)


@job(Lane.USUAL, coalesce=True)
def settle_unknown(channel: str) -> None:
    """Ask the vendor about messages of unknown outcome, after the quiet time. Found: sent. Not found: they wait again."""
    if rules.MODES[channel] != Mode.ASK:
        raise ValueError(WRONG_MODE)
    quiet = clock.now() - rules.settle_after(quick=is_quick())
    waiting = Message.objects.filter(channel=channel, state=MessageState.UNKNOWN, task=None).order_by("id")
    ripe = list(waiting[:200])
    starts = dict(SendBatch.objects.filter(id__in={one.batch_id for one in ripe}).values_list("id", "created_at"))
    young = [one for one in ripe if starts.get(one.batch_id or 0, quiet) > quiet]
    addresses = addresses_of(channel, {one.customer_id for one in ripe})
    for message in ripe:
        if message not in young:
            _settle(message, addresses.get(message.customer_id, ""), starts.get(message.batch_id or 0, clock.now()))
    if young or waiting.exists():
        raise Later(5.0 if is_quick() else 60.0, "calls may still be on their way")


def _settle(message: Message, phone: str, called_at: dt.datetime) -> None:
    found = sms().find(phone=phone, out_id=message.key, on=called_at.astimezone(clock.SHANGHAI).date()) if phone else None
    mine = Message.objects.filter(pk=message.pk, state=MessageState.UNKNOWN)
    if found is None:
        mine.update(state=MessageState.UNCERTAIN, sent_at=called_at)
    elif found.exists:
        mine.update(state=MessageState.SENT, sent_at=called_at, vendor_id=found.biz_id[:64] or None, error="")
        SendBatch.objects.filter(pk=message.batch_id or 0).update(told_at=None, state=BatchState.DONE)
    elif message.attempts >= MOST_ATTEMPTS:
        mine.update(state=MessageState.FAILED)
    else:
        mine.update(state=MessageState.QUEUED, send_at=clock.now(), batch_id=None)
