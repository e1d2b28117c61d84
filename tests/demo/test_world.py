"""The demo agency's data: complete, plausible, and consistent with itself."""

import collections
import datetime as dt
import re
from typing import Any

import pytest

from catalog.feeds.hours import parse_hours
from core.event_types import BEHAVIOUR_KINDS
from scrm.demo import behaviour, departures, people, world
from staff.choices import Role, RowScope

PLACES = {place.code: place for place in world.destinations()}
LOCATED: list[Any] = [*world.attractions(), *world.hotels(), *world.restaurants()]
OPENED: list[Any] = [*world.attractions(), *world.restaurants()]
THEMES = {theme.name for theme in world.themes()}


def test_there_is_as_much_as_promised() -> None:
    assert len(world.destinations()) == 6
    assert len(world.attractions()) >= 150
    assert len(world.hotels()) >= 90
    assert len(world.restaurants()) >= 90
    assert len(world.lines()) >= 60
    assert len(world.suppliers()) == 4
    assert [product.code for product in world.products()] == [f"P{number:02}" for number in range(1, 25)]
    assert len(world.staff()) == 8
    assert len(world.sentences()) >= 250


@pytest.mark.parametrize("records", [world.attractions(), world.hotels(), world.restaurants(), world.lines()])
def test_ids_and_names_are_unique_within_a_kind(records: tuple[world.Attraction, ...]) -> None:
    assert len({record.id for record in records}) == len(records)
    if hasattr(records[0], "name"):
        assert len({record.name for record in records}) == len(records)


def test_every_place_lies_within_its_destination() -> None:
    for record in LOCATED:
        west, south, east, north = PLACES[record.destination].box
        assert record.city in PLACES[record.destination].cities
        assert west <= record.longitude <= east, record.name
        assert south <= record.latitude <= north, record.name
    for place in world.destinations():
        west, south, east, north = place.box
        assert west < place.longitude < east
        assert south < place.latitude < north
        assert len(place.demand) == 12


def test_each_destination_has_enough_of_everything() -> None:
    for records, least in ((world.attractions(), 24), (world.hotels(), 15), (world.restaurants(), 15), (world.lines(), 8)):
        counts = collections.Counter(record.destination for record in records)
        assert set(counts) == set(PLACES)
        assert min(counts.values()) >= least


def test_opening_hours_can_be_read() -> None:
    for record in OPENED:
        spans = parse_hours("，".join(record.opening))
        assert spans, record.name
        assert len(spans) == len(record.opening)
        assert all(span.closes > span.opens for span in spans)


def test_numbers_of_attractions_are_plausible() -> None:
    for record in world.attractions():
        assert 0 <= record.ticket <= 500
        assert 30 <= record.visit_minutes <= 600
        assert set(record.closed_weekdays) <= set(range(1, 8))
        assert record.setting in {"indoor", "outdoor", "mixed"}
        assert 1 <= record.child_friendly <= 5
        assert 1 <= record.elder_friendly <= 5
        assert set(record.themes) <= THEMES
        assert 10 <= len(record.summary) <= 60


def test_rooms_cost_more_in_the_high_season() -> None:
    for hotel in world.hotels():
        assert hotel.rooms
        assert hotel.tier in {"economy", "comfort", "premium", "luxury"}
        for room in hotel.rooms:
            assert 50 <= room["low"] < room["high"] <= 10_000
            assert 1 <= room["sleeps"] <= 6


def test_transport_times_add_up() -> None:
    for line in world.lines():
        assert 0 <= line.low <= line.high
        if line.departs is None or line.arrives is None:
            assert line.mode == "car"
            continue
        leaves, lands = (int(text[:2]) * 60 + int(text[3:]) for text in (line.departs, line.arrives))
        assert (lands - leaves) % 1440 == line.minutes, line.number


def test_products_are_made_of_what_there_is() -> None:
    spots = {record.name: record.destination for record in world.attractions()}
    hotels = {record.name: record.destination for record in world.hotels()}
    for product in world.products():
        assert set(product.themes) <= THEMES
        assert len(product.outline) == product.days
        assert 0 < product.child <= product.adult
        assert 1 <= product.min_people <= product.max_people
        assert len(product.highlights) >= 4
        assert product.terms in world.terms()
        for day in product.outline:
            assert all(spots[spot] == product.destination for spot in day["spots"])
            assert day["hotel"] == "" or hotels[day["hotel"]] == product.destination
            assert set(day["meals"]) <= {"早餐", "午餐", "晚餐"}
        assert all(day["hotel"] for day in product.outline[:-1])


