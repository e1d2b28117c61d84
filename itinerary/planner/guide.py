"""What one alternative of the wishes means for the search: which legs, hotels, places and ways are open, what is needed.

Atoms are not interpreted by their looks: each candidate block is put to the closures of the atom, so that "no hotel of
type X", "no activity whose position is Y" and "every accommodation has two beds" all end as the same thing, a shorter list.
"""

import ast
import dataclasses
import functools
import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from itinerary.planner import blocks
from itinerary.planner.catalogue import Violation
from itinerary.planner.concepts import Activity
from itinerary.planner.logic_expressions import STEPS, Env, Expression, OutOfSteps, expression
from itinerary.planner.spec import TripSpec
from itinerary.planner.timed_needs import ANY_TIME, Timing, timing_of
from itinerary.planner.wishes import Atom, Gain, Gathered, Lasting, Never, Ordered, Rule, Some, Summed, Whole
from itinerary.planner.world import City, Hotel, Leg, World, cars_for

FAILS = (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, NameError, OutOfSteps)
MODES = ("walk", "metro", "taxi")
_KM = (0.3, 1.0, 2.0, 4.0, 7.0, 12.0, 20.0, 45.0)
MEALS = ("breakfast", "lunch", "dinner")


@dataclasses.dataclass(frozen=True)
class Need:
    """One of `choices`, (kind, place), must be in the plan, within `timing`, on `day` (from 1) if one is named."""

    choices: tuple[tuple[str, str], ...]
    timing: Timing = ANY_TIME
    atom: int = -1
    day: int = 0


@dataclasses.dataclass(frozen=True)
class Cap:
    """A sum over the parts named in `over` (sight, meal, hotel, leg, way) that may not pass `most`; `counts` items, not yuan."""

    over: frozenset[str]
    most: float
    least: float
    counts: bool


class Stay(NamedTuple):
    """A hotel with a number of rooms."""

    hotel: Hotel
    rooms: int

    def cost(self) -> tuple[float, int]:
        """Yuan a night; the rank breaks ties."""
        return self.hotel.price * self.rooms, self.hotel.rank


class _Checked:
    """A rule with its tests as closures."""

    def __init__(self, rule: Rule, env: Env) -> None:
        self.name, self.env = rule.name, env
        self.tests = [expression(test) for test in rule.tests]

    def applies(self, activity: Activity) -> bool:
        try:
            scope = {**self.env, self.name: activity, STEPS: [0]}
            return all(test(scope) for test in self.tests)
        except FAILS:
            return False


class _Gain(_Checked):
    def __init__(self, gain: Gain, env: Env) -> None:
        super().__init__(gain.rule, env)
        self.value: Expression = expression(gain.value)

    def of(self, activity: Activity) -> Any:
        """The value the activity adds; None when it adds none."""
        if not self.applies(activity):
            return None
        try:
            return self.value({**self.env, self.name: activity, STEPS: [0]})
        except FAILS:
            return None


