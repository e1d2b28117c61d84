"""What other systems send: verified, checked item by item, resolved to people, kept for ever or put aside."""

import dataclasses
import datetime as dt
import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError

from core import clock, idempotency
from core.choices import Lane
from core.errors import BadInput
from core.jobs import job
from core.parsers import decode
from core.secrets import seal, unseal
from customers.choices import RejectionState
from customers.intake.items import MAX_ITEM_BYTES, MAX_ITEMS, Complaint, Item, read_item
from customers.intake.kinds import SOURCES
from customers.intake.signing import Unsigned, read_envelope, signed_by
from customers.models import Rejection, Source, SourceKey
from customers.rules import split_events
from customers.services.appending import Told, append_told, told_key
from customers.services.people import people_behind
from customers.services.sources import note_key_use
from staff.models import User

logger = logging.getLogger(__name__)

ACCEPTED, DUPLICATE, REJECTED = "accepted", "duplicate", "rejected"
MAX_OPEN_REJECTIONS = 5_000  # per source; a sender that sends nothing but rubbish fills no disk


@dataclasses.dataclass(frozen=True)
class Message:
    """A message that was believed: who sent it, under which id."""

    source: Source
    id: str
    body: bytes


@dataclasses.dataclass
class Verdict:
    """What became of one item."""

    item: Item
    raw: Any
    status: str = REJECTED


def believe(code: str, headers: Mapping[str, str], body: bytes) -> Message:
    """Check a message's signature and age. Unsigned otherwise, the same for an unknown source as for a wrong secret."""
    envelope = read_envelope(headers, clock.now().timestamp())
    keys = list(SourceKey.objects.filter(source__code=code, revoked_at__isnull=True).select_related("source")[:4])
    used = signed_by(envelope, body, [(key.pk, unseal(bytes(key.secret_sealed))) for key in keys])
    key = next((key for key in keys if key.pk == used), None)
    if key is None:
        raise Unsigned("forged")
    note_key_use(key.pk, key.last_used_at)
    return Message(key.source, envelope.id, body)


def take_in(message: Message) -> tuple[dict[str, Any], bool]:
    """Take a message's items in; (answer, whether it was answered before). One transaction, once per message id.

    BadInput when the body as a whole is no request; Refused when its id was used for another body.
    """
    raws = _raw_items(message.body)
    digest = hashlib.sha256(message.body).hexdigest()
    scope = f"ingest:{message.source.code}"
    with transaction.atomic():
        kept = idempotency.claim(scope, message.id, digest)
        if kept is not None:
            return kept[1], True
        verdicts = judge(message.source, raws)
        answer = _answer(verdicts)
        idempotency.keep(scope, message.id, 200, answer)
    return answer, False


def _raw_items(body: bytes) -> list[Any]:
    """The items of {"events": [...]}; one that cannot be read is its error, and spoils no neighbour."""
    try:
        root = decode(body)
    except ParseError:
        root = None
    if isinstance(root, dict) and isinstance(root.get("events"), list):
        if set(root) != {"events"}:
            raise BadInput(
                _("The body holds fields that are not known."), {"body": ", ".join(sorted(set(root) - {"events"})[:5])}
            )
        return list(root["events"])
    try:
        return [_decoded(part) for part in split_events(body)]
    except msgspec.DecodeError as error:
        raise BadInput(_('The body must be JSON of the form {"events": [...]}.')) from error


def _decoded(part: bytes) -> Any:
    try:
        return decode(part)
    except ParseError as error:
        return Unreadable(part.decode("utf-8", "replace")[:MAX_ITEM_BYTES], str(error.detail))


@dataclasses.dataclass(frozen=True)
class Unreadable:
    """An item that is no storable JSON, as text, and why."""

    text: str
    why: str


def judge(source: Source, raws: Sequence[Any], *, keep_rejected: bool = True, at: dt.datetime | None = None) -> list[Verdict]:
    """Check, resolve and append items; every item gets its verdict. In the caller's transaction. `at`: when they came."""
    now = at or clock.now()
    verdicts = [Verdict(_checked(source, raw, now), raw) for raw in raws[:MAX_ITEMS]]
    full = [Complaint("", _("A request holds at most %(limit)s items; send this one again.") % {"limit": MAX_ITEMS})]
    overflow = [Verdict(Item("", complaints=full), raw) for raw in raws[MAX_ITEMS:]]
    good = [verdict for verdict in verdicts if not verdict.item.complaints]
    _append(source, good)
    if keep_rejected:
        _put_aside(source, [verdict for verdict in verdicts if verdict.item.complaints])
    _count(source, verdicts, now)
    return verdicts + overflow


def _checked(source: Source, raw: Any, now: dt.datetime) -> Item:
    if isinstance(raw, Unreadable):
        return Item("", complaints=[Complaint("", raw.why)])
    if len(json.dumps(raw, ensure_ascii=False).encode()) > MAX_ITEM_BYTES:
        return Item("", complaints=[Complaint("", _("The event is larger than 16 kB."))])
    return read_item(raw, SOURCES[source.kind].events, now)


