"""Taking an import back: its facts, what it filled in, and the customers it made that nobody has used since."""

import time

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _
from psycopg import sql

from core.choices import Lane
from core.errors import Refused
from core.jobs import enqueue, job
from customers.choices import ImportState
from customers.models import ImportBatch
from customers.queries.places import places
from staff.models import User
from staff.services import write_audit

PIECE = 5_000
LEASE_SHARE = 0.4
# What an import itself leaves with a new customer; anything else means somebody has used the record since.
_OWN = {"customers_identity", "customers_clue", "customers_activity", "core_event", "customers_importrow"}

_PIECE = """
CREATE TEMP TABLE undo_row ON COMMIT DROP AS
SELECT row_no, customer_id, has_made, filled, event_key, event_at FROM customers_importrow
WHERE batch_id = %s AND state IN ('created', 'matched', 'added', 'duplicate') ORDER BY row_no DESC LIMIT %s
"""
_FACTS = """
DELETE FROM core_event AS event USING undo_row AS row
WHERE event.key = row.event_key AND event.occurred_at = row.event_at AND event.source = %s
"""
_UNFILL = """
UPDATE customers_customer AS customer SET updated_at = now(),
    name = CASE WHEN name = told->>'name' THEN '' ELSE name END,
    nickname = CASE WHEN nickname = told->>'nickname' THEN '' ELSE nickname END,
    remark = CASE WHEN remark = told->>'remark' THEN '' ELSE remark END,
    gender = CASE WHEN gender = told->>'gender' THEN '' ELSE gender END,
    city = CASE WHEN city = told->>'city' THEN '' ELSE city END,
    phone_masked = CASE WHEN phone_masked = told->>'phone_masked' THEN '' ELSE phone_masked END,
    birthday = CASE WHEN birthday = (told->>'birthday')::date THEN NULL ELSE birthday END
FROM (SELECT customer_id, filled AS told FROM undo_row WHERE filled IS NOT NULL) AS fill
WHERE customer.id = fill.customer_id
"""
# Identities the import added to people who were known before; those of new customers go with them.
_KEYS = """
DELETE FROM customers_identity AS identity USING undo_row AS row
WHERE identity.customer_id = row.customer_id AND NOT row.has_made AND identity.source = %s
    AND NOT EXISTS (SELECT 1 FROM customers_importrow AS other WHERE other.batch_id = %s AND other.has_made
                    AND other.customer_id = row.customer_id)
"""
_ACTIVITY = """
WITH gone AS (
    DELETE FROM customers_activity USING (SELECT DISTINCT customer_id FROM undo_row WHERE event_key IS NOT NULL) AS row
    WHERE customers_activity.customer_id = row.customer_id RETURNING customers_activity.customer_id
)
SELECT customer_id FROM gone
"""
_COUNTED = """
INSERT INTO customers_activity (customer_id, first_seen_at, last_seen_at, event_count)
SELECT customer_id, min(occurred_at), max(occurred_at), count(*) FROM core_event
WHERE customer_id = ANY(%s) AND kind NOT IN ('customer.created', 'customer.active') GROUP BY customer_id
"""
_LONELY = """
CREATE TEMP TABLE undo_customer ON COMMIT DROP AS
SELECT DISTINCT customer.id FROM undo_row AS row JOIN customers_customer AS customer ON customer.id = row.customer_id
WHERE row.has_made AND customer.merged_into_id IS NULL AND customer.source = %(source)s
    AND NOT EXISTS (SELECT 1 FROM customers_customer AS other WHERE other.merged_into_id = customer.id)
    AND NOT EXISTS (SELECT 1 FROM customers_identity AS one WHERE one.customer_id = customer.id AND one.source <> %(source)s)
    AND NOT EXISTS (SELECT 1 FROM core_event AS event WHERE event.customer_id = customer.id
                    AND event.kind NOT IN ('customer.created', 'customer.active')
                    AND NOT (event.kind IN ('tag.assigned', 'tag.removed') AND event.props->>'source' = 'rule'))
"""
_SETTLE = """
UPDATE customers_importrow AS row SET state =
    CASE WHEN row.has_made AND NOT EXISTS (SELECT 1 FROM undo_customer WHERE id = row.customer_id) THEN 'kept' ELSE 'undone' END
FROM undo_row WHERE row.batch_id = %s AND row.row_no = undo_row.row_no
RETURNING row.state
"""
_DELETES = (
    "DELETE FROM core_event USING undo_customer WHERE customer_id = undo_customer.id",
    "DELETE FROM customers_identity USING undo_customer WHERE customer_id = undo_customer.id",
    "DELETE FROM customers_clue USING undo_customer WHERE customer_id = undo_customer.id",
    "DELETE FROM customers_mergereview USING undo_customer WHERE undo_customer.id IN (left_id, right_id)",
    "DELETE FROM customers_activity USING undo_customer WHERE customer_id = undo_customer.id",
    "DELETE FROM customers_customer USING undo_customer WHERE customers_customer.id = undo_customer.id",
)


