"""The three judges of a plan: the public rules, the wishes of the request, the sellable rules."""

import copy
import functools

from itinerary.planner import public_rules, sellable_rules
from itinerary.planner.concepts import Plan, concepts
from itinerary.planner.logic import Forbidden, Program
from itinerary.planner.logic_expressions import Env
from itinerary.planner.sellable_rules import USUAL, Limits
from itinerary.planner.spec import TripSpec, Verdict
from itinerary.planner.world import World


@functools.lru_cache(maxsize=4096)
def program(text: str) -> Program | None:
    """The wish, ready to run; None for a text the language forbids, which then never holds."""
    try:
        return Program(text)
    except Forbidden:
        return None


class Judge:
    """Judges plans for the requests of one world."""

    def __init__(self, world: World, limits: Limits = USUAL) -> None:
        self.world, self.limits = world, limits
        self.names: Env = dict(concepts(world))

    def verdict(self, spec: TripSpec, plan: Plan) -> Verdict:
        """What all three say. The sellable rules are asked only about plans the public rules accept."""
        request = spec.request()
        public = public_rules.violations(self.world, request, plan)
        wishes = [number for number, text in enumerate(spec.wishes) if not self._holds(text, plan)]
        sellable = [] if public else sellable_rules.violations(self.world, request, plan, self.limits)
        return Verdict(public, wishes, sellable)

    def _holds(self, text: str, plan: Plan) -> bool:
        found = program(text)
        return found is not None and found.holds({**self.names, "plan": copy.deepcopy(plan) if _may_change(text) else plan})


def _may_change(text: str) -> bool:
    """Whether a text could change the plan it is asked about: it reaches into it by subscripts and calls a changing method."""
    return "[" in text and any(f".{word}(" in text for word in ("append", "extend", "remove", "update", "add"))
