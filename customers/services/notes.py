"""What staff write about a customer, and the small facts they correct."""

from typing import Any

from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from core.parsers import is_clean
from customers.models import Customer, Note
from staff.models import User

EDITABLE = frozenset({"name", "nickname", "remark", "gender", "birthday", "city", "lifecycle", "child_ages"})


def add_note(customer: Customer, *, author: User, text: str) -> Note:
    """Keep a note of 1 to 2,000 characters."""
    clean = text.strip()
    if not clean or len(clean) > 2000 or not is_clean(clean):
        raise BadInput(_("A note has 1 to 2,000 characters."), {"text": _("write something")})
    return Note.objects.create(customer=customer, author=author, text=clean)


def delete_note(note: Note, *, actor: User) -> None:
    """Take a note off the timeline; only its author or an administrator may. It can be restored."""
    if note.author_id != actor.pk and not actor.is_superuser and actor.role != "administrator":
        raise Refused(_("Only its author may delete a note."), "not_author")
    Note.objects.filter(pk=note.pk).update(deleted_at=clock.now())


def restore_note(note: Note) -> None:
    """Undo of `delete_note`."""
    Note.objects.filter(pk=note.pk).update(deleted_at=None)


def edit_profile(customer: Customer, *, changes: dict[str, Any]) -> None:
    """Set facts of the profile that staff may correct; the history keeps what was."""
    unknown = set(changes) - EDITABLE
    if unknown:
        raise BadInput(_("These facts cannot be edited here."), dict.fromkeys(unknown, _("not editable")))
    if changes:
        Customer.objects.filter(pk=customer.pk).update(**changes, updated_at=clock.now())


def assign_owner(customer_ids: list[int], *, owner: User) -> int:
    """Give customers to a member of staff (and their department); the number changed."""
    return Customer.objects.filter(pk__in=customer_ids).update(owner=owner, department=owner.department, updated_at=clock.now())
