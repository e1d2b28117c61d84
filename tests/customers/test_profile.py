"""The profile engine: what follows from what customers did."""

import datetime as dt
from decimal import Decimal

import pytest

from catalog.models import Departure, Destination, Product
from core import clock
from core.models import Event
from core.worker import run_pending
from customers.choices import Lifecycle
from customers.models import Activity, Customer, Portrait, StageChange
from customers.queries.portrait import owners_of
from customers.services.households import save_traveller
from customers.services.merging import merge_customers, undo_merge
from customers.services.notes import assign_owner
from customers.services.profile import finish_profiles, refresh_all_profiles, refresh_profiles
from messaging.models import Message
from orders.models import Order
from staff.models import User
from tests.customers.test_merging import World
from tests.factories import make_customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def trip() -> Departure:
    place = Destination.objects.create(code="yunnan", name="云南", cities=["大理"])
    product = Product.objects.create(
        code="P01", name="云南6日", destination=place, days=6, price_from_amount=Decimal(3980), themes=["亲子"]
    )
    day = clock.today() - dt.timedelta(days=90)
    return Departure.objects.create(product=product, departs_on=day, adult_amount=3980, child_amount=2980, seats=20)


def buy(one: Customer, trip: Departure, amount: int, *, days_ago: int = 1) -> None:
    at = clock.now() - dt.timedelta(days=days_ago)
    Order.objects.create(
        no=f"A{Order.objects.count()}", customer=one, product=trip.product, departure=trip, adults=1, state="completed",
        adult_amount=amount, child_amount=0, total_amount=amount, paid_amount=amount, placed_at=at, hold_until=at, paid_at=at,
    )  # fmt: skip


def silent(one: Customer, days: int) -> None:
    Activity.objects.filter(customer=one).update(last_seen_at=clock.now() - dt.timedelta(days=days))
    Customer.objects.filter(pk=one.pk).update(created_at=clock.now() - dt.timedelta(days=days + 1))


def test_stages_follow_from_trips_quotes_and_silence(trip: Departure) -> None:
    wanted = [
        ("travelling", 1), ("first_time", 1), ("active", 1), ("at_risk", 61), ("quoted", 1), ("dormant", 61), ("lost", 121), ("lead", 1),
    ]  # fmt: skip
    people = {stage: make_customer(stage) for stage, _days in wanted}
    away = Departure.objects.create(product=trip.product, departs_on=clock.today(), adult_amount=1, child_amount=1, seats=9)
    for stage, where in (("travelling", away), ("first_time", trip), ("active", trip), ("active", trip), ("at_risk", trip)):
        buy(people[stage], where, 100)
    Event.objects.create(
        key="6f0c7c9e-4a52-4d0e-9a58-5d3c9a1f7b10", kind="quote.opened", occurred_at=clock.now(), customer_id=people["quoted"].pk
    )
    for stage, days in wanted:
        silent(people[stage], days)
    refresh_profiles([one.pk for one in people.values()])
    assert {one.name: one.lifecycle for one in Customer.objects.all()} == {stage: stage for stage in people}
    changes = StageChange.objects.exclude(after=Lifecycle.LEAD)
    assert set(changes.values_list("before", flat=True)) == {"lead"}
    assert Event.objects.filter(kind="stage.changed").count() == changes.count() == 7
    refresh_profiles([one.pk for one in people.values()])
    assert StageChange.objects.count() == 7


def test_what_staff_set_stays_until_the_facts_move_on(trip: Departure) -> None:
    su = make_customer()
    refresh_profiles([su.pk])
    Customer.objects.filter(pk=su.pk).update(lifecycle="quoted")
    refresh_profiles([su.pk])
    assert Customer.objects.get(pk=su.pk).lifecycle == "quoted"
    buy(su, trip, 100)
    refresh_profiles([su.pk])
    assert Customer.objects.get(pk=su.pk).lifecycle == "first_time"


def test_rfm_ranks_buyers_and_equal_ones_are_equal(trip: Departure) -> None:
    people = [make_customer(f"客{n}") for n in range(5)]
    for number, one in enumerate(people[:4]):
        buy(one, trip, 100 if number < 2 else 1000 * number, days_ago=10 * (4 - number) if number > 1 else 40)
    refresh_all_profiles()
    run_pending("bulk")
    run_pending("bulk")
    scores = list(Portrait.objects.order_by("customer_id").values_list("recency", "frequency", "monetary", "rfm"))
    assert scores == [(1, 1, 1, "past"), (1, 1, 1, "past"), (4, 1, 4, "develop"), (5, 1, 5, "develop"), (None, None, None, "")]


def test_channel_hour_preferences_and_sources_are_learned(trip: Departure) -> None:
    su = make_customer(source="wecom")
    evening = clock.now().replace(hour=12, minute=30)  # 20:30 in Shanghai
    for number, at in enumerate((evening, evening - dt.timedelta(days=1), evening - dt.timedelta(hours=3))):
        Message.objects.create(key=str(number), customer=su, channel="wecom", purpose="marketing", state="sent", clicked_at=at)
    for number, kind in enumerate(("product.viewed", "product.viewed", "product.favorited")):
        Event.objects.create(
            key=f"6f0c7c9e-4a52-4d0e-9a58-5d3c9a1f7b1{number}", kind=kind, source="mini", customer_id=su.pk,
            occurred_at=clock.now() - dt.timedelta(days=number), props={"product": "P01"},
        )  # fmt: skip
    refresh_profiles([su.pk])
    portrait = Portrait.objects.get()
    assert (portrait.preferred_channel, portrait.preferred_hour, portrait.responses) == ("wecom", 20, 3)
    assert (portrait.first_source, portrait.last_source) == ("wecom", "mini")
    found = [(entry["topic"], entry["name"], entry["views"], entry["favourites"]) for entry in portrait.preferences]
    assert found == [("destination", "云南", 2, 1), ("theme", "亲子", 2, 1)]


def test_children_grow_older_by_night() -> None:
    su = make_customer(child_ages=[9])
    finish_profiles()
    assert Customer.objects.get(pk=su.pk).child_ages == [9]  # no birthday known: what staff wrote stays
    save_traveller(su, name="苏小满", kinship="child", birthday=clock.today().replace(year=clock.today().year - 5, day=1))
    assert Customer.objects.get(pk=su.pk).child_ages == [5]


def test_owners_are_dated(lin: User, chen: User) -> None:
    su = make_customer()
    for owner in (lin, chen):
        assign_owner([su.pk], owner=owner)
    su.refresh_from_db()
    spells = owners_of(su, {lin.pk: "林岚", chen.pk: "陈思雨"})
    assert [(spell.owner, spell.until is None) for spell in spells] == [("陈思雨", True), ("林岚", False)]


def test_portraits_follow_a_merge_and_its_undoing(lin: User, trip: Departure) -> None:
    stays, goes, _other = World(lin).people
    buy(goes, trip, 100)
    refresh_profiles([stays.pk, goes.pk])
    merge = merge_customers(stays.pk, goes.pk, evidence=[], source="test")
    run_pending("usual")
    assert Portrait.objects.get(customer=stays).paid_count == 1
    assert not Portrait.objects.filter(customer=goes).exists()
    undo_merge(merge, actor=lin)
    run_pending("usual")
    assert list(Portrait.objects.order_by("customer_id").values_list("paid_count", flat=True)) == [0, 1]
