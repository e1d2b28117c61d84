"""Who looks at the catalogue's pages."""

from collections.abc import Callable

import pytest
from django.test import Client

from staff.models import User

LogIn = Callable[[str], Client]


@pytest.fixture
def log_in(db: None) -> LogIn:
    """A browser logged in as somebody of a role."""

    def make(role: str) -> Client:
        user, _new = User.objects.get_or_create(username=role, defaults={"display_name": role, "role": role, "row_scope": "all"})
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make
