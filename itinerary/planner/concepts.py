"""The words of the constraint language: what a constraint may ask about a plan, its activities and the city.

The names and their results, odd ones included, are those of the public ChinaTravel benchmark ("concept functions"), so
that a constraint written for it means the same here. A plan and its activities are the mappings of its submission form.
"""

from collections.abc import Callable
from typing import Any

from itinerary.planner.world import City, World

# Limits in wishes are often the distance of one hotel to the last digit, worked out by another implementation of the
# geodesic; ours agrees to 0.05 mm, so a distance is asked about a tenth of a millimetre short.
_HAIR = 1e-7

Activity = dict[str, Any]
Plan = dict[str, Any]
_CITIES = ["上海", "北京", "深圳", "广州", "重庆", "成都", "杭州", "武汉", "南京", "苏州"]


def concepts(world: World) -> dict[str, Callable[..., Any]]:
    """Every function a constraint may call, by name. What is asked of an unknown city raises KeyError."""
    return {**_PLAIN, **_of_places(world)}


def _of_places(world: World) -> dict[str, Callable[..., Any]]:
    def city_of(name: str) -> City:
        return world.cities[name]

    def poi_recommend_time(city: str, poi: str) -> int:
        return city_of(city).attractions[poi].visit

    def poi_distance(city: str, one: str, other: str, start_time: str = "00:00", transport_type: str = "walk") -> float:
        way = city_of(city).way(one, other, transport_type)
        if way is None:
            raise ValueError(f"no way from {one} to {other}")
        km = way.parts[0][5]
        return max(km - _HAIR, 0.0) if transport_type == "walk" else km

    def restaurant_type(activity: Activity, city: str) -> str:
        found = city_of(city).restaurants.get(activity["position"])
        return found.cuisine if found else "empty"

    def attraction_type(activity: Activity, city: str) -> str:
        found = city_of(city).attractions.get(activity["position"])
        return found.kind if found else ""

    def accommodation_type(activity: Activity, city: str) -> str:
        found = city_of(city).hotels.get(activity["position"])
        return found.feature if found else ""

    return {
        "poi_recommend_time": poi_recommend_time,
        "poi_distance": poi_distance,
        "restaurant_type": restaurant_type,
        "attraction_type": attraction_type,
        "accommodation_type": accommodation_type,
    }


def day_count(plan: Plan) -> int:
    """Days of the plan."""
    return len(plan["itinerary"])


def allactivities(plan: Plan) -> list[Activity]:
    """All activities in order."""
    return [activity for day in plan["itinerary"] for activity in day["activities"]]


def dayactivities(plan: Plan, day: int) -> list[Activity]:
    """The activities of one day, the first being 1."""
    return list(plan["itinerary"][day - 1]["activities"])


def activity_time(activity: Activity) -> int:
    """Minutes from start to end; -1 when either is missing."""
    start, end = activity.get("start_time"), activity.get("end_time")
    return _minutes(end) - _minutes(start) if start and end else -1


def _minutes(clock: str) -> int:
    hours, rest = map(int, clock.split(":"))
    return hours * 60 + rest


def innercity_transport_cost(transports: list[Activity], node: str | None = None) -> Any:
    """What the party pays for the way; with `node`, the parts whose "type" it is."""
    return sum(part.get("cost", 0) for part in transports if node is None or part.get("type") == node)


def innercity_transport_distance(transports: list[Activity], mode: str | None = None) -> Any:
    """Kilometres of the way."""
    return sum(part.get("distance", 0) for part in transports if mode is None or part.get("type") == mode)


def innercity_transport_time(transports: list[Activity], mode: str | None = None) -> int:
    """Minutes on the way."""
    return sum(_minutes(part["end_time"]) - _minutes(part["start_time"]) for part in transports)


def innercity_transport_type(transports: list[Activity]) -> str:
    """metro, taxi or walk; "empty" where there is no way."""
    if len(transports) == 3:
        return str(transports[1]["mode"])
    return str(transports[0]["mode"]) if len(transports) == 1 else "empty"


def taxi_cars(transports: list[Activity]) -> Any:
    """Cars of the first part."""
    return transports[0]["cars"] if transports and "cars" in transports[0] else "invalid input"


def _city_in(activity: Activity, key: str) -> str:
    return next((city for city in _CITIES if city in activity[key]), "") if key in activity else ""


def _field(key: str, default: Any) -> Callable[[Activity], Any]:
    return lambda activity: activity.get(key, default)


_PLAIN: dict[str, Callable[..., Any]] = {
    "day_count": day_count,
    "people_count": lambda plan: plan["people_number"],
    "start_city": lambda plan: plan["start_city"],
    "target_city": lambda plan: plan["target_city"],
    "allactivities": allactivities,
    "allactivities_count": lambda plan: len(allactivities(plan)),
    "dayactivities": dayactivities,
    "activity_position": _field("position", ""),
    "activity_cost": _field("cost", 0),
    "activity_price": _field("price", 0),
    "activity_type": _field("type", ""),
    "activity_tickets": _field("tickets", 0),
    "activity_transports": lambda activity: list(activity.get("transports", [])),
    "activity_start_time": _field("start_time", None),
    "activity_end_time": _field("end_time", None),
    "activity_time": activity_time,
    "room_count": _field("rooms", 0),
    "room_type": _field("room_type", 0),
    "metro_tickets": lambda transports: transports[1]["tickets"],
    "taxi_cars": taxi_cars,
    "innercity_transport_cost": innercity_transport_cost,
    "innercity_transport_price": lambda transports: sum(part["price"] for part in transports),
    "innercity_transport_distance": innercity_transport_distance,
    "innercity_transport_time": innercity_transport_time,
    "innercity_transport_type": innercity_transport_type,
    "innercity_transport_start_time": lambda transports: transports[0]["start_time"],
    "innercity_transport_end_time": lambda transports: transports[-1]["end_time"],
    "intercity_transport_type": _field("type", "empty"),
    "intercity_transport_origin": lambda activity: _city_in(activity, "start"),
    "intercity_transport_destination": lambda activity: _city_in(activity, "end"),
}
