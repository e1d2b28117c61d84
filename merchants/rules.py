"""Pure decisions about merchants: how the money of a redemption is parted, what may go through the platform."""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from core.money import FEN, ZERO
from orders.rules import part_of

SHARE_PERCENT = 30  # what WeChat Pay allows to be shared of a payment, unless the merchant platform says otherwise
YOUNGEST = dt.timedelta(seconds=65)  # a payment may be shared a minute after it was made


@dataclasses.dataclass(frozen=True)
class Redeemed:
    """Pieces of a line that are handed out: `total`, `coupons` and `points` are the whole line's, `before` pieces went before."""

    total: Decimal
    coupons: Decimal
    points: Decimal
    quantity: int
    before: int
    pieces: int


@dataclasses.dataclass(frozen=True)
class Rule:
    """A merchant's percents: the agency's fee, and the merchant's part of what points and coupons covered."""

    fee: Decimal
    points: int
    coupons: int


@dataclasses.dataclass(frozen=True)
class Parts:
    """How the list price of what was handed out is parted; the merchant gets the rest."""

    gross: Decimal
    fee: Decimal
    points_cost: Decimal
    coupon_cost: Decimal

    @property
    def net(self) -> Decimal:
        """What the merchant gets; nothing at least, whatever the percents."""
        return self.gross - self.fee - self.points_cost - self.coupon_cost


def part(redeemed: Redeemed, rule: Rule) -> Parts:
    """Part the money, to the fen. Pieces are counted from the end of the line, those given back from its beginning: so what is
    redeemed and what is refunded are together exactly what was paid."""
    gross = _share(redeemed.total, redeemed)
    fee = _percent(gross, rule.fee)
    points = min(_percent(_share(redeemed.points, redeemed), Decimal(rule.points)), gross - fee)
    coupons = min(_percent(_share(redeemed.coupons, redeemed), Decimal(rule.coupons)), gross - fee - points)
    return Parts(gross, fee, points, coupons)


def _share(amount: Decimal, redeemed: Redeemed) -> Decimal:
    left = redeemed.quantity - redeemed.before
    return part_of(amount, left, redeemed.quantity) - part_of(amount, left - redeemed.pieces, redeemed.quantity)


def _percent(amount: Decimal, percent: Decimal) -> Decimal:
    return (amount * percent / 100).quantize(FEN, rounding=ROUND_HALF_UP)


def shareable(net: Decimal, *, paid: Decimal, shared: Decimal, refunded: Decimal) -> Decimal:
    """How much of what a merchant gets may go through the platform: within the allowed share, and what is left of the money."""
    allowed = (paid * SHARE_PERCENT / 100).quantize(FEN, rounding=ROUND_DOWN)
    return max(min(net, allowed - shared, paid - refunded - shared), ZERO)


@dataclasses.dataclass(frozen=True)
class Settled:
    """The sums of a statement."""

    count: int
    gross: Decimal
    fee: Decimal
    points_cost: Decimal
    coupon_cost: Decimal
    shared: Decimal

    @property
    def net(self) -> Decimal:
        """What the merchant gets for the week."""
        return self.gross - self.fee - self.points_cost - self.coupon_cost


def settle(redeemed: Iterable[tuple[Parts, Decimal]], taken_back: Iterable[tuple[Parts, Decimal]]) -> Settled:
    """Sum up a week: (parts, shared through the platform) of what was redeemed, less what was taken back since it was settled."""
    plus, minus = list(redeemed), list(taken_back)

    def total(name: str) -> Decimal:
        return sum((getattr(one, name) for one, _ in plus), ZERO) - sum((getattr(one, name) for one, _ in minus), ZERO)

    shared = sum((amount for _, amount in plus), ZERO) - sum((amount for _, amount in minus), ZERO)
    return Settled(len(plus), total("gross"), total("fee"), total("points_cost"), total("coupon_cost"), shared)


def week_of(day: dt.date) -> tuple[dt.date, dt.date]:
    """Monday and Sunday of the week that ended last before a day."""
    monday = day - dt.timedelta(days=day.weekday() + 7)
    return monday, monday + dt.timedelta(days=6)
