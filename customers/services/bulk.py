"""One act on many customers: frozen set, steps in the background, what was left out and why, and the way back.

What an act does comes from the app that owns it (settings.CUSTOMER_BULK). A step is one transaction and set-based; the
set is frozen when it begins, the actor's row scope and right are asked again at each step.
"""

import collections
import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import Refused
from core.jobs import enqueue, job
from customers.choices import BulkState, SkipReason, TargetState
from customers.models import BulkAction, BulkTarget, Customer
from staff.access import may
from staff.models import User
from staff.services import write_audit

STEP = 2_000
UNDO_DAYS = 7


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a step did: `changed` with what undo needs of each, `skipped` by reason. Together they are the step's customers."""

    changed: Mapping[int, Any]
    skipped: Mapping[int, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Ask:
    """One thing that a person says about the act: a select with (value, words, group) or a text."""

    name: str
    label: Any
    options: Callable[[User], Sequence[tuple[Any, str, str]]] | None = None
    kind: str = "select"
    hint: Any = ""


@dataclasses.dataclass(frozen=True)
class Kind:
    """An act. `clean(actor, given)` gives checked args or raises BadInput/Refused; `same(args)` are customers already so.

    `step(bulk, ids)` acts on ids that the actor may see; `undo(bulk, {id: before})` takes back what has not changed since.
    """

    label: Any
    ability: str
    icon: str
    asks: tuple[Ask, ...]
    clean: Callable[[User, Mapping[str, str], int], dict[str, Any]]
    step: Callable[[BulkAction, list[int]], Outcome]
    undo: Callable[[BulkAction, Mapping[int, Any]], Outcome] | None = None
    same: Callable[[dict[str, Any]], QuerySet[Any]] | None = None
    prepare: Callable[[User, dict[str, Any]], dict[str, Any]] | None = None
    describe: Callable[[dict[str, Any]], str] | None = None
    keeps: dt.timedelta | None = None


def kinds_for(user: User) -> dict[str, Kind]:
    """The acts that the user's role includes, in the order of the settings."""
    found: dict[str, Kind] = {name: import_string(path) for name, path in settings.CUSTOMER_BULK.items()}
    return {name: kind for name, kind in found.items() if may(user, kind.ability)}


def kind_of(name: str) -> Kind:
    """An act by name; KeyError when there is none."""
    kind: Kind = import_string(settings.CUSTOMER_BULK[name])
    return kind


def start_bulk(*, actor: User, kind: str, given: Mapping[str, str], targets: QuerySet[Any], query: str = "") -> BulkAction:
    """Freeze the customers (`targets`: their ids) and have the act done in the background; written down at once.

    Refused when nobody is among them; BadInput for what was said about the act.
    """
    act = kinds_for(actor).get(kind)
    if act is None:
        raise PermissionDenied(_("Your role does not include this. Ask an administrator if you need it."))
    with transaction.atomic():
        bulk = BulkAction.objects.create(actor=actor, kind=kind, query=query[:500], created_at=clock.now())
        bulk.total = _freeze(bulk, targets)
        if not bulk.total:
            raise Refused(_("Nobody is chosen."), "nobody")
        bulk.args = act.clean(actor, given, bulk.total)
        if act.prepare is not None:
            bulk.args = act.prepare(actor, bulk.args)
        bulk.expires_at = clock.now() + act.keeps if act.keeps else None
        bulk.save(update_fields=["total", "args", "expires_at"])
        enqueue(run_bulk, key=f"{bulk.pk}:0", bulk_id=bulk.pk)
        detail = {"people": bulk.total, **bulk.args}
        write_audit(actor, "customers.exported" if kind == "export" else f"customers.bulk_{kind}", bulk, detail)
    return bulk


def _freeze(bulk: BulkAction, targets: QuerySet[Any]) -> int:
    sql, params = targets.order_by().query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO customers_bulktarget (bulk_id, customer_id) SELECT DISTINCT %s, chosen.id FROM ({sql}) AS chosen (id)",  # noqa: S608
            [bulk.pk, *params],
        )
        return int(cursor.rowcount)


@job(Lane.BULK)
def run_bulk(bulk_id: int) -> None:
    """The next step of an act, or of its undoing; enqueues the one after it. Safe to run again: the cursor knows."""
    with transaction.atomic():
        bulk = BulkAction.objects.select_for_update(of=("self",)).select_related("actor").get(pk=bulk_id)
        if bulk.state in {BulkState.WAITING, BulkState.RUNNING}:
            _step(bulk)
        elif bulk.state == BulkState.UNDOING:
            _undo_step(bulk)


