"""Handing out: a code is scanned or typed, its pieces are redeemed once, and what that is worth stands fast."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Refused
from core.event_types import ServiceRedeemed
from core.events import record
from merchants.choices import MerchantState
from merchants.models import Merchant, Redemption
from merchants.queries.codes import line_of
from merchants.rules import Redeemed, Rule, part
from merchants.services.sharing import plan_share, return_share_of
from orders.models import OrderLine
from orders.services.lines import redeem_pieces, take_redemption_back
from staff.models import User
from staff.services import write_audit


def rule_of(merchant: Merchant) -> Rule:
    """The merchant's percents as they are now."""
    return Rule(merchant.fee_percent, merchant.points_percent, merchant.coupon_percent)


@transaction.atomic
def redeem(*, merchant: Merchant, code: str, quantity: int, key: str, user: User) -> Redemption:
    """Redeem pieces of a code of this merchant's own. The same key again returns the same redemption.

    Refused (unknown_code, expired, not_paid, not_today, redeemed, paused) with nothing changed. Records service.redeemed.
    """
    existing = Redemption.objects.filter(merchant=merchant, key=f"{merchant.pk}:{key}").first()
    if existing is not None:
        return existing
    if merchant.state != MerchantState.ACTIVE:
        raise Refused(_("This merchant is paused."), "paused")
    line = line_of(merchant, code)
    if line is None:
        raise Refused(_("This is no code of yours."), "unknown_code")
    now = clock.now()
    redeem_pieces(line, quantity, now)
    line.refresh_from_db()
    parts = part(_redeemed(line, quantity), rule_of(merchant))
    made = Redemption.objects.create(
        merchant=merchant, line=line, name=line.name, quantity=quantity, key=f"{merchant.pk}:{key}", by=user, at=now,
        gross_amount=parts.gross, fee_amount=parts.fee, points_cost_amount=parts.points_cost,
        coupon_cost_amount=parts.coupon_cost,
    )  # fmt: skip
    fact = ServiceRedeemed(line.order.customer_id, line.order_id, made.pk, quantity)
    record(fact, key=f"service.redeemed:{made.pk}", occurred_at=now)
    plan_share(made)
    return made


def _redeemed(line: OrderLine, pieces: int) -> Redeemed:
    """The line after its pieces were taken: what went before are the others."""
    before = line.redeemed_quantity - pieces
    return Redeemed(line.total_amount, line.coupon_amount, line.points_amount, line.quantity, before, pieces)


@transaction.atomic
def take_back(*, redemption: Redemption, user: User) -> None:
    """A redemption was a mistake: the customer may use the pieces again, shared money comes back, the next statement says so.

    Refused (taken_back) when it was taken back before.
    """
    now = clock.now()
    if not Redemption.objects.filter(pk=redemption.pk, taken_back_at__isnull=True).update(taken_back_at=now):
        raise Refused(_("This redemption was taken back already."), "taken_back")
    if redemption.line_id is not None:
        take_redemption_back(redemption.line_id, redemption.quantity)
    return_share_of(redemption)
    write_audit(
        actor=user, action="merchant.redemption_taken_back", obj=redemption.merchant,
        detail={"redemption": redemption.pk, "net": str(Decimal(redemption.net_amount))},
    )  # fmt: skip
