"""The lines of an order: pieces taken at the price of the moment, given back, fetched by their code."""

import dataclasses
import datetime as dt
import secrets
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from catalog.choices import SaleState
from catalog.models import Departure, Product
from catalog.services.products import TakenSeats, free_seats, retake_seats, take_seats
from core import clock
from core.errors import BadInput, Refused
from core.money import ZERO
from orders.choices import LineKind, OfferKind, OfferState
from orders.models import Offer, Order, OrderLine

MOST_LINES = 12
CODE_DIGITS = 12


@dataclasses.dataclass(frozen=True)
class Trip:
    """A wish for seats of a departure."""

    product: Product
    departs_on: dt.date
    adults: int
    children: int = 0

    @property
    def people(self) -> int:
        """Seats it takes."""
        return self.adults + self.children


@dataclasses.dataclass(frozen=True)
class Service:
    """A wish for pieces of an offer on a day."""

    offer: Offer
    day: dt.date
    quantity: int


Wish = Trip | Service


def check_wishes(wishes: Sequence[Wish]) -> None:
    """BadInput for what can never be had; Refused (not_on_sale, group_size, too_many) for what is not sold like that."""
    if not wishes or len(wishes) > MOST_LINES:
        raise BadInput(_("Please choose what to order."), {"items": _("must be 1 to %(most)s") % {"most": MOST_LINES}})
    places = [place_of(wish) for wish in wishes]
    if len(set(places)) < len(places):
        raise BadInput(_("The same thing on the same day stands there twice."), {"items": _("must differ")})
    for wish in wishes:
        if isinstance(wish, Trip):
            _check_trip(wish)
        else:
            _check_service(wish)


def _check_trip(wish: Trip) -> None:
    if wish.departs_on <= clock.today():
        raise BadInput(_("Please choose a coming date."), {"departs_on": _("must be after today")})
    if wish.adults < 1 or wish.children < 0:
        raise BadInput(_("At least one adult travels."), {"adults": _("must be at least 1")})
    product = wish.product
    if product.state != SaleState.ON_SALE:
        raise Refused(_("This product is not on sale at the moment."), "not_on_sale")
    if not product.min_people <= wish.people <= product.max_people:
        limits = {"low": product.min_people, "high": product.max_people}
        raise Refused(_("This trip takes %(low)s to %(high)s people per order.") % limits, "group_size")


def _check_service(wish: Service) -> None:
    if wish.quantity < 1:
        raise BadInput(_("Please choose how many."), {"quantity": _("must be at least 1")})
    if wish.day < clock.today():
        raise BadInput(_("Please choose a coming date."), {"day": _("must not be in the past")})
    if wish.offer.state != OfferState.ON_SALE:
        raise Refused(_("This product is not on sale at the moment."), "not_on_sale")
    if wish.quantity > wish.offer.most_per_order:
        raise Refused(_("At most %(most)s of it per order.") % {"most": wish.offer.most_per_order}, "too_many")


def place_of(wish: Wish) -> tuple[int, dt.date]:
    """Product and day: where the pieces of a wish are held."""
    if isinstance(wish, Trip):
        return wish.product.pk, wish.departs_on
    return wish.offer.product_id, wish.day


def take_lines(wishes: Sequence[Wish]) -> list[OrderLine]:
    """Hold what is wished for, all of it or (in the caller's transaction) nothing; the lines, not yet kept.

    Rows are taken in the order of their place, so that two orders never wait for each other. Refused (no_departure,
    not_on_sale, sold_out, no_price).
    """
    check_wishes(wishes)
    taken = {place_of(wish): _take(wish) for wish in sorted(wishes, key=place_of)}
    return _number([line for wish in wishes for line in _lines_of(wish, taken[place_of(wish)])])


def price_lines(wishes: Sequence[Wish]) -> list[OrderLine]:
    """What `take_lines` would give now, without holding anything."""
    check_wishes(wishes)
    found = Departure.objects.filter(product_id__in={place_of(wish)[0] for wish in wishes})
    held = {(one.product_id, one.departs_on): one for one in found.filter(departs_on__in={place_of(wish)[1] for wish in wishes})}
    lines = []
    for wish in wishes:
        day = held.get(place_of(wish))
        pieces = wish.people if isinstance(wish, Trip) else wish.quantity
        if day is None:
            raise Refused(_("There is no departure on this date."), "no_departure")
        if day.is_closed:
            raise Refused(_("This date is no longer on sale."), "not_on_sale")
        if day.seats - day.seats_taken < pieces:
            raise Refused(_("This date is sold out."), "sold_out")
        lines += _lines_of(wish, TakenSeats(day.pk, day.adult_amount, day.child_amount))
    return _number(lines)