def test_every_theme_can_be_bought_more_than_once() -> None:
    counts = collections.Counter(theme for product in world.products() for theme in product.themes)
    assert set(counts) == THEMES
    assert min(counts.values()) >= 3


def test_cancellation_tiers_only_ever_cost_more_later() -> None:
    for terms in world.terms().values():
        tiers = sorted(terms.cancellation, key=lambda tier: -tier["days_before"])
        fees = [tier["fee_percent"] for tier in tiers]
        assert fees == sorted(fees)
        assert fees[0] == 0
        assert tiers[-1]["days_before"] == 0


def test_staff_have_roles_of_the_house() -> None:
    usernames = [member.username for member in world.staff()]
    assert usernames == ["admin", "ops", "sales1", "sales2", "sales3", "planner", "service", "finance"]
    assert {member.role for member in world.staff()} <= set(Role.values)
    assert {member.row_scope for member in world.staff()} <= set(RowScope.values)
    assert {member.department for member in world.staff()} <= set(world.agency().departments)


def test_messages_fit_what_wecom_allows() -> None:
    codes = {product.code for product in world.products()}
    for text in world.texts():
        assert len(text.text.encode()) <= 4000
        assert len(text.card_title.encode()) <= 64
        assert text.product in codes | {""}
        if text.product:
            assert text.card_page == f"pages/product/index?code={text.product}"


def test_sentences_are_many_voices() -> None:
    texts = [sentence.text for sentence in world.sentences()]
    counts = collections.Counter(sentence.theme for sentence in world.sentences())
    assert len(set(texts)) == len(texts)
    assert set(counts) == THEMES | {""}
    assert min(counts.values()) >= 20
    lengths = sorted(len(text) for text in texts)
    assert lengths[len(lengths) // 10] <= 10
    assert lengths[-1] >= 28
    assert not any(re.search(r"\d{11}", text) for text in texts)


def test_the_stock_of_names_is_large_and_unrepeated() -> None:
    stock = people.stock()
    assert len(set(stock["nicknames"])) == len(stock["nicknames"]) >= 90
    assert len(set(stock["surnames"])) == len(stock["surnames"]) >= 90


def test_generated_events_are_of_kinds_that_the_house_accepts() -> None:
    assert set(behaviour.KINDS) <= BEHAVIOUR_KINDS


# --- Departures -----------------------------------------------------------------------------------------

TODAY = dt.date(2026, 11, 24)


def test_departures_keep_weekdays_seasons_and_distance() -> None:
    days = departures.departure_days(TODAY)
    assert days == departures.departure_days(TODAY)
    assert len({(day.product, day.departs_on) for day in days}) == len(days)
    assert {day.product for day in days} == {product.code for product in world.products()}
    for day in days:
        assert -departures.PAST_DAYS <= (day.departs_on - TODAY).days <= departures.COMING_DAYS
        assert day.adult >= day.child > 0
        assert day.adult % 10 == 0
    assert {day.departs_on.month for day in days if day.product == "P17"} <= set(PLACES["yili"].open_months)


@pytest.mark.parametrize(
    ("product", "date", "adult"),
    [
        ("P05", dt.date(2026, 11, 25), 5980),  # a plain Wednesday
        ("P05", dt.date(2027, 2, 8), 10290),  # Spring Festival in Sanya: 45 % x 1.6
        ("P05", dt.date(2026, 7, 15), 6880),  # summer holidays
        ("P01", dt.date(2026, 12, 2), 4020),  # low season
        ("P21", dt.date(2026, 11, 28), 1440),  # a weekend in the low season
        ("P01", dt.date(2026, 10, 2), 5780),  # National Day
    ],
)
def test_prices_follow_holiday_season_and_weekend(product: str, date: dt.date, adult: int) -> None:
    found = [day.adult for day in departures.departure_days(TODAY) if day.product == product and day.departs_on == date]
    assert found == [adult]


def test_many_customers_get_more_seats() -> None:
    few, many = (departures.departure_days(TODAY, people=people)[0].seats for people in (2000, 100_000))
    assert many == 50 * few
