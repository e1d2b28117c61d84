"""Xiaohongshu 聚光 advertising leads by webhook. Notes, comments and private messages of users are not open to us.

The signature (MD5 over the sorted parameters and the app's secret) follows the open platform's scheme; the field names of
a lead differ by contract and were not verified against a live account.
"""

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from gateways.connectors import Finding, Hook, Item, Page
from gateways.connectors.calling import configured, decoded, same
from gateways.errors import CallbackRefused

NEEDS = ("XHS_APP_ID", "XHS_APP_SECRET")
TOLERANCE_SECONDS = 300


class XiaohongshuLeads:
    """Leads by webhook; there is nothing to pull."""

    schema = ("lead.received",)
    pulls = False

    def __init__(self, vendors: Mapping[str, str], base_url: str) -> None:
        self._vendors = vendors

    def pull(self, cursor: Mapping[str, Any]) -> Page:
        return Page([], dict(cursor))

    def handle_webhook(self, headers: Mapping[str, str], body: bytes) -> Hook:
        message = decoded("xhs", body)
        stamp, secret = str(message.get("timestamp", "")), self._vendors.get("XHS_APP_SECRET", "")
        expected = signature(self._vendors.get("XHS_APP_ID", ""), stamp, secret, str(message.get("lead_id", "")))
        if not secret or not same(str(message.get("sign", "")), expected):
            raise CallbackRefused("xhs", "forged")
        if not stamp.isascii() or not stamp.isdigit() or abs(time.time() - int(stamp[:12])) > TOLERANCE_SECONDS:
            raise CallbackRefused("xhs", "stale")
        return Hook({"success": True, "code": 0}, str(message["lead_id"])[:60], message)

    def items_of(self, body: dict[str, Any]) -> list[Item]:
        number = str(body.get("lead_id", ""))
        texts = {"campaign": body.get("campaign_name"), "city": body.get("city")}
        props = {"channel": "xiaohongshu", "number": number, **{name: str(value) for name, value in texts.items() if value}}
        told = {"phone": body.get("phone"), "name": body.get("name"), "xiaohongshu_id": body.get("user_id")}
        at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(int(body.get("created_at") or 0)))
        who = {name: str(value) for name, value in told.items() if value}
        return [{"id": number, "kind": "lead.received", "occurred_at": at, "who": who, "props": props}]

    def health(self) -> list[Finding]:
        given = configured(self._vendors, NEEDS)
        return [given, Finding(_("Leads come by webhook; there is nothing to ask the platform"), True)]


def signature(app_id: str, stamp: str, secret: str, lead_id: str) -> str:
    """The signature of a lead's webhook."""
    return hashlib.md5(f"appId={app_id}&lead_id={lead_id}&timestamp={stamp}{secret}".encode()).hexdigest()  # noqa: S324
