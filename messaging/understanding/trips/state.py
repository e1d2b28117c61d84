"""What is known of a trip while its chat is read."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from messaging.understanding.text import Span

# The slots a plan is made from, in the order an agent asks for them.
SLOTS = (
    "destinations", "origin", "start_date", "start_month", "days", "adults", "children_ages", "elders", "budget_amount",
    "budget_per_person", "hotel_star", "transport", "pace", "themes", "must", "avoid", "rooming", "meals",
)  # fmt: skip


class Turn(NamedTuple):
    """One message: role is "customer" or "agent"."""

    role: str
    text: str


@dataclass(frozen=True)
class Slot:
    """A value with where it was said: index of the message, offsets in it, the words, and how sure the rule is (0-1)."""

    value: Any
    message: int
    start: int
    end: int
    quote: str
    confidence: float


@dataclass
class TripRequest:
    """The slots understood so far; lists hold one Slot per item."""

    single: dict[str, Slot] = field(default_factory=dict)
    several: dict[str, list[Slot]] = field(default_factory=dict)
    # People told as a whole (4位) before anything was said of children: they may turn out to be among them.
    heads: int | None = None

    def values(self) -> dict[str, Any]:
        """Plain values in the order of SLOTS; dates as ISO text, lists without duplicates."""
        found: dict[str, Any] = {}
        for name in SLOTS:
            if name in self.single:
                value = self.single[name].value
                found[name] = value.isoformat() if isinstance(value, date) else value
            elif self.several.get(name):
                found[name] = [slot.value for slot in self.several[name]]
        return found

    def missing(self) -> list[str]:
        """What an agent still has to ask for, one at a time, most important first."""
        known = {*self.single, *(name for name, slots in self.several.items() if slots)}
        dated = {"start_date", "start_month"} & known
        wanted = ["destinations", "start_date", "days", "adults", "origin", "budget_amount", "hotel_star"]
        return [name for name in wanted if name not in known and not (name == "start_date" and dated)]

    def value(self, name: str) -> Any:
        """The value of a single slot, or None."""
        slot = self.single.get(name)
        return slot.value if slot else None

    def items(self, name: str) -> list[Any]:
        """The values of a list slot."""
        return [slot.value for slot in self.several.get(name, [])]


@dataclass(frozen=True)
class Message:
    """One customer message under reading: its index, its plain text, what the agent had asked, today."""

    index: int
    text: str
    asked: frozenset[str]
    today: date
    confidence: float = 0.9

    def slot(self, value: Any, span: Span, confidence: float | None = None) -> Slot:
        """A slot whose evidence is a stretch of this message."""
        quote = self.text[span.start : span.end]
        return Slot(value, self.index, span.start, span.end, quote, self.confidence if confidence is None else confidence)
