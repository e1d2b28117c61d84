"""Keeping views of the customer list."""

from django.db.models import Q
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput
from core.parsers import is_clean
from customers.models import SavedView
from staff.models import User

MOST = 30  # views of one person


def save_view(owner: User, *, name: str, query: str, is_shared: bool) -> SavedView:
    """Keep the filters in force under a name of 1 to 30 characters; at most 30 per person."""
    if SavedView.objects.filter(owner=owner, deleted_at__isnull=True).count() >= MOST:
        raise BadInput(_("You keep %(most)s views already. Delete one first.") % {"most": MOST}, {})
    return SavedView.objects.create(owner=owner, name=_named(name), query=query[:600], is_shared=is_shared)


def change_view(view: SavedView, *, name: str, is_pinned: bool, is_shared: bool) -> None:
    """Rename, pin, share or keep to oneself."""
    SavedView.objects.filter(pk=view.pk).update(name=_named(name), is_pinned=is_pinned, is_shared=is_shared)


def delete_view(view: SavedView) -> None:
    """Take a view away; it can be restored."""
    SavedView.objects.filter(pk=view.pk).update(deleted_at=clock.now())


def restore_view(owner: User, view_id: int) -> bool:
    """Undo of `delete_view`; whether there was anything to restore."""
    return bool(SavedView.objects.filter(~Q(deleted_at=None), pk=view_id, owner=owner).update(deleted_at=None))


def _named(name: str) -> str:
    clean = name.strip()
    if not clean or len(clean) > 30 or not is_clean(clean):
        raise BadInput(_("A view has a name of 1 to 30 characters."), {"name": _("write a name")})
    return clean
