"""The choices before the search: the pair of legs, the hotels of the nights, the places worth trying."""

import dataclasses
import itertools
import math
import operator
from collections.abc import Callable, Iterator

import numpy as np

from itinerary.planner.guide import Guide, Need, Stay
from itinerary.planner.sellable_rules import USUAL, Limits
from itinerary.planner.timed_needs import ANY_TIME
from itinerary.planner.timing import Stop
from itinerary.planner.world import DAY, Attraction, Leg, Restaurant

LATEST_ARRIVAL = 1320
MEAL_SPAN = {"breakfast": (360, 540), "lunch": (660, 840), "dinner": (1020, 1200)}
_MEAL_LENGTH = {"breakfast": 30, "lunch": 60, "dinner": 60}


@dataclasses.dataclass(frozen=True)
class Taste:
    """How an attempt weighs things: `thrift` yuan against comfort, `early` an early way back, `sights` wanted a day."""

    thrift: float = 0.3
    early: bool = False
    sights: int = 6
    meals: bool = True
    strict: bool = True  # the sellable rules decide which legs are open
    near: float = 1.5  # points a sight loses per kilometre from the hotel
    by_station: bool = False  # a hotel within walking distance of the stations


def leg_pairs(guide: Guide, taste: Taste, limits: Limits = USUAL) -> Iterator[tuple[Leg, Leg]]:
    """Pairs of legs there and back, best first, that meet the wishes about legs."""
    days = guide.spec.days
    go = [leg for leg in guide.go if not taste.strict or _sellable(leg, limits, days > 1)]
    back = [leg for leg in guide.back if not taste.strict or _sellable(leg, limits, False)]
    if not go or not back:
        return
    people = guide.spec.people
    cost = np.array([leg.price for leg in go])[:, None] + np.array([leg.price for leg in back])[None, :]
    cost *= people
    loss = np.array([_late(leg) for leg in go])[:, None] + np.array([_soon(leg, taste.early) for leg in back])[None, :]
    score = loss * (0.25 + 0.15 * people) + cost * weight_of(guide, taste, "leg")
    if taste.thrift >= 4 and _counts(guide, "way"):
        remote = _Remoteness(guide, taste.by_station)
        score += 60 * (
            np.array([remote.km(leg.end) for leg in go])[:, None] + np.array([remote.km(leg.start) for leg in back])[None, :]
        )
    for cap in guide.caps:
        if cap.over == {"leg"} and not cap.counts:
            score[(cost > cap.most) | (cost < cap.least)] = math.inf
    if days == 1:
        gap = np.array([leg.departs for leg in back])[None, :] - np.array([leg.arrives for leg in go])[:, None]
        score[gap < 90] = math.inf
    for flat in np.argsort(score, axis=None, kind="stable").tolist():
        one, other = divmod(flat, len(back))
        if math.isinf(score[one, other]):
            return
        if guide.pair_fits(go[one], back[other]):
            yield go[one], back[other]


def _counts(guide: Guide, part: str) -> bool:
    return any(part in cap.over for cap in guide.caps)


def weight_of(guide: Guide, taste: Taste, part: str) -> float:
    """What a yuan weighs: all of the taste's thrift only where a wish counts this part."""
    return taste.thrift if _counts(guide, part) else min(taste.thrift, 0.5)


class _Remoteness:
    """How far a station is from the nearest open hotel (where one walks there) or from the nearest metro."""

    def __init__(self, guide: Guide, by_hotel: bool) -> None:
        self.guide, self.by_hotel = guide, by_hotel
        self.points = np.array([guide.city.point(stay.hotel.name) for stay in guide.hotels] or [(0.0, 0.0)])
        self.known: dict[str, float] = {}

    def km(self, station: str) -> float:
        """Kilometres, on a flat map to hotels."""
        if station not in self.known:
            self.known[station] = self._to_hotel(station) if self.by_hotel else self._to_metro(station)
        return self.known[station]

    def _to_hotel(self, station: str) -> float:
        north, east = self.guide.city.point(station)
        return float(np.hypot((self.points[:, 0] - north) * 111, (self.points[:, 1] - east) * 95).min())

    def _to_metro(self, station: str) -> float:
        return self.guide.city.nearest_station(station)[1] if self.guide.city.stations else 0.0


def _sellable(leg: Leg, limits: Limits, to_hotel: bool) -> bool:
    return (
        leg.same_day
        and leg.departs >= limits.earliest + (0 if to_hotel else 40)
        and (not to_hotel or leg.arrives <= LATEST_ARRIVAL)
    )


def _late(leg: Leg) -> float:
    """Minutes lost by a leg there: a late arrival, a very early start."""
    return max(leg.arrives - 690, 0) + max(450 - leg.departs, 0) * 1.5 + (DAY if not leg.same_day else 0)


def _soon(leg: Leg, early: bool) -> float:
    """Minutes lost by a leg back."""
    if early:
        return abs(leg.departs - 660)
    return (
        max(1050 - leg.departs, 0)
        + max(leg.departs - 1200, 0) * 0.7
        + max(leg.arrives - 1380, 0)
        + (DAY if not leg.same_day else 0)
    )


