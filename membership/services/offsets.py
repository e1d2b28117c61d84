"""Coupons and points of an order: looked at, reserved at checkout, used when paid, released, or given back when refunded.

For checkout, in its own transaction. Everything but `preview_offsets` takes the caller's `key` ("order:77") and may be repeated:
a repeat changes nothing. An order without coupons or points needs no call; a call for a key that was never held does nothing.
Amounts are yuan. Locks: coupons in id order, then the points account; nothing else of ours is locked afterwards.
"""

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from membership.choices import Code, CouponState, House, OffsetState
from membership.models import Account, Coupon, Lot, LotUse, Offset, Program, Redemption
from membership.rules.coupons import CouponTerms, CouponUse, Line, PointsTerms, Unfit, most_points, points_amount, take_coupons
from membership.rules.points import end_of_day, share, split_amount
from membership.services import ledger
from membership.services.coupons import merchant_share
from membership.services.points import grant_points

__all__ = ["Line", "Offsets", "commit_offsets", "hold_offsets", "preview_offsets", "release_offsets", "return_offsets"]
ZERO = Decimal("0.00")
MOST_COUPONS = 5


@dataclasses.dataclass(frozen=True)
class Offsets:
    """What coupons and points take off an order. `line_*` follow the lines that were given and add up to the fen.

    `points_max` is how many points this order could take of what the customer has."""

    coupons: tuple[CouponUse, ...]
    line_coupon_amounts: tuple[Decimal, ...]
    line_points_amounts: tuple[Decimal, ...]
    total_amount: Decimal
    coupon_amount: Decimal
    points: int
    points_amount: Decimal
    payable_amount: Decimal
    points_max: int = 0

    @property
    def payable(self) -> Decimal:
        """What is left to be paid with money, yuan."""
        return self.payable_amount


def preview_offsets(
    customer_id: int,
    lines: Sequence[Line],
    coupon_ids: Sequence[int],
    points: int,
    at: dt.datetime | None = None,
    *,
    channel: str = "mini",
) -> Offsets:
    """What these coupons and points would take off; nothing is written.

    BadInput for lines or points that make no sense or coupons that are not the customer's; Refused, with a stable code, where
    the rules say no: coupon_state, coupon_expired, coupon_early, coupon_scope, coupon_minimum, coupon_channel,
    coupon_exclusive, coupon_twice, coupon_no_points, points_few, points_many, points_fraction, points_short."""
    _check(lines, coupon_ids, points)
    coupons = _coupons_of(customer_id, coupon_ids, lock=False)
    return _reckon(customer_id, lines, coupons, points, at or clock.now(), channel)


def _check(lines: Sequence[Line], coupon_ids: Sequence[int], points: int) -> None:
    if not lines or any(line.amount < 0 or line.amount != line.amount.quantize(Decimal("0.01")) for line in lines):
        raise BadInput(_("Every line needs an amount in whole fen."), {"lines": _("not an amount")})
    if points < 0 or points > ledger.MOST_POINTS:
        raise BadInput(_("The number of points must not be negative."), {"points": _("out of range")})
    if len(set(coupon_ids)) != len(coupon_ids):
        raise Refused(_("The same coupon was given twice."), "coupon_twice")
    if len(coupon_ids) > MOST_COUPONS:
        raise BadInput(_("At most %(most)s coupons at once.") % {"most": MOST_COUPONS}, {"coupons": _("too many")})


def _coupons_of(customer_id: int, coupon_ids: Sequence[int], *, lock: bool) -> list[Coupon]:
    rows = Coupon.objects.select_related("template").filter(pk__in=set(coupon_ids), customer_id=customer_id).order_by("pk")
    found = list(rows.select_for_update(no_key=True, of=("self",)) if lock else rows)
    if len(found) != len(set(coupon_ids)):
        raise BadInput(_("One of these coupons does not exist."), {"coupons": _("object does not exist")})
    return found


def _terms(coupon: Coupon) -> CouponTerms:
    terms = coupon.template
    assert coupon.expires_at is not None  # noqa: S101 - the table's constraint
    return CouponTerms(
        coupon_id=coupon.pk, kind=terms.kind, amount=terms.amount, percent=terms.percent, cap=terms.cap_amount,
        min_amount=terms.min_amount, valid_from=coupon.valid_from, expires_at=coupon.expires_at, stacking=terms.stacking,
        group=terms.stack_group, with_points=terms.with_points, products=tuple(terms.products),
        destinations=tuple(terms.destinations), themes=tuple(terms.themes), merchants=tuple(terms.merchants),
        channels=tuple(terms.channels),
    )  # fmt: skip


