"""What happens to people while they are on their way: goals, exits, facts they wait for, trips that move or are called off."""

from typing import Any

from django.db import connection, transaction
from django.db.models import F

from campaigns.models import JourneyRun, JourneyVersion
from campaigns.queries.journeys.anchors import TRIPS
from campaigns.queries.journeys.flows import flow_of, graph_of
from campaigns.rules.journeys.flow import Flow
from core import clock
from core.choices import Lane
from core.conditions import parse, select_members
from core.jobs import job

# ruff: noqa: S608 - constants; every value is a parameter

# Facts count from the moment somebody came in (waits: from their beginning) until now, whenever we heard of them.
_GOALS = """
UPDATE campaigns_journeyrun AS run SET goal_at = reached.at,
    state = CASE WHEN run.state = 'active' THEN 'left' ELSE run.state END,
    reason = CASE WHEN run.state = 'active' THEN 'goal' ELSE run.reason END,
    ended_at = CASE WHEN run.state = 'active' THEN %(now)s ELSE run.ended_at END
FROM (
    SELECT inside.id, min(event.occurred_at) AS at FROM campaigns_journeyrun AS inside
    JOIN core_event AS event ON event.customer_id = inside.customer_id AND event.kind = %(fact)s
        AND event.occurred_at > inside.since_at AND event.occurred_at <= %(now)s
        AND event.occurred_at <= inside.entered_at + make_interval(days => %(days)s)
    WHERE inside.version_id = %(version)s AND inside.state <> 'refused' AND inside.goal_at IS NULL
      AND inside.entered_at > %(now)s - make_interval(days => %(days)s + 3)
          AND event.occurred_at > %(now)s - make_interval(days => %(days)s + 3)
    GROUP BY inside.id
) AS reached WHERE reached.id = run.id
"""
_EXITS = """
UPDATE campaigns_journeyrun AS run SET state = 'left', reason = 'exit', ended_at = %(now)s
WHERE run.version_id = %(version)s AND run.state = 'active' AND EXISTS (
    SELECT 1 FROM core_event AS event WHERE event.customer_id = run.customer_id AND event.kind = ANY(%(facts)s)
        AND event.occurred_at > run.since_at AND event.occurred_at <= %(now)s)
"""
_EXIT_WHEN = """
UPDATE campaigns_journeyrun AS run SET state = 'left', reason = 'exit', ended_at = %(now)s
WHERE run.version_id = %(version)s AND run.state = 'active' AND run.customer_id IN (MEMBERS)
"""
_WAITED_FOR = """
UPDATE campaigns_journeyrun AS run SET run_at = %(now)s
WHERE run.version_id = %(version)s AND run.state = 'active' AND run.waits AND run.step = %(step)s AND run.run_at > %(now)s
  AND EXISTS (SELECT 1 FROM core_event AS event WHERE event.customer_id = run.customer_id AND event.kind = %(fact)s
        AND event.occurred_at > run.arrived_at AND event.occurred_at <= %(now)s)
"""
# A trip that moved wakes whoever waits for it: the wait is then counted from the new date. One that is off ends the journey.
_MOVED = f"""
UPDATE campaigns_journeyrun AS run SET
    state = CASE WHEN trip.is_on THEN run.state ELSE 'left' END, reason = CASE WHEN trip.is_on
        THEN run.reason ELSE 'trip_off' END,
    facts = CASE WHEN run.starts_on IS NULL OR run.starts_on = trip.starts_on THEN run.facts
        ELSE run.facts || jsonb_build_object('moved_from', run.starts_on, 'moved_at', %(now)s::timestamptz) END,
    ended_at = CASE WHEN trip.is_on THEN NULL ELSE %(now)s END, run_at = %(now)s, starts_on = trip.starts_on,
        ends_on = trip.ends_on
FROM ({TRIPS} WHERE placed.id IN (SELECT subject_id FROM campaigns_journeyrun WHERE state = 'active' AND subject_id <> 0)) AS trip
WHERE run.state = 'active' AND run.subject_id = trip.order_id AND run.version_id = ANY(%(departures)s)
  AND (NOT trip.is_on OR run.starts_on IS DISTINCT FROM trip.starts_on OR run.ends_on IS DISTINCT FROM trip.ends_on)
"""


@job(Lane.USUAL, coalesce=True)
def notice_changes() -> None:
    """Look at everybody who is on their way in a running journey, version by version, in set-based statements."""
    live = JourneyRun.objects.filter(state="active", journey__state="running").values("version_id").distinct()
    versions = list(JourneyVersion.objects.filter(pk__in=live).order_by("pk"))
    departures = [version.pk for version in versions if flow_of(version.pk).trigger == "departure"]
    with connection.cursor() as cursor:
        if departures:
            cursor.execute(_MOVED, {"now": clock.now(), "departures": departures})
    for version in versions:
        notice_version(version)
    _late_goals({version.pk for version in versions})


def _late_goals(seen: set[int]) -> None:
    """Goals of people who are through, or were held out, in versions that nobody is under way in any more."""
    for pk in JourneyVersion.objects.filter(journey__current=F("pk")).exclude(pk__in=seen).values_list("pk", flat=True):
        _goals(pk, flow_of(pk))


def notice_version(version: JourneyVersion) -> None:
    """Goals, exits and facts that are waited for, of one version."""
    flow = flow_of(version.pk)
    with transaction.atomic():
        _goals(version.pk, flow)
        _leave(version.pk, flow)
        _wake(version.pk)


def _run(sql: str, version_id: int, **values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"version": version_id, "now": clock.now(), **values})
        return int(cursor.rowcount)


def _goals(version_id: int, flow: Flow) -> None:
    if flow.goal:
        _run(_GOALS, version_id, fact=flow.goal["fact"], days=flow.goal["days"])


def _leave(version_id: int, flow: Flow) -> None:
    facts = [one["fact"] for one in flow.exits if "fact" in one]
    if facts:
        _run(_EXITS, version_id, facts=facts)
    for one in flow.exits:
        if "when" in one:
            inside = JourneyRun.objects.filter(version=version_id, state="active").values_list("customer_id", flat=True)
            members = select_members(parse(one["when"]), clock.now(), sorted(set(inside)), prefix="exit")
            _run(_EXIT_WHEN.replace("MEMBERS", members.sql), version_id, **members.params)


def _wake(version_id: int) -> None:
    for step in graph_of(version_id).steps.values():
        if step.do == "wait" and step.args["mode"] == "fact":
            _run(_WAITED_FOR, version_id, step=step.id, fact=step.args["fact"])
