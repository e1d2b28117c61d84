"""The question about what a customer did: events of some kinds, in a window, counted in one of several ways."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import clock
from core.conditions import filters
from core.conditions.comparing import OPERATORS, SIGNS, compare, compare_sql, options, plain
from core.conditions.errors import ConditionError
from core.conditions.event_kinds import kind_options
from core.conditions.fields import Args, Field, Row, Snapshot
from core.conditions.filters import Filters
from core.conditions.params import Name, Number, Option, Param, Pick, Picks, Whole, either, words
from core.conditions.registry import properties
from core.conditions.sql import Query, Rows, Source, shanghai_day

EVENTS = Source("core_event AS e", "e.customer_id", "e.occurred_at")
_MILLION = 1_000_000
_SHOWN = ("product", "destination", "query")
_AGES = {"since_last": "max", "since_first": "min"}  # measured in days; nothing is no age


def measures() -> tuple[Option, ...]:
    """The ways to count a customer's events."""
    return (
        Option("count", _("number of times")),
        Option("days", _("different days")),
        Option("distinct", _("different values of")),
        Option("sum", _("sum of")),
        Option("decay", _("heat, fading with time")),
        Option("since_last", _("days since the last time")),
        Option("since_first", _("days since the first time")),
    )


def _property_options() -> tuple[Option, ...]:
    return tuple(Option(prop.name, prop.label) for prop in properties().values())


class EventField(Field):
    """What a customer did: "in the last 30 days viewed a product with theme family at least 3 times".

    A window of n days is the last n x 24 hours, its start excluded and its end (`at`) included; without a window all
    time counts. "Different days" and "days since" are Shanghai calendar days. `decay` adds up 0.5 ** (age / half-life).
    Someone without such events measures 0, but has no "days since".
    """

    name = "event"
    label = gettext_lazy("Behaviour")
    group = gettext_lazy("Behaviour")
    params = (
        Whole("window_days", gettext_lazy("in the last"), is_optional=True, unit=gettext_lazy("days"), low=1, high=1100),
        Picks("kinds", gettext_lazy("did"), options=kind_options),
        Filters("where", gettext_lazy("where"), is_optional=True, default=()),
        Pick("measure", gettext_lazy("counted as"), is_optional=True, default="count", options=measures),
        Name("of", gettext_lazy("property"), is_optional=True, options=_property_options),
        Whole("half_life_days", gettext_lazy("halves every"), is_optional=True, unit=gettext_lazy("days"), low=1, high=365),
        Pick("op", "", is_optional=True, default=">=", options=options),
        Number("value", ""),
    )

    start = {"window_days": 30, "kinds": ["product.viewed"], "measure": "count", "op": ">=", "value": 3}

    def touched_by(self, args: Args) -> frozenset[str] | None:
        return frozenset(args["kinds"])

    def shown(self, raw: Mapping[str, Any]) -> tuple[Param, ...]:
        hidden = set()
        if raw.get("measure") not in ("distinct", "sum"):
            hidden.add("of")
        if raw.get("measure") != "decay":
            hidden.add("half_life_days")
        return tuple(param for param in self.params if param.name not in hidden)

    def check(self, args: Args, path: str) -> None:
        if args["measure"] in ("distinct", "sum") and args["of"] is None:
            raise ConditionError(f"{path}.of", _("Choose the property to count."))
        if args["measure"] not in ("distinct", "sum") and args["of"] is not None:
            raise ConditionError(f"{path}.of", _("This way of counting takes no property."))
        if (args["measure"] == "decay") != (args["half_life_days"] is not None):
            raise ConditionError(f"{path}.half_life_days", _("Fading needs a half-life in days, and only fading does."))

    def sql(self, args: Args, query: Query) -> str:
        wanted = query.bind(args["value"] * _MILLION if args["measure"] == "decay" else args["value"], "numeric")
        return compare_sql(self._measured(args, query), args["op"], wanted, zero_counts=_zero_counts(args))

    def _measured(self, args: Args, query: Query) -> str:
        """What is compared: heat in millionths, "days since" in days, everything else as it is."""
        found = query.column(_rows(args, query), _value_sql(args, query))
        return f"({shanghai_day(query.moment())} - {shanghai_day(found)})" if args["measure"] in _AGES else found

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        found = [event for event in person.rows("events") if fits(args, event, at)]
        return compare(_measure(args, found, at), args["op"], args["value"])

    def evidence(self, args: Args, query: Query) -> str:
        props = {name: f"left(e.props->>{query.bind(name, 'text')}, 60)" for name in _SHOWN}
        shown = {"key": "e.key", "at": "e.occurred_at", "kind": "e.kind", **props}
        rows = query.newest(_rows(args, query), shown, "e.occurred_at DESC, e.key")
        measured = f"coalesce({self._measured(args, query)}, 0)"
        value = f"round({measured} / {_MILLION}.0, 2)" if args["measure"] == "decay" else measured
        return f"jsonb_build_object('value', {value}, 'rows', {rows}{_strength_sql(args, value, query)})"

    def say(self, args: Args) -> str:
        return _phrase(args) % {
            "when": _("in the last %(days)s days") % {"days": args["window_days"]} if args["window_days"] else _("ever"),
            "what": did(args["kinds"], args["where"]),
            "wanted": f"{SIGNS[args['op']]} {plain(args['value'])}",
            "property": words(_property_options, args["of"]) if args["of"] else "",
            "half": args["half_life_days"],
        }