def stays(guide: Guide, taste: Taste, middle: tuple[float, float]) -> Iterator[list[Stay]]:
    """Hotels for the nights, best first: one for all nights, or several where the wishes name several."""
    nights = guide.spec.days - 1
    if not nights:
        yield []
        return
    allowed = set(guide.hotels)
    for cap in guide.caps:
        if "hotel" in cap.over and not cap.counts:
            allowed = {stay for stay in allowed if stay.hotel.price * stay.rooms * nights <= cap.most}
    groups = [need & set(guide.hotels) for need in guide.hotel_needs]
    common = allowed.intersection(*groups) if groups else allowed

    def score(stay: Stay) -> tuple[float, int]:
        north, east = guide.city.point(stay.hotel.name)
        km = math.hypot((north - middle[0]) * 111, (east - middle[1]) * 95)
        yuan = stay.hotel.price * stay.rooms * nights
        weight = weight_of(guide, taste, "hotel")
        return km * 25 + (yuan * weight if taste.thrift >= 1 else abs(stay.hotel.price - 380) * 0.25), stay.hotel.rank

    last = allowed if guide.last_stays is None else allowed & guide.last_stays
    ranked = sorted(common & last, key=score)
    for stay in ranked:
        yield [stay] * nights
    if not ranked:
        yield from _moving(groups, last, nights, score)
        if not groups and guide.last_stays and nights > 1:  # dear only where the last night is bound: cheap before it
            dearness = operator.methodcaller("cost")
            cheapest = min(guide.hotels, key=dearness)
            for final in sorted(guide.last_stays & set(guide.hotels), key=dearness)[:3]:
                yield [*[cheapest] * (nights - 1), final]


def _moving(
    groups: list[set[Stay]], last: set[Stay], nights: int, score: Callable[[Stay], tuple[float, int]]
) -> Iterator[list[Stay]]:
    """Nights in several hotels, where no single one meets all wishes: the last night as bound, the others before it."""
    for final in sorted(last, key=score)[:40]:
        before = [group for group in groups if final not in group]
        if len(before) >= nights or any(not group for group in before):
            continue
        for combination in itertools.product(*(sorted(group, key=score)[:3] for group in before)):
            yield [*combination, *[final] * (nights - len(combination))]


def sight_stop(attraction: Attraction, need: Need | None, floor: int = 30) -> Stop | None:
    """When a sight can be visited, a wish about its times included; None when it cannot."""
    least = max(attraction.visit, floor)
    most = max(attraction.visit_most, least, attraction.stretch)
    return _bounded(attraction.opens, attraction.closes, least, most, need, (0, DAY))


def meal_stop(kind: str, restaurant: Restaurant, need: Need | None) -> Stop | None:
    """When a meal can be had; with a wish about its times the wider limits of the public rules count."""
    first, last = MEAL_SPAN[kind]
    restaurant = _within(restaurant, first, last)
    length = _MEAL_LENGTH[kind]
    if need is None or need.timing == dataclasses.replace(ANY_TIME, least=need.timing.least, most=need.timing.most):
        return _bounded(max(restaurant.opens, first), min(restaurant.closes, last), length, length + 45, need, (0, DAY))
    return _bounded(restaurant.opens, restaurant.closes, length, 240, need, (first + 1, last - 1))


def _within(restaurant: Restaurant, first: int, last: int) -> Restaurant:
    """The restaurant with the one of its spans that shares most with the hours of a meal."""
    if not restaurant.spans:
        return restaurant
    opens, closes = max(restaurant.spans, key=lambda span: min(span[1], last) - max(span[0], first))
    return dataclasses.replace(restaurant, opens=opens, closes=closes, spans=())


def _bounded(opens: int, closes: int, least: int, most: int, need: Need | None, meal: tuple[int, int]) -> Stop | None:
    """`meal`: the earliest end and the latest start."""
    start_from, start_by = max(opens, 0), min(closes, DAY - 5) - least
    end_from, end_by = meal[0], min(closes, DAY - 5)
    start_by = min(start_by, meal[1])
    if need is not None:
        timing = need.timing
        least, most = max(least, timing.least), min(most, timing.most) if timing.most < DAY else max(most, timing.least)
        start_from, start_by = max(start_from, timing.start_from), min(start_by, timing.start_by, end_by - least)
        end_from, end_by = max(end_from, timing.end_from), min(end_by, timing.end_by)
        if end_from > start_by + most:
            most = end_from - start_by
    if start_from > start_by or end_from > end_by or most < least or start_from + least > end_by:
        return None
    return Stop(start_from, start_by, end_from, end_by, least, max(most, least))


def as_node(stop: Stop, typical: int) -> tuple[float, float, float]:
    """(opens, closes, length) for the tour search: a visit of fixed length that meets the bounds whenever it starts within."""
    length = max(stop.least, min(typical, stop.most))
    if stop.start_by + length < stop.end_from:
        length = stop.end_from - stop.start_by
    opens = max(stop.start_from, stop.end_from - length)
    closes = min(stop.start_by, stop.end_by - length)
    if closes < opens:
        length = stop.least
        opens, closes = max(stop.start_from, stop.end_from - length), min(stop.start_by, stop.end_by - length)
    if closes < opens:
        length = stop.end_from - stop.start_by
        opens, closes = stop.start_from, min(stop.start_by, stop.end_by - length)
    return float(opens), float(closes), float(length)
