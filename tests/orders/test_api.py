"""Orders as the mini-program's customer sees them."""

import datetime as dt
import json
import uuid
from typing import Any

import pytest
from django.test import Client

from catalog.models import Departure, Product
from core import clock
from core.secrets import token_hash
from customers.models import Customer, MemberToken
from orders.choices import OrderState
from orders.models import Order, Payment
from tests.orders.conftest import Cashier

pytestmark = pytest.mark.django_db
API = "/api/mp/v1/orders"


class Phone:
    """A customer's mini-program."""

    def __init__(self, customer: Customer, openid: str = "o-test") -> None:
        self.client = Client()
        self.token = uuid.uuid4().hex + uuid.uuid4().hex
        now = clock.now()
        MemberToken.objects.create(
            token_hash=token_hash(self.token),
            customer=customer,
            openid=openid,
            appid="wx",
            created_at=now,
            expires_at=now + dt.timedelta(days=7),
        )

    def get(self, path: str = "", **query: object) -> Any:
        return self.client.get(f"{API}{path}", query, headers={"Authorization": f"Bearer {self.token}"})

    def post(self, path: str = "", body: object = None, key: str | None = "") -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        if key is not None:
            headers["Idempotency-Key"] = key or uuid.uuid4().hex
        data = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
        return self.client.post(f"{API}{path}", data, content_type="application/json", headers=headers)


@pytest.fixture
def phone(customer: Customer) -> Phone:
    return Phone(customer)


def wish(departure: Departure, **changes: object) -> dict[str, object]:
    return {"product": "P01", "departs_on": departure.departs_on.isoformat(), "adults": 2, "children": 1, **changes}


def test_placing_an_order(phone: Phone, departure: Departure) -> None:
    answer = phone.post(body=wish(departure))
    assert answer.status_code == 201
    order = answer.json()
    assert (order["state"], order["total"], order["adult_price"], order["child_price"]) == ("placed", 1174050, 428000, 318050)
    assert order["product"] == {"code": "P01", "name": "苍洱时光·大理丽江6日", "cover": "/covers/P01.svg"}
    assert order["pay_before"] > order["placed_at"]
    assert phone.get(f"/{order['no']}").json() == order
    assert phone.get().json() == {"results": [order], "next": None}


def test_the_same_key_places_one_order_and_answers_the_same(phone: Phone, departure: Departure) -> None:
    first, second = (phone.post(body=wish(departure), key="key-0001") for _ in range(2))
    assert first.json() == second.json()
    assert second["Idempotent-Replay"] == "true"
    assert Order.objects.count() == 1
    other = phone.post(body=wish(departure, adults=1), key="key-0001")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")
    assert phone.post(body=wish(departure), key=None).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"adults": 0},
        {"adults": -1},
        {"adults": 1_000_000_000},
        {"adults": 0.5},
        {"adults": "NaN"},
        {"adults": None},
        {"adults": []},
        {"adults": True},
        {"children": -1},
        {"children": 201},
        {"children": {"$gt": 0}},
        {"departs_on": "2026-02-30"},
        {"departs_on": "0000-00-00"},
        {"departs_on": "9999-12-31"},
        {"departs_on": "2020-01-01"},
        {"departs_on": 20261201},
        {"departs_on": "2026-12-01T00:00:00"},
        {"product": "a b"},
        {"product": "x" * 21},
        {"product": None},
        {"touch": "x" * 33},
        {"touch": "a b"},
        {"price": 1},
        {"total_amount": 1},
        {"state": "paid"},
        {"customer": 1},
        {"id": 1},
        {"discount": 100},
    ],
)
def test_wrong_wishes_are_400_with_the_fields_name(phone: Phone, departure: Departure, change: dict[str, object]) -> None:
    answer = phone.post(body=wish(departure, **change))
    assert answer.status_code == 400
    body = answer.json()
    assert set(body) == {"code", "message", "request_id", "fields"}
    assert list(body["fields"]) == list(change)
    assert not Order.objects.exists()
    assert Departure.objects.get().seats_taken == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b'{"adults": NaN}',
        b'{"adults": Infinity}',
        b'{"adults": 1e400}',
        b'{"adults": ' + b"9" * 5000 + b"}",
        b'{"product": "\\u0000"}',
        b'{"product": "\\ud800"}',
        b"[" * 100_000,
        b'{"product": "\xff"}',
        b"x" * 1_000_001,
    ],
)
def test_bodies_that_are_no_json_of_ours_are_400(phone: Phone, departure: Departure, raw: bytes) -> None:
    answer = phone.post(body=raw)
    assert answer.status_code == (413 if len(raw) > 1_000_000 else 400)
    assert set(answer.json()) == {"code", "message", "request_id", "fields"}
    assert not Order.objects.exists()


def test_today_and_yesterday_are_400_and_what_cannot_be_had_409(phone: Phone, departure: Departure) -> None:
    for day in (clock.today(), clock.today() - dt.timedelta(days=1)):
        answer = phone.post(body=wish(departure, departs_on=day.isoformat()))
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["departs_on"])
    answer = phone.post(body=wish(departure, adults=11))
    assert (answer.status_code, answer.json()["code"]) == (409, "sold_out")
    answer = phone.post(body=wish(departure, departs_on=(departure.departs_on + dt.timedelta(days=1)).isoformat()))
    assert (answer.status_code, answer.json()["code"]) == (409, "no_departure")


