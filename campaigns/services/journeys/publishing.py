"""Writing a journey, publishing a version of it, pausing, resuming, stopping."""

import datetime as dt
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from campaigns.choices import JourneyState, RunReason, RunState
from campaigns.models import Journey, JourneyRun, JourneyVersion
from campaigns.queries.journeys.flows import graph_of, read_flow
from campaigns.rules.journeys.flow import BadFlow
from core import clock
from core.errors import BadInput, Refused
from core.parsers import is_clean
from staff.models import User
from staff.services import write_audit

INSIDE = ("finish", "move", "leave")  # what becomes of people who are in an older version
MOST_BYTES = 200_000


def create_journey(*, actor: User, name: str, flow: dict[str, Any], template: str = "") -> Journey:
    """A new draft."""
    journey = Journey.objects.create(
        name=_name(name), draft=flow, template=template[:20], created_by=actor, created_at=clock.now()
    )
    write_audit(actor, "journey.create", journey, {})
    return journey


def _name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 60 or not is_clean(name):
        raise BadInput(_("Give the journey a name of 1 to 60 characters."), {"name": _("1 to 60 characters")})
    return name


def save_draft(journey: Journey, *, revision: int, flow: object, name: str) -> int:
    """Keep what was edited, finished or not; the new revision. Refused where somebody else has edited since `revision`."""
    if not isinstance(flow, dict) or len(str(flow)) > MOST_BYTES:
        raise BadInput(_("This is not a flow."), {"flow": _("not a flow")})
    found = Journey.objects.filter(pk=journey.pk, revision=revision)
    if not found.update(draft=flow, name=_name(name), revision=revision + 1, updated_at=clock.now()):
        raise Refused(_("Somebody else has changed this journey meanwhile; load the page again."), "edited_elsewhere")
    return revision + 1


@transaction.atomic
def publish_journey(journey: Journey, *, actor: User, inside: str = "finish") -> JourneyVersion:
    """Make the draft the version that people enter from now on, and let it run.

    `inside` says what becomes of those who are in an older version: they finish it, move to the new one where their step still
    stands in it (the others finish the old one), or leave. BadInput with every complaint when the draft cannot run.
    """
    current = Journey.objects.select_for_update().get(pk=journey.pk)
    if inside not in INSIDE:
        raise BadInput(_("Say what becomes of those who are in it."), {"inside": _("finish, move or leave")})
    try:
        read_flow(current.draft)
    except BadFlow as bad:
        raise BadInput(
            _("The flow has %(n)s faults.") % {"n": len(bad.complaints)}, {one.place: one.code for one in bad.complaints}
        ) from bad
    now = clock.now()
    number = JourneyVersion.objects.filter(journey=current).count() + 1
    version = JourneyVersion.objects.create(
        journey=current, number=number, flow=current.draft, live_from=now, published_by=actor, published_at=now
    )
    moved = _treat_inside(current, version, inside, now)
    current.current, current.state, current.updated_at, current.swept_at = version, JourneyState.RUNNING, now, None
    current.save(update_fields=["current", "state", "updated_at", "swept_at"])
    write_audit(actor, "journey.publish", current, {"version": number, "inside": inside, "people": moved})
    return version


_MOVE = """
UPDATE campaigns_journeyrun SET version_id = %s, run_at = %s WHERE journey_id = %s AND state = 'active' AND step = ANY(%s)
"""


def _treat_inside(journey: Journey, version: JourneyVersion, inside: str, now: dt.datetime) -> int:
    runs = JourneyRun.objects.filter(journey=journey, state=RunState.ACTIVE)
    if inside == "leave":
        return runs.update(state=RunState.LEFT, reason=RunReason.MOVED, ended_at=now)
    if inside == "move":
        same = [step.id for step in graph_of(version.pk).steps.values()]
        with connection.cursor() as cursor:
            cursor.execute(_MOVE, [version.pk, now, journey.pk, same])
            return int(cursor.rowcount)
    return 0


def set_journey_state(journey: Journey, *, actor: User, state: str) -> Journey:
    """Pause, resume or stop. Paused: nobody enters and nobody moves on. Stopped: whoever is in it leaves."""
    allowed = {
        JourneyState.PAUSED: [JourneyState.RUNNING],
        JourneyState.RUNNING: [JourneyState.PAUSED, JourneyState.STOPPED],
        JourneyState.STOPPED: [JourneyState.RUNNING, JourneyState.PAUSED],
    }
    if state not in allowed:
        raise BadInput(_("A journey can be paused, resumed or stopped."), {"state": _("unknown")})
    with transaction.atomic():
        found = Journey.objects.filter(pk=journey.pk, state__in=allowed[JourneyState(state)], current__isnull=False)
        if not found.update(state=state, updated_at=clock.now()):
            raise Refused(_("This journey is in another state by now."), "moved")
        if state == JourneyState.STOPPED:
            runs = JourneyRun.objects.filter(journey=journey, state=RunState.ACTIVE)
            runs.update(state=RunState.LEFT, reason=RunReason.STOPPED, ended_at=clock.now())
        write_audit(actor, f"journey.{state}", journey, {})
    journey.refresh_from_db()
    return journey


def delete_draft(journey: Journey, *, actor: User) -> None:
    """Remove a journey that never ran. Refused otherwise: what ran stays readable."""
    with transaction.atomic():
        if JourneyVersion.objects.filter(journey=journey).exists():
            raise Refused(_("A journey that has run is stopped, not deleted."), "has_run")
        write_audit(actor, "journey.delete", journey, {"name": journey.name})
        journey.delete()
