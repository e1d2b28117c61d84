"""From an empty database to an agency with a past: one transaction, so that a load that is cut short leaves nothing."""

import dataclasses
import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np
from django.contrib.auth import get_user_model
from django.db import connection, transaction

from catalog.models import Departure, Destination, Product, Resource, Supplier
from core.clock import shanghai_date
from customers.models import Customer
from customers.services.standing import refresh_standing
from orders.models import Order, Payment, Refund
from scrm.demo import truth, world
from scrm.demo.behaviour import make_behaviour
from scrm.demo.chat import make_chats
from scrm.demo.departures import departure_days
from scrm.demo.loader.agency import load_catalog, load_departures, load_staff
from scrm.demo.loader.contracts import load_contracts
from scrm.demo.loader.people import Chunk, Trip, lifecycle_of, write_notes, write_people
from scrm.demo.loader.purchases import Sold, write_orders
from scrm.demo.loader.tables import analyze, continue_ids, empty_everything, next_id
from scrm.demo.population import CHUNK, HISTORY_DAYS, Population, generator, make_population
from scrm.demo.purchases import Order as Bought
from scrm.demo.purchases import Seats, make_orders
from staff.models import User

Say = Callable[[str], None]


class NotEmpty(Exception):
    """There are rows already, and nobody asked to remove them."""


@dataclasses.dataclass(frozen=True)
class Wish:
    """What to load: how many customers and events, from which seed, as of which moment."""

    customers: int
    events: int
    seed: int
    at: dt.datetime


@dataclasses.dataclass
class Story:
    """What later parts of the load need to know about what earlier parts made."""

    wish: Wish
    members: dict[str, User]
    products: dict[str, int]
    seats: Seats
    first_customer: int
    next_order: int = 1
    orders: int = 0


def is_empty() -> bool:
    """Whether nobody works with this database yet."""
    tables = (get_user_model(), Customer, Product, Resource, Supplier, Destination, Order)
    return not any(table._default_manager.exists() for table in tables)


def load_world(wish: Wish, truth_path: Path, say: Say, *, reset: bool = False) -> Story:
    """Agency, catalogue, customers, events and orders, inside the caller's transaction. NotEmpty unless `reset`."""
    if reset:
        empty_everything()
    elif not is_empty():
        raise NotEmpty
    _check_rows_as_they_come(wish)
    members = load_staff()
    days = departure_days(shanghai_date(wish.at), wish.customers)
    products = load_catalog(days)
    load_departures(days, products)
    load_contracts(shanghai_date(wish.at), next(iter(members.values())))
    say(f"{len(members)} staff, {len(products)} products, {len(days)} departures, {Resource.objects.count()} resources")
    story = Story(wish, members, products, Seats(days), next_id(Customer))
    _load_customers(story, truth_path, say)
    continue_ids(Customer, Departure, Order, Payment, Refund)
    refresh_standing()
    analyze()
    return story


def _check_rows_as_they_come(wish: Wish) -> None:
    """Foreign keys are checked per statement (a queue of millions would not fit in memory), partitions made first."""
    first = wish.at - dt.timedelta(days=HISTORY_DAYS + 1)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT core_ensure_event_partitions(%s, %s)", [first.date(), (wish.at + dt.timedelta(days=92)).date()])


def _load_customers(story: Story, truth_path: Path, say: Say) -> None:
    wish, started, told = story.wish, time.monotonic(), 0.0
    chunks = -(-wish.customers // CHUNK)
    beside = truth_path.with_name(f"{truth_path.name}.new")
    with beside.open("w", encoding="utf-8") as lines:
        for chunk in range(chunks):
            _load_chunk(story, chunk, lines)
            if time.monotonic() - told > 2 or chunk == chunks - 1:
                told, done = time.monotonic(), min((chunk + 1) * CHUNK, wish.customers)
                say(f"{done:,} of {wish.customers:,} customers, {story.orders:,} orders, {told - started:.1f} s")
    transaction.on_commit(lambda: beside.replace(truth_path))


def _load_chunk(story: Story, number: int, truth_lines: IO[str]) -> None:
    wish = story.wish
    people = make_population(wish.seed, number, wish.at).head(min(CHUNK, wish.customers - number * CHUNK))
    behaviour = make_behaviour(people, generator(wish.seed, number, 1), wish.at, wish.events / wish.customers)
    first_id = story.first_customer + people.start
    sold = _sell(
        story, people, first_id, list(make_orders(people, behaviour, story.seats, generator(wish.seed, number, 2), wish.at))
    )
    chunk = Chunk(people, behaviour, first_id, lifecycle_of(people, behaviour, _trips(story, sold, first_id), wish.at), wish.at)
    said = make_chats(people, generator(wish.seed, number, 3))
    rng = generator(wish.seed, number, 4)
    with connection.cursor() as cursor:
        write_people(cursor, chunk, story.members, rng)
        write_notes(cursor, chunk, said, story.members, rng)
        write_orders(cursor, sold, story.seats)
    truth_lines.writelines(truth.truth_lines(people, first_id, said))


def _sell(story: Story, people: Population, first_id: int, orders: list[Bought]) -> list[Sold]:
    codes = [product.code for product in world.products()]
    sold = [
        Sold(
            story.next_order + i,
            order,
            first_id + order.person,
            story.products[codes[order.product]],
            people.ids.openid[order.person],
        )
        for i, order in enumerate(orders)
    ]
    story.next_order += len(sold)
    story.orders += len(sold)
    return sold


def _trips(story: Story, sold: list[Sold], first_id: int) -> dict[int, list[Trip]]:
    trips: dict[int, list[Trip]] = {}
    for one in sold:
        day, length = story.seats.days[one.order.departure].departs_on, world.products()[one.order.product].days
        trip = Trip(one.order.state, day, day + dt.timedelta(days=length))
        trips.setdefault(one.customer_id - first_id, []).append(trip)
    return trips


def random_of(story: Story, use: int) -> np.random.Generator:
    """Random numbers for a part of the load that belongs to no chunk."""
    return generator(story.wish.seed, 1_000_000, use)
