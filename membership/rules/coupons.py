"""What coupons and points take off an order, line by line, to the fen. Prices come from the caller, never from a client."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal

from membership.choices import CouponKind, Stacking
from membership.rules.points import split_amount

FEN = Decimal("0.01")
ZERO = Decimal("0.00")
ORDER = {CouponKind.EXCHANGE: 0, CouponKind.UPGRADE: 1, CouponKind.FIXED: 2, CouponKind.PERCENT: 3}


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of an order: its price in yuan, and what coupons' scopes ask about."""

    amount: Decimal
    product: str = ""
    destination: str = ""
    themes: tuple[str, ...] = ()
    merchant: str = ""


@dataclasses.dataclass(frozen=True)
class CouponTerms:
    """One coupon with its template's terms."""

    coupon_id: int
    kind: str
    amount: Decimal
    percent: int
    cap: Decimal | None
    min_amount: Decimal
    valid_from: dt.datetime | None
    expires_at: dt.datetime
    stacking: str = Stacking.ALONE
    group: str = ""
    with_points: bool = True
    products: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    merchants: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class PointsTerms:
    """How points pay: `rate` points for a yuan, at most `max_percent` of what the coupons left, at least `least` at once."""

    rate: int
    max_percent: int
    least: int


class Unfit(Exception):
    """A coupon, or a number of points, that this order cannot take; `code` is a stable word."""

    def __init__(self, code: str, coupon_id: int | None = None, limit: Decimal | int | None = None) -> None:
        super().__init__(code)
        self.code, self.coupon_id, self.limit = code, coupon_id, limit


@dataclasses.dataclass(frozen=True)
class CouponUse:
    """What one coupon takes off, in all and from each line."""

    coupon_id: int
    amount: Decimal
    by_line: tuple[Decimal, ...]


def in_scope(terms: CouponTerms, line: Line) -> bool:
    """Whether a line is among what the coupon is for. Each scope that is given must be met."""
    return bool(
        (not terms.products or line.product in terms.products)
        and (not terms.destinations or line.destination in terms.destinations)
        and (not terms.themes or not set(terms.themes).isdisjoint(line.themes))
        and (not terms.merchants or line.merchant in terms.merchants)
    )


def is_valid(valid_from: dt.datetime | None, expires_at: dt.datetime, at: dt.datetime) -> bool:
    """Valid from its first moment to its last, both included: the last is 23:59:59.999 Shanghai time, and no rounding helps."""
    return (valid_from is None or valid_from <= at) and at <= expires_at


def check_together(coupons: Sequence[CouponTerms]) -> None:
    """Unfit where coupons exclude one another: one that stands alone, two of one group, the same twice."""
    if len({one.coupon_id for one in coupons}) != len(coupons):
        raise Unfit("coupon_twice")
    if len(coupons) < 2:
        return
    for one in coupons:
        if one.stacking == Stacking.ALONE:
            raise Unfit("coupon_exclusive", one.coupon_id)
    groups = [one.group for one in coupons if one.stacking == Stacking.GROUP]
    if len(groups) != len(set(groups)):
        raise Unfit("coupon_exclusive")


def take_coupons(lines: Sequence[Line], coupons: Sequence[CouponTerms], *, channel: str, at: dt.datetime) -> list[CouponUse]:
    """What each coupon takes off. Amounts off come before percentages, which see what is left; thresholds look at the prices
    before any coupon. The order in which they were given does not matter."""
    check_together(coupons)
    left = [line.amount for line in lines]
    uses = []
    for terms in sorted(coupons, key=lambda one: (ORDER[CouponKind(one.kind)], one.coupon_id)):
        uses.append(_take(terms, lines, left, channel, at))
        left = [rest - off for rest, off in zip(left, uses[-1].by_line, strict=True)]
    return uses


def _take(terms: CouponTerms, lines: Sequence[Line], left: Sequence[Decimal], channel: str, at: dt.datetime) -> CouponUse:
    if not is_valid(terms.valid_from, terms.expires_at, at):
        raise Unfit("coupon_expired" if at > terms.expires_at else "coupon_early", terms.coupon_id)
    if terms.channels and channel not in terms.channels:
        raise Unfit("coupon_channel", terms.coupon_id)
    mine = [in_scope(terms, line) for line in lines]
    if not any(mine):
        raise Unfit("coupon_scope", terms.coupon_id)
    if sum((line.amount for line, hit in zip(lines, mine, strict=True) if hit), ZERO) < terms.min_amount:
        raise Unfit("coupon_minimum", terms.coupon_id, terms.min_amount)
    base = [rest if hit else ZERO for rest, hit in zip(left, mine, strict=True)]
    off = min(_amount_off(terms, sum(base, ZERO)), sum(base, ZERO))
    return CouponUse(terms.coupon_id, off, tuple(split_amount(off, base)))


def _amount_off(terms: CouponTerms, base: Decimal) -> Decimal:
    if terms.kind != CouponKind.PERCENT:
        return terms.amount
    off = (base * terms.percent / 100).quantize(FEN, rounding=ROUND_DOWN)
    return off if terms.cap is None else min(off, terms.cap)


def most_points(left: Decimal, terms: PointsTerms) -> int:
    """The most points that may be used on what the coupons left (yuan)."""
    allowed = (left * terms.max_percent / 100).quantize(FEN, rounding=ROUND_DOWN)
    return int(allowed * terms.rate)


def points_amount(points: int, left: Decimal, terms: PointsTerms) -> Decimal:
    """What so many points are worth on an order. Unfit for too few, too many, or a number that is not whole fen."""
    if points == 0:
        return ZERO
    if points < terms.least:
        raise Unfit("points_few", limit=terms.least)
    if points > most_points(left, terms):
        raise Unfit("points_many", limit=most_points(left, terms))
    amount = Decimal(points) / terms.rate
    if amount != amount.quantize(FEN, rounding=ROUND_DOWN):
        raise Unfit("points_fraction")
    return amount.quantize(FEN)
