"""Orders of trips and services together: pieces taken, given up, changed, redeemed, to the fen."""

import datetime as dt
import threading
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, close_old_connections, connection, transaction

from catalog.choices import SaleState
from catalog.models import Departure, Destination, Product
from core import clock
from core.errors import BadInput, Refused
from core.worker import run_pending
from customers.models import Customer, Traveller
from orders.choices import InvoiceState, OfferKind, OrderState, PaymentState, RefundState
from orders.models import CommercePolicy, Offer, Order, OrderLine, Payment, Refund
from orders.services.changing import Wanted, change_order, preview_change
from orders.services.invoices import decide_invoice, request_invoice
from orders.services.lines import Service, Trip, redeem_pieces
from orders.services.payments import start_payment
from orders.services.people import name_travellers, set_contact
from orders.services.placing import cancel_order, place_basket
from orders.services.refunds import decline_refund, execute_refund, give_up, propose_refund
from staff.models import User
from tests.orders.conftest import Cashier, make_departure

pytestmark = pytest.mark.django_db
TERMS = [{"days_before": 15, "fee_percent": 0}, {"days_before": 7, "fee_percent": 30}, {"days_before": 0, "fee_percent": 100}]


def make_offer(kind: str = OfferKind.ACTIVITY, *, price: str = "88.50", pieces: int = 5, in_days: int = 21) -> Offer:
    """Something a merchant does on a day."""
    place, _new = Destination.objects.get_or_create(code="services", defaults={"name": "服务", "cities": []})
    number = Offer.objects.count() + 1
    product = Product.objects.create(
        code=f"S{number}", name=f"洱海骑行{number}", destination=place, days=1, price_from_amount=Decimal(price),
        state=SaleState.CUSTOM, cancellation=[{"days_before": 1, "fee_percent": 0}, {"days_before": 0, "fee_percent": 50}],
    )  # fmt: skip
    make_departure(product, in_days=in_days, seats=pieces, adult=price, child="0")
    return Offer.objects.create(product=product, kind=kind)


def on(offer: Offer, quantity: int = 2) -> Service:
    """A wish for its first day."""
    return Service(offer, Departure.objects.get(product=offer.product_id).departs_on, quantity)


def paid(order: Order, cashier: Cashier) -> Order:
    """The customer pays what is due."""
    start_payment(order=order, openid=cashier.new_payer())
    payment = order.payments.order_by("-pk")[0]
    cashier.pays(payment.out_trade_no)
    cashier.notify()
    return Order.objects.get(pk=order.pk)


def settle(cashier: Cashier) -> None:
    run_pending("usual")
    cashier.do("clock/advance", hours=1)
    cashier.notify()


def taken() -> dict[str, int]:
    return dict(Departure.objects.filter(seats_taken__gt=0).values_list("product__code", "seats_taken"))


@pytest.fixture
def boss(db: None) -> User:
    """周敏, who decides on refunds somebody else asked for."""
    return User.objects.create(username="boss", role="finance", row_scope="all")


@pytest.fixture
def basket(customer: Customer, departure: Departure) -> Order:
    """Two adults and a child to Dali, two bicycles with it."""
    departure.product.cancellation = TERMS
    departure.product.save()
    trip = Trip(departure.product, departure.departs_on, 2, 1)
    return place_basket(customer=customer, wishes=[trip, on(make_offer())])


def test_one_order_of_a_trip_and_services(basket: Order) -> None:
    assert basket.total_amount == Decimal("11740.50") + Decimal("177.00")
    assert (basket.adults, basket.children, basket.extra_amount) == (2, 1, Decimal("177.00"))
    assert [(line.kind, line.quantity, line.total_amount) for line in basket.lines.all()] == [
        ("adult", 2, Decimal("8560.00")), ("child", 1, Decimal("3180.50")), ("service", 2, Decimal("177.00")),
    ]  # fmt: skip
    assert taken() == {"P01": 3, "S1": 2}
    cancel_order(order=basket)
    assert taken() == {}


