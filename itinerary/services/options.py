"""Blocks offered for choice in a proposal: what each choice does to the price, frozen when sent, picked when accepted."""

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.errors import BadInput
from core.money import ZERO
from itinerary.models import Block, Day, Itinerary, QuoteVersion
from itinerary.pricing.party import Party
from itinerary.pricing.sheet import Sheet, Terms, price
from itinerary.queries.documents import priced


@dataclasses.dataclass(frozen=True)
class Option:
    """One block of a group: what it costs us, and by how much the whole is dearer with it than with the first."""

    group: str
    key: str
    name: str
    day: int
    cost: Decimal
    delta: Decimal


def options_of(itinerary: Itinerary, days: Sequence[Day], base: Sheet, party: Party, terms: Terms) -> list[Option]:
    """Every choice of every group of two and more; one that has no price on its date is not offered."""
    groups: dict[str, list[tuple[int, Block]]] = {}
    for day in days:
        for block in day.blocks.all():
            if block.alternative and not block.is_optional:
                groups.setdefault(block.alternative, []).append((day.number, block))
    found: list[Option] = []
    for group, blocks in groups.items():
        choices = [_option(itinerary, days, base, party, terms, group, number, block) for number, block in blocks]
        offered = [one for one in choices if one is not None]
        if len(offered) > 1:
            found += offered
    return found


def _option(
    itinerary: Itinerary, days: Sequence[Day], base: Sheet, party: Party, terms: Terms, group: str, day: int, block: Block
) -> Option | None:
    key = str(block.key)
    costs = priced(itinerary, days, {group: key})
    if key in costs.missing or key in costs.sold_out:
        return None
    sheet = price(costs.lines, party, terms)
    cost = next((one.total for one in sheet.lines if one.line.key == key), ZERO)
    return Option(group, key, block.name, day, cost, sheet.revenue - base.revenue)


def shown_options(options: Sequence[Option]) -> list[dict[str, Any]]:
    """As the customer sees them: groups with names and differences; no cost."""
    groups: dict[str, list[Option]] = {}
    for one in options:
        groups.setdefault(one.group, []).append(one)
    return [
        {"group": group, "day": of[0].day, "choices": [{"key": one.key, "name": one.name, "delta": str(one.delta)} for one in of]}
        for group, of in groups.items()
    ]


def kept_options(options: Sequence[Option]) -> dict[str, dict[str, str]]:
    """As the frozen sheet keeps them, by key: the group and what it costs us."""
    return {one.key: {"group": one.group, "cost": str(one.cost)} for one in options}


def picked(sent: QuoteVersion, choices: Mapping[str, str]) -> tuple[dict[str, str], Decimal]:
    """The choice of every group offered (the first where none was made), and what they add to the price together.

    BadInput for a choice that was not offered.
    """
    offered = {
        one["group"]: {choice["key"]: Decimal(choice["delta"]) for choice in one["choices"]}
        for one in sent.shown.get("options", [])
    }
    if any(group not in offered or key not in offered[group] for group, key in choices.items()):
        raise BadInput(_("This choice is not offered."), {"choices": _("unknown")})
    found = {group: choices.get(group, next(iter(of))) for group, of in offered.items()}
    return found, sum((offered[group][key] for group, key in found.items()), ZERO)
