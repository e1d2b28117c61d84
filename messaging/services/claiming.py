"""Claiming direct messages: a batch under a lease, after the governor has been asked again about everybody in it."""

import dataclasses
import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from core import clock
from messaging import rules
from messaging.choices import BatchState, TouchPurpose
from messaging.models import SendBatch
from messaging.queries import TouchPlan, decisions, quiet_end
from staff.models import AgencyPolicy

CLAIM = 1000
LEASES = 4  # a batch may take so many job leases: time-outs at the vendor are part of its life

_TAKE = """
UPDATE messaging_message AS message SET state = 'sending', batch_id = %(batch)s, attempts = message.attempts + 1
FROM (SELECT id FROM messaging_message
      WHERE state = 'queued' AND task_id IS NULL AND channel = %(channel)s AND send_at <= %(now)s
      ORDER BY send_at, id LIMIT %(size)s FOR UPDATE SKIP LOCKED) AS due
WHERE message.id = due.id
RETURNING message.id, message.customer_id, message.purpose, message.campaign_id, message.created_at, message.content_id
"""
_HOLD = """
UPDATE messaging_message AS message SET state = 'suppressed', reason = held.reason, batch_id = NULL
FROM unnest(%(ids)s::bigint[], %(reasons)s::text[]) AS held (id, reason)
WHERE message.id = held.id AND message.batch_id = %(batch)s
"""
_LATER = """
UPDATE messaging_message SET state = 'queued', send_at = %(until)s, batch_id = NULL, attempts = greatest(attempts, 1) - 1
WHERE batch_id = %(batch)s AND id = ANY(%(ids)s)
"""


@dataclasses.dataclass(frozen=True)
class Claim:
    """What one worker holds: the batch, and how many messages are in it."""

    batch_id: int
    owner: uuid.UUID
    size: int
    taken: int

    def finish(self) -> bool:
        """Give the batch back; False when the lease was lost and somebody else has looked after it."""
        mine = SendBatch.objects.filter(id=self.batch_id, owner=self.owner, state=BatchState.RUNNING)
        return bool(mine.update(state=BatchState.DONE, finished_at=clock.now()))


def claim(channel: str, size: int = CLAIM) -> Claim:
    """Take up to `size` due messages of a channel, hold back what the governor no longer lets through, put off what has
    come into quiet hours. All in one transaction, committed before anything leaves the house."""
    now, owner = clock.now(), uuid.uuid4()
    lease = dt.timedelta(seconds=settings.JOB_LEASE_SECONDS * LEASES)
    with transaction.atomic():
        batch = SendBatch.objects.create(channel=channel, owner=owner, lease_until=now + lease, created_at=now)
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, {"batch": batch.pk, "channel": channel, "now": now, "size": size})
            rows = cursor.fetchall()
        if not rows:
            batch.delete()
            return Claim(0, owner, 0, 0)
        left = len(rows) - _ask_again(batch.pk, channel, rows, now)
        SendBatch.objects.filter(pk=batch.pk).update(size=left)
    return Claim(batch.pk, owner, left, len(rows))


Row = tuple[int, int, str, int | None, dt.datetime, int]


def _ask_again(batch_id: int, channel: str, rows: list[Row], now: dt.datetime) -> int:
    """How many of the claimed are not to be sent now. One question per purpose, campaign and content: these share a plan."""
    groups: dict[tuple[str, int | None, int], list[Row]] = {}
    for row in rows:
        groups.setdefault((row[2], row[3], row[5]), []).append(row)
    return sum(_ask_group(batch_id, channel, key, members, now) for key, members in groups.items())


def _ask_group(batch_id: int, channel: str, key: tuple[str, int | None, int], rows: list[Row], now: dt.datetime) -> int:
    purpose, campaign_id, content_id = key
    until = None if purpose == TouchPurpose.TRANSACTION else quiet_end(now)
    with connection.cursor() as cursor:
        if until is not None:
            cursor.execute(_LATER, {"batch": batch_id, "until": until, "ids": [row[0] for row in rows]})
            return len(rows)
        held = _held(channel, purpose, campaign_id, content_id, rows, now)
        if held:
            values: dict[str, Any] = {"batch": batch_id, "ids": list(held), "reasons": list(held.values())}
            cursor.execute(_HOLD, values)
        return len(held)


_TEMPLATE = "SELECT template_id FROM messaging_content WHERE id = %s"
_REASONS = "SELECT customer_id, reason FROM verdict WHERE reason <> ''"


def _held(
    channel: str, purpose: str, campaign_id: int | None, content_id: int, rows: list[Row], now: dt.datetime
) -> dict[int, str]:
    """Message id -> reason. The messages themselves are not counted against the people they go to."""
    with connection.cursor() as cursor:
        cursor.execute(_TEMPLATE, [content_id])
        (template,) = cursor.fetchone() or ("",)
        plan = TouchPlan(
            audience=("SELECT unnest(%(g_people)s::bigint[])", {"g_people": [row[1] for row in rows]}), at=now,
            policy=AgencyPolicy.current(), campaign_id=campaign_id, pending_before=min(row[4] for row in rows), purpose=purpose,
            channel=channel, template_id=template, rank=rules.rank(purpose, is_campaign=campaign_id is not None),
            own=tuple(row[0] for row in rows),
        )  # fmt: skip
        sql, params = decisions(plan)
        cursor.execute(sql + _REASONS, params)
        reasons = dict(cursor.fetchall())
    return {row[0]: reasons[row[1]] for row in rows if row[1] in reasons}
