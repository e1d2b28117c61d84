"""A sold trip: opened when its deposit arrives, its suppliers booked, closed when everybody is home."""

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import BadInput, Refused
from core.jobs import job
from itinerary.choices import BookingState, DocumentKind, TripStage
from itinerary.models import Acceptance, Block, Itinerary, SupplierBooking, Trip, TripDocument
from itinerary.services.reminding import plan_reminders
from orders.choices import OrderState
from staff.models import User
from staff.services import write_audit

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
        TripDocument.objects.bulk_create(TripDocument(trip=trip, kind=kind) for kind in DocumentKind.values)
        plan_reminders(trip)
        Itinerary.objects.filter(pk=itinerary.pk).update(stage=TripStage.DEPOSIT, updated_at=clock.now())
    return trip


def _costs(trip: Trip) -> dict[str, Decimal]:
    """What each block to be booked costs, by key: of blocks offered for choice only the one the customer picked."""
    sheet, picks = trip.quote_version.sheet, Acceptance.objects.get(quote_version=trip.quote_version).choices
    options = sheet.get("options", {})
    costs = {line["key"]: Decimal(line["total"]) for line in sheet["lines"] if line["key"] not in options}
    return {**costs, **{key: Decimal(options[key]["cost"]) for key in picks.values()}}


def _plan_bookings(trip: Trip) -> None:
    costs = _costs(trip)
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
    if not name.strip() or cost_amount < 0:
        raise BadInput(_("A booking needs a name and a cost."), {"name": _("is needed")})
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
