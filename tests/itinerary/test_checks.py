"""What is wrong with a plan, code by code."""

import dataclasses

import pytest

from itinerary.checks.plan import Mode, Stop, leg
from itinerary.checks.verify import retime, verify
from itinerary.choices import BlockKind, Severity
from itinerary.planner.catalogue import Code

LAKE, HILL, FAR = (30.2460, 120.1485), (30.2500, 120.1530), (29.60, 119.00)


def sight(
    key: str = "S", day: int = 1, start: int = 540, end: int = 660, place: tuple[float, float] = LAKE, **more: object
) -> Stop:
    return Stop(key, day, BlockKind.SIGHT, start, end, key, *place, "杭州", **more)  # type: ignore[arg-type]


def hotel(day: int = 1, start: int = 1200, **more: object) -> Stop:
    return Stop(f"H{day}", day, BlockKind.HOTEL, start, 1440, "湖滨酒店", *HILL, "杭州", **{"beds": 4, **more})  # type: ignore[arg-type]


def codes(*stops: Stop, days: int = 1, people: int = 2) -> set[str]:
    return {issue.code.value for issue in verify(stops, days=days, people=people).issues}


def test_a_good_day_has_no_complaint() -> None:
    lunch = Stop("M", 1, BlockKind.MEAL, 690, 750, "楼外楼", *HILL, "杭州", meal="lunch")
    afternoon = sight("A", start=810, end=1080, place=HILL)
    verdict = verify([sight(hours=((480, 1020),), visit_min=90), lunch, afternoon, hotel()], days=2, people=2)
    assert [issue for issue in verdict.issues if issue.day == 1] == []


@pytest.mark.parametrize(
    ("code", "stops"),
    [
        ("TIME-01", [sight(hours=((600, 1020),))]),
        ("TIME-01", [sight(hours=())]),
        ("TIME-02", [sight("A"), sight("B", start=650, end=700)]),
        ("TIME-03", [sight("A"), sight("B", start=670, end=760, place=FAR)]),
        ("TIME-04", [sight("A"), Stop("T", 1, BlockKind.TRANSPORT, 680, 900, "G1", *LAKE, "杭州", "北京", buffer=30)]),
        ("TIME-06", [Stop("M", 1, BlockKind.MEAL, 900, 960, meal="lunch")]),
        ("TIME-07", [sight(visit_min=180)]),
        ("TIME-08", [sight(start=300, end=420)]),
        ("TIME-08", [sight("A"), sight("B", start=1300, end=1400)]),
        ("TIME-09", [sight("A"), sight("B", start=1000, end=1100)]),
        ("COST-02", [sight(rate_missing=True)]),
        ("INV-01", [sight(sold_out=True)]),
    ],
)  # fmt: skip
def test_codes_of_one_day(code: str, stops: list[Stop]) -> None:
    assert code in codes(*stops)


def test_nights() -> None:
    assert "STAY-01" in codes(sight(), days=2)
    assert "STAY-01" not in codes(sight(), hotel(), days=2)
    assert "STAY-01" not in codes(sight(), days=1)
    assert "STAY-02" in codes(hotel(), days=2, people=5)
    train = Stop("T", 1, BlockKind.TRANSPORT, 1260, 1860, "Z1", *LAKE, "杭州", "北京")
    assert {"TIME-05", "STAY-01"} & codes(train, sight("B", day=2, start=520), days=2) == set()
    elsewhere = dataclasses.replace(sight("B", day=2), city="黄山", latitude=None, longitude=None)
    assert "SPACE-01" in codes(hotel(), elsewhere, days=2)


def test_too_much_walking() -> None:
    stops = [sight(f"S{n}", start=540 + n * 60, end=560 + n * 60, place=LAKE if n % 2 else HILL) for n in range(12)]
    verdict = verify(stops, days=1, people=2)
    assert Code.WALK_CAP in {issue.code for issue in verdict.issues}
    assert all(way.mode == Mode.WALK for _a, _b, way in verdict.legs)
    assert verdict.sellable is all(issue.severity == Severity.WARNING for issue in verdict.issues)


def test_retiming_keeps_order_locks_and_opening_hours() -> None:
    lunch = Stop("M", 1, BlockKind.MEAL, 0, 60, "午餐", *HILL, meal="lunch")
    show = sight("夜游", start=1140, end=1200, locked=True)
    museum = sight("博物馆", end=630, hours=((570, 1020),))
    done = retime([museum, lunch, dataclasses.replace(show)])
    assert [(stop.name, stop.start, stop.end) for stop in done] == [
        ("博物馆", 570, 660),
        ("午餐", 690, 750),
        ("夜游", 1140, 1200),
    ]


def test_no_leg_without_coordinates() -> None:
    nowhere = dataclasses.replace(sight(), latitude=None)
    assert leg(nowhere, sight()).minutes == 0
    assert leg(sight(), sight(place=FAR)).mode == Mode.DRIVE
