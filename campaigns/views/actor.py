"""Who is asking."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from staff.models import User


def actor(request: HttpRequest) -> User:
    """The signed-in member of staff, typed."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
