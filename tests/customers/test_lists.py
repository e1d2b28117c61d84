"""The customer list: what is found, in which order, both ways through its pages, and views that staff keep."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from core import clock
from customers.models import Activity, Customer, SavedView, Standing
from customers.queries import listing
from customers.queries.filters import Filters
from customers.services.spelling import speak, spell_names
from customers.services.standing import follow_activity, refresh_standing
from staff.models import User
from tests.factories import make_customer

pytestmark = pytest.mark.django_db


def found(user: User, **filters: Any) -> list[str]:
    """Names on the first page."""
    page = listing.read_page(user, Filters(**filters), clock.now())
    return [row.customer.name for row in page.rows]


def test_every_kind_of_search_finds_the_person(lin: User) -> None:
    make_customer("苏晴", nickname="Sunny", remark="带两个孩子", phone_masked="138****5678")
    make_customer("周敏", nickname="min", phone_masked="139****0001")
    assert spell_names() == 2
    for text in ("苏", "晴", "苏晴", "suqing", "su", "sq", "SQ", "sunny", "两个孩子", "孩子", "5678"):
        assert found(lin, q=text) == ["苏晴"], text
        assert listing.count(lin, Filters(q=text), clock.now()) == listing.Count(1, False), text
    assert found(lin, q="zzzz") == []


def test_a_rare_match_beyond_the_nearest_rows_is_found_too(lin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    make_customer("苏晴")
    for number in range(5):
        make_customer(f"路人{number}")
    monkeypatch.setattr(listing, "NEAR", 2)
    assert found(lin, q="苏晴") == ["苏晴"]


def test_a_new_name_is_spelled_anew() -> None:
    customer = make_customer("苏晴")
    spell_names()
    Customer.objects.filter(pk=customer.pk).update(name="周敏")
    assert spell_names() == 1
    customer.refresh_from_db()
    assert (customer.name_pinyin, customer.name_initials) == ("zhoumin", "zm")
    assert speak("Ann 李") == ("annli", "annl")
    assert speak("😀") == ("-", "-")


def test_pages_lead_forth_and_back_over_those_without_a_value(lin: User) -> None:
    people = [make_customer(f"客{number}") for number in range(5)]
    for place, amount in ((1, 300), (3, 900)):
        Standing.objects.filter(customer=people[place]).update(value_amount=Decimal(amount))
    order, cursor, seen, firsts = "value", "", [], []
    while True:
        page = listing.read_page(lin, Filters(), clock.now(), sort=order, after=cursor, size=2)
        seen += [row.customer.name for row in page.rows]
        firsts.append(page)
        if not page.after:
            break
        cursor = page.after
    assert seen == ["客3", "客1", "客4", "客2", "客0"]
    back = listing.read_page(lin, Filters(), clock.now(), sort=order, before=firsts[2].before, size=2)
    assert [row.customer.name for row in back.rows] == ["客4", "客2"]
    start = listing.read_page(lin, Filters(), clock.now(), sort=order, before=back.before, size=2)
    assert ([row.customer.name for row in start.rows], start.before) == (["客3", "客1"], "")


def test_the_standing_follows_whoever_writes_the_customer(lin: User, chen: User) -> None:
    customer, other = make_customer("苏晴"), make_customer("周敏")
    Customer.objects.filter(pk=customer.pk).update(owner=chen, city="杭州")
    assert (customer.standing.owner_id, customer.standing.city) == (chen.pk, "杭州")
    assert found(chen) == ["苏晴"]
    Customer.objects.filter(pk=other.pk).update(merged_into=customer)
    assert not Standing.objects.filter(customer=other).exists()
    Customer.objects.filter(pk=other.pk).update(merged_into=None)
    assert Standing.objects.filter(customer=other).exists()
    for user in (lin, chen):
        visible = set(Customer.objects.visible_to(user).values_list("pk", flat=True))
        assert set(Standing.objects.visible_to(user).values_list("customer_id", flat=True)) == visible


def test_the_last_sign_of_life_is_carried_over() -> None:
    customer = make_customer("苏晴")
    moment = clock.now() - dt.timedelta(days=40)
    Activity.objects.filter(customer=customer).update(last_seen_at=moment)
    assert follow_activity() == 0  # the log holds no recent event of hers
    assert refresh_standing([customer.pk]) == 1
    assert Standing.objects.get(customer=customer).seen_at == moment
    assert refresh_standing([customer.pk]) == 0


def test_a_kept_view_is_its_owners(client: Client, chen: User, wang: User) -> None:
    client.force_login(chen)
    client.post("/customers/views", {"name": "杭州新客", "query": "view=new&city=杭州"})
    view = SavedView.objects.get()
    assert (view.owner, view.name, view.query, view.is_shared) == (chen, "杭州新客", "view=new&city=杭州", False)
    assert "杭州新客" in client.get("/customers").content.decode()
    client.force_login(wang)
    assert "杭州新客" not in client.get("/customers").content.decode()
    for path in ("", "/delete", "/restore"):
        assert client.post(f"/customers/views/{view.pk}{path}", {"name": "改名"}).status_code == 404
    view.refresh_from_db()
    assert (view.name, view.deleted_at) == ("杭州新客", None)
    client.force_login(chen)
    client.post(f"/customers/views/{view.pk}", {"name": "湖滨新客", "shared": "1", "pinned": "1"})
    client.post(f"/customers/views/{view.pk}/delete")
    assert client.get("/customers").content.decode().count("湖滨新客") <= 1  # only the toast may still name it
    client.post(f"/customers/views/{view.pk}/restore")
    client.force_login(wang)
    assert "湖滨新客" in client.get("/customers").content.decode()


def test_nonsense_is_no_view_and_no_cursor(client: Client, chen: User) -> None:
    client.force_login(chen)
    assert client.post("/customers/views", {"name": "x", "query": "view=nonsense"}).status_code == 400
    assert client.post("/customers/views", {"name": " ", "query": ""}).status_code == 400
    assert SavedView.objects.count() == 0
    for cursor in ("x", "0_nan_1", "0_1e999_1", "1__x", "2_1_1", "0__"):
        assert client.get("/customers", {"after": cursor}).status_code == 200
        assert client.get("/customers", {"before": cursor, "sort": "value"}).status_code == 200
