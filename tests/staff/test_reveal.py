"""Seeing a phone number: allowed, with a reason, counted, written down."""

import contextlib
import datetime as dt

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.template import Context, Template
from django.test import RequestFactory

from core.errors import BadInput, Refused
from staff.access import revealed
from staff.models import AuditEntry, User
from staff.services import chain_break, reveal


def test_a_reveal_is_written_down_without_the_value(lin: User, chen: User) -> None:
    reveal(chen, lin, "phone", reason="回复客户来电", ip="10.0.0.9")
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.object_id, entry.ip) == (chen, "reveal.contact", str(lin.pk), "10.0.0.9")
    assert entry.detail == {"field": "phone", "reason": "回复客户来电"}


@pytest.mark.parametrize("role", ["operations", "finance", "merchant", "auditor", "readonly"])
def test_roles_without_the_ability_are_refused_and_nothing_is_written(lin: User, chen: User, role: str) -> None:
    chen.role = role
    with pytest.raises(PermissionDenied):
        reveal(chen, lin, "phone", reason="回复客户来电")
    assert AuditEntry.objects.count() == 0


def test_someone_who_left_sees_nothing(lin: User, chen: User) -> None:
    chen.is_active = False
    with pytest.raises(PermissionDenied):
        reveal(chen, lin, "phone", reason="回复客户来电")


def test_no_reason_no_number(lin: User, chen: User) -> None:
    with pytest.raises(BadInput) as caught:
        reveal(chen, lin, "phone", reason="....")
    assert caught.value.fields == {"reason": "请简单写明查看原因。"}
    assert AuditEntry.objects.count() == 0


def test_a_day_of_trying_yields_no_more_than_the_limits(lin: User, chen: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("staff.rules.REVEALS_PER_HOUR", 3)
    monkeypatch.setattr("staff.rules.REVEALS_PER_DAY", 8)
    with time_machine.travel(dt.datetime(2026, 11, 24, 1, 0, tzinfo=dt.UTC), tick=False) as clock:
        for _try in range(60):
            clock.shift(dt.timedelta(minutes=10))
            with contextlib.suppress(Refused):
                reveal(chen, lin, "phone", reason="核对订单")
    assert AuditEntry.objects.filter(action="reveal.contact").count() == 8
    assert AuditEntry.objects.filter(action="reveal_refused.limit").count() == 52
    assert chain_break() == (60, None)


def test_the_limit_passes_with_the_hour(lin: User, chen: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("staff.rules.REVEALS_PER_HOUR", 3)
    with time_machine.travel(dt.datetime(2026, 11, 24, 1, 0, tzinfo=dt.UTC), tick=False) as clock:
        for _time in range(3):
            reveal(chen, lin, "phone", reason="核对订单")
        with pytest.raises(Refused):
            reveal(chen, lin, "phone", reason="核对订单")
        clock.shift(dt.timedelta(minutes=61))
        reveal(chen, lin, "phone", reason="核对订单")
    assert AuditEntry.objects.filter(action="reveal.contact").count() == 4


def render(user: User) -> str:
    template = Template("{% load guarded %}{% guarded '138****5678' '/customers/7/reveal' %}")
    return template.render(Context({"user": user, "csrf_token": "token"}))


def test_the_tag_offers_the_button_only_to_those_who_may(chen: User) -> None:
    assert 'hx-post="/customers/7/reveal"' in render(chen)
    chen.role = "operations"
    masked = render(chen)
    assert "138****5678" in masked
    assert "hx-post" not in masked


def test_the_fragment_hides_itself_and_is_not_kept(chen: User) -> None:
    request = RequestFactory().post("/customers/7/reveal")
    request.user = chen
    response = revealed(request, value="13812345678", masked="138****5678", url="/customers/7/reveal")
    page = response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"
    assert 'data-hide-after="60"' in page
    assert page.index("13812345678") < page.index("<template>") < page.index("138****5678")
