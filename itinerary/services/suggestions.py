"""Drafts to choose from: what the planner would change, line by line, for a person to accept. Nothing is written here."""

import dataclasses
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from core import clock
from core.errors import Refused
from itinerary.models import Itinerary
from itinerary.queries.documents import days_of, document, working
from itinerary.queries.worlds import cities_named
from itinerary.services.planning import PLACED, Drafted, Trip, plan_day, plan_trip
from messaging.understanding.numerals import whole
from messaging.understanding.trips import Turn, understand

_DAY = re.compile(r"第\s*([一二两三四五六七八九十\d]{1,3})\s*天|day\s*(\d{1,2})", re.IGNORECASE)
DAY_BEGINS, DAY_ENDS = 540, 1290
REPLACED = PLACED | {"hotel", "transport"}
LAST = 300  # the end of the day; the editor finds the place by the time
SAME = 15  # minutes that a block may move without being worth a line
MERGED = ("must", "avoid", "themes", "destinations", "transport")


@dataclasses.dataclass(frozen=True)
class Line:
    """One change to accept or not: `what` is add, remove, move; its operations; the name and why."""

    what: str
    day: int
    name: str
    operations: list[dict[str, Any]]
    reason: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Suggestion:
    """All lines in order of day, for the revision they were made on, and what could not be met."""

    revision: int
    lines: list[Line]
    core: list[dict[str, Any]]
    relaxations: list[dict[str, Any]]
    wishes: dict[str, Any]


def suggest(*, itinerary: Itinerary, text: str, day: int = 0) -> Suggestion:
    """Plan the day named (in `text` or by `day`), or every day, anew by the wishes said so far and those in `text`.

    Locked blocks stay. Refused (no_city, no_resources, no_plan) in words. Instructions in names or notes are never read.
    """
    said = understand([Turn("customer", text)], clock.today()).values() if text.strip() else {}
    data = document(itinerary, days_of(working(itinerary)))
    number = _day_in(text) or day
    if number and not 1 <= number <= len(data["days"]):
        raise Refused(_("There is no day %(n)s.") % {"n": number}, "no_day")
    wishes = _merged(itinerary.planning.get("wishes", {}), said)
    trip = _trip(itinerary, data, wishes)
    if number:
        drafted, lines = _for_day(trip, data, number, _city_of_day(trip, _cities(itinerary), number))
    else:
        drafted = plan_trip(trip, _locked(data))
        lines = [
            line for at, blocks in enumerate(drafted.days, start=1) for line in _difference(data, at, blocks, drafted.reasons)
        ]
    return Suggestion(itinerary.revision, lines, drafted.core, drafted.relaxations, wishes)


def _day_in(text: str) -> int:
    match = _DAY.search(text)
    if match is None:
        return 0
    return int(match[2]) if match[2] else whole(match[1]) or 0


