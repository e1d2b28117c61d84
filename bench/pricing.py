"""Prices against eight published sheets, against a second pricer that shares no code, and how fast an edit is answered.

`golden`: figures of the sheets that agree, of all; `mismatches`: random quotes on which the two pricers differ anywhere (each
price, cost, revenue, residue, margin) to the cent; `edit_ms`: one edit of a trip of 48 blocks, re-timed, re-verified and
re-priced, the median, in processor time of this process.
"""

import dataclasses
import json
import random
import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from bench import brute_pricer, golden_sheets, random_trips
from catalog.choices import ChargeUnit
from itinerary.checks.plan import Stop
from itinerary.checks.verify import retime, verify
from itinerary.choices import BlockKind
from itinerary.pricing.errors import CannotPrice
from itinerary.pricing.lines import CostLine, VehicleStep
from itinerary.pricing.party import Party
from itinerary.pricing.rounding import Rounding
from itinerary.pricing.sheet import Sheet, Terms, price
from itinerary.pricing.uplifts import Additive, OfGross, Receiver, Sequential

QUOTES = {"smoke": 300, "usual": 10_000, "full": 10_000}
EDITS = {"smoke": 9, "usual": 41, "full": 101}
TARGET_MS = 50.0
SEED = 20261124


def run(size: str, write: Callable[[str], object]) -> bool:
    """Print the table and the JSON line; whether everything agrees and an edit takes at most 50 ms."""
    goldens = golden_sheets.all_sheets()
    for one in goldens:
        published = "" if one.agrees else f", published {one.published}"
        write(f"{one.name}  {'ok ' if one.agrees else 'NO '} {one.what}: {one.ours}{published}")
    quotes, refused, mismatches = compare(QUOTES[size], write)
    edit = edit_ms(EDITS[size])
    agreed = sum(one.agrees for one in goldens)
    sheets = sorted({one.name for one in goldens if all(other.agrees for other in goldens if other.name == one.name)})
    result = {
        "bench": "pricing", "golden": len(sheets), "golden_figures": f"{agreed}/{len(goldens)}",
        "errors_found": [f"{one.column}: {one.line}, {one.fault}" for one in golden_sheets.manila_faults()],
        "quotes": quotes, "without_price": refused, "mismatches": mismatches, "edit_ms": edit, "target_ms": TARGET_MS,
    }  # fmt: skip
    write(json.dumps(result, ensure_ascii=False))
    return agreed == len(goldens) and mismatches == 0 and edit <= TARGET_MS


def compare(quotes: int, write: Callable[[str], object] = lambda _line: None) -> tuple[int, int, int]:
    """(quotes, how many have no price by either pricer, how many differ)."""
    rng = random.Random(SEED)
    refused = mismatches = 0
    for number in range(quotes):
        plain, party, lines, terms = random_trips.trip(rng)
        try:
            ours: dict[str, Any] | str = plain_result(price(lines, party, terms))
        except CannotPrice as error:
            ours = error.code
            refused += 1
        theirs = brute_pricer.price_trip(plain)
        if ours != theirs:
            mismatches += 1
            write(f"quote {number}: {ours} against {theirs}")
    return quotes, refused, mismatches


def plain_result(sheet: Sheet) -> dict[str, Any]:
    """A sheet in the words of the second pricer."""
    prices = {
        cell.place.kind.value if cell.place.age is None else f"{cell.place.kind}:{cell.place.age}": cell.price
        for cell in sheet.cells
    }
    return {
        "prices": prices,
        "cost": sheet.cost_total,
        "revenue": sheet.revenue,
        "rounding": sheet.rounding,
        "margin": sheet.margin,
    }


# --- the edit ------------------------------------------------------------------------------------------------

DAYS = 8
_PATTERN = [
    (BlockKind.SIGHT, 540, 150, ""), (BlockKind.MEAL, 720, 60, "lunch"), (BlockKind.SIGHT, 820, 120, ""),
    (BlockKind.SIGHT, 970, 90, ""), (BlockKind.MEAL, 1100, 60, "dinner"), (BlockKind.HOTEL, 1200, 240, ""),
]  # fmt: skip


def _trip() -> tuple[list[Stop], list[CostLine]]:
    """Eight days of six blocks, each with a place, hours and a cost line."""
    rng = random.Random(SEED)
    stops, lines = [], []
    for day in range(1, DAYS + 1):
        for index, (kind, start, length, meal) in enumerate(_PATTERN):
            key = f"D{day}B{index}"
            place = (30.2 + rng.random() / 10, 120.1 + rng.random() / 10)
            stops.append(
                Stop(
                    key,
                    day,
                    kind,
                    start,
                    start + length,
                    key,
                    *place,
                    "杭州",
                    hours=((480, 1320),),
                    visit_min=60,
                    meal=meal,
                    beds=6,
                )
            )
            unit = ChargeUnit.ROOM_NIGHT if kind == BlockKind.HOTEL else ChargeUnit.PERSON
            lines.append(CostLine(key, key, unit, Decimal(rng.randint(40, 600)), group=kind.value))
    lines[0] = dataclasses.replace(
        lines[0], unit=ChargeUnit.VEHICLE_DAY, days=DAYS, steps=(VehicleStep(7, Decimal(800)), VehicleStep(17, Decimal(1300)))
    )
    return stops, lines


def edit_ms(edits: int) -> float:
    """Median processor milliseconds of one edit: a block changes its day and its price, all is timed, checked and priced anew."""
    stops, lines = _trip()
    party = Party(adults=4, child_ages=(8, 1), child_beds=1, guides=1)
    terms = Terms(
        (
            Sequential("markup", percent=Decimal(12)),
            Additive("service", percent=Decimal(3)),
            OfGross("tax", Receiver.TAX, percent=Decimal(6)),
        ),
        Rounding(price_step=Decimal(10)),
    )
    rng = random.Random(SEED)
    taken = []
    for _edit in range(edits):
        started = time.process_time()
        moved = rng.randrange(len(stops))
        target = rng.randint(1, DAYS)
        stops = [dataclasses.replace(stop, day=target) if index == moved else stop for index, stop in enumerate(stops)]
        days = [[stop for stop in stops if stop.day == day] for day in range(1, DAYS + 1)]
        stops = [stop for day in days for stop in retime(day)]
        lines = [
            dataclasses.replace(lines[moved], amount=lines[moved].amount + 1) if index == moved else line
            for index, line in enumerate(lines)
        ]
        verify(stops, days=DAYS, people=party.payers)
        price(lines, party, terms)
        taken.append((time.process_time() - started) * 1000)
    return round(statistics.median(taken), 1)
