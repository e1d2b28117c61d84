"""The planner's world from the catalogue's tables: a city with what can be seen, eaten and slept in on the days of a trip."""

import dataclasses
import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Q

from catalog.choices import ResourceKind
from catalog.models import Destination, Resource, Sku
from catalog.queries.rates import contract_rates, skus_of, stock_of
from catalog.rules import Stock
from itinerary.planner import roads
from itinerary.planner.chain import middle
from itinerary.planner.world import Attraction, City, Hotel, Leg, Restaurant
from itinerary.queries.documents import AT_STATION, open_spans

MOST = {ResourceKind.ATTRACTION: 80, ResourceKind.RESTAURANT: 80, ResourceKind.HOTEL: 60}
FEW_SIGHTS = 4  # a city with fewer is planned with its surroundings
AROUND_DEGREES = 0.45  # about 50 km
KIND_OF = {"flight": "airplane", "train": "train", "bus": "train"}
DAY_HOURS, MEAL_HOURS = (540, 1050), (660, 1260)  # where a supplier does not say
USUAL_VISIT, LONGEST_VISIT = 100, 480


@dataclasses.dataclass(frozen=True)
class Known:
    """A city for the planner, and which resource and SKU stands behind each name."""

    city: City
    rows: dict[str, Resource]
    skus: dict[str, Sku]


@dataclasses.dataclass(frozen=True)
class Dates:
    """The days of a trip and how many people go."""

    first: dt.date
    days: int
    people: int

    def all(self) -> list[dt.date]:
        """The dates in order."""
        return [self.first + dt.timedelta(days=offset) for offset in range(self.days)]


def cities_named(place: str) -> list[str]:
    """The catalogue's cities that a destination stands for: itself, or those of a region (云南), most to see first."""
    bare = place.removesuffix("市").removesuffix("省")
    if Resource.objects.filter(gone_at__isnull=True, city__in=[bare, f"{bare}市"]).exists():
        return [bare]
    region = Destination.objects.filter(Q(name__icontains=bare) | Q(cities__contains=[bare])).first() if bare else None
    if region is None:
        return []
    inside = Q(destination=region) | Q(city__in=[*region.cities, *(f"{city}市" for city in region.cities)])
    rows = Resource.objects.filter(inside, kind=ResourceKind.ATTRACTION, gone_at__isnull=True)
    seen: dict[str, int] = {}
    for city in rows.values_list("city", flat=True):
        seen[city.removesuffix("市")] = seen.get(city.removesuffix("市"), 0) + 1
    return sorted(seen, key=lambda city: -seen[city])


def read_city(name: str, dates: Dates, likes: Iterable[str] = (), children: bool = False, elders: bool = False) -> Known:
    """The city with prices and hours of these dates. What has no price or no coordinates is left out. Seven queries."""
    rows = _rows(name)
    priced = _prices(rows, dates)
    places = {row.name: (row.latitude, row.longitude) for row in rows if row.latitude is not None and row.longitude is not None}
    city = City(name, places, [], roads.STREETS)
    taste = _Taste(frozenset(likes), children, elders)
    known = Known(city, {}, {})
    for rank, row in enumerate(rows):
        found = priced.get(row.pk)
        if found is None or row.name in known.rows or row.name not in places:
            continue
        known.rows[row.name] = row
        if found.sku is not None:
            known.skus[row.name] = found.sku
        if row.kind == ResourceKind.ATTRACTION:
            city.attractions[row.name] = _attraction(row, found, rank, dates, taste)
        elif row.kind == ResourceKind.RESTAURANT:
            city.restaurants[row.name] = _restaurant(row, found, rank, dates)
        elif not found.shut:
            city.hotels[row.name] = _hotel(row, found, rank)
    return known


