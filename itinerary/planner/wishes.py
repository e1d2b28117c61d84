"""What a request wishes, as atoms the search can reason about, and formulas over them."""

import ast
import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Rule:
    """A condition on one activity: true when all its tests are; `name` is what the tests call the activity.

    `day` from 1: only activities of that day are asked; 0: all of them.
    """

    name: str
    tests: tuple[ast.expr, ...]
    day: int = 0


@dataclasses.dataclass(frozen=True)
class Gain:
    """A value every activity under `rule` adds to a set or a sum."""

    rule: Rule
    value: ast.expr


@dataclasses.dataclass(frozen=True)
class Gathered:
    """A wish about the set of values: `has_all`, `has_any`, `has_none`, `within` or `equals` of `items`."""

    relation: str
    items: frozenset[Any]
    gains: tuple[Gain, ...]


@dataclasses.dataclass(frozen=True)
class Summed:
    """A wish about a sum: `test` is an expression over `name`, the sum that starts at `start`."""

    name: str
    start: float
    gains: tuple[Gain, ...]
    test: ast.expr


@dataclasses.dataclass(frozen=True)
class Never:
    """No activity is under any of the rules."""

    rules: tuple[Rule, ...]


@dataclasses.dataclass(frozen=True)
class Some:
    """One activity at least is under one of the rules."""

    rules: tuple[Rule, ...]


@dataclasses.dataclass(frozen=True)
class Ordered:
    """The last activity under `first` comes before the last under `second`."""

    first: Rule
    second: Rule


@dataclasses.dataclass(frozen=True)
class Lasting:
    """`test` over variables that hold the value of the last activity under a rule."""

    gains: tuple[tuple[str, Gain], ...]
    test: ast.expr


@dataclasses.dataclass(frozen=True)
class Whole:
    """`test` over the plan, without any gathering: counts of days and people, the first and the last leg."""

    test: ast.expr


@dataclasses.dataclass(frozen=True)
class Constant:
    """Always so."""

    value: bool


@dataclasses.dataclass(frozen=True)
class Opaque:
    """Not understood."""

    why: str


@dataclasses.dataclass(frozen=True)
class All:
    """Every part."""

    parts: tuple["Formula", ...]


@dataclasses.dataclass(frozen=True)
class Any_:  # noqa: N801 - `Any` is typing's
    """At least one part."""

    parts: tuple["Formula", ...]


Atom = Gathered | Summed | Never | Some | Ordered | Lasting | Whole | Constant | Opaque
Formula = Atom | All | Any_


def branches(formula: Formula, most: int = 64) -> list[list[Atom]]:
    """The formula as alternatives, each a list of atoms that must all hold (disjunctive normal form, cut at `most`)."""
    if isinstance(formula, Any_):
        return [branch for part in formula.parts for branch in branches(part, most)][:most]
    if isinstance(formula, All):
        found: list[list[Atom]] = [[]]
        for part in formula.parts:
            found = [one + other for one in found for other in branches(part, most)][:most]
        return found
    if isinstance(formula, Constant):
        return [[]] if formula.value else []
    return [[formula]]
