"""Douyin 生活服务: orders and vouchers of a merchant app. Followers and private messages are not open to new apps.

Token and webhook as documented at open.douyin.com (client_token; `verify_webhook` challenge, `Msg-Id`,
`X-Douyin-Signature` = SHA1(client_secret + body)). The field names of an order are taken from the public reference and
were not verified against a live account: check them when you connect one.
"""

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from gateways.connectors import Finding, Hook, Item, Page
from gateways.connectors.calling import Caller, configured, decoded, same, tried
from gateways.errors import CallbackRefused, GatewayError

BASE = "https://open.douyin.com"
NEEDS = ("DOUYIN_CLIENT_KEY", "DOUYIN_CLIENT_SECRET", "DOUYIN_ACCOUNT_ID")
PAGE_SIZE = 50
_KINDS = {"paid": "ota.ordered", "fulfilled": "ota.redeemed", "refunded": "ota.cancelled"}


class DouyinLife:
    """Orders by pull with a cursor, and by webhook."""

    schema = ("ota.ordered", "ota.redeemed", "ota.cancelled")
    pulls = True

    def __init__(self, vendors: Mapping[str, str], base_url: str) -> None:
        self._vendors, self._call = vendors, Caller("douyin", base_url)
        self._token, self._token_until = "", 0.0

    def pull(self, cursor: Mapping[str, Any]) -> Page:
        params = {"account_id": self._vendors.get("DOUYIN_ACCOUNT_ID", ""), "page_size": str(PAGE_SIZE)}
        if cursor.get("after"):
            params["cursor"] = str(cursor["after"])
        data = self._asked("goodlife/v1/trade/order/query", params)
        items = [item for order in data.get("orders") or [] if (item := _item(order))]
        return Page(items, {"after": data.get("next_cursor") or cursor.get("after", "")}, bool(data.get("has_more")))

    def _asked(self, api: str, params: dict[str, str]) -> dict[str, Any]:
        headers = {"access-token": self._access_token()}
        found = self._call.json(api, "GET", f"{BASE}/{api}/", params=params, headers=headers)
        data = found.get("data")
        if not isinstance(data, dict) or data.get("error_code") != 0:
            self._token = ""  # it may have been withdrawn; the next call asks for another
            raise GatewayError("douyin", api, str((data or {}).get("error_code", "bad-answer"))[:40])
        return data

    def _access_token(self) -> str:
        if self._token and time.monotonic() < self._token_until:
            return self._token
        names = {"client_key": self._vendors["DOUYIN_CLIENT_KEY"], "client_secret": self._vendors["DOUYIN_CLIENT_SECRET"]}
        form = "&".join(f"{name}={value}" for name, value in {**names, "grant_type": "client_credential"}.items())
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        found = self._call.json("oauth/client_token", "POST", f"{BASE}/oauth/client_token/", body=form.encode(), headers=headers)
        data = found.get("data")
        if not isinstance(data, dict) or data.get("error_code") != 0 or not data.get("access_token"):
            raise GatewayError("douyin", "oauth/client_token", str((data or {}).get("error_code", "bad-answer"))[:40])
        self._token, self._token_until = str(data["access_token"]), time.monotonic() + float(data.get("expires_in", 7200)) * 0.8
        return self._token

    def handle_webhook(self, headers: Mapping[str, str], body: bytes) -> Hook:
        secret = self._vendors.get("DOUYIN_CLIENT_SECRET", "")
        expected = hashlib.sha1(secret.encode() + body).hexdigest()  # noqa: S324 - the platform's scheme
        if not secret or not same(headers.get("x-douyin-signature", ""), expected):
            raise CallbackRefused("douyin", "forged")
        message = decoded("douyin", body)
        content = message.get("content")
        if message.get("event") == "verify_webhook":
            return Hook({"challenge": content.get("challenge") if isinstance(content, dict) else None})
        if not headers.get("msg-id"):
            raise CallbackRefused("douyin", "no-id")
        return Hook({"code": 0}, headers["msg-id"][:60], message)

    def items_of(self, body: dict[str, Any]) -> list[Item]:
        order = body.get("content")
        item = _item(order) if isinstance(order, dict) else None
        return [item] if item else []

    def health(self) -> list[Finding]:
        given = configured(self._vendors, NEEDS)
        if not given.is_good:
            return [given]
        token = tried(_("The platform gives us a token"), _("Check the app's key and secret."), self._access_token)
        if not token.is_good:
            return [given, token]
        fix = _("Apply for the order permission of 生活服务, and have the shop authorise the app.")
        return [given, token, tried(_("We may read orders"), fix, lambda: self.pull({}))]


def _item(order: dict[str, Any]) -> Item | None:
    kind = _KINDS.get(str(order.get("order_status", "")))
    if kind is None:
        return None
    number = str(order.get("order_id", ""))
    props: dict[str, Any] = {"number": number, "product": str(order.get("sku_name") or ""), "channel": "douyin"}
    props["amount"] = f"{int(order.get('pay_amount') or 0) / 100:.2f}"
    who = {name: value for name, value in {
        "douyin_openid": order.get("open_id"), "masked_phone": order.get("masked_phone"),
    }.items() if value}  # fmt: skip
    at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(int(order.get("update_time") or 0)))
    return {"id": f"{number}:{order.get('order_status')}", "kind": kind, "occurred_at": at, "who": who, "props": props}
