"""What the planner knows of the world: cities with their resources, the ways inside a city, the legs between cities.

Plain values: the world is filled from the catalogue's tables or from files, and never asks for more.
Times are minutes after midnight, prices yuan per person (per room for hotels), coordinates WGS-84 degrees.
"""

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np

from itinerary.planner import geo, roads

DAY = 1440


class UnknownPlace(Exception):
    """A name that stands for no place of the city."""


@dataclasses.dataclass(frozen=True, slots=True)
class Attraction:
    """A sight. `closes` is over 1440 when it closes after midnight; `visit` is the shortest sensible visit in minutes.

    `stretch`: how long a visit may be drawn out to bridge a gap. `draw`: how much it is wanted, where that is known better
    than by its rank. `shut`: days of the trip (from 1) on which it is closed or sold out.
    """

    name: str
    kind: str
    opens: int
    closes: int
    price: float
    visit: int
    visit_most: int
    rank: int
    stretch: int = 300
    draw: float = 0.0
    shut: frozenset[int] = frozenset()


@dataclasses.dataclass(frozen=True, slots=True)
class Restaurant:
    """A place to eat; `price` per head. `spans` are its hours where it closes in between, `shut` as for sights."""

    name: str
    cuisine: str
    opens: int
    closes: int
    price: float
    rank: int
    spans: tuple[tuple[int, int], ...] = ()
    shut: frozenset[int] = frozenset()


@dataclasses.dataclass(frozen=True, slots=True)
class Hotel:
    """A hotel with one kind of room: `beds` per room, `price` per room and night."""

    name: str
    feature: str
    price: float
    beds: int
    rank: int


@dataclasses.dataclass(frozen=True, slots=True)
class Leg:
    """A train or flight. `minutes` is the true duration, so that a day change shows even where the clock hides it."""

    kind: str  # train or airplane
    number: str
    start: str
    end: str
    departs: int
    arrives: int
    minutes: float
    price: float

    @property
    def same_day(self) -> bool:
        """Whether it arrives on the day of departure, by the duration and by the clock."""
        return self.departs < self.arrives and self.departs + self.minutes < DAY


@dataclasses.dataclass(frozen=True, slots=True)
class Way:
    """How to get from one place to another by one mode, apart from the hour.

    `parts` are (start, end, mode, minutes, price, km): one part for a walk or a taxi, three for the metro.
    """

    mode: str
    parts: tuple[tuple[str, str, str, int, float, float], ...]

    @property
    def minutes(self) -> int:
        """Door to door."""
        return sum(part[3] for part in self.parts)

    @property
    def walk_km(self) -> float:
        """What is walked of it."""
        return sum(part[5] for part in self.parts if part[2] == "walk")

    @property
    def km(self) -> float:
        """The whole length."""
        return sum(part[5] for part in self.parts)

    def price(self, people: int) -> float:
        """What the party pays: a taxi per car of four, the metro per head."""
        paid = sum(part[4] for part in self.parts)
        return paid * (cars_for(people) if self.mode == "taxi" else people)


def cars_for(people: int) -> int:
    """Taxis a party needs."""
    return (people + 3) // 4


def taxi_price(km: float) -> float:
    """Tariff of a taxi by distance (11 yuan to 1.8 km, 3.5 a km to 10, then 4.5)."""
    if km <= 1.8:
        return 11.0
    if km <= 10:
        return 11.0 + (km - 1.8) * 3.5
    return 11.0 + (10 - 1.8) * 3.5 + (km - 10) * 4.5


_METRO_STEPS = ((4, 2), (9, 3), (14, 4), (21, 5), (28, 6), (37, 7), (48, 8), (61, 9))


def metro_price(km: float) -> float:
    """Tariff of the metro by straight distance between the stations."""
    for most, price in _METRO_STEPS:
        if km <= most:
            return price
    return 9 + (km - 61 + 14) // 15


