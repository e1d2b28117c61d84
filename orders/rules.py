"""Pure decisions about orders: how long seats are held, what money that comes late does, how much may be refunded."""

import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any

from orders.choices import CloseReason, OrderState

HOLD = dt.timedelta(minutes=30)
# Asking for the payment's outcome after its start, should the platform's notice be lost; the last time before the hold ends.
ASK_AFTER = (dt.timedelta(seconds=30), dt.timedelta(minutes=2), dt.timedelta(minutes=10))
ASK_BEFORE_EXPIRY = dt.timedelta(minutes=1)
LAST_MINUTE = dt.timedelta(minutes=1)  # the cashier takes no order that expires sooner
REFUND_DAYS = 365
MOST_REFUNDS = 50


def ask_times(started: dt.datetime, hold_until: dt.datetime) -> list[dt.datetime]:
    """When to ask the platform about a payment started at `started`, earliest first, none after the hold ends."""
    moments = {started + wait for wait in ASK_AFTER} | {max(hold_until - ASK_BEFORE_EXPIRY, started + ASK_AFTER[0])}
    return sorted(moment for moment in moments if moment <= hold_until)


def can_pay(state: str, hold_until: dt.datetime, at: dt.datetime) -> bool:
    """Whether a payment may still be started: the order waits for it and its hold lasts another minute."""
    return state == OrderState.PLACED and hold_until - at >= LAST_MINUTE


class Money(enum.Enum):
    """What arriving money does to an order."""

    PAYS = "pays"  # the order waited for it
    REOPENS = "reopens"  # the hold had run out; if the seats are still free the order takes them again
    RETURNS = "returns"  # nobody wants it any more: it goes back


def money_for(state: str, close_reason: str) -> Money:
    """An order that expired is reopened by late money; one that was cancelled on purpose, or is paid, sends it back."""
    if state == OrderState.PLACED:
        return Money.PAYS
    if state == OrderState.CLOSED and close_reason == CloseReason.EXPIRED:
        return Money.REOPENS
    return Money.RETURNS


@dataclasses.dataclass(frozen=True)
class Refundable:
    """What may still be refunded of a payment; `complaint` is a stable word when nothing may."""

    amount: Decimal
    complaint: str = ""


def refundable(*, paid: Decimal, given: Decimal, count: int, paid_at: dt.datetime, at: dt.datetime) -> Refundable:
    """`given` is the sum of all refunds that are done or on their way, `count` their number (WeChat Pay allows 50 in a year)."""
    if at - paid_at > dt.timedelta(days=REFUND_DAYS):
        return Refundable(Decimal("0.00"), "too_late")
    if count >= MOST_REFUNDS:
        return Refundable(Decimal("0.00"), "too_many")
    return Refundable(max(paid - given, Decimal("0.00")))


def fee_percent(tiers: Sequence[Mapping[str, Any]], days_left: int) -> int:
    """What the product's cancellation terms keep of the price, in percent, so many days before departure.

    A tier is {"days_before": n, "fee_percent": p} and holds from n days before on; without terms nothing is kept.
    """
    held = [tier for tier in tiers if int(tier.get("days_before", 0)) <= days_left]
    if held:
        return int(max(held, key=lambda tier: int(tier.get("days_before", 0))).get("fee_percent", 0))
    return max((int(tier.get("fee_percent", 0)) for tier in tiers), default=0)


def suggested_refund(total: Decimal, refunded: Decimal, percent: int) -> Decimal:
    """What the terms give back of an order, less what was given back already, to the fen."""
    back = (total * (100 - percent) / 100).quantize(Decimal("0.01"), rounding=ROUND_DOWN)
    return max(back - refunded, Decimal("0.00"))
