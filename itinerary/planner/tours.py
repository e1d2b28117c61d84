"""The search: which places to visit on which tour, in which order, within time windows (team orienteering, TOPTW).

Large neighbourhood search by ruin and recreate. Ruin takes strings of stops near a random one out of the tours (after
Christiaens and Vanden Berghe, "Slack induction by string removals", Transportation Science 2020); recreate inserts the place
with the best ratio of score and time (after Vansteenwegen et al., "Iterated local search for the TOPTW", C&OR 2009), all
positions of all places of a tour being tried at once in numpy arrays, with waiting and latest-shift kept per stop;
acceptance by a threshold that falls with the time spent (record-to-record). Deterministic under a seed when the limit is
rounds; anytime when it is CPU seconds.
"""

import dataclasses
import math
import random
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


_POWERS = (1.0, 1.5, 2.0, 2.0, 3.0)  # of the score in the ratio of score and time; one is drawn per round

_LOOK = 8  # rounds between two looks at the clock, which is a slow call


@dataclasses.dataclass(frozen=True)
class Frame:
    """One tour's frame: it leaves `start` at `leaves` and is at `end` by `back` (places by number, minutes)."""

    start: int
    end: int
    leaves: float
    back: float


@dataclasses.dataclass
class Problem:
    """Places 0..n-1. `travel[i, j]` minutes from i to j; a visit of `length` begins in [opens, closes]; `score` is gained once.

    `kind` > 0: at most one place of that kind in a tour (lunch, dinner). `same`: places that exclude each other (one
    restaurant as lunch and as dinner) share a number. `allowed[tour, place]`: where a place may go.
    `few`: at most so many places of kind 0 in a tour; 0 for any number.
    `costs` with their `caps`: sums over all chosen places that must not be exceeded.
    """

    travel: Array
    length: Array
    opens: Array
    closes: Array
    score: Array
    frames: Sequence[Frame]
    kind: Sequence[int] | None = None
    same: Sequence[int] | None = None
    allowed: Mask | None = None
    costs: Sequence[Array] = ()
    caps: Sequence[float] = ()
    few: int = 0


