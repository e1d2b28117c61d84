"""Comparing a measured number with a wanted one, in SQL, in memory and in words."""

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from core.conditions.params import Option

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
SIGNS = {">=": "≥", "<=": "≤", "=": "=", ">": ">", "<": "<"}


def options() -> tuple[Option, ...]:
    """The operators as options, with the signs people read."""
    return tuple(Option(name, sign) for name, sign in SIGNS.items())


def compare(left: Any, name: str, right: Any) -> bool:
    """`left <op> right`; an absent left side never compares."""
    return left is not None and OPERATORS[name](left, right)


def compare_sql(left: str, name: str, right: str, *, zero_counts: bool) -> str:
    """The same in SQL, never NULL. `zero_counts`: a customer without rows measures 0 and fulfils the comparison.

    Otherwise the expression is strict in `left`, which lets Postgres turn the LEFT JOIN into an inner one.
    """
    sign = {">=": ">=", "<=": "<=", "=": "=", ">": ">", "<": "<"}[name]
    if zero_counts:
        return f"coalesce({left}, 0) {sign} {right}"
    return f"({left} {sign} {right}) IS TRUE"


def plain(number: Decimal | int) -> str:
    """A number as people write it: 3, 19,800, 2.5, never 3.00."""
    value = Decimal(number)
    return format(int(value) if value == value.to_integral_value() else value.normalize(), ",")
