"""Checking a cost sheet somebody kept by hand: which cell was mistyped, which line was left out of its column."""

import dataclasses
import enum
from collections.abc import Mapping, Sequence
from decimal import Decimal

ONE = Decimal(1)


class Fault(enum.StrEnum):
    """What is wrong with a cell of a sheet."""

    WRONG_AMOUNT = "wrong_amount"
    MISSING = "missing"
    LEFT_OUT = "left_out"


@dataclasses.dataclass(frozen=True)
class Finding:
    """`line` of `column` stands as `found` (None: not at all) and should be `expected`."""

    column: str
    line: str
    fault: Fault
    found: Decimal | None
    expected: Decimal


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a sheet: lines by name, and the total cost its author went on with."""

    name: str
    lines: Mapping[str, Decimal]
    total: Decimal


def audit(published: Sequence[Column], expected: Sequence[Column], tolerance: Decimal = ONE) -> list[Finding]:
    """Compare a sheet with its recalculation, column by column; differences up to `tolerance` are rounding.

    LEFT_OUT: the line stands in the column, but the total does not contain it.
    """
    return [finding for ours, theirs in zip(expected, published, strict=True) for finding in _column(theirs, ours, tolerance)]


def _column(theirs: Column, ours: Column, tolerance: Decimal) -> list[Finding]:
    found: list[Finding] = []
    for line, amount in ours.lines.items():
        shown = theirs.lines.get(line)
        if shown is None and amount:
            found.append(Finding(theirs.name, line, Fault.MISSING, None, amount))
        elif shown is not None and abs(shown - amount) > tolerance:
            found.append(Finding(theirs.name, line, Fault.WRONG_AMOUNT, shown, amount))
    surplus = sum(theirs.lines.values(), Decimal(0)) - theirs.total
    if abs(surplus) > tolerance * 2:
        forgotten = min(theirs.lines, key=lambda line: abs(theirs.lines[line] - surplus))
        found.append(Finding(theirs.name, forgotten, Fault.LEFT_OUT, theirs.lines[forgotten], ours.lines[forgotten]))
    return found
