"""A sold trip's people and papers, and what becomes of it when the customer changes his mind."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from core.money import ZERO
from customers.models import Traveller
from itinerary.choices import BookingState, ChangeKind, ChangeState, ReminderState, TripStage
from itinerary.models import ChangeRequest, Itinerary, Passenger, Trip, TripDocument
from itinerary.pricing.cancellation import Tier, fee
from orders.choices import OrderState, PaymentState
from orders.services.refunds import refundable_of, request_refund
from staff.models import User
from staff.services import write_audit

TWIN = 2


@transaction.atomic
def set_passengers(*, trip: Trip, traveller_ids: Sequence[int], rooms: dict[int, int], user: User) -> None:
    """Say who goes: travellers of the trip's customer, with a room number each (0: by itself, two to a room).

    BadInput for a traveller of somebody else, or for more people than the trip was sold for.
    """
    people = trip.itinerary.adults + len(trip.itinerary.child_ages)
    known = list(
        Traveller.objects.filter(customer=trip.order.customer_id, deleted_at__isnull=True, pk__in=traveller_ids).order_by("pk")
    )
    if len(known) != len(set(traveller_ids)):
        raise BadInput(_("One of these travellers is not the customer's."), {"travellers": _("unknown")})
    if len(known) > people:
        raise BadInput(_("The trip was sold for %(n)s people.") % {"n": people}, {"travellers": _("more than were sold")})
    trip.passengers.all().delete()
    free = _rooms(known, rooms)
    Passenger.objects.bulk_create(Passenger(trip=trip, traveller=one, room=free[one.pk]) for one in known)
    write_audit(actor=user, action="trip.passengers", obj=trip.itinerary, detail={"count": len(known)})


def _rooms(travellers: Sequence[Traveller], given: dict[int, int]) -> dict[int, int]:
    """Room numbers: those given, the others two to the next free room."""
    rooms = {one.pk: given[one.pk] for one in travellers if given.get(one.pk)}
    used = list(rooms.values())
    number = 1
    for one in travellers:
        if one.pk in rooms:
            continue
        while used.count(number) >= TWIN or number in given.values():
            number += 1
        rooms[one.pk] = number
        used.append(number)
    return rooms


def set_document(*, document_id: int, is_ready: bool, reference: str, user: User) -> TripDocument:
    """Tick a paper off, with its number."""
    paper = TripDocument.objects.select_related("trip__itinerary").get(pk=document_id)
    paper.is_ready, paper.reference, paper.updated_at = is_ready, reference.strip()[:60], clock.now()
    paper.save()
    write_audit(actor=user, action="trip.document", obj=paper.trip.itinerary, detail={"kind": paper.kind, "ready": is_ready})
    return paper


# --- changes and cancellation --------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Cancelling:
    """What cancelling on a day costs by the terms the customer accepted, and what of the money paid would go back."""

    on: dt.date
    percent: Decimal
    fee_amount: Decimal
    refund_amount: Decimal


def cancelling(trip: Trip, on: dt.date | None = None) -> Cancelling:
    """By the snapshot of the accepted version, never by today's terms. Refunds never exceed what was paid."""
    on = on or clock.today()
    sent = trip.quote_version
    tiers = [Tier(one["days_from"], one["days_to"], Decimal(str(one["percent"]))) for one in sent.cancellation]
    cost = fee(sent.total_amount, tiers, trip.starts_on, sent.shown["days"], on)
    percent = (cost * 100 / sent.total_amount).quantize(Decimal("0.01")) if sent.total_amount else ZERO
    paid = trip.order.paid_amount - trip.order.refunded_amount
    return Cancelling(on, percent, cost, max(paid - cost, ZERO))


@transaction.atomic
def ask_change(*, trip: Trip, kind: ChangeKind, reason: str, user: User | None) -> ChangeRequest:
    """Write down that the customer wants a change, or out; with what that costs today. One is open at a time: Refused."""
    if not reason.strip():
        raise BadInput(_("Please write down what the customer said."), {"reason": _("is needed")})
    if trip.itinerary.stage in {TripStage.LOST, TripStage.DONE}:
        raise Refused(_("This trip is over."), "over")
    if trip.changes.filter(state=ChangeState.OPEN).exists():
        raise Refused(_("Another request of this trip is still open."), "open")
    terms = cancelling(trip) if kind == ChangeKind.CANCEL else Cancelling(clock.today(), ZERO, ZERO, ZERO)
    found = ChangeRequest.objects.create(
        trip=trip, kind=kind, reason=reason.strip()[:300], percent=terms.percent, fee_amount=terms.fee_amount,
        refund_amount=terms.refund_amount, asked_by=user, asked_at=clock.now(),
    )  # fmt: skip
    if user is not None:
        write_audit(actor=user, action="trip.change_asked", obj=trip.itinerary, detail={"kind": kind.value})
    return found


@transaction.atomic
def decide_change(*, change_id: int, accept: bool, user: User) -> ChangeRequest:
    """Do what was asked for, or decline it. A cancellation asks for the refund (which finance approves), cancels what was booked
    and not yet cancelled, and lets the reminders rest. Refused (decided) when somebody decided already."""
    change = ChangeRequest.objects.select_for_update().select_related("trip__itinerary", "trip__order").get(pk=change_id)
    if change.state != ChangeState.OPEN:
        raise Refused(_("This request was decided already."), "decided")
    change.state = ChangeState.APPLIED if accept else ChangeState.DECLINED
    change.decided_by, change.decided_at = user, clock.now()
    change.save()
    if accept and change.kind == ChangeKind.CANCEL:
        _cancel(change, user)
    detail = {"kind": change.kind, "accepted": accept, "fee": str(change.fee_amount)}
    write_audit(actor=user, action="trip.change_decided", obj=change.trip.itinerary, detail=detail)
    return change


def _refunds(trip: Trip, amount: Decimal) -> list[Decimal]:
    """The amount over the payments it came by, the largest first: each can give back no more than it brought."""
    if trip.order.state not in {OrderState.PAID, OrderState.COMPLETED}:
        return []
    paid = trip.order.payments.filter(state=PaymentState.PAID)
    found: list[Decimal] = []
    for left in sorted((refundable_of(one).amount for one in paid), reverse=True):
        part = min(left, amount - sum(found, ZERO))
        if part > 0:
            found.append(part)
    return found


def _cancel(change: ChangeRequest, user: User) -> None:
    trip = change.trip
    for number, amount in enumerate(_refunds(trip, change.refund_amount)):
        request_refund(order_id=trip.order_id, amount=amount, reason=change.reason, key=f"T{change.pk}P{number}", user=user)
    open_states = [BookingState.WANTED, BookingState.HELD, BookingState.CONFIRMED, BookingState.FAILED]
    trip.bookings.filter(state__in=open_states).update(state=BookingState.CANCELLED, updated_at=clock.now())
    trip.reminders.filter(state=ReminderState.WAITING).update(state=ReminderState.SKIPPED, done_at=clock.now())
    Itinerary.objects.filter(pk=trip.itinerary_id).update(stage=TripStage.LOST, updated_at=clock.now())
