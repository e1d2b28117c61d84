"""Resources are written here only: one file's rows in one transaction, set by set."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from catalog.choices import FeedField, FeedRunState, IssueReason, IssueSeverity
from catalog.feeds.rows import Draft, Issue
from catalog.models import FeedRun, Supplier
from catalog.rules import PRICE_JUMP, FeedEffect, must_wait
from core import clock

SHOWN_CHANGES = 20


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a file holds: the rows to take, the ids of refused rows (present all the same), every complaint."""

    drafts: list[Draft]
    refused_ids: list[str]
    issues: list[Issue]
    findings: dict[str, Any]


_STAGE = """
DROP TABLE IF EXISTS feed_row, feed_refused, feed_diff;
CREATE TEMP TABLE feed_row (
    row_no int, external_id text, name text, city text, destination_id bigint, address text, latitude float8, longitude float8,
    price_amount numeric(12, 2), rating numeric(2, 1), visit_minutes int, attributes jsonb, content_hash text) ON COMMIT DROP;
CREATE TEMP TABLE feed_refused (external_id text) ON COMMIT DROP;
"""
_COPY = """
COPY feed_row (row_no, external_id, name, city, destination_id, address, latitude, longitude, price_amount, rating, visit_minutes,
    attributes, content_hash) FROM STDIN
"""
# One line for every resource the supplier has, with what the file says about it.
_DIFF = """
CREATE TEMP TABLE feed_diff ON COMMIT DROP AS
SELECT resource.id, fresh.external_id, fresh.row_no, fresh.name, resource.name AS old_name, fresh.city, resource.city AS old_city,
    fresh.price_amount AS price, resource.price_amount AS old_price,
    resource.gone_at IS NULL AS present,
    fresh.external_id IS NOT NULL AS listed,
    fresh.external_id IS NOT NULL AND (resource.content_hash <> fresh.content_hash OR resource.gone_at IS NOT NULL) AS changed,
    coalesce(fresh.name <> resource.name OR fresh.city <> resource.city
        OR (fresh.external_id IS NOT NULL AND fresh.price_amount IS DISTINCT FROM resource.price_amount), false) AS weighty,
    fresh.external_id IS NULL AND refused.external_id IS NULL AND resource.gone_at IS NULL AND %(is_full)s AS gone,
    coalesce(resource.price_amount > 0 AND fresh.price_amount > 0 AND (fresh.price_amount >= resource.price_amount * %(jump)s
        OR fresh.price_amount * %(jump)s <= resource.price_amount), false) AS jumped
FROM catalog_resource AS resource
LEFT JOIN feed_row AS fresh ON fresh.external_id = resource.external_id
LEFT JOIN (SELECT DISTINCT external_id FROM feed_refused) AS refused ON refused.external_id = resource.external_id
WHERE resource.supplier_id = %(supplier)s AND resource.kind = %(kind)s
"""
_EFFECT = """
SELECT count(*) FILTER (WHERE present), count(*) FILTER (WHERE weighty AND present), count(*) FILTER (WHERE gone),
    count(*) FILTER (WHERE changed), count(*) FILTER (WHERE listed), count(*) FILTER (WHERE jumped) FROM feed_diff
"""
_JUMPS = "SELECT row_no, name, old_price, price FROM feed_diff WHERE jumped ORDER BY row_no"
_HOLD_JUMPS = "DELETE FROM feed_row WHERE external_id IN (SELECT external_id FROM feed_diff WHERE jumped)"
_CHANGES = """
SELECT name, old_name, old_price, price, old_city, city FROM feed_diff WHERE weighty
ORDER BY abs(coalesce(price, 0) - coalesce(old_price, 0)) DESC, row_no LIMIT %s
"""
_GONE = "SELECT old_name FROM feed_diff WHERE gone ORDER BY old_name LIMIT %s"
_MARK_GONE = "UPDATE catalog_resource SET gone_at = now() WHERE id IN (SELECT id FROM feed_diff WHERE gone)"
_UPSERT = """
INSERT INTO catalog_resource AS resource (supplier_id, kind, external_id, name, city, destination_id, address, latitude,
    longitude, price_amount, rating, visit_minutes, attributes, content_hash, last_run_id, created_at, updated_at)
SELECT %(supplier)s, %(kind)s, external_id, name, city, destination_id, address, latitude, longitude,
    price_amount, rating, visit_minutes, attributes, content_hash, %(run)s, now(), now()
FROM feed_row ORDER BY row_no
ON CONFLICT (supplier_id, kind, external_id) DO UPDATE SET
    name = EXCLUDED.name, city = EXCLUDED.city, destination_id = EXCLUDED.destination_id, address = EXCLUDED.address,
    latitude = EXCLUDED.latitude, longitude = EXCLUDED.longitude, price_amount = EXCLUDED.price_amount,
    rating = EXCLUDED.rating,
    visit_minutes = EXCLUDED.visit_minutes, attributes = EXCLUDED.attributes, content_hash = EXCLUDED.content_hash,
    last_run_id = EXCLUDED.last_run_id, updated_at = now(), gone_at = NULL
WHERE resource.content_hash <> EXCLUDED.content_hash OR resource.gone_at IS NOT NULL
"""


@dataclasses.dataclass(frozen=True)
class Diff:
    """The counted difference between a file and what the supplier has: `known` rows we have, `changed` of them in anything,
    `jumped` in price. The effect counts name, price and city only: a reworded description is no reason to stop a file."""

    effect: FeedEffect
    changed: int
    known: int
    jumped: int