def of_kinds(kinds: Sequence[str], query: Query) -> str:
    """SQL: whether an event is of one of some kinds."""
    return (
        f"e.kind = {query.bind(kinds[0], 'text')}" if len(kinds) == 1 else f"e.kind = ANY({query.bind(tuple(kinds), 'text[]')})"
    )


def _rows(args: Args, query: Query) -> Rows:
    of_kind = of_kinds(args["kinds"], query)
    where = " AND ".join([of_kind, *(filters.sql(one, query) for one in args["where"])])
    return Rows(EVENTS, where, _window(args), of_kind, filters.lookups(args["where"]))


def _strength_sql(args: Args, value: str, query: Query) -> str:
    """How far beyond its threshold a behaviour lies, from 0 to 1: 0.5 just at it, 0.75 at twice as much."""
    if args["op"] not in (">=", ">") or args["value"] <= 0 or args["measure"] in _AGES:
        return ""
    ratio = f"least(greatest({value} / {query.bind(args['value'], 'numeric')}, 0), 60)"
    return f", 'strength', round((1 - power(0.5, {ratio}))::numeric, 3)"


def did(kinds: Sequence[str], where: Sequence[filters.Filter]) -> str:
    """Events in words: "viewed a product (theme is family)"."""
    done = either([words(kind_options, kind) for kind in kinds])
    if not where:
        return done
    return _("%(did)s (%(filters)s)") % {"did": done, "filters": _(" and ").join(filters.say(one) for one in where)}


def _phrase(args: Args) -> str:
    phrases: dict[str, str] = {
        "count": _("%(when)s %(what)s %(wanted)s times"),
        "days": _("%(when)s %(what)s on %(wanted)s different days"),
        "distinct": _("%(when)s %(what)s, %(wanted)s different values of %(property)s"),
        "sum": _("%(when)s %(what)s, %(property)s adding up to %(wanted)s"),
        "decay": _("%(when)s %(what)s, heat %(wanted)s (halves every %(half)s days)"),
        "since_last": _("%(when)s %(what)s, the last time %(wanted)s days ago"),
        "since_first": _("%(when)s %(what)s, the first time %(wanted)s days ago"),
    }
    return phrases[args["measure"]]


def _window(args: Args) -> dt.timedelta | None:
    return dt.timedelta(days=args["window_days"]) if args["window_days"] else None


def _zero_counts(args: Args) -> bool:
    return args["measure"] not in _AGES and OPERATORS[args["op"]](0, args["value"])


def _value_sql(args: Args, query: Query) -> str:
    measure = args["measure"]
    if measure == "days":
        return f"count(DISTINCT {shanghai_day('e.occurred_at')})"
    if measure == "distinct":
        return f"count(DISTINCT {filters.text_sql(args['of'], query)})"
    if measure == "sum":
        return f"sum({filters.number_sql(args['of'], query)})"
    if measure == "decay":
        return f"sum({_weight_sql(args, query)})"
    return f"{_AGES[measure]}(e.occurred_at)" if measure in _AGES else "count(*)"


# Weights are whole millionths: an integer sum does not depend on the order of the rows. After 60 halvings nothing is left.
def _weight_sql(args: Args, query: Query) -> str:
    age = f"extract(epoch FROM {query.moment()} - e.occurred_at)::float8"
    half = query.bind(args["half_life_days"] * 86_400.0, "float8")
    return f"round({_MILLION}.0::float8 * power(0.5::float8, least({age} / {half}, 60.0::float8)))::bigint"


def _weight(event: Row, at: dt.datetime, half_life_days: int) -> int:
    age: float = (at - event["occurred_at"]).total_seconds()
    return round(float(_MILLION) * math.pow(0.5, min(age / (half_life_days * 86_400.0), 60.0)))


def fits(args: Args, event: Row, at: dt.datetime) -> bool:
    """Whether an event of a snapshot is one of those that are asked for."""
    window = _window(args)
    within = event["occurred_at"] <= at and (window is None or event["occurred_at"] > at - window)
    return within and event["kind"] in args["kinds"] and all(filters.fits(one, event) for one in args["where"])


def _measure(args: Args, found: Sequence[Row], at: dt.datetime) -> Decimal | int | None:
    measure = args["measure"]
    if measure == "days":
        return len({clock.shanghai_date(event["occurred_at"]) for event in found})
    if measure == "distinct":
        return len({filters.text_of(filters.props_of(event).get(args["of"])) for event in found} - {None})
    if measure == "sum":
        numbers = [filters.number_of(filters.props_of(event).get(args["of"])) for event in found]
        return sum((number for number in numbers if number is not None), Decimal(0))
    if measure == "decay":
        return Decimal(sum(_weight(event, at, args["half_life_days"]) for event in found)) / _MILLION
    if measure in _AGES:
        return _days_since([event["occurred_at"] for event in found], measure, at)
    return len(found)


def _days_since(moments: Sequence[dt.datetime], measure: str, at: dt.datetime) -> int | None:
    if not moments:
        return None
    asked = max(moments) if measure == "since_last" else min(moments)
    return (clock.shanghai_date(at) - clock.shanghai_date(asked)).days
