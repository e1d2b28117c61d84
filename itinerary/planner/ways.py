"""Which mode to take between any two of the places in question, all pairs at once, and what that takes and costs."""

import dataclasses

import numpy as np
import numpy.typing as npt

from itinerary.planner import geo
from itinerary.planner.world import City, Way, cars_for

Table = npt.NDArray[np.float64]
NEVER = 1e6
_MODES = ("walk", "metro", "taxi")


@dataclasses.dataclass(frozen=True)
class Policy:
    """How to choose: on foot up to `walk_km`; the metro where its walks sum to at most `metro_walk_km`; else a taxi.

    `longest` bounds a mode by the kilometres of the whole way, 0 closing it. With `cheap` the metro is taken wherever
    there is one, without it only where a taxi does not save more than `patience` minutes.
    """

    walk_km: float = 0.9
    metro_walk_km: float = 1.4
    patience: float = 40.0
    cheap: bool = False
    longest: tuple[float, float, float] = (float("inf"), float("inf"), float("inf"))


class Ways:
    """Minutes and yuan (for the party) between numbered places under a policy."""

    def __init__(self, city: City, places: list[str], people: int, policy: Policy) -> None:
        self.city, self.places, self.policy = city, places, policy
        points = [city.point(place) for place in places]
        km = city.tariff.km(points, points)
        apart = np.array([float(city.apart.get(place, 0)) for place in places])
        apart = np.maximum(apart[:, None], apart[None, :])
        walk_min, walk_open = city.tariff.walk(km), (km <= policy.longest[0]) & (apart == 0)
        taxi_min, taxi_open = np.maximum(city.tariff.drive(km), apart), np.round(km, 2) <= policy.longest[2]
        taxi_cost = _taxi(km) * cars_for(people)
        metro_min, metro_cost, metro_walk, metro_km = self._metro(points, people)
        metro_open = np.isfinite(metro_km) & (metro_km <= policy.longest[1])
        on_foot = walk_open & (km <= max(policy.walk_km, city.tariff.walks_up_to))
        by_metro = metro_open & (metro_walk <= policy.metro_walk_km) & ~on_foot
        if not policy.cheap:
            by_metro &= ~taxi_open | (metro_min <= taxi_min + policy.patience)
        else:
            by_metro &= ~taxi_open | (metro_cost < taxi_cost)
        by_taxi = taxi_open & ~on_foot & ~by_metro
        rest_metro = metro_open & ~on_foot & ~by_metro & ~by_taxi
        rest_walk = walk_open & ~on_foot & ~by_metro & ~by_taxi & ~rest_metro
        choices = [on_foot | rest_walk, by_metro | rest_metro, by_taxi]
        self.mode = np.select(choices, [0, 1, 2], default=-1)
        self.minutes: Table = np.select(choices, [walk_min, metro_min, taxi_min], default=NEVER)
        self.cost: Table = np.select(choices, [np.zeros_like(km), metro_cost, taxi_cost], default=NEVER)
        self.walked: Table = np.select(choices, [km, metro_walk, np.zeros_like(km)], default=0.0)
        self.km: Table = km

    def _metro(self, points: list[geo.Point], people: int) -> tuple[Table, Table, Table, Table]:
        """Minutes, yuan, kilometres on foot and in all; infinite where there is none."""
        size = len(points)
        if not self.city.stations:
            never = np.full((size, size), np.inf)
            return never, never, never, never
        near = [self.city.nearest_station(place) for place in self.places]
        stops = [self.city.stations[index][1] for index, _km in near]
        foot = np.array([km for _index, km in near])
        rail = geo.distances_km(stops, stops)
        foot_min = np.floor(foot / 5.0 * 60)
        minutes = foot_min[:, None] + np.floor(rail / 30.0 * 60) + foot_min[None, :]
        feet = np.round(foot, 2)
        walked = feet[:, None] + feet[None, :]
        names = [self.city.stations[index] for index, _km in near]
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        which = np.array([numbers[name] for name in names])
        nowhere = which[:, None] == which[None, :]
        cost = _metro_price(rail) * people
        for table in (minutes, cost, walked):
            table[nowhere] = np.inf
        return minutes, cost, walked, walked + np.round(rail, 2)

    def way(self, one: int, other: int) -> Way | None:
        """The chosen way."""
        mode = int(self.mode[one, other])
        return self.city.way(self.places[one], self.places[other], _MODES[mode]) if mode >= 0 else None


def _taxi(km: Table) -> Table:
    price = np.where(km <= 10, 11.0 + (km - 1.8) * 3.5, 11.0 + 8.2 * 3.5 + (km - 10) * 4.5)
    return np.where(km <= 1.8, 11.0, price)


def _metro_price(km: Table) -> Table:
    steps = np.array([4, 9, 14, 21, 28, 37, 48, 61])
    return np.where(km <= 61, np.searchsorted(steps, km) + 2.0, 9 + (km - 61 + 14) // 15)