@transaction.atomic
def undo_import(batch: ImportBatch, *, user: User) -> None:
    """Start to take an import back, last row first. Refused unless it is done, or broke off."""
    changed = ImportBatch.objects.filter(pk=batch.pk, state__in=[ImportState.DONE, ImportState.FAILED]).update(
        state=ImportState.UNDOING, rows_undone=0, rows_kept=0
    )
    if not changed:
        raise Refused(_("Only a finished import can be rolled back."), "not_done")
    write_audit(user, "import.undone", batch, {"target": batch.target})
    enqueue(undo_rows, key=f"{batch.pk}:0", batch_id=batch.pk)


@job(Lane.BULK)
def undo_rows(batch_id: int) -> None:
    """Take rows back piece by piece, each in one transaction; goes on where the last piece ended."""
    stop_at = time.monotonic() + settings.JOB_LEASE_SECONDS * LEASE_SHARE
    batch = ImportBatch.objects.get(pk=batch_id)
    while batch.state == ImportState.UNDOING:
        if not _undo_piece(batch):
            ImportBatch.objects.filter(pk=batch.pk, state=ImportState.UNDOING).update(state=ImportState.UNDONE)
            return
        if time.monotonic() > stop_at:
            enqueue(undo_rows, key=f"{batch.pk}:{batch.rows_undone + batch.rows_kept}", batch_id=batch.pk)
            return


@transaction.atomic
def _undo_piece(batch: ImportBatch) -> int:
    batch.refresh_from_db()
    ImportBatch.objects.select_for_update().get(pk=batch.pk)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS undo_row, undo_customer")
        cursor.execute(_PIECE, [batch.pk, PIECE])
        cursor.execute(_FACTS, [batch.source])
        cursor.execute(_UNFILL)
        cursor.execute(_KEYS, [batch.source, batch.pk])
        cursor.execute(_ACTIVITY)
        cursor.execute(_COUNTED, [[row[0] for row in cursor.fetchall()]])
        _find_lonely(cursor, batch)
        cursor.execute(_SETTLE, [batch.pk])
        states = [row[0] for row in cursor.fetchall()]
        _delete_lonely(cursor)
    batch.rows_kept += states.count("kept")
    batch.rows_undone += states.count("undone")
    batch.save(update_fields=["rows_kept", "rows_undone"])
    return len(states)


def _find_lonely(cursor: CursorWrapper, batch: ImportBatch) -> None:
    """The new customers nothing else has come to know since: no order, no friend, no note, no other fact."""
    cursor.execute(_LONELY, {"source": batch.source})
    for place in places():
        if place.table not in _OWN and not place.table.startswith(("customers_customer", "customers_mergereview")):
            query = sql.SQL(
                "DELETE FROM undo_customer USING {table} WHERE {table}.{column} = undo_customer.id AND NOT ({derived})"
            )
            derived = sql.SQL(settings.CUSTOMER_DERIVED.get(place.table, "false"))
            cursor.execute(query.format(**place.identifiers(), derived=derived))


def _delete_lonely(cursor: CursorWrapper) -> None:
    for place in places():
        if place.table in settings.CUSTOMER_DERIVED:
            query = sql.SQL("DELETE FROM {table} USING undo_customer WHERE {table}.{column} = undo_customer.id")
            cursor.execute(query.format(**place.identifiers()))
    for statement in _DELETES:
        cursor.execute(statement)
