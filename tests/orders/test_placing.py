"""Placing, cancelling and expiring orders; seats under pressure."""

import datetime as dt
import threading
from decimal import Decimal

import pytest
import time_machine
from django.db import close_old_connections, connection

from catalog.models import Departure, Product
from core import clock
from core.errors import BadInput, Refused
from core.models import Event
from core.worker import run_pending
from customers.models import Customer
from messaging.models import Content, MassTask, Message
from orders.choices import CloseReason, OrderState, PaymentState
from orders.models import Order
from orders.services.payments import start_payment
from orders.services.placing import cancel_order, close_expired_orders, complete_past_orders, place_order
from staff.models import User
from tests.orders.conftest import Cashier, make_departure

pytestmark = pytest.mark.django_db


def place(customer: Customer, departure: Departure, adults: int = 2, children: int = 1, touch: str = "") -> Order:
    return place_order(
        customer=customer,
        product=departure.product,
        departs_on=departure.departs_on,
        adults=adults,
        children=children,
        touch=touch,
    )


def taken(departure: Departure) -> int:
    return Departure.objects.get(pk=departure.pk).seats_taken


def facts() -> list[tuple[str, dict[str, object]]]:
    return list(Event.objects.order_by("recorded_at").values_list("kind", "props"))


def test_an_order_holds_seats_at_the_price_of_the_calendar(customer: Customer, departure: Departure) -> None:
    order = place(customer, departure)
    assert order.state == OrderState.PLACED
    assert order.total_amount == Decimal("11740.50")
    assert order.hold_until - order.placed_at == dt.timedelta(minutes=30)
    assert len(order.no) == 16
    assert order.no.isdigit()
    assert taken(departure) == 3
    assert facts() == [("order.placed", {"customer_id": customer.pk, "order_id": order.pk, "amount": "11740.50"})]


def test_a_later_price_does_not_change_an_order(customer: Customer, departure: Departure) -> None:
    order = place(customer, departure)
    Departure.objects.update(adult_amount=9999)
    order.refresh_from_db()
    assert order.total_amount == Decimal("11740.50")


@pytest.mark.parametrize(
    ("change", "people", "code"),
    [
        ({"seats": 2}, (2, 1), "sold_out"),
        ({"seats": 0}, (1, 0), "sold_out"),
        ({"is_closed": True}, (1, 0), "not_on_sale"),
        ({}, (13, 0), "group_size"),
        ({"adult_amount": 0, "child_amount": 0}, (1, 0), "no_price"),
    ],
)
def test_refusals_change_nothing(
    customer: Customer, departure: Departure, change: dict[str, object], people: tuple[int, int], code: str
) -> None:
    if change:
        Departure.objects.update(**change)
    with pytest.raises(Refused) as caught:
        place(customer, departure, *people)
    assert caught.value.code == code
    assert taken(departure) == 0
    assert not Order.objects.exists()
    assert facts() == []


def test_a_paused_product_a_missing_date_and_a_past_one(customer: Customer, departure: Departure, product: Product) -> None:
    with pytest.raises(Refused) as caught:
        place_order(customer=customer, product=product, departs_on=departure.departs_on + dt.timedelta(days=1), adults=1)
    assert caught.value.code == "no_departure"
    for day in (clock.today(), clock.today() - dt.timedelta(days=1)):
        with pytest.raises(BadInput):
            place_order(customer=customer, product=product, departs_on=day, adults=1)
    with pytest.raises(BadInput):
        place_order(customer=customer, product=product, departs_on=departure.departs_on, adults=0, children=2)
    product.state = "paused"
    with pytest.raises(Refused) as caught:
        place(customer, departure)
    assert caught.value.code == "not_on_sale"
    assert taken(departure) == 0


def test_a_touch_credits_the_customers_own_message_only(customer: Customer, departure: Departure) -> None:
    sender = User.objects.create(username="sales1")
    content = Content.objects.create(name="国庆", text="来")
    task = MassTask.objects.create(key="k", token="tok-123", sender=sender, content=content)
    stranger = Customer.objects.create(name="别人")
    for number, whose in enumerate((stranger, customer)):
        Message.objects.create(key=f"m{number}", customer=whose, channel="wecom", purpose="marketing", task=task, state="sent")
    assert place(customer, departure, 1, 0, "tok-123").message == Message.objects.get(customer=customer)
    assert place(customer, departure, 1, 0, "unknown").message is None
    assert place(Customer.objects.create(name="路人"), departure, 1, 0, "tok-123").message is None


