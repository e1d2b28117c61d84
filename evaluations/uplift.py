"""What a campaign caused, on an experiment whose result is published: the MineThatData e-mail challenge of 2008.

64,000 customers in three arms of equal size (men's mail, women's mail, none). The arms are compared by the very code behind
the campaign page (`campaigns.rules.lift.compare`), visits as its conversion and spend as its revenue.
"""

import csv
import json
from argparse import ArgumentParser
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

HELP = "incremental visits and spend of a mail against its hold-out, on the published Hillstrom experiment"
CONTROL = "No E-Mail"
MENS, WOMENS = "Mens E-Mail", "Womens E-Mail"
PUBLISHED_VISITS = {MENS: 18.28, WOMENS: 15.14, CONTROL: 10.62}  # percent
PUBLISHED_SPEND = (0.77, 0.49, 1.05)  # dollars per head of the men's mail: difference and its 95 % interval


def add_arguments(parser: ArgumentParser) -> None:
    """Where the experiment's file is."""
    parser.add_argument("--csv", type=Path, default=Path("../shared/data/hillstrom/hillstrom.csv"), help="the 64,000 lines")


def run(options: dict[str, Any], say: Callable[[str], Any]) -> bool:
    """Print each arm and both mails' lift; whether the published figures came out."""
    from campaigns.rules.lift import compare

    arms = read_arms(Path(options["csv"]))
    say(f"{'arm':<16}{'people':>8}{'visits %':>10}{'spend':>9}")
    for name, totals in arms.items():
        say(f"{name:<16}{totals.people:>8}{100 * totals.conversion:>10.2f}{totals.revenue_per_person:>9.4f}")
    figures: dict[str, Any] = {
        "people": sum(one.people for one in arms.values()),
        "visits": {name: round(100 * totals.conversion, 2) for name, totals in arms.items()},
    }
    for name in (MENS, WOMENS):
        lift = compare(arms[name], arms[CONTROL], 50)
        if lift is None:
            raise ValueError("an arm is empty")
        spend, visits = lift.revenue_per_person, lift.conversion
        say(f"{name}: visits {100 * visits.value:+.2f} points ({100 * visits.low:.2f} to {100 * visits.high:.2f}), "
            f"spend {spend.value:+.2f} ({spend.low:.2f} to {spend.high:.2f})")  # fmt: skip
        figures[name] = {
            "spend": [round(spend.value, 2), round(spend.low, 2), round(spend.high, 2)],
            "visit_points": [round(100 * value, 2) for value in (visits.value, visits.low, visits.high)],
            "split_is_suspicious": lift.split_is_suspicious,
        }
    say(json.dumps(figures, ensure_ascii=False))
    return figures["visits"] == PUBLISHED_VISITS and tuple(figures[MENS]["spend"]) == PUBLISHED_SPEND


def read_arms(path: Path) -> dict[str, Any]:
    """Arm -> `campaigns.rules.lift.ArmTotals`, by the order in which the arms appear in `PUBLISHED_VISITS`."""
    from campaigns.rules.lift import ArmTotals

    people = dict.fromkeys(PUBLISHED_VISITS, 0)
    visits, orders = dict(people), dict(people)
    spent = {name: Decimal(0) for name in people}
    squares = {name: Decimal(0) for name in people}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            name, amount = row["segment"], Decimal(row["spend"])
            people[name] += 1
            visits[name] += row["visit"] == "1"
            orders[name] += row["conversion"] == "1"
            spent[name] += amount
            squares[name] += amount * amount
    return {name: ArmTotals(people[name], visits[name], orders[name], spent[name], squares[name]) for name in people}
