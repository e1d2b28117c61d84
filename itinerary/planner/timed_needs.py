"""The times in a wish for one activity: "starts by 08:00", "ends after 14:00", "lasts 60 minutes"."""

import ast
import dataclasses

from itinerary.planner.public_rules import minutes_of
from itinerary.planner.wishes import Rule


@dataclasses.dataclass(frozen=True)
class Timing:
    """Bounds in minutes of the day for start and end, and for the length."""

    start_from: int = 0
    start_by: int = 1440
    end_from: int = 0
    end_by: int = 1440
    least: int = 0
    most: int = 1440

    def merged(self, other: "Timing") -> "Timing":
        """Both."""
        return Timing(
            max(self.start_from, other.start_from),
            min(self.start_by, other.start_by),
            max(self.end_from, other.end_from),
            min(self.end_by, other.end_by),
            max(self.least, other.least),
            min(self.most, other.most),
        )


ANY_TIME = Timing()
_FUNCTIONS = {"activity_start_time": "start", "activity_end_time": "end", "activity_time": "length"}
_FLIP: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
    ast.Eq: ast.Eq,
}


def timing_of(rule: Rule) -> tuple[Rule, Timing]:
    """The rule without its tests of time, and these as a timing. A test of time that is not understood is dropped."""
    timing, rest = Timing(), []
    for test in _conjuncts(rule.tests):
        if any(isinstance(node, ast.Name) and node.id in _FUNCTIONS for node in ast.walk(test)):
            timing = timing.merged(_bound(test))
        else:
            rest.append(test)
    return Rule(rule.name, tuple(rest), rule.day), timing


def _conjuncts(tests: tuple[ast.expr, ...]) -> list[ast.expr]:
    found: list[ast.expr] = []
    for test in tests:
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
            found += _conjuncts(tuple(test.values))
        elif isinstance(test, ast.Compare) and len(test.ops) > 1:
            parts = [test.left, *test.comparators]
            found += [ast.Compare(parts[index], [op], [parts[index + 1]]) for index, op in enumerate(test.ops)]
        else:
            found.append(test)
    return found


def _bound(test: ast.expr) -> Timing:
    match test:
        case ast.Compare(left=ast.Call(func=ast.Name(id=name)), ops=[op], comparators=[ast.Constant(value=value)]):
            return _timing(_FUNCTIONS.get(name, ""), type(op), value)
        case ast.Compare(left=ast.Constant(value=value), ops=[op], comparators=[ast.Call(func=ast.Name(id=name))]):
            return _timing(_FUNCTIONS.get(name, ""), _FLIP.get(type(op), type(op)), value)
    return Timing()


def _timing(what: str, op: type[ast.cmpop], value: object) -> Timing:
    try:
        minutes = minutes_of(value) if isinstance(value, str) else int(float(str(value)))
    except ValueError:
        return Timing()
    low = minutes + (1 if op is ast.Gt else 0)
    high = minutes - (1 if op is ast.Lt else 0)
    upper, lower = op in (ast.Lt, ast.LtE, ast.Eq), op in (ast.Gt, ast.GtE, ast.Eq)
    if what == "start":
        return Timing(start_from=low if lower else 0, start_by=high if upper else 1440)
    if what == "end":
        return Timing(end_from=low if lower else 0, end_by=high if upper else 1440)
    if what == "length":
        return Timing(least=low if lower else 0, most=high if upper else 1440)
    return Timing()
