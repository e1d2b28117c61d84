"""The departure board, and everything about one sold trip."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from django.db.models import Count, Exists, OuterRef, Q

from core import clock
from customers.models import Traveller
from itinerary.choices import BookingState
from itinerary.models import Itinerary, Trip
from orders.models import Instalment
from staff.models import User

OPEN_BOOKINGS = (BookingState.WANTED, BookingState.HELD, BookingState.FAILED)
AHEAD, BACK = 90, 3  # days of the board


@dataclasses.dataclass(frozen=True)
class Departing:
    """A trip of the board: T minus `days`, what is open."""

    trip: Trip
    days: int
    open_bookings: int
    bookings: int
    named: int
    people: int
    papers: int
    unpaid: bool

    @property
    def is_ready(self) -> bool:
        """Nothing is open."""
        return not (self.open_bookings or self.papers or self.unpaid) and self.named >= self.people

    @property
    def tone(self) -> str:
        """Red where something is open within three days, yellow within a week."""
        if self.is_ready:
            return "good"
        return "bad" if self.days <= 3 else "warn" if self.days <= 7 else ""


def departures(user: User, today: dt.date | None = None) -> list[Departing]:
    """The trips in the user's scope that leave soon or are under way, by date. One query."""
    today = today or clock.today()
    mine = Itinerary.objects.visible_to(user)
    unpaid = Instalment.objects.filter(order=OuterRef("order"), paid_at__isnull=True)
    rows = (
        Trip.objects.filter(itinerary__in=mine, ends_on__gte=today, starts_on__lte=today + dt.timedelta(days=AHEAD))
        .exclude(itinerary__stage="lost")
        .select_related("itinerary__customer", "itinerary__owner", "order")
        .annotate(
            all_bookings=Count("bookings", distinct=True, filter=~Q(bookings__state__in=["replaced", "cancelled"])),
            waiting=Count("bookings", distinct=True, filter=Q(bookings__state__in=OPEN_BOOKINGS)),
            named=Count("passengers", distinct=True),
            papers=Count("documents", distinct=True, filter=Q(documents__is_ready=False)),
            unpaid=Exists(unpaid),
        )
        .order_by("starts_on", "pk")
    )
    return [_departing(row, today) for row in rows]


def _departing(row: Trip, today: dt.date) -> Departing:
    people = row.itinerary.adults + len(row.itinerary.child_ages)
    counts = (row.waiting, row.all_bookings, row.named)  # type: ignore[attr-defined]
    return Departing(row, (row.starts_on - today).days, *counts, people, row.papers, row.unpaid)  # type: ignore[attr-defined]


def trip_for(user: User, no: str) -> Trip | None:
    """The trip of that itinerary number, if the user may see it."""
    mine = Itinerary.objects.visible_to(user).filter(no=no)
    rows = Trip.objects.filter(itinerary__in=mine).select_related(
        "itinerary__customer", "itinerary__owner", "order", "quote_version"
    )
    return rows.first()


@dataclasses.dataclass(frozen=True)
class Named:
    """A row of the name list: the traveller, his age that day, masked documents, room; a child is under 18."""

    traveller: Traveller
    age: int | None
    papers: list[str]
    room: int


def name_list(trip: Trip) -> list[Named]:
    """Who goes, by room. Document numbers are masked here; in the clear they are only shown one by one, and written down.
    Two queries."""
    rows = trip.passengers.select_related("traveller").prefetch_related("traveller__documents").order_by("room", "pk")
    found = []
    for row in rows:
        papers = [f"{paper.get_kind_display()} {paper.masked}" for paper in row.traveller.documents.all()]
        found.append(Named(row.traveller, row.traveller.age_on(trip.starts_on), papers, row.room))
    return found


def rooming(names: Sequence[Named]) -> list[tuple[int, list[Named]]]:
    """The same by room."""
    rooms: dict[int, list[Named]] = {}
    for one in names:
        rooms.setdefault(one.room, []).append(one)
    return sorted(rooms.items())


def travellers_of(trip: Trip) -> list[Traveller]:
    """Whom the customer may take along."""
    return list(Traveller.objects.filter(customer=trip.order.customer_id, deleted_at__isnull=True).order_by("pk"))
