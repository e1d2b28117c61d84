"""Staged rows without a strong key: each is known again by all it says, and asks about whoever the same is known of.

The set-based form of what `resolve` does with one such fact. A name and a birthday that more than a few people share
say nothing, whichever of them came first.
"""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from core.secrets import seal_many, unseal
from customers.choices import IdentityKind
from customers.services import clues, reviews
from customers.services.keys import Key, trace

_WEAK = """
SELECT row.row, row.name, row.nickname, row.birthday, row.phone_masked, coalesce(jsonb_agg(
    encode(key.value_sealed, 'hex')) FILTER (WHERE key.row IS NOT NULL), '[]')::text
FROM resolve_row AS row LEFT JOIN resolve_key AS key USING (row)
WHERE row.verdict = '' AND NOT EXISTS (
    SELECT 1 FROM resolve_key AS strong WHERE strong.row = row.row AND (strong.verified OR strong.kind <> 'phone'))
GROUP BY row.row ORDER BY row.row
"""
_CLUES = "CREATE TEMP TABLE resolve_clue (row integer, kind text, value_hash bytea, mask text) ON COMMIT DROP"
_COPY_KEYS = "COPY resolve_key (row, kind, scope, value_hash, value_sealed, verified) FROM STDIN"
_COPY_CLUES = "COPY resolve_clue (row, kind, value_hash, mask) FROM STDIN"
_KEEP = """
INSERT INTO customers_clue (customer_id, kind, value_hash, source)
SELECT DISTINCT row.customer_id, clue.kind, clue.value_hash, %s FROM resolve_clue AS clue JOIN resolve_row AS row USING (row)
WHERE clue.value_hash IS NOT NULL AND row.customer_id IS NOT NULL ON CONFLICT DO NOTHING
"""
_SAME = """
WITH told AS (
    SELECT row.row, row.customer_id, row.name, row.birthday, clue.kind, clue.value_hash, clue.mask
    FROM resolve_clue AS clue JOIN resolve_row AS row USING (row) WHERE row.customer_id IS NOT NULL
), met AS (
    SELECT told.customer_id, clue.customer_id AS other, told.kind
    FROM told JOIN customers_clue AS clue ON clue.kind = told.kind AND clue.value_hash = told.value_hash
    UNION ALL
    SELECT told.customer_id, identity.customer_id, 'phone' FROM told JOIN customers_identity AS identity
    ON told.kind = 'phone' AND identity.kind = 'phone' AND identity.scope = '' AND identity.value_hash = told.value_hash
    UNION ALL
    SELECT told.customer_id, customer.id,
        CASE WHEN customer.birthday = told.birthday THEN 'name_birthday' ELSE 'name_masked_phone' END
    FROM told JOIN customers_customer AS customer ON customer.name = told.name AND customer.merged_into_id IS NULL
        AND (customer.birthday = told.birthday OR customer.phone_masked = told.mask)
    WHERE told.name <> '' AND told.kind = ''
), pair AS (
    SELECT customer_id, other, min(kind) AS kind, count(*) OVER (PARTITION BY customer_id) AS others
    FROM met WHERE other <> customer_id GROUP BY customer_id, other
)
SELECT customer_id, other, kind FROM pair WHERE others <= %s ORDER BY 1, 2
"""


def stage_weak(cursor: Any, source: str) -> bool:
    """Give every staged row without a strong key the key of all it says, and stage its clues; whether there is one.

    A row that says nothing stays without a key, and so without a customer.
    """
    cursor.execute(_WEAK)
    found = cursor.fetchall()
    if not found:
        return False
    cursor.execute(_CLUES)
    traces: list[tuple[int, Key]] = []
    told: list[tuple[int, str, bytes | None, str | None]] = []
    for row, name, nickname, birthday, masked, staged in found:
        phones = [Key(IdentityKind.PHONE, "", unseal(bytes.fromhex(sealed)), False) for sealed in json.loads(staged)]
        key = trace(phones, source, name or "", nickname or "", birthday, masked or "")
        if key is not None:
            traces.append((row, key))
            told += _clues(row, phones, name or "", birthday, masked or "")
    sealed = seal_many([key.value for _row, key in traces])
    with cursor.copy(_COPY_KEYS) as copy:
        for (row, key), value in zip(traces, sealed, strict=True):
            copy.write_row((row, key.kind, key.scope, key.hash, value, True))
    with cursor.copy(_COPY_CLUES) as copy:
        for line in told:
            copy.write_row(line)
    return True


def _clues(row: int, phones: Sequence[Key], name: str, birthday: dt.date | None, masked: str) -> list[Any]:
    """Lines for `resolve_clue`: one per clue, and one per mask (kind empty) by which customers' own columns are asked."""
    kept = [(row, kind, hashed, None) for kind, hashed in clues.told_by(phones, name, birthday, masked)]
    masks: list[str | None] = [*sorted(clues.masks_of(phones, masked))]
    return kept + [(row, "", None, mask) for mask in masks or [None]] if kept else []


def ask_about_weak(cursor: Any, source: str) -> None:
    """Keep the clues of the rows `stage_weak` found, and open a review with everybody of whom the same is known."""
    cursor.execute(_KEEP, [source[:40]])
    cursor.execute(_SAME, [clues.MOST_QUESTIONS])
    reviews.open_reviews([(one, other, clues.REASONS[kind], kind) for one, other, kind in cursor.fetchall()], source=source)
