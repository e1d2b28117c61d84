"""Plans in a small world: clean under three judges, wishes met, locks kept, and a named core when nothing fits."""

import dataclasses
from typing import Any

import pytest

from itinerary.planner.planner import Effort, Planner
from itinerary.planner.public_rules import minutes_of
from itinerary.planner.public_rules import violations as public
from itinerary.planner.sellable_rules import violations as sellable
from itinerary.planner.spec import Locked, TripSpec
from itinerary.planner.world import World

TRIP = TripSpec("上海", "杭州", 3, 2)
LOOP = "for activity in allactivities(plan):\n"
SIGHTS = "names=set()\n" + LOOP + "  if activity_type(activity)=='attraction': names.add(activity_position(activity))\n"
HOTEL = (
    "kinds=set()\n"
    + LOOP
    + "  if activity_type(activity)=='accommodation': kinds.add(accommodation_type(activity, target_city(plan)))\n"
)
TOTAL = (
    "cost=0\n" + LOOP + "    cost+=activity_cost(activity)\n    cost+=innercity_transport_cost(activity_transports(activity))\n"
)
CUISINE = (
    "c=set()\n"
    + LOOP
    + "  if activity_type(activity) in ['breakfast','lunch','dinner']: c.add(restaurant_type(activity, target_city(plan)))\n"
)


