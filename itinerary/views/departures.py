"""P14: the departure board; one sold trip with its bookings, people, papers, reminders and changes."""

import csv
import functools
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render as page
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import clock, params
from core.errors import BadInput, Refused
from itinerary.choices import BookingState, ChangeKind, DocumentKind
from itinerary.models import Reminder, SupplierBooking, Trip, TripDocument
from itinerary.papers.render import render
from itinerary.queries.departures import Named, departures, name_list, rooming, travellers_of, trip_for
from itinerary.services.reminding import look_at
from itinerary.services.travelling import ask_change, cancelling, decide_change, set_document, set_passengers
from itinerary.services.trips import NEXT, replace_booking, set_booking
from staff.access import actor, may, may_reveal, requires
from staff.choices import FieldClass
from staff.services import write_audit


@requires("orders.view")
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Who leaves when, and what is still open."""
    return page(request, "itinerary/board.html", {"rows": departures(actor(request)), "today": clock.today()})


def trip_or_404(request: HttpRequest, no: str) -> Trip:
    """The trip, if this user may see it."""
    found = trip_for(actor(request), no)
    if found is None:
        raise Http404
    return found


@requires("orders.view")
@require_safe
def trip(request: HttpRequest, no: str) -> HttpResponse:
    """Everything about one trip."""
    found = trip_or_404(request, no)
    bookings = list(found.bookings.select_related("supplier", "replaced_by").order_by("day", "pk"))
    names = name_list(found)
    chosen = {one.traveller.pk: one.room for one in names}
    context = {
        "trip": found,
        "bookings": [(one, [(state, BookingState(state).label) for state in _steps(one)]) for one in bookings],
        "sees_costs": may_reveal(request.user, FieldClass.COST),
        "names": names,
        "rooms": rooming(names),
        "travellers": [(one, one.pk in chosen, chosen.get(one.pk, "")) for one in travellers_of(found)],
        "papers": list(found.documents.order_by("id")),
        "reminders": [
            (one, [finding_text(f) for f in one.findings], _outcome(one.outcome)) for one in found.reminders.order_by("due_at")
        ],
        "findings": [finding_text(one) for one in look_at(found)],
        "parts": list(found.order.instalments.order_by("position")),
        "changes": list(found.changes.select_related("asked_by", "decided_by").order_by("-pk")),
        "terms": cancelling(found),
        "can_edit": may(request.user, "orders.create"),
        "people": found.itinerary.adults + len(found.itinerary.child_ages),
        "days_left": (found.starts_on - clock.today()).days,
    }
    return page(request, "itinerary/trip.html", context)


def _steps(booking: SupplierBooking) -> list[str]:
    following = NEXT.get(BookingState(booking.state), set())
    return [state for state in BookingState.values if state in following and state != BookingState.REPLACED]


def _reminder(one: Reminder) -> tuple[Reminder, list[str], str]:
    return one, [finding_text(found) for found in one.findings], _outcome(one.outcome)


def _outcome(outcome: dict[str, Any]) -> str:
    if outcome.get("message"):
        return _("sent to the customer")
    if outcome.get("held_back") is not None:
        return _("not sent: no channel may carry it now")
    return ""


def finding_text(found: dict[str, Any]) -> str:
    """What is not in order, in words."""
    code = str(found.get("code", ""))
    texts = {
        "unpaid": _("%(label)s of ¥%(amount)s is open, due on %(due_on)s"),
        "not_booked": _("day %(day)s: %(name)s is not confirmed"),
        "hold_over": _("day %(day)s: the hold on %(name)s has ended"),
        "names_missing": _("%(named)s of %(people)s names are known"),
        "paper_missing": _("%(kind)s is missing"),
    }
    given = {**found, "kind": str(DocumentKind(found["kind"]).label)} if code == "paper_missing" else found
    return texts[code] % given if code in texts else code


def _done(request: HttpRequest, no: str, act: Callable[[], object], done: str) -> HttpResponse:
    """Do it and go back to the trip; a refusal is told there."""
    try:
        act()
        messages.success(request, done)
    except (BadInput, Refused) as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(reverse("itinerary:trip", args=[no]))


@requires("orders.create")
@require_POST
def booking(request: HttpRequest, no: str) -> HttpResponse:
    """Say what a supplier answered, or book something else instead of what failed."""
    found, post = trip_or_404(request, no), request.POST
    row = found.bookings.filter(pk=params.whole("booking", post.get("booking"), 0, high=2**31)).first()
    if row is None:
        raise Http404
    if post.get("name"):
        cost = params.text("cost", post.get("cost"), 12)
        amount = Decimal(cost) if cost.replace(".", "", 1).isdigit() else Decimal(-1)
        name = params.text("name", post.get("name"), 120)
        return _done(
            request, no, lambda: replace_booking(booking_id=row.pk, name=name, cost_amount=amount, user=actor(request)),
            _("Something else is to be booked instead."),
        )  # fmt: skip
    state = params.one_of("state", post.get("state"), list(BookingState.values))
    if not state:
        raise BadInput(_("Say what the supplier answered."), {"state": "state"})
    hold = params.date("hold_until", post.get("hold_until"))
    until = clock.day_bounds(hold)[1] if hold and state == BookingState.HELD else None
    return _done(
        request, no,
        lambda: set_booking(
            booking_id=row.pk, state=BookingState(state), user=actor(request), hold_until=until,
            reference=params.text("reference", post.get("reference"), 60),
        ),
        _("Written down."),
    )  # fmt: skip


@requires("orders.create")
@require_POST
def passengers(request: HttpRequest, no: str) -> HttpResponse:
    """Say who goes."""
    found, post = trip_or_404(request, no), request.POST
    ids = [int(one) for one in post.getlist("traveller") if one.isascii() and one.isdigit() and len(one) < 10]
    rooms = {pk: params.whole("room", post.get(f"room-{pk}"), 0, high=200) for pk in ids}
    user = actor(request)
    act = functools.partial(set_passengers, trip=found, traveller_ids=ids, rooms=rooms, user=user)
    return _done(request, no, act, _("The name list is kept."))


@requires("orders.create")
@require_POST
def document(request: HttpRequest, no: str) -> HttpResponse:
    """Tick a paper off."""
    found, post = trip_or_404(request, no), request.POST
    paper = TripDocument.objects.filter(trip=found, pk=params.whole("document", post.get("document"), 0, high=2**31)).first()
    if paper is None:
        raise Http404
    reference = params.text("reference", post.get("reference"), 60)
    ready = post.get("is_ready") == "1"
    user = actor(request)
    act = functools.partial(set_document, document_id=paper.pk, is_ready=ready, reference=reference, user=user)
    return _done(request, no, act, _("Written down."))


@requires("orders.create")
@require_POST
def change(request: HttpRequest, no: str) -> HttpResponse:
    """Write a change or a cancellation down, or decide on one."""
    found, post = trip_or_404(request, no), request.POST
    decided = post.get("decide")
    if decided in {"accept", "decline"}:
        row = found.changes.filter(pk=params.whole("change", post.get("change"), 0, high=2**31)).first()
        if row is None:
            raise Http404
        return _done(
            request, no, lambda: decide_change(change_id=row.pk, accept=decided == "accept", user=actor(request)), _("Decided.")
        )
    kind = params.one_of("kind", post.get("kind"), list(ChangeKind.values)) or ChangeKind.CHANGE
    reason = params.text("reason", post.get("reason"), 300)
    return _done(
        request, no, lambda: ask_change(trip=found, kind=ChangeKind(kind), reason=reason, user=actor(request)), _("Written down.")
    )


# --- lists to take along -------------------------------------------------------------------------------------


@requires("orders.view")
@require_safe
def names_csv(request: HttpRequest, no: str) -> HttpResponse:
    """The name list by room, documents masked; who took it is written down."""
    found = trip_or_404(request, no)
    names = name_list(found)
    write_audit(actor=actor(request), action="trip.names_taken", obj=found.itinerary, detail={"count": len(names), "as": "csv"})
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow([_("Room"), _("Name"), _("Gender"), _("Birthday"), _("Age"), _("Document")])
    for one in names:
        table.writerow(_cells(one))
    answer = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.itinerary.no}-names.csv"'
    return answer


def _cells(one: Named) -> list[str]:
    person = one.traveller
    cells = [
        str(one.room),
        person.name,
        str(person.get_gender_display()),
        str(person.birthday or ""),
        "" if one.age is None else str(one.age),
    ]
    return [_harmless(cell) for cell in [*cells, " / ".join(one.papers)]]


@requires("orders.view")
@require_safe
def names_pdf(request: HttpRequest, no: str) -> HttpResponse:
    """The same on paper: one table by room."""
    found = trip_or_404(request, no)
    names = name_list(found)
    write_audit(actor=actor(request), action="trip.names_taken", obj=found.itinerary, detail={"count": len(names), "as": "pdf"})
    head = [_("Room"), _("Name"), _("Gender"), _("Birthday"), _("Age"), _("Document")]
    title = _("%(title)s: name list and rooms") % {"title": found.itinerary.title}
    under = f"{found.itinerary.no} · {found.starts_on:%Y-%m-%d} – {found.ends_on:%Y-%m-%d}"
    pdf = render("names", {"title": title, "under": under, "head": head, "rows": [_cells(one) for one in names]}, "pdf")
    answer = HttpResponse(pdf, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{found.itinerary.no}-names.pdf"'
    return answer


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
