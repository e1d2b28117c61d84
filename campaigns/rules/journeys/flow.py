"""A journey's flow: JSON in, checked frozen dataclasses out, with the exact place of everything that is wrong.

    {"trigger": {"kind": "browse", ...}, "entry": condition or null, "reentry": {"rule": "after", "days": 30},
     "holdout": 10, "exits": [{"fact": "order.paid"}], "goal": {"fact": "order.paid", "days": 14},
     "steps": [{"id": "s1", "do": "wait", "mode": "for", "hours": 2}, {"id": "s2", "do": "if", "when": {...},
                "yes": [...], "no": [...]}, {"id": "s3", "do": "ab", "branches": [{"name": "A", "weight": 50, "steps": []}]}]}

A step that parts the way holds its branches, and every branch leads on to the step behind it,
unless it ends or jumps. Jumps may lead
forward only: a flow without loops ends for everybody, and nobody passes a step twice.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from campaigns.rules.journeys.steps import KINDS, TRIGGERS, Wrong, clean_exit, clean_fields, clean_goal, clean_reentry

MOST_STEPS = 60
DEEPEST = 4
END = ""

CheckCondition = Callable[[object], str]  # what is wrong with a condition, or nothing


@dataclasses.dataclass(frozen=True)
class Complaint:
    """What is wrong, where: `place` is a step's id, or trigger, entry, reentry, exits, goal, holdout; `field` within it."""

    place: str
    field: str
    code: str
    detail: str = ""


@dataclasses.dataclass(frozen=True)
class Branch:
    """One way out of a parting: `label` is yes, no, or a letter; `weight` in hundredths for an A/B test."""

    label: str
    steps: tuple["Step", ...]
    weight: int = 0


@dataclasses.dataclass(frozen=True)
class Step:
    """One step with its cleaned settings. Branches only where `do` parts the way."""

    id: str
    do: str
    args: Mapping[str, Any]
    branches: tuple[Branch, ...] = ()


@dataclasses.dataclass(frozen=True)
class Flow:
    """A whole journey."""

    trigger: str
    trigger_args: Mapping[str, Any]
    entry: object
    reentry: str
    reentry_days: int
    holdout: int
    exits: tuple[Mapping[str, Any], ...]
    goal: Mapping[str, Any]
    steps: tuple[Step, ...]


@dataclasses.dataclass(frozen=True)
class Graph:
    """The flow as a run sees it: its first step, and where every step leads. `ways[id][label]`; plain steps have label ''."""

    first: str
    steps: Mapping[str, Step]
    ways: Mapping[str, Mapping[str, str]]
    numbers: Mapping[str, str]

    def after(self, step_id: str, label: str = "") -> str:
        """The step behind a step, by the branch taken; END where the journey is over, and for an unknown branch."""
        return self.ways.get(step_id, {}).get(label, END)


