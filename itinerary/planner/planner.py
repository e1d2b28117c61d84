"""From a typed spec to a verified plan: alternatives of the wishes, legs and hotels, tours, hours, judges.

Attempts go from comfortable to frugal; the first plan that passes all judges is the answer. What passes everything but the
sellable rules is kept as second best. When nothing passes, the wishes that stand in each other's way are named.
"""

import dataclasses
import itertools
import time
from collections.abc import Iterator

from itinerary.planner import choices
from itinerary.planner.catalogue import Violation
from itinerary.planner.choices import Taste
from itinerary.planner.drafting import Draft, Frame
from itinerary.planner.guide import Guide
from itinerary.planner.judging import Judge, program
from itinerary.planner.reading import read
from itinerary.planner.spec import Answer, Reason, Relaxation, TripSpec, Verdict, refusals
from itinerary.planner.ways import Policy
from itinerary.planner.wishes import All, Atom, Formula, Opaque, branches
from itinerary.planner.world import Leg, World


@dataclasses.dataclass(frozen=True)
class Level:
    """One step from comfortable to frugal."""

    taste: Taste
    policy: Policy
    frames: int
    two_to_a_room: bool = False


_THRIFTY = Policy(walk_km=1.2, metro_walk_km=1.8, cheap=True)
_MISERLY = Policy(walk_km=1.8, metro_walk_km=3.0, cheap=True)
_ON_FOOT = Policy(walk_km=3.9, metro_walk_km=2.5, cheap=True)
LEVELS = (
    Level(Taste(), Policy(), 2),
    Level(Taste(thrift=1.0, near=3.0, sights=5), _THRIFTY, 2),
    Level(Taste(thrift=2.0, near=3.0, sights=6, early=True), Policy(metro_walk_km=0.8), 2),
    Level(Taste(thrift=4.0, near=8.0, sights=4, early=True), _THRIFTY, 3),
    Level(Taste(thrift=40.0, near=12.0, sights=2, early=True), _MISERLY, 3),
    Level(Taste(thrift=40.0, near=12.0, sights=0, early=True, meals=False), _MISERLY, 4),
    Level(Taste(thrift=40.0, near=12.0, sights=1, early=True, meals=False, by_station=True), _ON_FOOT, 4),
    Level(Taste(thrift=1.0, near=3.0, strict=False), Policy(), 3, True),
    Level(Taste(thrift=40.0, near=12.0, sights=0, early=True, meals=False, strict=False), _MISERLY, 6, True),
    Level(Taste(thrift=40.0, near=12.0, sights=0, early=True, meals=False, strict=False, by_station=True), _ON_FOOT, 6, True),
)


@dataclasses.dataclass(frozen=True)
class Effort:
    """How long to try: `rounds` of the search per attempt, CPU `seconds` in all."""

    rounds: int = 40
    seconds: float = 4.0


@dataclasses.dataclass
class _Best:
    plan: dict[str, object] | None = None
    verdict: Verdict | None = None
    reasons: list[Reason] = dataclasses.field(default_factory=list)
    attempts: int = 0

    def offer(self, plan: dict[str, object], verdict: Verdict, reasons: list[Reason]) -> None:
        if self.verdict is None or verdict.badness < self.verdict.badness:
            self.plan, self.verdict, self.reasons = plan, verdict, reasons


