"""`resolve` for an import: who are these 200,000 rows? A few set-based statements, whatever the number.

    open_staging()                              # two temporary tables, gone with the transaction
    COPY resolve_row (row, name, ...) ...       # one per record; every column but `row` may be left out
    COPY resolve_key (row, kind, scope, value_hash, value_sealed, verified) ...     # keys.staged(key)
    resolve_many(source="import")               # fills resolve_row.customer_id, is_new and verdict

Rows that share a strong key are one person, as are all who hold one. Only rows in doubt (several customers meet, or
several verified phones) go one by one through `resolve`, in row order.
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

ANNOUNCED_AT_ONCE = 2_000

_STAGING = """
CREATE TEMP TABLE IF NOT EXISTS resolve_row (
    row integer PRIMARY KEY, name text DEFAULT '', name_pinyin text DEFAULT '', nickname text DEFAULT '', remark text DEFAULT '',
    gender text DEFAULT '', birthday date, city text DEFAULT '', phone_masked text DEFAULT '', owner_id bigint,
    department_id bigint, created_at timestamptz, customer_id bigint, is_new boolean DEFAULT false, verdict text DEFAULT '',
    label integer
) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS resolve_key (
    row integer, kind text, scope text DEFAULT '', value_hash bytea, value_sealed bytea, verified boolean DEFAULT true
) ON COMMIT DROP;
"""
_ERASED = """
UPDATE resolve_row SET verdict = 'erased' WHERE row IN (
    SELECT key.row FROM resolve_key AS key JOIN customers_erasedidentity AS gone USING (kind, scope, value_hash))
"""
_DROP_ERASED = "DELETE FROM resolve_key AS key USING resolve_row AS row WHERE row.row = key.row AND row.verdict = 'erased'"
# An unverified phone is a clue, not a key; a row without any strong key is known again by its clues alone.
_WEAK = """
UPDATE resolve_row SET verdict = 'weak' WHERE verdict = '' AND row NOT IN (
    SELECT row FROM resolve_key WHERE verified OR kind <> 'phone')
"""
_MATCH = """
CREATE TEMP TABLE resolve_match ON COMMIT DROP AS
SELECT key.row, key.value_hash, key.kind = 'phone' AS is_phone, identity.customer_id
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
SELECT DISTINCT row, node FROM node
WHERE node IN (SELECT node FROM node GROUP BY node HAVING min(row) <> max(row))
"""
_LABEL = """
UPDATE resolve_row AS row SET label = low.label FROM (
    SELECT link.row, min(near.label) AS label FROM resolve_link AS link JOIN (
        SELECT other.node, min(labelled.label) AS label FROM resolve_link AS other JOIN resolve_row AS labelled USING (row)
        GROUP BY other.node) AS near USING (node) GROUP BY link.row) AS low
WHERE low.row = row.row AND low.label < row.label
"""
_DOUBT = """
WITH met AS (
    SELECT row.label, count(DISTINCT match.customer_id) AS customers, min(match.customer_id) AS customer_id,
           count(DISTINCT match.value_hash) FILTER (WHERE match.is_phone) AS phones
    FROM resolve_match AS match JOIN resolve_row AS row USING (row) GROUP BY row.label
)
UPDATE resolve_row AS row SET customer_id = met.customer_id,
    verdict = CASE WHEN row.verdict <> '' THEN row.verdict
                   WHEN met.customers > 1 OR met.phones > 1 THEN 'doubt'
                   WHEN met.customers = 1 THEN 'known' ELSE 'new' END
FROM met WHERE met.label = row.label
"""
_NUMBER = """
UPDATE resolve_row SET customer_id = nextval(pg_get_serial_sequence('customers_customer', 'id')), is_new = true
WHERE verdict = 'new' AND row = label
"""
_NUMBER_OTHERS = """
UPDATE resolve_row AS row SET customer_id = first.customer_id FROM resolve_row AS first
WHERE row.verdict = 'new' AND first.row = row.label AND row.row <> row.label
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
INSERT INTO customers_identity (customer_id, kind, scope, value_hash, value_sealed, verified_at, source, created_at)
SELECT DISTINCT ON (key.value_hash, key.kind, key.scope) row.customer_id, key.kind, key.scope, key.value_hash, key.value_sealed,
    CASE WHEN key.verified THEN now() END, %(source)s, now()
