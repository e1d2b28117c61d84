"""One piece of an imported file into the database: staged by COPY, resolved and written by a few statements."""

import dataclasses
import hashlib
import json
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from customers.choices import IdentityKind, ImportTarget
from customers.intake.kinds import EVENTS
from customers.intake.sheets import Complaint, Parsed
from customers.models import ImportBatch
from customers.rules import mask_phone
from customers.services import keys
from customers.services.resolve_bulk import open_staging, resolve_many

_TABLES = """
CREATE TEMP TABLE import_told (row integer PRIMARY KEY, key uuid, kind text, occurred_at timestamptz, props text) ON COMMIT DROP;
CREATE TEMP TABLE import_note (row integer PRIMARY KEY, complaints text) ON COMMIT DROP;
CREATE TEMP TABLE import_fill (row integer PRIMARY KEY, customer_id bigint, told jsonb) ON COMMIT DROP;
CREATE TEMP TABLE import_fresh (row integer PRIMARY KEY) ON COMMIT DROP;
"""
_DROP = """
DROP TABLE IF EXISTS import_told, import_note, import_fill, import_fresh, resolve_row, resolve_key, resolve_match, resolve_link
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
_SETTLE = """
WITH row AS (
    SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY row) = 1 AND (is_new OR verdict = 'resolved' AND EXISTS (
        SELECT 1 FROM customers_customer AS made
        WHERE made.id = customer_id AND made.source = %(source)s AND made.created_at >= now())) AS has_made
    FROM resolve_row
), told AS (
    SELECT told.row, told.key, told.occurred_at, fresh.row IS NOT NULL AS is_fresh
    FROM import_told AS told LEFT JOIN import_fresh AS fresh USING (row)
)
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
"""
_REFUSED = """
INSERT INTO customers_importrow (batch_id, row_no, state, has_made, complaints)
SELECT %s, row_no, 'refused', false, complaints::jsonb FROM unnest(%s::integer[], %s::text[]) AS refused (row_no, complaints)
"""
_COUNT = """
SELECT count(*) FILTER (WHERE state = 'created'), count(*) FILTER (WHERE state = 'matched'),
       count(*) FILTER (WHERE state = 'added'), count(*) FILTER (WHERE state = 'duplicate'),
       count(*) FILTER (WHERE state = 'refused'), count(*) FILTER (WHERE state <> 'refused' AND complaints <> '[]'::jsonb)
FROM customers_importrow WHERE batch_id = %s AND row_no BETWEEN %s AND %s
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


def take_chunk(batch: ImportBatch, rows: Sequence[Parsed]) -> Counts:
    """Write one piece of a file. In the caller's transaction, which also moves the batch's `row_done`."""
    good = [row for row in rows if not row.is_refused]
    refused = [row for row in rows if row.is_refused]
    with connection.cursor() as cursor:
        if good:
            cursor.execute(_DROP)
            open_staging()
            cursor.execute(_TABLES)
            _stage(cursor, batch, good)
            resolve_many(source=batch.source)
            _write(cursor, batch)
            cursor.execute(_DROP)
        if refused:
            numbers, notes = [row.number for row in refused], [_notes(row.complaints) for row in refused]
            cursor.execute(_REFUSED, [batch.pk, numbers, notes])
        cursor.execute(_COUNT, [batch.pk, rows[0].number, rows[-1].number])
        return Counts(*cursor.fetchone())


def _write(cursor: CursorWrapper, batch: ImportBatch) -> None:
    cursor.execute(_FILL)
    if cursor.rowcount:
        cursor.execute(_FILLED)
    if batch.target != ImportTarget.CUSTOMERS:
        cursor.execute(_LOCK)
        cursor.execute(_APPEND, [batch.source])
        cursor.execute(_SEEN)
    erased, nobody = Complaint("", "erased", refused=True), Complaint("", "nobody", refused=True)
    cursor.execute(_SETTLE, {"batch": batch.pk, "source": batch.source, "erased": _notes([erased]), "nobody": _notes([nobody])})


