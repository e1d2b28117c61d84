"""From slots to a plan: the catalogue becomes the planner's world, wishes its constraints, its days our blocks."""

import dataclasses
import datetime as dt
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core import clock
from core.errors import Refused
from itinerary.choices import BlockKind
from itinerary.planner import phrases
from itinerary.planner.catalogue import Code, Violation
from itinerary.planner.chain import ARRIVES, DEPARTS, OWN, ROAD, Chained, Item, Journey, Part, plan_journey
from itinerary.planner.planner import Effort
from itinerary.planner.spec import MAX_PEOPLE, Locked, TripSpec
from itinerary.planner.world import Attraction, Leg
from itinerary.pricing.errors import CannotPrice
from itinerary.pricing.lines import ChargeUnit, CostLine
from itinerary.pricing.party import Party
from itinerary.pricing.sheet import price
from itinerary.queries.documents import terms_of
from itinerary.queries.worlds import Dates, Known, cities_named, read_city, read_lines

PER_DAY = {"轻松": 2, "紧凑": 5}
USUAL_PER_DAY = 3
STARTS, EASY_STARTS = 525, 570
ENDS, EASY_ENDS = 1260, 1200
EFFORT = Effort(rounds=30, seconds=1.0)
MOST_PARTS = 3
KINDS = {
    "attraction": BlockKind.SIGHT, "lunch": BlockKind.MEAL, "dinner": BlockKind.MEAL, "accommodation": BlockKind.HOTEL,
    "train": BlockKind.TRANSPORT, "airplane": BlockKind.TRANSPORT,
}  # fmt: skip
PLACED = frozenset({BlockKind.SIGHT.value, BlockKind.MEAL.value, BlockKind.ACTIVITY.value})
NOON = 780
WAY_OF = {"飞机": "airplane", "高铁": "train", "火车": "train", "大巴": "train"}


@dataclasses.dataclass(frozen=True)
class Trip:
    """What is to be planned: whole days from `starts_on`, who goes, and the slots of the request (budget, pace, must ...)."""

    starts_on: dt.date
    days: int
    adults: int
    child_ages: Sequence[int]
    destinations: Sequence[str]
    values: Mapping[str, Any]

    @property
    def people(self) -> int:
        """Everybody."""
        return self.adults + len(self.child_ages)


@dataclasses.dataclass(frozen=True)
class Drafted:
    """Blocks day by day, and the explanation: `reasons` by block key, `core` what cannot be met, `relaxations` in rank."""

    days: list[list[dict[str, Any]]]
    reasons: dict[str, dict[str, Any]]
    core: list[dict[str, Any]]
    relaxations: list[dict[str, Any]]

    def explanation(self) -> dict[str, Any]:
        """What is kept with an itinerary."""
        return {"reasons": self.reasons, "core": self.core, "relaxations": self.relaxations}


def plan_trip(trip: Trip, locked: Sequence[tuple[int, Mapping[str, Any]]] = ()) -> Drafted:
    """A plan for every day; `locked` are (day, block) that stay. Refused (no_resources, no_plan, budget) with a reason."""
    if trip.values.get("budget_amount") is not None and float(trip.values["budget_amount"]) <= 0:
        raise Refused(_("A budget of nothing buys no trip; please ask for the budget."), "budget")
    names, left_out = _cities(trip)
    places = Dates(trip.starts_on, trip.days, trip.people)
    worlds = [_world(name, places, trip) for name in names]
    worlds = [known for known in worlds if known.city.attractions] or worlds[:1]
    if not worlds or not worlds[0].city.attractions:
        named = "、".join(trip.destinations) or _("this place")
        raise Refused(_("The catalogue has nothing to see in %(city)s yet.") % {"city": named}, "no_resources")
    notes = _Notes([_missing(Code.WISH, place) for place in left_out], {})
    wishes = _wishes(trip, worlds, notes)
    parts = _parts(worlds, trip.days)
    legs, lines = _legs(trip, worlds, notes)
    locks = _locks(locked, worlds, parts)
    journey = _journey(trip, parts, legs, locked)
    found = plan_journey(journey, _spec(trip, locks), wishes, EFFORT)
    return _drafted(found, worlds, lines, notes, _Kept.of(locked, locks), trip.days)


