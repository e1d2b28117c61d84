"""Products: the price calendar, the sale, the seats."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine

from catalog.choices import SaleState
from catalog.models import Departure, Destination, Product
from catalog.rules import days_of, month_grid
from catalog.services.products import CalendarChange, edit_calendar, free_seats, pause_sale, put_on_sale, retake_seats, take_seats
from core.errors import BadInput, Refused
from staff.models import AuditEntry, User

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 24, 4, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _today() -> object:
    with time_machine.travel(NOON):
        yield


@pytest.fixture
def product() -> Product:
    destination = Destination.objects.create(code="yunnan", name="云南", cities=["大理"])
    return Product.objects.create(code="P01", name="大理6日", destination=destination, days=6, price_from_amount=9999)


@pytest.fixture
def planner() -> User:
    return User.objects.create(username="planner", role="planner")


ALL = CalendarChange(adult_amount=Decimal("4280.00"), child_amount=Decimal("3180.00"), seats=10, is_closed=False)


def day(number: int, month: int = 12) -> dt.date:
    return dt.date(2026, month, number)


def dates() -> list[tuple[int, str, int, bool]]:
    rows = Departure.objects.order_by("departs_on").values_list("departs_on", "adult_amount", "seats", "is_closed")
    return [(on.day, str(price), seats, closed) for on, price, seats, closed in rows]


def test_a_bulk_edit_makes_dates_on_chosen_weekdays(product: Product, planner: User) -> None:
    count = edit_calendar(product=product, first=day(1), last=day(14), weekdays=[2, 6], change=ALL, user=planner)
    assert count == 4
    assert dates() == [
        (1, "4280.00", 10, False),
        (5, "4280.00", 10, False),
        (8, "4280.00", 10, False),
        (12, "4280.00", 10, False),
    ]
    product.refresh_from_db()
    assert product.price_from_amount == Decimal("4280.00")
    assert AuditEntry.objects.get().action == "product.calendar"


def test_a_partial_edit_changes_only_dates_there_are(product: Product, planner: User) -> None:
    edit_calendar(product=product, first=day(1), last=day(3), change=ALL, user=planner)
    assert (
        edit_calendar(product=product, first=day(3), last=day(9), change=CalendarChange(adult_amount=Decimal(3990)), user=planner)
        == 1
    )
    assert edit_calendar(product=product, first=day(1), last=day(1), change=CalendarChange(is_closed=True), user=planner) == 1
    assert dates() == [(1, "4280.00", 10, True), (2, "4280.00", 10, False), (3, "3990.00", 10, False)]
    product.refresh_from_db()
    assert product.price_from_amount == Decimal("3990.00")


def test_seats_never_go_below_what_is_sold(product: Product, planner: User) -> None:
    edit_calendar(product=product, first=day(1), last=day(3), change=ALL, user=planner)
    take_seats(product=product, day=day(2), people=6)
    with pytest.raises(Refused) as caught:
        edit_calendar(
            product=product, first=day(1), last=day(3), change=CalendarChange(seats=5, adult_amount=Decimal(1)), user=planner
        )
    assert caught.value.code == "below_sold"
    assert "2026-12-02" in caught.value.message
    assert [row[1:3] for row in dates()] == [("4280.00", 10)] * 3
    edit_calendar(product=product, first=day(1), last=day(3), change=CalendarChange(seats=6), user=planner)


def test_the_past_is_not_edited_and_ranges_are_checked(product: Product, planner: User) -> None:
    edit_calendar(product=product, first=day(20, 11), last=day(25, 11), change=ALL, user=planner)
    assert [row[0] for row in dates()] == [25]
    for first, last, change in (
        (day(5), day(4), ALL),
        (day(1), day(31) + dt.timedelta(days=366), ALL),
        (day(1), day(2), CalendarChange()),
        (day(1, 11), day(2, 11), ALL),
    ):
        with pytest.raises(BadInput):
            edit_calendar(product=product, first=first, last=last, change=change, user=planner)


def test_going_on_sale_needs_a_date(product: Product, planner: User) -> None:
    with pytest.raises(Refused):
        put_on_sale(product=product, user=planner)
    edit_calendar(product=product, first=day(1), last=day(1), change=ALL, user=planner)
    put_on_sale(product=product, user=planner)
    pause_sale(product=product, user=planner)
    pause_sale(product=product, user=planner)
    product.refresh_from_db()
    assert product.state == SaleState.PAUSED
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["product.calendar", "product.on_sale", "product.paused"]


def test_seats_are_taken_and_given_back(product: Product, planner: User) -> None:
    edit_calendar(product=product, first=day(1), last=day(1), change=ALL, user=planner)
    held = take_seats(product=product, day=day(1), people=7)
    assert (held.adult_amount, held.child_amount) == (Decimal("4280.00"), Decimal("3180.00"))
    with pytest.raises(Refused) as caught:
        take_seats(product=product, day=day(1), people=4)
    assert "3" in caught.value.message
    free_seats(departure_id=held.departure_id, people=7)
    assert Departure.objects.get().seats_taken == 0
    Departure.objects.update(is_closed=True)
    assert retake_seats(departure_id=held.departure_id, people=10)
    assert not retake_seats(departure_id=held.departure_id, people=1)


def test_days_and_the_month_grid() -> None:
    assert [d.day for d in days_of(day(1), day(7), [1, 7])] == [6, 7]
    weeks = month_grid(dt.date(2026, 11, 15))
    assert [len(week) for week in weeks] == [7] * 6
    assert (weeks[0][0].date, weeks[0][6].date) == (dt.date(2026, 10, 26), dt.date(2026, 11, 1))
    assert sum(cell.in_month for week in weeks for cell in week) == 30
    assert len(month_grid(dt.date(2027, 2, 1))) == 4
