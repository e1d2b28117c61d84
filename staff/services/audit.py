"""The audit trail: append-only rows, each sealed by a keyed hash over itself and the row before."""

import datetime as dt
import ipaddress
import json
import logging
from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from core import clock
from core.choices import Lane
from core.jobs import job
from core.secrets import lookup_hash
from staff.models import AuditEntry, User
from staff.rules import audit_seal_text

logger = logging.getLogger(__name__)
GENESIS = bytes(32)
_LOCK = 0x5C12_A0D1


def write_audit(
    actor: User | None, action: str, obj: Model | None = None, detail: Mapping[str, Any] | None = None, *, ip: str | None = None
) -> AuditEntry:
    """Append who did what to which object, in the caller's transaction.

    `action` is `noun.verb` ("campaigns.launch"); `detail` is plain JSON without personal data, with before and after as
    `{"changes": {"field": [old, new]}}`. Writers queue up behind one lock until the transaction ends: call it last.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        last = AuditEntry.objects.order_by("-id").values_list("hash", flat=True).first()
        entry = AuditEntry(
            at=clock.now(),
            actor=actor if actor and actor.pk else None,
            action=action,
            object_type=obj._meta.label_lower if obj else "",
            object_id=str(obj.pk)[:60] if obj else "",
            object_name=_name_of(obj),
            detail=_plain(detail or {}),
            ip=_plain_ip(ip),
            previous_hash=bytes(last) if last is not None else GENESIS,
        )
        entry.hash = seal_of(entry)
        entry.save(force_insert=True)
    return entry


def _name_of(obj: Model | None) -> str:
    """How the trail, which keeps everything for ever, names an object: people by number alone (`audit_name`)."""
    return str(getattr(obj, "audit_name", obj))[:120] if obj else ""


def _plain(detail: Mapping[str, Any]) -> dict[str, Any]:
    """JSON that reads back exactly as it was sealed: what is not JSON, and every float, becomes text."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(detail), default=str), parse_float=str)
    return plain


def _plain_ip(ip: str | None) -> str | None:
    """An address in the spelling Postgres gives back; None for what is none (a Unix socket)."""
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def seal_of(entry: AuditEntry) -> bytes:
    """The keyed hash of an entry and its predecessor's hash: without the data key nobody can make a matching one."""
    text = audit_seal_text(
        previous=bytes(entry.previous_hash), at=entry.at, actor_id=entry.actor_id, action=entry.action,
        target=(entry.object_type, entry.object_id, entry.object_name), detail=entry.detail, ip=entry.ip,
    )  # fmt: skip
    return lookup_hash("audit", text)


def chain_break() -> tuple[int, int | None]:
    """Walk the whole chain: how many entries were looked at, and the id of the first that does not fit (or None)."""
    expected, count = GENESIS, 0
    for entry in AuditEntry.objects.order_by("id").iterator(chunk_size=2000):
        if bytes(entry.previous_hash) != expected or bytes(entry.hash) != seal_of(entry):
            return count, entry.id
        expected, count = bytes(entry.hash), count + 1
    return count, None


@job(Lane.BULK, coalesce=True)
def anchor_audit() -> None:
    """Say the chain's head in the log, which lives elsewhere: rows cut from the end would leave no other trace."""
    count, broken = chain_break()
    head = AuditEntry.objects.order_by("-id").first()
    stamp = head.at.astimezone(dt.UTC).isoformat() if head else "none"
    level = logging.ERROR if broken else logging.INFO
    logger.log(
        level,
        "audit chain: %s entries, head %s at %s, first broken %s",
        count,
        bytes(head.hash).hex() if head else "-",
        stamp,
        broken,
    )
