"""Reads over several staff tables: the department tree, row scope, staff lists, the audit pages."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import Count, Model, Q, QuerySet
from django.utils.translation import gettext as _
from pghistory.models import Event as HistoryEvent

from core import clock
from staff.choices import RowScope
from staff.models import AuditEntry, Department, User, departments_below

PAGE = 50


def descendants_of(department_id: int) -> set[int]:
    """The ids of a department and of everything below it."""
    return set(departments_below(department_id))


def scope_q(user: User, owner: str = "owner", department: str = "department") -> Q:
    """A filter for the rows a user may see: own, own department's (with what lies below it), or all.

    `owner` and `department` name the foreign keys of the filtered model.
    """
    if user.is_superuser or user.row_scope == RowScope.ALL:
        return Q()
    mine = Q(**{owner: user.pk})
    if user.row_scope == RowScope.DEPARTMENT and user.department_id:
        return mine | Q(**{f"{department}__in": user.scope_departments})
    return mine


@dataclasses.dataclass(frozen=True)
class Branch:
    """One line of the department tree, at its depth."""

    department: Department
    depth: int
    members: int

    @property
    def indent(self) -> range:
        """One step per level, for templates to loop over."""
        return range(self.depth)


def department_tree() -> list[Branch]:
    """All departments, parents before children, with the number of active members."""
    found = list(Department.objects.annotate(people=Count("members", filter=Q(members__is_active=True))).order_by("name"))
    children: dict[int | None, list[Any]] = {}
    for department in found:
        children.setdefault(department.parent_id, []).append(department)

    def walk(parent: int | None, depth: int) -> Iterator[Branch]:
        for department in children.get(parent, []):
            yield Branch(department, depth, department.people)
            yield from walk(department.pk, depth + 1)

    return list(walk(None, 0))


def staff_list(*, text: str = "", role: str = "", department_id: int | None = None, state: str = "active") -> QuerySet[User]:
    """Members of staff by name, filtered; `state` is active, inactive or all."""
    found = User.objects.select_related("department").annotate(
        apps=Count("totpdevice", filter=Q(totpdevice__confirmed=True), distinct=True)
    )
    if text:
        found = found.filter(Q(display_name__icontains=text) | Q(username__icontains=text) | Q(wecom_userid__iexact=text))
    if role:
        found = found.filter(role=role)
    if department_id:
        found = found.filter(department_id__in=descendants_of(department_id))
    if state != "all":
        found = found.filter(is_active=state == "active")
    return found.order_by("-is_active", "display_name", "id")


@dataclasses.dataclass(frozen=True)
class AuditFilter:
    """What the audit page was asked for; dates are Shanghai days, both inclusive."""

    actor_id: int | None = None
    action: str = ""
    object_type: str = ""
    object_id: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def audit_entries(asked: AuditFilter, before_id: int | None = None) -> QuerySet[AuditEntry]:
    """Entries, newest first, below `before_id` (the cursor)."""
    found = AuditEntry.objects.select_related("actor").order_by("-id")
    if before_id:
        found = found.filter(id__lt=before_id)
    if asked.actor_id:
        found = found.filter(actor_id=asked.actor_id)
    if asked.action:
        found = found.filter(action__startswith=asked.action)
    if asked.object_type:
        found = found.filter(object_type=asked.object_type)
    if asked.object_id:
        found = found.filter(object_id=asked.object_id)
    if asked.since:
        found = found.filter(at__gte=asked.since)
    if asked.until:
        found = found.filter(at__lt=asked.until)
    return found


def tracked_models() -> dict[str, type[Model]]:
    """History tables by the label of the model they follow ("staff.user" -> UserHistory)."""
    found = {}
    for model in apps.get_models():
        tracked = getattr(model, "pgh_tracked_model", None)
        if tracked is not None and issubclass(model, HistoryEvent):
            found[tracked._meta.label_lower] = model
    return dict(sorted(found.items()))


@dataclasses.dataclass(frozen=True)
class RowChange:
    """One change the database itself noticed. `who` is None for changes made outside the staff pages."""

    at: dt.datetime
    label: str
    object_id: str
    who: str | None
    where: str
    changes: list[tuple[str, str | None, str]]


def row_changes(label: str, object_id: str = "", before_id: int | None = None) -> tuple[list[RowChange], int | None]:
    """Changes of one tracked model, newest first, and the cursor of the next page (None at the end)."""
    model: Any = tracked_models()[label]
    found = model.objects.select_related("pgh_context").order_by("-pgh_id")
    if object_id:
        found = found.filter(pgh_obj_id=object_id)
    if before_id:
        found = found.filter(pgh_id__lt=before_id)
    rows = list(found[: PAGE + 1])
    cursor = rows[PAGE - 1].pgh_id if len(rows) > PAGE else None
    return _compared(model, rows[:PAGE]), cursor


def _compared(model: Any, rows: list[Any]) -> list[RowChange]:
    authors = [pk for pk in (_context(row).get("user") for row in rows) if pk]
    names = {str(user.pk): str(user) for user in User.objects.filter(pk__in=authors)}
    previous = _previous(model, rows)
    return [_row_change(row, previous.get(row.pgh_id), names) for row in rows]


def _context(row: Any) -> dict[str, Any]:
    return (row.pgh_context.metadata if row.pgh_context else None) or {}


def _previous(model: Any, rows: list[Any]) -> dict[int, Any]:
    """For each row the state before it: the next older row of the same object."""
    objects = {row.pgh_obj_id for row in rows}
    older = model.objects.filter(pgh_obj_id__in=objects, pgh_id__lte=max((row.pgh_id for row in rows), default=0)).order_by(
        "pgh_obj_id", "pgh_id"
    )
    before: dict[int, Any] = {}
    last: Any = None
    for row in older:
        if last is not None and last.pgh_obj_id == row.pgh_obj_id:
            before[row.pgh_id] = last
        last = row
    return before


def _said(field: Any, value: Any) -> str:
    """A stored value as people read it: labels of choices, yes and no, Shanghai's time."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M:%S}"
    return str(dict(field.flatchoices).get(value, value)) if field.flatchoices else str(value)


def _row_change(row: Any, before: Any, names: dict[str, str]) -> RowChange:
    fields = [field for field in row._meta.fields if not field.name.startswith("pgh_") and field.name != "id"]
    told = []
    for field in fields:
        new, old = getattr(row, field.attname), getattr(before, field.attname) if before is not None else None
        if (before is None and new not in (None, "", False)) or (before is not None and new != old):
            told.append((str(field.verbose_name), None if before is None else _said(field, old), _said(field, new)))
    context = _context(row)
    who = names.get(str(context.get("user")))
    return RowChange(row.pgh_created_at, row.pgh_label, str(row.pgh_obj_id), who, str(context.get("url", "")), told)
