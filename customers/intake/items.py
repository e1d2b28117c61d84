"""One event of another system, checked: clean values out, or every complaint at once."""

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.clock import EARLIEST
from customers.intake.fields import Date, Text, Wrong
from customers.intake.kinds import EVENTS, EventKind

MAX_ITEMS = 500
MAX_ITEM_BYTES = 16_384
FUTURE_TOLERANCE = dt.timedelta(minutes=5)
OLDEST = dt.timedelta(days=400)
MAINLAND = re.compile(r"1[3-9]\d{9}")
E164 = re.compile(r"\+[1-9]\d{6,14}")
MASKED = re.compile(r"1[3-9]\d\*{4}\d{4}")
_ID = re.compile(r"[\x21-\x7e]{1,80}")
_TOP = {"id", "kind", "occurred_at", "who", "props"}


@dataclasses.dataclass(frozen=True)
class Complaint:
    """What is wrong with one field."""

    field: str
    message: str


@dataclasses.dataclass(frozen=True)
class Who:
    """Whom an event is about, as far as the sender knows. Empty: nobody in particular."""

    phone: str = dataclasses.field(default="", repr=False)
    phone_verified: bool = False
    masked_phone: str = dataclasses.field(default="", repr=False)
    name: str = dataclasses.field(default="", repr=False)
    birthday: str = dataclasses.field(default="", repr=False)
    unionid: str = dataclasses.field(default="", repr=False)
    openid: str = dataclasses.field(default="", repr=False)
    external_userid: str = dataclasses.field(default="", repr=False)
    alipay_user_id: str = dataclasses.field(default="", repr=False)
    douyin_openid: str = dataclasses.field(default="", repr=False)
    xiaohongshu_id: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass
class Item:
    """One event on its way. `complaints` says why it cannot be taken."""

    id: str
    kind: str = ""
    at: dt.datetime | None = None
    who: Who = dataclasses.field(default_factory=Who)
    props: dict[str, Any] = dataclasses.field(default_factory=dict)
    complaints: list[Complaint] = dataclasses.field(default_factory=list)


def normal_phone(text: str) -> str:
    """A phone number in E.164, or empty when it is none: mainland numbers with or without +86, 0086, spaces, dashes."""
    digits = "".join(chr(ord(char) - 0xFEE0) if "０" <= char <= "９" or char == "＋" else char for char in text)
    digits = re.sub(r"[\s()\-\u00a0\u3000]", "", digits)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    national = digits.removeprefix("+86")
    if MAINLAND.fullmatch(national):
        return f"+86{national}"
    if len(digits) == 13 and digits.startswith("86") and MAINLAND.fullmatch(digits[2:]):
        return f"+{digits}"
    return digits if E164.fullmatch(digits) and not digits.startswith("+86") else ""


_IDS = ("unionid", "openid", "external_userid", "alipay_user_id", "douyin_openid", "xiaohongshu_id")
_WHO_TEXTS = {"name": Text("name", "name", "", limit=60), **{name: Text(name, name, "", limit=64) for name in _IDS}}


def read_item(raw: Any, allowed: tuple[str, ...], now: dt.datetime) -> Item:
    """Check one item of a request from a source that may send the `allowed` kinds."""
    if not isinstance(raw, dict):
        return Item("", complaints=[Complaint("", _("must be an object"))])
    item = Item(raw["id"] if isinstance(raw.get("id"), str) and _ID.fullmatch(raw["id"]) else "")
    if not item.id:
        item.complaints.append(Complaint("id", _("must be 1 to 80 visible ASCII characters, unique in this source")))
    item.complaints += [Complaint(name, _("is not known")) for name in sorted(set(raw) - _TOP)[:5]]
    _read_kind(item, raw.get("kind"), allowed)
    _read_moment(item, raw.get("occurred_at"), now)
    item.who = _read_who(item, raw.get("who", {}))
    if item.kind:
        item.props = read_props(item, EVENTS[item.kind], raw.get("props", {}))
    return item


def _read_kind(item: Item, value: Any, allowed: tuple[str, ...]) -> None:
    if isinstance(value, str) and value in allowed:
        item.kind = value
    else:
        item.complaints.append(Complaint("kind", _("must be one of %(allowed)s") % {"allowed": ", ".join(allowed)}))


def _read_moment(item: Item, value: Any, now: dt.datetime) -> None:
    try:
        moment = dt.datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        item.complaints.append(
            Complaint("occurred_at", _("must be a moment with its time zone, such as 2026-10-01T09:30:00+08:00"))
        )
    elif not max(EARLIEST, now - OLDEST) <= moment <= now + FUTURE_TOLERANCE:
        item.complaints.append(Complaint("occurred_at", _("must lie within the last 400 days")))
    else:
        item.at = moment.astimezone(dt.UTC)


def _read_who(item: Item, raw: Any) -> Who:
    if not isinstance(raw, dict):
        item.complaints.append(Complaint("who", _("must be an object")))
        return Who()
    found: dict[str, Any] = {}
    for name, value in raw.items():
        try:
            found |= {str(name): _who_value(str(name), value)}
        except Wrong as wrong:
            item.complaints.append(Complaint(f"who.{str(name)[:40]}", str(wrong)))
    return Who(**found) if not any(one.field.startswith("who.") for one in item.complaints) else Who()


def _who_value(name: str, value: Any) -> Any:
    if name == "phone":
        phone = normal_phone(value) if isinstance(value, str) and len(value) <= 30 else ""
        if not phone:
            raise Wrong(_("must be a phone number"))
        return phone
    if name == "masked_phone":
        if not isinstance(value, str) or not MASKED.fullmatch(value):
            raise Wrong(_("must be a phone number such as 138****5678"))
        return value
    if name == "phone_verified":
        if not isinstance(value, bool):
            raise Wrong(_("must be true or false"))
        return value
    if name == "birthday":
        return Date(name, name, "").read(value)
    if name not in _WHO_TEXTS:
        raise Wrong(_("is not known"))
    return _WHO_TEXTS[name].read(value)


def read_props(item: Item, event: EventKind, raw: Any) -> dict[str, Any]:
    """The clean fields of an event; complaints are added to the item."""
    if not isinstance(raw, dict):
        item.complaints.append(Complaint("props", _("must be an object")))
        return {}
    fields = {field.name: field for field in event.fields}
    clean: dict[str, Any] = {}
    for name in sorted(set(raw) - set(fields))[:5]:
        item.complaints.append(Complaint(f"props.{str(name)[:40]}", _("is not known")))
    for name, field in fields.items():
        if raw.get(name) is None:
            if field.required:
                item.complaints.append(Complaint(f"props.{name}", _("is missing")))
            continue
        try:
            clean[name] = field.read(raw[name])
        except Wrong as wrong:
            item.complaints.append(Complaint(f"props.{name}", str(wrong)))
    return clean


def example_of(kind: str) -> Mapping[str, Any]:
    """A whole item as the documentation shows it."""
    event = EVENTS[kind]
    return {
        "id": f"{kind}-0001",
        "kind": kind,
        "occurred_at": "2026-11-24T09:30:00+08:00",
        "who": {"phone": "13800005678", "phone_verified": True, "name": "张三"},
        "props": {field.name: field.example for field in event.fields},
    }