def apply_reading(run_id: int, reading: Reading, destinations: Mapping[str, int]) -> str:
    """Bring a supplier's resources in line with a file, or put the file in quarantine; the run's new state.

    One transaction under the supplier's lock. Nothing changes when too much would (`Supplier.quarantine_percent`) and
    nobody approved it, nor when the run was finished by somebody else. `destinations` maps city names to ids.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        run = FeedRun.objects.select_for_update(of=("self",)).get(pk=run_id)
        if run.state != FeedRunState.RUNNING:
            return run.state
        supplier = Supplier.objects.select_for_update().get(pk=run.supplier_id)
        diff = _compare(cursor, run, reading, destinations)
        approved = run.decided_by_id is not None
        if must_wait(diff.effect, supplier.quarantine_percent) and not approved:
            run.state = FeedRunState.QUARANTINED
            reading.findings["changes"] = _shown_changes(cursor)
        else:
            run.state = FeedRunState.APPLIED
        _finish(cursor, run, reading, diff, hold_jumps=not approved)
        if run.state == FeedRunState.APPLIED:
            _write(cursor, run, hold_jumps=not approved)
        return run.state


def _compare(cursor: CursorWrapper, run: FeedRun, reading: Reading, destinations: Mapping[str, int]) -> Diff:
    cursor.execute(_STAGE)
    with cursor.copy(_COPY) as copy:
        for draft in reading.drafts:
            copy.write_row(_row(draft, destinations.get(draft.city)))
    with cursor.copy("COPY feed_refused (external_id) FROM STDIN") as copy:
        for external_id in reading.refused_ids:
            copy.write_row((external_id,))
    cursor.execute("ANALYZE feed_row")
    cursor.execute(_DIFF, {"supplier": run.supplier_id, "kind": run.kind, "is_full": run.is_full, "jump": PRICE_JUMP})
    cursor.execute(_EFFECT)
    existing, weighty, gone, changed, known, jumped = cursor.fetchone()
    return Diff(FeedEffect(existing, weighty, gone), changed, known, jumped)


def _row(draft: Draft, destination_id: int | None) -> tuple[Any, ...]:
    values = (draft.latitude, draft.longitude, draft.price_amount, draft.rating, draft.visit_minutes)
    digest = hashlib.sha256(f"{draft.content_hash()}:{destination_id}".encode()).hexdigest()
    attributes = json.dumps(draft.attributes, ensure_ascii=False)
    return (draft.row_no, draft.external_id, draft.name, draft.city, destination_id, draft.address, *values, attributes, digest)


def _jumps(cursor: CursorWrapper, run: FeedRun, severity: IssueSeverity) -> list[Issue]:
    label = next((column for column, field, _sure in run.mapping.get("columns", []) if field == FeedField.PRICE), "")
    cursor.execute(_JUMPS)
    rows = cursor.fetchall()
    return [Issue(row_no, name, label, IssueReason.PRICE_JUMP, f"{old} → {new}", severity) for row_no, name, old, new in rows]


def _shown_changes(cursor: CursorWrapper) -> dict[str, Any]:
    """The largest changes, for the person who decides."""
    cursor.execute(_CHANGES, [SHOWN_CHANGES])
    changed = [
        {"name": name, "old_name": old_name, "old_price": _text(old), "price": _text(new), "old_city": old_city, "city": city}
        for name, old_name, old, new, old_city, city in cursor.fetchall()
    ]
    cursor.execute(_GONE, [SHOWN_CHANGES])
    return {"changed": changed, "gone": [name for (name,) in cursor.fetchall()]}


def _text(amount: Any) -> str | None:
    return None if amount is None else str(amount)


def _write(cursor: CursorWrapper, run: FeedRun, *, hold_jumps: bool) -> None:
    if hold_jumps:
        cursor.execute(_HOLD_JUMPS)
    cursor.execute(_UPSERT, {"supplier": run.supplier_id, "kind": run.kind, "run": run.pk})
    cursor.execute(_MARK_GONE)


def _finish(cursor: CursorWrapper, run: FeedRun, reading: Reading, diff: Diff, *, hold_jumps: bool) -> None:
    held = diff.jumped if hold_jumps else 0
    issues = [*reading.issues, *_jumps(cursor, run, IssueSeverity.REFUSED if hold_jumps else IssueSeverity.FLAGGED)]
    _replace_issues(cursor, run.pk, issues)
    run.rows_total = run.rows_read = len(reading.drafts) + len(reading.refused_ids)
    run.rows_created = len(reading.drafts) - diff.known
    run.rows_changed = diff.changed - held
    run.rows_same = diff.known - diff.changed
    run.rows_gone = diff.effect.gone
    run.rows_refused = len(reading.refused_ids) + held
    run.rows_flagged = len({issue.row_no for issue in issues} - {i.row_no for i in issues if i.severity == IssueSeverity.REFUSED})
    effect = diff.effect
    shares = {"share_percent": effect.share_percent, "existing": effect.existing, "weighty": effect.changed}
    run.findings = {**reading.findings, **shares}
    run.finished_at = clock.now()
    run.save()


def _replace_issues(cursor: CursorWrapper, run_id: int, issues: Iterable[Issue]) -> None:
    cursor.execute("DELETE FROM catalog_feedissue WHERE run_id = %s", [run_id])
    with cursor.copy("COPY catalog_feedissue (run_id, row_no, name, field, reason, value, severity) FROM STDIN") as copy:
        for issue in issues:
            copy.write_row((run_id, issue.row_no, issue.name, issue.field, issue.reason.value, issue.value, issue.severity.value))