def plan_day(
    trip: Trip, city: str, day: int, frame: tuple[int, int], locked: Sequence[Mapping[str, Any]], used: Iterable[str]
) -> Drafted:
    """Another plan for one day of a trip within `frame` (minutes): sights and meals not `used` on other days. Refused."""
    date = trip.starts_on + dt.timedelta(days=day - 1)
    one = dataclasses.replace(trip, starts_on=date, days=1, destinations=[city])
    known = _world(city, Dates(date, 1, trip.people), one)
    for name in used:
        known.city.attractions.pop(name, None)
        known.city.restaurants.pop(name, None)
    if not known.city.attractions:
        raise Refused(_("The catalogue has nothing to see in %(city)s yet.") % {"city": city}, "no_resources")
    notes = _Notes([], {})
    wishes = _wishes(one, [known], notes)
    parts = [Part(known.city, 0)]
    blocks = [(1, block) for block in locked]
    locks = _locks(blocks, [known], parts)
    journey = Journey(parts, arrives=frame[0], departs=frame[1])
    found = plan_journey(journey, _spec(one, locks), wishes, EFFORT)
    return _drafted(found, [known], {}, notes, _Kept.of(blocks, locks), 1)


# --- the request ---------------------------------------------------------------------------------------------


@dataclasses.dataclass
class _Notes:
    """What is known to be impossible before the search, and what each constraint text says in words."""

    core: list[dict[str, Any]]
    labels: dict[str, dict[str, Any]]


def _missing(code: Code, value: object) -> dict[str, Any]:
    return {"code": code.value, "wish": "must", "value": str(value)}


