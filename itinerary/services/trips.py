"""A sold trip: opened when its deposit arrives, its suppliers booked, its reminders looked after."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import Refused
from core.jobs import enqueue, job
from itinerary.choices import BookingState, ReminderKind, ReminderState, TripStage
from itinerary.models import Acceptance, Block, Itinerary, Reminder, SupplierBooking, Trip
from orders.choices import OrderState
from staff.models import User
from staff.services import write_audit

DAYS_BEFORE = {ReminderKind.WEEK: 7, ReminderKind.THREE: 3, ReminderKind.EVE: 1, ReminderKind.DAY: 0}
AT_HOUR = {ReminderKind.WEEK: 10, ReminderKind.THREE: 10, ReminderKind.EVE: 10, ReminderKind.DAY: 7}
NEEDS_BOOKING = ("hotel", "transport", "vehicle", "guide", "activity", "sight")
NEXT = {
    BookingState.WANTED: {BookingState.HELD, BookingState.CONFIRMED, BookingState.FAILED, BookingState.CANCELLED},
    BookingState.HELD: {BookingState.CONFIRMED, BookingState.FAILED, BookingState.CANCELLED, BookingState.WANTED},
    BookingState.CONFIRMED: {BookingState.FAILED, BookingState.CANCELLED},
    BookingState.FAILED: {BookingState.WANTED, BookingState.REPLACED},
}  # fmt: skip


@transaction.atomic
def open_trip(order_id: int) -> Trip | None:
    """Turn an accepted quote whose deposit is paid into a trip with bookings to make and reminders. Safe to run twice.

    None for an order that is no custom trip, or is not paid.
    """
    accepted = Acceptance.objects.select_related("quote_version__quote__itinerary", "order").filter(order=order_id).first()
    if accepted is None or accepted.order.state not in {OrderState.PAID, OrderState.COMPLETED}:
        return None
    sent = accepted.quote_version
    itinerary = sent.quote.itinerary
    starts_on = itinerary.starts_on
    trip, is_new = Trip.objects.get_or_create(
        itinerary=itinerary,
        defaults={
            "order": accepted.order, "quote_version": sent, "starts_on": starts_on,
            "ends_on": starts_on + dt.timedelta(days=sent.shown["days"] - 1), "opened_at": clock.now(),
        },
    )  # fmt: skip
    if is_new:
        _plan_bookings(trip)
        _plan_reminders(trip)
        Itinerary.objects.filter(pk=itinerary.pk).update(stage=TripStage.DEPOSIT, updated_at=clock.now())
    return trip


def _plan_bookings(trip: Trip) -> None:
    costs = {line["key"]: Decimal(line["total"]) for line in trip.quote_version.sheet["lines"]}
    blocks = Block.objects.filter(day__version=trip.quote_version.version, kind__in=NEEDS_BOOKING).select_related(
        "day", "resource"
    )
    SupplierBooking.objects.bulk_create(
        SupplierBooking(
            trip=trip, block_key=block.key, name=block.name, day=block.day.number,
            supplier_id=block.resource.supplier_id if block.resource else None, cost_amount=costs[str(block.key)],
        )
        for block in blocks.order_by("day__number", "position")
        if str(block.key) in costs
    )  # fmt: skip


def _plan_reminders(trip: Trip) -> None:
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
    """Look at the trip again, now: what is not booked, not paid, not known. Skipped when the trip is off or moved meanwhile."""
    row = (
        Reminder.objects.select_related("trip__order", "trip__itinerary")
        .filter(pk=reminder_id, state=ReminderState.WAITING)
        .first()
    )
    if row is None:
        return
    trip = row.trip
    expected = trip.starts_on - dt.timedelta(days=DAYS_BEFORE[ReminderKind(row.kind)])
    is_off = trip.order.state not in {OrderState.PAID, OrderState.COMPLETED} or expected != clock.today()
    state = ReminderState.SKIPPED if is_off else ReminderState.DONE
    findings = [] if is_off else look_at(trip)
    Reminder.objects.filter(pk=row.pk, state=ReminderState.WAITING).update(state=state, findings=findings, done_at=clock.now())
    if not is_off and row.kind == ReminderKind.DAY:
        Itinerary.objects.filter(pk=trip.itinerary_id).update(stage=TripStage.TRAVELLING, updated_at=clock.now())


def look_at(trip: Trip) -> list[dict[str, Any]]:
    """What is not in order with a trip at this moment: {"code", ...}. Empty when all is well."""
    found: list[dict[str, Any]] = []
    unpaid = trip.order.instalments.filter(paid_at__isnull=True).order_by("position")
    found += [
        {"code": "unpaid", "label": part.label, "amount": str(part.amount), "due_on": part.due_on.isoformat()} for part in unpaid
    ]
    waiting = trip.bookings.exclude(state__in=[BookingState.CONFIRMED, BookingState.REPLACED, BookingState.CANCELLED])
    found += [
        {"code": "not_booked", "name": one.name, "day": one.day, "state": one.state} for one in waiting.order_by("day", "id")
    ]
    now = clock.now()
    over = trip.bookings.filter(state=BookingState.HELD, hold_until__lte=now)
    found += [{"code": "hold_over", "name": one.name, "day": one.day} for one in over]
    return found


@transaction.atomic
def set_booking(
    *, booking_id: int, state: BookingState, user: User, reference: str = "", hold_until: dt.datetime | None = None
) -> SupplierBooking:
    """Say what the supplier answered. Refused for a step that cannot follow (confirmed back to wanted)."""
    booking = SupplierBooking.objects.select_for_update().get(pk=booking_id)
    if state not in NEXT.get(BookingState(booking.state), set()):
        raise Refused(
            _("A booking cannot go from “%(old)s” to “%(new)s”.") % {"old": booking.get_state_display(), "new": state.label},
            "bad_step",
        )
    booking.state, booking.reference = state, reference[:60] or booking.reference
    booking.hold_until, booking.updated_at = hold_until, clock.now()
    booking.save()
    write_audit(
        actor=user, action="booking.changed", obj=booking.trip.itinerary, detail={"booking": booking.name, "state": state.value}
    )
    return booking


@transaction.atomic
def replace_booking(*, booking_id: int, name: str, cost_amount: Decimal, user: User) -> SupplierBooking:
    """Book something else instead of what failed. Refused unless it failed."""
    old = SupplierBooking.objects.select_for_update().get(pk=booking_id)
    if old.state != BookingState.FAILED:
        raise Refused(_("Only a failed booking is replaced."), "bad_step")
    new = SupplierBooking.objects.create(
        trip=old.trip, block_key=old.block_key, name=name[:120], day=old.day, cost_amount=cost_amount
    )
    SupplierBooking.objects.filter(pk=old.pk).update(state=BookingState.REPLACED, replaced_by=new, updated_at=clock.now())
    write_audit(actor=user, action="booking.replaced", obj=old.trip.itinerary, detail={"old": old.name, "new": name})
    return new


@job(Lane.BULK, coalesce=True)
def finish_trips() -> None:
    """Every night: trips whose last day is over are done."""
    over = Trip.objects.filter(ends_on__lt=clock.today()).values("itinerary_id")
    Itinerary.objects.filter(pk__in=over, stage__in=[TripStage.DEPOSIT, TripStage.TRAVELLING]).update(stage=TripStage.DONE)