def _notes(complaints: Sequence[Complaint]) -> str:
    return json.dumps([dataclasses.asdict(one) for one in complaints], ensure_ascii=False)


def _stage(cursor: CursorWrapper, batch: ImportBatch, rows: Sequence[Parsed]) -> None:
    people: list[str] = []
    staged: list[str] = []
    told: list[str] = []
    notes: list[str] = []
    for row in rows:
        values = row.values
        phone = values.get("phone", "")
        masked = mask_phone(phone) if phone[:1] == "+" else phone
        at = values.get("created_at")
        get = values.get
        texts = (_cell(get("name", "")), _cell(get("nickname", "")), _cell(get("remark", "")), get("gender", ""))
        rest = (get("birthday") or _NULL, _cell(get("city", "")), masked, at.isoformat() if at else _NULL)
        people.append(f"{row.number}\t{_TAB.join((*texts, *rest))}\n")
        for key in _keys_of(values, verified=batch.is_verified):
            one = keys.staged(key)
            staged.append(
                f"{row.number}\t{one.kind}\t{_cell(one.scope)}\t\\\\x{one.value_hash.hex()}\t\\\\x{one.value_sealed.hex()}"
                f"\t{'t' if one.verified else 'f'}\n"
            )
        if row.complaints:
            notes.append(f"{row.number}\t{_cell(_notes(row.complaints))}\n")
        if batch.target != ImportTarget.CUSTOMERS:
            told.append(_told_line(batch.target, row))
    for statement, lines in ((_ROWS, people), (_KEYS, staged), (_TOLD, told), (_NOTES, notes)):
        if lines:
            with cursor.copy(statement) as copy:
                copy.write("".join(lines).encode())


_NULL, _TAB = "\\N", "\t"


def _cell(text: str) -> str:
    """A text as COPY wants it."""
    if "\\" in text or "\t" in text or "\n" in text or "\r" in text:
        return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return text


def _keys_of(values: dict[str, Any], *, verified: bool) -> list[keys.Key]:
    found = []
    if "unionid" in values:
        found.append(keys.unionid(values["unionid"]))
    if "external_userid" in values:
        found.append(keys.external_userid(values["external_userid"]))
    phone = values.get("phone", "")
    if phone[:1] == "+":
        found.append(keys.phone(phone, verified=verified))
    if "alipay" in values:
        found.append(keys.alipay(values["alipay"]))
    if "member_card" in values:
        found.append(keys.of_platform(IdentityKind.MEMBER_CARD, "", values["member_card"]))
    return found


def _told_line(target: str, row: Parsed) -> str:
    values = row.values
    kind = "order.imported" if target == ImportTarget.ORDERS else values["kind"]
    props = {field.name: values[field.name] for field in EVENTS[kind].fields if field.name in values}
    at, text = values["occurred_at"].isoformat(), json.dumps(props, ensure_ascii=False)
    return f"{row.number}\t{row_key(target, values, kind, at, text)}\t{kind}\t{at}\t{_cell(text)}\n"


def row_key(target: str, values: dict[str, Any], kind: str, at: str, props: str) -> uuid.UUID:
    """What makes a row the same row in another file: the other system's number, else all that it says."""
    if target == ImportTarget.ORDERS:
        name = f"{values.get('channel', '')}\x00{values['number']}"
    elif "id" in values:
        name = f"{kind}\x00{values['id']}"
    else:
        person = "\x00".join(
            str(values.get(name, "")) for name in ("phone", "unionid", "external_userid", "alipay", "member_card", "name")
        )
        name = f"{kind}\x00{at}\x00{person}\x00{props}"
    return uuid.UUID(bytes=hashlib.blake2b(f"{target}\x00{name}".encode(), digest_size=16).digest())
