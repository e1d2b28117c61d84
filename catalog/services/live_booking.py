"""Booking with a supplier's own system: hold, confirm, cancel. For itineraries' bookings and for staff.

Key mode: our key is the supplier's uuid, so asking twice is safe. The intent is a row before the call; the call is never made
inside a transaction; a lost answer is UNKNOWN and settled by asking what the supplier has, never by booking anew.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.choices import LiveBookingState
from catalog.models import LiveBooking, LiveOffer
from core import clock
from core.choices import Lane
from core.errors import BadInput, Refused
from core.jobs import enqueue, job
from gateways.errors import GatewayError
from gateways.octo import Booking, Slot, octo
from staff.models import User
from staff.services import write_audit

HOLD_MINUTES = 60
MOST_PIECES = 60
SETTLE_SECONDS = 20
_MOVES = {
    "ON_HOLD": LiveBookingState.HELD, "CONFIRMED": LiveBookingState.CONFIRMED, "REDEEMED": LiveBookingState.CONFIRMED,
    "CANCELLED": LiveBookingState.CANCELLED, "EXPIRED": LiveBookingState.EXPIRED, "REJECTED": LiveBookingState.REFUSED,
    "PENDING": LiveBookingState.HELD,
}  # fmt: skip
_OVER = frozenset({LiveBookingState.CANCELLED, LiveBookingState.EXPIRED, LiveBookingState.REFUSED})


def ask_availability(*, sku_id: int, day: dt.date, pieces: Mapping[str, int]) -> Slot | None:
    """What the supplier says of a day at this moment, with the price of these pieces (unit id -> number).

    None when nothing can be had. BadInput for pieces the offer does not have; GatewayError when it does not answer.
    """
    offer = _offer(sku_id)
    found = octo().availability(offer.product_id, offer.option_id, day, _checked(offer, day, pieces))
    return found if found is not None and found.status not in {"SOLD_OUT", "CLOSED"} else None


def hold_live(
    *, key: uuid.UUID, sku_id: int, day: dt.date, pieces: Mapping[str, int], user: User | None = None,
    expected_amount: Decimal | None = None, minutes: int = HOLD_MINUTES,
) -> LiveBooking:  # fmt: skip
    """Hold pieces with the supplier; the same key again gives the same booking.

    `expected_amount` is the net price we reckoned with, in the offer's currency: a dearer one is Refused (price_changed)
    before anything is held. Refused (sold_out) when it cannot be had; (supplier_refused) when the supplier says no. A lost
    answer returns the booking as UNKNOWN.
    """
    offer = _offer(sku_id)
    asked = _checked(offer, day, pieces)
    booking = _intend(key, offer, day, asked, user)
    if booking.state != LiveBookingState.WANTED:
        return booking
    try:
        slot = octo().availability(offer.product_id, offer.option_id, day, asked)
    except GatewayError as error:  # nothing was held: asking has no effect
        _settle(booking, LiveBookingState.REFUSED, error=error.errcode)
        raise Refused(error.user_text, "supplier_refused") from error
    _check_price(booking, slot, expected_amount)
    return _held(booking, offer, slot, asked, minutes)


def _offer(sku_id: int) -> LiveOffer:
    found = LiveOffer.objects.select_related("sku__resource__supplier").filter(sku_id=sku_id).first()
    if found is None or not found.sku.is_active or not found.sku.resource.supplier.is_live:
        raise Refused(_("This is not sold through a supplier's own system."), "not_live")
    return found


def _checked(offer: LiveOffer, day: dt.date, pieces: Mapping[str, int]) -> dict[str, int]:
    known = {unit["id"] for unit in offer.units}
    asked = {unit: number for unit, number in pieces.items() if number}
    if not asked or set(asked) - known or min(asked.values()) < 0 or sum(asked.values()) > MOST_PIECES:
        raise BadInput(_("Say how many of which ticket."), {"pieces": _("one to sixty of the offer's tickets")})
    if day < clock.today():
        raise BadInput(_("This day is over."), {"day": _("in the past")})
    return asked


@transaction.atomic
def _intend(key: uuid.UUID, offer: LiveOffer, day: dt.date, pieces: dict[str, int], user: User | None) -> LiveBooking:
    resource = offer.sku.resource
    values = {
        "supplier": resource.supplier, "sku": offer.sku, "name": f"{resource.name} · {offer.sku.name}"[:160], "day": day,
        "pieces": pieces, "created_by": user,
    }  # fmt: skip
    booking, is_new = LiveBooking.objects.get_or_create(key=key, defaults=values)
    if not is_new and (booking.sku_id, booking.day, booking.pieces) != (offer.sku_id, day, pieces):
        raise Refused(_("This key belongs to another booking."), "key_used")
    return booking


def _check_price(booking: LiveBooking, slot: Slot | None, expected: Decimal | None) -> None:
    if slot is None or slot.status in {"SOLD_OUT", "CLOSED"}:
        _settle(booking, LiveBookingState.REFUSED, error="sold_out")
        raise Refused(_("The supplier has not enough left on this day."), "sold_out")
    if expected is not None and slot.total is not None and slot.total.net > expected:
        _settle(booking, LiveBookingState.REFUSED, error="price_changed", amount=slot.total.net)
        text = _("The supplier asks %(new)s now instead of %(old)s.") % {"new": slot.total.net, "old": expected}
        raise Refused(text, "price_changed")


def _held(booking: LiveBooking, offer: LiveOffer, slot: Slot | None, pieces: dict[str, int], minutes: int) -> LiveBooking:
    units = [unit for unit, number in pieces.items() for _piece in range(number)]
    slot_id = slot.id if slot is not None else ""
    try:
        found = octo().reserve(str(booking.key), offer.product_id, offer.option_id, slot_id, units, minutes)
    except GatewayError as error:
        return _failed(booking, error)
    return _record(booking, found)


def _failed(booking: LiveBooking, error: GatewayError) -> LiveBooking:
    """A lost answer is asked about later; a clear no is said at once."""
    if error.ambiguous:
        _settle(booking, LiveBookingState.UNKNOWN, error=error.errcode)
        _ask_later(booking)
        return booking
    _settle(booking, LiveBookingState.REFUSED, error=error.errcode)
    raise Refused(error.user_text, "supplier_refused") from error


def _ask_later(booking: LiveBooking) -> None:
    at = clock.now() + dt.timedelta(seconds=SETTLE_SECONDS)
    enqueue(settle_live_booking, key=f"{booking.key}:{booking.updated_at:%Y%m%d%H%M%S%f}", run_at=at, key_text=str(booking.key))


def _settle(booking: LiveBooking, state: LiveBookingState, *, error: str = "", amount: Decimal | None = None) -> None:
    booking.state, booking.error, booking.updated_at = state, error[:60], clock.now()
    if amount is not None:
        booking.net_amount = amount
    booking.save(update_fields=["state", "error", "updated_at", "net_amount"])


def _record(booking: LiveBooking, found: Booking) -> LiveBooking:
    """Write down what the supplier has."""
    booking.state, booking.error, booking.updated_at = _MOVES[found.status], "", clock.now()
    booking.reference = found.reference or booking.reference
    booking.expires_at = found.expires_at if booking.state == LiveBookingState.HELD else None
    if found.total is not None:
        booking.net_amount, booking.currency = found.total.net, found.total.currency
    booking.save()
    return booking


def confirm_live(*, key: uuid.UUID, reference: str = "", user: User | None = None) -> LiveBooking:
    """Turn a hold into a booking; a confirmed one stays as it is. `reference` is our number.

    Refused (hold_over) when the hold has run out at the supplier; (not_held) when there is none.
    """
    booking = _known(key)
    if booking.state == LiveBookingState.CONFIRMED:
        return booking
    if booking.state not in {LiveBookingState.HELD, LiveBookingState.UNKNOWN}:
        raise Refused(_("There is no hold to confirm."), "not_held")
    _aim(booking, "confirm")
    try:
        found = octo().confirm(str(key), (reference or str(key))[:60])
    except GatewayError as error:
        if error.ambiguous:
            return _failed(booking, error)
        _record_as_it_is(booking)
        raise Refused(_("The hold is over; hold it anew."), "hold_over") from error
    booking = _record(booking, found)
    _note(booking, "live.confirmed", user)
    return booking


def cancel_live(*, key: uuid.UUID, user: User | None = None, reason: str = "") -> LiveBooking:
    """Give a hold or a booking back; what is over already stays as it is. A lost answer returns it as UNKNOWN."""
    booking = _known(key)
    if booking.state in _OVER:
        return booking
    _aim(booking, "cancel")
    try:
        found = octo().cancel(str(key), reason[:200])
    except GatewayError as error:
        if error.ambiguous:
            return _failed(booking, error)
        raise Refused(error.user_text, "supplier_refused") from error
    booking = _record(booking, found)
    _note(booking, "live.cancelled", user)
    return booking


def _known(key: uuid.UUID) -> LiveBooking:
    booking = LiveBooking.objects.select_related("supplier").filter(key=key).first()
    if booking is None:
        raise Refused(_("There is no such booking."), "unknown_booking")
    return booking


def _aim(booking: LiveBooking, aim: str) -> None:
    booking.aim = aim
    booking.save(update_fields=["aim"])


def _note(booking: LiveBooking, action: str, user: User | None) -> None:
    with transaction.atomic():
        write_audit(user, action, booking, {"day": booking.day.isoformat(), "state": booking.state})


def _record_as_it_is(booking: LiveBooking) -> None:
    found = octo().booking(str(booking.key))
    if found is not None:
        _record(booking, found)


@job(Lane.USUAL)
def settle_live_booking(key_text: str) -> None:
    """Ask what the supplier has under a key whose answer was lost, and finish what was aimed at. Safe to run twice."""
    booking = LiveBooking.objects.filter(key=key_text).first()
    if booking is None or booking.state not in {LiveBookingState.UNKNOWN, LiveBookingState.WANTED, LiveBookingState.HELD}:
        return
    found = octo().booking(key_text)
    if found is None:
        _settle(booking, LiveBookingState.REFUSED, error="never_arrived")
        return
    _record(booking, found)
    if booking.aim == "confirm" and booking.state == LiveBookingState.HELD:
        _record(booking, octo().confirm(key_text, key_text))
    if booking.aim == "cancel" and booking.state in {LiveBookingState.HELD, LiveBookingState.CONFIRMED}:
        _record(booking, octo().cancel(key_text, ""))


@job(Lane.USUAL, coalesce=True)
def look_after_live_holds() -> None:
    """Every minute: ask about holds whose time is over and about answers that were lost."""
    over = LiveBooking.objects.filter(state=LiveBookingState.HELD, expires_at__lte=clock.now())
    lost = LiveBooking.objects.filter(state=LiveBookingState.UNKNOWN)
    stamp = f"{clock.now():%Y%m%d%H%M}"
    for key in (*over.values_list("key", flat=True)[:200], *lost.values_list("key", flat=True)[:200]):
        enqueue(settle_live_booking, key=f"{key}:{stamp}", key_text=str(key))
