"""Ready-made fields over one column of the customer, so that an app declares most of its fields in a line each."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import clock
from core.conditions.errors import ConditionError
from core.conditions.fields import Args, Field, Snapshot
from core.conditions.params import Option, Options, Param, Pick, Picks, Text, Whole, either, words
from core.conditions.sql import Query


def _is_options() -> tuple[Option, ...]:
    return (
        Option("in", _("is")),
        Option("not_in", _("is not")),
        Option("filled", _("is known")),
        Option("empty", _("is not known")),
    )


@dataclasses.dataclass(frozen=True)
class Column:
    """Where a value stands: in SQL, and under which key of the snapshot's profile row."""

    sql: str
    key: str

    def value(self, person: Snapshot) -> Any:
        """The value of a snapshot."""
        return person.one("profile").get(self.key)

    def shown(self) -> str:
        """SQL: the value as evidence."""
        return f"jsonb_build_object('value', to_jsonb({self.sql}))"


class ListField(Field):
    """A column whose value is, or is not, one of some values; or is known at all. Unknown is "not" any value."""

    def __init__(self, name: str, label: Text, group: Text, column: Column, values: Picks) -> None:
        self.name, self.label, self.group, self.column, self.values = name, label, group, column, values
        self.params: tuple[Param, ...] = (
            Pick("is", "", is_optional=True, default="in", options=_is_options),
            dataclasses.replace(values, name="values", is_optional=True),
        )
        self.start = {"is": "in"}

    def shown(self, raw: Mapping[str, Any]) -> tuple[Param, ...]:
        return self.params if raw.get("is") in (None, "in", "not_in") else self.params[:1]

    def check(self, args: Args, path: str) -> None:
        needs = args["is"] in ("in", "not_in")
        if needs and args["values"] is None:
            raise ConditionError(f"{path}.values", _("Choose at least one."))
        if not needs and args["values"] is not None:
            raise ConditionError(f"{path}.values", _("No values are needed here."))

    def sql(self, args: Args, query: Query) -> str:
        column, is_text = self.column.sql, self.values.of is str
        filled = f"({column} IS NOT NULL AND {column} <> '')" if is_text else f"({column} IS NOT NULL)"
        if args["is"] in ("filled", "empty"):
            return filled if args["is"] == "filled" else f"NOT {filled}"
        found = f"({column} = ANY({query.bind(args['values'], 'text[]' if is_text else 'bigint[]')}))"
        return f"{found} IS TRUE" if args["is"] == "in" else f"{found} IS NOT TRUE"

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        value = self.column.value(person)
        if args["is"] in ("filled", "empty"):
            return bool((value not in (None, "")) == (args["is"] == "filled"))
        return bool((value in args["values"]) == (args["is"] == "in"))

    def say(self, args: Args) -> str:
        asked = words(_is_options, args["is"])
        if args["values"] is None:
            return _("%(field)s %(is)s") % {"field": self.label, "is": asked}
        names = either([words(self.values.options, value) for value in args["values"]])
        return _("%(field)s %(is)s %(values)s") % {"field": self.label, "is": asked, "values": names}

    def evidence(self, args: Args, query: Query) -> str:
        return self.column.shown()


def between(label: Text, low: int | None, high: int | None) -> str:
    """A range in words."""
    if low is not None and high is not None:
        return _("%(field)s from %(low)s to %(high)s") % {"field": label, "low": low, "high": high}
    if low is not None:
        return _("%(field)s at least %(low)s") % {"field": label, "low": low}
    return _("%(field)s at most %(high)s") % {"field": label, "high": high}


def bounds(high: int) -> tuple[Param, ...]:
    """The two ends of a range of whole numbers, each of which may stay open."""
    return (
        Whole("low", gettext_lazy("from"), is_optional=True, high=high),
        Whole("high", gettext_lazy("to"), is_optional=True, high=high),
    )


def check_range(args: Args, path: str) -> None:
    """Refuse a range that ends before it begins."""
    if args["low"] is not None and args["high"] is not None and args["low"] > args["high"]:
        raise ConditionError(f"{path}.high", _("The second number must not be smaller than the first."))