def _rows(name: str) -> list[Resource]:
    """The best of every kind in the city; with its surroundings where it has little to see."""
    here = Q(city__in=[name, f"{name}市"])
    rows = _best(here)
    if sum(row.kind == ResourceKind.ATTRACTION for row in rows) >= FEW_SIGHTS:
        return rows
    points = [(row.latitude, row.longitude) for row in rows if row.latitude is not None and row.longitude is not None]
    if not points:
        return rows
    north, east = points[0]
    near = Q(latitude__range=(north - AROUND_DEGREES, north + AROUND_DEGREES))
    near &= Q(longitude__range=(east - AROUND_DEGREES, east + AROUND_DEGREES))
    around = [row for row in _best(near) if row.pk not in {one.pk for one in rows}]
    return rows + around


def _best(where: Q) -> list[Resource]:
    found: list[Resource] = []
    rows = Resource.objects.filter(where, gone_at__isnull=True, latitude__isnull=False).select_related("supplier")
    for kind, most in MOST.items():
        found += rows.filter(kind=kind).order_by("-rating", "id")[:most]
    return found


@dataclasses.dataclass(frozen=True)
class _Price:
    """What one unit costs on the dearest of the days; `shut`: days, from 1, on which it cannot be had."""

    amount: Decimal
    sku: Sku | None
    shut: frozenset[int]


def _prices(rows: Sequence[Resource], dates: Dates) -> dict[int, _Price]:
    """By resource: the SKU with a contract rate on every day, else the price of the feed; nothing without either."""
    skus = skus_of([row.pk for row in rows])
    wanted = {(sku.pk, day) for of in skus.values() for sku in of for day in dates.all()}
    rates = contract_rates(wanted, dates.people)
    stocks = stock_of(wanted, 1) if wanted else {}
    found: dict[int, _Price] = {}
    for row in rows:
        contract = [
            _Price(max(rates[sku.pk, day].amount for day in dates.all()), sku, _sold_out(sku, dates, stocks))
            for sku in skus.get(row.pk, ())
            if all((sku.pk, day) in rates for day in dates.all())
        ]
        if contract:
            found[row.pk] = min(contract, key=lambda one: (len(one.shut), one.amount))
        elif row.price_amount is not None:
            found[row.pk] = _Price(row.price_amount, None, frozenset())
    return found


def _sold_out(sku: Sku, dates: Dates, stocks: Mapping[tuple[int, dt.date], Stock]) -> frozenset[int]:
    return frozenset(number for number, day in enumerate(dates.all(), start=1) if stocks[sku.pk, day] == Stock.NO)


@dataclasses.dataclass(frozen=True)
class _Taste:
    themes: frozenset[str]
    children: bool
    elders: bool

    def draw(self, row: Resource, rank: int) -> float:
        """How much a sight is wanted: its rating, its place in the supplier's list, the party's themes and ages."""
        attributes = row.attributes
        points = (float(row.rating) - 3) * 30 + 20 if row.rating is not None else 60.0
        points -= min(rank, 40) * 0.8
        points += 22 * len(self.themes & set(attributes.get("themes", ())))
        points += 5 * (attributes.get("child_friendly", 3) - 3) if self.children else 0
        points += 5 * (attributes.get("elder_friendly", 3) - 3) if self.elders else 0
        return max(points, 10.0)


def _spans(row: Resource, dates: Dates) -> tuple[list[tuple[int, int]], frozenset[int]]:
    """The hours that hold on all of its open days, and the days, from 1, on which it is closed."""
    by_day = [open_spans(row, date) for date in dates.all()]
    shut = frozenset(number for number, spans in enumerate(by_day, start=1) if spans == ())
    common: list[tuple[int, int]] | None = None
    for spans in by_day:
        if spans:
            common = list(spans) if common is None else _both(common, spans)
    return common or [], shut


