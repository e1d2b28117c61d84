"""Many threads at once on real rows: ten coupons are ten, points are spent once."""

import functools
import threading
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection

from core.errors import Refused
from membership.choices import Code, House
from membership.models import Account, Coupon, CouponTemplate, Lot, MallItem, MallOrder, Transfer
from membership.services import ledger
from membership.services.coupons import issue_coupon
from membership.services.mall import exchange
from membership.services.offsets import Line, commit_offsets, hold_offsets, return_offsets
from membership.services.points import grant_points, take_back
from tests.factories import make_customer
from tests.membership import books

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(acts: list[Callable[[], object]]) -> list[str]:
    """Start all together; what each came to: "done", or a refusal's code."""
    barrier, found = threading.Barrier(len(acts)), ["" for _act in acts]

    def one(place: int) -> None:
        barrier.wait()
        try:
            acts[place]()
            found[place] = "done"
        except Refused as refused:
            found[place] = refused.code
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def ten_coupons() -> None:
    """40 people click twice each on 10 coupons."""
    template = CouponTemplate.objects.create(
        name="抢券", kind="fixed", amount=10, state="active", valid_days=9, stock=10, rule_text="全体"
    )
    people = [make_customer(f"客{number}").pk for number in range(40)]
    found: list[str] = []

    def clicks(person: int) -> None:
        for click in range(2):
            try:
                issue_coupon(person, template.pk, f"{person}:{click}")
                found.append("done")
            except Refused as refused:
                found.append(refused.code)

    at_once([functools.partial(clicks, person) for person in people])
    assert len(found) == 80
    assert found.count("done") == 10
    assert set(found) <= {"done", "coupon_stock", "coupon_per_person"}
    template.refresh_from_db()
    assert template.issued_count == 10
    owners = list(Coupon.objects.filter(template=template).values_list("customer_id", flat=True))
    assert len(owners) == len(set(owners)) == 10


def redeem_expire_and_refund() -> None:
    """Spend, expiry and the taking back of a refund at the same moment: the sums stay true, nothing is below zero."""
    customer = make_customer().pk
    grant_points(customer, 1_000, key=f"e{customer}", code=Code.EARN, ref=f"order:{customer}")
    past = Lot.objects.get(customer_id=customer).earned_at
    grant_points(customer, 500, key=f"old{customer}", expires_at=past)
    at_once(
        [
            lambda: ledger.post(key=f"s{customer}", points=800, code=Code.SPEND, debit=customer, house=House.REDEEMED),
            lambda: take_back(customer, 1_000, key=f"r{customer}", ref=f"order:{customer}"),
            lambda: ledger.expire_some(past.replace(year=past.year + 1)),
            lambda: ledger.post(key=f"s{customer}", points=800, code=Code.SPEND, debit=customer, house=House.REDEEMED),
        ]
    )
    assert books.wrong() == []
    assert Account.objects.get(pk=customer).balance >= 0
    assert Transfer.objects.filter(key=f"s{customer}").count() <= 1


def one_order_many_clicks() -> None:
    """The same checkout, commit and refund clicked by several threads."""
    customer = make_customer().pk
    grant_points(customer, 1_000, key=f"o{customer}")
    key, lines = f"order:{customer}", [Line(Decimal(20))]
    at_once([lambda: hold_offsets(customer, lines, [], 400, key=key) for _click in range(6)])
    at_once([lambda: commit_offsets(key) for _click in range(6)])
    at_once([lambda: return_offsets(key, Decimal(16)) for _click in range(6)])
    assert (Account.objects.get(pk=customer).balance, Account.objects.get(pk=customer).held) == (1_000, 0)
    assert Transfer.objects.filter(debit=customer).count() == 1
    assert books.wrong() == []


def last_item_of_the_mall() -> None:
    """Eight people want the last three."""
    item = MallItem.objects.create(name="帆布包", kind="goods", points=100, stock=3)
    people = [make_customer(f"客{number}").pk for number in range(8)]
    for person in people:
        grant_points(person, 150, key=f"m{person}")
    found = at_once([functools.partial(exchange, person, item.pk, key=f"x{person}") for person in people])
    assert (found.count("done"), found.count("mall_stock")) == (3, 5)
    assert MallOrder.objects.filter(item=item).count() == 3
    assert books.wrong() == []


RACES = [ten_coupons, redeem_expire_and_refund, one_order_many_clicks, last_item_of_the_mall]


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_once(race: Callable[[], None]) -> None:
    race()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_twenty_times(race: Callable[[], None]) -> None:
    for _time in range(20):
        race()
