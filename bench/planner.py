"""The planner's search on public team-orienteering instances with time windows, against the best known values.

Instances pr01-pr20 (Cordeau; Righini and Salani; Montemanni and Gambardella) with 1 to 4 tours, each for the same CPU time.
Distances are Euclidean, cut after two decimals, as in the publications the best known values come from. Every tour is
checked again here, from the file, before its score counts. `gap_100` is the mean gap in per cent over the instances of up
to 100 points, `gap_all` over all of them.
"""

import csv
import json
import math
import pathlib
import random
from collections.abc import Callable
from typing import Any

DATA = pathlib.Path("../shared/data/toptw")
TARGETS = {"gap_100": 1.2, "gap_all": 2.5}
SECONDS = {"smoke": 0.3, "usual": 3.0, "full": 3.0}
SEED = 1

Row = list[float]


def run(size: str, write: Callable[[str], object], seconds: float | None = None) -> bool:
    """Print the table and the JSON line; whether the targets are met. `seconds` of CPU per instance, 3 unless told."""
    if not (DATA / "bks.csv").exists():
        write(json.dumps({"bench": "planner", "skipped": f"no instances in {DATA}"}))
        return True
    limit = seconds or SECONDS[size]
    cases = _cases()
    if size == "smoke":
        cases = random.Random(SEED).sample(cases, 6)
    small: list[float] = []
    every: list[float] = []
    write(f"{'instance':10}{'points':>8}{'tours':>7}{'best known':>12}{'found':>9}{'gap %':>8}{'rounds':>9}")
    for name, tours_wanted, best_known in cases:
        rows = read_instance((DATA / f"{name}.txt").read_text(encoding="utf-8"))
        found, rounds = solve(rows, tours_wanted, limit)
        gap = 100 * (best_known - found) / best_known
        every.append(gap)
        if len(rows) - 1 <= 100:
            small.append(gap)
        write(f"{name:10}{len(rows) - 1:>8}{tours_wanted:>7}{best_known:>12.0f}{found:>9.0f}{gap:>8.2f}{rounds:>9}")
    gap_100, gap_all = (sum(gaps) / max(len(gaps), 1) for gaps in (small, every))
    result = {
        "bench": "planner",
        "instances": len(every),
        "cpu_seconds_each": limit,
        "gap_100": round(gap_100, 3),
        "gap_all": round(gap_all, 3),
        "targets": TARGETS,
    }
    write(json.dumps(result))
    return gap_100 <= TARGETS["gap_100"] and gap_all <= TARGETS["gap_all"]


def _cases() -> list[tuple[str, int, float]]:
    with (DATA / "bks.csv").open(encoding="utf-8") as file:
        return [(row["instance"], int(row["m"]), float(row["BKS"])) for row in csv.DictReader(file)]


def read_instance(text: str) -> list[Row]:
    """Points as (x, y, length of the visit, score, opens, closes); the first is the depot, whose close ends every tour."""
    rows = []
    for line in text.splitlines()[2:]:
        cells = [float(cell) for cell in line.split()]
        if cells:
            rows.append([cells[1], cells[2], cells[3], cells[4], cells[-2], cells[-1]])
    return rows


def distance(one: Row, other: Row) -> float:
    """Euclidean, cut after two decimals."""
    return math.floor(math.hypot(one[0] - other[0], one[1] - other[1]) * 100 + 1e-9) / 100


def solve(rows: list[Row], tours_wanted: int, seconds: float, rounds: int | None = None) -> tuple[float, int]:
    """The score found, checked again point by point, and the rounds it took."""
    import numpy as np

    from itinerary.planner import tours

    columns: list[Any] = [np.array(column) for column in zip(*rows, strict=True)]
    travel = np.array([[distance(one, other) for other in rows] for one in rows])
    frames = [tours.Frame(0, 0, rows[0][4], rows[0][5])] * tours_wanted
    closes = columns[5].copy()
    closes[0] = -1.0  # the depot is no stop
    problem = tours.Problem(travel, columns[2], columns[4], closes, columns[3], frames)
    limits = tours.Limits(seconds=seconds) if rounds is None else tours.Limits(rounds=rounds)
    found = tours.Search(problem, SEED).run(limits)
    return score_of(rows, found.tours), found.rounds


def score_of(rows: list[Row], tours: list[list[int]]) -> float:
    """The score of tours; ValueError when one misses a window, comes back late or visits a place twice."""
    visited = [stop for tour in tours for stop in tour]
    if len(visited) != len(set(visited)):
        raise ValueError("a place is visited twice")
    for tour in tours:
        now, here = rows[0][4], 0
        for stop in tour:
            now = max(now + distance(rows[here], rows[stop]), rows[stop][4])
            if now > rows[stop][5] + 1e-6:
                raise ValueError(f"{stop} is closed")
            now, here = now + rows[stop][2], stop
        if now + distance(rows[here], rows[0]) > rows[0][5] + 1e-6:
            raise ValueError("back too late")
    return sum(rows[stop][3] for stop in visited)
