"""Letting people into journeys: whoever a trigger is about, once per reason, by the rules of re-entry; and why not."""

import datetime as dt
from typing import Any

from django.db import connection, transaction

from campaigns.choices import JourneyState
from campaigns.models import Journey, JourneyVersion
from campaigns.queries.journeys.candidates import Asked, candidates
from campaigns.queries.journeys.flows import chooses_by_behaviour, flow_of, graph_of
from campaigns.rules.journeys.flow import Flow
from core import clock
from core.choices import Lane
from core.conditions import parse, select_members
from core.jobs import job

# One statement: new candidates, one per customer and subject, each with the verdict; refused ones are kept with their reason, so
# that "why is this person not in it" has an answer. A row of that key from before means that this was decided already.
_ENTER = """
WITH asked AS MATERIALIZED (ASKED),
fresh AS (
    SELECT asked.*, 'journey:' || %(journey_id)s || ':' || asked.key AS full_key,
        row_number() OVER (PARTITION BY asked.customer_id, asked.subject_id ORDER BY asked.at, asked.key) AS place
    FROM asked
    WHERE NOT EXISTS (SELECT 1 FROM campaigns_journeyrun AS known
        WHERE known.key = 'journey:' || %(journey_id)s || ':' || asked.key)
      AND EXISTS (SELECT 1 FROM customers_customer AS customer WHERE customer.id = asked.customer_id)
),
judged AS (
    SELECT fresh.*, CASE
        WHEN customer.merged_into_id IS NOT NULL OR customer.erased_at IS NOT NULL THEN 'gone'
        WHEN %(personal)s AND NOT customer.is_personalised THEN 'impersonal'
        WHEN fresh.place > 1 OR EXISTS (
            SELECT 1 FROM campaigns_journeyrun AS run WHERE run.journey_id = %(journey_id)s
                AND run.customer_id = fresh.customer_id
                AND run.subject_id = fresh.subject_id AND run.state = 'active') THEN 'inside'
        WHEN %(rule)s <> 'always' AND EXISTS (
            SELECT 1 FROM campaigns_journeyrun AS run WHERE run.journey_id = %(journey_id)s
                AND run.customer_id = fresh.customer_id
                AND run.state <> 'refused' AND (%(rule)s = 'never' OR run.entered_at > %(again_from)s)) THEN 'again'
        WHEN NOT (ENTRY) THEN 'entry'
        ELSE '' END AS reason,
        ('x' || left(encode(sha256(convert_to(%(salt)s || ':' || fresh.customer_id, 'UTF8')), 'hex'), 8))::bit(32)::bigint
            %% 10000 < %(holdout)s AS is_held_out
    FROM fresh JOIN customers_customer AS customer ON customer.id = fresh.customer_id
)
INSERT INTO campaigns_journeyrun (key, journey_id, version_id, customer_id, state, reason, subject_id, starts_on, ends_on, facts,
    step, waits, arrived_at, run_at, skips, attempts, error, since_at, entered_at, ended_at)
SELECT full_key, %(journey_id)s, %(version_id)s, customer_id,
    CASE WHEN reason <> '' THEN 'refused' WHEN is_held_out THEN 'holdout' ELSE 'active' END, reason, subject_id, starts_on,
        ends_on,
    facts, CASE WHEN reason = '' AND NOT is_held_out THEN %(first)s ELSE '' END, false,
    CASE WHEN reason = '' AND NOT is_held_out THEN %(moment)s END, CASE WHEN reason = '' AND NOT is_held_out THEN %(moment)s END,
    false, 0, '', least(at, %(moment)s), %(moment)s, CASE WHEN reason <> '' OR is_held_out THEN %(moment)s END
FROM judged ORDER BY customer_id, full_key
ON CONFLICT (key) DO NOTHING RETURNING state
"""
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('journey ' || %s, 0))"
_SWEPT = "UPDATE campaigns_journey SET swept_at = clock_timestamp() WHERE id = %s"


@job(Lane.USUAL, coalesce=True)
def sweep_journeys() -> None:
    """Ask every running journey's trigger who it is about now."""
    for version in JourneyVersion.objects.filter(pk__in=_current()).order_by("journey_id"):
        enter_due(version)


def _current() -> Any:
    return Journey.objects.filter(state=JourneyState.RUNNING, current__isnull=False).values("current_id")


def enter_due(version: JourneyVersion, at: dt.datetime | None = None) -> int:
    """Let in everybody whom a version's trigger is about now; how many are on their way or held out because of it."""
    now, flow = at or clock.now(), flow_of(version.pk)
    asked = candidates(version, flow, now)
    if asked is None:
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, [version.journey_id])
        if not Journey.objects.filter(pk=version.journey_id, state=JourneyState.RUNNING, current=version.pk).exists():
            return 0
        let_in = _enter(version, flow, asked, now)
        cursor.execute(_SWEPT, [version.journey_id])
    return let_in


def enter_one(version: JourneyVersion, customer_id: int, key: str, at: dt.datetime | None = None) -> bool:
    """Let one customer in because somebody said so; False where the journey's own rules (or this key) say no."""
    now = at or clock.now()
    one = Asked(
        "SELECT %(one_key)s::text AS key, %(one)s::bigint AS customer_id, 0::bigint AS subject_id, NULL::date AS starts_on,"
        " NULL::date AS ends_on, '{}'::jsonb AS facts, %(moment)s::timestamptz AS at",
        {"one_key": f"hand:{key}", "one": customer_id},
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, [version.journey_id])
        return _enter(version, flow_of(version.pk), one, now) > 0


def _enter(version: JourneyVersion, flow: Flow, asked: Asked, now: dt.datetime) -> int:
    entry, entry_params = _entry(flow, now)
    values = {
        **asked.params, **entry_params, "journey_id": version.journey_id, "version_id": version.pk, "moment": now,
        "personal": chooses_by_behaviour(flow), "rule": flow.reentry, "again_from": now - dt.timedelta(days=flow.reentry_days),
        "salt": version.journey.salt, "holdout": flow.holdout * 100, "first": graph_of(version.pk).first,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ENTER.replace("ASKED", asked.sql).replace("ENTRY", entry), values)
        return sum(1 for (state,) in cursor.fetchall() if state != "refused")


def _entry(flow: Flow, now: dt.datetime) -> tuple[str, dict[str, Any]]:
    """Whether a customer meets the entry condition, as SQL. Schedules and holidays are about nobody else to begin with."""
    if flow.entry is None or flow.trigger in ("schedule", "holiday"):
        return "true", {}
    members = select_members(parse(flow.entry), now, prefix="entry")
    return f"fresh.customer_id IN ({members.sql})", dict(members.params)
