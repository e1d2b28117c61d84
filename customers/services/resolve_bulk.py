"""`resolve` for an import: who are these 200,000 rows? A few set-based statements, whatever the number.

    open_staging()                              # two temporary tables, gone with the transaction
    COPY resolve_row (row, name, ...) ...       # one per record; every column but `row` may be left out
    COPY resolve_key (row, kind, scope, value_hash, value_sealed, verified) ...     # keys.staged(key)
    resolve_many(source="import")               # fills resolve_row.customer_id, is_new and verdict

Rows that share a strong key are one person, as are all who hold one; a row without any is known again by all it says
(resolve_weak). Only rows in doubt (several customers meet, or several verified phones) go one by one through `resolve`,
in row order.
"""

import dataclasses
import json
from typing import Any

from django.db import connection, transaction

from core.choices import Lane
from core.errors import Refused
from core.event_types import CustomerCreated
from core.events import Dated, record_many
from core.jobs import enqueue, job
from core.secrets import unseal
from customers.models import Customer
from customers.services.keys import Key
from customers.services.resolve import Profile, resolve
from customers.services.resolve_weak import ask_about_weak, stage_weak

ANNOUNCED_AT_ONCE = 2_000

# Every row is rewritten once, when it is decided: room for that on its own page.
_STAGING = """
DROP TABLE IF EXISTS resolve_row, resolve_key, resolve_match, resolve_link, resolve_clue, resolve_home;
CREATE TEMP TABLE resolve_row (
    row integer PRIMARY KEY, name text DEFAULT '', name_pinyin text DEFAULT '', nickname text DEFAULT '', remark text DEFAULT '',
    gender text DEFAULT '', birthday date, city text DEFAULT '', phone_masked text DEFAULT '', owner_id bigint,
    department_id bigint, created_at timestamptz, customer_id bigint, is_new boolean DEFAULT false, verdict text DEFAULT ''
) WITH (fillfactor = 45) ON COMMIT DROP;
CREATE TEMP TABLE resolve_key (
    row integer, kind text, scope text DEFAULT '', value_hash bytea, value_sealed bytea, verified boolean DEFAULT true
) ON COMMIT DROP;
"""
_ERASED = """
UPDATE resolve_row SET verdict = 'erased' WHERE row IN (
    SELECT key.row FROM resolve_key AS key JOIN customers_erasedidentity AS gone USING (kind, scope, value_hash))
"""
_DROP_ERASED = "DELETE FROM resolve_key AS key USING resolve_row AS row WHERE row.row = key.row AND row.verdict = 'erased'"
# An unverified phone is a clue, not a key.
_MATCH = """
CREATE TEMP TABLE resolve_match ON COMMIT DROP AS
SELECT key.*, key.kind = 'phone' AS is_phone, identity.customer_id, identity.home_id
FROM resolve_key AS key LEFT JOIN customers_identity AS identity USING (kind, scope, value_hash)
WHERE key.verified OR key.kind <> 'phone'
"""
# The smallest row of everything connected by a key or by a customer; only rows that share something take part.
_SHARED = """
CREATE TEMP TABLE resolve_link ON COMMIT DROP AS
WITH node AS (
    SELECT row, value_hash AS node FROM resolve_match
    UNION ALL SELECT row, int8send(customer_id) FROM resolve_match WHERE customer_id IS NOT NULL
)
SELECT DISTINCT row, node, row AS label FROM node
WHERE node IN (SELECT node FROM node GROUP BY node HAVING min(row) <> max(row))
"""
_LABEL = """
UPDATE resolve_link AS link SET label = low.label FROM (
    SELECT link.row, min(near.label) AS label FROM resolve_link AS link
    JOIN (SELECT node, min(label) AS label FROM resolve_link GROUP BY node) AS near USING (node) GROUP BY link.row) AS low
WHERE low.row = link.row AND low.label < link.label
"""
# One verdict and one customer per label, written once.
_DECIDE = """
WITH whose AS (
    SELECT row, coalesce(link.label, row) AS label, customer_id, CASE WHEN is_phone THEN value_hash END AS phone
    FROM resolve_match LEFT JOIN (SELECT row, min(label) AS label FROM resolve_link GROUP BY row) AS link USING (row)
), met AS (
    SELECT label, min(customer_id) AS customer_id,
        CASE WHEN min(customer_id) <> max(customer_id) OR min(phone) <> max(phone) THEN 'doubt'
             WHEN min(customer_id) IS NOT NULL THEN 'known' ELSE 'new' END AS verdict
    FROM whose GROUP BY label ORDER BY label
), named AS MATERIALIZED (
    SELECT label, verdict, CASE verdict WHEN 'new' THEN nextval(pg_get_serial_sequence('customers_customer', 'id'))
        WHEN 'known' THEN customer_id END AS customer_id FROM met
)
UPDATE resolve_row AS row SET customer_id = named.customer_id, verdict = named.verdict,
    is_new = named.verdict = 'new' AND row.row = named.label
FROM (SELECT DISTINCT row, label FROM whose) AS mine JOIN named USING (label) WHERE mine.row = row.row
"""
_CREATE = """
INSERT INTO customers_customer (id, public_id, name, name_pinyin, nickname, remark, gender, birthday, city, child_ages,
    phone_masked, lifecycle, source, owner_id, department_id, created_at, updated_at)
SELECT customer_id, gen_random_uuid(), left(coalesce(name, ''), 60), left(coalesce(name_pinyin, ''), 120),
    left(coalesce(nickname, ''), 64), left(coalesce(remark, ''), 120), coalesce(gender, ''), birthday,
    left(coalesce(city, ''), 40), '{}', left(coalesce(phone_masked, ''), 20), 'lead',
    %(source)s, owner_id, department_id, coalesce(created_at, now()), now()
FROM resolve_row WHERE is_new ORDER BY customer_id
"""
_ATTACH = """
WITH due AS (
    SELECT DISTINCT ON (key.value_hash, key.kind, key.scope) row.customer_id, home.home_id, key.* FROM (
        SELECT row, kind, scope, value_hash, value_sealed, verified FROM resolve_match WHERE customer_id IS NULL) AS key
    JOIN resolve_row AS row USING (row) LEFT JOIN resolve_home AS home USING (row) WHERE row.verdict IN ('new', 'known')
    ORDER BY key.value_hash, key.kind, key.scope, key.row
), put AS (
    INSERT INTO customers_identity (customer_id, kind, scope, value_hash, value_sealed, verified_at, source, created_at, home_id)
    SELECT customer_id, kind, scope, value_hash, value_sealed, CASE WHEN verified THEN now() END, %(source)s, now(), home_id
    FROM due
    ON CONFLICT (kind, scope, value_hash) DO NOTHING RETURNING 1
)
SELECT (SELECT count(*) FROM due) - (SELECT count(*) FROM put)
"""
# Whom the known keys of a row came with, where they agree and a merge has moved them since.
_HOMES = """
CREATE TEMP TABLE resolve_home ON COMMIT DROP AS
SELECT row, min(home_id) AS home_id FROM resolve_match WHERE customer_id IS NOT NULL
GROUP BY row HAVING count(home_id) = count(*) AND min(home_id) = max(home_id)
"""
# Somebody else stored one of these keys meanwhile: these rows are looked at again, one by one.
_LOST = """
UPDATE resolve_row AS row SET verdict = 'doubt'
FROM resolve_key AS key JOIN customers_identity AS identity USING (kind, scope, value_hash)
WHERE row.row = key.row AND row.verdict IN ('new', 'known') AND identity.customer_id <> row.customer_id
    AND (key.verified OR key.kind <> 'phone')
"""
_PHONE_CLUES = """
INSERT INTO customers_clue (customer_id, kind, value_hash, source)
SELECT DISTINCT row.customer_id, 'phone', key.value_hash, %(source)s FROM resolve_key AS key JOIN resolve_row AS row USING (row)
WHERE key.kind = 'phone' AND NOT key.verified AND row.verdict IN ('new', 'known') ON CONFLICT DO NOTHING
"""
_ASK = """
INSERT INTO customers_mergereview (left_id, right_id, reason, evidence, source, state)
SELECT DISTINCT least(row.customer_id, other.customer_id), greatest(row.customer_id, other.customer_id),
    'unverified_phone', '[{"kind": "phone"}]'::jsonb, %(source)s, 'open'
FROM resolve_key AS key JOIN resolve_row AS row USING (row)
JOIN customers_identity AS other ON other.kind = 'phone' AND other.scope = '' AND other.value_hash = key.value_hash
WHERE key.kind = 'phone' AND NOT key.verified AND row.verdict IN ('new', 'known') AND other.customer_id <> row.customer_id
    AND NOT EXISTS (SELECT 1 FROM resolve_key AS trace WHERE trace.row = row.row AND trace.kind = 'trace')  -- resolve_weak asks
ON CONFLICT (left_id, right_id) DO NOTHING
"""
_HARD = """
SELECT row.row, row.name, row.nickname, row.birthday, row.phone_masked, coalesce(jsonb_agg(jsonb_build_array(
    key.kind, key.scope, encode(key.value_sealed, 'hex'), key.verified) ORDER BY key.kind = 'phone', key.kind)
    FILTER (WHERE key.row IS NOT NULL), '[]')::text
FROM resolve_row AS row LEFT JOIN resolve_key AS key USING (row)
WHERE row.verdict = 'doubt' GROUP BY row.row ORDER BY row.row
"""
_TALLY = """
SELECT count(*) FILTER (WHERE verdict = 'new'), count(*) FILTER (WHERE verdict = 'known'),
    count(*) FILTER (WHERE verdict = 'resolved'), count(*) FILTER (WHERE verdict = 'erased'),
    min(customer_id) FILTER (WHERE is_new AND verdict = 'new'), max(customer_id) FILTER (WHERE is_new AND verdict = 'new')
FROM resolve_row
"""


