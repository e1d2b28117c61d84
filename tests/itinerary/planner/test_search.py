"""The tour search on small cases that can be checked by hand or by trying everything; hours of a day; distances."""

import itertools
import math

import numpy as np
import pytest

from bench import planner as bench
from itinerary.planner import geo, tours
from itinerary.planner.timing import Day, Stop, hours


def problem(seed: int, places: int, tours_wanted: int) -> tours.Problem:
    dice = np.random.default_rng(seed)
    spots = dice.uniform(0, 60, (places + 1, 2))
    travel = np.hypot(spots[:, None, 0] - spots[None, :, 0], spots[:, None, 1] - spots[None, :, 1])
    opens = np.concatenate([[0], dice.uniform(0, 100, places)])
    closes = opens + np.concatenate([[0], dice.uniform(20, 80, places)])
    closes[0] = -1
    length, score = np.concatenate([[0], dice.uniform(5, 20, places)]), np.concatenate([[0], dice.integers(1, 30, places)])
    return tours.Problem(travel, length, opens, closes, score.astype(float), [tours.Frame(0, 0, 0.0, 200.0)] * tours_wanted)


def end_of(problem: tours.Problem, tour: tuple[int, ...] | list[int]) -> float:
    """When the tour is back; infinite when a window is missed."""
    now, here = 0.0, 0
    for place in tour:
        now = max(now + problem.travel[here, place], problem.opens[place])
        if now > problem.closes[place] + 1e-9:
            return math.inf
        now, here = now + problem.length[place], place
    return now + float(problem.travel[here, 0])


@pytest.mark.parametrize("seed", range(4))
def test_one_tour_is_as_good_as_trying_everything(seed: int) -> None:
    case = problem(seed, 6, 1)
    every = (order for size in range(7) for order in itertools.permutations(range(1, 7), size))
    best = max(sum(case.score[place] for place in order) for order in every if end_of(case, order) <= 200)
    found = tours.Search(case, seed).run(tours.Limits(rounds=150))
    assert found.score == pytest.approx(best)
    assert end_of(case, found.tours[0]) <= 200


def test_tours_are_feasible_share_no_place_and_come_again_under_one_seed() -> None:
    case = problem(9, 40, 3)
    found = tours.Search(case, 1).run(tours.Limits(rounds=60))
    assert all(end_of(case, tour) <= 200 for tour in found.tours)
    visited = [place for tour in found.tours for place in tour]
    assert len(visited) == len(set(visited))
    assert found.score == pytest.approx(sum(case.score[place] for place in visited))
    assert tours.Search(case, 1).run(tours.Limits(rounds=60)) == found


def test_kinds_caps_and_days_are_kept() -> None:
    case = problem(5, 30, 2)
    kind = [0] + [1 if place % 3 == 0 else 0 for place in range(1, 31)]
    allowed = np.ones((2, 31), dtype=bool)
    allowed[0, 7] = False
    case = tours.Problem(
        case.travel,
        case.length,
        case.opens,
        case.closes,
        case.score,
        case.frames,
        kind=kind,
        allowed=allowed,
        costs=[np.full(31, 10.0)],
        caps=[55.0],
    )
    found = tours.Search(case, 2).run(tours.Limits(rounds=60))
    assert all(sum(kind[place] for place in tour) <= 1 for tour in found.tours)
    assert sum(len(tour) for tour in found.tours) <= 5
    assert 7 not in found.tours[0]


def test_hours_stretch_a_visit_rather_than_leave_a_hole() -> None:
    stop = Stop(480, 900, 0, 1200, 60, 240)
    found = hours(Day(480, True, 870, 900, [20, 30]), [stop])
    assert found is not None
    (start, end), gap = found.times[0], found.gap
    assert (start, gap) == (500, 160) or gap <= 150
    assert end - start <= 240
    assert end + 30 <= 870


def test_hours_refuse_what_cannot_be_reached() -> None:
    assert hours(Day(480, True, 600, None, [200, 10]), [Stop(480, 500, 0, 1200, 60, 60)]) is None


def test_distances_are_those_of_the_ellipsoid() -> None:
    # Flinders Peak to Buninyong, the worked example of the Australian geodetic manual (GRS80): 54 972.271 m.
    flinders, buninyong = (-37.95103341667, 144.42486788889), (-37.65282113889, 143.92649552778)
    assert geo.distance_km(flinders, buninyong) == pytest.approx(54.972271, abs=1e-4)
    assert geo.distance_km(flinders, flinders) == 0
    numbers, km = geo.nearest([flinders], [(0.0, 0.0), buninyong, (10.0, 10.0)])
    assert (int(numbers[0]), round(float(km[0]), 3)) == (1, 54.972)


INSTANCE = """5 1 4 4
500 200
 0 0 0 0 0 0 0 0 0 100
 1 10 0 5 7 4 1 15 0 60
 2 20 0 5 9 4 1 15 30 60
 3 0 40 5 8 2 2 5 10 0 30
 4 10 5 5 3 4 1 15 0 90
"""


def test_the_bench_reads_an_instance_and_checks_its_tours() -> None:
    rows = bench.read_instance(INSTANCE)
    assert rows[3] == [0.0, 40.0, 5.0, 8.0, 0.0, 30.0]
    assert bench.distance(rows[1], rows[4]) == 5.0
    assert bench.solve(rows, 1, seconds=9, rounds=20)[0] == 19.0
    with pytest.raises(ValueError, match="closed"):
        bench.score_of(rows, [[3]])
    with pytest.raises(ValueError, match="twice"):
        bench.score_of(rows, [[1], [1]])