def activities(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [activity for day in plan["itinerary"] for activity in day["activities"]]


def places(plan: dict[str, Any]) -> list[str]:
    return [activity.get("position", "") for activity in activities(plan)]


def test_a_plain_trip_is_full_and_clean(planner: Planner) -> None:
    answer = planner.answer(TRIP)
    assert answer.verdict is not None
    assert answer.plan is not None
    assert answer.verdict.clean
    kinds = [activity["type"] for activity in activities(answer.plan)]
    assert (kinds[0], kinds[-1], kinds.count("accommodation")) == ("train", "train", 2)
    assert kinds.count("attraction") >= 4
    assert kinds.count("lunch") >= 1
    assert {reason.code for reason in answer.reasons} >= {"leg", "hotel", "sight"}


def test_the_same_seed_gives_the_same_plan(planner: Planner) -> None:
    assert planner.answer(TRIP).plan == planner.answer(TRIP).plan


@pytest.mark.parametrize(
    "wish",
    [
        SIGHTS + "result=({'海洋馆','书院'}<=names)",
        SIGHTS + "result=not({'古城墙','湖心公园','夜市街'}&names)",
        SIGHTS + "result=({'古城墙','无此地'}&names)",
        HOTEL + "result=({'四合院'}<=kinds)",
        HOTEL + "result=({'四合院','湖景房'}<=kinds)",
        CUISINE + "result=({'素食','川菜'}<=c)",
        TOTAL + "result=(cost<=900)",
        "result=False\n"
        + LOOP
        + "  if activity_position(activity)=='晨练广场':\n    if activity_start_time(activity)<='07:30':\n      result=True",
        "result=False\n"
        + LOOP
        + "  if activity_position(activity)=='湖畔酒家':\n    if activity_start_time(activity)<='11:00':\n      result=True",
        "result=False\n"
        + LOOP
        + "  if activity_position(activity)=='书院':\n    if activity_time(activity)>=150:\n      result=True",
        "result=False\n"
        + LOOP
        + "  if activity_position(activity)=='海洋馆':\n    if activity_start_time(activity)<='10:00' and activity_end_time(activity)>='14:30':\n      result=True",
        "result=True\n" + LOOP + "  if activity_type(activity)=='accommodation' and room_count(activity)!=2: result=False",
        "result=True\n" + LOOP + "  if activity_type(activity)=='accommodation' and activity_price(activity)>350: result=False",
        "m=set()\n"
        + LOOP
        + "  if activity_transports(activity)!=[]: m.add(innercity_transport_type(activity_transports(activity)))\nresult=(m<={'taxi'})",
        "t=set()\n"
        + LOOP
        + "  if activity_type(activity) in ['train','airplane']: t.add(activity_type(activity))\nresult=(t=={'train'})",
        "result=allactivities(plan)[-1]['start_time']<='12:00'",
        "result=False\nif allactivities(plan)[0]['type']=='airplane': result=True",
        "result=False\nh=''\n"
        + LOOP
        + "  if activity_type(activity)=='accommodation': h=activity_position(activity)\nresult=(poi_distance(target_city(plan), '杭州东站', h)<=2)",
        "result=False\na=0\nb=0\ni=0\n"
        + LOOP
        + "  if activity_position(activity)=='植物园':\n    a=i\n  if activity_position(activity)=='古城墙':\n    b=i\n  i+=1\nif a<b:\n  result=True",
        "l=[]\n"
        + SIGHTS
        + "result=({'无此地'}<=names)\nl.append(result)\n"
        + TOTAL
        + "result=(cost<=2000)\nl.append(result)\nresult=False\nfor r in l:\n  result=result or r",
        "s=set()\nfor activity in dayactivities(plan, 2):\n  if activity_type(activity)=='attraction': s.add(activity_position(activity))\nresult=({'海洋馆'}<=s)",
        "result=False\n" + LOOP + "  if activity_type(activity)=='train' and activity_start_time(activity)>='18:00': result=True",
        "result=True\n" + LOOP + "  if activity_type(activity)=='train' and activity_start_time(activity)<'10:00': result=False",
        "result=innercity_transport_type(activity_transports(allactivities(plan)[-1]))!='walk'",
        "result=len_is_unknown_here(plan) if day_count(plan)==9 else activity_type(dayactivities(plan,2)[0])=='breakfast'",
        "n=0\n" + LOOP + "  if activity_type(activity)=='attraction': n+=1\nresult=(n<=3)",
    ],
)
def test_wishes_are_met(planner: Planner, wish: str) -> None:
    answer = planner.answer(dataclasses.replace(TRIP, wishes=(wish,)))
    assert answer.verdict is not None
    assert answer.verdict.passes, [str(violation) for violation in answer.verdict.public]


def test_a_locked_block_stays_where_it_is(planner: Planner) -> None:
    lock = Locked(2, "attraction", "海洋馆", 13 * 60, 16 * 60)
    answer = planner.answer(dataclasses.replace(TRIP, locked=(lock,)))
    assert answer.plan is not None
    kept = [activity for activity in answer.plan["itinerary"][1]["activities"] if activity.get("position") == "海洋馆"]
    assert [(activity["start_time"], activity["end_time"]) for activity in kept] == [("13:00", "16:00")]


def test_what_cannot_be_is_named_with_the_wish_to_give_up(planner: Planner) -> None:
    wishes = (SIGHTS + "result=({'书院'}<=names)", HOTEL + "result=({'位置超好'}<=kinds)")
    answer = planner.answer(dataclasses.replace(TRIP, wishes=wishes), Effort(seconds=0.5))
    assert answer.core[0].params == {"missing": ["位置超好"], "city": "杭州"}
    assert [(relaxation.wish, relaxation.enough) for relaxation in answer.relaxations] == [(1, True), (0, False)]


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (dataclasses.replace(TRIP, people=0), "UNSAT"),
        (dataclasses.replace(TRIP, days=40), "UNSAT"),
        (dataclasses.replace(TRIP, days=0), "UNSAT"),
        (dataclasses.replace(TRIP, target="火星"), "DATA-01"),
        (dataclasses.replace(TRIP, target="上海"), "UNSAT"),
        (dataclasses.replace(TRIP, wishes=("import os",)), "UNSAT"),
        (dataclasses.replace(TRIP, wishes=(TOTAL + "result=(cost<=0)",)), "UNSAT"),
    ],
)
def test_bad_specs_get_a_named_refusal(planner: Planner, spec: TripSpec, code: str) -> None:
    answer = planner.answer(spec, Effort(seconds=0.5))
    assert answer.verdict is None or not answer.verdict.passes
    assert code in {violation.code for violation in answer.core}


