"""One piece of an imported file into the database: staged by COPY, resolved and written by a few statements."""

import dataclasses

from django.db import connection
from django.db.backends.utils import CursorWrapper

from customers.choices import ImportTarget
from customers.intake.sheets import Complaint
from customers.models import ImportBatch
from customers.services.import_staging import Piece, notes
from customers.services.resolve_bulk import open_staging, resolve_many

_TABLES = """
DROP TABLE IF EXISTS import_told, import_note, import_fill, import_fresh;
CREATE TEMP TABLE import_told (row integer PRIMARY KEY, key uuid, kind text, occurred_at timestamptz, props text) ON COMMIT DROP;
CREATE TEMP TABLE import_note (row integer PRIMARY KEY, complaints text) ON COMMIT DROP;
CREATE TEMP TABLE import_fill (row integer PRIMARY KEY, customer_id bigint, told jsonb) ON COMMIT DROP;
CREATE TEMP TABLE import_fresh (row integer PRIMARY KEY) ON COMMIT DROP;
"""
_ROWS = "COPY resolve_row (row, name, nickname, remark, gender, birthday, city, phone_masked, created_at) FROM STDIN"
_KEYS = "COPY resolve_key (row, kind, scope, value_hash, value_sealed, verified) FROM STDIN"
_TOLD = "COPY import_told (row, key, kind, occurred_at, props) FROM STDIN"
_NOTES = "COPY import_note (row, complaints) FROM STDIN"
# What was empty is filled; what staff wrote stays. Noted, so that a roll-back can take it back.
_FILL = """
INSERT INTO import_fill
SELECT DISTINCT ON (row.customer_id) row.row, row.customer_id, told FROM resolve_row AS row
JOIN customers_customer AS customer ON customer.id = row.customer_id
CROSS JOIN LATERAL (SELECT jsonb_strip_nulls(jsonb_build_object(
    'name', CASE WHEN customer.name = '' THEN nullif(left(row.name, 60), '') END,
    'nickname', CASE WHEN customer.nickname = '' THEN nullif(left(row.nickname, 64), '') END,
    'remark', CASE WHEN customer.remark = '' THEN nullif(left(row.remark, 120), '') END,
    'gender', CASE WHEN customer.gender = '' THEN nullif(row.gender, '') END,
    'birthday', CASE WHEN customer.birthday IS NULL THEN row.birthday END,
    'city', CASE WHEN customer.city = '' THEN nullif(left(row.city, 40), '') END,
    'phone_masked', CASE WHEN customer.phone_masked = '' THEN nullif(row.phone_masked, '') END)) AS told) AS found
WHERE row.verdict IN ('known', 'resolved') AND told <> '{}'::jsonb ORDER BY row.customer_id, row.row
"""
_FILLED = """
UPDATE customers_customer AS customer SET updated_at = now(),
    name = coalesce(told->>'name', name), nickname = coalesce(told->>'nickname', nickname),
    remark = coalesce(told->>'remark', remark),
    gender = coalesce(told->>'gender', gender), birthday = coalesce((told->>'birthday')::date, birthday),
    city = coalesce(told->>'city', city), phone_masked = coalesce(told->>'phone_masked', phone_masked)
FROM import_fill AS fill WHERE fill.customer_id = customer.id
"""
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('import events', 9))"
_APPEND = """
WITH first AS (
    SELECT DISTINCT ON (told.key) told.*, row.customer_id FROM import_told AS told JOIN resolve_row AS row USING (row)
    WHERE row.customer_id IS NOT NULL ORDER BY told.key, told.row
), fresh AS (
    INSERT INTO core_event (key, occurred_at, kind, customer_id, props, source, recorded_at)
    SELECT key, occurred_at, kind, customer_id, props::jsonb, %s, clock_timestamp() FROM first
    WHERE NOT EXISTS (SELECT 1 FROM core_event AS known WHERE known.key = first.key)
    RETURNING key
)
INSERT INTO import_fresh SELECT first.row FROM first JOIN fresh USING (key)
"""
_SEEN = """
INSERT INTO customers_activity AS row (customer_id, first_seen_at, last_seen_at, event_count)
SELECT who.customer_id, min(told.occurred_at), max(told.occurred_at), count(*)
FROM import_told AS told JOIN import_fresh USING (row) JOIN resolve_row AS who USING (row)
GROUP BY who.customer_id ORDER BY who.customer_id
ON CONFLICT (customer_id) DO UPDATE SET first_seen_at = least(row.first_seen_at, EXCLUDED.first_seen_at),
    last_seen_at = greatest(row.last_seen_at, EXCLUDED.last_seen_at), event_count = row.event_count + EXCLUDED.event_count
"""
_HOMED = """
INSERT INTO customers_eventhome (key, occurred_at, home_id)
SELECT told.key, told.occurred_at, home_id FROM import_fresh JOIN import_told AS told USING (row) JOIN resolve_home USING (row)
ON CONFLICT DO NOTHING
"""
_SETTLE = """
WITH row AS (
    SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY row) = 1 AND (is_new OR verdict = 'resolved' AND EXISTS (
        SELECT 1 FROM customers_customer AS made
        WHERE made.id = customer_id AND made.source = %(source)s AND made.created_at >= now())) AS has_made
    FROM resolve_row
), told AS (
    SELECT told.row, told.key, told.occurred_at, fresh.row IS NOT NULL AS is_fresh
    FROM import_told AS told LEFT JOIN import_fresh AS fresh USING (row)
), settled AS (
INSERT INTO customers_importrow
    (batch_id, row_no, state, customer_id, has_made, complaints, filled, event_key, event_at)
SELECT %(batch)s, row.row,
    CASE WHEN row.customer_id IS NULL THEN 'refused' WHEN told.row IS NOT NULL THEN
        CASE WHEN told.is_fresh THEN 'added' ELSE 'duplicate' END
        WHEN row.has_made THEN 'created' ELSE 'matched' END,
    row.customer_id, row.has_made,
    CASE WHEN row.verdict = 'erased' THEN %(erased)s::jsonb WHEN row.customer_id IS NULL THEN %(nobody)s::jsonb
         ELSE coalesce(note.complaints::jsonb, '[]'::jsonb) END,
    fill.told, CASE WHEN told.is_fresh THEN told.key END, CASE WHEN told.is_fresh THEN told.occurred_at END
FROM row LEFT JOIN told USING (row) LEFT JOIN import_note AS note USING (row) LEFT JOIN import_fill AS fill USING (row)
RETURNING state, complaints <> '[]'::jsonb AS has_complaints
)
SELECT count(*) FILTER (WHERE state = 'created'), count(*) FILTER (WHERE state = 'matched'),
       count(*) FILTER (WHERE state = 'added'), count(*) FILTER (WHERE state = 'duplicate'),
       count(*) FILTER (WHERE state = 'refused'), count(*) FILTER (WHERE state <> 'refused' AND has_complaints) FROM settled
"""
_REFUSED = """
INSERT INTO customers_importrow (batch_id, row_no, state, has_made, complaints)
SELECT %s, row_no, 'refused', false, complaints::jsonb FROM unnest(%s::integer[], %s::text[]) AS refused (row_no, complaints)
"""


