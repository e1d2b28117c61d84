"""What membership does when somebody is forgotten: what is unused is given up, and the sums stay true without a name."""

from collections.abc import Sequence

import pgtrigger
from django.db import transaction
from django.db.models import F, Q

from core import clock
from membership.choices import BookingState, Code, CouponState, House
from membership.models import (
    Account,
    Adjustment,
    BenefitUse,
    Coupon,
    Debt,
    GrowthEntry,
    Lot,
    LotUse,
    MallOrder,
    Offset,
    Redemption,
    ServiceBooking,
    ServiceSlot,
    Transfer,
)  # fmt: skip
from membership.services import ledger


def give_up(ids: Sequence[int]) -> int:
    """Points go to a house account, unused coupons are void, bookings to come are free again, debts are forgotten. How many
    points, coupons and bookings it were."""
    at, points = clock.now(), 0
    ledger.expire_some(at)
    for customer_id in Account.objects.filter(pk__in=ids, balance__gt=0).order_by("pk").values_list("pk", flat=True):
        newest = Lot.objects.filter(customer_id=customer_id).order_by("-id").values_list("id", flat=True).first()
        gone = ledger.post(
            key=f"forfeit:{customer_id}:{newest}", points=ledger.MOST_POINTS, code=Code.FORFEIT, debit=customer_id,
            house=House.FORFEITED, at=at, up_to=True,
        )  # fmt: skip
        points += gone.points
    Debt.objects.filter(customer_id__in=ids).update(owed=0)
    coupons = Coupon.objects.filter(customer_id__in=ids, state=CouponState.ISSUED).update(
        state=CouponState.VOID, void_reason="erased"
    )
    bookings = ServiceBooking.objects.filter(customer_id__in=ids, state=BookingState.BOOKED, slot__starts_at__gt=at)
    for slot_id in bookings.order_by("slot_id").values_list("slot_id", flat=True):
        ServiceSlot.objects.filter(pk=slot_id).update(taken=F("taken") - 1)
    cancelled = bookings.update(state=BookingState.CANCELLED, done_at=at)
    return points + coupons + cancelled


def delete_membership(ids: Sequence[int]) -> int:
    """When nothing keeps the last rows any more: an account that is empty leaves the ledger with everything that names it.

    A transfer whose other side is somebody who stays (records that were parted again) keeps that side; the house stands in."""
    with transaction.atomic(), pgtrigger.ignore("membership.Transfer:kept", "membership.Transfer:settled_once"):
        Transfer.objects.filter(debit__in=ids, credit__isnull=False).exclude(credit__in=ids).update(
            debit=None, house=House.FORFEITED
        )
        Transfer.objects.filter(credit__in=ids, debit__isnull=False).exclude(debit__in=ids).update(
            credit=None, house=House.FORFEITED
        )
        for model in (Redemption, MallOrder, ServiceBooking, BenefitUse, Coupon, Offset, GrowthEntry, Debt, Adjustment):
            name = "coupon__customer__in" if model is Redemption else "customer__in"
            model._default_manager.filter(**{name: ids}).delete()
        LotUse.objects.filter(lot__customer__in=ids).delete()
        Lot.objects.filter(customer__in=ids).delete()
        LotUse.objects.filter(transfer__in=Transfer.objects.filter(debit__in=ids)).delete()
        Lot.objects.filter(transfer__in=Transfer.objects.filter(credit__in=ids)).delete()
        gone = Transfer.objects.filter(Q(debit__in=ids) | Q(credit__in=ids)).delete()[0]
        Account.objects.filter(pk__in=ids).delete()
    return gone
