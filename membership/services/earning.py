"""Points and growth that orders bring, and what their refunds take back. Handlers recompute: late, twice, out of order."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, Sum
from django.utils.module_loading import import_string

from core import clock
from core.event_types import PointsEarned
from core.events import record
from customers.queries.reviews import family_of, roots_of
from membership.choices import Code, InvitationState, RuleKind
from membership.models import Account, Debt, EarnRule, GrowthEntry, Invitation, Transfer
from membership.queries.tiers import multiple_of
from membership.rules.points import BoughtLine, Earned, Terms, earned, share
from membership.services.points import add_growth, grant_points, take_back
from membership.services.tiers import reconsider

_PAID = (
    "SELECT max(occurred_at) FROM core_event WHERE customer_id = ANY(%s) AND kind = 'order.paid' AND props ->> 'order_id' = %s"
)
_OTHERS = """
SELECT EXISTS (SELECT 1 FROM core_event WHERE customer_id = ANY(%s) AND kind = 'order.paid' AND props ->> 'order_id' <> %s
               AND occurred_at < %s)
"""
_REFUNDED = """
SELECT coalesce(sum((props ->> 'amount')::numeric), 0) FROM core_event
WHERE customer_id = ANY(%s) AND kind = 'order.refunded' AND props ->> 'order_id' = %s
"""


def rules_in_force(day: dt.date, *kinds: RuleKind) -> list[EarnRule]:
    """The rules of these kinds that count on a Shanghai day."""
    running = (Q(starts_on__isnull=True) | Q(starts_on__lte=day)) & (Q(ends_on__isnull=True) | Q(ends_on__gte=day))
    return list(EarnRule.objects.filter(running, is_active=True, kind__in=kinds).order_by("id"))


def terms_of(rule: EarnRule) -> Terms:
    """A rule as the pure decision reads it."""
    return Terms(
        rate=rule.rate, points=rule.points, growth_rate=rule.growth_rate, growth=rule.growth, codes=tuple(rule.codes),
        themes=tuple(rule.themes), is_multiplied=rule.is_multiplied,
    )  # fmt: skip


def lines_of(order_id: int, paid: Decimal) -> list[BoughtLine]:
    """What was bought, each line with its share of the money paid; the orders' app knows (settings.ORDER_LINES)."""
    reader = import_string(settings.ORDER_LINES)
    rows: list[tuple[str, list[str], Decimal]] = reader(order_id)
    total = sum((amount for _code, _themes, amount in rows), Decimal(0))
    if not rows or total <= 0:
        return [BoughtLine("", (), paid)]
    return [BoughtLine(code, tuple(themes), paid * amount / total) for code, themes, amount in rows]


@transaction.atomic
def earn_for_order(customer_id: int, order_id: int, amount: Decimal) -> Earned:
    """Give what the rules promise for a paid order, each rule once; `amount` is the money paid, in yuan. The inviter of a
    friend's first purchase is rewarded too. Then the tier is looked at again."""
    root = roots_of([customer_id])[customer_id]
    family, ref = family_of(root), f"order:{order_id}"
    at = _one(_PAID, family, str(order_id)) or clock.now()
    is_first = not _one(_OTHERS, family, str(order_id), at)
    kinds = [RuleKind.SPEND, RuleKind.PRODUCT, *([RuleKind.FIRST] if is_first else [])]
    lines, multiple = lines_of(order_id, amount), multiple_of(root)
    points = growth = 0
    known = dict(Transfer.objects.filter(ref=ref, code=Code.EARN).values_list("key", "amount"))
    for rule in rules_in_force(clock.shanghai_date(at), *kinds):
        found = earned(terms_of(rule), lines, multiple)
        key = f"earn:{ref}:{rule.pk}"
        if key in known:  # given before: the tier, and with it the multiple, may be another one by now
            points += known[key]
        elif found.points:
            points += grant_points(root, found.points, key=key, code=Code.EARN, ref=ref, rule_id=rule.pk, at=at).points
        if found.growth and add_growth(root, found.growth, key=key, code=Code.EARN, ref=ref, at=at):
            growth += found.growth
    if is_first:
        _reward_inviter(family, order_id, at)
    record(PointsEarned(root, order_id, points, growth), key=f"points.earned:{order_id}", occurred_at=at)
    reconsider([root])
    return Earned(points, growth)