class City:
    """The resources of one city and the ways between its places.

    `apart` are places a fixed number of minutes away from all others: an airport whose coordinates nobody knows.
    """

    def __init__(
        self,
        name: str,
        places: dict[str, geo.Point],
        stations: list[tuple[str, geo.Point]],
        tariff: roads.Tariff = roads.PUBLIC,
        apart: Mapping[str, int] | None = None,
    ) -> None:
        self.tariff, self.apart = tariff, dict(apart or {})
        self.name = name
        self.places = places
        self.stations = stations
        self.attractions: dict[str, Attraction] = {}
        self.restaurants: dict[str, Restaurant] = {}
        self.hotels: dict[str, Hotel] = {}
        self._nearest: dict[str, tuple[int, float]] = {}
        self._ways: dict[tuple[str, str, str], Way | None] = {}
        self._km: dict[tuple[str, str], float] = {}
        self._rails: dict[tuple[int, int], float] = {}

    def point(self, place: str) -> geo.Point:
        """Its coordinates. UnknownPlace."""
        if place not in self.places:
            raise UnknownPlace(place)
        return self.places[place]

    def km(self, one: str, other: str) -> float:
        """Straight distance between two places."""
        if (one, other) not in self._km:
            self._km[one, other] = float(self.tariff.km([self.point(one)], [self.point(other)])[0, 0])
        return self._km[one, other]

    def learn(self, names: Iterable[str]) -> None:
        """Work out the distances among these places and their metro stations at once, far faster than pair by pair."""
        known = [name for name in dict.fromkeys(names) if name in self.places]
        points = [self.places[name] for name in known]
        table = self.tariff.km(points, points).tolist()
        for one, row in zip(known, table, strict=True):
            for other, km in zip(known, row, strict=True):
                self._km[one, other] = km
        self._learn_stations([name for name in known if name not in self._nearest])

    def learn_from(self, place: str, names: Iterable[str]) -> None:
        """Work out the distances between one place and others."""
        known = [name for name in names if name in self.places and (place, name) not in self._km]
        if known and place in self.places:
            row = self.tariff.km([self.places[place]], [self.places[name] for name in known])[0].tolist()
            for name, km in zip(known, row, strict=True):
                self._km[place, name] = self._km[name, place] = km

    def nearest_station(self, place: str) -> tuple[int, float]:
        """The number of the nearest metro station and its distance in kilometres. UnknownPlace."""
        if place not in self._nearest:
            self.point(place)
            self._learn_stations([*self.attractions, *self.restaurants, *self.hotels] if not self._nearest else [place])
            if place not in self._nearest:
                self._learn_stations([place])
        return self._nearest[place]

    def _learn_stations(self, names: list[str]) -> None:
        if not names or not self.stations:
            return
        names = [name for name in dict.fromkeys(names) if name in self.places]
        which, km = geo.nearest([self.places[name] for name in names], [point for _name, point in self.stations])
        self._nearest.update({name: (int(which[row]), float(km[row])) for row, name in enumerate(names)})

    def way(self, start: str, end: str, mode: str) -> Way | None:
        """The way by that mode; None when there is none (metro with one and the same station). UnknownPlace."""
        key = (start, end, mode)
        if key not in self._ways:
            self._ways[key] = self._find_way(start, end, mode)
        return self._ways[key]

    def _find_way(self, start: str, end: str, mode: str) -> Way | None:
        if mode == "metro":
            return self._by_metro(start, end)
        km = self.km(start, end)
        table = np.array([[km]])
        if mode == "walk":
            return Way(mode, ((start, end, mode, int(self.tariff.walk(table)[0, 0]), 0.0, km),))
        minutes = max(int(self.tariff.drive(table)[0, 0]), self.apart.get(start, 0), self.apart.get(end, 0))
        return Way(mode, ((start, end, mode, minutes, round(taxi_price(km), 2), round(km, 2)),))

    def _by_metro(self, start: str, end: str) -> Way | None:
        self.point(start), self.point(end)
        if not self.stations:
            return None
        (first, to_first), (last, from_last) = self.nearest_station(start), self.nearest_station(end)
        if self.stations[first] == self.stations[last]:
            return None
        if (first, last) not in self._rails:
            self._rails[first, last] = geo.distance_km(self.stations[first][1], self.stations[last][1])
        km = self._rails[first, last]
        enter, leave = self.stations[first][0] + "-地铁站", self.stations[last][0] + "-地铁站"
        return Way(
            "metro",
            (
                (start, enter, "walk", geo.minutes_at(to_first, 5.0), 0.0, round(to_first, 2)),
                (enter, leave, "metro", geo.minutes_at(km, 30.0), metro_price(km), round(km, 2)),
                (leave, end, "walk", geo.minutes_at(from_last, 5.0), 0.0, round(from_last, 2)),
            ),
        )


@dataclasses.dataclass
class World:
    """All cities and the legs between them; `defects` counts what was refused on reading, by reason."""

    cities: dict[str, City]
    legs: dict[tuple[str, str], list[Leg]]
    defects: dict[str, int] = dataclasses.field(default_factory=dict)

    def between(self, origin: str, target: str) -> list[Leg]:
        """Trains and flights from one city to the other, by departure."""
        return self.legs.get((origin, target), [])
