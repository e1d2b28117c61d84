"""The verbs of the border: note a call, store a callback once, refuse a replay, forget what is old."""

import datetime as dt
import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from django.db import DatabaseError, InterfaceError, connection, transaction

from core import clock
from core.choices import Lane
from core.jobs import job
from core.secrets import seal
from gateways.choices import Outcome
from gateways.errcodes import RetryClass
from gateways.errors import GatewayError
from gateways.models import GatewayCall, InboundCallback

logger = logging.getLogger(__name__)

KEEP_CALLS_DAYS = 90
KEEP_CALLBACKS_DAYS = 30
KEEP_STAMPS_HOURS = 1  # a callback older than five minutes is refused as stale anyway


@dataclass
class CallNote:
    """What a running call adds to its log row."""

    vendor: str
    api: str
    started_at: dt.datetime
    outcome: str = Outcome.OK
    errcode: str = ""
    cost_amount: Decimal = Decimal(0)
    request_id: str = ""
    duration_ms: int = 0


@contextmanager
def record_call(vendor: str, api: str) -> Iterator[CallNote]:
    """Note one call to a vendor, however it ends; the error goes on to the caller.

    The row is written at once, in the caller's transaction if there is one. By the house's law no gateway is called
    inside a transaction that may still roll back, so the row stays; where somebody does so all the same, the log
    line that is written beside every row is what remains. Writing it never fails the call.
    """
    note = CallNote(vendor, api[:80], clock.now())
    started = time.monotonic()
    try:
        yield note
    except GatewayError as error:
        note.outcome = _outcome_of(error)
        note.errcode = error.errcode
        note.request_id = note.request_id or error.request_id
        raise
    finally:
        note.duration_ms = int((time.monotonic() - started) * 1000)
        _write(note)


def _outcome_of(error: GatewayError) -> Outcome:
    """ "Not yet" is an answer, not a failure: who waits for a state at the vendor asks until it is there."""
    if error.ambiguous:
        return Outcome.UNCERTAIN
    return Outcome.WAITING if error.rule.retry is RetryClass.WAIT else Outcome.REFUSED


def _write(note: CallNote) -> None:
    level = logging.DEBUG if note.outcome in {Outcome.OK, Outcome.WAITING} else logging.WARNING
    logger.log(
        level, "gateway call %s %s %s %s (%s ms, %s yuan, request %s)",
        note.vendor, note.api, note.outcome, note.errcode, note.duration_ms, note.cost_amount, note.request_id,
    )  # fmt: skip
    try:
        with transaction.atomic():
            GatewayCall.objects.create(
                vendor=note.vendor,
                api=note.api,
                started_at=note.started_at,
                duration_ms=note.duration_ms,
                outcome=note.outcome,
                errcode=note.errcode[:60],
                cost_amount=note.cost_amount,
                request_id=note.request_id[:80],
            )
    except (DatabaseError, InterfaceError) as error:
        logger.warning("a gateway call was not noted in the database: %s", type(error).__name__)


def store_callback(*, source: str, dedupe_key: str, body: str, kind: str = "") -> int | None:
    """Keep a verified callback; its id, or None when it is known already (the vendor's retry). Enqueue its work beside it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO gateways_inboundcallback (source, dedupe_key, kind, body) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (source, dedupe_key) DO NOTHING RETURNING id",
            [source, dedupe_key[:80], kind[:80], seal(body)],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def mark_callback_processed(callback_id: int) -> None:
    """The callback's work is done."""
    InboundCallback.objects.filter(pk=callback_id, processed_at__isnull=True).update(processed_at=clock.now(), error="")


def mark_callback_failed(callback_id: int, error: str) -> None:
    """The callback's work failed; it stays open, and the first 200 characters say why (no personal data)."""
    InboundCallback.objects.filter(pk=callback_id, processed_at__isnull=True).update(error=error[:200])


def spend_stamp(source: str, *stamp: str) -> bool:
    """Use up a callback's stamp (timestamp, nonce, signature); False when it was used before.

    Written in the caller's transaction: if storing the callback fails, the stamp is free again for the vendor's retry.
    """
    fingerprint = hashlib.sha256("\x00".join((source, *stamp)).encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO gateways_usednonce (fingerprint) VALUES (%s) ON CONFLICT DO NOTHING", [fingerprint])
        return bool(cursor.rowcount == 1)


@job(Lane.BULK, coalesce=True)
def prune_gateway_log() -> None:
    """Forget calls after 90 days, callbacks after 30, stamps after an hour."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM gateways_gatewaycall WHERE started_at < now() - make_interval(days => %s)", [KEEP_CALLS_DAYS])
        cursor.execute(
            "DELETE FROM gateways_inboundcallback WHERE received_at < now() - make_interval(days => %s)", [KEEP_CALLBACKS_DAYS]
        )
        cursor.execute("DELETE FROM gateways_usednonce WHERE seen_at < now() - make_interval(hours => %s)", [KEEP_STAMPS_HOURS])
