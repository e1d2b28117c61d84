"""Before a trip: look at it again, tell the customer, tell whoever looks after it. Rows are made when the trip is opened."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.jobs import enqueue, job
from itinerary.choices import BookingState, ReminderKind, ReminderState, TripStage
from itinerary.models import Itinerary, Reminder, Trip
from messaging.choices import TouchPurpose
from messaging.services.delivering import Words, deliver
from orders.choices import OrderState

DAYS_BEFORE = {ReminderKind.WEEK: 7, ReminderKind.THREE: 3, ReminderKind.EVE: 1, ReminderKind.DAY: 0}
AT_HOUR = {ReminderKind.WEEK: 10, ReminderKind.THREE: 10, ReminderKind.EVE: 10, ReminderKind.DAY: 7}
OFF = frozenset({TripStage.LOST.value, TripStage.DONE.value})


def plan_reminders(trip: Trip) -> None:
    """Rows for the moments still to come, and a job for each."""
    now = clock.now()
    for kind, before in DAYS_BEFORE.items():
        start = clock.day_bounds(trip.starts_on - dt.timedelta(days=before))[0]
        due = start + dt.timedelta(hours=AT_HOUR[kind])
        if due <= now:
            continue
        row = Reminder.objects.create(trip=trip, kind=kind, due_at=due)
        enqueue(run_reminder, key=str(row.pk), run_at=due, reminder_id=row.pk)


@job(Lane.USUAL)
def run_reminder(reminder_id: int) -> None:
    """Look at the trip again, now: what is not booked, not paid, not known; and write to the customer. Skipped when the trip
    is off or moved meanwhile. Running it twice sends once: the message's key is the reminder's."""
    row = (
        Reminder.objects.select_related("trip__order", "trip__itinerary__owner")
        .filter(pk=reminder_id, state=ReminderState.WAITING)
        .first()
    )
    if row is None:
        return
    trip = row.trip
    if _is_off(trip, ReminderKind(row.kind)):
        Reminder.objects.filter(pk=row.pk).update(state=ReminderState.SKIPPED, done_at=clock.now())
        return
    findings = look_at(trip)
    told = deliver(
        trip.order.customer_id, key=f"trip:{trip.pk}:{row.kind}", purpose=TouchPurpose.TRANSACTION,
        words=Words(text=reminder_text(trip, ReminderKind(row.kind)), title=trip.itinerary.title),
    )  # fmt: skip
    outcome: dict[str, Any] = (
        {"message": told.message_id, "channel": told.channel} if told.is_queued else {"held_back": dict(told.why)}
    )
    done = {"state": ReminderState.DONE, "findings": findings, "outcome": outcome, "done_at": clock.now()}
    Reminder.objects.filter(pk=row.pk, state=ReminderState.WAITING).update(**done)
    if row.kind == ReminderKind.DAY:
        Itinerary.objects.filter(pk=trip.itinerary_id).update(stage=TripStage.TRAVELLING, updated_at=clock.now())


def _is_off(trip: Trip, kind: ReminderKind) -> bool:
    expected = trip.starts_on - dt.timedelta(days=DAYS_BEFORE[kind])
    is_paid = trip.order.state in {OrderState.PAID, OrderState.COMPLETED}
    return not is_paid or expected != clock.today() or trip.itinerary.stage in OFF


def reminder_text(trip: Trip, kind: ReminderKind) -> str:
    """What the customer reads: the trip, the date, and what matters at that moment. No amount, no document, no phone."""
    given = {"title": trip.itinerary.title, "month": trip.starts_on.month, "day": trip.starts_on.day}
    texts = {
        ReminderKind.WEEK: _("“%(title)s” starts on %(month)s/%(day)s, in a week. Please check the names on your documents."),
        ReminderKind.THREE: _("“%(title)s” starts in three days. The final plan is on its page; tell us if anything changed."),
        ReminderKind.EVE: _("“%(title)s” starts tomorrow. Please have your identity cards at hand; we wish you a good journey."),
        ReminderKind.DAY: _("“%(title)s” starts today. We are there for you all the way; just write to us."),
    }
    unpaid = trip.order.instalments.filter(paid_at__isnull=True).exists()
    more = _(" The balance is still open: mini-program, “My orders”.") if unpaid and kind != ReminderKind.DAY else ""
    return texts[kind] % given + more


def look_at(trip: Trip) -> list[dict[str, Any]]:
    """What is not in order with a trip at this moment: {"code", ...}. Empty when all is well."""
    unpaid = trip.order.instalments.filter(paid_at__isnull=True).order_by("position")
    found: list[dict[str, Any]] = [
        {"code": "unpaid", "label": part.label, "amount": str(part.amount), "due_on": part.due_on.isoformat()} for part in unpaid
    ]
    waiting = trip.bookings.exclude(state__in=[BookingState.CONFIRMED, BookingState.REPLACED, BookingState.CANCELLED])
    found += [
        {"code": "not_booked", "name": one.name, "day": one.day, "state": one.state} for one in waiting.order_by("day", "id")
    ]
    over = trip.bookings.filter(state=BookingState.HELD, hold_until__lte=clock.now())
    found += [{"code": "hold_over", "name": one.name, "day": one.day} for one in over]
    people = trip.itinerary.adults + len(trip.itinerary.child_ages)
    named = trip.passengers.count()
    if named < people:
        found.append({"code": "names_missing", "named": named, "people": people})
    found += [{"code": "paper_missing", "kind": one.kind} for one in trip.documents.filter(is_ready=False).order_by("id")]
    return found
