"""Itineraries in lists: who, when, where it stands, what it sells for."""

import dataclasses

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from customers.models import Customer
from itinerary.choices import TripStage
from itinerary.models import Itinerary, ItineraryVersion, QuoteVersion
from staff.models import User

PAGE = 40


@dataclasses.dataclass(frozen=True)
class ItineraryFilter:
    """What the list shows."""

    stage: str = ""
    q: str = ""


@dataclasses.dataclass(frozen=True)
class ItineraryPage:
    """Rows, newest change first, each with `total` of its latest quote and `opens`; the cursor of the next page."""

    rows: list[Itinerary]
    after: str


def itinerary_for(user: User, no: str) -> Itinerary | None:
    """The itinerary of that number, if the user may see it."""
    return Itinerary.objects.visible_to(user).filter(no=no).select_related("customer", "owner").first()


def read_itineraries(user: User, wanted: ItineraryFilter, after: str) -> ItineraryPage:
    """One page. Two queries, three after a cursor."""
    found = Itinerary.objects.visible_to(user).filter(is_template=False)
    if wanted.stage:
        found = found.filter(stage=wanted.stage)
    for word in wanted.q.split():
        found = found.filter(Q(title__icontains=word) | Q(no__iexact=word) | Q(customer__name__icontains=word))
    last = Itinerary.objects.filter(no=after).values_list("updated_at", "pk").first() if after else None
    if last:
        found = found.filter(Q(updated_at__lt=last[0]) | Q(updated_at=last[0], pk__lt=last[1]))
    versions = ItineraryVersion.objects.filter(itinerary=OuterRef("pk")).order_by("-number")
    quotes = QuoteVersion.objects.filter(quote__itinerary=OuterRef("pk")).order_by("-number")
    found = found.annotate(
        total=Subquery(quotes.values("total_amount")[:1]),
        opens=Subquery(quotes.annotate(seen=Count("views")).values("seen")[:1]),
        days=Coalesce(Subquery(versions.annotate(n=Count("days")).values("n")[:1]), 0),
    )
    rows = list(found.select_related("customer", "owner").order_by("-updated_at", "-pk")[: PAGE + 1])
    return ItineraryPage(rows[:PAGE], rows[PAGE - 1].no if len(rows) > PAGE else "")


def stage_counts(user: User) -> dict[str, int]:
    """Stage -> number of itineraries the user sees."""
    rows = Itinerary.objects.visible_to(user).filter(is_template=False).values_list("stage").annotate(n=Count("id"))
    return dict(rows.order_by())


def customer_options(user: User) -> list[Customer]:
    """The customers last active among those the user sees, to choose from."""
    return list(Customer.objects.visible_to(user).exclude(name="", nickname="").order_by("-id")[:60])


def read_templates() -> list[Itinerary]:
    """Templates, newest first, with how many days they have."""
    versions = ItineraryVersion.objects.filter(itinerary=OuterRef("pk")).order_by("-number")
    days = Coalesce(Subquery(versions.annotate(n=Count("days")).values("n")[:1]), 0)
    return list(Itinerary.objects.filter(is_template=True).annotate(days=days).order_by("-pk")[:30])


def latest_quote(itinerary: Itinerary) -> QuoteVersion | None:
    """The proposal sent last, with what the customer did with it."""
    found = QuoteVersion.objects.filter(quote__itinerary=itinerary).order_by("-number")
    return found.annotate(opened=Count("views", distinct=True), comments_n=Count("comments", distinct=True)).first()


OPEN_STAGES = (TripStage.DESIGN, TripStage.QUOTED)
