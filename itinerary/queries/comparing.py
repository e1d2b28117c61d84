"""Two versions of a quote side by side."""

from collections.abc import Mapping
from typing import Any

from core.money import to_fen
from itinerary.models import QuoteVersion
from itinerary.pricing.party import CellKind
from itinerary.queries.labels import cell_label


def compare_versions(one: QuoteVersion, other: QuoteVersion) -> dict[str, Any]:
    """What changed between two versions as the customer sees them: blocks that came and went by day, the difference in fen and
    in yuan, and each price that is another as (kind, before, after)."""
    mine, theirs = _names(one), _names(other)
    return {
        "came": sorted(theirs - mine),
        "went": sorted(mine - theirs),
        "delta": to_fen(other.total_amount) - to_fen(one.total_amount),
        "delta_yuan": other.total_amount - one.total_amount,
        "prices": _changed(_cells(one), _cells(other)),
    }


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str | None, str | None]]:
    keys = dict.fromkeys([*before, *after])
    return [(key, before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)]


def _cells(sent: QuoteVersion) -> dict[str, str]:
    """Prices by what they are for, in words."""
    return {
        f"{cell_label(CellKind(cell['kind']), cell['age'])} × {cell['count']}": cell["price"] for cell in sent.shown["prices"]
    }


def _names(sent: QuoteVersion) -> set[tuple[int, str]]:
    return {(day["number"], block["name"]) for day in sent.shown["plan"] for block in day["blocks"]}
