"""Reading one value of a query string or form, so that nonsense is a 400 and never a 500."""

import datetime as dt
import uuid

from django.utils.translation import gettext as _

from core.clock import EARLIEST, LATEST
from core.errors import BadInput


def _bad(name: str, complaint: str) -> BadInput:
    return BadInput(f"{name}: {complaint}", {name: complaint})


def whole(name: str, value: str | None, default: int, low: int = 0, high: int = 2**31 - 1) -> int:
    """A whole number within bounds; the default when absent."""
    if value is None or value == "":
        return default
    digits = value.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18 or not low <= int(value) <= high:
        raise _bad(name, _("must be a whole number from %(low)s to %(high)s") % {"low": low, "high": high})
    return int(value)


def date(name: str, value: str | None, default: dt.date | None = None) -> dt.date | None:
    """An ISO date between 1900 and 2100."""
    if value is None or value == "":
        return default
    try:
        day = dt.date.fromisoformat(value)
    except ValueError as error:
        raise _bad(name, _("must be a date such as 2026-10-01")) from error
    if not EARLIEST.date() <= day < LATEST.date():
        raise _bad(name, _("must be between 1900 and 2100"))
    return day


def month(name: str, value: str | None, default: dt.date) -> dt.date:
    """The first day of a month given as 2026-10."""
    if not value:
        return default.replace(day=1)
    if len(value) != 7:
        raise _bad(name, _("must be a month such as 2026-10"))
    return date(name, f"{value}-01") or default


def one_of(name: str, value: str | None, allowed: list[str], default: str = "") -> str:
    """One of a few words."""
    if not value:
        return default
    if value not in allowed:
        raise _bad(name, _("must be one of %(allowed)s") % {"allowed": ", ".join(allowed)})
    return value


def text(name: str, value: str | None, limit: int = 100) -> str:
    """Text without surrounding space, at most `limit` characters."""
    clean = (value or "").strip()
    if len(clean) > limit:
        raise _bad(name, _("must have at most %(limit)s characters") % {"limit": limit})
    return clean


def uuid_or_none(value: str) -> uuid.UUID | None:
    """A uuid in any usual spelling, or None."""
    try:
        return uuid.UUID(value)
    except (ValueError, AttributeError):
        return None
