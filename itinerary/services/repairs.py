"""One click against a conflict: edits that take it away and bring no new one, tried on the document before they are offered."""

import dataclasses
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from catalog.choices import ResourceKind
from catalog.models import Resource
from core.errors import Refused
from itinerary.checks.plan import Stop, leg
from itinerary.checks.verify import DAY, UNTIMED, Verdict, retime, verify
from itinerary.choices import BlockKind, Severity
from itinerary.edits import apply_all
from itinerary.models import Block, Itinerary
from itinerary.planner.catalogue import Code
from itinerary.queries.documents import Priced, counted, days_of, document, guarded, stop_of, working
from itinerary.queries.worlds import AROUND_DEGREES

Operations = list[dict[str, Any]]
BEGINS = (540, 480, 420)
MOST_OTHERS = 8
RETIMED = frozenset({
    Code.HOURS, Code.TRANSFER, Code.CHRONOLOGY, Code.STATION_BUFFER, Code.MEAL_WINDOW, Code.DAY_LENGTH, Code.IDLE,
    Code.VISIT_SHORT,
})  # fmt: skip
KIND_OF = {
    BlockKind.SIGHT: ResourceKind.ATTRACTION, BlockKind.HOTEL: ResourceKind.HOTEL, BlockKind.MEAL: ResourceKind.RESTAURANT,
}  # fmt: skip


@dataclasses.dataclass
class _Desk:
    """An itinerary as it is, ready to try edits on it."""

    itinerary: Itinerary
    data: dict[str, Any]
    costs: Priced | None
    rows: dict[int, Resource]
    had: dict[str, int | None]

    def verdict(self, data: Mapping[str, Any]) -> Verdict:
        """The checks of a document that is not saved. Prices missing and sold out are known for what was there before."""
        found = [stop for number, day in enumerate(data["days"], start=1) for stop in self.stops(day, number)]
        people = self.itinerary.adults + len(self.itinerary.child_ages)
        return verify(found, days=len(data["days"]), people=people)

    def stops(self, day: Mapping[str, Any], number: int) -> list[Stop]:
        """One day as the checks see it."""
        return [
            stop_of(block, number, self.itinerary, self._costs_of(block)) for block in counted(map(self._block, day["blocks"]))
        ]

    def _block(self, data: Mapping[str, Any]) -> Block:
        given = {name: data.get(name, usual) for name, usual in _DEFAULTS.items()}
        return Block(**given, resource=self.row(data.get("resource")))

    def _costs_of(self, block: Block) -> Priced | None:
        """What is known of its price; nothing is missing of one that was exchanged for something priced."""
        return self.costs if self.had.get(str(block.key)) == block.resource_id else None

    def row(self, pk: int | None) -> Resource | None:
        """The resource, read once."""
        if pk is not None and pk not in self.rows:
            self.rows[pk] = Resource.objects.select_related("supplier").get(pk=pk)
        return self.rows.get(pk) if pk is not None else None


_DEFAULTS: dict[str, Any] = {
    "key": "",
    "kind": "",
    "name": "",
    "starts": 540,
    "ends": 600,
    "meal": "",
    "is_locked": False,
    "is_optional": False,
    "alternative": "",
}


def repair(*, itinerary: Itinerary, code: str, day: int, block: str) -> Operations:
    """Edits against one conflict. Refused (no_repair) where nothing tried takes it away; then a person must decide."""
    desk = _desk(itinerary)
    before = _errors(desk.verdict(desk.data))
    best: tuple[int, Operations] | None = None
    for operations in _candidates(desk, Code(code), day, block):
        if not operations:
            continue
        after, _inverses = apply_all(desk.data, operations)
        verdict = desk.verdict(after)
        if any((one.code, one.day, one.block) == (code, day, block) for one in verdict.issues):
            continue
        errors = _errors(verdict)
        if errors <= before and (best is None or errors < best[0]):
            best = (errors, operations)
    if best is None:
        raise Refused(_("Nothing simple takes this away; please move or exchange something by hand."), "no_repair")
    return best[1]


def _desk(itinerary: Itinerary) -> _Desk:
    days = days_of(working(itinerary))
    costs, _why = guarded(itinerary, days)
    rows = {block.resource_id: block.resource for day in days for block in day.blocks.all() if block.resource}
    had = {str(block.key): block.resource_id for day in days for block in day.blocks.all()}
    return _Desk(itinerary, document(itinerary, days), costs, {pk: row for pk, row in rows.items() if pk is not None}, had)


def _errors(verdict: Verdict) -> int:
    return sum(one.severity == Severity.ERROR for one in verdict.issues)


def _candidates(desk: _Desk, code: Code, day: int, block: str) -> Iterator[Operations]:
    if not 1 <= day <= len(desk.data["days"]):
        return
    if code in RETIMED:
        for begins in BEGINS:
            yield _retimed(desk, day, begins, longer=block if code == Code.VISIT_SHORT else "")
    if code in {Code.HOURS, Code.MEAL_WINDOW, Code.DAY_LENGTH, Code.IDLE}:
        yield from _moved(desk, day, block)
    if code == Code.NO_HOTEL:
        yield from _hotels(desk, day)
    if code in {Code.NO_RATE, Code.STOCK, Code.HOURS, Code.BEDS} and block:
        yield from _exchanged(desk, day, block)
    if code in {Code.HOURS, Code.DAY_LENGTH, Code.CHRONOLOGY, Code.STATION_BUFFER, Code.TRANSFER}:
        yield from _without(desk, day, block)


