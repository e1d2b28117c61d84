"""Reading one cell of an imported file: the text a person typed into a clean value, or Wrong with what is wanted."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from core.clock import SHANGHAI
from core.tables.dates import parse_date
from core.tables.texts import clean, storable
from customers.intake.fields import LARGEST_AMOUNT, Wrong
from customers.intake.items import MASKED, normal_phone
from customers.intake.kinds import EVENTS

OLDEST = dt.date(1900, 1, 1)
_GENDERS = {
    "男": "male",
    "先生": "male",
    "m": "male",
    "male": "male",
    "女": "female",
    "女士": "female",
    "f": "female",
    "female": "female",
}
_MOMENT = re.compile(r"(.{8,11}?)[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?")
_PLAIN = re.compile(r"[^\x00-\x1f<>\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u3000\ud800-\udfff]*")


def text_of(limit: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) <= limit and _PLAIN.fullmatch(text):  # the usual case, quickly
            return text
        if not storable(text):
            raise Wrong(_("holds characters that cannot be stored"))
        return clean(text, limit).text

    return read


def ident(text: str) -> str:
    if len(text) > 64 or not text.isascii() or not text.isprintable() or " " in text:
        raise Wrong(_("must be an id of at most 64 letters and digits"))
    return text


def phone(text: str) -> str:
    if len(text) == 11 and text.isascii() and text.isdigit() and text[0] == "1" and text[1] in "3456789":
        return f"+86{text}"
    if MASKED.fullmatch(text):
        return text
    phone = normal_phone(text[:40])
    if not phone:
        raise Wrong(_("must be a phone number"))
    return phone


def gender(text: str) -> str:
    found = _GENDERS.get(text.strip().lower())
    if found is None:
        raise Wrong(_("must be male or female"))
    return found


def day(text: str) -> str:
    day = parse_date(text, OLDEST) if not (len(text) == 10 and text[4] == "-") else _iso_day(text)
    if day is None:
        raise Wrong(_("must be a date such as 2026-10-01"))
    return day.isoformat()


def _iso_day(text: str) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if OLDEST <= day < dt.date(2100, 1, 1) else None


def moment(text: str) -> dt.datetime:
    """A moment; without a zone it is Shanghai's wall time, without a time the day's noon."""
    match = _MOMENT.fullmatch(text)
    day = parse_date(match[1] if match else text)
    if day is None:
        raise Wrong(_("must be a date or a date with a time"))
    if match is None:
        return dt.datetime.combine(day, dt.time(12), tzinfo=SHANGHAI)
    try:
        at = dt.datetime.combine(day, dt.time(int(match[2]), int(match[3]), int(match[4] or 0)))
    except ValueError as error:
        raise Wrong(_("must be a date or a date with a time")) from error
    zone = dt.datetime.fromisoformat(f"2000-01-01T00:00:00{match[5]}").tzinfo if match[5] else SHANGHAI
    return at.replace(tzinfo=zone)


def money(text: str) -> str:
    plain = re.sub(r"[¥￥,，\s]|元$|RMB|CNY", "", text)
    try:
        amount = Decimal(plain) if re.fullmatch(r"\d{1,9}(\.\d{1,4})?", plain) else None
    except InvalidOperation:
        amount = None
    if amount is None or amount > LARGEST_AMOUNT:
        raise Wrong(_("must be an amount in yuan"))
    return f"{amount:.2f}"


def whole(text: str) -> int:
    if not re.fullmatch(r"\d{1,7}(\.0+)?人?", text):
        raise Wrong(_("must be a whole number"))
    return int(text.rstrip("人").partition(".")[0])


_KIND_WORDS: dict[str, str] = {}


def event_kind(text: str) -> str:
    if text in EVENTS:
        return text
    if not _KIND_WORDS:
        _KIND_WORDS.update({word: kind for kind, words in _KIND_ALIASES.items() for word in words})
    found = _KIND_WORDS.get(text)
    if found is None:
        raise Wrong(_("must be one of %(allowed)s") % {"allowed": ", ".join(sorted(EVENTS))})
    return found


_KIND_ALIASES = {
    "ticket.sold": ("购票", "售票"),
    "ticket.redeemed": ("核销", "验票"),
    "ticket.refunded": ("退票",),
    "gate.entered": ("入园", "进闸", "入闸"),
    "gate.left": ("离园", "出闸"),
    "guide.listened": ("讲解", "收听讲解"),
    "guide.started": ("租借导览", "领用导览"),
    "sale.made": ("消费", "购物", "销售"),
    "sale.refunded": ("退货",),
    "parking.entered": ("停车", "停车入场"),
    "parking.left": ("停车离场",),
    "ota.ordered": ("平台下单",),
    "lead.received": ("留资", "线索"),
}
