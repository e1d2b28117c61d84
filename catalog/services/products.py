"""Products and their price calendar; the seats that orders hold."""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from catalog.choices import SaleState
from catalog.models import Departure, Product
from catalog.rules import ALL_WEEKDAYS, LONGEST_EDIT_DAYS, days_of
from core import clock
from core.errors import BadInput, Refused
from staff.models import User
from staff.services import write_audit


@dataclasses.dataclass(frozen=True)
class TakenSeats:
    """Seats held on a departure, and the prices that held in the same moment."""

    departure_id: int
    adult_amount: Decimal
    child_amount: Decimal


_TAKE = """
UPDATE catalog_departure SET seats_taken = seats_taken + %(people)s
WHERE product_id = %(product)s AND departs_on = %(day)s AND NOT is_closed AND seats_taken + %(people)s <= seats
RETURNING id, adult_amount, child_amount
"""
_RETAKE = """
UPDATE catalog_departure SET seats_taken = seats_taken + %(people)s
WHERE id = %(departure)s AND departs_on > %(today)s AND seats_taken + %(people)s <= seats
"""
_FREE = "UPDATE catalog_departure SET seats_taken = seats_taken - %s WHERE id = %s"


def take_seats(*, product: Product, day: dt.date, people: int) -> TakenSeats:
    """Hold seats by one conditional UPDATE: whatever the crowd, never more than there are.

    Refused (no_departure, not_on_sale, sold_out) with nothing changed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"people": people, "product": product.pk, "day": day})
        row = cursor.fetchone()
    if row is None:
        raise _why_not(product, day, people)
    return TakenSeats(*row)


def _why_not(product: Product, day: dt.date, people: int) -> Refused:
    departure = Departure.objects.filter(product=product, departs_on=day).first()
    if departure is None:
        return Refused(_("There is no departure on this date."), "no_departure")
    if departure.is_closed:
        return Refused(_("This date is no longer on sale."), "not_on_sale")
    left = departure.seats - departure.seats_taken
    if left <= 0:
        return Refused(_("This date is sold out."), "sold_out")
    return Refused(_("Only %(left)s seats are left on this date.") % {"left": left}, "sold_out")


def retake_seats(*, departure_id: int, people: int) -> bool:
    """Hold seats of a known departure again, even where its sale was stopped; False when they are gone or it has left."""
    with connection.cursor() as cursor:
        cursor.execute(_RETAKE, {"people": people, "departure": departure_id, "today": clock.today()})
        return bool(cursor.rowcount == 1)


def free_seats(*, departure_id: int, people: int) -> None:
    """Give seats back."""
    with connection.cursor() as cursor:
        cursor.execute(_FREE, [people, departure_id])


@dataclasses.dataclass(frozen=True)
class CalendarChange:
    """What a bulk edit sets; None leaves a value as it is. A new date needs both prices and the seats."""

    adult_amount: Decimal | None = None
    child_amount: Decimal | None = None
    seats: int | None = None
    is_closed: bool | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it would change nothing."""
        return self == CalendarChange()

    @property
    def is_complete(self) -> bool:
        """Whether it says all that a new date needs."""
        return None not in (self.adult_amount, self.child_amount, self.seats)


_EDIT = """
INSERT INTO catalog_departure (product_id, departs_on, adult_amount, child_amount, seats, seats_taken, is_closed)
SELECT %(product)s, day, %(adult)s, %(child)s, %(seats)s, 0, coalesce(%(closed)s, false) FROM unnest(%(days)s::date[]) AS day
ON CONFLICT (product_id, departs_on) DO NOTHING
"""
_CHANGE = """
UPDATE catalog_departure SET adult_amount = coalesce(%(adult)s, adult_amount), child_amount = coalesce(%(child)s, child_amount),
    seats = coalesce(%(seats)s, seats), is_closed = coalesce(%(closed)s, is_closed)
WHERE product_id = %(product)s AND departs_on = ANY(%(days)s::date[])
"""
_OVERSOLD = """
SELECT departs_on FROM catalog_departure
WHERE product_id = %(product)s AND departs_on = ANY(%(days)s::date[]) AND seats_taken > %(seats)s ORDER BY departs_on
"""
_PRICE_FROM = """
UPDATE catalog_product SET price_from_amount = lowest.amount
FROM (SELECT min(adult_amount) AS amount FROM catalog_departure
      WHERE product_id = %(product)s AND departs_on > %(today)s AND NOT is_closed) AS lowest
WHERE id = %(product)s AND lowest.amount IS NOT NULL AND price_from_amount <> lowest.amount
"""