def _one(statement: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(values))
        row = cursor.fetchone()
    return row[0] if row else None


def _reward_inviter(family: list[int], order_id: int, at: dt.datetime) -> None:
    """Once per invited friend, at the first purchase."""
    invitation = Invitation.objects.select_for_update().filter(invitee__in=family, state=InvitationState.JOINED).first()
    if invitation is None:
        return
    inviter = roots_of([invitation.inviter_id])[invitation.inviter_id]
    if inviter in family:  # the two turned out to be one person
        Invitation.objects.filter(pk=invitation.pk).update(state=InvitationState.REFUSED, reason="same_person")
        return
    for rule in rules_in_force(clock.shanghai_date(at), RuleKind.REFERRAL):
        key = f"referral:{invitation.pk}:{rule.pk}"
        if rule.points:
            # Named after the order, so that its refund can be seen; the reward itself stays.
            grant_points(inviter, rule.points, key=key, code=Code.REFERRAL, ref=f"invitee:{order_id}", rule_id=rule.pk, at=at)
        add_growth(inviter, rule.growth, key=key, code=Code.REFERRAL, ref=f"invitee:{order_id}", at=at)
    Invitation.objects.filter(pk=invitation.pk).update(state=InvitationState.REWARDED, rewarded_at=clock.now())
    reconsider([inviter])


@transaction.atomic
def reverse_for_order(customer_id: int, order_id: int) -> int:
    """Take back points and growth in proportion to what was refunded of an order in all; the points taken now. What was taken
    back before is counted, so that a repeat takes nothing."""
    root = roots_of([customer_id])[customer_id]
    family, ref = family_of(root), f"order:{order_id}"
    Account.objects.get_or_create(customer_id=root)
    Account.objects.select_for_update(no_key=True).get(pk=root)  # two refunds of one order queue up here
    refunded = Decimal(str(_one(_REFUNDED, family, str(order_id)) or 0))
    paid = _paid_amount(family, order_id)
    if refunded <= 0 or paid <= 0:
        return 0
    due = share(_sum(Transfer.objects.filter(ref=ref, code=Code.EARN)), refunded, paid)
    moved = take_back(root, due - _taken(ref), key=f"reverse:{ref}:{due}", ref=ref) if due > _taken(ref) else 0
    _reverse_growth(root, ref, refunded, paid)
    paid_at = _one(_PAID, family, str(order_id))
    reconsider([root], reason="refund", strict_since=paid_at if isinstance(paid_at, dt.datetime) else None)
    return moved


_PAID_AMOUNT = """
SELECT coalesce(sum((props ->> 'amount')::numeric), 0) FROM core_event
WHERE customer_id = ANY(%s) AND kind = 'order.paid' AND props ->> 'order_id' = %s
"""


def _paid_amount(family: list[int], order_id: int) -> Decimal:
    return Decimal(str(_one(_PAID_AMOUNT, family, str(order_id)) or 0))


def _sum(rows: "object") -> int:
    return int(rows.aggregate(sum=Sum("amount"))["sum"] or 0)  # type: ignore[attr-defined]


def _taken(ref: str) -> int:
    """What refunds of an order have taken back, or put down as owed."""

    return _sum(Transfer.objects.filter(ref=ref, code=Code.REVERSE)) + _sum(
        Debt.objects.filter(key__startswith=f"reverse:{ref}:")
    )


def _reverse_growth(customer_id: int, ref: str, refunded: Decimal, paid: Decimal) -> None:
    due = share(_sum(GrowthEntry.objects.filter(ref=ref, code=Code.EARN)), refunded, paid)
    taken = -_sum(GrowthEntry.objects.filter(ref=ref, code=Code.REVERSE))
    if due > taken:
        add_growth(customer_id, taken - due, key=f"reverse:{ref}:{due}", code=Code.REVERSE, ref=ref)
