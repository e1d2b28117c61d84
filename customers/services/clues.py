"""Weak evidence: kept as keyed hashes, and compared with everybody else's. It asks a person, and joins nobody."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection

from core.secrets import lookup_hash
from customers.choices import ClueKind, IdentityKind, ReviewReason
from customers.rules import mask_phone
from customers.rules.identity import name_and_birthday, name_and_masked_phone
from customers.services import reviews
from customers.services.keys import Key

MOST_QUESTIONS = 5  # about one fact; a name and a birthday that many share say nothing

_KEEP = """
INSERT INTO customers_clue (customer_id, kind, value_hash, source)
SELECT %s, kind, value_hash, %s FROM unnest(%s::text[], %s::bytea[]) AS told (kind, value_hash) ON CONFLICT DO NOTHING
"""
# A verified phone is evidence against somebody else's unverified one, and the other way round.
_SAME = """
SELECT customer_id, min(kind) FROM (
    SELECT clue.customer_id, clue.kind
    FROM unnest(%(kinds)s::text[], %(hashes)s::bytea[]) AS told (kind, value_hash)
    JOIN customers_clue AS clue USING (kind, value_hash)
    UNION ALL
    SELECT identity.customer_id, 'phone' FROM customers_identity AS identity
    WHERE identity.kind = 'phone' AND identity.scope = '' AND identity.value_hash = ANY(%(phones)s::bytea[])
    UNION ALL
    SELECT clue.customer_id, 'phone' FROM customers_clue AS clue
    WHERE clue.kind = 'phone' AND clue.value_hash = ANY(%(proved)s::bytea[])
    UNION ALL
    SELECT id, CASE WHEN birthday = %(birthday)s THEN 'name_birthday' ELSE 'name_masked_phone' END FROM customers_customer
    WHERE %(name)s <> '' AND name = %(name)s AND merged_into_id IS NULL
        AND (birthday = %(birthday)s OR phone_masked = ANY(%(masks)s::text[]))
) AS met WHERE customer_id <> %(customer)s GROUP BY customer_id ORDER BY customer_id LIMIT %(most)s
"""
REASONS: dict[str, ReviewReason] = {
    ClueKind.PHONE: ReviewReason.UNVERIFIED_PHONE,
    ClueKind.NAME_BIRTHDAY: ReviewReason.NAME_BIRTHDAY,
    ClueKind.NAME_MASKED_PHONE: ReviewReason.NAME_MASKED_PHONE,
}


def masks_of(keys: Sequence[Key], masked_phone: str) -> set[str]:
    """Every masked phone a fact gives, be it in full."""
    return {masked_phone, *(mask_phone(key.value) for key in keys if key.kind == IdentityKind.PHONE)} - {""}


def told_by(keys: Sequence[Key], name: str, birthday: dt.date | None, masked_phone: str) -> list[tuple[str, bytes]]:
    """What a fact hints at, as kinds and keyed hashes: its name with its birthday and its masks, its unverified phones."""
    texts = {(ClueKind.NAME_BIRTHDAY, name_and_birthday(name, birthday))}
    texts |= {(ClueKind.NAME_MASKED_PHONE, name_and_masked_phone(name, mask)) for mask in masks_of(keys, masked_phone)}
    told = sorted((kind.value, lookup_hash(f"clue:{kind}", text)) for kind, text in texts if text)
    return told + [(ClueKind.PHONE.value, key.hash) for key in keys if key.kind == IdentityKind.PHONE and not key.verified]


def compare(customer_id: int, keys: Sequence[Key], name: str, birthday: dt.date | None, masked_phone: str, source: str) -> int:
    """Keep what a fact hints at and open a review with everybody of whom the same is known; the number opened."""
    phones = [key for key in keys if key.kind == IdentityKind.PHONE]
    masks = masks_of(keys, masked_phone)
    told = told_by(keys, name, birthday, masked_phone)
    weak = [key.hash for key in phones if not key.verified]
    proved = [key.hash for key in phones if key.verified]
    if not told and not proved:
        return 0
    kinds, hashes = [kind for kind, _hash in told], [hashed for _kind, hashed in told]
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [customer_id, source, kinds, hashes])
        named: dict[str, Any] = {
            "name": name,
            "birthday": birthday,
            "masks": sorted(masks),
            "kinds": kinds,
            "hashes": hashes,
            "phones": weak,
            "proved": proved,
            "customer": customer_id,
        }
        cursor.execute(_SAME, named | {"most": MOST_QUESTIONS + 1})
        met = cursor.fetchall()
    if len(met) > MOST_QUESTIONS:
        return 0
    return sum(
        reviews.open_review(customer_id, other, reason=REASONS[ClueKind(kind)], evidence=[{"kind": kind}], source=source)
        for other, kind in met
    )
