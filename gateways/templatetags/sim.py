"""How the phones write times, money and faces."""

import datetime as dt
import json
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

register = template.Library()
SHANGHAI = ZoneInfo("Asia/Shanghai")


@register.filter
def at(seconds: float) -> dt.datetime:
    """Seconds since the epoch as Shanghai time."""
    return dt.datetime.fromtimestamp(float(seconds or 0), SHANGHAI)


@register.filter
def chat_time(seconds: float) -> str:
    """A moment as chat lists write it: 14:03, yesterday, a weekday, a date."""
    moment, today = at(seconds), dt.datetime.now(SHANGHAI).date()
    days = (today - moment.date()).days
    if days == 0:
        return f"{moment:%H:%M}"
    if days == 1:
        return f"{_('Yesterday')} {moment:%H:%M}"
    if moment.year == today.year:
        return _("%(month)s-%(day)s") % {"month": moment.month, "day": moment.day} + f" {moment:%H:%M}"
    return f"{moment:%Y-%m-%d}"


@register.filter
def fen(amount: int | None) -> str:
    """Fen as yuan with two digits, thousands separated."""
    return f"{(amount or 0) / 100:,.2f}"


@register.filter
def whole_yuan(amount: int | None) -> str:
    """Fen as yuan without a fraction where there is none."""
    return f"{(amount or 0) // 100:,}" if not (amount or 0) % 100 else fen(amount)


@register.filter
def face(name: str) -> str:
    """The last one or two characters of a name, as a face without a photograph shows them."""
    text = (name or "?").strip()
    return text[-2:] if text and ord(text[-1]) > 0x2E80 else text[:1].upper()


@register.filter
def hue(name: str) -> int:
    """A number from 1 to 8: which colour a face has."""
    return sum(map(ord, name or "")) % 8 + 1


@register.filter
def page_code(page: str) -> str:
    """The product code in a mini-program page, empty when there is none."""
    return next((part[5:] for part in (page or "").partition("?")[2].split("&") if part.startswith("code=")), "")


@register.filter
def pretty(text: str) -> str:
    """JSON indented for reading; anything else as it is."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text


DEEDS = {
    "staff/confirm": gettext_lazy("sends the mass message"),
    "staff/confirm_all": gettext_lazy("everybody sends"),
    "staff/ignore": gettext_lazy("puts a mass message aside"),
    "staff/message": gettext_lazy("writes to a customer"),
    "staff/delete": gettext_lazy("deletes a customer"),
    "customer/add": gettext_lazy("scans a code"),
    "customer/delete": gettext_lazy("deletes an advisor"),
    "customer/message": gettext_lazy("writes to an advisor"),
    "pay/confirm": gettext_lazy("pays"),
    "pay/cancel": gettext_lazy("does not pay"),
    "clock/advance": gettext_lazy("time is moved"),
}


@register.filter
def deed(path: str) -> str:
    """What somebody did, in words."""
    return str(DEEDS.get(path, path))


@register.filter
def summary(line: dict[str, Any]) -> str:
    """One line of a conversation in short."""
    attachments = line.get("attachments") or []
    if attachments and attachments[0].get("msgtype") == "miniprogram":
        return f"[{_('Mini-program')}] {attachments[0]['miniprogram'].get('title', '')}"
    return str(line.get("text") or line.get("content") or line.get("title") or "")
