"""From a chat to a request, from a request to a first plan."""

import dataclasses
import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import BadInput, Later, Refused
from core.jobs import enqueue, job
from customers.models import Customer
from itinerary.choices import RequestState
from itinerary.models import Itinerary, TripRequest
from itinerary.services.editing import apply_edits, check_version, create_itinerary
from itinerary.services.planning import Trip, plan_trip
from messaging.understanding.trips import Slot, Turn, understand
from staff.models import User
from tagging.services.chats import read_chat

NEEDED = ("destinations", "start_date", "days", "adults")
MOST_TURNS = 60
QUIET = dt.timedelta(seconds=5)
logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Understood:
    """A request after a message: plain values, and what to ask next ("" when enough is known)."""

    request: TripRequest
    values: dict[str, Any]
    ask: str

    @property
    def is_complete(self) -> bool:
        """Whether a first plan can be made."""
        return all(self.values.get(name) for name in NEEDED)


@transaction.atomic
def capture_requirement(*, customer: Customer, text: str, role: str = "customer") -> Understood:
    """Take one more message of the chat into the customer's open request; later words overwrite earlier ones.

    Slots keep where they were said. The request is complete once destination, date, days and adults are known; which of
    the rest is asked for comes from the grammar, one at a time.
    """
    request, _new = TripRequest.objects.select_for_update().get_or_create(customer=customer, state=RequestState.COLLECTING)
    request.turns = [*request.turns, [role, text[:2000]]][-MOST_TURNS:]
    trip = understand([Turn(*turn) for turn in request.turns], clock.today())
    request.slots = {
        **{name: _stored(slot) for name, slot in trip.single.items()},
        **{name: [_stored(slot) for slot in slots] for name, slots in trip.several.items() if slots},
    }
    missing = trip.missing()
    request.asked = [*request.asked, *(name for name in missing[:1] if name not in request.asked)]
    request.updated_at = clock.now()
    request.save()
    found = Understood(request, trip.values(), missing[0] if missing else "")
    enqueue(tell_wishes, key=str(request.pk), run_at=clock.now() + QUIET, request_id=request.pk)
    if found.is_complete:
        enqueue(draft_requested, key=str(request.pk), run_at=clock.now() + QUIET, request_id=request.pk)
    return found


def _stored(slot: Slot) -> dict[str, Any]:
    value = slot.value.isoformat() if isinstance(slot.value, dt.date) else slot.value
    return {**dataclasses.asdict(slot), "value": value}


def values_of(request: TripRequest) -> dict[str, Any]:
    """The plain values of the slots."""
    slots: Mapping[str, Any] = request.slots
    return {name: [one["value"] for one in slot] if isinstance(slot, list) else slot["value"] for name, slot in slots.items()}


@transaction.atomic
def draft_itinerary(*, request: TripRequest, user: User | None = None) -> Itinerary:
    """A first plan for a request. Refused (missing_slots, no_resources, past) with a sentence that says what is missing."""
    values = values_of(request)
    missing = [name for name in NEEDED if not values.get(name)]
    if missing:
        raise Refused(_("Please ask for destination, date, length and number of people first."), "missing_slots")
    city = str(values["destinations"][0])
    starts_on = dt.date.fromisoformat(values["start_date"])
    ages = [age if age >= 0 else 8 for age in values.get("children_ages", [])]
    title = _("%(city)s, %(days)s days") % {"city": city, "days": values["days"]}
    itinerary = create_itinerary(
        title=title, starts_on=starts_on, days=int(values["days"]), adults=int(values["adults"]), child_ages=ages,
        customer=request.customer, request=request, user=user,
    )  # fmt: skip
    fill_itinerary(itinerary, destinations=values["destinations"], values=values, user=user)
    TripRequest.objects.filter(pk=request.pk).update(state=RequestState.PLANNED, updated_at=clock.now())
    return itinerary


@job(Lane.CHAT, coalesce=True)
def draft_requested(request_id: int) -> None:
    """Make the first plan of a complete request, once the customer is quiet for a moment; a plan that cannot be made is left
    to the advisor, who sees the request."""
    request = TripRequest.objects.filter(pk=request_id, state=RequestState.COLLECTING).select_related("customer__owner").first()
    if request is None:
        return
    _wait_for_quiet(request)
    try:
        draft_itinerary(request=request, user=request.customer.owner)
    except (BadInput, Refused) as refused:
        TripRequest.objects.filter(pk=request.pk).update(state=RequestState.COMPLETE, updated_at=clock.now())
        logger.info("request %s is left to its advisor: %s", request.pk, type(refused).__name__)


@job(Lane.USUAL, coalesce=True)
def tell_wishes(request_id: int) -> None:
    """Let the customer's tags hear what the chat says about the wished trip, once the customer is quiet for a moment."""
    request = TripRequest.objects.select_related("customer").filter(pk=request_id).first()
    if request is None:
        return
    _wait_for_quiet(request)
    turns = [(str(role), str(text)) for role, text in request.turns]
    read_chat(request.customer, turns, key=f"request:{request.pk}:{len(turns)}")


def _wait_for_quiet(request: TripRequest) -> None:
    quiet_in = (request.updated_at + QUIET - clock.now()).total_seconds()
    if quiet_in > 0:
        raise Later(quiet_in, "the customer is still writing")


@transaction.atomic
def fill_itinerary(itinerary: Itinerary, *, destinations: Sequence[str], values: Mapping[str, Any], user: User | None) -> None:
    """Put a plan into an empty itinerary, with why each thing is in it and what wishes it could not meet.

    Refused (no_resources, no_plan, budget) with nothing changed.
    """
    days = itinerary.versions.get(number=1).days.count()
    trip = Trip(itinerary.starts_on, days, itinerary.adults, itinerary.child_ages, [str(one) for one in destinations], values)
    drafted = plan_trip(trip)
    operations = [
        {"do": "add", "day": number, "at": at, "block": block}
        for number, blocks in enumerate(drafted.days, start=1)
        for at, block in enumerate(blocks)
    ]
    apply_edits(itinerary_id=itinerary.pk, revision=itinerary.revision, operations=operations, user=user)
    Itinerary.objects.filter(pk=itinerary.pk).update(planning={**drafted.explanation(), "wishes": _wishes_kept(values)})
    itinerary.refresh_from_db()
    check_version(itinerary)


KEPT_WISHES = (
    "destinations", "origin", "budget_amount", "budget_per_person", "pace", "themes", "must", "avoid", "hotel_star", "transport",
    "elders",
)  # fmt: skip


def _wishes_kept(values: Mapping[str, Any]) -> dict[str, Any]:
    """What later plans of the same itinerary start from."""
    return {name: values[name] for name in KEPT_WISHES if name in values}


def next_question(name: str) -> str:
    """How a missing slot is asked for."""
    questions: Sequence[tuple[str, str]] = [
        ("destinations", _("Where would you like to go?")),
        ("start_date", _("When would you like to leave?")),
        ("days", _("How many days?")),
        ("adults", _("How many of you are travelling, and are there children?")),
        ("origin", _("Which city do you start from?")),
        ("budget_amount", _("What is your budget, about?")),
        ("hotel_star", _("What class of hotel do you like?")),
    ]
    return dict(questions).get(name, "")
