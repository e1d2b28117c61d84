"""Write a settled draft down as a plan in the benchmark's submission form."""

from collections.abc import Callable

from itinerary.planner import blocks
from itinerary.planner.concepts import Activity, Plan
from itinerary.planner.guide import Stay
from itinerary.planner.hours_of_day import DayDraft
from itinerary.planner.public_rules import minutes_of
from itinerary.planner.spec import TripSpec
from itinerary.planner.world import DAY, City, Leg, Way

FindWay = Callable[[str, str], Way | None]


class NoWay(Exception):
    """Two places follow each other between which no mode is open."""


def write_plan(
    spec: TripSpec, city: City, legs: tuple[Leg, Leg], stays: list[Stay], days: list[DayDraft], find_way: FindWay
) -> Plan | None:
    """The plan; None when two places have no open way between them."""
    writer = _Writer(spec, city, find_way)
    try:
        itinerary = [
            {"day": number, "activities": writer.day(day, number, len(days), legs, stays)}
            for number, day in enumerate(days, start=1)
        ]
    except NoWay:
        return None
    return {
        "people_number": spec.people,
        "start_city": spec.origin,
        "target_city": spec.target,
        "itinerary": itinerary,
    }


class _Writer:
    def __init__(self, spec: TripSpec, city: City, find_way: FindWay) -> None:
        self.spec, self.city, self.find_way = spec, city, find_way

    def day(self, day: DayDraft, number: int, days: int, legs: tuple[Leg, Leg], stays: list[Stay]) -> list[Activity]:
        found: list[Activity] = []
        if number == 1:
            found.append(blocks.leg_block(legs[0], self.spec.people))
        elif breakfast := self._breakfast(day, stays[number - 2]):
            found.append(breakfast)
        here, now = day.start, max(day.leaves, 0)
        for visit, (start, end) in zip(day.visits, day.times, strict=True):
            block = self._visit(visit.kind, visit.name)
            found.append(
                self._reached(blocks.timed(block, start, end), here, visit.name, self._leave(here, visit.name, now, start))
            )
            here, now = visit.name, end
        if number == days:
            leg = legs[1]
            block = blocks.leg_block(leg, self.spec.people)
            found.append(self._reached(block, here, leg.start, self._leave(here, leg.start, now, day.due - 10)))
        else:
            found.append(self._night(day, here, now, found, stays[number - 1]))
        return found

    def _leave(self, here: str, there: str, free: int, due: int) -> int:
        """Leave so as to be there a few minutes early, not before one is free."""
        return max(free, due - self._minutes(here, there) - 5)

    def _minutes(self, here: str, there: str) -> int:
        if here == there:
            return 0
        way = self.find_way(here, there)
        if way is None:
            raise NoWay
        return way.minutes

    def _reached(self, block: Activity, here: str, there: str, leaves: int) -> Activity:
        if here == there:
            return block
        way = self.find_way(here, there)
        if way is None:
            raise NoWay
        return {**block, "transports": blocks.transports(way, leaves, self.spec.people)}

    def _visit(self, kind: str, name: str) -> Activity:
        if kind == "attraction":
            return blocks.sight_block(self.city.attractions[name], self.spec.people)
        return blocks.meal_block(kind, self.city.restaurants[name], self.spec.people)

    def _breakfast(self, day: DayDraft, stay: Stay) -> Activity | None:
        """Breakfast at the hotel before leaving; none where the day begins too early or too late for it, or eats elsewhere."""
        if any(visit.kind == "breakfast" for visit in day.visits):
            return None
        first = day.times[0][0] if day.times else day.departs if day.departs is not None else 540
        end = min(day.leaves, 560)
        if end < 390 or first - end > 150:
            return None
        return blocks.timed(blocks.breakfast_block(stay.hotel), end - 30, end)

    def _night(self, day: DayDraft, here: str, now: int, before: list[Activity], stay: Stay) -> Activity:
        if not day.visits and before and before[-1]["type"] == "breakfast":
            now = minutes_of(before[-1]["end_time"])
        arrives = now + self._minutes(here, stay.hotel.name)
        block = blocks.timed(blocks.night_block(stay.hotel, stay.rooms), min(arrives, DAY - 1), DAY)
        return self._reached(block, here, stay.hotel.name, now)
