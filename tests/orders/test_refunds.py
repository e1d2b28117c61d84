"""Refunds: never more than was paid, one per intent, settled by what the cashier says."""

import datetime as dt
import threading
from decimal import Decimal

import pytest
import time_machine
from django.db import close_old_connections, connection

from catalog.models import Departure, Product
from core import clock
from core.errors import BadInput, Refused
from core.models import Event, Job
from core.worker import run_pending
from customers.models import Customer
from orders.choices import OrderState, RefundState
from orders.models import Order, Refund
from orders.rules import refundable
from orders.services.payments import start_payment
from orders.services.placing import place_order
from orders.services.refunds import ask_about_refunds, decline_refund, execute_refund, request_refund
from staff.models import AuditEntry, User
from tests.orders.conftest import Cashier, make_departure

pytestmark = pytest.mark.django_db


def paid_order(customer: Customer, departure: Departure, cashier: Cashier) -> Order:
    """Two adults, ¥8,560, paid."""
    order = place_order(customer=customer, product=departure.product, departs_on=departure.departs_on, adults=2)
    start_payment(order=order, openid=cashier.new_payer())
    cashier.pays(f"{order.no}P1")
    assert cashier.notify() == [(204, "")]
    return Order.objects.get(pk=order.pk)


@pytest.fixture
def order(customer: Customer, departure: Departure, cashier: Cashier) -> Order:
    return paid_order(customer, departure, cashier)


def ask(order: Order, user: User, amount: str, key: str = "k1") -> Refund:
    return request_refund(order_id=order.pk, amount=Decimal(amount), reason="行程变更", key=key, user=user)


def settle(cashier: Cashier) -> None:
    """Send what is on its way, let the cashier work, take its notices."""
    run_pending("usual")
    cashier.do("clock/advance", hours=1)
    cashier.notify()


def test_a_part_is_refunded_and_the_seats_stay(order: Order, finance: User, cashier: Cashier) -> None:
    refund = ask(order, finance, "1000.00")
    assert refund.state == RefundState.REQUESTED
    settle(cashier)
    assert cashier.simulator.world.state.refunds == {}
    execute_refund(refund=refund, user=finance)
    settle(cashier)
    refund.refresh_from_db()
    order.refresh_from_db()
    assert (refund.state, refund.decided_by) == (RefundState.DONE, finance)
    assert (order.state, order.refunded_amount) == (OrderState.PAID, Decimal("1000.00"))
    assert Departure.objects.get().seats_taken == 2
    assert cashier.simulator.world.state.refunds[f"{order.no}Rk1"].amount == 100_000
    assert Event.objects.get(kind="order.refunded").props == {
        "customer_id": order.customer_id, "order_id": order.pk, "amount": "1000.00",
    }  # fmt: skip
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "order.refund_requested",
        "order.refund_executed",
    ]


def test_the_whole_is_refunded_in_two_parts_and_the_seats_are_free(order: Order, finance: User, cashier: Cashier) -> None:
    other = User.objects.create(username="finance2", role="finance", row_scope="all")
    for key, amount, decider in (("k1", "1000.00", finance), ("k2", "7560.00", other)):  # together over the limit
        execute_refund(refund=ask(order, finance, amount, key), user=decider)
        settle(cashier)
    order.refresh_from_db()
    assert (order.state, order.refunded_amount) == (OrderState.REFUNDED, Decimal("8560.00"))
    assert Departure.objects.get().seats_taken == 0
    assert Event.objects.filter(kind="order.refunded").count() == 2


@pytest.mark.parametrize("amount", ["0", "-1", "-0.01"])
def test_an_amount_that_is_none(order: Order, finance: User, amount: str) -> None:
    with pytest.raises(BadInput):
        ask(order, finance, amount)
    assert not Refund.objects.exists()


def test_never_more_than_was_paid(order: Order, finance: User) -> None:
    with pytest.raises(Refused) as caught:
        ask(order, finance, "8560.01")
    assert caught.value.code == "too_much"
    ask(order, finance, "8000.00")
    with pytest.raises(Refused) as caught:
        ask(order, finance, "561.00", "k2")
    assert caught.value.code == "too_much"
    assert Refund.objects.count() == 1


def test_one_intent_is_one_refund(order: Order, finance: User) -> None:
    assert ask(order, finance, "100").pk == ask(order, finance, "100").pk
    refund = Refund.objects.get()
    execute_refund(refund=refund, user=finance)
    with pytest.raises(Refused):
        execute_refund(refund=refund, user=finance)
    with pytest.raises(Refused):
        decline_refund(refund=refund, user=finance)
    assert Job.objects.filter(function__endswith="send_refund").count() == 1