FROM resolve_key AS key JOIN resolve_row AS row USING (row)
WHERE row.verdict IN ('new', 'known') AND (key.verified OR key.kind <> 'phone')
ORDER BY key.value_hash, key.kind, key.scope, key.row
ON CONFLICT (kind, scope, value_hash) DO NOTHING
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
ON CONFLICT (left_id, right_id) DO NOTHING
"""
_HARD = """
SELECT row.row, row.name, row.nickname, row.birthday, row.phone_masked, coalesce(jsonb_agg(jsonb_build_array(
    key.kind, key.scope, encode(key.value_sealed, 'hex'), key.verified) ORDER BY key.kind = 'phone', key.kind)
    FILTER (WHERE key.row IS NOT NULL), '[]')::text
FROM resolve_row AS row LEFT JOIN resolve_key AS key USING (row)
WHERE row.verdict IN ('doubt', 'weak') GROUP BY row.row ORDER BY row.row
"""


@dataclasses.dataclass(frozen=True)
class Tally:
    """What an import came to: rows by verdict."""

    new: int
    known: int
    doubtful: int
    erased: int


def open_staging() -> None:
    """Make the two temporary tables `resolve_row` and `resolve_key`. In a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_STAGING)


def resolve_many(*, source: str) -> Tally:
    """Fill `customer_id`, `is_new` and `verdict` (new, known, erased, resolved) of every staged row.

    Customers are made, missing keys attached, clues kept. Erased people stay out: their `customer_id` is empty. The
    facts `customer.created` follow in a job of the bulk lane. In the transaction that staged the rows; once per staging.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ANALYZE resolve_key")
        for statement in (_ERASED, _DROP_ERASED, _WEAK, "UPDATE resolve_row SET label = row", _MATCH, "ANALYZE resolve_match"):
            cursor.execute(statement)
        _connect(cursor)
        for statement in (_DOUBT, _NUMBER, _NUMBER_OTHERS, _CREATE, _ATTACH, _LOST, _PHONE_CLUES, _ASK):
            cursor.execute(statement, {"source": source[:40]})
        _one_by_one(cursor, source)
        cursor.execute("SELECT min(customer_id), max(customer_id) FROM resolve_row WHERE is_new AND verdict = 'new'")
        first, last = cursor.fetchone()
        if first is not None:
            enqueue(announce_created, key=f"{first}:{last}", first=first, last=last, source=source[:40])
        return _tally(cursor)


def _connect(cursor: Any) -> None:
    """Rows that hang together get one label. Each round at least halves the way to the smallest row."""
    cursor.execute(_SHARED)
    cursor.execute("ANALYZE resolve_link")
    while True:
        cursor.execute(_LABEL)
        if not cursor.rowcount:
            return


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
    cursor.execute(
        "UPDATE resolve_row AS row SET customer_id = told.customer_id, verdict = 'resolved'"
        " FROM unnest(%s::integer[], %s::bigint[]) AS told (row, customer_id) WHERE told.row = row.row",
        [[row for row, _id in found], [customer_id for _row, customer_id in found]],
    )
    _follow_merges(cursor)


def _follow_merges(cursor: Any) -> None:
    """A customer met earlier in this import may have been absorbed by a later row."""
    while True:
        cursor.execute(
            "UPDATE resolve_row AS row SET customer_id = customer.merged_into_id FROM customers_customer AS customer"
            " WHERE customer.id = row.customer_id AND customer.merged_into_id IS NOT NULL"
        )
        if not cursor.rowcount:
            return


def _tally(cursor: Any) -> Tally:
    cursor.execute(
        "SELECT count(*) FILTER (WHERE verdict = 'new'), count(*) FILTER (WHERE verdict = 'known'),"
        " count(*) FILTER (WHERE verdict = 'resolved'), count(*) FILTER (WHERE verdict = 'erased') FROM resolve_row"
    )
    return Tally(*cursor.fetchone())


@job(Lane.BULK)
def announce_created(first: int, last: int, source: str) -> None:
    """Record `customer.created` for the customers an import made; those known already add nothing."""
    made = Customer.objects.filter(pk__gte=first, pk__lte=last, source=source).values_list("pk", "created_at")
    facts = [Dated(CustomerCreated(pk, source), f"customer.created:{pk}", at) for pk, at in made]
    for start in range(0, len(facts), ANNOUNCED_AT_ONCE):
        record_many(facts[start : start + ANNOUNCED_AT_ONCE])