def _both(ones: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    pairs = ((max(one[0], other[0]), min(one[1], other[1])) for one in ones for other in others)
    return [pair for pair in pairs if pair[0] < pair[1]]


def _attraction(row: Resource, price: _Price, rank: int, dates: Dates, taste: _Taste) -> Attraction:
    spans, shut = _spans(row, dates)
    opens, closes = max(spans or [DAY_HOURS], key=lambda span: span[1] - span[0])
    usual = min(row.visit_minutes or USUAL_VISIT, LONGEST_VISIT)
    least = max(30, 5 * round(usual * 0.8 / 5))
    kind = next(iter(row.attributes.get("themes", ())), "景点")
    return Attraction(
        row.name, kind, opens, closes, float(price.amount), least, usual, rank, stretch=5 * round(usual * 1.3 / 5),
        draw=taste.draw(row, rank), shut=shut | price.shut,
    )  # fmt: skip


def _restaurant(row: Resource, price: _Price, rank: int, dates: Dates) -> Restaurant:
    spans, shut = _spans(row, dates)
    spans = spans or [MEAL_HOURS]
    cuisine = str(row.attributes.get("cuisine", ""))
    opens, closes = spans[0][0], spans[-1][1]
    return Restaurant(
        row.name,
        cuisine,
        opens,
        closes,
        float(price.amount),
        rank,
        spans=tuple(spans) if len(spans) > 1 else (),
        shut=shut | price.shut,
    )


def _hotel(row: Resource, price: _Price, rank: int) -> Hotel:
    stars = row.attributes.get("stars")
    beds = price.sku.sleeps if price.sku is not None and price.sku.sleeps else 2
    return Hotel(row.name, f"{stars}星" if stars else "", float(price.amount), beds, rank)


# --- lines between cities -----------------------------------------------------------------------------------


def read_lines(names: Sequence[str], cities: Mapping[str, City]) -> tuple[dict[tuple[str, str], list[Leg]], dict[str, Resource]]:
    """Trains, flights and coaches among the named cities, by (from, to), and the resource of each number. One query.

    Stations are told to their cities as places a fixed time away: nobody gives us their coordinates.
    """
    legs: dict[tuple[str, str], list[Leg]] = {}
    rows: dict[str, Resource] = {}
    for row in Resource.objects.filter(kind=ResourceKind.TRANSPORT, gone_at__isnull=True, price_amount__isnull=False):
        line = _line(row.attributes)
        if line is None:
            continue
        origin, target = (_city_of(str(row.attributes[end]), names) for end in ("origin", "target"))
        if not origin or not target or origin == target:
            continue
        leg = dataclasses.replace(line, price=float(row.price_amount or 0))
        if leg.number in rows:
            continue
        rows[leg.number] = row
        legs.setdefault((origin, target), []).append(leg)
        away = AT_STATION[row.attributes["mode"]][1]
        for name, station in ((origin, leg.start), (target, leg.end)):
            if name in cities:
                cities[name].apart[station] = away
                cities[name].places.setdefault(station, middle(cities[name]))
    return legs, rows


def _line(attributes: Mapping[str, Any]) -> Leg | None:
    mode = attributes.get("mode")
    if mode not in KIND_OF or not attributes.get("number"):
        return None
    departs, arrives = (_clock(attributes.get(name)) for name in ("departs", "arrives"))
    minutes = attributes.get("minutes")
    if departs is None or arrives is None or not isinstance(minutes, int):
        return None
    start, end = f"{attributes['origin']}{_STATION[mode]}", f"{attributes['target']}{_STATION[mode]}"
    return Leg(KIND_OF[mode], str(attributes["number"]), start, end, departs, arrives, minutes, 0.0)


_STATION = {"flight": "机场", "train": "站", "bus": "车站"}
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")


def _clock(text: object) -> int | None:
    match = _CLOCK.fullmatch(str(text))
    return int(match[1]) * 60 + int(match[2]) if match else None


def _city_of(station: str, names: Sequence[str]) -> str:
    """Which of the cities a station belongs to: the longest that its name begins with."""
    return max((name for name in names if name and station.startswith(name)), key=len, default="")
