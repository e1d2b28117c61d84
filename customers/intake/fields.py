"""The fields an event of another system may carry, and what each accepts."""

import dataclasses
import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from core.parsers import is_clean

LARGEST_AMOUNT = Decimal("9999999.99")
MAX_WORDS = 50
_MONEY = re.compile(r"\d{1,10}(\.\d{1,2})?")


class Wrong(Exception):
    """A value that a field does not take; the message says what it wants."""


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of an event. `label` is translated where shown; `example` stands in the documentation."""

    name: str
    label: Any
    example: Any
    required: bool = False

    type = "any"

    def read(self, value: Any) -> Any:
        """The clean JSON value; Wrong otherwise."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        """The field as JSON Schema."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class Text(Field):
    """Text up to `limit` characters; `choices` closes the set."""

    limit: int = 80
    choices: tuple[str, ...] = ()

    type = "text"

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or not is_clean(value):
            raise Wrong(_("must be text"))
        text = value.strip()
        if not text or len(text) > self.limit:
            raise Wrong(_("must have 1 to %(limit)s characters") % {"limit": self.limit})
        if self.choices and text not in self.choices:
            raise Wrong(_("must be one of %(allowed)s") % {"allowed": ", ".join(self.choices)})
        return text

    def schema(self) -> dict[str, Any]:
        closed = {"enum": list(self.choices)} if self.choices else {}
        return {"type": "string", "minLength": 1, "maxLength": self.limit, **closed}


@dataclasses.dataclass(frozen=True)
class Whole(Field):
    """A whole number within bounds."""

    low: int = 0
    high: int = 1_000_000

    type = "whole"

    def read(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            raise Wrong(_("must be a whole number from %(low)s to %(high)s") % {"low": self.low, "high": self.high})
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclasses.dataclass(frozen=True)
class Money(Field):
    """Yuan as text with at most two decimals ("58.00"): a float would lose fen."""

    type = "money"

    def read(self, value: Any) -> str:
        try:
            amount = Decimal(value) if isinstance(value, str) and _MONEY.fullmatch(value) else Decimal("NaN")
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount > LARGEST_AMOUNT:
            raise Wrong(_('must be yuan as text, such as "58.00"'))
        return f"{amount:.2f}"

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^\d{1,7}(\.\d{1,2})?$"}


@dataclasses.dataclass(frozen=True)
class Date(Field):
    """A calendar day."""

    type = "date"

    def read(self, value: Any) -> str:
        try:
            day = dt.date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
        except ValueError:
            day = None
        if day is None or not dt.date(1900, 1, 1) <= day < dt.date(2100, 1, 1):
            raise Wrong(_("must be a date such as 2026-10-01"))
        return day.isoformat()

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date"}


@dataclasses.dataclass(frozen=True)
class Flag(Field):
    """True or false."""

    type = "flag"

    def read(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise Wrong(_("must be true or false"))
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclasses.dataclass(frozen=True)
class Words(Field):
    """A list of short texts."""

    limit: int = 60

    type = "words"

    def read(self, value: Any) -> list[str]:
        if not isinstance(value, list) or len(value) > MAX_WORDS:
            raise Wrong(_("must be a list of at most %(limit)s texts") % {"limit": MAX_WORDS})
        one = Text(self.name, self.label, "", limit=self.limit)
        return [one.read(item) for item in value]

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "maxItems": MAX_WORDS, "items": {"type": "string", "maxLength": self.limit}}