@pytest.mark.django_db(transaction=True)
def test_forty_buyers_for_ten_seats(product: Product) -> None:
    departure = make_departure(product, seats=10)
    customers = [Customer.objects.create(name=f"客{number}") for number in range(40)]
    barrier, outcomes = threading.Barrier(40), []

    def buy(customer: Customer) -> None:
        barrier.wait()
        try:
            outcomes.append(place(customer, departure, 1, 0).state)
        except Refused as error:
            outcomes.append(error.code)
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=buy, args=(customer,)) for customer in customers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["placed"] * 10 + ["sold_out"] * 30
    assert taken(departure) == 10
    assert Order.objects.count() == 10


def test_an_unpaid_order_is_closed_after_half_an_hour(customer: Customer, departure: Departure) -> None:
    order = place(customer, departure)
    close_expired_orders()
    run_pending("usual")
    assert taken(departure) == 3
    with time_machine.travel(order.hold_until + dt.timedelta(seconds=1), tick=False):
        close_expired_orders()
        run_pending("usual")
        close_expired_orders()
        run_pending("usual")
    order.refresh_from_db()
    assert (order.state, order.close_reason) == (OrderState.CLOSED, CloseReason.EXPIRED)
    assert taken(departure) == 0
    assert [kind for kind, _props in facts()] == ["order.placed", "order.closed"]


def test_cancelling_frees_the_seats_once(customer: Customer, departure: Departure) -> None:
    order = place(customer, departure)
    assert cancel_order(order=order).close_reason == CloseReason.CUSTOMER
    assert cancel_order(order=Order.objects.get()).state == OrderState.CLOSED
    assert taken(departure) == 0
    assert [kind for kind, _props in facts()] == ["order.placed", "order.closed"]


def test_cancelling_closes_the_payment_at_the_cashier(customer: Customer, departure: Departure, cashier: Cashier) -> None:
    order = place(customer, departure)
    start_payment(order=order, openid=cashier.new_payer())
    cancel_order(order=order)
    payment = order.payments.get()
    assert payment.state == PaymentState.CLOSED
    assert cashier.simulator.world.state.orders[payment.out_trade_no].trade_state == "CLOSED"


def test_cancelling_what_was_paid_a_moment_ago_pays_it_instead(
    customer: Customer, departure: Departure, cashier: Cashier
) -> None:
    order = place(customer, departure)
    start_payment(order=order, openid=cashier.new_payer())
    cashier.pays(order.payments.get().out_trade_no)
    with pytest.raises(Refused) as caught:
        cancel_order(order=order)
    assert caught.value.code == "already_paid"
    order.refresh_from_db()
    assert order.state == OrderState.PAID
    assert taken(departure) == 3


def test_cancelling_while_the_cashier_is_down_closes_the_order_and_the_payment_later(
    customer: Customer, departure: Departure, cashier: Cashier
) -> None:
    order = place(customer, departure)
    start_payment(order=order, openid=cashier.new_payer())
    cashier.fault("http", "/close", value=502, times=1)
    assert cancel_order(order=order).state == OrderState.CLOSED
    assert taken(departure) == 0
    assert order.payments.get().state == PaymentState.PREPAID
    run_pending("usual")
    assert order.payments.get().state == PaymentState.CLOSED


def test_trips_that_are_over_are_completed(customer: Customer, product: Product) -> None:
    old, new = make_departure(product, in_days=1), make_departure(product, in_days=2)
    orders = [place(customer, departure, 1, 0) for departure in (old, new)]
    Order.objects.update(state=OrderState.PAID, paid_at=clock.now())
    with time_machine.travel(dt.datetime.combine(old.departs_on, dt.time(12), dt.UTC) + dt.timedelta(days=6)):
        complete_past_orders()
    assert [Order.objects.get(pk=order.pk).state for order in orders] == [OrderState.COMPLETED, OrderState.PAID]