def test_what_cannot_be_had_takes_nothing(customer: Customer, departure: Departure) -> None:
    trip, offer = Trip(departure.product, departure.departs_on, 2), make_offer(pieces=1)
    for wishes, code in (
        ([trip, on(offer, 2)], "sold_out"),
        ([trip, Service(offer, clock.today() + dt.timedelta(days=1), 1)], "no_departure"),
        ([trip, on(offer, 11)], "too_many"),
    ):
        with pytest.raises(Refused) as caught, transaction.atomic():
            place_basket(customer=customer, wishes=wishes)
        assert caught.value.code == code
    for none in ([], [trip, trip], [on(offer, 0)], [on(offer, -1)], [Trip(departure.product, departure.departs_on, 2, -1)]):
        with pytest.raises(BadInput):
            place_basket(customer=customer, wishes=none)
    assert (taken(), Order.objects.count()) == ({}, 0)


def test_the_database_knows_the_moves_of_a_state(basket: Order) -> None:
    for state in ("completed", "refunded"):
        with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
            Order.objects.filter(pk=basket.pk).update(state=state, paid_at=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderLine.objects.filter(order=basket).update(redeemed_quantity=2, returned_quantity=1)


def test_pieces_come_back_by_the_terms_of_the_order(basket: Order, cashier: Cashier, finance: User, boss: User) -> None:
    order = paid(basket, cashier)
    Product.objects.update(cancellation=[])  # later terms are not this order's
    bikes = order.lines.get(kind="service")
    with time_machine.travel(clock.day_bounds(order.departure.departs_on - dt.timedelta(days=10))[0]):
        assert propose_refund(order, {bikes.pk: 1}).back.money == Decimal("88.50")
        whole = propose_refund(order)
        assert (whole.back.money, whole.back.fee, whole.closes) == (Decimal("8395.35"), Decimal("3522.15"), True)
        asked = give_up(order_id=order.pk, key="k1", reason="改期", pieces={bikes.pk: 1}, user=finance, expected=Decimal("88.50"))
        assert asked == give_up(order_id=order.pk, key="k1", reason="改期", pieces={bikes.pk: 1}, user=finance)
        execute_refund(refund=asked, user=finance)
        settle(cashier)
        assert (taken()["S1"], Order.objects.get().refunded_amount) == (1, Decimal("88.50"))
        rest = give_up(order_id=order.pk, key="k2", reason="生病", user=finance)
        with pytest.raises(Refused) as caught:
            execute_refund(refund=rest, user=finance)
        assert caught.value.code == "own_request"
        execute_refund(refund=rest, user=boss)
        settle(cashier)
    order.refresh_from_db()
    assert (order.state, order.refunded_amount) == (OrderState.REFUNDED, Decimal("8395.35"))
    assert taken() == {}
    assert sum(Refund.objects.values_list("fee_amount", flat=True)) == Decimal("3522.15")


def test_what_must_not_be_given_up(basket: Order, cashier: Cashier, finance: User) -> None:
    with pytest.raises(Refused) as caught:
        propose_refund(basket)
    assert caught.value.code == "not_paid"
    order = paid(basket, cashier)
    adults = order.lines.get(kind="adult")
    for pieces, code in (({adults.pk: 2}, "children_alone"), ({adults.pk: 3}, "redeemed")):
        with pytest.raises(Refused) as caught:
            propose_refund(order, pieces)
        assert caught.value.code == code
    for pieces in ({adults.pk: -1}, {adults.pk: 0}, {999_999: 1}):
        with pytest.raises(BadInput):
            propose_refund(order, pieces)
    with pytest.raises(Refused) as caught:
        give_up(order_id=order.pk, key="k", reason="x", user=finance, expected=Decimal("1.00"))
    assert caught.value.code == "changed"
    assert not Refund.objects.exists()
    asked = give_up(order_id=order.pk, key="k", reason="x", user=finance)
    with pytest.raises(Refused):
        give_up(order_id=order.pk, key="k2", reason="x", user=finance)
    decline_refund(refund=asked, user=finance)
    assert set(order.lines.values_list("returned_quantity", flat=True)) == {0}


@pytest.mark.parametrize(
    ("last", "at", "code"),
    [(True, "23:59:59.999", ""), (True, "24:00:00", "expired"), (False, "12:00:00", "not_today")],
)
def test_a_code_ends_with_its_day_in_shanghai(basket: Order, cashier: Cashier, last: bool, at: str, code: str) -> None:
    order = paid(basket, cashier)
    line = order.lines.get(kind="service")
    assert line.code is not None
    assert line.starts_on is not None
    assert len(line.code) == 12
    start = clock.day_bounds(line.starts_on if last else line.starts_on - dt.timedelta(days=1))[0]
    hours, minutes, seconds = at.split(":")
    moment = start + dt.timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))
    if not code:
        redeem_pieces(line, 1, moment)
    else:
        with pytest.raises(Refused) as caught:
            redeem_pieces(line, 1, moment)
        assert caught.value.code == code
    line.refresh_from_db()
    assert line.redeemed_quantity == (0 if code else 1)


