"""The points mall, and services that members book. Stock and slots are taken by one conditional update each."""

import datetime as dt
import secrets
from decimal import ROUND_UP, Decimal

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from core import clock
from core.errors import Refused
from membership.choices import BenefitKind, BookingState, Code, House, MallKind, MallOrderState, PaidBy
from membership.models import MallItem, MallOrder, Member, MemberService, ServiceBooking, ServiceSlot
from membership.queries.tiers import figure_of
from membership.services import ledger
from membership.services.coupons import issue_coupon
from membership.services.points import grant_points
from membership.services.tiers import give_benefit_back, locked_member, use_benefit
from staff.models import User
from staff.services import write_audit


def new_no(letter: str, at: dt.datetime) -> str:
    """A number that tells nothing of how many there are."""
    return f"{letter}{clock.shanghai_date(at):%y%m%d}{secrets.randbelow(10**9):09}"


def price_for(customer_id: int, item: MallItem) -> int:
    """What an item costs a member in points; the tier's mall discount (percent) taken off, rounded up."""
    discount = figure_of(customer_id, BenefitKind.MALL) or Decimal(0)
    return max(int((Decimal(item.points) * (100 - discount) / 100).to_integral_value(ROUND_UP)), 1)


@transaction.atomic
def exchange(customer_id: int, item_id: int, *, key: str) -> MallOrder:
    """Exchange points for an item, once per `key`. Refused, nothing changed: mall_closed, mall_tier, mall_limit, mall_stock,
    points_short, and what a coupon's template says."""
    known = MallOrder.objects.filter(key=key).first()
    if known is not None:
        return known
    member = locked_member(customer_id)
    item = MallItem.objects.filter(pk=item_id, is_active=True).first()
    if item is None:
        raise Refused(_("This is not offered at the moment."), "mall_closed")
    _check_exchange(member, item)
    if not MallItem.objects.filter(pk=item.pk, stock__gt=0).update(stock=F("stock") - 1):
        raise Refused(_("There are none left."), "mall_stock")
    price, at = price_for(customer_id, item), clock.now()
    ledger.post(
        key=f"mall:{key}"[:120], points=price, code=Code.MALL, debit=customer_id, house=House.MALL, ref=f"mall:{item.pk}", at=at
    )
    coupon = None
    if item.coupon_template_id is not None:
        coupon = issue_coupon(customer_id, item.coupon_template_id, f"mall:{key}"[:120], source="mall")
    is_done = item.kind == MallKind.COUPON
    return MallOrder.objects.create(
        no=new_no("M", at), key=key, customer_id=customer_id, item=item, points=price, coupon=coupon, at=at,
        state=MallOrderState.DELIVERED if is_done else MallOrderState.ORDERED, done_at=at if is_done else None,
    )  # fmt: skip


def _check_exchange(member: Member, item: MallItem) -> None:
    if member.rank < item.min_rank:
        raise Refused(_("Your tier does not reach this yet."), "mall_tier")
    had = MallOrder.objects.filter(customer_id=member.pk, item=item).exclude(state=MallOrderState.CANCELLED).count()
    if item.per_person and had >= item.per_person:
        raise Refused(_("Nobody may have more than %(most)s of these.") % {"most": item.per_person}, "mall_limit")


@transaction.atomic
def deliver(order_id: int, *, by: User) -> MallOrder:
    """Hand an exchanged item over. Refused `mall_state` where it was taken back."""
    return _finish(order_id, MallOrderState.DELIVERED, by)


@transaction.atomic
def take_exchange_back(order_id: int, *, by: User) -> MallOrder:
    """Undo an exchange that was not handed over: points and stock return. Refused `mall_state` where it was."""
    before = MallOrder.objects.get(pk=order_id).state
    order = _finish(order_id, MallOrderState.CANCELLED, by)
    if before == MallOrderState.ORDERED:
        MallItem.objects.filter(pk=order.item_id).update(stock=F("stock") + 1)
        grant_points(order.customer_id, order.points, key=f"mall.back:{order.pk}", code=Code.RETURN, ref=f"mall:{order.item_id}")
    return order


def _finish(order_id: int, target: MallOrderState, by: User) -> MallOrder:
    changed = MallOrder.objects.filter(pk=order_id, state=MallOrderState.ORDERED).update(state=target, done_at=clock.now())
    order = MallOrder.objects.get(pk=order_id)
    if not changed and order.state != target:
        raise Refused(_("This exchange is finished already."), "mall_state")
    if changed:
        write_audit(by, f"mall.{target.value}", order, {})
    return order


# --- services that members book ---------------------------------------------------------------------------------