def _reckon(
    customer_id: int, lines: Sequence[Line], coupons: Sequence[Coupon], points: int, at: dt.datetime, channel: str
) -> Offsets:
    for coupon in coupons:
        if coupon.state != CouponState.ISSUED:
            raise Refused(_("This coupon is in an order, or used already."), "coupon_state")
        if points and not coupon.template.with_points:
            raise Refused(_("This coupon cannot be used together with points."), "coupon_no_points")
    program = Program.current()
    terms = PointsTerms(program.points_per_yuan, program.offset_max_percent, program.points_min)
    usable = usable_points(customer_id, at)
    if points > usable:
        raise Refused(_("There are only %(points)s usable points.") % {"points": usable}, "points_short")
    try:
        return _add_up(
            lines, take_coupons(lines, [_terms(one) for one in coupons], channel=channel, at=at), points, terms, usable
        )
    except Unfit as unfit:
        raise refused(unfit) from unfit


def _add_up(lines: Sequence[Line], uses: Sequence[CouponUse], points: int, terms: PointsTerms, usable: int) -> Offsets:
    by_line = tuple(sum((use.by_line[place] for use in uses), ZERO) for place in range(len(lines)))
    left = [line.amount - off for line, off in zip(lines, by_line, strict=True)]
    rest = sum(left, ZERO)
    worth = points_amount(points, rest, terms)
    total = sum((line.amount for line in lines), ZERO)
    return Offsets(
        coupons=tuple(uses), line_coupon_amounts=by_line, line_points_amounts=tuple(split_amount(worth, left)),
        total_amount=total, coupon_amount=sum(by_line, ZERO), points=points, points_amount=worth, payable_amount=rest - worth,
        points_max=min(usable, most_points(rest, terms)),
    )  # fmt: skip


def usable_points(customer_id: int, at: dt.datetime) -> int:
    """What a customer may use at a moment: the balance without what has expired but was not swept yet."""
    account = Account.objects.filter(pk=customer_id).first()
    return 0 if account is None else account.balance - _stale(customer_id, at)


def _stale(customer_id: int, at: dt.datetime) -> int:
    found = Lot.objects.filter(customer_id=customer_id, remaining__gt=0, expires_at__lt=at).aggregate(sum=Sum("remaining"))
    return int(found["sum"] or 0)


def refused(unfit: Unfit) -> Refused:
    """A rule's no, as the sentence a person reads."""
    sentences = {
        "coupon_twice": _("The same coupon was given twice."),
        "coupon_exclusive": _("These coupons cannot be used together."),
        "coupon_expired": _("This coupon has expired."),
        "coupon_early": _("This coupon is not valid yet."),
        "coupon_channel": _("This coupon cannot be used here."),
        "coupon_scope": _("This coupon is not for what is in the order."),
        "coupon_minimum": _("This coupon needs a total of at least %(limit)s yuan."),
        "points_few": _("At least %(limit)s points must be used at once."),
        "points_many": _("At most %(limit)s points can be used for this order."),
        "points_fraction": _("This number of points is not a whole amount."),
    }
    return Refused(sentences[unfit.code] % {"limit": unfit.limit}, unfit.code)


# --- reserving, using, releasing ----------------------------------------------------------------------------


@transaction.atomic
def hold_offsets(
    customer_id: int,
    lines: Sequence[Line],
    coupon_ids: Sequence[int],
    points: int,
    at: dt.datetime | None = None,
    *,
    key: str,
    channel: str = "mini",
) -> Offsets:
    """Reserve coupons and points for an order that waits for payment. Raises as `preview_offsets` does, nothing changed.

    A repeat with the same content gives the first answer; with other content Refused `key_reused`. A key that was released
    is reserved again (an order revived by late money), where everything is still to be had."""
    moment = at or clock.now()
    _check(lines, coupon_ids, points)
    digest = _digest(customer_id, lines, coupon_ids, points, channel)
    _one_at_a_time(key)
    kept = Offset.objects.select_for_update(no_key=True).filter(key=key).first()
    if kept is not None and kept.request_hash != digest:
        raise Refused(_("This key was used for another order."), "key_reused")
    if kept is not None and kept.state != OffsetState.RELEASED:
        return shown(kept)
    coupons = _coupons_of(customer_id, coupon_ids, lock=True)
    found = _reckon(customer_id, lines, coupons, points, moment, channel)
    offset = _write(kept, customer_id, lines, found, key, digest, moment)
    _reserve(offset, coupons, found, channel, moment)
    return found