def test_a_cheaper_and_a_dearer_change(basket: Order, cashier: Cashier, finance: User, boss: User) -> None:
    order = paid(basket, cashier)
    day = order.departure.departs_on
    with pytest.raises(Refused) as caught:
        change_order(order_id=order.pk, wanted=Wanted(day, 2, 1), key="same")
    assert caught.value.code == "no_change"
    cost = preview_change(order, Wanted(day, 3, 1))
    assert cost.to_pay == Decimal("4280.00")
    change = change_order(order_id=order.pk, wanted=Wanted(day, 3, 1), key="up", expected=cost.to_pay)
    assert change == change_order(order_id=order.pk, wanted=Wanted(day, 3, 1), key="up")
    assert (change.state, taken()["P01"]) == ("unpaid", 4)
    order = paid(Order.objects.get(), cashier)
    change.refresh_from_db()
    assert (change.state, order.paid_amount, order.payable_amount) == ("done", Decimal("16197.50"), Decimal("16197.50"))
    other = make_departure(order.product, in_days=30, adult="4000.00", child="3000.00")
    CommercePolicy.objects.create(change_fee_amount=Decimal("100.00"))
    down = change_order(order_id=order.pk, wanted=Wanted(other.departs_on, 2, 1), key="down", by=finance)
    assert (down.difference_amount, down.fee_amount) == (Decimal("-5020.50"), Decimal("100.00"))
    assert dict(Departure.objects.filter(product=order.product).values_list("departs_on", "seats_taken")) == {
        day: 0, other.departs_on: 3,
    }  # fmt: skip
    asked = Refund.objects.get(state=RefundState.REQUESTED)
    execute_refund(refund=asked, user=boss)
    settle(cashier)
    order.refresh_from_db()
    assert (order.total_amount, order.kept_amount, order.state) == (Decimal("11277.00"), Decimal("11277.00"), "paid")


def test_an_unpaid_order_changes_and_the_old_payment_is_closed(basket: Order, cashier: Cashier) -> None:
    start_payment(order=basket, openid=cashier.new_payer())
    change_order(order_id=basket.pk, wanted=Wanted(basket.departure.departs_on, 1, 0), key="k")
    assert Payment.objects.get().state == PaymentState.CLOSED
    order = paid(Order.objects.get(), cashier)
    assert (order.state, order.paid_amount, taken()["P01"]) == ("paid", Decimal("4457.00"), 1)


