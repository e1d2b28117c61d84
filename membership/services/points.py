"""Granting points and taking them back."""

import datetime as dt

from django.db import transaction

from core import clock
from customers.queries.reviews import roots_of
from membership.choices import Code, House
from membership.models import Account, Debt, GrowthEntry, Program
from membership.rules.points import expiry
from membership.services.ledger import Posted, post


@transaction.atomic
def grant_points(
    customer_id: int,
    points: int,
    *,
    key: str,
    code: Code = Code.GRANT,
    ref: str = "",
    rule_id: int | None = None,
    at: dt.datetime | None = None,
    expires_at: dt.datetime | None = None,
) -> Posted:
    """Give points to a customer (or to whom they were joined with), once per `key`. They expire as the programme says unless
    `expires_at` does. What the customer owes from a refund is taken from them at once."""
    moment = at or clock.now()
    root = roots_of([customer_id])[customer_id]
    until = expires_at or expiry(moment, Program.current().expire_months)
    posted = post(
        key=key, points=points, code=code, credit=root, house=House.ISSUED, ref=ref, rule_id=rule_id, at=moment, expires_at=until
    )
    if posted.is_new:
        _recover(root, key)
    return posted


def _recover(customer_id: int, key: str) -> None:
    """Pay what is owed, oldest first, out of what is there now."""
    for debt in Debt.objects.select_for_update().filter(customer_id=customer_id, owed__gt=0).order_by("id"):
        paid = post(
            key=f"recover:{debt.pk}:{key}"[:120], points=debt.owed, code=Code.RECOVER, debit=customer_id, house=House.ISSUED,
            ref=f"debt:{debt.pk}", up_to=True,
        )  # fmt: skip
        Debt.objects.filter(pk=debt.pk).update(owed=debt.owed - paid.points)
        if paid.points < debt.owed:
            return


@transaction.atomic
def take_back(customer_id: int, points: int, *, key: str, ref: str) -> int:
    """Take back points that a refunded order had earned: the order's own lot first. What was spent already is owed, and the
    next earnings pay it: an account is never below zero. Once per `key`; the points that moved now."""
    Account.objects.get_or_create(customer_id=customer_id)
    Account.objects.select_for_update(no_key=True).get(pk=customer_id)
    if Debt.objects.filter(key=key).exists():
        return 0
    posted = post(key=key, points=points, code=Code.REVERSE, debit=customer_id, house=House.ISSUED, ref=ref, up_to=True)
    if posted.transfer_id is not None and not posted.is_new:
        return 0
    if posted.points < points:
        short = points - posted.points
        Debt.objects.create(customer_id=customer_id, key=key, amount=short, owed=short, at=clock.now())
    return posted.points


def add_growth(customer_id: int, growth: int, *, key: str, code: Code, ref: str = "", at: dt.datetime | None = None) -> bool:
    """Add growth value (negative takes back), once per `key`; whether it was new."""
    if growth == 0:
        return False
    _entry, is_new = GrowthEntry.objects.get_or_create(
        key=key,
        defaults={"customer_id": customer_id, "amount": growth, "code": code, "ref": ref, "at": at or clock.now()},
    )
    return is_new
