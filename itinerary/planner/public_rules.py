"""Whether a plan can be carried out: the rules of the public ChinaTravel benchmark ("commonsense constraints") and its form.

Written from the published rules and held against the official scorer; a plan passes here exactly when it passes there.
"""

import re
from collections.abc import Iterator
from typing import Any

from itinerary.planner.catalogue import Violation
from itinerary.planner.concepts import Activity, Plan
from itinerary.planner.world import City, Leg, UnknownPlace, Way, World

MEALS = ("breakfast", "lunch", "dinner")
LEGS = ("train", "airplane")
_TYPES = (*LEGS, "attraction", "accommodation", *MEALS)
_CLOCK = re.compile(r"\d{2}:\d{2}")
_NEAR = 0.1  # yuan and kilometres that may differ
_NOT_BEFORE = {"breakfast": 360, "lunch": 660, "dinner": 1020}  # a meal ends after this
_NOT_AFTER = {"breakfast": 540, "lunch": 840, "dinner": 1200}  # and starts before this

Request = dict[str, Any]
Found = Iterator[Violation]


def clock(minutes: int) -> str:
    """ "08:30" for 510; 1440 is "24:00"."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def minutes_of(text: str) -> int:
    """510 for "08:30". ValueError."""
    hours, rest = text.split("次日")[-1].split(":")
    return int(hours) * 60 + int(rest)


def violations(world: World, request: Request, plan: Plan) -> list[Violation]:
    """All violations of the public rules; [] means the plan passes. Never raises, whatever the plan is."""
    malformed = list(_form(plan))
    if malformed:
        return malformed
    try:
        return list(_all(world, request, plan))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return [Violation("DATA-01", params={"error": f"{type(error).__name__}: {error}"})]


def _all(world: World, request: Request, plan: Plan) -> Found:
    city = world.cities[request["target_city"]]
    yield from _legs(world, request, plan)
    seen: dict[str, set[str]] = {"attraction": set(), "meal": set()}
    place: str | None = None
    for day, activity in _numbered(plan):
        yield from _places(city, request, day, activity, seen)
        yield from _transport(city, day, activity)
        yield from _times(day, activity)
        yield from _space(day, activity, place)
        place = activity["position"] if "position" in activity else activity.get("end")
    if len(plan["itinerary"]) > 1 and not any(activity["type"] == "accommodation" for _day, activity in _numbered(plan)):
        yield Violation("STAY-01")


def _numbered(plan: Plan) -> Iterator[tuple[int, Activity]]:
    for number, day in enumerate(plan["itinerary"], start=1):
        for activity in day["activities"]:
            yield number, activity


# The form


def _form(plan: Any) -> Found:
    if not isinstance(plan, dict) or not isinstance(plan.get("itinerary"), list) or not plan["itinerary"]:
        yield Violation("DATA-01", params={"form": "no itinerary"})
        return
    if not _is_int(plan.get("people_number")) or not all(isinstance(plan.get(key), str) for key in ("start_city", "target_city")):
        yield Violation("DATA-01", params={"form": "people and cities"})
    for number, day in enumerate(plan["itinerary"], start=1):
        if not isinstance(day, dict) or not _is_int(day.get("day")) or not isinstance(day.get("activities"), list):
            yield Violation("DATA-01", number, params={"form": "day"})
        elif not all(_well_formed(activity) for activity in day["activities"]):
            yield Violation("DATA-01", number, params={"form": "activity"})


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_clock(value: Any) -> bool:
    return isinstance(value, str) and bool(_CLOCK.fullmatch(value))


def _well_formed(activity: Any) -> bool:
    if not isinstance(activity, dict) or activity.get("type") not in _TYPES:
        return False
    named = {"train": "TrainID", "airplane": "FlightID"}.get(activity["type"])
    strings = [*(["start", "end", named] if named else []), *(["position"] if "position" in activity else [])]
    whole = [key for key in ("tickets", "rooms", "room_type") if key in activity]
    return (
        all(_is_clock(activity.get(key)) for key in ("start_time", "end_time"))
        and all(_is_number(activity.get(key)) for key in ("cost", "price"))
        and all(isinstance(activity.get(key), str) for key in strings)
        and all(_is_int(activity[key]) for key in whole)
        and isinstance(activity.get("transports"), list)
        and all(_well_formed_part(part) for part in activity["transports"])
    )


def _well_formed_part(part: Any) -> bool:
    return (
        isinstance(part, dict)
        and part.get("mode") in ("walk", "metro", "taxi")
        and all(isinstance(part.get(key), str) for key in ("start", "end"))
        and all(_is_clock(part.get(key)) for key in ("start_time", "end_time"))
        and all(_is_number(part.get(key)) for key in ("price", "cost", "distance"))
        and ("tickets" not in part or _is_int(part["tickets"]))
    )


# Legs between the cities


def _legs(world: World, request: Request, plan: Plan) -> Found:
    days = plan["itinerary"]
    if not days[0]["activities"] or not days[-1]["activities"]:
        yield Violation("DATA-01", params={"leg": "missing"})
        return
    start, target = request["start_city"], request["target_city"]
    yield from _leg(world.between(start, target), days[0]["activities"][0], 1)
    yield from _leg(world.between(target, start), days[-1]["activities"][-1], len(days))


def _leg(legs: list[Leg], activity: Activity, day: int) -> Found:
    number = activity.get("TrainID" if activity["type"] == "train" else "FlightID")
    if activity["type"] not in LEGS or not number:
        yield Violation("DATA-01", day, params={"leg": "missing"})
        return
    ends = (activity["start"], activity["end"])
    leg = next((leg for leg in legs if (leg.kind, leg.number, leg.start, leg.end) == (activity["type"], number, *ends)), None)
    if leg is None:
        yield Violation("DATA-01", day, str(number), {"leg": "unknown"})
        return
    if (clock(leg.departs), clock(leg.arrives)) != (activity["start_time"], activity["end_time"]):
        yield Violation("TIME-02", day, leg.number, {"leg": "times"})
    yield from _price(day, activity, leg.price, activity.get("tickets"), leg.number)


def _price(day: int, activity: Activity, price: float, times: Any, place: str) -> Found:
    if activity["price"] != price:
        yield Violation("COST-02", day, place, {"price": activity["price"], "known": price})
    if not _is_number(times) or abs(activity["price"] * times - activity["cost"]) > _NEAR:
        yield Violation("COST-02", day, place, {"cost": activity["cost"]})


# Sights, meals and hotels


def _places(city: City, request: Request, day: int, activity: Activity, seen: dict[str, set[str]]) -> Found:
    if activity["type"] == "attraction":
        yield from _attraction(city, day, activity, seen["attraction"])
    elif activity["type"] == "accommodation":
        yield from _hotel(city, day, activity)
    elif activity["type"] in MEALS:
        yield from _meal(city, request, day, activity, seen["meal"])


def _attraction(city: City, day: int, activity: Activity, seen: set[str]) -> Found:
    name = activity.get("position")
    found = city.attractions.get(name) if name else None
    if not name or found is None:
        yield Violation("DATA-01", day, str(name))
        return
    yield from _open(day, activity, found.opens, found.closes)
    if day in found.shut:
        yield Violation("INV-01", day, name)
    yield from _once(day, name, seen)
    known = activity["price"] if int(activity["price"]) == int(found.price) else found.price
    yield from _price(day, activity, known, activity.get("tickets"), name)


def _open(day: int, activity: Activity, opens: int, closes: int) -> Found:
    if not (opens <= minutes_of(activity["start_time"]) and minutes_of(activity["end_time"]) <= closes):
        yield Violation("TIME-01", day, activity["position"], {"opens": clock(opens), "closes": clock(closes)})


def _once(day: int, name: str, seen: set[str]) -> Found:
    if name in seen:
        yield Violation("PREF-01", day, name, {"repeated": True})
    seen.add(name)


def _hotel(city: City, day: int, activity: Activity) -> Found:
    name = activity.get("position")
    found = city.hotels.get(name) if name else None
    if not name or found is None:
        yield Violation("DATA-01", day, str(name))
        return
    if activity.get("room_type") != found.beds:
        yield Violation("DATA-01", day, name, {"beds": found.beds})
    yield from _price(day, activity, found.price, activity.get("rooms"), name)


def _meal(city: City, request: Request, day: int, activity: Activity, seen: set[str]) -> Found:
    name = activity.get("position")
    found = city.restaurants.get(name) if name else None
    if found is None or activity["type"] != "breakfast":  # the benchmark asks no hours of a breakfast at a restaurant
        yield from _meal_hours(day, activity)
    if found is not None and name:
        yield from _price(day, activity, found.price, request["people_number"], name)
        yield from _open(day, activity, found.opens, found.closes)
        yield from _once(day, name, seen)
    elif activity["type"] == "breakfast" and name in city.hotels:
        yield from _price(day, activity, 0, request["people_number"], str(name))
    else:
        yield Violation("DATA-01", day, str(name))


def _meal_hours(day: int, activity: Activity) -> Found:
    kind, start, end = activity["type"], minutes_of(activity["start_time"]), minutes_of(activity["end_time"])
    if start >= _NOT_AFTER[kind] or end <= _NOT_BEFORE[kind]:
        yield Violation("TIME-06", day, str(activity.get("position")), {"start": activity["start_time"]})


# The ways between them


def _transport(city: City, day: int, activity: Activity) -> Found:
    parts = activity["transports"]
    if not parts:
        return
    mode = "metro" if len(parts) == 3 else parts[0]["mode"]
    if len(parts) not in (1, 3) or (len(parts) == 1 and mode == "metro"):
        yield Violation("SPACE-01", day, parts[-1]["end"], {"parts": len(parts)})
        return
    try:
        way = city.way(parts[0]["start"], parts[-1]["end"], mode)
    except UnknownPlace:
        way = None
    if way is None:
        yield Violation("SPACE-01", day, parts[-1]["end"], {"mode": mode})
        return
    yield from _same_way(day, parts, way)
    for part in parts:
        yield from _part_cost(day, part)


def _same_way(day: int, parts: list[Activity], way: Way) -> Found:
    now = minutes_of(parts[0]["start_time"])
    for part, (start, end, mode, minutes, price, km) in zip(parts, way.parts, strict=True):
        times = (clock(now), clock(now + minutes))
        now += minutes
        if (part["start"], part["end"], part["mode"]) != (start, end, mode):
            yield Violation("SPACE-01", day, end, {"known": [start, end, mode]})
        if (part["start_time"], part["end_time"]) != times:
            yield Violation("TIME-03", day, end, {"known": list(times)})
        if abs(part["price"] - price) > _NEAR or abs(part["distance"] - km) > _NEAR:
            yield Violation("COST-02", day, end, {"price": price, "km": km})


def _part_cost(day: int, part: Activity) -> Found:
    if part["mode"] == "walk":
        wrong = part["cost"] != 0
    else:
        times = part.get("tickets" if part["mode"] == "metro" else "cars")
        wrong = not _is_number(times) or abs(part["price"] * times - part["cost"]) > _NEAR
    if wrong:
        yield Violation("COST-02", day, part["end"], {"cost": part["cost"]})


def _times(day: int, activity: Activity) -> Found:
    start, end = minutes_of(activity["start_time"]), minutes_of(activity["end_time"])
    where = str(activity.get("position", activity.get("end", "")))
    if start >= end and activity["type"] not in LEGS:
        yield Violation("TIME-02", day, where)
    if activity["transports"] and start < minutes_of(activity["transports"][-1]["end_time"]):
        yield Violation("TIME-03", day, where)


def _space(day: int, activity: Activity, before: str | None) -> Found:
    here = activity["position"] if "position" in activity else activity.get("start")
    if here is None:
        yield Violation("SPACE-01", day, params={"position": "missing"})
    elif before is not None and here != before:
        parts = activity["transports"]
        if not parts or parts[0]["start"] != before or parts[-1]["end"] != here:
            yield Violation("SPACE-01", day, here, {"from": before})
