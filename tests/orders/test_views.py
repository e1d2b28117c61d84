"""The staff pages of orders: scope, abilities, money."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.models import Departure, Product
from core import clock
from core.worker import run_pending
from customers.models import Customer
from orders.choices import OrderState, RefundState
from orders.models import Order, Refund
from orders.queries import order_numbers, palette, value_of
from orders.rules import fee_percent, suggested_refund
from orders.services.placing import place_order
from orders.services.refunds import request_refund
from staff.models import User
from tests.orders.conftest import Cashier
from tests.orders.test_refunds import paid_order

pytestmark = pytest.mark.django_db
XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def person(role: str, scope: str = "all", name: str = "") -> User:
    return User.objects.create(username=name or role, display_name=name or role, role=role, row_scope=scope)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def place(customer: Customer, departure: Departure, adults: int = 1) -> Order:
    return place_order(customer=customer, product=departure.product, departs_on=departure.departs_on, adults=adults)


def test_a_list_costs_the_same_for_one_and_for_three(
    customer: Customer, departure: Departure, django_assert_num_queries: Any
) -> None:
    client = browser(person("finance"))
    place(customer, departure)
    client.get("/orders")
    with django_assert_num_queries(8):
        assert client.get("/orders").content.count(b"data-row") == 1
    place(Customer.objects.create(name="二"), departure)
    place(Customer.objects.create(name="三"), departure)
    with django_assert_num_queries(8):
        assert client.get("/orders").content.count(b"data-row") == 3


def test_orders_of_other_peoples_customers_do_not_exist(customer: Customer, departure: Departure) -> None:
    order = place(customer, departure)
    mine, other = person("sales", "own", "chen"), person("sales", "own", "wang")
    Customer.objects.update(owner=mine)
    assert browser(mine).get(f"/orders/{order.no}").status_code == 200
    stranger = browser(other)
    for path in (f"/orders/{order.no}", f"/orders/{order.no}/body", f"/customers/{customer.pk}/orders"):
        assert stranger.get(path).status_code == 404
    for path in (f"/orders/{order.no}/cancel", f"/orders/{order.no}/refunds"):
        assert stranger.post(path).status_code == 404
    assert order.no not in stranger.get("/orders").content.decode()
    assert palette(other, order.no, 8) == []
    assert [row.note for row in palette(mine, order.no, 8)] == [order.no]
    assert Order.objects.get().state == OrderState.PLACED


def test_views_filters_and_search(customer: Customer, departure: Departure) -> None:
    waiting, closed = place(customer, departure), place(Customer.objects.create(name="王小明"), departure)
    Order.objects.filter(pk=closed.pk).update(state="closed", close_reason="expired", closed_at=clock.now())
    client = browser(person("finance"))
    day = departure.departs_on
    wanted = {
        "": [waiting, closed],
        "view=placed": [waiting],
        "view=closed": [closed],
        "view=soon": [],
        "view=refunds": [],
        f"q={closed.no}": [closed],
        "q=王小明": [closed],
        "q=大理": [waiting, closed],
        "product=P01": [waiting, closed],
        f"departs_from={day}": [waiting, closed],
        f"departs_to={day - dt.timedelta(days=1)}": [],
        "q=%25": [],
    }
    for query, orders in wanted.items():
        text = client.get(f"/orders?{query}").content.decode()
        assert {order.no for order in (waiting, closed) if f'data-href="/orders/{order.no}"' in text} == {
            order.no for order in orders
        }, query
    for query in (
        "view=x",
        "product=x",
        "departs_from=2026-02-30",
        "departs_to=99999-01-01",
        "q=" + "x" * 61,
        "after=" + "x" * 25,
    ):
        assert client.get(f"/orders?{query}").status_code == 400, query


def test_pages_of_thirty(customer: Customer, departure: Departure) -> None:
    Departure.objects.update(seats=100)
    for _number in range(33):
        place(customer, departure)
    client = browser(person("finance"))
    first = client.get("/orders").content.decode()
    assert first.count("data-row") == 30
    after = first.split("after=")[1].split('"')[0]
    assert client.get(f"/orders?after={after}").content.decode().count("data-row") == 3


def test_an_order_tells_its_story(
    customer: Customer, departure: Departure, cashier: Cashier, django_assert_num_queries: Any
) -> None:
    order = paid_order(customer, departure, cashier)
    client = browser(person("finance"))
    client.get(f"/orders/{order.no}")
    with django_assert_num_queries(6):
        text = client.get(f"/orders/{order.no}").content.decode()
    for words in ("苍洱时光·大理丽江6日", "2 成人", "¥8,560", "微信支付成功", "下单", f"{order.no}P1"):
        assert words in text
    for wrong in ("0", "-1", "abc", "9" * 18):
        assert client.get(f"/orders/{wrong}").status_code == 404


def test_what_customers_call_themselves_is_only_shown(customer: Customer, departure: Departure) -> None:
    order = place(customer, departure)
    Customer.objects.update(name=XSS[:60], city=XSS[:40])
    Product.objects.update(name=XSS)
    client = browser(person("finance"))
    for path in ("/orders", f"/orders/{order.no}", f"/customers/{customer.pk}/orders"):
        text = client.get(path).content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text


def refund_form(amount: str, key: str = "key12345", confirm: str = "退款") -> dict[str, str]:
    return {"amount": amount, "reason": "客户行程变更", "key": key, "confirm": confirm}


def test_finance_refunds_at_once_and_twice_is_once(customer: Customer, departure: Departure, cashier: Cashier) -> None:
    order = paid_order(customer, departure, cashier)
    client = browser(person("finance"))
    for _click in range(2):
        assert client.post(f"/orders/{order.no}/refunds", refund_form("1000.00")).status_code == 302
    run_pending("usual")
    cashier.do("clock/advance", hours=1)
    cashier.notify()
    order.refresh_from_db()
    assert order.refunded_amount == Decimal("1000.00")
    assert Refund.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"confirm": ""},
        {"confirm": "refund!"},
        {"amount": "0"},
        {"amount": "-5"},
        {"amount": "8560.01"},
        {"amount": "NaN"},
        {"amount": "1e9"},
        {"amount": "0.001"},
        {"amount": "9" * 5000},
        {"reason": "x"},
        {"key": ""},
        {"key": "A B"},
    ],
)
def test_a_wrong_refund_form_refunds_nothing(
    customer: Customer, departure: Departure, cashier: Cashier, change: dict[str, str]
) -> None:
    order = paid_order(customer, departure, cashier)
    answer = browser(person("finance")).post(f"/orders/{order.no}/refunds", {**refund_form("100"), **change})
    assert answer.status_code == 422
    assert not Refund.objects.exists()


def test_the_front_line_asks_and_finance_decides(customer: Customer, departure: Departure, cashier: Cashier) -> None:
    order = paid_order(customer, departure, cashier)
    service, finance = browser(person("service")), browser(person("finance"))
    assert service.post(f"/orders/{order.no}/refunds", refund_form("1000", confirm="")).status_code == 302
    refund = Refund.objects.get()
    assert refund.state == RefundState.REQUESTED
    decide = f"/orders/{order.no}/refunds/{refund.pk}/decide"
    assert service.post(decide, {"decision": "execute"}).status_code == 403
    assert "申请退款" in finance.get(f"/orders/{order.no}").content.decode()
    assert order.no in finance.get("/orders?view=refunds").content.decode()
    assert finance.post(decide, {"decision": "execute"}).status_code == 302
    assert finance.post(decide, {"decision": "decline"}).status_code == 409
    assert Refund.objects.get().state == RefundState.PROCESSING


def test_who_may_do_nothing_about_refunds(customer: Customer, departure: Departure, cashier: Cashier) -> None:
    order = paid_order(customer, departure, cashier)
    for role in ("readonly", "auditor", "operations"):
        client = browser(person(role))
        assert client.post(f"/orders/{order.no}/refunds", refund_form("1")).status_code == 403
        assert "refund-order" not in client.get(f"/orders/{order.no}").content.decode()
    assert not Refund.objects.exists()


def test_staff_cancel_an_unpaid_order(customer: Customer, departure: Departure) -> None:
    order = place(customer, departure)
    assert browser(person("readonly")).post(f"/orders/{order.no}/cancel").status_code == 403
    assert browser(person("planner")).post(f"/orders/{order.no}/cancel").status_code == 302
    order.refresh_from_db()
    assert (order.state, order.close_reason) == (OrderState.CLOSED, "staff")
    assert Departure.objects.get().seats_taken == 0


def test_the_page_asks_again_only_while_something_moves(customer: Customer, departure: Departure) -> None:
    order, client = place(customer, departure), browser(person("planner"))
    assert "every 4s" in client.get(f"/orders/{order.no}").content.decode()
    client.post(f"/orders/{order.no}/cancel")
    assert "every 4s" not in client.get(f"/orders/{order.no}/body").content.decode()


def test_what_orders_add_to_customers(customer: Customer, departure: Departure, cashier: Cashier, finance: User) -> None:
    order = paid_order(customer, departure, cashier)
    assert value_of([customer.pk]) == {customer.pk: Decimal("8560.00")}
    assert value_of([customer.pk + 1]) == {}
    assert order_numbers([order.pk, 0]) == {order.pk: order.no}
    assert order.product.name in browser(finance).get(f"/customers/{customer.pk}/orders").content.decode()
    request_refund(order_id=order.pk, amount=Decimal(1), reason="", key="x", user=finance)


def test_the_terms_say_what_is_kept() -> None:
    tiers = [{"days_before": 7, "fee_percent": 0}, {"days_before": 4, "fee_percent": 20}, {"days_before": 0, "fee_percent": 60}]
    assert [fee_percent(tiers, days) for days in (30, 7, 6, 4, 3, 0, -2)] == [0, 0, 20, 20, 60, 60, 60]
    assert fee_percent([], 3) == 0
    assert suggested_refund(Decimal("100.01"), Decimal("0.00"), 33) == Decimal("67.00")
    assert suggested_refund(Decimal("100.00"), Decimal("90.00"), 60) == Decimal("0.00")