def _tampered(plan: dict[str, Any], change: str) -> dict[str, Any]:
    import copy

    plan = copy.deepcopy(plan)
    sight = next(activity for activity in activities(plan) if activity["type"] == "attraction")
    night = next(activity for activity in activities(plan) if activity["type"] == "accommodation")
    ridden = next(activity for activity in activities(plan) if activity["transports"])
    if change == "price":
        sight["price"] += 1
    elif change == "cost":
        night["cost"] += 5
    elif change == "closed":
        sight["start_time"], sight["end_time"] = "03:00", "03:40"
    elif change == "way":
        ridden["transports"][-1]["distance"] += 1
    elif change == "gone":
        ridden["transports"] = []
    elif change == "twice":
        plan["itinerary"][0]["activities"].insert(1, copy.deepcopy(sight))
    elif change == "train":
        plan["itinerary"][0]["activities"][0]["TrainID"] = "G999"
    elif change == "beds":
        night["room_type"] = 7
    return plan


@pytest.mark.parametrize(
    ("change", "code"),
    [("price", "COST-02"), ("cost", "COST-02"), ("closed", "TIME-01"), ("way", "COST-02"), ("gone", "SPACE-01"),
     ("twice", "PREF-01"), ("train", "DATA-01"), ("beds", "DATA-01")],
)  # fmt: skip
def test_the_public_judge_sees_what_is_wrong(planner: Planner, world: World, change: str, code: str) -> None:
    plan = planner.answer(TRIP).plan
    assert plan is not None
    assert code in {violation.code for violation in public(world, TRIP.request(), _tampered(plan, change))}


@pytest.mark.parametrize(
    "plan", [None, {}, [], {"itinerary": []}, {"itinerary": [{"day": 1}]}, {"itinerary": "x", "people_number": 1}]
)
def test_no_form_of_plan_breaks_the_judge(world: World, plan: Any) -> None:
    assert public(world, TRIP.request(), plan) != []


def test_the_sellable_judge_sees_what_nobody_should_be_sold(planner: Planner, world: World) -> None:
    plan = planner.answer(TRIP).plan
    assert plan is not None
    night = next(activity for activity in plan["itinerary"][0]["activities"] if activity["type"] == "accommodation")
    night["start_time"], night["rooms"] = "23:30", 0
    for activity in activities(plan):
        if activity["type"] == "attraction":
            activity["end_time"] = activity["start_time"]
    last = plan["itinerary"][-1]["activities"][-1]
    last["transports"][-1]["end_time"] = last["start_time"]
    del plan["itinerary"][1]["activities"][-1]
    codes = {violation.code for violation in sellable(world, TRIP.request(), plan)}
    assert {"TIME-08", "STAY-02", "TIME-07", "TIME-04", "STAY-01"} <= codes


def test_defects_of_the_files_are_counted_and_left_out(world: World) -> None:
    assert world.defects["leg without price"] == 1
    assert world.defects["leg at an unknown station"] == 1
    assert world.defects["leg that hides a day change"] == 1
    night = [leg for leg in world.between("上海", "杭州") if leg.number == "K5"]
    assert [leg.same_day for leg in night] == [False]
    assert minutes_of("次日01:30") == 90


def test_a_distance_equal_to_its_limit_in_the_last_digit_is_within(planner: Planner, world: World) -> None:
    km = world.cities["杭州"].km("海洋馆", "湖景大酒店") - 5e-8  # what another implementation of the geodesic may find
    wish = (
        "h=''\n" + LOOP + "  if activity_type(activity)=='accommodation': h=activity_position(activity)\n"
        f"result=(poi_distance(target_city(plan), '海洋馆', h)<={km!r}) and h=='湖景大酒店'"
    )
    answer = planner.answer(dataclasses.replace(TRIP, wishes=(wish,)))
    assert answer.verdict is not None
    assert answer.verdict.passes
