"""Money arrives: once, whatever way it is told, and goes back where it cannot be taken."""

import datetime as dt
import threading
from decimal import Decimal

import pytest
import time_machine
from django.db import close_old_connections, connection

from catalog.models import Departure, Product
from core import clock
from core.errors import Refused
from core.models import Event
from core.worker import run_pending
from customers.models import Customer
from gateways.errors import GatewayError
from gateways.pay import PaymentNotice
from orders.choices import OrderState, PaymentState, RefundState
from orders.models import Order, Payment, Refund
from orders.rules import Money, ask_times, can_pay, money_for
from orders.services.cashier import WrongPayment
from orders.services.payments import ask_about_payment, settle_payment, start_payment
from orders.services.placing import cancel_order, close_expired_orders, place_order
from tests.orders.conftest import Cashier, make_departure

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(customer: Customer, departure: Departure) -> Order:
    """Two adults and a child, ¥11,740.50."""
    return place_order(customer=customer, product=departure.product, departs_on=departure.departs_on, adults=2, children=1)


def paid_facts() -> int:
    return Event.objects.filter(kind="order.paid").count()


def seats(order: Order) -> int:
    return Departure.objects.get(pk=order.departure_id).seats_taken


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def test_paying_from_the_button_to_the_notice(order: Order, cashier: Cashier) -> None:
    params = start_payment(order=order, openid=cashier.new_payer())
    assert set(params) == {"timeStamp", "nonceStr", "package", "signType", "paySign"}
    payment = order.payments.get()
    assert (payment.state, payment.amount, payment.out_trade_no) == (PaymentState.PREPAID, Decimal("11740.50"), f"{order.no}P1")
    assert cashier.simulator.world.state.orders[payment.out_trade_no].total == 1174050
    cashier.pays(payment.out_trade_no)
    assert fresh(order).state == OrderState.PLACED  # never by what the client says
    assert cashier.notify() == [(204, "")]
    paid = fresh(order)
    assert (paid.state, paid.paid_amount) == (OrderState.PAID, Decimal("11740.50"))
    payment.refresh_from_db()
    assert payment.state == PaymentState.PAID
    assert payment.transaction_id
    assert Event.objects.get(kind="order.paid").props == {
        "customer_id": order.customer_id,
        "order_id": order.pk,
        "amount": "11740.50",
    }
    assert seats(order) == 3


def test_pressing_pay_again_goes_on_with_the_same_payment(order: Order, cashier: Cashier) -> None:
    openid = cashier.new_payer()
    first, second = (start_payment(order=order, openid=openid) for _ in range(2))
    assert first["package"] != second["package"]
    assert Payment.objects.count() == 1
    assert len(cashier.simulator.world.state.orders) == 1


def test_another_payer_closes_the_first_payment(order: Order, cashier: Cashier) -> None:
    start_payment(order=order, openid=cashier.new_payer())
    start_payment(order=order, openid=cashier.new_payer())
    assert sorted(Payment.objects.values_list("out_trade_no", "state")) == [
        (f"{order.no}P1", "closed"),
        (f"{order.no}P2", "prepaid"),
    ]
    cashier.pays(f"{order.no}P2")
    cashier.notify()
    assert fresh(order).state == OrderState.PAID


def test_what_cannot_be_paid(order: Order, cashier: Cashier) -> None:
    openid = cashier.new_payer()
    with time_machine.travel(order.hold_until - dt.timedelta(seconds=30)), pytest.raises(Refused) as caught:
        start_payment(order=order, openid=openid)
    assert caught.value.code == "hold_expired"
    cancel_order(order=order)
    with pytest.raises(Refused) as caught:
        start_payment(order=order, openid=openid)
    assert caught.value.code == "order_closed"
    Order.objects.update(state=OrderState.PAID, paid_at=clock.now())
    with pytest.raises(Refused) as caught:
        start_payment(order=order, openid=openid)
    assert caught.value.code == "already_paid"
    assert not Payment.objects.exists()


def test_the_row_exists_before_the_cashier_is_called(order: Order, cashier: Cashier) -> None:
    cashier.fault("lost_reply", "/transactions/jsapi", times=1)
    openid = cashier.new_payer()
    with pytest.raises(GatewayError):
        start_payment(order=order, openid=openid)
    assert Payment.objects.get().state == PaymentState.UNKNOWN
    start_payment(order=order, openid=openid)
    assert Payment.objects.get().state == PaymentState.PREPAID
    assert len(cashier.simulator.world.state.orders) == 1


