"""Pure decisions about orders: how long seats are held, what money that comes late does, how much may be refunded."""

import dataclasses
import datetime as dt
import enum
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from core.money import FEN, ZERO
from orders.choices import BillFinding, CloseReason, OrderState

# Every move an order's state may make; a trigger of the database refuses the others.
TRANSITIONS = [
    ("placed", "paid"), ("placed", "closed"), ("closed", "paid"), ("paid", "completed"), ("paid", "refunded"),
    ("completed", "refunded"),
]  # fmt: skip
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


@dataclasses.dataclass(frozen=True)
class GivenUp:
    """A line of which pieces are given up: `value` the money and `offsets` the coupons and points that all its `quantity`
    pieces cost, `returned` pieces were given up before, `giving` are now; the terms keep `percent`."""

    value: Decimal
    offsets: Decimal
    quantity: int
    returned: int
    giving: int
    percent: int


@dataclasses.dataclass(frozen=True)
class Back:
    """What the terms give back: money, what coupons and points had covered, and the fee that is kept of both."""

    money: Decimal
    offsets: Decimal
    fee: Decimal


def part_of(amount: Decimal, pieces: int, of: int) -> Decimal:
    """The share of so many pieces, to the fen; the shares of all pieces, taken one after the other, are exactly the amount."""
    return (amount * pieces / of).quantize(FEN, rounding=ROUND_DOWN)


def back_for(lines: Sequence[GivenUp], *, kept: Decimal, fees_before: Decimal) -> Back:
    """What is given back for pieces that are given up. `lines` are all lines of the order, also those that stay.

    `kept` is the money the agency has (paid, less what went back or is on its way), `fees_before` what earlier refunds kept.
    Never more comes back than the agency has beyond what stays bought and the fees: a deposit may be lost, never overdrawn.
    """
    value = offsets = fee = offset_fee = stays = ZERO
    for line in lines:
        given = line.returned + line.giving
        mine = part_of(line.value, given, line.quantity) - part_of(line.value, line.returned, line.quantity)
        covered = part_of(line.offsets, given, line.quantity) - part_of(line.offsets, line.returned, line.quantity)
        value, offsets = value + mine, offsets + covered
        fee += _percent(mine, line.percent)
        offset_fee += _percent(covered, line.percent)
        stays += line.value - part_of(line.value, given, line.quantity)
    left = max(kept - stays - fees_before - fee, ZERO)
    return Back(min(max(value - fee, ZERO), left), offsets - offset_fee, max(fee, ZERO))


def _percent(amount: Decimal, percent: int) -> Decimal:
    return (amount * percent / 100).quantize(FEN, rounding=ROUND_HALF_UP)


def needs_two(amount: Decimal, given_before: Decimal, limit: Decimal) -> bool:
    """Whether a second person must decide: the order's refunds together go over the limit, however they are cut up."""
    return amount + given_before > limit


def spread(amount: Decimal, left: Sequence[Decimal]) -> list[Decimal]:
    """An amount over payments of which so much is left: as few as can be, the largest first. ValueError if it is more."""
    shares = [ZERO] * len(left)
    for index in sorted(range(len(left)), key=lambda one: -left[one]):
        shares[index] = min(amount, left[index])
        amount -= shares[index]
    if amount > 0:
        raise ValueError("more than was paid")
    return shares


def clean_code(text: str) -> str:
    """A redemption code as it is kept, however it was typed: full-width, lower case, with spaces or hyphens."""
    said = unicodedata.normalize("NFKC", text).upper()
    return "".join(char for char in said if char.isascii() and char.isalnum())


@dataclasses.dataclass(frozen=True)
class Difference:
    """A line that is not the same on the bill and in our books, in fen; None where a side does not have it."""

    kind: str
    number: str
    finding: str
    theirs: int | None
    ours: int | None


Books = Mapping[tuple[str, str], int]


def compare_books(billed: Books, ours: Books, of_day: Books) -> list[Difference]:
    """Every difference, by (kind, number). `ours` is what our books say of the billed numbers, `of_day` all they have for the
    day; both sides go by the platform's own moments, so that a line just before midnight stands in the same day's."""
    found = []
    for (kind, number), fen in billed.items():
        known = ours.get((kind, number))
        if known is None:
            found.append(Difference(kind, number, BillFinding.UNKNOWN, fen, None))
        elif known != fen:
            found.append(Difference(kind, number, BillFinding.AMOUNT, fen, known))
    missing = [key for key in of_day if key not in billed]
    return found + [Difference(kind, number, BillFinding.MISSING, None, of_day[kind, number]) for kind, number in missing]
