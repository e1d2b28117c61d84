"""A world read from an archive of tables: sights, hotels, restaurants, trains, flights, metro and coordinates by city.

The rows a planner must not use (no price, no coordinates, a second row under the same name) are counted in
`World.defects` and left out, or kept where only their first appearance is trusted.
"""

import collections
import csv
import io
import json
import math
import re
import zipfile
from typing import Any

from itinerary.planner import geo
from itinerary.planner.world import DAY, Attraction, City, Hotel, Leg, Restaurant, World

CITIES = {
    "beijing": "北京", "shanghai": "上海", "nanjing": "南京", "suzhou": "苏州", "hangzhou": "杭州", "shenzhen": "深圳",
    "chengdu": "成都", "wuhan": "武汉", "guangzhou": "广州", "chongqing": "重庆",
}  # fmt: skip
MAX_MEMBER = 50_000_000  # bytes; an archive may be hostile


class UnreadableWorld(Exception):
    """The archive is not a database of this form; the message says which file."""


def read_world(path: str) -> World:
    """The world in a ZIP of the public benchmark's database. UnreadableWorld."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _Reader(archive).world()
    except (zipfile.BadZipFile, OSError, KeyError, ValueError, UnicodeDecodeError) as error:
        raise UnreadableWorld(f"{path}: {error}") from error


def minutes(clock: str) -> int:
    """Minutes after midnight of "08:30"."""
    hours, rest = clock.strip().split(":")[:2]
    return int(hours) * 60 + int(rest)


class _Reader:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names = [name for name in archive.namelist() if not name.endswith("/")]
        self.defects: collections.Counter[str] = collections.Counter()

    def world(self) -> World:
        metro = self._json(self._one("transportation/subways.json"))
        cities = {CITIES.get(key, key): self._city(key, metro.get(key, [])) for key in self._city_keys()}
        if not cities:
            raise UnreadableWorld("no city: nothing under poi/<city>/")
        legs = self._trains(cities)
        self._flights(cities, legs)
        for found in legs.values():
            found.sort(key=lambda leg: leg.departs)
        return World(cities, legs, dict(self.defects))

    def _city_keys(self) -> list[str]:
        found = (re.search(r"(?:^|/)poi/([^/]+)/", name) for name in self.names)
        return sorted({match[1] for match in found if match})

    def _one(self, ending: str) -> str:
        for name in self.names:
            if name.endswith(ending):
                return name
        raise UnreadableWorld(f"missing: {ending}")

    def _bytes(self, name: str) -> bytes:
        if self.archive.getinfo(name).file_size > MAX_MEMBER:
            raise UnreadableWorld(f"too large: {name}")
        return self.archive.read(name)

    def _json(self, name: str) -> Any:
        return json.loads(self._bytes(name).decode("utf-8-sig"))

    def _rows(self, folder: str, key: str) -> list[dict[str, str]]:
        pattern = re.compile(rf"(?:^|/){folder}/{re.escape(key)}/[^/]+\.csv$")
        rows: list[dict[str, str]] = []
        for name in self.names:
            if pattern.search(name):
                rows += csv.DictReader(io.StringIO(self._bytes(name).decode("utf-8-sig")))
        return rows

    def _city(self, key: str, lines: list[dict[str, Any]]) -> City:
        places: dict[str, geo.Point] = {}
        for row in self._json(self._one(f"poi/{key}/poi.json")):
            if row["name"] in places:
                self.defects["place named twice"] += 1
            places[row["name"]] = (float(row["position"][0]), float(row["position"][1]))
        city = City(CITIES.get(key, key), places, _stations(lines))
        for rank, row in enumerate(self._rows("attractions", key)):
            self._add(city, city.attractions, row, lambda cells, rank=rank: _attraction(cells, rank))
        for rank, row in enumerate(self._rows("restaurants", key)):
            self._add(city, city.restaurants, row, lambda cells, rank=rank: _restaurant(cells, rank))
        for rank, row in enumerate(self._rows("accommodations", key)):
            self._add(city, city.hotels, row, lambda cells, rank=rank: _hotel(cells, rank))
        return city

    def _add(self, city: City, shelf: dict[str, Any], row: dict[str, str], make: Any) -> None:
        """The first row under a name counts; a row with an empty cell or no coordinates is refused."""
        name = row.get("name", "")
        if name in shelf:
            self.defects["resource named twice"] += 1
        elif any(not (cell or "") for key, cell in row.items() if key in _NEEDED):
            self.defects["empty cell"] += 1
        elif name not in city.places:
            self.defects["resource without coordinates"] += 1
        else:
            try:
                shelf[name] = make(row)
            except (ValueError, KeyError):
                self.defects["unreadable row"] += 1

    def _trains(self, cities: dict[str, City]) -> dict[tuple[str, str], list[Leg]]:
        legs: dict[tuple[str, str], list[Leg]] = collections.defaultdict(list)
        for name in self.names:
            match = re.search(r"from_(.+)_to_(.+)\.json$", name)
            if match and match[1] in cities and match[2] in cities:
                origin, target = cities[match[1]], cities[match[2]]
                for row in self._json(name):
                    self._add_leg(legs[match[1], match[2]], row, "train", row.get("TrainID"), (origin, target))
        return legs

    def _flights(self, cities: dict[str, City], legs: dict[tuple[str, str], list[Leg]]) -> None:
        text = self._bytes(self._one("airplane.jsonl")).decode("utf-8-sig")
        for line in text.splitlines():
            if not line.strip():
                continue
            row = json.loads(line)
            for origin in (city for city in cities if city in row["From"]):
                for target in (city for city in cities if city in row["To"] and city != origin):
                    pair = (cities[origin], cities[target])
                    self._add_leg(legs[origin, target], row, "airplane", row.get("FlightID"), pair)

    def _add_leg(self, shelf: list[Leg], row: dict[str, Any], kind: str, number: Any, ends: tuple[City, City]) -> None:
        price = row.get("Cost")
        if price is None or not math.isfinite(float(price)) or not number:
            self.defects["leg without price"] += 1
        elif row["From"] not in ends[0].places or row["To"] not in ends[1].places:
            self.defects["leg at an unknown station"] += 1
        elif any(leg.number == number and (leg.start, leg.end) == (row["From"], row["To"]) for leg in shelf):
            self.defects["leg listed twice"] += 1
        else:
            departs, arrives = minutes(row["BeginTime"]), minutes(row["EndTime"])
            length = float(row["Duration"]) * 60
            if arrives > departs and length >= DAY - departs:
                self.defects["leg that hides a day change"] += 1
            shelf.append(Leg(kind, number, row["From"], row["To"], departs, arrives, length, float(price)))


_NEEDED = {"name", "type", "opentime", "endtime", "price", "featurehoteltype", "numbed", "cuisine", "hotelname_en"}


def _stations(lines: list[dict[str, Any]]) -> list[tuple[str, geo.Point]]:
    found = []
    for line in lines:
        for station in line["stations"]:
            east, north = (float(part) for part in station["position"].split(","))
            found.append((station["name"], (north, east)))
    return found


def _hours(row: dict[str, str]) -> tuple[int, int]:
    opens, closes = minutes(row["opentime"]), minutes(row["endtime"])
    return opens, closes + DAY if closes <= opens else closes


def _attraction(row: dict[str, str], rank: int) -> Attraction:
    opens, closes = _hours(row)
    least, most = round(float(row["recommendmintime"]) * 60), round(float(row["recommendmaxtime"]) * 60)
    return Attraction(row["name"], row["type"], opens, closes, _price(row), least, max(least, most), rank)


def _restaurant(row: dict[str, str], rank: int) -> Restaurant:
    opens, closes = _hours(row)
    return Restaurant(row["name"], row["cuisine"], opens, closes, _price(row), rank)


def _hotel(row: dict[str, str], rank: int) -> Hotel:
    return Hotel(row["name"], row["featurehoteltype"], _price(row), int(float(row["numbed"])), rank)


def _price(row: dict[str, str]) -> float:
    price = float(row["price"])
    if not math.isfinite(price) or price < 0:
        raise ValueError(row["price"])
    return price
