"""Erasure: nothing of the person stays, and nothing brings them back."""

import datetime as dt
import uuid

import pytest

from core import clock
from core.secrets import lookup_hash
from customers.models import ErasedIdentity, Erasure
from customers.services.erasure import erased_among


@pytest.mark.django_db
def test_a_sync_is_told_whom_it_must_leave_out(django_assert_num_queries: object) -> None:
    at = clock.now()
    done = Erasure.objects.create(customer_id=7, public_id=uuid.uuid4(), at=at)
    gone, other, free = (lookup_hash("external_userid:ww1", value) for value in ("wmGone", "wmOther", "wmFree"))
    for kind, scope, value in [("external_userid", "ww1", gone), ("external_userid", "ww2", other), ("phone", "", free)]:
        ErasedIdentity.objects.create(erasure=done, kind=kind, scope=scope, value_hash=value, at=at)
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = erased_among("external_userid", "ww1", [gone, other, free])
    assert found == {gone: at}
    assert erased_among("external_userid", "ww1", []) == {}
    assert at - dt.timedelta(days=1) < found[gone]