def test_a_wrong_payer_is_refused_and_nothing_hangs(order: Order, cashier: Cashier) -> None:
    with pytest.raises(GatewayError) as caught:
        start_payment(order=order, openid="nobody")
    assert not caught.value.retryable
    assert Payment.objects.get().state == PaymentState.CREATED


def test_a_payment_closed_at_the_cashier_is_followed_by_a_new_one(order: Order, cashier: Cashier) -> None:
    openid = cashier.new_payer()
    start_payment(order=order, openid=openid)
    cashier.simulator.world.state.orders[f"{order.no}P1"].trade_state = "CLOSED"
    start_payment(order=order, openid=openid)
    assert sorted(Payment.objects.values_list("out_trade_no", "state")) == [
        (f"{order.no}P1", "closed"),
        (f"{order.no}P2", "prepaid"),
    ]


def test_a_lost_notice_is_made_good_by_asking(order: Order, cashier: Cashier) -> None:
    started = clock.now()
    start_payment(order=order, openid=cashier.new_payer())
    cashier.pays(order.payments.get().out_trade_no)
    cashier.do("callbacks/pending")
    assert fresh(order).state == OrderState.PLACED
    with time_machine.travel(started + dt.timedelta(seconds=31)):
        from core.models import Job

        Job.objects.filter(function__endswith="ask_about_payment").update(run_at=started)
        run_pending("usual")
    assert fresh(order).state == OrderState.PAID
    assert paid_facts() == 1
    assert cashier.notify() == [(204, "")]  # the notice comes late, and says nothing new
    assert paid_facts() == 1


def test_asking_times() -> None:
    start = dt.datetime(2026, 10, 1, 4, tzinfo=dt.UTC)
    minutes = [(moment - start).total_seconds() / 60 for moment in ask_times(start, start + dt.timedelta(minutes=30))]
    assert minutes == [0.5, 2, 10, 29]
    assert [(m - start).total_seconds() for m in ask_times(start, start + dt.timedelta(seconds=70))] == [30]


def test_pressing_pay_after_the_money_came_tells_so(order: Order, cashier: Cashier) -> None:
    openid = cashier.new_payer()
    start_payment(order=order, openid=openid)
    cashier.pays(f"{order.no}P1")
    with pytest.raises(Refused) as caught:
        start_payment(order=order, openid=openid)
    assert caught.value.code == "already_paid"
    assert fresh(order).state == OrderState.PAID


def notice(order: Order, **changes: object) -> PaymentNotice:
    from gateways.simulator.defaults import SIM_SETTINGS

    values: dict[str, object] = {
        "event_type": "TRANSACTION.SUCCESS", "out_trade_no": f"{order.no}P1", "transaction_id": "4200000000202611240000000001",
        "trade_state": "SUCCESS", "amount_fen": 1174050, "currency": "CNY", "appid": SIM_SETTINGS["MINI_APP_ID"],
        "mchid": SIM_SETTINGS["PAY_MCH_ID"], "success_at": clock.now(),
    }  # fmt: skip
    return PaymentNotice(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"amount_fen": 1},
        {"amount_fen": 117405000},
        {"currency": "USD"},
        {"appid": "wx-other"},
        {"mchid": "1"},
        {"transaction_id": ""},
    ],
)
def test_a_notice_that_does_not_fit_credits_nothing(order: Order, cashier: Cashier, change: dict[str, object]) -> None:
    start_payment(order=order, openid=cashier.new_payer())
    with pytest.raises(WrongPayment):
        settle_payment(notice(order, **change))
    assert fresh(order).state == OrderState.PLACED
    assert order.payments.get().state == PaymentState.PREPAID
    assert paid_facts() == 0


@pytest.mark.parametrize("state", ["NOTPAY", "CLOSED", "USERPAYING", "PAYERROR"])
def test_only_success_is_success(order: Order, cashier: Cashier, state: str) -> None:
    start_payment(order=order, openid=cashier.new_payer())
    assert settle_payment(notice(order, trade_state=state, transaction_id="")) is None
    assert fresh(order).state == OrderState.PLACED


