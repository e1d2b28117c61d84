"""Views of the customer list that staff kept."""

from django.db.models import Q

from customers.models import SavedView
from staff.models import User


def views_of(user: User) -> list[SavedView]:
    """A user's own views and those for everybody, by name."""
    found = SavedView.objects.filter(Q(owner=user) | Q(is_shared=True), deleted_at__isnull=True)
    return list(found.order_by("name", "id")[:40])


def find(user: User, view_id: int) -> SavedView | None:
    """A kept view that the user may change, if it is theirs."""
    return SavedView.objects.filter(pk=view_id, owner=user, deleted_at__isnull=True).first() if view_id else None