def _step(bulk: BulkAction) -> None:
    todo = BulkTarget.objects.filter(bulk=bulk, customer_id__gt=bulk.cursor).order_by("customer_id")
    ids = list(todo.values_list("customer_id", flat=True)[:STEP])
    if ids:
        bulk.state = BulkState.RUNNING
        outcome = _act(bulk, ids)
        _note(bulk, outcome, TargetState.CHANGED, TargetState.SKIPPED)
        bulk.changed += len(outcome.changed)
        bulk.done += len(ids)
        bulk.cursor = ids[-1]
    _go_on(bulk, more=len(ids) == STEP, end=BulkState.DONE)


def _act(bulk: BulkAction, ids: list[int]) -> Outcome:
    act = kind_of(bulk.kind)
    if not may(bulk.actor, act.ability):
        return Outcome({}, dict.fromkeys(ids, SkipReason.LEFT))
    seen = Customer.objects.visible_to(bulk.actor).filter(pk__in=ids, erased_at=None)
    present = sorted(seen.values_list("pk", flat=True))
    outcome = act.step(bulk, present) if present else Outcome({})
    skipped = dict.fromkeys(set(ids) - set(present), str(SkipReason.GONE)) | dict(outcome.skipped)
    return Outcome(outcome.changed, skipped)


_NOTE = """
UPDATE customers_bulktarget AS target SET state = said.state, reason = said.reason, before = coalesce(said.before, target.before)
FROM (SELECT (line ->> 'id')::bigint AS id, line ->> 'state' AS state, line ->> 'reason' AS reason,
    nullif(line -> 'before', 'null'::jsonb) AS before FROM jsonb_array_elements(%s::jsonb) AS line) AS said
WHERE target.bulk_id = %s AND target.customer_id = said.id
"""


def _note(bulk: BulkAction, outcome: Outcome, well: TargetState, not_so: TargetState) -> None:
    lines = [{"id": pk, "state": well, "reason": "", "before": before} for pk, before in outcome.changed.items()]
    lines += [{"id": pk, "state": not_so, "reason": reason, "before": None} for pk, reason in outcome.skipped.items()]
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [json.dumps(lines), bulk.pk])
    bulk.skips = dict(collections.Counter(bulk.skips) + collections.Counter(str(reason) for reason in outcome.skipped.values()))


def _go_on(bulk: BulkAction, *, more: bool, end: BulkState) -> None:
    if more:
        enqueue(run_bulk, key=f"{bulk.pk}:{bulk.state}:{bulk.cursor}", bulk_id=bulk.pk)
    else:
        bulk.state, bulk.finished_at = end, clock.now()
    bulk.save(update_fields=["state", "done", "changed", "undone", "skips", "cursor", "finished_at"])


# --- stopping and undoing ----------------------------------------------------------------------------------


def stop_bulk(bulk: BulkAction, *, actor: User) -> None:
    """No further step. What is done stays done, and can be undone. Refused when it has come to its end."""
    with transaction.atomic():
        running = BulkAction.objects.filter(pk=bulk.pk, state__in=[BulkState.WAITING, BulkState.RUNNING])
        if not running.update(state=BulkState.STOPPED, finished_at=clock.now()):
            raise Refused(_("This has come to its end already."), "finished")
        write_audit(actor, "customers.bulk_stopped", bulk)


def can_undo(bulk: BulkAction, at: dt.datetime) -> bool:
    """Whether what was done can still be taken back: within a week, where the act knows how."""
    over = bulk.state in {BulkState.DONE, BulkState.STOPPED} and bulk.changed > 0
    return over and kind_of(bulk.kind).undo is not None and at - bulk.created_at < dt.timedelta(days=UNDO_DAYS)


def undo_bulk(bulk: BulkAction, *, actor: User) -> None:
    """Take back what has not been changed again since, in the background. Refused when that is not possible any more."""
    with transaction.atomic():
        fresh = BulkAction.objects.select_for_update(of=("self",)).get(pk=bulk.pk)
        if not can_undo(fresh, clock.now()):
            raise Refused(_("This cannot be undone any more."), "too_late")
        BulkAction.objects.filter(pk=bulk.pk).update(state=BulkState.UNDOING, cursor=0, finished_at=None)
        enqueue(run_bulk, key=f"{bulk.pk}:undo", bulk_id=bulk.pk)
        write_audit(actor, "customers.bulk_undone", bulk)


def _undo_step(bulk: BulkAction) -> None:
    todo = BulkTarget.objects.filter(bulk=bulk, customer_id__gt=bulk.cursor, state=TargetState.CHANGED).order_by("customer_id")
    before = dict(todo.values_list("customer_id", "before")[:STEP])
    undo = kind_of(bulk.kind).undo
    if before and undo is not None:
        outcome = undo(bulk, before)
        _note(bulk, outcome, TargetState.UNDONE, TargetState.KEPT)
        bulk.undone += len(outcome.changed)
        bulk.cursor = max(before)
    _go_on(bulk, more=len(before) == STEP, end=BulkState.UNDONE)
