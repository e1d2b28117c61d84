"""Points move once, never below zero, oldest first; what is reserved comes back to the lot it came from."""

import datetime as dt

import pytest
import time_machine
from django.db import ProgrammingError, connection, transaction

from core import clock
from core.errors import BadInput, Refused
from customers.models import Customer
from customers.services.merging import merge_customers, undo_merge
from membership.choices import Code, House
from membership.models import Account, Debt, Lot, Transfer
from membership.services import ledger
from membership.services.erasing import delete_membership, give_up
from membership.services.points import grant_points, take_back
from tests.factories import make_customer
from tests.membership import books

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 3, 1, 4, 0, tzinfo=dt.UTC)


def spend(customer: Customer, points: int, key: str = "spend", **more: object) -> ledger.Posted:
    return ledger.post(key=key, points=points, code=Code.SPEND, debit=customer.pk, house=House.REDEEMED, **more)  # type: ignore[arg-type]


def balance(customer: Customer) -> tuple[int, int]:
    account = Account.objects.get(pk=customer.pk)
    return account.balance, account.held


def test_a_key_moves_points_once(su: Customer) -> None:
    assert spend(su, 1000).is_new is True
    again = spend(su, 1000)
    assert (again.is_new, again.points) == (False, 1000)
    assert balance(su) == (2000, 0)
    with pytest.raises(Refused) as other:
        spend(su, 999)
    assert other.value.code == "key_reused"
    assert balance(su) == (2000, 0)
    assert books.wrong() == []


def test_never_below_zero(su: Customer) -> None:
    with pytest.raises(Refused) as refused:
        spend(su, 3001)
    assert refused.value.code == "points_short"
    for points in (0, -5, 2**63):
        with pytest.raises(BadInput):
            spend(su, points, key=f"odd{points}")
    assert balance(su) == (3000, 0)
    assert Transfer.objects.count() == 1


def test_a_repeat_of_a_key_that_emptied_the_account_is_known(su: Customer) -> None:
    spend(su, 3000)
    assert spend(su, 3000).is_new is False


def test_what_expires_first_goes_first(su: Customer) -> None:
    grant_points(su.pk, 500, key="soon", expires_at=clock.now() + dt.timedelta(days=3))
    spend(su, 600)
    assert list(Lot.objects.order_by("id").values_list("amount", "remaining")) == [(3000, 2900), (500, 0)]


def test_reserved_points_come_back_to_their_lot_or_are_gone(su: Customer) -> None:
    spend(su, 1000, pending=True)
    spend(su, 500, key="other", pending=True)
    assert balance(su) == (1500, 1500)
    assert books.wrong() == []
    ledger.settle("spend", is_posted=False)
    ledger.settle("other", is_posted=True)
    assert ledger.settle("other", is_posted=True).is_new is False
    assert balance(su) == (2500, 0)
    assert Lot.objects.get().remaining == 2500
    with pytest.raises(Refused) as refused:
        ledger.settle("other", is_posted=False)
    assert refused.value.code == "transfer_settled"
    assert books.wrong() == []


def test_points_expire_with_the_last_millisecond_of_their_day_in_shanghai(db: None) -> None:
    with time_machine.travel(NOON, tick=False) as moved:
        someone = make_customer()
        grant_points(someone.pk, 100, key="march")
        last = Lot.objects.get().expires_at
        assert last == dt.datetime(2028, 3, 1, 15, 59, 59, 999000, tzinfo=dt.UTC)
        moved.move_to(last)
        assert spend(someone, 40, pending=True).is_new
        moved.move_to(last + dt.timedelta(milliseconds=1))
        with pytest.raises(Refused):
            spend(someone, 1, key="late")
        assert ledger.expire_some(clock.now()) == 1
        assert balance(someone) == (0, 40)
        ledger.settle("spend", is_posted=False)
        assert balance(someone) == (40, 0)
        ledger.expire_some(clock.now())
        assert balance(someone) == (0, 0)
    assert books.wrong() == []
    assert list(Transfer.objects.filter(code="expire").values_list("amount", flat=True)) == [60, 40]


def test_a_refund_takes_its_own_lot_first_and_the_rest_is_owed(su: Customer) -> None:
    grant_points(su.pk, 800, key="earn", ref="order:7", code=Code.EARN)
    assert take_back(su.pk, 300, key="refund1", ref="order:7") == 300
    assert take_back(su.pk, 300, key="refund1", ref="order:7") == 0
    assert Lot.objects.get(ref="order:7").remaining == 500
    spend(su, 3400)
    assert take_back(su.pk, 500, key="refund2", ref="order:7") == 100
    assert Debt.objects.get().owed == 400
    assert take_back(su.pk, 500, key="refund2", ref="order:7") == 0
    grant_points(su.pk, 150, key="later")
    assert balance(su) == (0, 0)
    grant_points(su.pk, 300, key="later still")
    assert balance(su) == (50, 0)
    assert Debt.objects.get().owed == 0
    assert books.wrong() == []


def test_a_transfer_never_changes(su: Customer) -> None:
    with pytest.raises(ProgrammingError), transaction.atomic():
        Transfer.objects.update(amount=9)
    with pytest.raises(ProgrammingError), transaction.atomic():
        connection.cursor().execute("DELETE FROM membership_transfer")
    assert Transfer.objects.get().amount == 3000


def _position() -> list[tuple[object, ...]]:
    accounts = list(Account.objects.order_by("pk").values_list("pk", "balance", "held"))
    return accounts + list(Lot.objects.order_by("pk").values_list("pk", "customer_id", "remaining", "expires_at"))


def test_parting_joined_records_restores_points_exactly(su: Customer) -> None:
    other = make_customer("苏晴晴")
    grant_points(other.pk, 700, key="other", expires_at=clock.now() + dt.timedelta(days=9))
    spend(other, 200, key="open", pending=True)
    before = _position()
    merge = merge_customers(su.pk, other.pk, evidence=[], source="review")
    assert balance(su) == (3500, 0)
    assert balance(other) == (0, 200)
    assert books.wrong() == []
    undo_merge(merge, actor=None)
    assert _position() == before
    assert books.wrong() == []


def test_what_was_spent_and_released_in_between_stays_true(su: Customer) -> None:
    other = make_customer("苏晴晴")
    grant_points(other.pk, 700, key="other", expires_at=clock.now() + dt.timedelta(days=9))
    merge = merge_customers(su.pk, other.pk, evidence=[], source="review")
    spend(su, 300, key="spent")
    spend(su, 250, key="reserved", pending=True)
    undo_merge(merge, actor=None)
    assert balance(su) == (3000, 250)
    assert balance(other) == (150, 0)
    ledger.settle("reserved", is_posted=False)
    assert balance(su) == (3000, 0)
    assert balance(other) == (400, 0)
    assert books.wrong() == []


def test_who_is_forgotten_leaves_sums_that_are_true(su: Customer) -> None:
    assert give_up([su.pk]) == 3000
    assert balance(su) == (0, 0)
    assert books.wrong() == []
    assert delete_membership([su.pk]) == 2
    assert Account.objects.count() == Transfer.objects.count() == Lot.objects.count() == 0