class AgeField(Field):
    """Whole years from a birthday on the Shanghai date of the question. Who was born on 29 February turns on 1 March."""

    params = bounds(120)

    def __init__(self, name: str, label: Text, group: Text, column: Column) -> None:
        self.name, self.label, self.group, self.column = name, label, group, column

    def check(self, args: Args, path: str) -> None:
        if args["low"] is None and args["high"] is None:
            raise ConditionError(f"{path}.low", _("Enter at least one of the two numbers."))
        check_range(args, path)

    def sql(self, args: Args, query: Query) -> str:
        return age_sql(self.column.sql, args, query)

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        return age_fits(self.column.value(person), args, at)

    def say(self, args: Args) -> str:
        return between(self.label, args["low"], args["high"])

    def evidence(self, args: Args, query: Query) -> str:
        return self.column.shown()


def age_sql(column: str, args: Args, query: Query) -> str:
    """SQL: whether who was born on a date is from `low` to `high` years old today; never NULL."""
    today, asked = clock.shanghai_date(query.at), [f"{column} IS NOT NULL"]
    if args["low"] is not None:
        asked.append(f"{column} <= {query.bind(_born_by(today, args['low']), 'date')}")
    if args["high"] is not None:
        asked.append(f"{column} > {query.bind(_born_by(today, args['high'] + 1), 'date')}")
    return f"({' AND '.join(asked)}) IS TRUE"


def age_fits(born: dt.date | None, args: Args, at: dt.datetime) -> bool:
    """The same answer for a birthday in memory."""
    if born is None:
        return False
    today = clock.shanghai_date(at)
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return bool((args["low"] is None or age >= args["low"]) and (args["high"] is None or age <= args["high"]))


def _born_by(today: dt.date, years: int) -> dt.date:
    """The latest birthday of somebody who is at least so many years old."""
    try:
        return today.replace(year=today.year - years)
    except ValueError:  # 29 February
        return dt.date(today.year - years, 2, 28)


class ScoreField(Field):
    """A whole number lies within bounds; unknown lies within none."""

    def __init__(self, name: str, label: Text, group: Text, column: Column, high: int = 5) -> None:
        self.name, self.label, self.group, self.column = name, label, group, column
        self.params = bounds(high)
        self.start = {"low": min(high, 4)}

    def check(self, args: Args, path: str) -> None:
        if args["low"] is None and args["high"] is None:
            raise ConditionError(f"{path}.low", _("Enter at least one of the two numbers."))
        check_range(args, path)

    def sql(self, args: Args, query: Query) -> str:
        low, high = query.bind(args["low"], "int"), query.bind(args["high"], "int")
        return f"({self.column.sql} BETWEEN coalesce({low}, {self.column.sql}) AND coalesce({high}, {self.column.sql})) IS TRUE"

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        value, low, high = self.column.value(person), args["low"], args["high"]
        return value is not None and (low is None or value >= low) and (high is None or value <= high)

    def say(self, args: Args) -> str:
        return between(self.label, args["low"], args["high"])

    def evidence(self, args: Args, query: Query) -> str:
        return self.column.shown()


class BirthdayField(Field):
    """The birthday comes within the next days, today included. 29 February is kept on 1 March in ordinary years."""

    params = (Whole("within_days", gettext_lazy("in the next"), unit=gettext_lazy("days"), high=365),)
    start = {"within_days": 14}

    def __init__(self, name: str, label: Text, group: Text, column: Column) -> None:
        self.name, self.label, self.group, self.column = name, label, group, column

    def sql(self, args: Args, query: Query) -> str:
        column = self.column.sql
        coming = query.bind(tuple(sorted(_coming(query.at, args["within_days"]))), "int[]")
        return f"((extract(month FROM {column}) * 100 + extract(day FROM {column}))::int = ANY({coming})) IS TRUE"

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        born = self.column.value(person)
        if born is None:
            return False
        today = clock.shanghai_date(at)
        dates = (_anniversary(born, today.year), _anniversary(born, today.year + 1))
        return any(0 <= (date - today).days <= args["within_days"] for date in dates)

    def say(self, args: Args) -> str:
        return _("%(field)s in the next %(days)s days") % {"field": self.label, "days": args["within_days"]}

    def evidence(self, args: Args, query: Query) -> str:
        return self.column.shown()


