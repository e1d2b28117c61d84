"""The parameters of a field: how each is checked, stored and shown. One description serves JSON, forms and sentences."""

import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.conditions.errors import ConditionError
from core.parsers import is_clean

Text = str | Promise
MAX_PICKS = 200
MAX_WORD = 60


@dataclasses.dataclass(frozen=True)
class Option:
    """A value somebody can pick, and the words for it; `group` heads a list of options."""

    value: str | int
    label: Text
    group: Text = ""


Options = Callable[[], Sequence[Option]]


@dataclasses.dataclass(frozen=True)
class Param:
    """One parameter. `default` fills in what is absent where `is_optional`; `unit` is shown behind the input."""

    name: str
    label: Text
    is_optional: bool = False
    default: Any = None
    unit: Text = ""

    def clean(self, raw: object, path: str) -> Any:
        """The checked Python value of a JSON value; ConditionError otherwise."""
        raise NotImplementedError

    def dump(self, value: Any) -> Any:
        """The JSON of a checked value."""
        return value


@dataclasses.dataclass(frozen=True)
class Whole(Param):
    """A whole number within bounds."""

    low: int = 0
    high: int = 1_000_000

    def clean(self, raw: object, path: str) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int) or not self.low <= raw <= self.high:
            raise ConditionError(path, _("Enter a whole number from %(low)s to %(high)s.") % {"low": self.low, "high": self.high})
        return raw


@dataclasses.dataclass(frozen=True)
class Number(Param):
    """A decimal number, at most 12 digits before and 2 behind the point, never rounded silently."""

    low: int = 0
    high: int = 999_999_999

    def clean(self, raw: object, path: str) -> Decimal:
        try:
            if isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal) or len(str(raw)) > 20:
                raise ValueError
            value = Decimal(str(raw))
            if not value.is_finite() or not self.low <= value <= self.high or value != value.quantize(Decimal("0.01")):
                raise ValueError
        except (ValueError, InvalidOperation) as error:
            bounds = {"low": self.low, "high": self.high}
            raise ConditionError(path, _("Enter a number from %(low)s to %(high)s, two decimals at most.") % bounds) from error
        return value.quantize(Decimal("0.01"))

    def dump(self, value: Decimal) -> int | str:
        return int(value) if value == value.to_integral_value() else str(value)


@dataclasses.dataclass(frozen=True)
class Pick(Param):
    """One of a fixed list of words."""

    options: Options = tuple

    def clean(self, raw: object, path: str) -> str | int:
        option = known(self.options).get(raw) if isinstance(raw, str) else None
        if option is not None:
            return option.value
        raise ConditionError(path, _("Choose one of the options."))


@dataclasses.dataclass(frozen=True)
class Picks(Param):
    """Several values of one list. `is_open` lists (cities, sources) also take values that are not on the list.

    `is_live` options stand in the database (tags, staff): their shape is checked here, their existence when a
    condition is saved (`missing`).
    """

    options: Options = tuple
    is_open: bool = False
    is_live: bool = False
    of: type[str] | type[int] = str

    def clean(self, raw: object, path: str) -> tuple[str, ...] | tuple[int, ...]:
        if not isinstance(raw, list) or not raw:
            raise ConditionError(path, _("Choose at least one."))
        if len(raw) > MAX_PICKS:
            raise ConditionError(path, _("Choose at most %(most)s.") % {"most": MAX_PICKS})
        allowed = None if self.is_open or self.is_live else set(known(self.options))
        values = [self._one(value, allowed, path) for value in raw]
        return tuple(dict.fromkeys(values))  # type: ignore[return-value]

    def _one(self, value: object, allowed: set[str | int] | None, path: str) -> str | int:
        if self.of is int:
            good = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31
        else:
            good = isinstance(value, str) and 0 < len(value) <= MAX_WORD and is_clean(value)
        if not good or (allowed is not None and value not in allowed):
            raise ConditionError(path, _("Choose one of the options."))
        return value  # type: ignore[return-value]

    def missing(self, values: Sequence[str | int]) -> list[str | int]:
        """Of some values, those that are not (or no longer) on the list."""
        return [value for value in values if value not in known(self.options)]

    def dump(self, value: tuple[str | int, ...]) -> list[str | int]:
        return list(value)


_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")


@dataclasses.dataclass(frozen=True)
class Name(Param):
    """The name of a property of an event."""

    options: Options = tuple

    def clean(self, raw: object, path: str) -> str:
        if not isinstance(raw, str) or not _NAME.match(raw):
            raise ConditionError(path, _("Choose a property of the event."))
        return raw


_REMEMBERED: ContextVar[dict[Options, Mapping[str | int, Option]] | None] = ContextVar("remembered_options", default=None)


@contextlib.contextmanager
def remembering_options() -> Iterator[None]:
    """Within this block each list of options is read once: a page of sentences costs one query per list, not per word."""
    if _REMEMBERED.get() is not None:
        yield
        return
    token = _REMEMBERED.set({})
    try:
        yield
    finally:
        _REMEMBERED.reset(token)


def known(options: Options) -> Mapping[str | int, Option]:
    """Value -> option of a list."""
    remembered = _REMEMBERED.get()
    if remembered is None:
        return {option.value: option for option in options()}
    if options not in remembered:
        remembered[options] = {option.value: option for option in options()}
    return remembered[options]


def either(names: Sequence[str]) -> str:
    """A list of alternatives in words: "Hangzhou, Ningbo or Shanghai"."""
    if len(names) < 2:
        return "".join(names)
    some = pgettext("between words of a list", ", ").join(names[:-1])
    return _("%(some)s or %(last)s") % {"some": some, "last": names[-1]}


def words(options: Options, value: str | int) -> str:
    """The words for a value; the value itself where it is not on the list."""
    option = known(options).get(value)
    return str(option.label) if option else str(value)