def edit_calendar(
    *, product: Product, first: dt.date, last: dt.date, change: CalendarChange, user: User, weekdays: Iterable[int] = ALL_WEEKDAYS
) -> int:
    """Set prices, seats or the sale of every matching day from `first` to `last`; the number of days.

    Days without a departure get one where the change says all it needs. BadInput for an impossible range; Refused
    (below_sold) when a date has sold more seats than it would have, with nothing changed.
    """
    days = _editable_days(first, last, weekdays, change)
    keys: dict[str, Any] = {
        "product": product.pk, "days": days, "adult": change.adult_amount, "child": change.child_amount,
        "seats": change.seats, "closed": change.is_closed, "today": clock.today(),
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        Product.objects.select_for_update().get(pk=product.pk)
        if change.seats is not None:
            cursor.execute(_OVERSOLD, keys)
            sold = [day for (day,) in cursor.fetchall()]
            if sold:
                text = _("%(day)s has sold more seats than that.") % {"day": sold[0].isoformat()}
                raise Refused(text, "below_sold")
        cursor.execute(_CHANGE, keys)
        touched = int(cursor.rowcount)
        if change.is_complete:
            cursor.execute(_EDIT, keys)
            touched += cursor.rowcount
        cursor.execute(_PRICE_FROM, keys)
        detail = {"from": first.isoformat(), "to": last.isoformat(), "days": touched, **_plain(change)}
        write_audit(actor=user, action="product.calendar", obj=product, detail=detail)
    return touched


def _editable_days(first: dt.date, last: dt.date, weekdays: Iterable[int], change: CalendarChange) -> list[dt.date]:
    if change.is_empty:
        raise BadInput(_("Nothing to change was given."))
    if last < first:
        raise BadInput(_("The last day is before the first."), {"last": _("before the first day")})
    if (last - first).days >= LONGEST_EDIT_DAYS:
        raise BadInput(_("At most one year can be changed at once."), {"last": _("more than a year after the first day")})
    days = [day for day in days_of(first, last, weekdays) if day > clock.today()]
    if not days:
        raise BadInput(_("No coming day in this range falls on these weekdays."), {"weekdays": _("no such day")})
    return days


def _plain(change: CalendarChange) -> dict[str, str]:
    return {name: str(value) for name, value in dataclasses.asdict(change).items() if value is not None}


def put_on_sale(*, product: Product, user: User) -> None:
    """Let customers see and order the product. Refused without a coming departure that can be sold."""
    coming = Departure.objects.filter(product=product, departs_on__gt=clock.today(), is_closed=False)
    if not coming.filter(seats__gt=0, adult_amount__gt=0).exists():
        raise Refused(_("Give the product at least one coming date with a price and seats first."), "no_departures")
    _set_state(product, SaleState.ON_SALE, user)


def pause_sale(*, product: Product, user: User) -> None:
    """Hide the product from customers. Orders placed already go on."""
    _set_state(product, SaleState.PAUSED, user)


def _set_state(product: Product, state: SaleState, user: User) -> None:
    with transaction.atomic():
        if Product.objects.filter(pk=product.pk).exclude(state=state).update(state=state):
            write_audit(actor=user, action=f"product.{state.value}", obj=product)
    product.state = state
