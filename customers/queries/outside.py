"""Reads for the pages of other systems: their state, volume, rejected items, and how to send."""

import dataclasses
import json
from typing import Any

from django.db import connection

from core.secrets import unseal
from customers.choices import RejectionState
from customers.intake.items import example_of
from customers.intake.kinds import EVENTS, SOURCES
from customers.models import Rejection, Source, SourceKey
from staff.rules import mask_phone

_HOURS = """
SELECT source.id, array_agg(coalesce(counted.accepted, 0) ORDER BY slot.hour), coalesce(sum(counted.accepted), 0)::int,
       coalesce(sum(counted.duplicate), 0)::int, coalesce(sum(counted.rejected), 0)::int,
       (SELECT count(*) FROM customers_rejection AS item WHERE item.source_id = source.id AND item.state = 'open')
FROM customers_source AS source
CROSS JOIN generate_series(date_trunc('hour', now()) - interval '23 hours', date_trunc('hour', now()), interval '1 hour')
    AS slot (hour)
LEFT JOIN customers_sourcehour AS counted ON counted.source_id = source.id AND counted.hour = slot.hour
GROUP BY source.id
"""


@dataclasses.dataclass
class SourceState:
    """One other system with its last day. `volume`: accepted per hour, oldest first."""

    source: Source
    volume: list[int]
    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0
    waiting: int = 0

    @property
    def kind(self) -> Any:
        """What kind of system it is, from the one table."""
        return SOURCES.get(self.source.kind)

    @property
    def error_ratio(self) -> float:
        """Rejected items of all items of the last 24 hours."""
        total = self.accepted + self.duplicate + self.rejected
        return self.rejected / total if total else 0.0


def source_states() -> list[SourceState]:
    """Every source with its last 24 hours and how many items wait: two queries."""
    with connection.cursor() as cursor:
        cursor.execute(_HOURS)
        numbers = {pk: rest for pk, *rest in cursor.fetchall()}
    states = []
    for source in Source.objects.order_by("name", "id"):
        volume, accepted, duplicate, rejected, waiting = numbers.get(source.pk, ([0] * 24, 0, 0, 0, 0))
        states.append(SourceState(source, volume, accepted, duplicate, rejected, waiting))
    return states


def valid_keys(source: Source) -> list[SourceKey]:
    """The keys that are valid now, the newest first."""
    return list(source.keys.filter(revoked_at__isnull=True).select_related("created_by").order_by("-id"))


def open_rejections(source: Source, limit: int = 50) -> list[dict[str, Any]]:
    """The newest items that wait, with what they say (phone numbers masked) and what is wrong."""
    rows = Rejection.objects.filter(source=source, state=RejectionState.OPEN).order_by("-id")[:limit]
    return [{"row": row, "text": masked(unseal(bytes(row.body)))} for row in rows]


def masked(text: str) -> str:
    """An item as staff may see it: phone numbers with stars, ids of people left out."""
    try:
        raw = json.loads(text)
    except ValueError:
        return "…"
    if not isinstance(raw, dict):
        return json.dumps(raw, ensure_ascii=False)[:300]
    who = raw.get("who")
    if isinstance(who, dict):
        hidden = {
            name: mask_phone(str(value)) if "phone" in name and name != "phone_verified" else "…" for name, value in who.items()
        }
        raw = {**raw, "who": hidden}
    if "unreadable" in raw:
        return "…"
    return json.dumps(raw, ensure_ascii=False)[:400]


def schema_of(kind: str) -> list[dict[str, Any]]:
    """The kinds a source may send, with their fields and an example each, for the page."""
    if kind not in SOURCES:
        return []
    found = []
    for name in SOURCES[kind].events:
        event = EVENTS[name]
        found.append({"event": event, "example": json.dumps(example_of(name), ensure_ascii=False, indent=2)})
    return found