class BadFlow(Exception):
    """A flow that cannot run; `complaints` says where and why."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        super().__init__(", ".join(f"{one.place}.{one.field}: {one.code}" for one in complaints))
        self.complaints = tuple(complaints)


def parse_flow(raw: object, check_condition: CheckCondition) -> Flow:
    """A checked flow; BadFlow with every complaint at once."""
    reader = _Reader(check_condition)
    flow = reader.flow(raw if isinstance(raw, dict) else {})
    complaints = reader.complaints + (_graph_complaints(flow) if not reader.complaints else [])
    if complaints:
        raise BadFlow(complaints)
    return flow


class _Reader:
    """Reads a flow and keeps every complaint on the way."""

    def __init__(self, check_condition: CheckCondition) -> None:
        self.complaints: list[Complaint] = []
        self._check = check_condition
        self._ids: set[str] = set()

    def flow(self, raw: Mapping[str, Any]) -> Flow:
        trigger = raw.get("trigger") if isinstance(raw.get("trigger"), dict) else {}
        kind = str(trigger.get("kind", ""))  # type: ignore[union-attr]
        args = self._fields("trigger", TRIGGERS.get(kind), trigger or {}, "kind")
        entry = raw.get("entry") or None
        if entry is None and kind in ("schedule", "holiday"):
            self._complain("entry", "when", "missing")
        elif entry is not None:
            self._condition("entry", "when", entry)
        reentry, days = self._own("reentry", clean_reentry, raw.get("reentry"), ("never", 0))
        holdout = raw.get("holdout", 0)
        if not isinstance(holdout, int) or isinstance(holdout, bool) or not 0 <= holdout <= 50:
            self._complain("holdout", "percent", "range", "0-50")
            holdout = 0
        exits = tuple(self._own("exits", clean_exit, one, {}) for one in raw.get("exits") or [])
        for one in exits:
            if "when" in one:
                self._condition("exits", "when", one["when"])
        goal = self._own("goal", clean_goal, raw.get("goal"), {})
        steps = self._steps(raw.get("steps"), 1)
        if not self._ids:
            self._complain("trigger", "steps", "no_steps")
        if len(self._ids) > MOST_STEPS:
            self._complain("trigger", "steps", "too_many", str(MOST_STEPS))
        return Flow(kind, args, entry, reentry, days, holdout, exits, goal, steps)

    def _own(self, place: str, clean: Callable[[object], Any], raw: object, fallback: Any) -> Any:
        try:
            return clean(raw)
        except Wrong as wrong:
            self._complain(place, wrong.field, wrong.code, wrong.detail)
            return fallback

    def _complain(self, place: str, field: str, code: str, detail: str = "") -> None:
        self.complaints.append(Complaint(place, field, code, detail))

    def _condition(self, place: str, field: str, raw: object) -> None:
        complaint = self._check(raw)
        if complaint:
            self._complain(place, field, "condition", complaint)

    def _fields(self, place: str, spec: Any, raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        if spec is None:
            self._complain(place, name, "unknown")
            return {}
        found, wrong = clean_fields(spec, raw)
        for one in wrong:
            self._complain(place, one.field, one.code, one.detail)
        return found

    def _steps(self, raw: object, depth: int) -> tuple[Step, ...]:
        rows = raw if isinstance(raw, list) else []
        return tuple(self._step(row, depth) for row in rows if isinstance(row, dict))

    def _step(self, raw: Mapping[str, Any], depth: int) -> Step:
        step_id, do = str(raw.get("id", ""))[:12], str(raw.get("do", ""))
        if not step_id.isalnum() or step_id in self._ids:
            self._complain(step_id or "?", "id", "id")
        self._ids.add(step_id)
        args = self._fields(step_id, KINDS.get(do), raw, "do")
        if do == "if":
            self._condition(step_id, "when", raw.get("when"))
            args = {**args, "when": raw.get("when")}
        parts = _branch_rows(do, args, raw)
        if parts and depth > DEEPEST:
            self._complain(step_id, "do", "too_deep", str(DEEPEST))
            parts = []
        if do == "ab" and not (2 <= len(parts) <= 4 and sum(weight for _label, weight, _rows in parts) == 100):
            self._complain(step_id, "branches", "weights")
        branches = tuple(Branch(label, self._steps(rows, depth + 1), weight) for label, weight, rows in parts)
        return Step(step_id, do, args, branches)


def _branch_rows(do: str, args: Mapping[str, Any], raw: Mapping[str, Any]) -> list[tuple[str, int, object]]:
    if do == "if" or (do == "wait" and args.get("mode") == "fact"):
        return [("yes", 0, raw.get("yes")), ("no", 0, raw.get("no"))]
    if do != "ab":
        return []
    rows = [row for row in raw.get("branches") or [] if isinstance(row, dict)]
    weights = [row.get("weight") if type(row.get("weight")) is int else 0 for row in rows]
    return [
        ("ABCDEFGH"[place], weight or 0, row.get("steps")) for place, (row, weight) in enumerate(zip(rows, weights, strict=True))
    ][:8]


def walk(steps: Sequence[Step]) -> Iterator[Step]:
    """Every step, in reading order."""
    for step in steps:
        yield step
        for branch in step.branches:
            yield from walk(branch.steps)


def compile_flow(flow: Flow) -> Graph:
    """The graph of a checked flow."""
    ways: dict[str, dict[str, str]] = {}
    numbers: dict[str, str] = {}
    first = _link(flow.steps, END, ways, numbers, "")
    return Graph(first, {step.id: step for step in walk(flow.steps)}, ways, numbers)


def _link(steps: Sequence[Step], behind: str, ways: dict[str, dict[str, str]], numbers: dict[str, str], prefix: str) -> str:
    """Link a row of steps backwards; the id of its first one, or what stands behind it when the row is empty."""
    following = behind
    for place in range(len(steps), 0, -1):
        step = steps[place - 1]
        numbers[step.id] = f"{prefix}{place}"
        if step.do == "end":
            ways[step.id] = {"": END}
        elif step.do == "jump":
            ways[step.id] = {"": str(step.args["to"])}
        elif step.branches:
            ways[step.id] = {
                branch.label: _link(branch.steps, following, ways, numbers, f"{prefix}{place}{branch.label[:1].upper()}")
                for branch in step.branches
            }
        else:
            ways[step.id] = {"": following}
        following = step.id
    return following


def _graph_complaints(flow: Flow) -> list[Complaint]:
    """Jumps that lead nowhere or back, and steps that nobody can reach."""
    graph = compile_flow(flow)
    lost = [
        Complaint(step.id, "to", "nowhere")
        for step in graph.steps.values()
        if step.do == "jump" and step.args["to"] not in graph.steps
    ]
    if lost:
        return lost
    loops = [Complaint(step_id, "to", "loop") for step_id in _on_a_loop(graph)]
    if loops:
        return loops
    reached = _reachable(graph)
    return [Complaint(step_id, "do", "unreachable") for step_id in graph.steps if step_id not in reached]


def _reachable(graph: Graph, start: str | None = None) -> set[str]:
    found: set[str] = set()
    open_ids = [graph.first if start is None else start]
    while open_ids:
        step_id = open_ids.pop()
        if step_id != END and step_id not in found:
            found.add(step_id)
            open_ids.extend(graph.ways[step_id].values())
    return found


def _on_a_loop(graph: Graph) -> list[str]:
    """The jumps by which a step leads back to itself."""
    jumps = [step.id for step in graph.steps.values() if step.do == "jump"]
    return [step_id for step_id in jumps if step_id in _reachable(graph, graph.ways[step_id][""])]
