"""The generator: the same seed gives the same people, and hidden interests really drive what they do."""

import datetime as dt

import numpy as np
import pytest

from core.clock import SHANGHAI
from scrm.demo import chat, truth, world
from scrm.demo.behaviour import KIND, KINDS, Behaviour, make_behaviour, theme_matrix
from scrm.demo.departures import departure_days
from scrm.demo.population import (
    CHUNK,
    DAY,
    HISTORY_DAYS,
    MARKETING,
    STAGES,
    Population,
    generator,
    interest_names,
    make_population,
)
from scrm.demo.purchases import HOLD_SECONDS, Order, Seats, free_until, make_orders

AT = dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)
NOW = AT.timestamp()


def behave(people: Population, number: int = 0, per_person: float = 30) -> Behaviour:
    return make_behaviour(people, generator(7, number, 1), AT, per_person)


@pytest.fixture(scope="module")
def people() -> Population:
    return make_population(7, 0, AT)


@pytest.fixture(scope="module")
def events(people: Population) -> Behaviour:
    return behave(people)


@pytest.fixture(scope="module")
def seats() -> Seats:
    return Seats(departure_days(AT.date()))


@pytest.fixture(scope="module")
def orders(people: Population, events: Behaviour, seats: Seats) -> list[Order]:
    return list(make_orders(people, events, seats, generator(7, 0, 2), AT))


def test_one_seed_one_population(people: Population, events: Behaviour) -> None:
    again = make_population(7, 0, AT)
    assert again.name == people.name
    assert again.ids == people.ids
    assert np.array_equal(again.interests, people.interests)
    repeated = behave(again)
    assert np.array_equal(repeated.at, events.at)
    assert np.array_equal(repeated.product, events.product)
    assert make_population(8, 0, AT).name != people.name


def test_the_first_people_are_the_same_whatever_the_total(people: Population) -> None:
    first = make_population(7, 0, AT).head(10)
    assert len(first) == 10
    assert first.nickname == people.nickname[:10]
    assert first.ids.phone == people.ids.phone[:10]


def test_platform_ids_and_phones_never_repeat() -> None:
    some = [make_population(7, number, AT) for number in range(3)]
    for name in ("openid", "unionid", "external_userid", "phone"):
        values = [value for each in some for value in getattr(each.ids, name) if value]
        assert len(set(values)) == len(values)
        assert len({len(value) for value in values}) == 1
    assert all(len(phone) == 11 and phone.startswith("1") for each in some for phone in each.ids.phone if phone)


def test_identities_are_as_common_as_in_life(people: Population) -> None:
    shares = {
        name: sum(map(bool, getattr(people.ids, name))) / CHUNK for name in ("openid", "unionid", "external_userid", "phone")
    }
    assert shares["openid"] > 0.9
    assert shares["unionid"] > 0.9
    assert 0.65 < shares["external_userid"] < 0.75
    assert 0.55 < shares["phone"] < 0.65
    assert all(openid or external for openid, external in zip(people.ids.openid, people.ids.external_userid, strict=True))
    marketing = np.bincount(people.marketing, minlength=len(MARKETING)) / CHUNK
    assert marketing[0] > 0.7
    assert marketing[1:].min() > 0.01
    assert 0.05 < np.isfinite(people.friends.left_at).mean() < 0.15


def test_interests_are_one_to_three_and_fit_the_stage_of_life(people: Population) -> None:
    assert np.allclose(people.interests.sum(axis=1), 1)
    strong = (people.interests > 0).sum(axis=1)
    assert set(strong.tolist()) == {1, 2, 3}
    themes = [theme.name for theme in world.themes()]
    young, senior = (people.interests[people.stage == STAGES.index(name)] > 0 for name in ("young_family", "senior"))
    assert young[:, themes.index("亲子")].mean() > 0.7
    assert senior[:, themes.index("银发")].mean() > 0.6
    assert senior[:, themes.index("亲子")].mean() < 0.1


def test_households_share_children_city_and_interests(people: Population) -> None:
    followers = np.flatnonzero(people.household != np.arange(CHUNK))
    assert 60 < len(followers) < 250
    for index in followers:
        leader = people.household[index]
        assert people.child_ages[index] == people.child_ages[leader]
        assert people.city[index] == people.city[leader]
        assert people.female[index] != people.female[leader]
        assert np.array_equal(people.interests[index] > 0, people.interests[leader] > 0)