def _take(wish: Wish) -> TakenSeats:
    if isinstance(wish, Trip):
        return take_seats(product=wish.product, day=wish.departs_on, people=wish.people)
    return take_seats(product=wish.offer.product, day=wish.day, people=wish.quantity)


def _lines_of(wish: Wish, seats: TakenSeats) -> list[OrderLine]:
    if isinstance(wish, Service):
        product = wish.offer.product
        shared = {"departure_id": seats.departure_id, "starts_on": wish.day, "terms": product.cancellation}
        lines = [_line(LineKind.SERVICE, product.name, wish.quantity, seats.adult_amount, offer=wish.offer, **shared)]
    else:
        product = wish.product
        shared = {"departure_id": seats.departure_id, "starts_on": wish.departs_on, "terms": product.cancellation}
        lines = [_line(LineKind.ADULT, product.name, wish.adults, seats.adult_amount, **shared)]
        if wish.children:
            lines.append(_line(LineKind.CHILD, product.name, wish.children, seats.child_amount, **shared))
    if sum((line.total_amount for line in lines), ZERO) <= 0:
        raise Refused(_("This date has no price yet."), "no_price")
    return lines


def _line(kind: str, name: str, quantity: int, unit: Decimal, **more: Any) -> OrderLine:
    return OrderLine(kind=kind, name=name[:80], quantity=quantity, unit_amount=unit, **more)


def _number(lines: list[OrderLine]) -> list[OrderLine]:
    for position, line in enumerate(lines, start=1):
        line.position = position
    return lines


def keep_lines(order: Order, lines: Iterable[OrderLine]) -> None:
    """Write the lines of a new order."""
    for line in lines:
        line.order = order
    OrderLine.objects.bulk_create(lines)


_FILL = """
INSERT INTO orders_orderline
    (order_id, position, kind, name, departure_id, starts_on, quantity, unit_amount, terms, returned_quantity)
SELECT bought.id, part.position, part.kind, left(product.name, 80), CASE WHEN part.kind <> 'supplement' THEN departure.id END,
    departure.departs_on, part.quantity, part.unit, product.cancellation,
    CASE WHEN bought.state = 'refunded' THEN part.quantity ELSE 0 END
FROM orders_order AS bought JOIN catalog_departure AS departure ON departure.id = bought.departure_id
JOIN catalog_product AS product ON product.id = bought.product_id
CROSS JOIN LATERAL (VALUES
    (1, 'adult', bought.adults, bought.adult_amount), (2, 'child', bought.children, bought.child_amount),
    (3, 'supplement', CASE WHEN bought.extra_amount <> 0 THEN 1 ELSE 0 END, bought.extra_amount)
) AS part (position, kind, quantity, unit)
WHERE part.quantity > 0 AND bought.id BETWEEN %s AND %s
    AND NOT EXISTS (SELECT FROM orders_orderline AS line WHERE line.order_id = bought.id)
"""


def fill_lines(first_id: int, last_id: int) -> int:
    """Write the lines of orders in a range that were written in bulk without any; how many lines."""
    with connection.cursor() as cursor:
        cursor.execute(_FILL, [first_id, last_id])
        return int(cursor.rowcount)


def held_places(order: Order) -> list[tuple[int, int]]:
    """(departure, pieces) of everything the order holds, in the order in which places are taken.

    An order without lines (made by hand, or brought over) holds its own seats.
    """
    lines = order.lines.filter(departure__isnull=False).order_by("departure__product_id", "departure__departs_on")
    held: dict[int, int] = {}
    for departure_id, quantity, returned in lines.values_list("departure_id", "quantity", "returned_quantity"):
        held[departure_id or 0] = held.get(departure_id or 0, 0) + quantity - returned
    if not held:
        return [(order.departure_id, order.people)]
    return [(departure_id, pieces) for departure_id, pieces in held.items() if pieces]


def free_places(order: Order) -> None:
    """Let others have everything the order holds."""
    for departure_id, pieces in held_places(order):
        free_seats(departure_id=departure_id, people=pieces)


