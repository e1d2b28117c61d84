"""Before a journey runs: how many people it would concern, and what it would do for one of them. Writes nothing."""

import dataclasses
import datetime as dt
from typing import Any

from django.db import OperationalError, connection
from psycopg.errors import QueryCanceled

from campaigns.models import JourneyVersion
from campaigns.queries.journeys.anchors import TRIPS
from campaigns.queries.journeys.candidates import Asked, candidates
from campaigns.queries.journeys.say import say_step
from campaigns.queries.journeys.words import people_words, product_words
from campaigns.rules.journeys.flow import END, Flow, Graph, Step, compile_flow
from campaigns.rules.journeys.lunar import lunar_birthdays, solar_birthdays
from campaigns.rules.journeys.waits import Anchor, add_length, wake
from campaigns.rules.journeys.words import arm_of, render
from core import clock
from core.conditions import parse, select_members
from customers.models import Customer
from messaging.queries import explain, single_plan

# ruff: noqa: S608 - constants; every value is a parameter

DAYS = 30
SECONDS = 3


@dataclasses.dataclass(frozen=True)
class Outlook:
    """How many people a journey would have concerned lately (`ahead`: will concern); None when it takes too long to count."""

    number: int | None
    ahead: bool


def outlook(flow: Flow, at: dt.datetime) -> Outlook:
    """People of the last 30 days for what happens, of the next 30 for what the calendar says, everybody of now for schedules."""
    asked = _asked(flow, at)
    ahead = flow.trigger in ("date", "schedule", "holiday", "departure")
    if asked is None:
        return Outlook(0, ahead)
    entry = ""
    params = dict(asked.params)
    if flow.entry is not None and flow.trigger not in ("schedule", "holiday"):
        members = select_members(parse(flow.entry), at, prefix="entry")
        entry, params = f" WHERE asked.customer_id IN ({members.sql})", {**params, **members.params}
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {SECONDS * 1000}")
            cursor.execute(f"SELECT count(DISTINCT asked.customer_id) FROM ({asked.sql}) AS asked{entry}", params)
            number = int(cursor.fetchone()[0])
            cursor.execute("SET LOCAL statement_timeout = 0")
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        return Outlook(None, ahead)
    return Outlook(number, ahead)


def _asked(flow: Flow, at: dt.datetime) -> Asked | None:
    since = at - dt.timedelta(days=DAYS)
    if flow.trigger == "date":
        return _days_ahead(flow, at)
    if flow.trigger in ("schedule", "holiday"):
        members = select_members(parse(flow.entry), at, prefix="seg")
        return Asked(f"SELECT member.id AS customer_id FROM ({members.sql}) AS member", members.params)
    if flow.trigger == "departure":
        sql = f"SELECT customer_id FROM ({TRIPS}) AS trip WHERE trip.is_on AND trip.starts_on BETWEEN %(today)s AND %(until)s"
        today = clock.shanghai_date(at)
        return Asked(sql, {"today": today, "until": today + dt.timedelta(days=DAYS)})
    asked = candidates(JourneyVersion(journey_id=0, live_from=since), flow, at)
    wide = {name: since for name in ("oldest", "stale", "since") if asked and name in asked.params}
    return dataclasses.replace(asked, params={**asked.params, **wide}) if asked else None


def _days_ahead(flow: Flow, at: dt.datetime) -> Asked:
    args, today = flow.trigger_args, clock.shanghai_date(at)
    birthdays = lunar_birthdays if args["calendar"] == "lunar" else solar_birthdays
    days = sorted({born for ahead in range(DAYS) for born in birthdays(today + dt.timedelta(days=ahead))})
    column = {"birthday": "birthday", "joined": "(created_at AT TIME ZONE 'Asia/Shanghai')::date"}.get(args["field"])
    if column is None:
        sql = f"SELECT customer_id FROM ({TRIPS}) AS trip WHERE trip.is_on AND trip.ends_on = ANY(%(days)s)"
        return Asked(sql, {"days": days})
    sql = f"SELECT id AS customer_id FROM customers_customer WHERE merged_into_id IS NULL AND {column} = ANY(%(days)s)"
    return Asked(sql, {"days": days})


