"""What each kind of step does, for all who stand at it."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import connection

from campaigns.choices import StepOutcome
from campaigns.rules.journeys.flow import Graph, Step
from campaigns.rules.journeys.waits import add_length, wake
from campaigns.rules.journeys.words import arm_of
from campaigns.services.journeys.gifts import give_coupon, give_points
from campaigns.services.journeys.handing import hand_messages, make_tasks
from campaigns.services.journeys.world import Moved, Traveller
from core.conditions import parse, select_members
from tagging.services.given import change_tags

Act = Callable[[Step, Graph, Sequence[Traveller], dt.datetime], list[Moved]]
GIVES = frozenset({"message", "task", "coupon", "points"})


def act(step: Step, graph: Graph, people: Sequence[Traveller], now: dt.datetime) -> list[Moved]:
    """Do a step for these people; one answer for each. What comes too late to be useful is left out, and said."""
    late = [person for person in people if person.skips and step.do in GIVES]
    others = [person for person in people if not (person.skips and step.do in GIVES)]
    done = [Moved(person, StepOutcome.LATE) for person in late]
    return done + (_ACTS[step.do](step, graph, others, now) if others else [])


def _wait(step: Step, _graph: Graph, people: Sequence[Traveller], now: dt.datetime) -> list[Moved]:
    if step.args["mode"] == "fact":
        return _wait_for_fact(step, people, now)
    return [_wait_one(step, person, now) for person in people]


def _wait_one(step: Step, person: Traveller, now: dt.datetime) -> Moved:
    """Begin a wait, or end it. The end is computed anew each time, so a trip that moved meanwhile takes its wait along."""
    if not person.waits:
        person.arrived_at = now
    until = wake(step.args, person.arrived_at, person.anchor, now)
    if until.at > now:
        person.waits, person.skips = True, False
        return Moved(person, wait_until=until.at)
    person.skips = until.is_late
    return Moved(person, StepOutcome.LATE if until.is_late else StepOutcome.DONE)


_HAPPENED = """
SELECT DISTINCT waiting.id FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) AS waiting (id, customer_id, since)
JOIN core_event AS event ON event.customer_id = waiting.customer_id AND event.kind = %s
    AND event.occurred_at > waiting.since AND event.occurred_at <= %s
"""


def _wait_for_fact(step: Step, people: Sequence[Traveller], now: dt.datetime) -> list[Moved]:
    for person in people:
        if not person.waits:
            person.arrived_at, person.waits, person.skips = now, True, False
    columns: list[list[Any]] = [
        [one.id for one in people],
        [one.customer_id for one in people],
        [one.arrived_at for one in people],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_HAPPENED, [*columns, step.args["fact"], now])
        happened = {pk for (pk,) in cursor.fetchall()}
    return [_end_or_wait(step, person, person.id in happened, now) for person in people]


def _end_or_wait(step: Step, person: Traveller, has_happened: bool, now: dt.datetime) -> Moved:
    if has_happened:
        return Moved(person, StepOutcome.YES, "yes")
    over = add_length(step.args, person.arrived_at)
    return Moved(person, StepOutcome.NO, "no") if over <= now else Moved(person, wait_until=over)


def _if(step: Step, _graph: Graph, people: Sequence[Traveller], now: dt.datetime) -> list[Moved]:
    statement = select_members(parse(step.args["when"]), now, sorted({one.customer_id for one in people}))
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, dict(statement.params))
        holds = {pk for (pk,) in cursor.fetchall()}
    return [
        Moved(person, StepOutcome.YES, "yes") if person.customer_id in holds else Moved(person, StepOutcome.NO, "no")
        for person in people
    ]


def _ab(step: Step, _graph: Graph, people: Sequence[Traveller], _now: dt.datetime) -> list[Moved]:
    weights = {branch.label: branch.weight for branch in step.branches}
    arms = [(person, arm_of(person.salt, step.id, person.customer_id, weights)) for person in people]
    return [Moved(person, StepOutcome.ARM, arm, {"arm": arm}) for person, arm in arms]


def _tag(step: Step, _graph: Graph, people: Sequence[Traveller], _now: dt.datetime) -> list[Moved]:
    change_tags([one.customer_id for one in people], add=step.args["add"], remove=step.args["remove"])
    return [Moved(person) for person in people]


def _pass(_step: Step, _graph: Graph, people: Sequence[Traveller], _now: dt.datetime) -> list[Moved]:
    return [Moved(person) for person in people]


_ACTS: Mapping[str, Act] = {
    "wait": _wait, "if": _if, "ab": _ab, "message": hand_messages, "task": make_tasks, "tag": _tag, "coupon": give_coupon,
    "points": give_points, "jump": _pass, "end": _pass,
}  # fmt: skip