@dataclasses.dataclass(frozen=True)
class Limits:
    """When to stop: after `seconds` of CPU time or `rounds`, or once `enough` score is reached."""

    seconds: float = math.inf
    rounds: int = 10**9
    enough: float = math.inf


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The best tours found (places without the frame's ends), their score, and the rounds it took."""

    tours: list[list[int]]
    score: float
    rounds: int


class _Tour:
    """One tour with its times, and for every place the cheapest insertion into it."""

    __slots__ = ("arrive", "depart", "frame", "price", "prices", "problem", "room", "slot", "stops")

    def __init__(self, problem: "_Prepared", slot: int, stops: list[int]) -> None:
        self.problem, self.slot, self.frame = problem, slot, problem.frames[slot]
        self.stops = stops
        self.update()

    def copy(self) -> "_Tour":
        twin = _Tour.__new__(_Tour)
        for name in _Tour.__slots__:
            setattr(twin, name, getattr(self, name))
        twin.stops = list(self.stops)
        return twin

    def update(self) -> None:
        """Times forward, slack backward, then the price of every insertion."""
        problem, frame = self.problem, self.frame
        travel, length, opens, closes = problem.rows, problem.lengths, problem.opened, problem.closed
        before, now = frame.start, frame.leaves
        self.arrive: list[float] = []
        self.depart = [now]
        waits: list[float] = []
        for stop in self.stops:
            arrive = now + travel[before][stop]
            wait = opens[stop] - arrive
            wait = wait if wait > 0 else 0.0
            self.arrive.append(arrive)
            waits.append(wait)
            now = arrive + wait + length[stop]
            self.depart.append(now)
            before = stop
        arrive = now + travel[before][frame.end]
        self.arrive.append(arrive)
        slack = frame.back - arrive
        room = [0.0] * len(self.arrive)
        room[-1] = slack
        for index in range(len(self.stops) - 1, -1, -1):
            late = closes[self.stops[index]] - self.arrive[index] - waits[index]
            slack = late if late < slack else slack
            slack += waits[index]
            room[index] = slack
        self.room = room
        self._price_insertions()

    def _price_insertions(self) -> None:
        """`price[k]`: by how much the next stop is reached later when k goes to its best position; infinite: nowhere."""
        problem = self.problem
        befores = [self.frame.start, *self.stops]
        afters = [*self.stops, self.frame.end]
        at = problem.travel[befores]
        at += np.array(self.depart)[:, None]
        late = at > problem.closes
        np.maximum(at, problem.opens, out=at)
        at += problem.onward[afters]
        at -= np.array(self.arrive)[:, None]
        late |= at > np.array(self.room)[:, None]
        np.copyto(at, math.inf, where=late)
        self.prices = at
        self.price = at.min(axis=0)
        if problem.allowed is not None:
            self.price[~problem.allowed[self.slot]] = math.inf

    def best_swap(self, open_places: Mask) -> tuple[float, int, int]:
        """The gain in score, position and new place of the best exchange of one stop for an open place; gain 0 for none."""
        problem, stops = self.problem, self.stops
        if problem.allowed is not None:
            open_places = open_places & problem.allowed[self.slot]
        columns = open_places.nonzero()[0]
        if not stops or not len(columns):
            return 0.0, -1, -1
        at = problem.travel[[self.frame.start, *stops[:-1]]][:, columns]
        at += np.array(self.depart[:-1])[:, None]
        late = at > problem.closes[columns]
        np.maximum(at, problem.opens[columns], out=at)
        at += problem.onward[[*stops[1:], self.frame.end]][:, columns]
        late |= at > (np.array(self.arrive[1:]) + np.array(self.room[1:]))[:, None]
        gain = problem.score[columns] - problem.score[stops][:, None]
        np.copyto(gain, 0.0, where=late)
        flat = int(gain.argmax())
        row, column = divmod(flat, len(columns))
        return float(gain[row, column]), row, int(columns[column])

    def insert(self, place: int) -> None:
        self.stops.insert(int(self.prices[:, place].argmin()), place)
        self.update()


class _Prepared:
    """A problem in the forms the inner loops want: lists for scalars, arrays for whole rows."""

    def __init__(self, problem: Problem) -> None:
        self.source = problem
        self.frames = problem.frames
        self.travel = np.ascontiguousarray(problem.travel)
        self.onward = np.ascontiguousarray(problem.travel.T) + problem.length  # [j, k]: the visit of k and the way on to j
        self.rows: list[list[float]] = problem.travel.tolist()
        self.opens, self.closes = problem.opens, problem.closes
        self.lengths: list[float] = problem.length.tolist()
        self.opened: list[float] = problem.opens.tolist()
        self.closed: list[float] = problem.closes.tolist()
        self.score = problem.score
        self.scores: list[float] = problem.score.tolist()
        self.allowed = problem.allowed
        self.near: list[list[int]] = []
        served = [place for place in range(len(self.scores)) if self.scores[place] > 0]
        order = np.argsort(problem.travel, axis=1).tolist()
        wanted = set(served)
        self.near = [[other for other in row if other in wanted] for row in order]
        self.served = served


class Search:
    """A search that can be run on and asked for its best at any time."""

    def __init__(self, problem: Problem, seed: int = 0, tours: list[list[int]] | None = None) -> None:
        self.problem = _Prepared(problem)
        self.dice = random.Random(seed)  # noqa: S311 - a search, not a secret
        self.noise = np.random.default_rng(seed)
        start = tours or [[] for _frame in problem.frames]
        self.now = [_Tour(self.problem, slot, list(stops)) for slot, stops in enumerate(start)]
        self._fill(self.now)
        self.best = [tour.copy() for tour in self.now]
        self.best_score = self._score(self.now)

    def run(self, limits: Limits, say: Callable[[int, float], None] | None = None) -> Outcome:
        """Search until a limit; the best tours so far. `say(round, score)` hears of every improvement."""
        began, rounds, spent = time.process_time(), 0, 0.0
        timed = limits.seconds < math.inf
        current = self.best_score
        top = self.best_score
        while rounds < limits.rounds and self.best_score < limits.enough:
            if timed and rounds % _LOOK == 0:
                spent = time.process_time() - began
                if spent >= limits.seconds:
                    break
            done = max(spent / limits.seconds, rounds / limits.rounds)
            rounds += 1
            trial = self._ruined()
            self._fill(trial)
            score = self._score(trial)
            if score >= current or score > self.best_score - self._margin(done, top):
                self.now, current = trial, score
            if score > self.best_score + 1e-9:
                self.best, self.best_score = [tour.copy() for tour in trial], score
                if say:
                    say(rounds, score)
            elif rounds % 400 == 0:
                self.now, current = [tour.copy() for tour in self.best], self.best_score
        return Outcome([list(tour.stops) for tour in self.best], self.best_score, rounds)

    def _margin(self, done: float, top: float) -> float:
        return 0.08 * top * (1 - done) * self.dice.random()

    def _score(self, tours: list[_Tour]) -> float:
        scores = self.problem.scores
        return sum(scores[stop] for tour in tours for stop in tour.stops)

    def _ruined(self) -> list[_Tour]:
        """A copy of the tours with some stops taken out: strings around a place, single ones by chance, or a whole tour."""
        where = {stop: tour.slot for tour in self.now for stop in tour.stops}
        if not where:
            return [tour.copy() for tour in self.now]
        way = self.dice.random()
        if way < 0.9:
            left = self._without_strings(where)
        elif way < 0.97:
            left = self._without_some(where)
        else:
            left = {self.dice.choice(list(where.values())): []}
        return [_Tour(self.problem, tour.slot, left[tour.slot]) if tour.slot in left else tour.copy() for tour in self.now]

    def _without_strings(self, where: dict[int, int]) -> dict[int, list[int]]:
        """What is left of the tours that lose a string of stops near a random place."""
        visited = list(where)
        seed = self.dice.choice(visited if self.dice.random() < 0.6 else self.problem.served)
        most = max(2, min(len(visited), 3 + self.dice.randrange(2 + len(visited) // 3)))
        left: dict[int, list[int]] = {}
        gone = 0
        for place in [seed, *self.problem.near[seed]]:
            if gone >= most:
                break
            if place not in where or where[place] in left:
                continue
            stops = self.now[where[place]].stops
            left[where[place]] = self._cut(stops, stops.index(place), most - gone)
            gone += len(stops) - len(left[where[place]])
        return left

    def _without_some(self, where: dict[int, int]) -> dict[int, list[int]]:
        """What is left when each stop goes by chance, poor ones sooner: up to about a third of all."""
        share = self.dice.uniform(0.05, 0.35)
        scores = self.problem.scores
        mean = sum(scores[stop] for stop in where) / len(where)
        gone = {stop for stop in where if self.dice.random() < share * (1.5 if scores[stop] < mean else 0.7)}
        slots = {where[stop] for stop in gone}
        return {slot: [stop for stop in self.now[slot].stops if stop not in gone] for slot in slots}

    def _cut(self, stops: list[int], at: int, most: int) -> list[int]:
        """Without a string of stops that contains position `at`; half of the time a stop in its middle is kept."""
        size = self.dice.randint(1, min(len(stops), most, 8))
        first = self.dice.randint(max(0, at - size + 1), min(at, len(stops) - size))
        kept = stops[first : first + size]
        if size > 2 and self.dice.random() < 0.3:
            spared = self.dice.randrange(size)
            return [*stops[:first], kept[spared], *stops[first + size :]]
        return stops[:first] + stops[first + size :]

    def _fill(self, tours: list[_Tour]) -> None:
        """Insert by the best ratio of score and time, with noise, until nothing fits; exchange stops while that gains."""
        problem = self.problem
        weight = problem.score ** self.dice.choice(_POWERS)
        weight *= self.noise.uniform(0.7, 1.3, len(weight))
        while True:
            rules = _Exclusions(problem.source, tours, weight.copy())
            self._insert_all(tours, rules)
            if not self._swap(tours, rules):
                return

    def _swap(self, tours: list[_Tour], rules: "_Exclusions") -> bool:
        """Exchange one stop for an unvisited place of higher score; whether there was one."""
        gain, slot, index, place = 1e-9, -1, -1, -1
        for tour in tours:
            found = tour.best_swap(rules.weight_in(tour) > 0)
            if found[0] > gain:
                gain, slot, index, place = found[0], tour.slot, found[1], found[2]
        if slot < 0:
            return False
        tours[slot].stops[index] = place
        tours[slot].update()
        return True

    def _insert_all(self, tours: list[_Tour], rules: "_Exclusions") -> None:
        bests = [self._best_in(tour, rules) for tour in tours]
        while True:
            slot = max(range(len(tours)), key=lambda number: bests[number][0])
            ratio, place = bests[slot]
            if ratio <= 0.0:
                return
            tours[slot].insert(place)
            rules.took(place, slot)
            for number, tour in enumerate(tours):
                if number == slot or rules.shut(bests[number][1], number):
                    bests[number] = self._best_in(tour, rules)

    def _best_in(self, tour: _Tour, rules: "_Exclusions") -> tuple[float, int]:
        """The best ratio of an insertion into the tour, and the place."""
        ratio = rules.weight_in(tour) / (tour.price + 1.0)
        place = int(ratio.argmax())
        return float(ratio[place]), place


class _Exclusions:
    """Which places may still be inserted: weights set to zero where a rule forbids it."""

    def __init__(self, problem: Problem, tours: list[_Tour], weight: Array) -> None:
        self.problem, self.weight = problem, weight
        self.kind = np.asarray(problem.kind) if problem.kind is not None else None
        self.same = np.asarray(problem.same) if problem.same is not None else None
        self.used = [set[int]() for _frame in problem.frames]
        self.counts = [0] * len(self.used)
        self.left = list(problem.caps)
        for tour in tours:
            for stop in tour.stops:
                self.took(stop, tour.slot)

    def took(self, place: int, slot: int) -> None:
        """A place is in a tour now."""
        if self.same is None:
            self.weight[place] = 0.0
        else:
            self.weight[self.same == self.same[place]] = 0.0
        if self.problem.kind is not None:
            self._took_kind(self.problem.kind[place], slot)
        for index, costs in enumerate(self.problem.costs):
            self.left[index] -= float(costs[place])
            self.weight[costs > self.left[index] + 1e-9] = 0.0

    def _took_kind(self, kind: int, slot: int) -> None:
        self.counts[slot] += kind == 0
        if kind or self.counts[slot] == self.problem.few:
            self.used[slot].add(kind)

    def shut(self, place: int, slot: int) -> bool:
        """Whether a place may no longer go into that tour."""
        return self.weight[place] == 0.0 or (self.kind is not None and int(self.kind[place]) in self.used[slot])

    def weight_in(self, tour: _Tour) -> Array:
        """The weights for one tour."""
        if self.kind is None or not self.used[tour.slot]:
            return self.weight
        weight = self.weight.copy()
        for kind in self.used[tour.slot]:
            weight[self.kind == kind] = 0.0
        return weight
