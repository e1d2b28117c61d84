"""The border in the admin: calls and callbacks to read, nothing to change, no content."""

import pytest
from django.test import Client

from core import clock
from gateways.models import GatewayCall, InboundCallback
from gateways.services import store_callback
from staff.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Client:
    """An administrator's browser."""
    client = Client()
    user = User.objects.create_superuser("admin", password="a-long-password", display_name="林岚")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_calls_are_listed_and_found(admin: Client) -> None:
    for errcode in ("", "45009"):
        GatewayCall.objects.create(
            vendor="wecom",
            api="externalcontact/mark_tag",
            started_at=clock.now(),
            duration_ms=12,
            outcome="refused",
            errcode=errcode,
        )
    page = admin.get("/admin/gateways/gatewaycall/", {"q": "45009", "outcome__exact": "refused"})
    assert page.status_code == 200
    text = page.content.decode()
    assert "externalcontact/mark_tag" in text
    assert "45009" in text
    assert "被平台拒绝" in text


def test_a_callbacks_content_is_not_shown(admin: Client) -> None:
    callback_id = store_callback(
        source="wecom", dedupe_key="evt:secretkey", body='{"UserID": "sales1"}', kind="change_external_contact"
    )
    listed, shown = (
        admin.get("/admin/gateways/inboundcallback/"),
        admin.get(f"/admin/gateways/inboundcallback/{callback_id}/change/"),
    )
    for page in (listed, shown):
        assert page.status_code == 200
        text = page.content.decode()
        assert "change_external_contact" in text
        assert "sales1" not in text
        assert "evt:secretkey" not in text


def test_nothing_can_be_added_changed_or_deleted(admin: Client) -> None:
    callback_id = store_callback(source="wecom", dedupe_key="evt:1", body="{}", kind="before")
    call = GatewayCall.objects.create(vendor="sms", api="SendSms", started_at=clock.now(), duration_ms=1, outcome="ok")
    for model, key in (("inboundcallback", callback_id), ("gatewaycall", call.pk)):
        assert admin.get(f"/admin/gateways/{model}/add/").status_code == 403
        assert admin.post(f"/admin/gateways/{model}/{key}/change/", {"kind": "after", "api": "after"}).status_code == 403
        assert admin.post(f"/admin/gateways/{model}/{key}/delete/", {"post": "yes"}).status_code == 403
    assert InboundCallback.objects.get().kind == "before"
    assert GatewayCall.objects.get().api == "SendSms"