def retake_places(order: Order) -> bool:
    """Hold everything of a closed order again; False, with nothing held, where one of it is gone."""
    try:
        with transaction.atomic():
            for departure_id, pieces in held_places(order):
                if not retake_seats(departure_id=departure_id, people=pieces):
                    raise Refused(_("This date is sold out."), "sold_out")
    except Refused:
        return False
    return True


# --- codes: what a service is fetched with ---------------------------------------------------------------


def issue_codes(order: Order) -> None:
    """Give each line of a service its code and its last moment, once the order is paid. Doing it twice changes nothing."""
    for line in order.lines.filter(kind=LineKind.SERVICE, code__isnull=True):
        line.code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        line.valid_until = clock.day_bounds(line.starts_on or clock.today())[1]
        line.save(update_fields=["code", "valid_until"])


_SET_ASIDE = """
UPDATE orders_orderline SET returned_quantity = returned_quantity + %(pieces)s
WHERE id = %(line)s AND order_id = %(order)s AND quantity - redeemed_quantity - returned_quantity >= %(pieces)s AND %(pieces)s > 0
"""
_PUT_BACK = "UPDATE orders_orderline SET returned_quantity = greatest(returned_quantity - %s, 0) WHERE id = %s"
_REDEEM = """
UPDATE orders_orderline AS line SET redeemed_quantity = redeemed_quantity + %(pieces)s
FROM orders_order AS bought WHERE line.id = %(line)s AND bought.id = line.order_id AND bought.state IN ('paid', 'completed')
    AND line.valid_until > %(at)s AND line.quantity - line.redeemed_quantity - line.returned_quantity >= %(pieces)s
"""
_UNREDEEM = "UPDATE orders_orderline SET redeemed_quantity = redeemed_quantity - %s WHERE id = %s"


def set_pieces_aside(order_id: int, pieces: Mapping[int, int]) -> None:
    """Take pieces that are being given back out of what can be redeemed. Refused (redeemed) when one is not there any more."""
    with connection.cursor() as cursor:
        for line_id, number in sorted(pieces.items()):
            cursor.execute(_SET_ASIDE, {"line": line_id, "order": order_id, "pieces": number})
            if cursor.rowcount != 1:
                raise Refused(_("Some of this was redeemed or given back already."), "redeemed")


def put_pieces_back(pieces: Mapping[int, int]) -> None:
    """What was set aside is the customer's again: the refund does not take place."""
    with connection.cursor() as cursor:
        for line_id, number in sorted(pieces.items()):
            cursor.execute(_PUT_BACK, [number, line_id])


def free_pieces(pieces: Mapping[int, int]) -> None:
    """Let others have what was given up."""
    for line in OrderLine.objects.filter(pk__in=pieces, departure__isnull=False).order_by(
        "departure__product_id", "departure__departs_on"
    ):
        free_seats(departure_id=line.departure_id or 0, people=pieces[line.pk])


def redeem_pieces(line: OrderLine, pieces: int, at: dt.datetime) -> None:
    """Hand out pieces of a paid line by one conditional UPDATE: against another redemption, a refund and the last moment
    alike. Refused (expired, not_paid, not_today, redeemed) with nothing changed; ValueError for no pieces."""
    if pieces < 1:
        raise ValueError("at least one piece")
    if (
        line.offer is not None
        and line.offer.kind != OfferKind.GOODS
        and line.starts_on
        and line.starts_on > clock.shanghai_date(at)
    ):
        raise Refused(_("This is for %(day)s.") % {"day": line.starts_on.isoformat()}, "not_today")
    with connection.cursor() as cursor:
        cursor.execute(_REDEEM, {"line": line.pk, "pieces": pieces, "at": at})
        if cursor.rowcount == 1:
            return
    line.refresh_from_db()
    if line.valid_until is None or line.order.state not in {"paid", "completed"}:
        raise Refused(_("This order is not paid, or was given back."), "not_paid")
    if line.valid_until <= at:
        raise Refused(_("This code has expired."), "expired")
    raise Refused(_("This was redeemed or given back already; %(left)s left.") % {"left": line.open_quantity}, "redeemed")


def take_redemption_back(line_id: int, pieces: int) -> None:
    """A redemption was a mistake: the pieces are the customer's again."""
    with connection.cursor() as cursor:
        cursor.execute(_UNREDEEM, [pieces, line_id])
