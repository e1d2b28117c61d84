"""What a field of the condition language is, and what an app contributes to the language."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.conditions.errors import ConditionError
from core.conditions.params import Options, Param, Text

if TYPE_CHECKING:
    from core.conditions.sql import Lookup, Query

Args = Mapping[str, Any]
Row = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """Everything a condition can ask about one customer, as plain rows by section ("profile", "events", "orders")."""

    customer_id: int
    sections: Mapping[str, Sequence[Row]]

    def rows(self, section: str) -> Sequence[Row]:
        """The rows of one section; none where the customer has none."""
        return self.sections.get(section, ())

    def one(self, section: str) -> Row:
        """The only row of a section; empty where there is none."""
        return next(iter(self.rows(section)), {})


class Field:
    """One kind of question. Its SQL and its in-memory answer must always agree: tests/core/test_conditions_agree.py.

    `sql` returns a boolean expression that is never NULL, so that `not` means the same in both.
    """

    name: str
    label: Text
    group: Text
    params: tuple[Param, ...]
    start: Mapping[str, Any] = {}  # what a form begins a new question with

    def clean(self, raw: Mapping[str, Any], path: str) -> Args:
        """Checked arguments of a JSON object; unknown and missing ones are refused."""
        known = {param.name for param in self.params}
        for name in raw:
            if name not in known:
                raise ConditionError(f"{path}.{str(name)[:40]}", _("There is no such setting."))
        args = {param.name: self._clean_one(param, raw, path) for param in self.params}
        self.check(args, path)
        return args

    @staticmethod
    def _clean_one(param: Param, raw: Mapping[str, Any], path: str) -> Any:
        value = raw.get(param.name)
        if value is None:
            if param.is_optional:
                return param.default
            raise ConditionError(f"{path}.{param.name}", _("This setting is missing."))
        return param.clean(value, f"{path}.{param.name}")

    def check(self, args: Args, path: str) -> None:
        """Rules between parameters; raises ConditionError."""

    def shown(self, raw: Mapping[str, Any]) -> tuple[Param, ...]:
        """The parameters that matter for these raw settings: what a form shows. The others are left out."""
        return self.params

    def dump(self, args: Args) -> dict[str, Any]:
        """The JSON of checked arguments; what was left out stays out."""
        return {param.name: param.dump(args[param.name]) for param in self.params if args[param.name] is not None}

    def touched_by(self, args: Args) -> frozenset[str] | None:
        """The kinds of events that can change the answer, apart from time passing; None: anything may."""
        return None

    def sql(self, args: Args, query: "Query") -> str:
        """A boolean SQL expression over `customer`, never NULL; values only through `query.bind`."""
        raise NotImplementedError

    def holds(self, args: Args, person: Snapshot, at: dt.datetime) -> bool:
        """The same answer from a snapshot."""
        raise NotImplementedError

    def say(self, args: Args) -> str:
        """The question as a phrase of a sentence, in the reader's language."""
        raise NotImplementedError

    def evidence(self, args: Args, query: "Query") -> str:
        """An SQL expression of jsonb: the concrete rows and values that made it true."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class Property:
    """A property of events that people can filter by.

    It stands in the event's props under `name`. Where a `lookup` is given and knows the code in the event's props, the
    look-up's array `column` counts instead: the themes of the viewed product, for instance. `via` names the prop that
    holds the code, for the in-memory evaluator. Properties may share one look-up.
    """

    name: str
    label: Text
    options: Options = tuple
    via: str = ""
    lookup: "Lookup | None" = None
    column: str = ""
    is_number: bool = False
    is_text: bool = False  # free text: people ask what it contains


@dataclasses.dataclass(frozen=True)
class Contribution:
    """What one app adds to the language: fields, event properties, and loaders of snapshot sections.

    A loader takes customer ids and returns (customer id, row) pairs from one query.
    """

    fields: tuple[Field, ...] = ()
    properties: tuple[Property, ...] = ()
    loaders: Mapping[str, Callable[[Sequence[int]], Sequence[tuple[int, Row]]]] = dataclasses.field(default_factory=dict)
