"""Departments and the agency's policy."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.errors import Refused
from staff.models import AgencyPolicy, Department, User
from staff.queries import descendants_of
from staff.rules import changes
from staff.services.audit import write_audit

POLICY_FIELDS = (
    "agency_name", "licence_no", "emergency_phone", "quiet_start", "quiet_end", "house_cap_count", "house_cap_days",
    "platform_cap_rule", "holdout_percent", "approval_limit", "attribution_days",
)  # fmt: skip


@transaction.atomic
def save_department(
    actor: User, *, department_id: int | None, name: str, parent: Department | None, ip: str | None = None
) -> Department:
    """Make, rename or move a department. Refused: below itself, or twice the same name in one place."""
    department = Department.objects.select_for_update().get(pk=department_id) if department_id else Department()
    if parent and department.pk and parent.pk in descendants_of(department.pk):
        raise Refused(_("A department cannot be placed below itself."), "department_cycle")
    before = {"name": department.name, "parent": str(department.parent or "")}
    department.name, department.parent = name, parent
    try:
        with transaction.atomic():
            department.save()
    except IntegrityError as error:
        raise Refused(_("There is already a department of that name here."), "department_name") from error
    changed = changes(before, {"name": department.name, "parent": str(department.parent or "")})
    if changed:
        write_audit(
            actor, "department.updated" if department_id else "department.created", department, {"changes": changed}, ip=ip
        )
    return department


@transaction.atomic
def delete_department(actor: User, department_id: int, *, ip: str | None = None) -> None:
    """Remove an empty department. Refused while it has members, sub-departments or customers."""
    department = Department.objects.select_for_update().get(pk=department_id)
    if department.children.exists() or department.members.exists():
        raise Refused(_("Move its members and sub-departments first."), "department_in_use")
    write_audit(actor, "department.deleted", department, ip=ip)
    department.delete()


@transaction.atomic
def save_policy(actor: User, *, ip: str | None = None, **fields: Any) -> AgencyPolicy:
    """Change the agency's rules; only what really changed is written down."""
    AgencyPolicy.objects.get_or_create(pk=1)
    policy = AgencyPolicy.objects.select_for_update().get(pk=1)
    before = {name: str(getattr(policy, name)) for name in POLICY_FIELDS}
    for name, value in fields.items():
        setattr(policy, name, value)
    changed = changes(before, {name: str(getattr(policy, name)) for name in POLICY_FIELDS})
    if changed:
        policy.save()
        write_audit(actor, "policy.updated", policy, {"changes": changed}, ip=ip)
    return policy
