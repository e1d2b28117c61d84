"""What must come out: expected numbers beside the page's, and the table that is printed."""

import dataclasses
from decimal import Decimal
from typing import Any


@dataclasses.dataclass(frozen=True)
class Line:
    """One number of the funnel: what the story makes it, and what the page says."""

    name: str
    expected: Decimal | int
    shown: Decimal | int

    @property
    def agrees(self) -> bool:
        """Whether they are the same."""
        return self.expected == self.shown


def compare(expected: dict[str, Decimal | int], funnel: dict[str, Any]) -> list[Line]:
    """Every expected number beside the page's; a number the page lacks shows as -1."""
    return [Line(name, value, _shown(funnel, name)) for name, value in expected.items()]


def _shown(funnel: dict[str, Any], name: str) -> Decimal | int:
    value: Any = funnel
    for part in name.split("."):
        value = value.get(part, 0) if isinstance(value, dict) and part in value else (0 if "." in name else -1)
    return Decimal(value) if isinstance(value, str) else value


def table(lines: list[Line]) -> str:
    """The funnel as a table."""
    rows = [f"{'':26} {'expected':>12} {'on the page':>12}"]
    rows += [f"{line.name:26} {line.expected:>12} {line.shown:>12}  {'ok' if line.agrees else 'WRONG'}" for line in lines]
    return "\n".join(rows)