def test_children_belong_to_families(people: Population) -> None:
    for index, ages in enumerate(people.child_ages):
        stage = STAGES[people.stage[index]]
        assert bool(ages) == (stage in {"young_family", "school_family"})
        assert all(age < 7 for age in ages) or stage == "school_family"


# --- Behaviour -----------------------------------------------------------------------------------------


def test_exactly_as_many_events_as_asked_for(people: Population, events: Behaviour) -> None:
    assert len(events) == 30 * CHUNK
    assert len(behave(people, per_person=2.5)) == 2500


def test_events_lie_within_the_persons_time(people: Population, events: Behaviour) -> None:
    assert events.at.max() <= NOW
    assert events.at.min() >= NOW - (HISTORY_DAYS + 1) * DAY
    assert (events.at >= people.created_at[events.person]).all()
    assert all(people.ids.openid[person] for person in set(events.person.tolist()))


def test_events_come_in_sessions_by_person_and_time(events: Behaviour) -> None:
    same = events.person[1:] == events.person[:-1]
    assert (np.diff(events.person) >= 0).all()
    quick = (events.at[1:] - events.at[:-1])[same]
    assert (quick < 600).mean() > 0.7
    opened = events.kind == KIND["app.opened"]
    assert 0.15 < opened.mean() < 0.3


def test_people_look_in_the_evening_and_not_at_four(events: Behaviour) -> None:
    hours = np.bincount(((events.at / 3600 + 8) % 24).astype(int), minlength=24)
    assert hours[19:23].sum() > 6 * hours[1:6].sum()


def test_each_kind_has_its_properties(events: Behaviour) -> None:
    for name in KINDS:
        mine = events.of(events.kind == KIND[name])
        about_product = name in {
            "product.viewed", "product.favorited", "product.unfavorited", "product.shared", "advisor.asked", "quote.opened",
            "checkout.started",
        }  # fmt: skip
        assert ((mine.product >= 0) == about_product).all(), name
        assert ((mine.word >= 0) == (name == "product.searched")).all(), name
        assert ((mine.place >= 0) == (name in {"destination.viewed", "brief.started", "content.viewed"})).all(), name


def shares(people: Population, events: Behaviour, kinds: set[str], theme: int) -> tuple[float, float]:
    """Which part of the events is about a theme: of those who like it, and of the others."""
    has, likes = theme_matrix()[:, theme] > 0, people.interests[:, theme] > 0
    mine = events.of(np.isin(events.kind, [KIND[kind] for kind in kinds]))
    about = has[mine.product]
    return float(about[likes[mine.person]].mean()), float(about[~likes[mine.person]].mean())


@pytest.mark.parametrize("theme", range(10))
def test_hidden_interest_drives_what_people_view_and_do(theme: int) -> None:
    several = [make_population(7, number, AT) for number in range(3)]
    looks, deeds = np.zeros((2, 3)), np.zeros((2, 3))
    for number, each in enumerate(several):
        events = behave(each, number)
        looks[:, number] = shares(each, events, {"product.viewed"}, theme)
        deeds[:, number] = shares(each, events, {"product.favorited", "advisor.asked", "checkout.started"}, theme)
    like, other = looks.mean(axis=1)
    assert like > 1.35 * other  # a lift, though
    assert other > 0.02  # everybody looks at what is popular
    like, other = deeds.mean(axis=1)
    assert like > 1.35 * other


def test_the_price_that_suits_drives_too(people: Population, events: Behaviour) -> None:
    daily = np.array([product.adult / product.days for product in world.products()])
    seen = events.of(events.kind == KIND["product.viewed"])
    rich = people.taste > np.quantile(people.taste, 0.8)
    poor = people.taste < np.quantile(people.taste, 0.2)
    assert daily[seen.product[rich[seen.person]]].mean() > 1.08 * daily[seen.product[poor[seen.person]]].mean()