def _one_at_a_time(key: str) -> None:
    """Two clicks on one checkout queue up before either looks: the second one finds the first one's answer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [key])


def _digest(customer_id: int, lines: Sequence[Line], coupon_ids: Sequence[int], points: int, channel: str) -> str:
    said = [[str(line.amount), line.product, line.destination, list(line.themes), line.merchant] for line in lines]
    return hashlib.sha256(json.dumps([customer_id, said, sorted(coupon_ids), points, channel]).encode()).hexdigest()


def _write(
    kept: Offset | None, customer_id: int, lines: Sequence[Line], found: Offsets, key: str, digest: str, at: dt.datetime
) -> Offset:
    parts = zip(lines, found.line_coupon_amounts, found.line_points_amounts, strict=True)
    values = {
        "customer_id": customer_id, "state": OffsetState.HELD, "request_hash": digest,
        "lines": [[str(line.amount), str(coupon), str(points)] for line, coupon, points in parts],
        "total_amount": found.total_amount, "coupon_amount": found.coupon_amount, "points": found.points,
        "points_amount": found.points_amount, "payable_amount": found.payable_amount, "created_at": at, "settled_at": None,
        "attempt": kept.attempt + 1 if kept else 1,
    }  # fmt: skip
    if kept is None:
        return Offset.objects.create(key=key, **values)
    Offset.objects.filter(pk=kept.pk).update(**values)
    kept.refresh_from_db()
    return kept


def _reserve(offset: Offset, coupons: Sequence[Coupon], found: Offsets, channel: str, at: dt.datetime) -> None:
    amounts = {use.coupon_id: use.amount for use in found.coupons}
    for coupon in coupons:
        Coupon.objects.filter(pk=coupon.pk).update(state=CouponState.HELD)
        Redemption.objects.create(
            coupon=coupon, offset=offset, key=f"{offset.key}:{offset.attempt}:{coupon.pk}", amount=amounts[coupon.pk],
            merchant=coupon.template.merchant, merchant_amount=merchant_share(coupon.template, amounts[coupon.pk]),
            channel=channel, state=OffsetState.HELD, at=at,
        )  # fmt: skip
    if found.points:
        ledger.post(
            key=_points_key(offset), points=found.points, code=Code.SPEND, debit=offset.customer_id, house=House.REDEEMED,
            pending=True, ref=offset.key[:60], at=at,
        )  # fmt: skip


def _points_key(offset: Offset) -> str:
    return f"offset:{offset.key}:{offset.attempt}"


def shown(offset: Offset) -> Offsets:
    """A kept offset as it was first told."""
    rows = [(Decimal(amount), Decimal(coupon), Decimal(points)) for amount, coupon, points in offset.lines]
    uses = Redemption.objects.filter(offset=offset, key__startswith=f"{offset.key}:{offset.attempt}:").order_by("pk")
    return Offsets(
        coupons=tuple(CouponUse(use.coupon_id, use.amount, ()) for use in uses),
        line_coupon_amounts=tuple(row[1] for row in rows), line_points_amounts=tuple(row[2] for row in rows),
        total_amount=offset.total_amount, coupon_amount=offset.coupon_amount, points=offset.points,
        points_amount=offset.points_amount, payable_amount=offset.payable_amount, points_max=offset.points,
    )  # fmt: skip


def _locked(key: str) -> Offset | None:
    return Offset.objects.select_for_update(no_key=True).filter(key=key).first()


@transaction.atomic
def commit_offsets(key: str) -> None:
    """The order is paid: its coupons are used, its points gone. Refused `offset_released` where they were released before; then
    `hold_offsets` may reserve them again."""
    offset = _locked(key)
    if offset is None or offset.state == OffsetState.COMMITTED:
        return
    if offset.state == OffsetState.RELEASED:
        raise Refused(_("The coupons and points of this order were released."), "offset_released")
    now = clock.now()
    held = Redemption.objects.filter(offset=offset, state=OffsetState.HELD)
    Coupon.objects.filter(pk__in=held.values("coupon_id"), state=CouponState.HELD).update(state=CouponState.USED, used_at=now)
    held.update(state=OffsetState.COMMITTED, at=now)
    if offset.points:
        ledger.settle(_points_key(offset), is_posted=True, at=now)
    Offset.objects.filter(pk=offset.pk).update(state=OffsetState.COMMITTED, settled_at=now)


@transaction.atomic
def release_offsets(key: str) -> None:
    """The order was closed unpaid: coupons are usable again, points back in the lots they came from. Refused `offset_committed`
    where the order was paid: then use `return_offsets`."""
    offset = _locked(key)
    if offset is None or offset.state == OffsetState.RELEASED:
        return
    if offset.state == OffsetState.COMMITTED:
        raise Refused(_("The coupons and points of this order are used."), "offset_committed")
    now = clock.now()
    held = Redemption.objects.filter(offset=offset, state=OffsetState.HELD)
    Coupon.objects.filter(pk__in=held.values("coupon_id"), state=CouponState.HELD).update(state=CouponState.ISSUED)
    held.update(state=OffsetState.RELEASED, returned_at=now)
    if offset.points:
        ledger.settle(_points_key(offset), is_posted=False, at=now)
    Offset.objects.filter(pk=offset.pk).update(state=OffsetState.RELEASED, settled_at=now)


@transaction.atomic
def return_offsets(key: str, refunded_share_amount: Decimal) -> int:
    """Give back what belongs to what was refunded. `refunded_share_amount`: how much of the order's money (`payable`) has been
    refunded IN ALL so far, so that a repeat gives nothing twice and several partial refunds add up; the points given now.

    Points come back in that proportion, valid for the programme's `return_days` at least; coupons whose template says so when
    everything was refunded. Where nothing was payable, any call returns everything. Refused `offset_not_committed`."""
    offset = _locked(key)
    if offset is None:
        return 0
    if offset.state != OffsetState.COMMITTED:
        raise Refused(_("The coupons and points of this order are not used."), "offset_not_committed")
    if refunded_share_amount < 0 or refunded_share_amount > offset.payable_amount:
        raise BadInput(_("More than was paid."), {"amount": _("out of range")})
    given = _return_points(offset, refunded_share_amount)
    if refunded_share_amount >= offset.payable_amount:
        _return_coupons(offset)
    return given


def _return_points(offset: Offset, refunded: Decimal) -> int:
    due = share(offset.points, refunded, offset.payable_amount)
    points = due - offset.returned_points
    if points > 0:
        until = end_of_day(clock.today() + dt.timedelta(days=Program.current().return_days))
        expires = max(until, _latest_expiry(offset) or until)
        grant_points(
            offset.customer_id,
            points,
            key=f"return:{offset.key}:{due}",
            code=Code.RETURN,
            ref=offset.key[:60],
            expires_at=expires,
        )
        Offset.objects.filter(pk=offset.pk).update(returned_points=due)
    Offset.objects.filter(pk=offset.pk, returned_amount__lt=refunded).update(returned_amount=refunded)
    return max(points, 0)


def _latest_expiry(offset: Offset) -> dt.datetime | None:
    """The latest day of the lots the points came from."""
    uses = LotUse.objects.filter(transfer__key=_points_key(offset), lot__expires_at__isnull=False)
    return uses.order_by("-lot__expires_at").values_list("lot__expires_at", flat=True).first()


def _return_coupons(offset: Offset) -> None:
    now = clock.now()
    until = end_of_day(clock.today() + dt.timedelta(days=Program.current().return_days))
    used = Redemption.objects.filter(
        offset=offset, state=OffsetState.COMMITTED, returned_at__isnull=True, coupon__template__returns=True
    )
    for redemption in used.select_related("coupon").order_by("coupon_id"):
        coupon = redemption.coupon
        expires = coupon.expires_at if coupon.expires_at and coupon.expires_at >= now else until
        Coupon.objects.filter(pk=coupon.pk, state=CouponState.USED).update(
            state=CouponState.ISSUED, used_at=None, expires_at=expires
        )
        Redemption.objects.filter(pk=redemption.pk).update(returned_at=now)
