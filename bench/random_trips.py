"""Random trips for the comparison of the two pricers: the same trip as plain data and as the product's objects."""

import random
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from itinerary.pricing.errors import CannotPrice
from itinerary.pricing.lines import AgePrice, ChargeUnit, CostLine, PaxBand, RoomPrices, VehicleStep
from itinerary.pricing.party import Party, Role
from itinerary.pricing.rounding import Rates, Rounding
from itinerary.pricing.sheet import Terms
from itinerary.pricing.uplifts import Additive, OfGross, PerGroup, PerHead, Receiver, Sequential, Uplift

APPLIES_TO = [["payer"], ["payer"], ["payer", "foc"], ["foc", "guide"], ["payer", "foc", "guide", "driver"], ["guide"]]
GROUPS = ["", "hotel", "ticket", "car"]
MODES = {"half": ROUND_HALF_UP, "up": ROUND_CEILING, "down": ROUND_FLOOR}


def trip(rng: random.Random) -> tuple[dict[str, Any], Party, list[CostLine], Terms]:
    """One trip that can travel, in both forms."""
    while True:
        plain = _party(rng)
        try:
            party = _party_object(plain)
        except CannotPrice:
            continue
        break
    plain |= {
        "lines": [_line(rng) for _ in range(rng.randint(1, 10))],
        "uplifts": [_uplift(rng) for _ in range(rng.randint(0, 4))],
        "rates": {"JPY": _money(rng, 1, 9) / 100, "THB": _money(rng, 10, 30) / 100},
        "line_step": rng.choice([Decimal("0.01"), Decimal("0.01"), Decimal(1), Decimal("0.1")]),
        "price_step": rng.choice([Decimal("0.01"), Decimal(1), Decimal(1), Decimal(5), Decimal(10)]),
        "price_mode": rng.choice(list(MODES)),
        "between": rng.choice([None, None, Decimal(1), Decimal("0.01")]),
    }
    rounding = Rounding(plain["line_step"], plain["price_step"], MODES[plain["price_mode"]], plain["between"])
    uplifts = tuple(_uplift_object(rule) for rule in plain["uplifts"])
    return (
        plain,
        party,
        [_line_object(number, line) for number, line in enumerate(plain["lines"])],
        Terms(uplifts, rounding, Rates("CNY", plain["rates"])),
    )


def _money(rng: random.Random, low: int, high: int) -> Decimal:
    return Decimal(rng.randint(low * 100, high * 100)) / 100


def _party(rng: random.Random) -> dict[str, Any]:
    ages = [rng.randint(0, 15) for _ in range(rng.choice([0, 0, 1, 2, 3]))]
    adults = rng.choice([1, 2, 2, 3, 4, 6, 10, 15, 16, 20, 31])
    return {
        "adults": adults, "child_ages": ages, "child_beds": rng.randint(0, len(ages)), "singles": rng.choice([0, 0, 0, 1, 2]),
        "foc": rng.choice([0, 0, 1, 2, 3]), "guide": rng.choice([0, 1, 1, 2]), "driver": rng.choice([0, 1]),
        "bookings": rng.choice([1, 1, 2]),
    }  # fmt: skip


def _party_object(plain: dict[str, Any]) -> Party:
    return Party(
        plain["adults"], tuple(plain["child_ages"]), plain["child_beds"], plain["singles"], plain["foc"], plain["guide"],
        plain["driver"], plain["bookings"],
    )  # fmt: skip


def _line(rng: random.Random) -> dict[str, Any]:
    maybe = rng.choice
    ages = [(0, 5, Decimal(rng.choice([0, 33])), None), (6, 11, None, _money(rng, 0, 90)), (10, 13, Decimal("66.6"), None)]
    edge = rng.randint(2, 12)
    return {
        "unit": rng.choice([unit.value for unit in ChargeUnit]), "amount": _money(rng, 0, 900),
        "currency": maybe(["CNY", "CNY", "CNY", "JPY", "THB"]), "days": rng.randint(1, 5), "quantity": rng.randint(1, 3),
        "applies_to": maybe(APPLIES_TO),
        "steps": [(4, _money(rng, 300, 600)), (18, _money(rng, 900, 1400)), (9, _money(rng, 500, 900))],
        "bands": [(1, edge, _money(rng, 50, 300)), (edge + 1, 30, _money(rng, 50, 200))],
        "ages": rng.sample(ages, rng.randint(0, 3)), "single_use": maybe([None, _money(rng, 100, 900)]),
        "extra_bed": maybe([None, _money(rng, 0, 300)]), "no_bed": maybe([None, _money(rng, 0, 80)]),
        "commission": maybe([Decimal(0), Decimal(0), Decimal(10), Decimal("12.5")]),
        "tax": maybe([Decimal(0), Decimal(0), Decimal(6)]),
        "share_among": maybe([None, None, None, None, 30]), "group": rng.choice(GROUPS),
    }  # fmt: skip


def _line_object(number: int, plain: dict[str, Any]) -> CostLine:
    return CostLine(
        key=f"L{number}", label=f"L{number}", unit=ChargeUnit(plain["unit"]), amount=plain["amount"], currency=plain["currency"],
        days=plain["days"], quantity=plain["quantity"], applies_to=frozenset(Role(role) for role in plain["applies_to"]),
        steps=tuple(VehicleStep(*step) for step in plain["steps"]), bands=tuple(PaxBand(*band) for band in plain["bands"]),
        ages=tuple(AgePrice(*age) for age in plain["ages"]),
        room=RoomPrices(plain["single_use"], plain["extra_bed"], plain["no_bed"]), commission_percent=plain["commission"],
        tax_percent=plain["tax"], share_among=plain["share_among"], group=plain["group"],
    )  # fmt: skip


def _uplift(rng: random.Random) -> dict[str, Any]:
    return {
        "how": rng.choice(["additive", "sequential", "of_gross", "per_head", "per_group"]),
        "percent": Decimal(rng.choice(["5", "10", "12.5", "20", "-3"])), "amount": _money(rng, 0, 200),
        "groups": rng.choice([[], [], ["hotel"], ["ticket", "car"]]), "receiver": rng.choice(["house", "house", "agent", "tax"]),
    }  # fmt: skip


def _uplift_object(plain: dict[str, Any]) -> Uplift:
    shared: dict[str, Any] = {
        "label": plain["how"],
        "receiver": Receiver(plain["receiver"]),
        "groups": frozenset(plain["groups"]),
    }
    percent, amount = plain["percent"], plain["amount"]
    kinds: dict[str, Uplift] = {
        "additive": Additive(**shared, percent=percent), "sequential": Sequential(**shared, percent=percent),
        "of_gross": OfGross(**shared, percent=percent), "per_head": PerHead(**shared, amount=amount),
        "per_group": PerGroup(**shared, amount=amount),
    }  # fmt: skip
    return kinds[plain["how"]]