def test_who_travels_and_whom_to_call(basket: Order, customer: Customer) -> None:
    mine = [Traveller.objects.create(customer=customer, name=f"陈{n}", birthday=dt.date(2020 - 10 * n, 1, 1)) for n in range(4)]
    named = name_travellers(order=basket, traveller_ids=[one.pk for one in mine[:3]])
    assert [(one.name, one.is_child) for one in named] == [("陈0", True), ("陈1", False), ("陈2", False)]
    with pytest.raises(Refused) as caught:
        name_travellers(order=basket, traveller_ids=[one.pk for one in mine])
    assert caught.value.code == "too_many"
    stranger = Traveller.objects.create(customer=Customer.objects.create(name="别人"), name="别人")
    with pytest.raises(BadInput):
        name_travellers(order=basket, traveller_ids=[stranger.pk])
    assert basket.travellers.count() == 3
    contact = set_contact(order=basket, name="陈雨", phone="+8613800000000")
    assert contact.phone_masked == "138****0000"
    assert b"13800000000" not in bytes(contact.phone_sealed)


def test_an_invoice_is_over_what_is_kept(basket: Order, cashier: Cashier, finance: User) -> None:
    wish: dict[str, Any] = {"kind": "company", "title": "苍洱科技", "email": "a@example.com", "tax_no": "91330100MA2ABCDE1X"}
    with pytest.raises(Refused) as caught:
        request_invoice(order=basket, **wish)
    assert caught.value.code == "not_paid"
    order = paid(basket, cashier)
    with pytest.raises(BadInput) as bad:
        request_invoice(order=order, kind="company", title=" ", email="nobody", tax_no="1")
    assert sorted(bad.value.fields) == ["email", "tax_no", "title"]
    made = request_invoice(order=order, **wish)
    assert made == request_invoice(order=order, **wish)
    assert (made.amount, made.email_masked) == (order.total_amount, "a***@example.com")
    decide_invoice(invoice=made, user=finance, number="12345678")
    made.refresh_from_db()
    assert (made.state, made.number) == (InvoiceState.ISSUED, "12345678")
    with pytest.raises(Refused):
        decide_invoice(invoice=made, user=finance, number="12345678")


def test_the_platform_is_told_what_was_delivered(basket: Order, cashier: Cashier) -> None:
    paid(basket, cashier)
    run_pending("usual")
    assert Payment.objects.get().shipping == "done"
    assert [order.shipped for order in cashier.simulator.world.state.orders.values()] == ["苍洱时光·大理丽江6日"]


@pytest.mark.django_db(transaction=True)
def test_redeem_refund_and_expiry_at_once_twenty_times() -> None:
    """Three pieces, nine who want them in three ways: every piece goes one way only."""
    customer = Customer.objects.create(name="陈雨")
    offer = make_offer(OfferKind.GOODS, pieces=60, in_days=1)
    for number in range(20):
        race(place_basket(customer=customer, wishes=[on(offer, 3)]), str(number))


def race(order: Order, name: str) -> None:
    now = clock.now()
    Order.objects.filter(pk=order.pk).update(state="paid", paid_at=now, paid_amount=order.total_amount)
    Payment.objects.create(
        order=order, out_trade_no=name, transaction_id=name, amount=order.total_amount, state="paid", paid_at=now
    )
    OrderLine.objects.filter(order=order).update(code=name, valid_until=now + dt.timedelta(days=1))
    line = order.lines.get()
    barrier = threading.Barrier(9)
    outcomes: list[str] = []

    def act(number: int) -> None:
        barrier.wait()
        try:
            if number % 3 == 0:
                redeem_pieces(line, 1, now)
            elif number % 3 == 1:
                give_up(order_id=order.pk, key=f"k{number}", reason="x", pieces={line.pk: 1})
            else:
                redeem_pieces(line, 1, now + dt.timedelta(days=1))
            outcomes.append("done")
        except Refused as no:
            outcomes.append(no.code)
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=act, args=(number,)) for number in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    line = order.lines.get()
    assert len(outcomes) == 9
    assert outcomes.count("done") == line.redeemed_quantity + line.returned_quantity == 3
    assert Refund.objects.filter(payment__order=order).count() == line.returned_quantity