def test_unknown_and_hidden_products_are_404_and_paused_ones_409(phone: Phone, departure: Departure) -> None:
    assert phone.post(body=wish(departure, product="P99")).status_code == 404
    Product.objects.update(state="draft")
    assert phone.post(body=wish(departure)).status_code == 404
    Product.objects.update(state="paused")
    assert phone.post(body=wish(departure)).json()["code"] == "not_on_sale"


def test_other_customers_orders_do_not_exist(phone: Phone, departure: Departure) -> None:
    no = phone.post(body=wish(departure)).json()["no"]
    stranger = Phone(Customer.objects.create(name="别人"))
    assert stranger.get(f"/{no}").status_code == 404
    assert stranger.post(f"/{no}/pay").status_code == 404
    assert stranger.post(f"/{no}/cancel").status_code == 404
    assert stranger.get().json()["results"] == []
    assert stranger.get(cursor=no).status_code == 400
    assert Order.objects.get().state == OrderState.PLACED
    for wrong in ("0", "-1", "9" * 16, "abc", "%27%20OR%201=1", "9" * 18):
        assert phone.get(f"/{wrong}").status_code == 404


def test_without_a_token_there_are_no_orders(departure: Departure) -> None:
    client = Client()
    for path in (API, f"{API}/1", f"{API}/1/pay", f"{API}/1/cancel"):
        assert client.post(path, b"{}", content_type="application/json").status_code == 401 or path == f"{API}/1"
    assert client.get(API).status_code == 401
    assert client.get(API, headers={"Authorization": "Bearer " + "x" * 40}).status_code == 401


def test_paying(customer: Customer, departure: Departure, cashier: Cashier) -> None:
    phone = Phone(customer, cashier.new_payer())
    no = phone.post(body=wish(departure)).json()["no"]
    first = phone.post(f"/{no}/pay")
    assert first.status_code == 200
    assert set(first.json()) == {"timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert phone.post(f"/{no}/pay").status_code == 200
    assert Payment.objects.count() == 1
    assert phone.post(f"/{no}/pay", key=None).status_code == 400
    assert phone.post(f"/{no}/pay", body={"amount": 1}).status_code == 400
    assert phone.get(f"/{no}").json()["state"] == "placed"
    cashier.pays(f"{no}P1")
    cashier.notify()
    paid = phone.get(f"/{no}").json()
    assert (paid["state"], paid["paid"], paid["pay_before"]) == ("paid", 1174050, None)
    assert phone.post(f"/{no}/pay").json()["code"] == "already_paid"
    assert phone.post(f"/{no}/cancel").json()["code"] == "already_paid"


def test_the_cashier_being_away_is_503_with_a_hint(customer: Customer, departure: Departure, cashier: Cashier) -> None:
    phone = Phone(customer, cashier.new_payer())
    no = phone.post(body=wish(departure)).json()["no"]
    cashier.fault("http", "/transactions/jsapi", value=502, times=1)
    answer = phone.post(f"/{no}/pay")
    assert (answer.status_code, answer["Retry-After"]) == (503, "3")
    assert phone.post(f"/{no}/pay").status_code == 200


def test_cancelling_twice_is_fine(phone: Phone, departure: Departure) -> None:
    no = phone.post(body=wish(departure)).json()["no"]
    for _ in range(2):
        answer = phone.post(f"/{no}/cancel")
        assert (answer.status_code, answer.json()["state"], answer.json()["close_reason"]) == (200, "closed", "customer")
    assert Departure.objects.get().seats_taken == 0


def test_pages_and_filters(phone: Phone, departure: Departure, django_assert_num_queries: Any) -> None:
    numbers = [phone.post(body=wish(departure, adults=1, children=0)).json()["no"] for _ in range(3)]
    phone.post(f"/{numbers[0]}/cancel")
    page = phone.get(limit=2).json()
    assert [order["no"] for order in page["results"]] == numbers[:0:-1]
    rest = phone.get(limit=2, cursor=page["next"]).json()
    assert ([order["no"] for order in rest["results"]], rest["next"]) == ([numbers[0]], None)
    assert [order["no"] for order in phone.get(state="closed").json()["results"]] == [numbers[0]]
    for query in (
        {"state": "x"},
        {"limit": 0},
        {"limit": 51},
        {"cursor": "abc"},
        {"customer": 1},
        {"ordering": "customer__phone"},
    ):
        assert phone.get(**query).status_code == 400
    for limit in (1, 3):
        with django_assert_num_queries(5):  # the token, the orders
            assert len(phone.get(limit=limit).json()["results"]) == limit


def test_a_preview_tells_what_the_order_will_cost_and_holds_nothing(phone: Phone, departure: Departure) -> None:
    asked = {name: value for name, value in wish(departure).items() if name != "touch"}
    told = phone.post("/preview", asked)
    assert told.status_code == 200, told.content
    assert Departure.objects.get(pk=departure.pk).seats_taken == 0
    placed = phone.post(body=wish(departure)).json()
    assert (told.json()["total"], told.json()["payable"]) == (placed["total"], placed["payable"])
    assert [one["total"] for one in told.json()["lines"]] == [one["total"] for one in placed["lines"]]
