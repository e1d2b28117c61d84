"""The catalogue as the mini-program sees it."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from catalog.models import Departure, Destination, Product

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 24, 4, tzinfo=dt.UTC)
API = "/api/mp/v1/products"


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOON):
        yield


@pytest.fixture
def shop() -> None:
    """Three products on sale, one paused, one in draft."""
    yunnan = Destination.objects.create(code="yunnan", name="云南", cities=["大理"])
    sanya = Destination.objects.create(code="sanya", name="三亚", cities=["三亚"])
    for code, name, destination, days, themes, price, state in (
        ("P01", "大理丽江蜜月6日", yunnan, 6, ["蜜月", "摄影"], "4280.00", "on_sale"),
        ("P02", "大理亲子5日", yunnan, 5, ["亲子"], "3680.50", "on_sale"),
        ("P03", "三亚亲子4日", sanya, 4, ["亲子", "海岛"], "4280.00", "on_sale"),
        ("P04", "三亚海岛5日", sanya, 5, ["海岛"], "5000.00", "paused"),
        ("P05", "三亚银发7日", sanya, 7, ["银发"], "6000.00", "draft"),
    ):
        product = Product.objects.create(
            code=code, name=name, destination=destination, days=days, themes=themes, price_from_amount=Decimal(price), state=state
        )
        for day, seats, taken, closed in ((1, 10, 10, False), (5, 10, 3, False), (8, 10, 0, True)):
            Departure.objects.create(
                product=product,
                departs_on=dt.date(2026, 12, day),
                adult_amount=Decimal(price),
                child_amount=Decimal("2000.00"),
                seats=seats,
                seats_taken=taken,
                is_closed=closed,
            )


def get(client: Client, path: str = "", **query: object) -> Any:
    response = client.get(f"{API}{path}", query)
    assert response.status_code == 200, response.content
    return response.json()


def codes(client: Client, **query: object) -> list[str]:
    return [product["code"] for product in get(client, **query)["results"]]


def test_only_what_is_on_sale_without_logging_in(client: Client, shop: None) -> None:
    page = get(client)
    assert page["next"] is None
    assert page["results"][0] == {
        "code": "P01",
        "name": "大理丽江蜜月6日",
        "subtitle": "",
        "destination": {"code": "yunnan", "name": "云南"},
        "days": 6,
        "themes": ["蜜月", "摄影"],
        "hotel_class": None,
        "price_from": 428000,
        "next_departure": "2026-12-05",
        "cover": "/covers/P01.svg",
    }
    assert [product["code"] for product in page["results"]] == ["P01", "P02", "P03"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"destination": "sanya"}, ["P03"]),
        ({"theme": "亲子"}, ["P02", "P03"]),
        ({"days": 6}, ["P01"]),
        ({"price_min": 400000}, ["P01", "P03"]),
        ({"price_max": 368050}, ["P02"]),
        ({"q": "大理 亲子"}, ["P02"]),
        ({"q": "三亚"}, ["P03"]),
        ({"q": "%"}, []),
        ({"q": "' OR 1=1--"}, []),
        ({"destination": "nowhere"}, []),
        ({"theme": "亲子", "destination": "yunnan"}, ["P02"]),
        ({"sort": "price"}, ["P02", "P01", "P03"]),
        ({"sort": "-price"}, ["P03", "P01", "P02"]),
        ({"sort": "days"}, ["P03", "P02", "P01"]),
    ],
)
def test_filters(client: Client, shop: None, query: dict[str, object], expected: list[str]) -> None:
    assert codes(client, **query) == expected


@pytest.mark.parametrize("sort", ["recommended", "price", "-price", "days"])
def test_pages_by_cursor_hold_everything_once(client: Client, shop: None, sort: str) -> None:
    seen, cursor = [], None
    for _page in range(4):
        page = get(client, sort=sort, limit=1, **({"cursor": cursor} if cursor else {}))
        seen += [product["code"] for product in page["results"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == codes(client, sort=sort)


@pytest.mark.parametrize(
    "query",
    [
        {"days": "0"},
        {"days": "-1"},
        {"days": "0.5"},
        {"days": "NaN"},
        {"days": "1e9"},
        {"days": "9" * 5000},
        {"limit": "1000000"},
        {"price_min": "-1"},
        {"price_max": "abc"},
        {"sort": "supplier__note"},
        {"state": "draft"},
        {"supplier": "1"},
        {"q": "x" * 61},
        {"destination": "a b"},
        {"cursor": "!!!"},
        {"cursor": "WyJwcmljZSIsImEiLCJiIl0"},
        {"cursor": "x" * 201},
        {"q": "\x00"},
    ],
)
def test_wrong_parameters_are_400_with_their_name(client: Client, shop: None, query: dict[str, str]) -> None:
    response = client.get(API, query)
    assert response.status_code == 400
    if "\x00" not in query.get("q", ""):
        body = response.json()
        assert set(body) == {"code", "message", "request_id", "fields"}
        assert list(body["fields"]) == list(query)


def test_one_product(client: Client, shop: None) -> None:
    Product.objects.filter(code="P01").update(highlights=["双廊海景房"], cancellation=[{"days_before": 7, "fee_percent": 0}])
    product = get(client, "/P01")
    assert product["highlights"] == ["双廊海景房"]
    assert product["cancellation"] == [{"days_before": 7, "fee_percent": 0}]
    assert "supplier" not in product
    for code in ("P04", "P05", "nope", "0", "-1", "9" * 18, "%27", "..%2f"):
        assert client.get(f"{API}/{code}").status_code == 404
        assert client.get(f"{API}/{code}/calendar").status_code == 404
    assert client.get(f"{API}/P01?fields=supplier").status_code == 400


def test_the_price_calendar_of_a_month(client: Client, shop: None) -> None:
    calendar = get(client, "/P01/calendar", month="2026-12")
    assert calendar == {
        "month": "2026-12",
        "days": [
            {"date": "2026-12-01", "adult_price": 428000, "child_price": 200000, "seats_left": 0},
            {"date": "2026-12-05", "adult_price": 428000, "child_price": 200000, "seats_left": 7},
        ],
    }
    assert get(client, "/P01/calendar")["month"] == "2026-11"
    for month in ("2026-13", "2026-00", "0000-01", "2026-1", "26-12", "2026-12-01", "２０２６-12", "9999-01", "abc"):
        response = client.get(f"{API}/P01/calendar", {"month": month})
        assert response.status_code == 400, month
        assert list(response.json()["fields"]) == ["month"]


def test_answers_carry_an_etag(client: Client, shop: None) -> None:
    first = client.get(API)
    assert client.get(API, headers={"If-None-Match": first["ETag"]}).status_code == 304
    Product.objects.filter(code="P01").update(name="改名")
    assert client.get(API, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_read_only(client: Client, shop: None) -> None:
    for method in (client.post, client.put, client.patch, client.delete):
        assert method(API, content_type="application/json").status_code == 405


def test_a_list_costs_two_queries_whatever_its_length(client: Client, shop: None, django_assert_num_queries: Any) -> None:
    for limit in (1, 3):
        with django_assert_num_queries(2):
            assert len(codes(client, limit=limit)) == limit


def test_covers_are_svg_cached_by_etag(client: Client, shop: None) -> None:
    first = client.get("/covers/P01.svg")
    assert (first.status_code, first["Content-Type"]) == (200, "image/svg+xml")
    assert b"<svg" in first.content[:200]
    assert client.get("/covers/P01.svg").content == first.content
    assert client.get("/covers/P01.svg", headers={"If-None-Match": first["ETag"]}).status_code == 304
    assert client.get("/covers/P01.svg?shape=square")["ETag"] != first["ETag"]
    assert client.get("/covers/P01.svg?shape=round").status_code == 400
    assert client.get("/covers/nope.svg").status_code == 404
    Product.objects.filter(code="P01").update(illustration={"scene": "beach", "light": "dusk"})
    assert client.get("/covers/P01.svg", headers={"If-None-Match": first["ETag"]}).status_code == 200
