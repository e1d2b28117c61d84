"""A trip through several cities: each city is a trip of its own to the planner, joined by the leg that both share.

The last morning of a city and the first afternoon of the next are one day: the earlier part leaves by the leg, the later one
arrives by it. Where nobody knows a leg (no origin was named, no line is in the library) a stand-in frames the days and is
not shown: `Leg.number` begins with OWN for a traveller who comes by himself, with ROAD for a drive along the road.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from itinerary.planner.catalogue import Violation
from itinerary.planner.planner import Effort, Planner
from itinerary.planner.public_rules import LEGS, minutes_of
from itinerary.planner.roads import STREETS
from itinerary.planner.spec import Answer, Locked, Reason, Relaxation, TripSpec
from itinerary.planner.world import City, Leg, World

OWN, ROAD = "own:", "road:"
HOME = "\u2302"  # the pseudo city that a part comes from and leaves to
GATE = "\u2302 "  # prefix of a stand-in's place in a city
ARRIVES, DEPARTS = 530, 1140  # of a traveller who comes by himself
MORNING = 720  # the next city is reached by a leg before noon where there is one
LINK_LEAVES = 540
SEVERAL = 0.6  # of the effort of one city, for each of several


@dataclasses.dataclass(frozen=True)
class Part:
    """One city and the nights spent there; `locked` counts days of the whole trip."""

    city: City
    nights: int


@dataclasses.dataclass(frozen=True)
class Journey:
    """The parts in order; legs by (from, to) of city names, the origin's included; `origin` is "" where none is known.

    `arrives` and `departs` frame the trip of a traveller who comes by himself, in minutes of the first and the last day.
    """

    parts: Sequence[Part]
    origin: str = ""
    legs: Mapping[tuple[str, str], Sequence[Leg]] = dataclasses.field(default_factory=dict)
    arrives: int = ARRIVES
    departs: int = DEPARTS


@dataclasses.dataclass(frozen=True)
class Item:
    """One activity of a day with its times in minutes; `city` is where it is looked up."""

    day: int
    kind: str
    name: str
    start: int
    end: int
    city: str


@dataclasses.dataclass(frozen=True)
class Chained:
    """The plan of the whole trip, why it is as it is, what forbids a better one. `items` is empty where nothing was found."""

    items: list[Item]
    reasons: list[Reason]
    core: list[Violation]
    relaxations: list[Relaxation]
    advice: list[Violation]


def plan_journey(journey: Journey, base: TripSpec, wishes: Mapping[str, tuple[str, ...]], effort: Effort) -> Chained:
    """Plan city by city. `base` holds what all share (people, day frame, locked, seed); `wishes` those of each city."""
    found = Chained([], [], [], [], [])
    first, arriving = 1, _coming(journey)
    share = effort if len(journey.parts) == 1 else dataclasses.replace(effort, seconds=effort.seconds * SEVERAL)
    for number, part in enumerate(journey.parts):
        leaving = _leaving(journey, number)
        spec = dataclasses.replace(
            base, origin=HOME, target=part.city.name, days=part.nights + 1, wishes=wishes.get(part.city.name, ()),
            locked=_locked(base.locked, first, part.nights + 1), per_day=_per_day(base, part),
        )  # fmt: skip
        answer = Planner(_world(part.city, arriving, leaving)).answer(spec, share)
        _take(found, answer, part.city.name, first, number > 0)
        arriving = _taken(answer, leaving) if number + 1 < len(journey.parts) else []
        first += part.nights
    return found


def _per_day(base: TripSpec, part: Part) -> int:
    """Sights a day: no more than leaves some for every day of a city with few."""
    share = -(-len(part.city.attractions) // (part.nights + 1))
    return max(1, min(base.per_day, share)) if base.per_day else 0


def _locked(locked: Sequence[Locked], first: int, days: int) -> tuple[Locked, ...]:
    inside = (lock for lock in locked if first <= lock.day < first + days)
    return tuple(dataclasses.replace(lock, day=lock.day - first + 1) for lock in inside)


def _world(city: City, arriving: Sequence[Leg], leaving: Sequence[Leg]) -> World:
    home = City(HOME, {leg.start: (0.0, 0.0) for leg in arriving} | {leg.end: (0.0, 0.0) for leg in leaving}, [])
    for leg in (*arriving, *leaving):
        for station in (leg.end, leg.start):
            city.places.setdefault(station, middle(city))
    return World({HOME: home, city.name: city}, {(HOME, city.name): list(arriving), (city.name, HOME): list(leaving)})


def middle(city: City) -> tuple[float, float]:
    """The middle of a city: the median of what is to be seen there, else of all its places."""
    names = [name for name in city.attractions if name in city.places] or list(city.places)
    if not names:
        return (0.0, 0.0)
    points = [city.places[name] for name in names]
    north, east = sorted(one[0] for one in points), sorted(one[1] for one in points)
    return north[len(north) // 2], east[len(east) // 2]


def _own(city: City, journey: Journey, arrives: bool) -> Leg:
    gate = GATE + city.name
    if arrives:
        return Leg("train", OWN + city.name, HOME, gate, journey.arrives - 30, journey.arrives, 30, 0.0)
    return Leg("train", OWN + city.name, gate, HOME, journey.departs, journey.departs + 30, 30, 0.0)


def _coming(journey: Journey) -> list[Leg]:
    city = journey.parts[0].city
    return list(journey.legs.get((journey.origin, city.name), ())) or [_own(city, journey, True)]


def _leaving(journey: Journey, number: int) -> list[Leg]:
    city = journey.parts[number].city
    if number + 1 == len(journey.parts):
        return list(journey.legs.get((city.name, journey.origin), ())) or [_own(city, journey, False)]
    following = journey.parts[number + 1].city
    known = list(journey.legs.get((city.name, following.name), ()))
    return [leg for leg in known if leg.departs <= MORNING] or known or [_road(city, following)]


def _road(city: City, following: City) -> Leg:
    minutes = int(STREETS.drive(STREETS.km([middle(city)], [middle(following)]))[0, 0])
    minutes = min(max(minutes, 15), 660)
    name = f"{ROAD}{city.name}:{following.name}"
    return Leg("train", name, GATE + city.name, GATE + following.name, LINK_LEAVES, LINK_LEAVES + minutes, minutes, 0.0)


def _taken(answer: Answer, leaving: Sequence[Leg]) -> list[Leg]:
    """The leg the part before leaves by, for the next to arrive by."""
    last = answer.plan["itinerary"][-1]["activities"][-1] if answer.plan else {}
    number = last.get("TrainID") or last.get("FlightID")
    return [leg for leg in leaving if leg.number == number][:1] or list(leaving[:1])


def _take(found: Chained, answer: Answer, city: str, first: int, joined: bool) -> None:
    """Add one city's answer, its days counted on from `first`; the leg it shares with the city before is not repeated."""
    found.core.extend(dataclasses.replace(one, params={**one.params, "city": city}) for one in answer.core)
    found.relaxations.extend(answer.relaxations)
    if answer.verdict is not None:
        moved = [*answer.verdict.public, *answer.verdict.sellable]
        found.advice.extend(dataclasses.replace(one, day=one.day + first - 1 if one.day else 0) for one in moved)
    for reason in answer.reasons:
        found.reasons.append(dataclasses.replace(reason, day=reason.day + first - 1))
    for number, day in enumerate(answer.plan["itinerary"] if answer.plan else (), start=first):
        for at, activity in enumerate(day["activities"]):
            if joined and number == first and at == 0:
                continue
            found.items.append(_item(activity, number, city))


def _item(activity: dict[str, Any], day: int, city: str) -> Item:
    start, end = minutes_of(activity["start_time"]), minutes_of(activity["end_time"])
    if activity["type"] in LEGS:
        name = str(activity.get("TrainID") or activity.get("FlightID"))
        return Item(day, activity["type"], name, start, end if end > start else end + 1440, city)
    return Item(day, activity["type"], str(activity["position"]), start, end, city)
