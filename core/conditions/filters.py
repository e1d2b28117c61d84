"""Filters on an event's properties: `{"name": "theme", "in": ["..."]}`, `{"name": "amount", "op": ">=", "value": 3000}` or
`{"name": "query", "contains": "..."}`. There are no patterns: a text either contains another or it does not, so nobody can
write one that takes for ever.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.conditions.comparing import OPERATORS, SIGNS, compare, plain
from core.conditions.errors import ConditionError
from core.conditions.fields import Row
from core.conditions.params import Name, Number, Param, Pick, Picks, either, words
from core.conditions.registry import properties

if TYPE_CHECKING:
    from core.conditions.sql import Lookup, Query

MAX_FILTERS = 5
# What counts as a number in props that clients send: JSON numbers, and amounts written as text.
NUMBER_SQL = r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
_NAME = Name("name", "")
_VALUES = Picks("in", "", is_open=True)
_SIGN = Pick("op", "")
_AMOUNT = Number("value", "", low=-999_999_999)


@dataclasses.dataclass(frozen=True)
class Filter:
    """One wanted property: one of `values`, a number that compares, or a text that contains `part`."""

    name: str
    values: tuple[str, ...] = ()
    sign: str = ""
    amount: Decimal = Decimal(0)
    part: str = ""


@dataclasses.dataclass(frozen=True)
class Filters(Param):
    """The list of filters of an event question; all of them must fit the same event."""

    def clean(self, raw: object, path: str) -> tuple[Filter, ...]:
        if not isinstance(raw, list) or len(raw) > MAX_FILTERS:
            raise ConditionError(path, _("At most %(most)s filters are possible.") % {"most": MAX_FILTERS})
        return tuple(_clean(one, f"{path}[{index}]") for index, one in enumerate(raw))

    def dump(self, value: tuple[Filter, ...]) -> list[dict[str, Any]]:
        return [_dump(one) for one in value]


_SHAPES = ({"name", "in"}, {"name", "op", "value"}, {"name", "contains"})


def _clean(raw: object, path: str) -> Filter:
    if not isinstance(raw, dict) or set(raw) not in _SHAPES:
        raise ConditionError(path, _("A filter needs a name with `in`, with `contains`, or with `op` and `value`."))
    name = _NAME.clean(raw["name"], f"{path}.name")
    if "in" in raw:
        values = _VALUES.clean(raw["in"], f"{path}.in")
        return Filter(name, values=values)  # type: ignore[arg-type]
    if "contains" in raw:
        return Filter(name, part=str(_VALUES.clean([raw["contains"]], f"{path}.contains")[0]))
    if not isinstance(raw["op"], str) or raw["op"] not in OPERATORS:
        raise ConditionError(f"{path}.op", _("Choose one of the options."))
    return Filter(name, sign=raw["op"], amount=_AMOUNT.clean(raw["value"], f"{path}.value"))


def _dump(one: Filter) -> dict[str, Any]:
    if one.values:
        return {"name": one.name, "in": list(one.values)}
    if one.part:
        return {"name": one.name, "contains": one.part}
    return {"name": one.name, "op": one.sign, "value": _AMOUNT.dump(one.amount)}


def text_sql(name: str, query: "Query") -> str:
    """SQL: a property as text where it is a string or number, else NULL."""
    key = query.bind(name, "text")
    return f"CASE WHEN jsonb_typeof(e.props->{key}) IN ('string', 'number') THEN e.props->>{key} END"


def number_sql(name: str, query: "Query") -> str:
    """SQL: a property as numeric where it is one, else NULL."""
    text, pattern = text_sql(name, query), query.bind(NUMBER_SQL, "text")
    return f"CASE WHEN ({text}) ~ {pattern} THEN ({text})::numeric END"


def sql(one: Filter, query: "Query") -> str:
    """SQL: whether an event fits; NULL counts as no. What the event's code stands for beats what the client says."""
    if one.part:
        return f"strpos({text_sql(one.name, query)}, {query.bind(one.part, 'text')}) > 0"
    if not one.values:
        return f"({number_sql(one.name, query)}) {one.sign} {query.bind(one.amount, 'numeric')}"
    key, wanted = query.bind(one.name, "text"), query.bind(one.values, "text[]")
    own = f"(e.props->{key} ?| {wanted} AND jsonb_typeof(e.props->{key}) <> 'object')"
    known = properties().get(one.name)
    if known is None or known.lookup is None:
        return own
    found = query.flag(known.lookup, f"{known.column} && {wanted}::varchar[]")
    return f"CASE WHEN {known.lookup.name}.code IS NULL THEN {own} ELSE {found} END"


def lookups(wanted: Sequence[Filter]) -> tuple["Lookup", ...]:
    """The look-ups that these filters read."""
    known = (properties().get(one.name) for one in wanted if one.values)
    return tuple(dict.fromkeys(prop.lookup for prop in known if prop is not None and prop.lookup is not None))


def text_of(value: object) -> str | None:
    """A JSON string or number as Postgres writes it; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def number_of(value: object) -> Decimal | None:
    """A JSON value as a number by the rules of `number_sql`."""
    text = text_of(value)
    return Decimal(text) if text is not None and _NUMBER.fullmatch(text) else None


def props_of(event: Row) -> Mapping[str, Any]:
    """An event's properties; empty where they are no object."""
    props = event["props"]
    return props if isinstance(props, dict) else {}


def fits(one: Filter, event: Row) -> bool:
    """The same answer as `sql`, from a snapshot's row. `event["looked_up"]` holds what its known codes stand for."""
    if one.part:
        return one.part in (text_of(props_of(event).get(one.name)) or "")
    value = event["looked_up"].get(one.name, props_of(event).get(one.name))
    if not one.values:
        return compare(number_of(value), one.sign, one.amount)
    own = value if isinstance(value, list) else [value]
    return not set(one.values).isdisjoint(item for item in own if isinstance(item, str))


def say(one: Filter) -> str:
    """A filter in words: "theme is family or island"."""
    known = properties().get(one.name)
    label = str(known.label) if known else one.name
    if one.part:
        return _("%(property)s contains “%(part)s”") % {"property": label, "part": one.part}
    if not one.values:
        return _("%(property)s %(sign)s %(value)s") % {"property": label, "sign": SIGNS[one.sign], "value": plain(one.amount)}
    names = [words(known.options, value) if known else value for value in one.values]
    return _("%(property)s is %(values)s") % {"property": label, "values": either(names)}