@dataclasses.dataclass(frozen=True)
class Tried:
    """One step of a dry run: when, what, and what would come of it. `reason` says why a message would be held back."""

    number: str
    step: Step
    words: str
    at: dt.datetime
    answer: str = ""
    text: str = ""
    reason: str = ""
    is_late: bool = False


def dry_run(flow: Flow, customer: Customer, salt: str, at: dt.datetime, product: str = "") -> list[Tried]:
    """What would happen to one customer who came in now: conditions as they are now, facts that are waited for do not happen."""
    graph, tried = compile_flow(flow), []
    state = _Trial(flow, graph, customer, salt, at, product)
    step_id = graph.first
    while step_id != END:
        one, label = state.take(graph.steps[step_id])
        tried.append(one)
        step_id = graph.after(step_id, label)
    return tried


class _Trial:
    """The clock and the dates of a dry run."""

    def __init__(self, flow: Flow, graph: Graph, customer: Customer, salt: str, at: dt.datetime, product: str) -> None:
        self.at, self.skips = at, False
        self._graph, self._customer, self._salt = graph, customer, salt
        self._anchor, own = _next_trip(customer.pk, flow, at)
        code = product or own
        words = {**people_words([customer.pk]).get(customer.pk, {}), **product_words([code]).get(code, {})}
        if self._anchor:
            day = self._anchor.starts_on
            words |= {"departs_on": f"{day.month}月{day.day}日"}
        self._words = words

    def take(self, step: Step) -> tuple[Tried, str]:
        """What a step would do now, and the branch it leads to."""
        handler = getattr(self, f"_{step.do}", None)
        extra, label = handler(step) if handler else ({}, "")
        late = self.skips and step.do in ("message", "task", "coupon", "points")
        row = Tried(self._graph.numbers[step.id], step, say_step(step), self.at, is_late=late, **extra)
        return row, label

    def _wait(self, step: Step) -> tuple[dict[str, Any], str]:
        if step.args["mode"] == "fact":
            self.at = add_length(step.args, self.at)
            self.skips = False
            return {"answer": "no"}, "no"
        until = wake(step.args, self.at, self._anchor, self.at)
        self.skips = until.is_late
        self.at = until.at
        return {"answer": "late" if until.is_late else ""}, ""

    def _if(self, step: Step) -> tuple[dict[str, Any], str]:
        statement = select_members(parse(step.args["when"]), clock.now(), [self._customer.pk])
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, dict(statement.params))
            label = "yes" if cursor.fetchone() else "no"
        return {"answer": label}, label

    def _ab(self, step: Step) -> tuple[dict[str, Any], str]:
        label = arm_of(self._salt, step.id, self._customer.pk, {branch.label: branch.weight for branch in step.branches})
        return {"answer": label}, label

    def _message(self, step: Step) -> tuple[dict[str, Any], str]:
        plan = single_plan(self._customer.pk, step.args["purpose"])
        verdict = explain(plan, self._customer.pk)
        reason = verdict.reason if verdict else "gone"
        return {"text": render(step.args["text"], self._words), "reason": reason}, ""

    def _task(self, step: Step) -> tuple[dict[str, Any], str]:
        return {"text": render(step.args["text"], self._words)}, ""


def _next_trip(customer_id: int, flow: Flow, at: dt.datetime) -> tuple[Anchor | None, str]:
    """The trip a departure journey would be about; for a yearly day, today."""
    today = clock.shanghai_date(at)
    if flow.trigger != "departure":
        return (Anchor(today, today) if flow.trigger in ("date", "holiday", "schedule") else None), ""
    own = f"SELECT starts_on, ends_on, product FROM ({TRIPS} WHERE placed.customer_id = %s) AS trip WHERE is_on"
    sql = f"{own} ORDER BY ends_on < %s, starts_on"
    with connection.cursor() as cursor:
        cursor.execute(sql, [customer_id, today])
        row = cursor.fetchone()
    return (Anchor(row[0], row[1]), row[2]) if row else (None, "")