class Guide:
    """The open world of one alternative. `problems` says why it is empty, when it is."""

    def __init__(self, world: World, spec: TripSpec, names: Env, atoms: list[Atom], two_to_a_room: bool = False) -> None:
        self.world, self.spec = world, spec
        self.city: City = world.cities[spec.target]
        people = spec.people
        self.env: Env = {**names, "plan": _outline(spec, [], [])}
        self.names = names
        self.problems: list[Violation] = []
        self.needs: list[Need] = []
        self.order: list[tuple[Need, Need]] = []
        self.caps: list[Cap] = []
        self.whole: list[Expression] = []
        self.mode_km = dict.fromkeys(MODES, math.inf)
        self.go = {leg: blocks.leg_block(leg, people) for leg in world.between(spec.origin, spec.target)}
        self.back = {leg: blocks.leg_block(leg, people) for leg in world.between(spec.target, spec.origin)}
        self.hotels = {
            Stay(hotel, rooms): blocks.night_block(hotel, rooms)
            for hotel in self.city.hotels.values()
            for rooms in _room_counts(hotel, spec, two_to_a_room)
        }
        self.sights = {sight.name: blocks.sight_block(sight, people) for sight in self.city.attractions.values()}
        self.meals = {
            (kind, place.name): blocks.meal_block(kind, place, people)
            for place in self.city.restaurants.values()
            for kind in MEALS
        }
        self.hotel_needs: list[set[Stay]] = []
        self.last_stays: set[Stay] | None = None  # what the last night is bound to; the nights before are free
        self.leg_needs: list[set[Leg]] = []
        for index, atom in enumerate(atoms):
            self._take(index, atom)

    # Atoms

    def _take(self, index: int, atom: Atom) -> None:
        if isinstance(atom, Never):
            for rule in atom.rules:
                checked = _Checked(rule, self.env)
                self._close(checked.applies, rule.tests)
        elif isinstance(atom, Gathered):
            self._gathered(index, atom)
        elif isinstance(atom, Some):
            self._some(index, atom)
        elif isinstance(atom, Summed):
            self._summed(atom)
        elif isinstance(atom, Ordered):
            one, other = (
                Need(self._providers(_Checked(rule, self.env).applies), atom=index) for rule in (atom.first, atom.second)
            )
            self.order.append((one, other))
            self.needs += [need for need in (one, other) if need.choices]
        elif isinstance(atom, Lasting):
            self._lasting(index, atom)
        elif isinstance(atom, Whole) and _about_legs(atom.test):
            self.whole.append(expression(atom.test))

    def _shelves(self) -> Iterable[dict[Any, Activity]]:
        return (self.go, self.back, self.hotels, self.sights, self.meals)

    def _close(self, forbidden: Callable[[Activity], bool], tests: Iterable[ast.expr]) -> None:
        """Take everything forbidden from the shelves, and bound the ways."""
        kinds = _types_named(tests)
        on_ways = any(_mentions(test, "transport") for test in tests)
        for shelf, kind in (
            () if on_ways else zip(self._shelves(), ("leg", "leg", "accommodation", "attraction", "meal"), strict=True)
        ):
            if kinds is not None and kind not in kinds:
                continue
            for key in [key for key, block in shelf.items() if forbidden(block)]:
                del shelf[key]
        for mode in MODES if on_ways else ():
            blocks_of = functools.partial(self._on_way, mode)
            self.mode_km[mode] = min(self.mode_km[mode], _longest(lambda km, of=blocks_of: forbidden(of(km))))  # type: ignore[misc]

    def _on_way(self, mode: str, km: float) -> Activity:
        """A visit that is reached by that mode over that distance."""
        block = {"type": "attraction", "position": "", "price": 0, "cost": 0, "tickets": self.spec.people}
        part = {"mode": mode, "distance": km, "cost": 0.0, "price": 0.0, "start_time": "10:00", "end_time": "10:10"}
        part |= {"tickets": self.spec.people, "cars": cars_for(self.spec.people), "start": "", "end": ""}
        edge = {**part, "mode": "walk", "distance": 0.0}
        return {**block, "transports": [edge, part, edge] if mode == "metro" else [part]}

    def _providers(self, fits: Callable[[Activity], bool]) -> tuple[tuple[str, str], ...]:
        found = [("attraction", name) for name, block in self.sights.items() if fits(block)]
        return (*found, *(key for key, block in self.meals.items() if fits(block)))

    def _gathered(self, index: int, atom: Gathered) -> None:
        gains = [_Gain(gain, self.env) for gain in atom.gains]
        tests = [test for gain in atom.gains for test in (*gain.rule.tests, gain.value)]
        day = max((gain.rule.day for gain in atom.gains), default=0)

        def values(activity: Activity) -> set[Any]:
            found = (gain.of(activity) for gain in gains)
            return {value for value in found if value is not None}

        if atom.relation == "has_none":
            self._close(lambda activity: bool(values(activity) & atom.items), tests)
        if atom.relation in ("within", "equals"):
            self._close(lambda activity: bool(values(activity) - atom.items), tests)
        if atom.relation == "has_any":
            self._need(index, lambda activity: bool(values(activity) & atom.items), atom.items, tests, day)
        if atom.relation in ("has_all", "equals"):
            for item in sorted(atom.items, key=str):
                self._need(
                    index, functools.partial(lambda wanted, activity: wanted in values(activity), item), {item}, tests, day
                )

    def _need(self, index: int, fits: Callable[[Activity], bool], items: Iterable[Any], tests: list[ast.expr], day: int) -> None:
        hotels = {stay for stay, block in self.hotels.items() if fits(block)} if _may_be(tests, "accommodation") else set()
        legs = (
            {leg for shelf in (self.go, self.back) for leg, block in shelf.items() if fits(block)}
            if _may_be(tests, "leg")
            else set()
        )
        if hotels:
            self.hotel_needs.append(hotels)
        elif legs:
            self.leg_needs.append(legs)
        elif choices := self._providers(fits):
            self.needs.append(Need(choices, atom=index, day=day))
        elif not any(fits(self._on_way(mode, km)) for mode in MODES for km in _KM):
            self.problems.append(Violation("PREF-01", params={"missing": sorted(map(str, items)), "city": self.city.name}))

    def _some(self, index: int, atom: Some) -> None:
        """The first rule something can meet; a wish about ways is left to the choice of ways and to the judge."""
        for rule in atom.rules:
            if self._met_by(index, rule):
                return
        tests = [test for rule in atom.rules for test in rule.tests]
        if not any(_mentions(test, "transport") or _mentions(test, "activity_cost") for test in tests):
            self.problems.append(
                Violation("PREF-02", params={"missing": " and ".join(map(ast.unparse, tests))[:200], "city": self.city.name})
            )

    def _met_by(self, index: int, rule: Rule) -> bool:
        plain, timing = timing_of(rule)
        fits = _Checked(plain, self.env).applies
        hotels = {stay for stay, block in self.hotels.items() if fits(block)} if _may_be(plain.tests, "accommodation") else set()
        exact = _Checked(rule, self.env).applies
        legs = (
            {leg for shelf in (self.go, self.back) for leg, block in shelf.items() if exact(block)}
            if _may_be(plain.tests, "leg")
            else set()
        )
        if choices := self._providers(fits):
            self.needs.append(Need(choices, timing, index, rule.day))
        elif hotels:
            self.hotel_needs.append(hotels)
        elif legs:
            self.leg_needs.append(legs)
        return bool(choices or hotels or legs)

    def _summed(self, atom: Summed) -> None:
        over, counts = set(), False
        gains = [_Gain(gain, self.env) for gain in atom.gains]
        for part, sample in self._samples().items():
            found = sum(float(value or 0) for value in (gain.of(sample) for gain in gains) if isinstance(value, (int, float)))
            if found:
                over.add(part)
                counts = counts or found == 1
        test = expression(atom.test)

        def holds(total: float) -> bool:
            try:
                return bool(test({**self.env, atom.name: total, STEPS: [0]}))
            except FAILS:
                return False

        low, high = holds(atom.start), holds(1e9)
        most = _edge(holds, low) if low and not high else math.inf
        least = _edge(holds, low) if high and not low else 0.0
        self.caps.append(Cap(frozenset(over), most, least, counts))

    def _samples(self) -> dict[str, Activity]:
        """One activity for each part a sum may count; its cost, 1000 or 7, tells what is counted."""
        cost = {"cost": 1000.0, "price": 1000.0, "transports": []}
        way = {
            "type": "",
            "cost": 0.0,
            "price": 0.0,
            "transports": [{"mode": "taxi", "cost": 7.0, "price": 7.0, "distance": 1.0}],
        }
        return {
            "sight": {"type": "attraction", "tickets": 1, **cost},
            "meal": {"type": "lunch", **cost},
            "hotel": {"type": "accommodation", "rooms": 1, "room_type": 1, **cost},
            "leg": {"type": "train", "tickets": 1, **cost},
            "way": way,
        }

    def _lasting(self, index: int, atom: Lasting) -> None:
        gains = [(name, _Gain(gain, self.env)) for name, gain in atom.gains]
        test = expression(atom.test)

        def fits(block: Activity) -> bool:
            found = {name: gain.of(block) for name, gain in gains}
            try:
                return None not in found.values() and bool(test({**self.env, **found, STEPS: [0]}))
            except FAILS:
                return False

        if not any(gain.of(block) is not None for _name, gain in gains for block in self.hotels.values()):
            return
        self._learn_named(atom.test)
        hotels = {stay for stay, block in self.hotels.items() if fits(block)}
        if hotels:
            self.last_stays = hotels if self.last_stays is None else self.last_stays & hotels
        else:
            self.problems.append(Violation("PREF-01", params={"missing": ast.unparse(atom.test), "city": self.city.name}))

    def _learn_named(self, test: ast.expr) -> None:
        named = [node.value for node in ast.walk(test) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        for place in named:
            if place in self.city.places:
                self.city.learn_from(place, [stay.hotel.name for stay in self.hotels])

    # Legs

    def pair_fits(self, go: Leg, back: Leg) -> bool:
        """Whether two legs are what the wishes about the whole trip ask."""
        if any(not {go, back} & need for need in self.leg_needs):
            return False
        plan = _outline(self.spec, [self.go[go]], [self.back[back]])
        scope = {**self.names, "plan": plan, STEPS: [0]}
        try:
            return all(test(scope) for test in self.whole)
        except FAILS:
            return False


def _room_counts(hotel: Hotel, spec: TripSpec, two_to_a_room: bool) -> list[int]:
    """The numbers of rooms to consider: beds for all; any where a wish is about rooms; two to a room in any room, if asked."""
    least = -(-spec.people // (max(hotel.beds, 2) if two_to_a_room else hotel.beds))
    if any("room_count" in wish or "'rooms'" in wish for wish in spec.wishes):
        return list(range(1 if two_to_a_room else least, spec.people + 1))
    return [least]


def _outline(spec: TripSpec, first: list[Activity], last: list[Activity]) -> dict[str, Any]:
    """A plan with nothing but its legs."""
    days: list[dict[str, Any]] = [{"day": number, "activities": []} for number in range(1, spec.days + 1)]
    days[0]["activities"] += first
    days[-1]["activities"] += last
    return {"people_number": spec.people, "start_city": spec.origin, "target_city": spec.target, "itinerary": days}


def _mentions(test: ast.expr, word: str) -> bool:
    return any(isinstance(node, ast.Name) and word in node.id for node in ast.walk(test))


_KIND_OF = {"train": "leg", "airplane": "leg", "breakfast": "meal", "lunch": "meal", "dinner": "meal"}


def _types_named(tests: Iterable[ast.expr]) -> set[str] | None:
    """The kinds of activity a conjunction can be about, where it tests the type against literals; None: any."""
    for test in tests:
        for part in test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]:
            match part:
                case ast.Compare(
                    left=ast.Call(func=ast.Name(id="activity_type")), ops=[ast.Eq() | ast.In()], comparators=[right]
                ):
                    words = [
                        node.value for node in ast.walk(right) if isinstance(node, ast.Constant) and isinstance(node.value, str)
                    ]
                    return {_KIND_OF.get(word, word) for word in words}
    return None


def _about_legs(test: ast.expr) -> bool:
    """Whether a test of the plan asks only for its counts, cities, and first and last activity."""
    if any(
        _mentions(test, word) for word in ("dayactivities", "allactivities_count", "innercity", "activity_transports", "poi_")
    ):
        return False
    for node in ast.walk(test):
        match node:
            case ast.Subscript(value=ast.Call(func=ast.Name(id="allactivities")), slice=index):
                if ast.unparse(index) not in ("0", "-1"):
                    return False
    return True


def _may_be(tests: Iterable[ast.expr], kind: str) -> bool:
    kinds = _types_named(tests)
    return kinds is None or kind in kinds


def _longest(forbidden: Callable[[float], bool]) -> float:
    """The longest way that is not forbidden, taking it that longer is worse; 0 where every way is."""
    if not forbidden(1e4):
        return 0.0 if all(forbidden(km) for km in _KM) else math.inf
    return _edge(lambda km: not forbidden(km), not forbidden(0.0), high=1e4) if not forbidden(0.0) else 0.0


def _edge(holds: Callable[[float], bool], at_low: bool, high: float = 1e9) -> float:
    """Where a test changes from `at_low`: the last value before a change to false, the first after a change to true."""
    low = 0.0
    for _halving in range(60):
        middle = (low + high) / 2
        if holds(middle) is at_low:
            low = middle
        else:
            high = middle
    edge = round(high, 6)
    if at_low:
        return edge if holds(edge) else low
    return edge if holds(edge) else high