@pytest.mark.django_db(transaction=True)
def test_eighty_notices_at_once_credit_once(customer: Customer, product: Product, cashier: Cashier) -> None:
    departure = make_departure(product)
    order = place_order(customer=customer, product=product, departs_on=departure.departs_on, adults=2, children=1)
    start_payment(order=order, openid=cashier.new_payer())
    barrier, outcomes = threading.Barrier(80), []

    def tell() -> None:
        barrier.wait()
        try:
            settled = settle_payment(notice(order))
            outcomes.append(settled is not None and settled.is_new)
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=tell) for _ in range(80)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 79 + [True]
    assert fresh(order).paid_amount == Decimal("11740.50")
    assert paid_facts() == 1


def test_money_after_the_hold_reopens_the_order_while_there_are_seats(order: Order, cashier: Cashier) -> None:
    start_payment(order=order, openid=cashier.new_payer())
    cashier.fault("http", "/close", value=502)
    with time_machine.travel(order.hold_until + dt.timedelta(minutes=11)):
        close_expired_orders()
        run_pending("usual")
        assert fresh(order).state == OrderState.CLOSED
        assert seats(order) == 0
        settle_payment(notice(order))
    assert (fresh(order).state, fresh(order).close_reason, fresh(order).closed_at) == (OrderState.PAID, "", None)
    assert seats(order) == 3
    assert paid_facts() == 1
    assert not Refund.objects.exists()


def test_money_after_the_hold_goes_back_when_the_seats_are_gone(order: Order, cashier: Cashier) -> None:
    start_payment(order=order, openid=cashier.new_payer())
    cashier.pays(f"{order.no}P1")
    Order.objects.update(state=OrderState.CLOSED, close_reason="expired", closed_at=clock.now())
    Departure.objects.update(seats_taken=8)
    assert cashier.notify() == [(204, "")]
    assert (fresh(order).state, fresh(order).paid_amount) == (OrderState.CLOSED, Decimal("0.00"))
    assert order.payments.get().state == PaymentState.SURPLUS
    run_pending("usual")
    cashier.do("clock/advance", hours=1)
    cashier.notify()
    refund = Refund.objects.get()
    assert (refund.state, refund.amount) == (RefundState.DONE, Decimal("11740.50"))
    assert seats(order) == 8
    assert paid_facts() == 0
    assert not Event.objects.filter(kind="order.refunded").exists()


def test_money_for_a_cancelled_order_goes_back(order: Order, cashier: Cashier) -> None:
    start_payment(order=order, openid=cashier.new_payer())
    cashier.fault("http", "/close", value=502)
    cancel_order(order=order)
    settle_payment(notice(order))
    assert fresh(order).state == OrderState.CLOSED
    assert Refund.objects.get().state == RefundState.PROCESSING


def test_late_money_rules() -> None:
    assert money_for("placed", "") is Money.PAYS
    assert money_for("closed", "expired") is Money.REOPENS
    assert [money_for(*pair) for pair in (("closed", "customer"), ("closed", "staff"), ("paid", ""), ("refunded", ""))] == [
        Money.RETURNS
    ] * 4
    until = dt.datetime(2026, 10, 1, 4, 30, tzinfo=dt.UTC)
    assert can_pay("placed", until, until - dt.timedelta(minutes=1))
    assert not can_pay("placed", until, until - dt.timedelta(seconds=59))
    assert not can_pay("closed", until, until - dt.timedelta(minutes=20))


def test_an_expired_order_that_was_paid_is_paid(order: Order, cashier: Cashier) -> None:
    start_payment(order=order, openid=cashier.new_payer())
    cashier.pays(f"{order.no}P1")
    with time_machine.travel(order.hold_until + dt.timedelta(seconds=5)):
        close_expired_orders()
        run_pending("usual")
    assert fresh(order).state == OrderState.PAID
    assert not Event.objects.filter(kind="order.closed").exists()


def test_an_expired_order_waits_for_a_cashier_that_does_not_answer(order: Order, cashier: Cashier) -> None:
    start_payment(order=order, openid=cashier.new_payer())
    cashier.fault("http", "/close", value=502)
    with time_machine.travel(order.hold_until + dt.timedelta(seconds=5)):
        close_expired_orders()
        run_pending("usual")
    assert fresh(order).state == OrderState.PLACED


def test_a_payment_nobody_saw_is_left_open_by_asking(order: Order, cashier: Cashier) -> None:
    with pytest.raises(GatewayError):
        start_payment(order=order, openid="nobody")
    ask_about_payment(order.payments.get().pk)
    assert order.payments.get().state == PaymentState.CREATED
