"""One attempt at a plan: given legs, hotels and a taste, choose the places, search the tours, set the hours, write it down."""

import dataclasses
import itertools

import numpy as np

from itinerary.planner import choices, tours
from itinerary.planner.choices import Taste
from itinerary.planner.concepts import Plan
from itinerary.planner.guide import Guide, Need, Stay
from itinerary.planner.hours_of_day import DayDraft, Visit, settle
from itinerary.planner.sellable_rules import USUAL, Limits
from itinerary.planner.spec import Locked, Reason
from itinerary.planner.timed_needs import ANY_TIME
from itinerary.planner.timing import Stop
from itinerary.planner.ways import Policy, Ways
from itinerary.planner.world import Leg, Way
from itinerary.planner.writing import write_plan

MUST = 4000.0
_KINDS = {"attraction": 0, "lunch": 1, "dinner": 2, "breakfast": 3}
_TYPICAL_MEAL = 60


@dataclasses.dataclass(frozen=True)
class Node:
    """A place that may be visited: what for, when, how much it is wanted, and on which days (None: any)."""

    kind: str
    name: str
    stop: Stop
    score: float
    typical: int
    cost: float
    must: bool = False
    days: tuple[int, ...] | None = None


@dataclasses.dataclass(frozen=True)
class Frame:
    """What is fixed before places are chosen."""

    go: Leg
    back: Leg
    stays: list[Stay]


