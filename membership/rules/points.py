"""How many points, until when, and what a refund takes back."""

import calendar
import dataclasses
import datetime as dt
from collections.abc import Collection, Sequence
from decimal import ROUND_DOWN, Decimal

from core.clock import SHANGHAI

LAST_MILLISECOND = dt.time(23, 59, 59, 999000)


def end_of_day(day: dt.date) -> dt.datetime:
    """23:59:59.999 of a Shanghai day: the last moment at which something valid until that day may be used."""
    return dt.datetime.combine(day, LAST_MILLISECOND, tzinfo=SHANGHAI)


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day of a later month, or that month's last day."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def expiry(at: dt.datetime, months: int) -> dt.datetime:
    """When points earned at `at` expire: the end of the Shanghai day so many months later."""
    return end_of_day(add_months(at.astimezone(SHANGHAI).date(), months))


@dataclasses.dataclass(frozen=True)
class BoughtLine:
    """One part of an order: its product and its share of what was paid, in yuan."""

    product: str
    themes: tuple[str, ...]
    amount: Decimal


@dataclasses.dataclass(frozen=True)
class Terms:
    """What an earning rule says (models.EarnRule)."""

    rate: Decimal
    points: int
    growth_rate: Decimal
    growth: int
    codes: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    is_multiplied: bool = True


@dataclasses.dataclass(frozen=True)
class Earned:
    """Points and growth of one rule."""

    points: int
    growth: int


def fits(terms: Terms, line: BoughtLine) -> bool:
    """Whether a line is of the products or themes that a rule is limited to; a rule without limits takes any."""
    if not terms.codes and not terms.themes:
        return True
    return line.product in terms.codes or not set(terms.themes).isdisjoint(line.themes)


def earned(terms: Terms, lines: Sequence[BoughtLine], multiple: Decimal) -> Earned:
    """What a rule gives for an order: whole points, fractions dropped. The tier multiplies points, never growth."""
    amount = sum((line.amount for line in lines if fits(terms, line)), Decimal(0))
    if not any(fits(terms, line) for line in lines):
        return Earned(0, 0)
    factor = multiple if terms.is_multiplied else Decimal(1)
    points = (amount * terms.rate + terms.points) * factor
    return Earned(_whole(points), _whole(amount * terms.growth_rate + terms.growth))


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_DOWN))


def share(total: int, part: Decimal, whole: Decimal) -> int:
    """`part` of `whole` of so many points, fractions dropped; everything when the whole is nothing or is reached."""
    if whole <= 0 or part >= whole:
        return total
    return _whole(Decimal(total) * part / whole)


def split_amount(total: Decimal, amounts: Sequence[Decimal]) -> list[Decimal]:
    """`total` (yuan) over parts in proportion to their amounts, to the fen: the shares add up exactly, none exceeds its part
    where the total does not exceed the sum. Largest remainder; ties go to the earlier part."""
    fen, weights = int(total * 100), [int(amount * 100) for amount in amounts]
    weight = sum(weights)
    if weight == 0 or fen == 0:
        return [Decimal("0.00")] * len(weights)
    shares = [fen * one // weight for one in weights]
    order = sorted(range(len(weights)), key=lambda place: (-(fen * weights[place] % weight), place))
    for place in order[: fen - sum(shares)]:
        shares[place] += 1
    return [Decimal(one).scaleb(-2) for one in shares]


@dataclasses.dataclass(frozen=True)
class Balance:
    """One account in the nightly proof: what its row says, and what its transfers and lots add up to."""

    customer_id: int
    balance: int
    held: int
    by_transfers: int
    by_lots: int
    by_pending: int


def disagreements(accounts: Collection[Balance]) -> list[str]:
    """What does not agree, one sentence per account; points only, no names."""
    found = []
    for one in accounts:
        if not one.balance == one.by_transfers == one.by_lots:
            found.append(f"{one.customer_id}: balance {one.balance}, transfers {one.by_transfers}, lots {one.by_lots}")
        if one.held != one.by_pending:
            found.append(f"{one.customer_id}: held {one.held}, pending {one.by_pending}")
    return found