def _merged(before: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Later words win; lists grow, and what is now avoided is no longer a must."""
    wishes = {**before, **{name: value for name, value in said.items() if name not in MERGED}}
    for name in MERGED:
        wishes[name] = list(dict.fromkeys([*before.get(name, []), *said.get(name, [])]))
    wishes["must"] = [one for one in wishes["must"] if one not in said.get("avoid", [])]
    wishes["avoid"] = [one for one in wishes["avoid"] if one not in said.get("must", [])]
    return {name: value for name, value in wishes.items() if value not in ([], "")}


def _trip(itinerary: Itinerary, data: Mapping[str, Any], wishes: Mapping[str, Any]) -> Trip:
    places = list(wishes.get("destinations", [])) or _places(itinerary, data)
    return Trip(itinerary.starts_on, len(data["days"]), itinerary.adults, itinerary.child_ages, places, wishes)


def _places(itinerary: Itinerary, data: Mapping[str, Any]) -> list[str]:
    """Where the trip goes, by what is in it, else by its title."""
    found = list(dict.fromkeys(city for day in _cities(itinerary) for city in day if city))
    if found:
        return found
    head = re.split(r"[,，\s\d]", data["trip"]["title"])[0]
    if head and cities_named(head):
        return [head]
    raise Refused(_("Say where to: the itinerary names no city yet."), "no_city")


def _cities(itinerary: Itinerary) -> list[list[str]]:
    """The cities of each day's blocks, in order."""
    days = days_of(working(itinerary))
    placed = [[block.resource for block in day.blocks.all() if block.resource and block.kind != "transport"] for day in days]
    return [[row.city.removesuffix("市") for row in day] for day in placed]


def _locked(data: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    return [(at, block) for at, day in enumerate(data["days"], start=1) for block in day["blocks"] if block["is_locked"]]


def _for_day(trip: Trip, data: Mapping[str, Any], number: int, city: str) -> tuple[Drafted, list[Line]]:
    """One day anew: its sights and meals; its transport and hotel stay and frame it."""
    blocks = data["days"][number - 1]["blocks"]
    locked = [block for block in blocks if block["is_locked"] and block["kind"] in PLACED]
    used = {block["name"] for at, day in enumerate(data["days"], start=1) if at != number for block in day["blocks"]}
    drafted = plan_day(trip, city, number, _frame(blocks), locked, used)
    stays = [block for block in blocks if block["kind"] not in PLACED]
    wanted = sorted([*drafted.days[0], *stays], key=lambda one: int(one["starts"]))
    return drafted, _difference(data, number, wanted, drafted.reasons)


def _city_of_day(trip: Trip, cities: Sequence[Sequence[str]], number: int) -> str:
    """Where a day is spent: by its own blocks, by those of the day before or after, else where the trip goes."""
    near = [*cities[number - 1][:1], *(city for day in cities[: number - 1][::-1] for city in day[-1:])]
    near += [city for day in cities[number:] for city in day[:1]]
    near += [city for place in trip.destinations for city in cities_named(place)[:1]]
    if not near:
        raise Refused(_("Say where to: the itinerary names no city yet."), "no_city")
    return near[0]


def _frame(blocks: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """From when to when the day is free: after what arrives before noon, before what leaves later."""
    rides = [block for block in blocks if block["kind"] == "transport"]
    begins = max([DAY_BEGINS, *(int(one["ends"]) + 20 for one in rides if int(one["starts"]) < 780)])
    ends = min([DAY_ENDS, *(int(one["starts"]) - 60 for one in rides if int(one["starts"]) >= 780)])
    return begins, max(ends, begins + 60)


def _difference(data: Mapping[str, Any], day: int, wanted: Sequence[Mapping[str, Any]], reasons: Mapping[str, Any]) -> list[Line]:
    """What turns a day into the one wanted: the same thing keeps its block and its key."""
    blocks = data["days"][day - 1]["blocks"]
    have = {_identity(block): block for block in blocks}
    new = {_identity(block): block for block in wanted}
    lines = [
        Line("remove", day, block["name"], [{"do": "remove", "key": block["key"]}], {})
        for identity, block in have.items()
        if identity not in new and not block["is_locked"] and block["kind"] in REPLACED
    ]
    for block in wanted:
        old, reason = have.get(_identity(block)), dict(reasons.get(str(block["key"]), {}))
        times = {"starts": block["starts"], "ends": block["ends"]}
        if old is None:
            fresh = {**block, "key": str(uuid.uuid4())}
            lines.append(Line("add", day, str(block["name"]), [{"do": "add", "day": day, "at": LAST, "block": fresh}], reason))
        elif not old["is_locked"] and abs(int(old["starts"]) - int(block["starts"])) > SAME:
            change = {"do": "change", "key": old["key"], "set": times}
            lines.append(Line("move", day, str(block["name"]), [change], reason))
    return lines


def _identity(block: Mapping[str, Any]) -> tuple[str, Any]:
    return str(block["kind"]), block.get("resource") or block["name"]