def _retimed(desk: _Desk, day: int, begins: int, *, longer: str = "", order: Sequence[str] = ()) -> Operations:
    """The day's blocks in their order (or in `order`) at the first times that fit."""
    stops = desk.stops(desk.data["days"][day - 1], day)
    stops = [dataclasses.replace(one, end=max(one.end, one.start + one.visit_min)) if one.key == longer else one for one in stops]
    if order:
        stops = sorted(stops, key=lambda one: order.index(one.key))
    hotel = _night_before(desk, day)
    found: Operations = []
    for old, new in zip(stops, retime([_free_hotel(one) for one in stops], begins=begins, hotel=hotel), strict=True):
        ends = max(new.end, DAY) if new.kind == BlockKind.HOTEL else new.end
        if (old.start, old.end) != (new.start, ends) and new.kind not in UNTIMED:
            found.append({"do": "change", "key": new.key, "set": {"starts": new.start, "ends": min(ends, 2 * DAY)}})
    return found


def _free_hotel(stop: Stop) -> Stop:
    """A hotel of a night takes no hour of the day from what follows."""
    return (
        dataclasses.replace(stop, start=max(stop.start, 1080), end=max(stop.start, 1080))
        if stop.kind == BlockKind.HOTEL
        else stop
    )


def _night_before(desk: _Desk, day: int) -> Stop | None:
    if day < 2:
        return None
    return next((one for one in desk.stops(desk.data["days"][day - 2], day - 1) if one.kind == BlockKind.HOTEL), None)


def _moved(desk: _Desk, day: int, block: str) -> Iterator[Operations]:
    """The block at every other place of its day, the day timed anew."""
    blocks = [one["key"] for one in desk.data["days"][day - 1]["blocks"]]
    if block not in blocks:
        return
    rest = [key for key in blocks if key != block]
    for at in range(len(rest) + 1):
        order = [*rest[:at], block, *rest[at:]]
        if order != blocks:
            yield [{"do": "move", "key": block, "day": day, "at": at}, *_retimed(desk, day, BEGINS[0], order=order)]


def _without(desk: _Desk, day: int, block: str) -> Iterator[Operations]:
    """Without the block, or without the last thing of a day that is too long."""
    blocks = desk.data["days"][day - 1]["blocks"]
    free = [one["key"] for one in blocks if not one["is_locked"] and one["kind"] not in {"hotel", "transport"}]
    for key in [block] if block in free else free[::-1]:
        yield [{"do": "remove", "key": key}]


def _hotels(desk: _Desk, day: int) -> Iterator[Operations]:
    """A hotel for the night: that of a neighbouring night, else the best near the day's last stop."""
    days = desk.data["days"]
    here = days[day - 1]["blocks"]
    start = max([1080, *(one["ends"] + 40 for one in here if one["kind"] not in UNTIMED)])
    near = [*days[max(day - 2, 0) : day - 1], *days[day : day + 1]]
    known = [one for other in near for one in other["blocks"] if one["kind"] == "hotel"]
    for one in known:
        block = {**one, "key": str(uuid.uuid4()), "starts": min(start, 1380), "ends": 1440, "is_locked": False}
        yield [{"do": "add", "day": day, "at": len(here), "block": block}]
    for row in _others(desk, ResourceKind.HOTEL, _place(desk, day)):
        block = {"kind": "hotel", "name": row.name, "resource": row.pk, "starts": min(start, 1380), "ends": 1440}
        yield [{"do": "add", "day": day, "at": len(here), "block": {"key": str(uuid.uuid4()), **block}}]


def _place(desk: _Desk, day: int) -> tuple[float, float] | None:
    for one in reversed(desk.stops(desk.data["days"][day - 1], day)):
        if one.latitude is not None and one.longitude is not None:
            return one.latitude, one.longitude
    return None


def _exchanged(desk: _Desk, day: int, block: str) -> Iterator[Operations]:
    """Another resource of its kind nearby that has a price."""
    data = next((one for one in desk.data["days"][day - 1]["blocks"] if one["key"] == block), None)
    kind = KIND_OF.get(BlockKind(data["kind"])) if data else None
    if data is None or kind is None:
        return
    row = desk.row(data.get("resource"))
    place = (row.latitude, row.longitude) if row and row.latitude is not None and row.longitude is not None else _place(desk, day)
    for other in _others(desk, kind, place):
        change = {"name": other.name, "resource": other.pk, "sku": None, "price_amount": None}
        yield [{"do": "change", "key": block, "set": change}]


def _others(desk: _Desk, kind: str, place: tuple[float, float] | None) -> list[Resource]:
    """The best priced resources of a kind near a place that the itinerary has not got, nearest and best first."""
    if place is None:
        return []
    used = {one.get("resource") for day in desk.data["days"] for one in day["blocks"]}
    north, east = place
    rows = Resource.objects.filter(
        kind=kind, gone_at__isnull=True, price_amount__isnull=False,
        latitude__range=(north - AROUND_DEGREES, north + AROUND_DEGREES),
        longitude__range=(east - AROUND_DEGREES, east + AROUND_DEGREES),
    ).select_related("supplier")  # fmt: skip
    here = Stop("", 1, BlockKind.NOTE, 0, 0, latitude=north, longitude=east)
    fresh = [row for row in rows.order_by("-rating", "id")[:80] if row.pk not in used]
    for row in fresh:
        desk.rows.setdefault(row.pk, row)
    return sorted(fresh, key=lambda row: _km(here, row) - float(row.rating or 3))[:MOST_OTHERS]


def _km(here: Stop, row: Resource) -> float:
    return leg(here, Stop("", 1, BlockKind.NOTE, 0, 0, latitude=row.latitude, longitude=row.longitude)).km