class Draft:
    """An attempt; `plan()` is None when the needed places do not fit."""

    def __init__(
        self, guide: Guide, frame: Frame, taste: Taste, policy: Policy, variant: int = 0, limits: Limits = USUAL
    ) -> None:
        self.guide, self.frame, self.taste, self.variant, self.limits = guide, frame, taste, variant, limits
        shut = {mode: 0.0 if mode in guide.spec.avoid_modes else most for mode, most in guide.mode_km.items()}
        self.policy = dataclasses.replace(policy, longest=(guide.mode_km["walk"], shut["metro"], shut["taxi"]))
        self.days = guide.spec.days
        self.missing: list[Need] = []
        self.nodes: list[Node] = []
        self.reasons: list[Reason] = []

    def plan(self, rounds: int) -> Plan | None:
        """The plan of this attempt."""
        self._choose_nodes()
        if self.missing:
            return None
        self._prepare()
        search = tours.Search(self._problem(), self.guide.spec.seed + self.variant)
        found = search.run(tours.Limits(rounds=rounds if len(self.nodes) > 1 else 1))
        stops = [[self.nodes[number - self.ends] for number in tour] for tour in found.tours]
        chosen = {node.name for day in stops for node in day}
        if any(node.must and node.name not in chosen for node in self.nodes):
            return None
        return self._finish(stops)

    # Which places are worth trying

    def _choose_nodes(self) -> None:
        used: set[str] = set()
        for lock in self.guide.spec.locked:
            self._add_locked(lock, used)
        early, late = self._order_days()
        for need in self.guide.needs:
            days = early if any(need is one for one, _other in self.guide.order) else None
            days = late if any(need is other for _one, other in self.guide.order) else days
            days = (need.day - 1,) if need.day else days
            if not any(choice[1] in used for choice in need.choices) or need.timing != ANY_TIME or need.day:
                self._add_need(need, used, days)
        used |= {node.name for node in self.nodes}
        self._add_sights(used)
        if self.taste.meals:
            self._add_meals(used)

    def _order_days(self) -> tuple[tuple[int, ...] | None, tuple[int, ...] | None]:
        """For "first A, then B": on which days A and B may be."""
        if self.days < 2:
            return None, None
        split = 1 + (self.days // 2 - 1 + self.variant) % (self.days - 1)
        return tuple(range(split)), tuple(range(split, self.days))

    def _add_locked(self, lock: Locked, used: set[str]) -> None:
        length = lock.end - lock.start
        stop = Stop(lock.start, lock.start, lock.end, lock.end, length, length)
        self.nodes.append(Node(lock.kind, lock.place, stop, MUST, length, 0.0, True, (lock.day - 1,)))
        used.add(lock.place)

    def _add_need(self, need: Need, used: set[str], days: tuple[int, ...] | None) -> None:
        nodes = [node for choice in need.choices if (node := self._node(*choice, need)) is not None]
        names = sorted(
            {node.name for node in nodes}, key=lambda name: min(self._effort(node) for node in nodes if node.name == name)
        )
        if not names:
            self.missing.append(need)
            return
        name = names[self.variant % min(len(names), 4)]
        self.nodes += [dataclasses.replace(node, must=True, score=MUST, days=days) for node in nodes if node.name == name]
        used.add(name)

    def _effort(self, node: Node) -> float:
        """Which of several places for one need to take: cheap, near, easy to fit."""
        span = node.stop.start_by - node.stop.start_from
        return node.cost * 0.3 + self._km_from_base(node.name) * 8 + max(0, 240 - span) * 0.3

    def _km_from_base(self, name: str) -> float:
        base = self.frame.stays[0].hotel.name if self.frame.stays else self.frame.go.end
        north, east = self.guide.city.point(name)
        here = self.guide.city.point(base)
        return float(np.hypot((north - here[0]) * 111, (east - here[1]) * 95))

    def _node(self, kind: str, name: str, need: Need | None) -> Node | None:
        if name not in self.guide.city.places:
            return None
        if kind == "attraction":
            sight = self.guide.city.attractions[name]
            stop = choices.sight_stop(sight, need)
            typical = min(max((sight.visit + sight.visit_most) // 2, 60), 150)
            cost = sight.price * self.guide.spec.people
        else:
            place = self.guide.city.restaurants[name]
            stop = choices.meal_stop(kind, place, need)
            typical, cost = _TYPICAL_MEAL, place.price * self.guide.spec.people
        return Node(kind, name, stop, 0.0, typical, cost) if stop else None

    def _add_sights(self, used: set[str]) -> None:
        most = self.taste.sights * self.days + 6 if self.taste.sights else 0
        sights = self.guide.city.attractions
        cap = min((cap.most for cap in self.guide.caps if "sight" in cap.over and not cap.counts), default=float("inf"))

        def worth(name: str) -> float:
            sight = sights[name]
            if sight.draw:
                return sight.draw - sight.price * 0.05 * (1 + self.taste.thrift) - self._km_from_base(name) * self.taste.near
            price = sight.price * (0.25 + self.taste.thrift * 0.5)
            return 100 / (1 + sight.rank / 80) + 20 - price - self._km_from_base(name) * self.taste.near

        open_ones = [name for name in self.guide.sights if name not in used]
        if cap < float("inf"):
            open_ones = [name for name in open_ones if sights[name].price * self.guide.spec.people <= cap]
        for name in sorted(open_ones, key=worth, reverse=True)[:most]:
            node = self._node("attraction", name, None)
            if node and node.stop.start_by >= 540:
                self.nodes.append(dataclasses.replace(node, score=max(worth(name), 8.0)))

    def _add_meals(self, used: set[str]) -> None:
        places = self.guide.city.restaurants
        aim, weight = (70, 0.35) if self.taste.thrift < 1 else (0, 0.4 + 0.3 * self.taste.thrift)

        def worth(name: str) -> float:
            return 70 - abs(places[name].price - aim) * weight - self._km_from_base(name) * 2.5

        for kind in ("lunch", "dinner"):
            names = [name for meal, name in self.guide.meals if meal == kind and name not in used]
            kept = 0
            for name in sorted(names, key=worth, reverse=True):
                node = self._node(kind, name, None)
                if node:
                    self.nodes.append(dataclasses.replace(node, score=max(worth(name), 5.0)))
                    kept += 1
                if kept >= 6 + 4 * self.days:
                    break

    # The search

    def _prepare(self) -> None:
        """Number the places: the ends of the days first, then the nodes."""
        spots = [self.frame.go.end, *(stay.hotel.name for stay in self.frame.stays), self.frame.back.start]
        self.ends = len(spots)
        names = [*spots, *(node.name for node in self.nodes)]
        places = list(dict.fromkeys(names))
        self.where = {name: number for number, name in enumerate(places)}
        self.ways = Ways(self.guide.city, places, self.guide.spec.people, self.policy)
        self.numbers = np.array([self.where[name] for name in names])

    def _day(self, day: int, visits: list[Visit]) -> DayDraft:
        """The frame of one day as the hours see it."""
        frame, last = self.frame, self.days - 1
        start = frame.go.end if day == 0 else frame.stays[day - 1].hotel.name
        end = frame.back.start if day == last else frame.stays[day].hotel.name
        leaves = frame.go.arrives + 10 if day == 0 else self.guide.spec.day_starts
        due, departs = self.limits.hotel_by, None
        if day == last:
            departs = frame.back.departs
            due = departs - self.limits.before(frame.back.kind)
        if day and (visits or day == last):
            leaves = self._morning(start, end, due, visits)
        return DayDraft(start, end, leaves, due, departs, day == 0, visits)

    def _morning(self, start: str, end: str, due: int, visits: list[Visit]) -> int:
        """When a day at the hotel begins: as the spec says, sooner where a train or a wish asks for it."""
        first = [visit.stop.start_by - self._minutes(start, visit.name) for visit in visits if visit.must]
        latest = min([due - self._minutes(start, end), *first])
        return max(self.limits.earliest + 1, min(self.guide.spec.day_starts, latest))

    def _minutes(self, one: str, other: str) -> int:
        return int(self.ways.minutes[self.where[one], self.where[other]])

    def _problem(self) -> tours.Problem:
        musts = [Visit(node.kind, node.name, node.stop, node.must) for node in self.nodes if node.must]
        frames = []
        for day in range(self.days):
            draft = self._day(day, musts)
            by = draft.due if draft.departs is not None else min(draft.due, self.guide.spec.day_ends)
            spots = (0 if day == 0 else day, self.ends - 1 if day == self.days - 1 else day + 1)
            frames.append(tours.Frame(*spots, float(draft.leaves), float(by)))
        size = self.ends + len(self.nodes)
        travel = self.ways.minutes[np.ix_(self.numbers, self.numbers)].astype(np.float64)
        arrays = [choices.as_node(node.stop, node.typical) for node in self.nodes]
        edge = [(0.0, -1.0, 0.0)] * self.ends
        opens, closes, length = (np.array(column, dtype=np.float64) for column in zip(*edge, *arrays, strict=True))
        allowed = np.ones((self.days, size), dtype=bool)
        for index, node in enumerate(self.nodes):
            if node.days is not None:
                allowed[:, self.ends + index] = [day in node.days for day in range(self.days)]
            for day in self._shut(node):
                allowed[day, self.ends + index] = False
        costs, caps = self._budgets()
        return tours.Problem(
            travel=travel, length=length, opens=opens, closes=closes,
            score=np.array([0.0] * self.ends + [node.score for node in self.nodes]), frames=frames,
            kind=[0] * self.ends + [_KINDS[node.kind] for node in self.nodes],
            same=[-1 - number for number in range(self.ends)] + [self.where[node.name] for node in self.nodes],
            allowed=allowed, costs=costs, caps=caps, few=self.guide.spec.per_day,
        )  # fmt: skip

    def _shut(self, node: Node) -> list[int]:
        """The days, from 0, on which a place is closed."""
        city = self.guide.city
        shelf = city.attractions if node.kind == "attraction" else city.restaurants
        return [day - 1 for day in shelf[node.name].shut if 1 <= day <= self.days] if node.name in shelf else []

    def _budgets(self) -> tuple[list[tours.Array], list[float]]:
        """What the places may cost together, per cap, once legs and hotels are paid."""
        costs, caps = [], []
        for cap in self.guide.caps:
            parts = [
                ("attraction" in (node.kind,) and "sight" in cap.over) or (node.kind in choices.MEAL_SPAN and "meal" in cap.over)
                for node in self.nodes
            ]
            if cap.most == float("inf") or not any(parts):
                continue
            fixed = 0.0 if cap.counts else self._fixed(cap.over)
            each = [1.0 if cap.counts else node.cost for node in self.nodes]
            costs.append(np.array([0.0] * self.ends + [cost if part else 0.0 for cost, part in zip(each, parts, strict=True)]))
            caps.append(cap.most - fixed)
        return costs, caps

    def _fixed(self, over: frozenset[str]) -> float:
        people = self.guide.spec.people
        legs = (self.frame.go.price + self.frame.back.price) * people if "leg" in over else 0.0
        return legs + (sum(stay.hotel.price * stay.rooms for stay in self.frame.stays) if "hotel" in over else 0.0)

    # Hours and caps

    def _finish(self, stops: list[list[Node]]) -> Plan | None:
        days = [[Visit(node.kind, node.name, node.stop, node.must, node.cost) for node in day] for day in stops]
        while True:
            drafts = [settle(self._day(number, visits), self._minutes, self.limits) for number, visits in enumerate(days)]
            if any(draft is None for draft in drafts):
                return None
            settled = [draft for draft in drafts if draft is not None]
            over = next(
                (cap.over for cap in self.guide.caps if self._total(cap.over, cap.counts, settled) > cap.most + 0.005), None
            )
            days = [draft.visits for draft in settled]
            if over is None or not self._drop_dearest(days, over):
                break
        self._explain(settled)
        return write_plan(
            self.guide.spec, self.guide.city, (self.frame.go, self.frame.back), self.frame.stays, settled, self._way
        )

    def _way(self, one: str, other: str) -> Way | None:
        return self.ways.way(self.where[one], self.where[other])

    def _total(self, over: frozenset[str], counts: bool, days: list[DayDraft]) -> float:
        visits = [visit for day in days for visit in day.visits]
        counted = [visit for visit in visits if ("sight" if visit.kind == "attraction" else "meal") in over]
        if counts:
            return float(len(counted))
        total = self._fixed(over) + sum(visit.cost for visit in counted)
        return total + (sum(self._ways_cost(day) for day in days) if "way" in over else 0.0)

    def _ways_cost(self, day: DayDraft) -> float:
        names = [day.start, *(visit.name for visit in day.visits), day.end]
        return sum(
            float(self.ways.cost[self.where[one], self.where[other]]) for one, other in itertools.pairwise(names) if one != other
        )

    def _drop_dearest(self, days: list[list[Visit]], over: frozenset[str]) -> bool:
        """Give up the optional visit that saves most; False when there is none."""
        best: tuple[float, int, int] | None = None
        for number, visits in enumerate(days):
            for index, visit in enumerate(visits):
                if visit.must:
                    continue
                saved = visit.cost if ("sight" if visit.kind == "attraction" else "meal") in over else 0.0
                if "way" in over:
                    saved += self._ways_cost(self._day(number, visits)) - self._ways_cost(
                        self._day(number, visits[:index] + visits[index + 1 :])
                    )
                if best is None or saved > best[0]:
                    best = (saved, number, index)
        if best is None:
            return False
        del days[best[1]][best[2]]
        return True

    def _explain(self, days: list[DayDraft]) -> None:
        frame, locked = self.frame, {lock.place for lock in self.guide.spec.locked}
        self.reasons = [Reason(1, frame.go.number, "leg", {"price": frame.go.price, "arrives": frame.go.arrives})]
        for number, day in enumerate(days, start=1):
            for visit in day.visits:
                code = (
                    "locked"
                    if visit.name in locked
                    else "wish"
                    if visit.must
                    else "sight"
                    if visit.kind == "attraction"
                    else "meal"
                )
                self.reasons.append(Reason(number, visit.name, code, {"km_from_hotel": round(self._km_from_base(visit.name), 1)}))
            if number < self.days:
                stay = frame.stays[number - 1]
                self.reasons.append(Reason(number, stay.hotel.name, "hotel", {"price": stay.hotel.price, "rooms": stay.rooms}))
        self.reasons.append(
            Reason(self.days, frame.back.number, "leg", {"price": frame.back.price, "departs": frame.back.departs})
        )