class Planner:
    """Plans trips in one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.judge = Judge(world)

    def answer(self, spec: TripSpec, effort: Effort | None = None) -> Answer:
        """The best plan within the effort. Never raises for a bad wish: what forbids a plan is in `core`."""
        effort = effort or Effort()
        refused = refusals(spec, set(self.world.cities))
        refused += [Violation("UNSAT", params={"wish": number, "text": text[:200]}) for number, text in _forbidden(spec)]
        if refused:
            return Answer(None, None, [], refused)
        best, problems = self._search(spec, effort)
        if best.verdict is not None and best.verdict.passes:
            return Answer(best.plan, best.verdict, best.reasons, attempts=best.attempts)
        core, relaxations = self._explain_failure(spec, effort, problems)
        if best.plan is None:
            best, _none = self._search(spec, effort, [[]])  # a plan to talk about, although it misses wishes
        return Answer(best.plan, best.verdict, best.reasons, core, relaxations, best.attempts)

    def _search(
        self, spec: TripSpec, effort: Effort, alternatives: list[list[Atom]] | None = None
    ) -> tuple[_Best, list[Violation]]:
        best, problems = _Best(), dict[str, Violation]()
        began = time.process_time()
        alternatives = _alternatives(spec) if alternatives is None else alternatives
        guides: dict[tuple[int, bool], Guide] = {}
        for level in LEVELS:
            for number, atoms in enumerate(alternatives):
                key = (number, level.two_to_a_room)
                if key not in guides:
                    guides[key] = Guide(self.world, spec, self.judge.names, atoms, level.two_to_a_room)
                guide = guides[key]
                problems |= {str(problem): problem for problem in guide.problems}
                if guide.problems:
                    continue
                if self._try_level(guide, level, effort, best):
                    return best, []
                if time.process_time() - began > effort.seconds:
                    return best, list(problems.values())
            if level.two_to_a_room and best.verdict is not None and best.verdict.passes:
                break
        return best, list(problems.values())

    def _try_level(self, guide: Guide, level: Level, effort: Effort, best: _Best) -> bool:
        """Whether a clean plan was found."""
        for variant, frame in enumerate(itertools.islice(self._frames(guide, level.taste), level.frames)):
            draft = Draft(guide, frame, level.taste, level.policy, variant)
            plan = draft.plan(effort.rounds)
            best.attempts += 1
            if plan is None:
                continue
            verdict = self.judge.verdict(guide.spec, plan)
            best.offer(plan, verdict, draft.reasons)
            if verdict.clean:
                return True
        return False

    def _frames(self, guide: Guide, taste: Taste) -> Iterator[Frame]:
        """Legs and hotels: the best of both, then the next hotel, then the next legs."""
        pairs = list(itertools.islice(choices.leg_pairs(guide, taste), 6))
        nights = list(itertools.islice(choices.stays(guide, taste, _middle(guide, pairs, taste)), 4))
        order = [(0, 0), (1, 0), (0, 1), (2, 1), (1, 2), (3, 0), (4, 2), (5, 3)]
        seen = set()
        for one, other in order:
            at = (min(one, len(pairs) - 1), min(other, len(nights) - 1))
            if pairs and nights and at not in seen:
                seen.add(at)
                yield Frame(*pairs[at[0]], nights[at[1]])
        variants = len(seen)
        while pairs and nights and variants < 8:
            variants += 1
            yield Frame(*pairs[0], nights[0])

    # When nothing fits

    def _explain_failure(
        self, spec: TripSpec, effort: Effort, problems: list[Violation]
    ) -> tuple[list[Violation], list[Relaxation]]:
        """The core, and which wishes to give up, those first that suffice alone."""
        core = problems or [Violation("UNSAT", params={"wishes": len(spec.wishes)})]
        relaxations = []
        began = time.process_time()
        for number, text in enumerate(spec.wishes):
            if time.process_time() - began > effort.seconds:
                break
            rest = dataclasses.replace(spec, wishes=spec.wishes[:number] + spec.wishes[number + 1 :])
            best, _problems = self._search(rest, dataclasses.replace(effort, seconds=effort.seconds / 4))
            enough = best.verdict is not None and best.verdict.passes
            relaxations.append(Relaxation(number, text, enough))
        relaxations.sort(key=lambda relaxation: not relaxation.enough)
        needed = [relaxation.wish for relaxation in relaxations if relaxation.enough]
        if needed and not problems:
            core = [Violation("UNSAT", params={"wish": number, "text": spec.wishes[number][:200]}) for number in needed]
        return core, relaxations


def _forbidden(spec: TripSpec) -> list[tuple[int, str]]:
    return [(number, text) for number, text in enumerate(spec.wishes) if program(text) is None]


def _alternatives(spec: TripSpec) -> list[list[Atom]]:
    """The wishes as alternatives, those with the fewest demands first; atoms not understood are left to the judge."""
    parts: list[Formula] = []
    for text in spec.wishes:
        found = program(text)
        if found is not None:
            parts.append(read(found))
    kept: list[list[Atom]] = [[atom for atom in branch if not isinstance(atom, Opaque)] for branch in branches(All(tuple(parts)))]
    return kept or [[]]


def _middle(guide: Guide, pairs: list[tuple[Leg, Leg]], taste: Taste) -> tuple[float, float]:
    """Where a hotel should be: among the places the wishes name, else among the best-known sights; or by the stations."""
    stations = [name for leg in pairs[:1] for name in (leg[0].end, leg[1].start)]
    named = [need.choices[0][1] for need in guide.needs if len(need.choices) <= 8]
    famous = sorted(guide.sights, key=lambda name: guide.city.attractions[name].rank)[:15]
    names = stations if taste.by_station and stations else named or famous or stations
    points = [guide.city.point(name) for name in names]
    if not points:
        return next(iter(guide.city.places.values()))
    north, east = sorted(point[0] for point in points), sorted(point[1] for point in points)
    return north[len(north) // 2], east[len(east) // 2]
