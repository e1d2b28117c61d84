"""Whether a plan may be sold: what an agency would be ashamed of although it can be carried out.

Leave after 06:00; 30 minutes before a train and 75 before a flight; no hidden night; a visit not shorter than its minimum;
beds for all; the hotel by 23:00, every night; at most 8 km on foot a day; at most 2.5 hours with nothing to do.
"""

import dataclasses
import itertools

from itinerary.planner.catalogue import Violation
from itinerary.planner.concepts import Activity, Plan
from itinerary.planner.public_rules import LEGS, Found, Request, minutes_of
from itinerary.planner.world import Leg, World


@dataclasses.dataclass(frozen=True)
class Limits:
    """The limits, in minutes (of the day, or long) and kilometres; an agency may set its own."""

    earliest: int = 360
    before_train: int = 30
    before_flight: int = 75
    hotel_by: int = 1380
    walk_km: float = 8.0
    idle: int = 150

    def before(self, kind: str) -> int:
        """Minutes to be at the station or airport before departure."""
        return self.before_flight if kind == "airplane" else self.before_train


USUAL = Limits()


def violations(world: World, request: Request, plan: Plan, limits: Limits = USUAL) -> list[Violation]:
    """What forbids selling a plan that passes the public rules."""
    found: list[Violation] = []
    days = plan["itinerary"]
    for number, day in enumerate(days, start=1):
        activities = day["activities"]
        found += _day(world, request, number, activities, limits)
        if number < len(days) and not (activities and activities[-1]["type"] == "accommodation"):
            found.append(Violation("STAY-01", number))
    return found


def _day(world: World, request: Request, day: int, activities: list[Activity], limits: Limits) -> Found:
    walked = sum(part["distance"] for activity in activities for part in activity["transports"] if part["mode"] == "walk")
    if walked > limits.walk_km:
        yield Violation("SPACE-02", day, params={"km": round(walked, 2)})
    for activity in activities:
        first = activity["transports"][0]["start_time"] if activity["transports"] else activity["start_time"]
        if minutes_of(first) < limits.earliest:
            yield Violation("TIME-08", day, _where(activity), {"start": first})
        if activity["type"] in LEGS:
            yield from _leg(world, request, day, activity, limits)
        elif activity["type"] == "attraction":
            yield from _visit(world, request, day, activity)
        elif activity["type"] == "accommodation":
            yield from _night(request, day, activity, limits)
    yield from _idle(day, activities, limits)


def _where(activity: Activity) -> str:
    return str(activity.get("position") or activity.get("start", ""))


def _leg(world: World, request: Request, day: int, activity: Activity, limits: Limits) -> Found:
    leg = known_leg(world, request, activity)
    if leg is None or not leg.same_day:
        yield Violation("TIME-05", day, _where(activity))
    if activity["transports"]:
        spare = minutes_of(activity["start_time"]) - minutes_of(activity["transports"][-1]["end_time"])
        if spare < limits.before(activity["type"]):
            yield Violation("TIME-04", day, _where(activity), {"spare": spare})


def known_leg(world: World, request: Request, activity: Activity) -> Leg | None:
    """The leg an activity stands for, in either direction."""
    number = activity.get("TrainID") or activity.get("FlightID")
    cities = (request["start_city"], request["target_city"])
    for pair in (cities, cities[::-1]):
        for leg in world.between(*pair):
            if (leg.number, leg.start, leg.end) == (number, activity["start"], activity["end"]):
                return leg
    return None


def _visit(world: World, request: Request, day: int, activity: Activity) -> Found:
    attraction = world.cities[request["target_city"]].attractions[activity["position"]]
    stay = minutes_of(activity["end_time"]) - minutes_of(activity["start_time"])
    if stay < attraction.visit:
        yield Violation("TIME-07", day, attraction.name, {"minutes": stay, "least": attraction.visit})


def _night(request: Request, day: int, activity: Activity, limits: Limits) -> Found:
    if activity["rooms"] * activity["room_type"] < request["people_number"]:
        yield Violation("STAY-02", day, activity["position"], {"beds": activity["rooms"] * activity["room_type"]})
    if minutes_of(activity["start_time"]) > limits.hotel_by:
        yield Violation("TIME-08", day, activity["position"], {"start": activity["start_time"]})


def _idle(day: int, activities: list[Activity], limits: Limits) -> Found:
    for before, after in itertools.pairwise(activities):
        gap = minutes_of(after["start_time"]) - minutes_of(before["end_time"])
        if gap > limits.idle:
            yield Violation("TIME-09", day, _where(after), {"minutes": gap})