def _anniversary(born: dt.date, year: int) -> dt.date:
    try:
        return born.replace(year=year)
    except ValueError:
        return dt.date(year, 3, 1)


def _coming(at: dt.datetime, days: int) -> set[int]:
    """Month and day, as 1231, of every birthday from today on for so many days."""
    today = clock.shanghai_date(at)
    dates = [today + dt.timedelta(days=ahead) for ahead in range(days + 1)]
    found = {date.month * 100 + date.day for date in dates}
    ordinary_first_of_march = any((date.month, date.day) == (3, 1) and (date - dt.timedelta(days=1)).day == 28 for date in dates)
    return found | {229} if ordinary_first_of_march else found


class AnyNumberField(Field):
    """A column that is an array of whole numbers has one within bounds; without bounds: has any at all."""

    params = bounds(120)

    def __init__(self, name: str, label: Text, group: Text, column: Column) -> None:
        self.name, self.label, self.group, self.column = name, label, group, column

    def check(self, args: Args, path: str) -> None:
        check_range(args, path)

    def sql(self, args: Args, query: Query) -> str:
        low, high = query.bind(args["low"], "int"), query.bind(args["high"], "int")
        inside = f"({low} IS NULL OR item >= {low}) AND ({high} IS NULL OR item <= {high})"
        return f"EXISTS (SELECT 1 FROM unnest({self.column.sql}) AS item WHERE item IS NOT NULL AND {inside})"  # noqa: S608 - values are bound

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        low, high = args["low"], args["high"]
        items = self.column.value(person) or []
        return any((low is None or item >= low) and (high is None or item <= high) for item in items if item is not None)

    def say(self, args: Args) -> str:
        if args["low"] is None and args["high"] is None:
            return _("%(field)s is known") % {"field": self.label}
        return between(self.label, args["low"], args["high"])

    def evidence(self, args: Args, query: Query) -> str:
        return self.column.shown()


class MomentField(Field):
    """A moment lies within the last days (rolling 24 hours), or does not: longer ago, or never."""

    def __init__(self, name: str, label: Text, group: Text, column: Column, join: str = "") -> None:
        self.name, self.label, self.group, self.column, self._join = name, label, group, column, join
        self.params: tuple[Param, ...] = (
            Pick("is", "", is_optional=True, default="within", options=_moment_options),
            Whole("days", "", unit=gettext_lazy("days"), low=1, high=3650),
        )
        self.start = {"is": "within", "days": 30}

    def sql(self, args: Args, query: Query) -> str:
        if self._join:
            query.join(self._join)
        since = query.bind(query.at - dt.timedelta(days=args["days"]), "timestamptz")
        return f"({self.column.sql} > {since}) IS {'TRUE' if args['is'] == 'within' else 'NOT TRUE'}"

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        moment = self.column.value(person)
        within = moment is not None and moment > at - dt.timedelta(days=args["days"])
        return bool(within == (args["is"] == "within"))

    def say(self, args: Args) -> str:
        facts: Mapping[str, Any] = {"field": self.label, "days": args["days"]}
        if args["is"] == "within":
            return _("%(field)s within the last %(days)s days") % facts
        return _("%(field)s more than %(days)s days ago, or never") % facts

    def evidence(self, args: Args, query: Query) -> str:
        if self._join:
            query.join(self._join)
        return self.column.shown()


def _moment_options() -> tuple[Option, ...]:
    return (Option("within", _("within the last")), Option("before", _("not within the last")))


def fixed(choices: Any) -> Options:
    """A Django choices class as options; the words follow the reader's language."""
    return lambda: tuple(Option(value, label) for value, label in choices.choices if value != "")