def test_a_declined_refund_gives_its_amount_back_to_the_rest(order: Order, finance: User) -> None:
    decline_refund(refund=ask(order, finance, "8560.00"), user=finance)
    assert Refund.objects.get().state == RefundState.REJECTED
    assert ask(order, finance, "8560.00", "k2").state == RefundState.REQUESTED


def test_only_paid_orders(customer: Customer, departure: Departure, finance: User) -> None:
    order = place_order(customer=customer, product=departure.product, departs_on=departure.departs_on, adults=1)
    with pytest.raises(Refused) as caught:
        ask(order, finance, "1")
    assert caught.value.code == "not_paid"


def test_a_year_later_and_after_fifty(order: Order, finance: User) -> None:
    with time_machine.travel(clock.now() + dt.timedelta(days=366)), pytest.raises(Refused) as caught:
        ask(order, finance, "1")
    assert caught.value.code == "too_late"
    paid_at = clock.now()
    assert refundable(paid=Decimal(100), given=Decimal(50), count=50, paid_at=paid_at, at=paid_at).complaint == "too_many"
    assert refundable(paid=Decimal(100), given=Decimal(40), count=49, paid_at=paid_at, at=paid_at).amount == Decimal(60)


def test_a_lost_answer_is_sent_again_under_the_same_number(order: Order, finance: User, cashier: Cashier) -> None:
    execute_refund(refund=ask(order, finance, "1000.00"), user=finance)
    cashier.fault("lost_reply", "/refund/domestic/refunds", times=1)
    run_pending("usual")
    assert Refund.objects.get().state == RefundState.PROCESSING
    Job.objects.filter(function__endswith="send_refund").update(run_at=clock.now())
    settle(cashier)
    assert Refund.objects.get().state == RefundState.DONE
    assert len(cashier.simulator.world.state.refunds) == 1
    order.refresh_from_db()
    assert order.refunded_amount == Decimal("1000.00")


def test_a_lost_notice_is_made_good_by_asking(order: Order, finance: User, cashier: Cashier) -> None:
    execute_refund(refund=ask(order, finance, "1000.00"), user=finance)
    run_pending("usual")
    cashier.simulator.transport = lambda outgoing: (0, "nobody there")
    cashier.do("clock/advance", hours=1)
    assert cashier.notify() == []
    ask_about_refunds()
    run_pending("usual")
    assert Refund.objects.get().state == RefundState.DONE


def test_a_refund_the_cashier_never_saw_is_sent_by_the_sweep(order: Order, finance: User, cashier: Cashier) -> None:
    execute_refund(refund=ask(order, finance, "1000.00"), user=finance)
    Job.objects.all().delete()
    ask_about_refunds()
    settle(cashier)
    assert Refund.objects.get().state == RefundState.DONE


def test_what_the_cashier_cannot_pay_out_fails_and_may_be_asked_again(order: Order, finance: User, cashier: Cashier) -> None:
    cashier.do("config/set", changes={"refund_outcome": "ABNORMAL"})
    execute_refund(refund=ask(order, finance, "1000.00"), user=finance)
    settle(cashier)
    refund = Refund.objects.get()
    assert (refund.state, refund.error) == (RefundState.FAILED, "ABNORMAL")
    order.refresh_from_db()
    assert order.refunded_amount == Decimal("0.00")
    assert ask(order, finance, "8560.00", "k2").state == RefundState.REQUESTED


def test_a_permanent_refusal_fails_with_its_code(order: Order, finance: User, cashier: Cashier) -> None:
    cashier.fault("errcode", "/refund/domestic/refunds", value="USER_ACCOUNT_ABNORMAL", times=1)
    execute_refund(refund=ask(order, finance, "1000.00"), user=finance)
    run_pending("usual")
    assert Refund.objects.get().error == "USER_ACCOUNT_ABNORMAL"


@pytest.mark.django_db(transaction=True)
def test_forty_requests_at_once_never_exceed_what_was_paid(
    customer: Customer, product: Product, finance: User, cashier: Cashier
) -> None:
    order = paid_order(customer, make_departure(product), cashier)
    barrier, outcomes = threading.Barrier(40), []

    def press(number: int) -> None:
        barrier.wait()
        try:
            outcomes.append(ask(order, finance, "1000.00", f"k{number}").state)
        except Refused as error:
            outcomes.append(error.code)
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=press, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["requested"] * 8 + ["too_much"] * 32
