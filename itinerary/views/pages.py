"""P10: the list of itineraries; starting one; sending, taking back and copying."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import clock, params
from core.errors import BadInput, Refused
from customers.models import Customer
from itinerary.choices import TripStage
from itinerary.forms import NewItinerary
from itinerary.models import Itinerary
from itinerary.queries.listing import (
    ItineraryFilter,
    customer_options,
    itinerary_for,
    latest_quote,
    read_itineraries,
    read_templates,
    stage_counts,
)
from itinerary.services.briefs import start_from_brief
from itinerary.services.editing import clone_itinerary
from itinerary.services.quoting import revoke_proposal, send_proposal
from staff.access import actor, requires
from staff.models import User


@requires("orders.view")
@require_safe
def itinerary_list(request: HttpRequest) -> HttpResponse:
    """Itineraries in the user's scope, newest change first."""
    user, get = actor(request), request.GET.get
    wanted = ItineraryFilter(params.one_of("stage", get("stage"), list(TripStage.values)), params.text("q", get("q"), 60))
    counts = stage_counts(user)
    context = {
        "wanted": wanted,
        "page": read_itineraries(user, wanted, params.text("after", get("after"), 20)),
        "stages": [(value, label, counts.get(value, 0)) for value, label in TripStage.choices],
        "is_filtered": wanted != ItineraryFilter(),
    }
    return render(request, "itinerary/list.html", context)


@requires("orders.create")
@require_http_methods(["GET", "HEAD", "POST"])
def itinerary_new(request: HttpRequest) -> HttpResponse:
    """Three starts: a sentence, the fields, or an empty plan."""
    user = actor(request)
    form = NewItinerary(request.POST or None, initial={"customer": request.GET.get("customer", "")})
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                made = start_from_brief(
                    customer=_customer(user, form.cleaned_data["customer"]), user=user, **_wishes(form.cleaned_data)
                )
                return HttpResponseRedirect(reverse("itinerary:editor", args=[made.no]))
            except (BadInput, Refused) as error:
                form.add_error(None, error.message)
        status = 422
    today = clock.today().isoformat()
    context = {"form": form, "customers": customer_options(user), "today": today, "templates": read_templates()}
    return render(request, "itinerary/new.html", context, status=status)


def _wishes(clean: dict[str, Any]) -> dict[str, Any]:
    return {name: clean[name] for name in ("brief", "city", "starts_on", "days", "adults", "child_ages")}


def _customer(user: User, customer_id: int | None) -> Customer | None:
    if customer_id is None:
        return None
    found = Customer.objects.visible_to(user).filter(pk=customer_id).first()
    if found is None:
        raise Http404
    return found


def itinerary_or_404(request: HttpRequest, no: str) -> Itinerary:
    """The itinerary, if this user may see it."""
    found = itinerary_for(actor(request), no)
    if found is None:
        raise Http404
    return found


@requires("orders.create")
@require_POST
def send(request: HttpRequest, no: str) -> HttpResponse:
    """Freeze the plan and its price as a proposal."""
    itinerary = itinerary_or_404(request, no)
    try:
        sent = send_proposal(itinerary=itinerary, user=actor(request))
        messages.success(request, _("Proposal %(n)s is ready; copy its link to the customer.") % {"n": sent.number})
    except Refused as refused:
        messages.error(request, refused.message)
    return HttpResponseRedirect(reverse("itinerary:editor", args=[no]))


@requires("orders.create")
@require_POST
def revoke(request: HttpRequest, no: str) -> HttpResponse:
    """Take the open proposal back."""
    itinerary = itinerary_or_404(request, no)
    sent = latest_quote(itinerary)
    if sent is None:
        raise Http404
    revoke_proposal(sent=sent, user=actor(request))
    messages.success(request, _("The proposal was taken back; its link says so."))
    return HttpResponseRedirect(reverse("itinerary:editor", args=[no]))


@requires("orders.create")
@require_POST
def clone(request: HttpRequest, no: str) -> HttpResponse:
    """A copy for another date, priced anew."""
    itinerary = itinerary_or_404(request, no)
    day = params.date("starts_on", request.POST.get("starts_on")) or itinerary.starts_on + dt.timedelta(days=7)
    fresh = clone_itinerary(source=itinerary, starts_on=day, user=actor(request), customer=itinerary.customer)
    return HttpResponseRedirect(reverse("itinerary:editor", args=[fresh.no]) + f"?copied={itinerary.no}")
