"""One fact of a profile, corrected by a person who saw what stood there before."""

import base64
import dataclasses
import datetime as dt
import json
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from core.event_types import StageChanged
from core.events import record
from core.secrets import seal, unseal
from customers.models import Customer, StageChange
from customers.rules.versions import Value, version_of
from customers.services.notes import EDITABLE
from staff.models import User
from staff.services import write_audit


class Conflict(Refused):
    """Somebody changed the fact since the person looked; `now` is what stands there."""

    def __init__(self, now: Value) -> None:
        super().__init__(_("Somebody changed this meanwhile."), "changed_meanwhile")
        self.now = now


@dataclasses.dataclass(frozen=True)
class Edited:
    """What came of an edit: whether anything changed, and the sealed word that takes it back."""

    changed: bool
    undo: str = ""


def held(customer: Customer, name: str) -> Value:
    """What stands in a fact now; the owner as an id."""
    value: Value = getattr(customer, "owner_id" if name == "owner" else name)
    return value


def edit_field(customer: Customer, *, name: str, value: Value, version: str, actor: User) -> Edited:
    """Set one fact that staff may correct, if it is still what the person saw (`version_of` it).

    `owner` takes a member's id and moves the customer to their department. Raises Conflict with what stands there now;
    nothing is written then. A stage set by hand is dated like any other.
    """
    if name not in EDITABLE | {"owner"}:
        raise BadInput(_("These facts cannot be edited here."), {name: _("not editable")})
    with transaction.atomic():
        row = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        before = held(row, name)
        if before == value:
            return Edited(changed=False)
        if version_of(before) != version:
            raise Conflict(before)
        _write(row, name, value)
        write_audit(actor, "customer.edited", row, {"fields": [name]})
    return Edited(True, _sealed(customer.pk, name, before, value))


def _write(row: Customer, name: str, value: Value) -> None:
    changes: dict[str, Any] = {"owner_id" if name == "owner" else name: value}
    if name == "owner":
        changes["department_id"] = User.objects.values_list("department_id", flat=True).get(pk=str(value)) if value else None
    now = clock.now()
    Customer.objects.filter(pk=row.pk).update(**changes, updated_at=now)
    if name == "lifecycle":
        change = StageChange.objects.create(customer=row, before=row.lifecycle, after=str(value), at=now)
        record(StageChanged(row.pk, change.before, change.after), key=f"stage.changed:hand:{change.pk}", occurred_at=now)


def undo_edit(customer: Customer, *, word: str, actor: User) -> str:
    """Take an edit back with the word that `edit_field` gave; the fact's name. Conflict when it was changed again since."""
    try:
        told = json.loads(unseal(base64.urlsafe_b64decode(word.encode("ascii"))))
    except ValueError as error:
        raise BadInput(_("This cannot be undone."), {"was": _("not one of ours")}) from error
    if told["customer"] != customer.pk:
        raise BadInput(_("This cannot be undone."), {"was": _("not one of ours")})
    name, before = told["name"], told["before"]
    value: Value = dt.date.fromisoformat(before) if name == "birthday" and before else before
    edit_field(customer, name=name, value=value, version=told["after"], actor=actor)
    return str(name)


def _sealed(customer_id: int, name: str, before: Value, after: Value) -> str:
    plain = before.isoformat() if isinstance(before, dt.date) else before
    told = {"customer": customer_id, "name": name, "before": plain, "after": version_of(after)}
    return base64.urlsafe_b64encode(seal(json.dumps(told, ensure_ascii=False))).decode()