def _append(source: Source, good: list[Verdict]) -> None:
    people = people_behind([verdict.item.who for verdict in good], source=source.code)
    met: set[str] = set()
    facts: list[Told] = []
    for verdict, person in zip(good, people, strict=True):
        item = verdict.item
        if person.refusal:
            item.complaints.append(Complaint("who", person.refusal))
        elif item.id in met or item.at is None:
            verdict.status = DUPLICATE
        else:
            met.add(item.id)
            facts.append(Told(told_key(source.code, item.id), item.kind, item.at, person.customer_id, item.props, person.home_id))
    fresh = append_told(facts, source=source.code)
    for verdict in good:
        if not verdict.item.complaints and verdict.status != DUPLICATE:
            verdict.status = ACCEPTED if told_key(source.code, verdict.item.id) in fresh else DUPLICATE
    taken = [verdict.item.id for verdict in good if verdict.status != REJECTED]
    Rejection.objects.filter(source=source, state=RejectionState.OPEN, item_id__in=taken).update(
        state=RejectionState.REPLAYED, settled_at=clock.now()
    )


def _put_aside(source: Source, bad: list[Verdict]) -> None:
    """Keep what could not be taken, sealed, for a replay."""
    waiting = Rejection.objects.filter(source=source, state=RejectionState.OPEN).count() if bad else 0
    rows = [
        Rejection(
            source=source, item_id=verdict.item.id, kind=verdict.item.kind[:64], body=seal(_text_of(verdict.raw)),
            complaints=[dataclasses.asdict(one) for one in verdict.item.complaints],
        )
        for verdict in bad[: max(0, MAX_OPEN_REJECTIONS - waiting)]
    ]  # fmt: skip
    Rejection.objects.bulk_create(rows, ignore_conflicts=True)


def _text_of(raw: Any) -> str:
    if isinstance(raw, Unreadable):
        return json.dumps({"unreadable": raw.text.replace("\x00", "\ufffd")})
    text = json.dumps(raw, ensure_ascii=False)
    return text if len(text) <= MAX_ITEM_BYTES else json.dumps({"unreadable": text[:MAX_ITEM_BYTES]})


_HOUR = """
INSERT INTO customers_sourcehour AS row (source_id, hour, accepted, duplicate, rejected)
VALUES (%s, date_trunc('hour', %s::timestamptz), %s, %s, %s)
ON CONFLICT (source_id, hour) DO UPDATE SET accepted = row.accepted + EXCLUDED.accepted,
    duplicate = row.duplicate + EXCLUDED.duplicate, rejected = row.rejected + EXCLUDED.rejected
"""


def _count(source: Source, verdicts: list[Verdict], now: dt.datetime) -> None:
    numbers = [sum(verdict.status == status for verdict in verdicts) for status in (ACCEPTED, DUPLICATE, REJECTED)]
    note_volume(source, now, *numbers)
    latest = max((verdict.item.at for verdict in verdicts if verdict.item.at and verdict.status == ACCEPTED), default=None)
    if latest is not None:
        lag = max(0, int((now - latest).total_seconds()))
        Source.objects.filter(pk=source.pk).update(last_event_at=now, last_lag_seconds=lag)


def note_volume(source: Source, now: dt.datetime, accepted: int, duplicate: int, rejected: int) -> None:
    """Add to what a source sent in this hour."""
    with connection.cursor() as cursor:
        cursor.execute(_HOUR, [source.pk, now, accepted, duplicate, rejected])


def _answer(verdicts: list[Verdict]) -> dict[str, Any]:
    results = []
    for verdict in verdicts:
        errors = {"errors": [dataclasses.asdict(one) for one in verdict.item.complaints]} if verdict.item.complaints else {}
        results.append({"id": verdict.item.id, "status": verdict.status, **errors})
    return {"results": results}


@transaction.atomic
def replay(rejections: Sequence[Rejection], *, user: User | None) -> int:
    """Judge rejected items anew, as if they had just been sent; how many were taken. The others stay, with the new reasons."""
    taken = 0
    waiting = Rejection.objects.select_for_update(of=("self",)).select_related("source").order_by("pk")
    for rejection in waiting.filter(pk__in=[one.pk for one in rejections], state=RejectionState.OPEN):
        (verdict,) = judge(rejection.source, [json.loads(unseal(bytes(rejection.body)))], keep_rejected=False)
        if verdict.status == REJECTED:
            rejection.complaints = [dataclasses.asdict(one) for one in verdict.item.complaints]
        else:
            rejection.state, rejection.settled_at, rejection.settled_by = RejectionState.REPLAYED, clock.now(), user
            taken += 1
        rejection.save(update_fields=["complaints", "state", "settled_at", "settled_by"])
    return taken


@transaction.atomic
def drop(rejections: Sequence[Rejection], *, user: User) -> int:
    """Give rejected items up; how many."""
    return Rejection.objects.filter(pk__in=[one.pk for one in rejections], state=RejectionState.OPEN).update(
        state=RejectionState.DROPPED, settled_at=clock.now(), settled_by=user
    )


KEEP_OPEN_DAYS, KEEP_SETTLED_DAYS = 90, 30


@job(Lane.BULK, coalesce=True)
def prune_rejections() -> int:
    """Forget what could not be taken: 30 days after it was settled, and 90 days after it came where nobody mended it.

    A body may hold personal data; it is not kept longer than somebody may still act on it. The number forgotten.
    """
    now = clock.now()
    settled = Q(settled_at__lt=now - dt.timedelta(days=KEEP_SETTLED_DAYS))
    stale = Q(state=RejectionState.OPEN, received_at__lt=now - dt.timedelta(days=KEEP_OPEN_DAYS))
    return Rejection.objects.filter(settled | stale).delete()[0]
