"""What invented customers buy: checkouts that become orders, are paid or not, travelled or given back.

Orders take seats of departures as they come; an order whose product has no seats left in time is never placed.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator

import numpy as np

from core.clock import SHANGHAI
from scrm.demo import world
from scrm.demo.behaviour import KIND, Behaviour
from scrm.demo.departures import DepartureDay
from scrm.demo.population import DAY, STAGES, Population

HOLD_SECONDS = 1800
_ORDERS_OF_CHECKOUTS, _PAID, _CANCELLED, _COMPENSATED = 0.42, 0.82, 0.06, 0.03
_LEAD_DAYS, _LEAD_LEAST, _LEAD_MOST = 24.0, 3, 120
_WAIT_SECONDS = 600.0


@dataclasses.dataclass(frozen=True)
class Order:
    """One order. Times are seconds since 1970, None where it never happened; `departure` is an index into the departures.

    `state` is placed, paid, completed, closed or refunded; `refund` the amount given back in yuan: all of it when refunded.
    """

    person: int
    departure: int
    product: int
    adults: int
    children: int
    state: str
    placed_at: float
    paid_at: float | None
    closed_at: float | None
    refunded_at: float | None
    total: int
    refund: int


class Seats:
    """The departures by product and date, and how many seats of each are still free."""

    def __init__(self, days: list[DepartureDay]) -> None:
        self.days = days
        self.free = [day.seats for day in days]
        self._of_product: dict[str, list[int]] = {}
        for index, day in enumerate(days):
            self._of_product.setdefault(day.product, []).append(index)

    def take(self, product: str, earliest: dt.date, people: int) -> int | None:
        """Seats on the first departure from `earliest` on that has enough of them."""
        for index in self._of_product.get(product, ()):
            if self.days[index].departs_on >= earliest and self.free[index] >= people:
                self.free[index] -= people
                return index
        return None

    def give_back(self, index: int, people: int) -> None:
        """Free seats again."""
        self.free[index] += people


def make_orders(
    people: Population, behaviour: Behaviour, seats: Seats, rng: np.random.Generator, at: dt.datetime
) -> Iterator[Order]:
    """The orders of a chunk, by the time they were placed."""
    checkouts = np.flatnonzero(behaviour.kind == KIND["checkout.started"])
    checkouts = checkouts[rng.random(len(checkouts)) < _ORDERS_OF_CHECKOUTS]
    for row in checkouts[np.argsort(behaviour.at[checkouts])]:
        person, product = int(behaviour.person[row]), int(behaviour.product[row])
        placed = float(behaviour.at[row]) + 40 + 200 * rng.random()
        order = order_of(people, person, product, placed, seats, rng, at.timestamp())
        if order:
            yield order


def order_of(
    people: Population, person: int, product: int, placed: float, seats: Seats, rng: np.random.Generator, now: float
) -> Order | None:
    """What comes of one person's wish to buy a product: an order with its fate, or None where no seats are left."""
    item = world.products()[product]
    adults, children = party(people, person, item, rng)
    lead = float(np.clip(rng.exponential(_LEAD_DAYS), _LEAD_LEAST, _LEAD_MOST))
    earliest = dt.datetime.fromtimestamp(placed + lead * DAY, SHANGHAI).date()
    index = seats.take(item.code, earliest, adults + children)
    if index is None or placed > now:
        return None
    day = seats.days[index]
    total = adults * day.adult + children * day.child
    return _with_fate(
        Order(person, index, product, adults, children, "placed", placed, None, None, None, total, 0), seats, rng, now
    )


def party(people: Population, person: int, product: world.Product, rng: np.random.Generator) -> tuple[int, int]:
    """Who travels: by stage of life, at most as many as a group holds."""
    stage, draw = STAGES[people.stage[person]], rng.random()
    children = len(people.child_ages[person])
    adults = {
        "single": 1 if draw < 0.35 else 2 if draw < 0.8 else 3,
        "couple": 2,
        "empty_nest": 2 if draw < 0.8 else 4,
        "senior": 2 if draw < 0.7 else 4,
    }.get(stage, 1 if draw < 0.14 else 2 if draw < 0.82 else 4)
    children = min(children, product.max_people - 1)
    return min(adults, product.max_people - children), children


def _with_fate(order: Order, seats: Seats, rng: np.random.Generator, now: float) -> Order:
    paid = order.placed_at + 45 + min(float(rng.exponential(_WAIT_SECONDS)) * 0.4, HOLD_SECONDS - 120)
    if rng.random() >= _PAID:
        return _unpaid(order, seats, now)
    if paid >= now:
        return order
    order = dataclasses.replace(order, state="paid", paid_at=paid)
    fate = rng.random()
    if fate < _CANCELLED:
        return _given_back(order, seats, rng, now)
    if fate < _CANCELLED + _COMPENSATED:
        order = _compensated(order, rng, now)
    day, item = seats.days[order.departure], world.products()[order.product]
    back = dt.datetime.combine(day.departs_on + dt.timedelta(days=item.days), dt.time(), tzinfo=SHANGHAI)
    return dataclasses.replace(order, state="completed") if back.timestamp() < now else order


def _unpaid(order: Order, seats: Seats, now: float) -> Order:
    closed = order.placed_at + HOLD_SECONDS
    if closed >= now:
        return order
    seats.give_back(order.departure, order.adults + order.children)
    return dataclasses.replace(order, state="closed", closed_at=closed)


def _given_back(order: Order, seats: Seats, rng: np.random.Generator, now: float) -> Order:
    """Cancelled while that costs nothing, and refunded in full; where that time never was, the trip goes ahead."""
    paid, day = order.paid_at or order.placed_at, seats.days[order.departure]
    departs = dt.datetime.combine(day.departs_on, dt.time(8), tzinfo=SHANGHAI).timestamp()
    latest = departs - free_until(world.products()[order.product]) * DAY
    refunded = paid + (latest - paid) * float(rng.uniform(0.05, 0.95))
    if latest <= paid + DAY or refunded >= now:
        return order
    seats.give_back(order.departure, order.adults + order.children)
    return dataclasses.replace(order, state="refunded", refunded_at=refunded, refund=order.total)


def _compensated(order: Order, rng: np.random.Generator, now: float) -> Order:
    """Something went wrong: a small part of the price is given back, the order stays what it is."""
    refunded = (order.paid_at or order.placed_at) + float(rng.uniform(2, 30)) * DAY
    amount = round(order.total * float(rng.uniform(0.03, 0.12)) / 10) * 10
    return dataclasses.replace(order, refunded_at=refunded, refund=amount) if refunded < now else order


def free_until(product: world.Product) -> int:
    """How many days before departure a customer may still cancel without a fee."""
    return min(tier["days_before"] for tier in world.terms()[product.terms].cancellation if tier["fee_percent"] == 0)