@transaction.atomic
def book_service(customer_id: int, slot_id: int, *, paid_by: str, key: str) -> ServiceBooking:
    """Book a slot, once per `key`; paid with a benefit, with points, or on site. Refused, nothing changed: service_closed,
    slot_past, slot_full, booked_already, not_for_points, not_for_benefit, and what the benefit or the ledger says."""
    known = ServiceBooking.objects.filter(key=key).first()
    if known is not None:
        return known
    locked_member(customer_id)
    slot = ServiceSlot.objects.select_related("service__benefit").filter(pk=slot_id, service__is_active=True).first()
    if slot is None:
        raise Refused(_("This is not offered at the moment."), "service_closed")
    if slot.starts_at <= clock.now():
        raise Refused(_("This time has begun already."), "slot_past")
    if ServiceBooking.objects.filter(customer_id=customer_id, slot=slot, state=BookingState.BOOKED).exists():
        raise Refused(_("You have booked this already."), "booked_already")
    if not ServiceSlot.objects.filter(pk=slot.pk, taken__lt=F("capacity")).update(taken=F("taken") + 1):
        raise Refused(_("This time is fully booked."), "slot_full")
    return _pay_and_book(customer_id, slot, paid_by, key)


def _pay_and_book(customer_id: int, slot: ServiceSlot, paid_by: str, key: str) -> ServiceBooking:
    service, at = slot.service, clock.now()
    booking = ServiceBooking(
        no=new_no("S", at), key=key, customer_id=customer_id, slot=slot, paid_by=paid_by, at=at,
        price_amount=service.price_amount if paid_by == PaidBy.ON_SITE else Decimal(0),
    )  # fmt: skip
    if paid_by == PaidBy.BENEFIT:
        if service.benefit is None:
            raise Refused(_("No benefit pays for this service."), "not_for_benefit")
        booking.benefit_use = use_benefit(customer_id, service.benefit.code, key=f"service:{key}"[:80], note=service.name)
    elif paid_by == PaidBy.POINTS:
        if not service.points:
            raise Refused(_("Points do not pay for this service."), "not_for_points")
        booking.points = service.points
        ledger.post(
            key=f"service:{key}"[:120], points=service.points, code=Code.SERVICE, debit=customer_id, house=House.MALL,
            ref=f"service:{service.pk}", at=at,
        )  # fmt: skip
    booking.save()
    return booking


@transaction.atomic
def cancel_booking(booking_id: int, *, by: User | None = None) -> ServiceBooking:
    """Give a booked slot up: its place is free, points or benefit return. Members until the service's hours before the start,
    staff until it was used. Twice is fine. Refused: `booking_used`, `booking_late`."""
    booking = ServiceBooking.objects.select_for_update().select_related("slot__service").get(pk=booking_id)
    if booking.state == BookingState.CANCELLED:
        return booking
    if booking.state == BookingState.USED:
        raise Refused(_("This booking has been used."), "booking_used")
    hours = dt.timedelta(hours=booking.slot.service.cancel_hours)
    if by is None and clock.now() > booking.slot.starts_at - hours:
        raise Refused(_("It is too late to cancel; please call us."), "booking_late")
    ServiceBooking.objects.filter(pk=booking.pk).update(state=BookingState.CANCELLED, done_at=clock.now())
    ServiceSlot.objects.filter(pk=booking.slot_id).update(taken=F("taken") - 1)
    if booking.benefit_use_id is not None:
        give_benefit_back(booking.benefit_use_id)
    if booking.points:
        grant_points(
            booking.customer_id, booking.points, key=f"service.back:{booking.pk}", code=Code.RETURN, ref=f"booking:{booking.pk}"
        )
    if by is not None:
        write_audit(by, "service.cancelled", booking, {})
    booking.refresh_from_db()
    return booking


@transaction.atomic
def use_booking(booking_id: int, *, by: User) -> ServiceBooking:
    """The member is here. Refused `booking_state` where it was cancelled."""
    changed = ServiceBooking.objects.filter(pk=booking_id, state=BookingState.BOOKED).update(
        state=BookingState.USED, done_at=clock.now()
    )
    booking = ServiceBooking.objects.get(pk=booking_id)
    if not changed and booking.state != BookingState.USED:
        raise Refused(_("This booking was cancelled."), "booking_state")
    if changed:
        write_audit(by, "service.used", booking, {})
    return booking


@transaction.atomic
def open_slots(service: MemberService, days: list[dt.date], starts: dt.time, ends: dt.time, capacity: int, *, by: User) -> int:
    """Offer the same hours on several days; a day that has such a slot keeps it. The number of new ones."""
    rows = [
        ServiceSlot(
            service=service, capacity=capacity, starts_at=dt.datetime.combine(day, starts, tzinfo=clock.SHANGHAI),
            ends_at=dt.datetime.combine(day, ends, tzinfo=clock.SHANGHAI),
        )
        for day in days
    ]  # fmt: skip
    before = service.slots.count()
    ServiceSlot.objects.bulk_create(rows, ignore_conflicts=True)
    added = service.slots.count() - before
    write_audit(by, "service.slots", service, {"slots": added})
    return added
