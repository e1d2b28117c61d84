"""Order files of a travel platform: a folder over HTTPS, one CSV a day, phone numbers masked by the platform.

Formats differ by contract; this is the agreed one (GB18030 or UTF-8; 订单号, 产品名称, 金额, 下单时间, 出行日期, 人数, 联系人,
手机). A platform that offers only SFTP needs a mirror, one that offers only a web page: upload the file at /data/imports.
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from core.clock import SHANGHAI
from core.tables.dates import parse_date
from core.tables.decoding import UnreadableFile, as_text, open_table
from gateways.connectors import Finding, Hook, Item, Page
from gateways.connectors.calling import Caller, configured, tried
from gateways.errors import BAD_ANSWER, CallbackRefused, GatewayError

NEEDS = ("OTA_FILES_URL", "OTA_FILES_TOKEN")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,80}\.csv")


class OtaFiles:
    """One file per pull, in the order of their names; the cursor is the last name."""

    schema = ("ota.ordered",)
    pulls = True

    def __init__(self, vendors: Mapping[str, str], base_url: str) -> None:
        self._vendors, self._call = vendors, Caller("ota", base_url)
        self._url = vendors.get("OTA_FILES_URL", "").rstrip("/") + "/"

    def pull(self, cursor: Mapping[str, Any]) -> Page:
        after = str(cursor.get("after", ""))
        names = [name for name in self._names() if name > after]
        if not names:
            return Page([], dict(cursor))
        content = self._call.bytes("file", "GET", self._url + quote(names[0]), headers=self._headers())
        try:
            table = open_table(content)
        except UnreadableFile as error:
            raise GatewayError("ota", "file", f"file-{error.fault.value}"[:40]) from error
        rows = [dict(zip(table.columns, map(as_text, row.cells), strict=False)) for row in table.rows]
        return Page([_item(row) for row in rows], {"after": names[0]}, len(names) > 1)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._vendors.get('OTA_FILES_TOKEN', '')}"}

    def _names(self) -> list[str]:
        found = self._call.json("list", "GET", self._url, headers=self._headers()).get("files")
        if not isinstance(found, list):
            raise GatewayError("ota", "list", BAD_ANSWER)
        return sorted(name for name in found if isinstance(name, str) and _NAME.fullmatch(name))

    def handle_webhook(self, headers: Mapping[str, str], body: bytes) -> Hook:
        raise CallbackRefused("ota", "no-webhook")

    def items_of(self, body: dict[str, Any]) -> list[Item]:
        return []

    def health(self) -> list[Finding]:
        given = configured(self._vendors, NEEDS)
        if not given.is_good:
            return [given]
        fix = _("Ask the platform for the folder's address and token; the address must answer with a list of files.")
        return [given, tried(_("The folder lets us in"), fix, self._names)]


def _item(row: dict[str, str]) -> Item:
    """A row as an item; what cannot be read is left for the check to refuse, with the reason."""
    ordered, departs = parse_date(row.get("下单时间", "")), parse_date(row.get("出行日期", ""))
    props: dict[str, Any] = {"number": row.get("订单号", ""), "product": row.get("产品名称", ""), "amount": row.get("金额", "")}
    props["channel"] = row.get("平台") or "ota"
    if departs:
        props["departs_on"] = departs.isoformat()
    if row.get("人数", "").isdigit():
        props["people"] = int(row["人数"][:4])
    phone = row.get("手机", "")
    who = {"name": row.get("联系人", ""), ("masked_phone" if "*" in phone else "phone"): phone}
    at = dt.datetime.combine(ordered, dt.time(12), tzinfo=SHANGHAI).isoformat() if ordered else row.get("下单时间", "")
    told = {name: value for name, value in who.items() if value}
    return {"id": row.get("订单号", ""), "kind": "ota.ordered", "occurred_at": at, "who": told, "props": props}