@dataclasses.dataclass(frozen=True)
class Tally:
    """What an import came to: rows by verdict."""

    new: int
    known: int
    doubtful: int
    erased: int


def open_staging() -> None:
    """Make the two temporary tables `resolve_row` and `resolve_key`, afresh. In a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_STAGING)


def resolve_many(*, source: str) -> Tally:
    """Fill `customer_id`, `is_new` and `verdict` (new, known, erased, resolved) of every staged row.

    Customers are made, missing keys attached, clues kept. Erased people stay out: their `customer_id` is empty. The
    facts `customer.created` follow in a job of the bulk lane. In the transaction that staged the rows; once per staging.
    """
    named = {"source": source[:40]}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ANALYZE resolve_key")
        cursor.execute(_ERASED)
        if cursor.rowcount:
            cursor.execute(_DROP_ERASED)
        is_weak = stage_weak(cursor, source)
        cursor.execute(_MATCH)
        cursor.execute("ANALYZE resolve_match")
        _connect(cursor)
        cursor.execute(_DECIDE)
        _write(cursor, named)
        if is_weak:
            ask_about_weak(cursor, source)
        _one_by_one(cursor, source)
        cursor.execute(_TALLY)
        *numbers, first, last = cursor.fetchone()
        if first is not None:
            enqueue(announce_created, key=f"{first}:{last}", first=first, last=last, source=source[:40])
        return Tally(*numbers)


def _connect(cursor: Any) -> None:
    """Rows that hang together get one label. Each round at least halves the way to the smallest row."""
    cursor.execute(_SHARED)
    cursor.execute("ANALYZE resolve_link")
    while True:
        cursor.execute(_LABEL)
        if not cursor.rowcount:
            return


def _write(cursor: Any, named: dict[str, str]) -> None:
    cursor.execute(_CREATE, named)
    cursor.execute(_HOMES)
    cursor.execute(_ATTACH, named)
    if cursor.fetchone() != (0,):
        cursor.execute(_LOST)
    cursor.execute(_PHONE_CLUES, named)
    cursor.execute(_ASK, named)


def _one_by_one(cursor: Any, source: str) -> None:
    cursor.execute(_HARD)
    found: list[tuple[int, int]] = []
    for row, name, nickname, birthday, masked, staged in cursor.fetchall():
        keys = [Key(kind, scope, unseal(bytes.fromhex(sealed)), verified) for kind, scope, sealed, verified in json.loads(staged)]
        about = Profile(name or "", nickname or "", birthday, masked or "")
        try:
            found.append((row, resolve(keys, source=source, profile=about, own_act=False).customer.pk))
        except (Refused, ValueError):
            continue
    if found:
        cursor.execute(
            "UPDATE resolve_row AS row SET customer_id = told.customer_id, verdict = 'resolved'"
            " FROM unnest(%s::integer[], %s::bigint[]) AS told (row, customer_id) WHERE told.row = row.row",
            [[row for row, _id in found], [customer_id for _row, customer_id in found]],
        )
    _follow_merges(cursor, among=("new", "known", "resolved") if found else ("known",))


def _follow_merges(cursor: Any, among: tuple[str, ...]) -> None:
    """A customer met earlier in this import may have been absorbed by a later row, or by somebody else meanwhile."""
    while True:
        cursor.execute(
            "UPDATE resolve_row AS row SET customer_id = customer.merged_into_id FROM customers_customer AS customer"
            " WHERE row.verdict = ANY(%s) AND customer.id = row.customer_id AND customer.merged_into_id IS NOT NULL",
            [list(among)],
        )
        if not cursor.rowcount:
            return


@job(Lane.BULK)
def announce_created(first: int, last: int, source: str) -> None:
    """Record `customer.created` for the customers an import made; those known already add nothing."""
    made = Customer.objects.filter(pk__gte=first, pk__lte=last, source=source).values_list("pk", "created_at")
    facts = [Dated(CustomerCreated(pk, source), f"customer.created:{pk}", at) for pk, at in made]
    for start in range(0, len(facts), ANNOUNCED_AT_ONCE):
        record_many(facts[start : start + ANNOUNCED_AT_ONCE])
