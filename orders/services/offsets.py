"""What covers an order beside money: coupons and points, held, spent, given back in the order's own transactions."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from catalog.models import Departure
from core.money import ZERO
from membership.services import offsets as membership
from orders.models import Order, OrderLine


@dataclasses.dataclass(frozen=True)
class Covered:
    """What is covered of an order, in yuan, and how many points that takes."""

    coupons: Decimal = ZERO
    points: Decimal = ZERO
    points_used: int = 0


def preview(customer_id: int, lines: Sequence[OrderLine], coupon_ids: Sequence[int], points: int, *, at: dt.datetime) -> Covered:
    """What coupons and points would cover of these lines; nothing is held. Raises as membership's offsets do."""
    if not coupon_ids and not points:
        return Covered()
    found = membership.preview_offsets(customer_id, _said(lines), list(coupon_ids), points, at)
    return Covered(found.coupon_amount, found.points_amount, found.points)


def hold(
    customer_id: int, lines: Sequence[OrderLine], coupon_ids: Sequence[int], points: int, *, key: str, at: dt.datetime
) -> Covered:
    """Hold coupons and points for an order that is being placed, and write on its lines what they cover."""
    if not coupon_ids and not points:
        return Covered()
    found = membership.hold_offsets(customer_id, _said(lines), list(coupon_ids), points, at, key=_key(key))
    for line, coupon, worth in zip(lines, found.line_coupon_amounts, found.line_points_amounts, strict=True):
        line.coupon_amount, line.points_amount = coupon, worth
    return Covered(found.coupon_amount, found.points_amount, found.points)


def _key(no: str) -> str:
    return f"order:{no}"


def _said(lines: Sequence[OrderLine]) -> list[membership.Line]:
    """The lines as coupons' scopes ask about them."""
    places = Departure.objects.filter(pk__in=[line.departure_id for line in lines]).select_related("product__destination")
    products = {place.pk: place.product for place in places}
    return [
        membership.Line(
            line.total_amount, product=products[line.departure_id or 0].code,
            destination=products[line.departure_id or 0].destination.code, themes=tuple(products[line.departure_id or 0].themes),
        )
        for line in lines
    ]  # fmt: skip


def release(key: str) -> None:
    """The order ends unpaid."""
    membership.release_offsets(_key(key))


def commit(order: Order) -> None:
    """The order is paid: what was held for it is spent."""
    membership.commit_offsets(_key(order.no))


def give_back(order: Order) -> None:
    """Points and coupons follow the money: what belongs to all that was refunded of the order so far goes back."""
    membership.return_offsets(_key(order.no), min(order.refunded_amount, order.payable_amount))