def test_yili_is_for_the_summer() -> None:
    people = make_population(7, 0, AT)
    events = behave(people)
    yili = np.array([product.destination == "yili" for product in world.products()])
    seen = events.of(events.kind == KIND["product.viewed"])
    month = np.array([dt.datetime.fromtimestamp(at, SHANGHAI).month for at in seen.at])
    assert yili[seen.product[month == 6]].mean() > 2 * yili[seen.product[month == 10]].mean()


# --- Orders -----------------------------------------------------------------------------------------


def test_orders_come_from_checkouts_and_follow_interest(people: Population, events: Behaviour, orders: list[Order]) -> None:
    checkouts = int((events.kind == KIND["checkout.started"]).sum())
    assert 0.3 * checkouts < len(orders) < 0.6 * checkouts
    liked = [people.interests[order.person] @ (theme_matrix()[order.product] > 0) > 0 for order in orders]
    assert np.mean(liked) > 0.6
    states = {order.state for order in orders}
    assert states >= {"paid", "completed", "closed", "refunded"}


def test_money_and_times_of_an_order_add_up(orders: list[Order], seats: Seats) -> None:
    for order in orders:
        day, product = seats.days[order.departure], world.products()[order.product]
        assert day.product == product.code
        assert order.total == order.adults * day.adult + order.children * day.child
        assert order.adults >= 1
        assert order.adults + order.children <= product.max_people
        assert order.placed_at <= NOW
        assert (order.paid_at is not None) == (order.state in {"paid", "completed", "refunded"})
        assert order.paid_at is None or order.placed_at < order.paid_at < order.placed_at + HOLD_SECONDS
        assert (order.closed_at is not None) == (order.state == "closed")
        assert 0 <= order.refund <= order.total
        assert (order.refund == order.total) == (order.state == "refunded")


def test_full_refunds_were_asked_for_in_time(orders: list[Order], seats: Seats) -> None:
    refunded = [order for order in orders if order.state == "refunded"]
    assert refunded
    for order in refunded:
        departs = dt.datetime.combine(seats.days[order.departure].departs_on, dt.time(8), tzinfo=SHANGHAI).timestamp()
        days = free_until(world.products()[order.product])
        assert order.refunded_at is not None
        assert order.refunded_at <= departs - days * DAY


def test_seats_are_never_sold_twice(people: Population, events: Behaviour) -> None:
    seats = Seats(departure_days(AT.date()))
    orders = list(make_orders(people, events, seats, generator(7, 0, 2), AT))
    taken = np.zeros(len(seats.days), dtype=int)
    for order in orders:
        if order.state in {"placed", "paid", "completed"}:
            taken[order.departure] += order.adults + order.children
    assert [day.seats - free for day, free in zip(seats.days, seats.free, strict=True)] == taken.tolist()
    assert min(seats.free) >= 0


def test_nobody_sells_what_is_full(people: Population) -> None:
    days = departure_days(AT.date())
    seats = Seats(days)
    earliest = AT.date()
    index = seats.take("P05", earliest, 20)
    assert index is not None
    later = seats.take("P05", earliest, 1)
    assert later is not None
    assert days[later].departs_on > days[index].departs_on >= earliest
    assert seats.take("P05", earliest, 21) is None
    seats.give_back(index, 20)
    assert seats.take("P05", earliest, 1) == index


# --- Truth and chat --------------------------------------------------------------------------------------


def test_the_truth_says_what_drove_whom(people: Population) -> None:
    said = chat.make_chats(people, generator(7, 0, 3))
    lines = list(truth.truth_lines(people, 101, said))
    assert len(lines) == CHUNK
    first = interest_names(people.interests[0])
    assert list(first.values()) == sorted(first.values(), reverse=True)
    assert f'"customer_id": 101, "interests": {{"{next(iter(first))}"' in lines[0]


def test_what_people_say_betrays_their_interest_or_nothing(people: Population) -> None:
    said = chat.make_chats(people, generator(7, 0, 3))
    themes = [theme.name for theme in world.themes()]
    for index, sentences in enumerate(said):
        assert not sentences or people.ids.external_userid[index]
        liked = {themes[place] for place in np.flatnonzero(people.interests[index])}
        assert {sentence.theme for sentence in sentences} <= liked | {""}
    flat = [sentence for sentences in said for sentence in sentences]
    assert 0.6 < np.mean([bool(sentence.theme) for sentence in flat]) < 0.85