def _cities(trip: Trip) -> tuple[list[str], list[str]]:
    """The cities to plan, no more than the days can hold, and the destinations left out."""
    most = max(1, min(MOST_PARTS, trip.days // 2))
    by_place = {place: cities_named(place) for place in trip.destinations}
    names: list[str] = []
    left_out = [place for place, cities in by_place.items() if not cities]
    for place, cities in by_place.items():
        room = most if len(by_place) == 1 else 1
        fresh = [city for city in cities if city not in names][:room]
        if cities and (len(names) + len(fresh) > most):
            left_out.append(place)
            continue
        names += fresh
    return names, left_out if names else []


def _world(name: str, dates: Dates, trip: Trip) -> Known:
    themes = [str(one) for one in trip.values.get("themes", [])]
    known = read_city(name, dates, themes, bool(trip.child_ages), bool(trip.values.get("elders")))
    _avoid(known, [str(word) for word in trip.values.get("avoid", [])])
    return known


def _avoid(known: Known, words: Sequence[str]) -> None:
    """Take what is not wished for off the shelves, by name, theme or cuisine."""
    city = known.city
    for shelf in (city.attractions, city.restaurants, city.hotels):
        for name in list(shelf):
            tags = [name, *known.rows[name].attributes.get("themes", ()), str(known.rows[name].attributes.get("cuisine", ""))]
            if any(word and any(word in tag for tag in tags) for word in words):
                del shelf[name]


def _spec(trip: Trip, locks: Sequence[Locked]) -> TripSpec:
    pace = str(trip.values.get("pace", ""))
    easy = pace == "轻松" or bool(trip.values.get("elders"))
    return TripSpec(
        "", "", trip.days, min(trip.people, MAX_PEOPLE), locked=tuple(locks), day_starts=EASY_STARTS if easy else STARTS,
        day_ends=EASY_ENDS if easy else ENDS, per_day=PER_DAY.get(pace, USUAL_PER_DAY),
    )  # fmt: skip


def _wishes(trip: Trip, worlds: Sequence[Known], notes: _Notes) -> dict[str, tuple[str, ...]]:
    """Constraint texts by city, each with what it says kept in `notes`. Wishes nothing can meet go to the core at once."""
    found: dict[str, list[str]] = {known.city.name: [] for known in worlds}
    star = int(trip.values.get("hotel_star") or 0)
    if star:
        _bound_hotels(worlds, star, notes)
    for word in dict.fromkeys(str(one) for one in trip.values.get("must", [])):
        _must(word, worlds, notes, found)
    budget = _budget(trip)
    if budget is not None:
        said, most = budget
        for known in worlds:
            text = phrases.budget("total", round(most / len(worlds), 2))
            notes.labels[text] = {"wish": "budget", "value": said}
            found[known.city.name].append(text)
    return {name: tuple(texts) for name, texts in found.items()}


def _bound_hotels(worlds: Sequence[Known], star: int, notes: _Notes) -> None:
    for known in worlds:
        shelf = known.city.hotels
        stars = {name: int(hotel.feature[:1] or 0) for name, hotel in shelf.items() if hotel.feature[:1].isdigit()}
        exact = [name for name, have in stars.items() if have == star] or [name for name, have in stars.items() if have > star]
        if exact:
            for name in set(shelf) - set(exact):
                del shelf[name]
        elif stars:
            notes.core.append({"code": Code.WISH.value, "wish": "star", "value": str(star), "city": known.city.name})


def _must(word: str, worlds: Sequence[Known], notes: _Notes, found: dict[str, list[str]]) -> None:
    """A place that must be seen: the best match by name in any of the cities."""
    for known in worlds:
        for what, shelf in (("attraction", known.city.attractions), ("restaurant", known.city.restaurants)):
            names = [name for name in shelf if word in name or name in word]
            if names:
                text = phrases.named(what, "all", [min(names, key=len)])
                notes.labels[text] = {"wish": "must", "value": word}
                found[known.city.name].append(text)
                return
    notes.core.append(_missing(Code.WISH, word))


def _budget(trip: Trip) -> tuple[str, float] | None:
    """The budget as it was said, and what of it may be spent on suppliers: the price rules take the rest."""
    amount = trip.values.get("budget_amount")
    if amount is None:
        return None
    total = float(amount) * (trip.people if trip.values.get("budget_per_person") else 1)
    return str(int(total)), total / _markup(trip)


def _markup(trip: Trip) -> float:
    """How much dearer than its cost a trip is sold by today's rules."""
    terms, _rules, _rates = terms_of("", clock.today())
    sample = CostLine(key="sample", label="", unit=ChargeUnit.PERSON, amount=Decimal(1000))
    try:
        sheet = price([sample], Party(trip.adults + len(trip.child_ages)), terms)
    except CannotPrice:
        return 1.2
    return float(sheet.revenue / sheet.cost_total) if sheet.cost_total else 1.2


def _parts(worlds: Sequence[Known], days: int) -> list[Part]:
    """The nights spread over the cities: one each, the others where there is most to see."""
    nights = days - 1
    kept = list(worlds[: max(nights, 1)])
    shares = [1 if nights else 0] * len(kept)
    for _night in range(max(nights - len(kept), 0) if nights else 0):
        index = max(range(len(kept)), key=lambda at: len(kept[at].city.attractions) / (shares[at] + 0.5))
        shares[index] += 1
    return [Part(known.city, share) for known, share in zip(kept, shares, strict=True)]


def _legs(trip: Trip, worlds: Sequence[Known], notes: _Notes) -> tuple[dict[tuple[str, str], list[Leg]], dict[str, Any]]:
    origin = str(trip.values.get("origin", ""))
    names = [*(known.city.name for known in worlds), *([origin] if origin else [])]
    legs, rows = read_lines(names, {known.city.name: known.city for known in worlds})
    wanted = {WAY_OF[word] for word in trip.values.get("transport", []) if word in WAY_OF}
    if any(word in {"自驾", "包车"} for word in trip.values.get("transport", [])):
        return {}, rows
    kept = {pair: [leg for leg in of if not wanted or leg.kind in wanted] for pair, of in legs.items()}
    if wanted and any(legs[pair] and not kept[pair] for pair in legs):
        notes.core.append({"code": Code.WISH.value, "wish": "transport", "value": "、".join(trip.values["transport"])})
    return {pair: kept[pair] or legs[pair] for pair in legs}, rows


# --- locked blocks -------------------------------------------------------------------------------------------


def _placed(locked: Sequence[tuple[int, Mapping[str, Any]]]) -> list[tuple[int, Mapping[str, Any]]]:
    return [(day, block) for day, block in locked if block["kind"] in PLACED]


def _locks(locked: Sequence[tuple[int, Mapping[str, Any]]], worlds: Sequence[Known], parts: Sequence[Part]) -> list[Locked]:
    """Locked sights, meals and activities at their times; what the library lacks becomes a place of its own in the middle."""
    found = []
    for _day, block in locked:
        if block["kind"] == BlockKind.HOTEL.value:
            for known in worlds:
                if block["name"] in known.city.hotels:
                    hotel = known.city.hotels[block["name"]]
                    known.city.hotels.clear()
                    known.city.hotels[block["name"]] = hotel
    for day, block in _placed(locked):
        city = worlds[_part_of(day, parts)].city
        kind = str(block["meal"]) if block["kind"] == BlockKind.MEAL.value and block.get("meal") in KINDS else "attraction"
        name = str(block["name"])
        shelf: Mapping[str, object] = city.attractions if kind == "attraction" else city.restaurants
        start, end = int(block["starts"]), min(int(block["ends"]), 1435)
        if name not in shelf:
            kind, name = "attraction", f"{name} {block['key'][:8]}"
            city.places[name] = next(iter(city.places.values()))
            city.attractions[name] = Attraction(name, "", 0, 1440, 0.0, 0, 600, 0, draw=10.0)
        found.append(Locked(day, kind, name, start, max(end, start + 1)))
    return found


def _journey(
    trip: Trip, parts: list[Part], legs: dict[tuple[str, str], list[Leg]], locked: Sequence[tuple[int, Mapping[str, Any]]]
) -> Journey:
    """The journey; long-distance transport that is locked on the first or last day frames it instead of the library's."""
    rides = [(day, block) for day, block in locked if block["kind"] == BlockKind.TRANSPORT.value]
    if not rides:
        return Journey(parts, str(trip.values.get("origin", "")), legs)
    comes = max((int(block["ends"]) + 20 for day, block in rides if day == 1 and int(block["ends"]) <= NOON), default=ARRIVES)
    goes = min(
        (int(block["starts"]) - 15 for day, block in rides if day == trip.days and int(block["starts"]) > NOON), default=DEPARTS
    )
    return Journey(parts, "", legs, max(comes, 360), min(goes, 1400))


@dataclasses.dataclass(frozen=True)
class _Kept:
    """Locked blocks: those the planner places under a name of its own, by (day, name), and those it knows nothing of."""

    placed: dict[tuple[int, str], Mapping[str, Any]]
    others: list[tuple[int, Mapping[str, Any]]]

    @classmethod
    def of(cls, locked: Sequence[tuple[int, Mapping[str, Any]]], locks: Sequence[Locked]) -> "_Kept":
        """Of the locked blocks and what the planner was told of them."""
        placed = {(day, lock.place): block for lock, (day, block) in zip(locks, _placed(locked), strict=True)}
        hotels = {(day, str(block["name"])): block for day, block in locked if block["kind"] == BlockKind.HOTEL.value}
        others = [(day, one) for day, one in locked if one["kind"] not in PLACED and one["kind"] != BlockKind.HOTEL.value]
        return cls({**placed, **hotels}, others)


def _part_of(day: int, parts: Sequence[Part]) -> int:
    last = 1
    for index, part in enumerate(parts):
        last += part.nights
        if day < last:
            return index
    return len(parts) - 1


# --- the answer ----------------------------------------------------------------------------------------------


def _drafted(
    found: Chained, worlds: Sequence[Known], lines: Mapping[str, Any], notes: _Notes, kept: "_Kept", days: int
) -> Drafted:
    if not found.items:
        raise Refused(
            _("No plan fits these dates, locked blocks and wishes: %(why)s.") % {"why": _core_words(found.core)}, "no_plan"
        )
    by_city = {known.city.name: known for known in worlds}
    reasons = {(reason.day, reason.place): reason for reason in found.reasons}
    plan: list[list[dict[str, Any]]] = [[] for _day in range(days)]
    why: dict[str, dict[str, Any]] = {}
    for item in found.items:
        own = kept.placed.get((item.day, item.name))
        block = dict(own) if own is not None else _block(item, by_city[item.city], lines)
        if block is None:
            continue
        plan[item.day - 1].append(block)
        reason = reasons.get((item.day, item.name))
        if reason is not None:
            rating = by_city[item.city].rows[item.name].rating if item.name in by_city[item.city].rows else None
            why[block["key"]] = {"code": reason.code, **reason.params, **({"rating": str(rating)} if rating else {})}
    for day, other in kept.others:
        plan[day - 1] = sorted([*plan[day - 1], dict(other)], key=lambda one: int(one["starts"]))
    core = [*notes.core, *(_core_of(one, notes) for one in found.core)]
    relaxations = [{**notes.labels[one.text], "enough": one.enough} for one in found.relaxations if one.text in notes.labels]
    return Drafted(plan, why, _unique(core), _unique(relaxations))


def _unique(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({tuple(sorted((key, str(value)) for key, value in one.items())): one for one in found}.values())


def _core_of(one: Violation, notes: _Notes) -> dict[str, Any]:
    label = notes.labels.get(str(one.params.get("text", "")), {})
    return {"code": str(one.code), **label, **({"place": one.place} if one.place else {})}


def _core_words(core: Sequence[Violation]) -> str:
    return "、".join(sorted({str(one.code) for one in core})) or Code.UNSAT.value


def _block(item: Item, known: Known, lines: Mapping[str, Any]) -> dict[str, Any] | None:
    """The planner's activity as a block of ours; None for what a trip does not show (breakfast, coming by oneself)."""
    kind = KINDS.get(item.kind)
    if kind is None or item.name.startswith(OWN):
        return None
    block = {
        "key": str(uuid.uuid4()), "kind": kind.value, "name": item.name, "resource": None, "starts": item.start,
        "ends": max(item.end, item.start), "meal": item.kind if kind == BlockKind.MEAL else "",
    }  # fmt: skip
    if item.name.startswith(ROAD):
        origin, target = item.name.removeprefix(ROAD).split(":")
        return {**block, "name": _("Drive %(origin)s – %(target)s") % {"origin": origin, "target": target}}
    row = lines.get(item.name) if kind == BlockKind.TRANSPORT else known.rows.get(item.name)
    if row is None:
        return {**block, "name": re.sub(r" [0-9a-f]{8}$", "", item.name)}
    sku = known.skus.get(item.name)
    return {**block, "name": row.name, "resource": row.pk, "sku": sku.pk if sku is not None else None}