@dataclasses.dataclass(frozen=True)
class Counts:
    """Rows of one piece by what became of them."""

    created: int
    matched: int
    added: int
    duplicate: int
    refused: int
    flagged: int


def take_chunk(batch: ImportBatch, piece: Piece) -> Counts:
    """Write one piece of a file. In the caller's transaction, which also moves the batch's `row_done`."""
    counts = Counts(0, 0, 0, 0, 0, 0)
    with connection.cursor() as cursor:
        if piece.people:
            open_staging()
            cursor.execute(_TABLES)
            _stage(cursor, piece)
            resolve_many(source=batch.source)
            counts = _write(cursor, batch)
        if piece.refused:
            numbers, notes = (list(column) for column in zip(*piece.refused, strict=True))
            cursor.execute(_REFUSED, [batch.pk, numbers, notes])
    return dataclasses.replace(counts, refused=counts.refused + len(piece.refused))


def _stage(cursor: CursorWrapper, piece: Piece) -> None:
    for statement, lines in ((_ROWS, piece.people), (_KEYS, piece.keys), (_TOLD, piece.told), (_NOTES, piece.notes)):
        if lines:
            with cursor.copy(statement) as copy:
                copy.write(lines)


def _write(cursor: CursorWrapper, batch: ImportBatch) -> Counts:
    cursor.execute(_FILL)
    if cursor.rowcount:
        cursor.execute(_FILLED)
    if batch.target != ImportTarget.CUSTOMERS:
        cursor.execute(_LOCK)
        cursor.execute(_APPEND, [batch.source])
        cursor.execute(_SEEN)
        cursor.execute(_HOMED)
    erased, nobody = Complaint("", "erased", refused=True), Complaint("", "nobody", refused=True)
    cursor.execute(_SETTLE, {"batch": batch.pk, "source": batch.source, "erased": notes([erased]), "nobody": notes([nobody])})
    return Counts(*cursor.fetchone())
