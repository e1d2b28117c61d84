"""The editor's help: repairs of a conflict, drafts to choose from, templates. They answer with edits; the editor saves them."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core import params
from core.errors import BadInput, Refused
from itinerary.forms import json_body
from itinerary.models import Itinerary
from itinerary.planner.catalogue import Code
from itinerary.services.copies import save_template, start_from_template
from itinerary.services.repairs import repair
from itinerary.services.suggestions import Line, Suggestion, suggest
from itinerary.views.pages import itinerary_or_404
from itinerary.views.words import explained, wish_words
from staff.access import actor, requires


@requires("orders.create")
@require_POST
def repairs(request: HttpRequest, no: str) -> JsonResponse:
    """Edits that take one conflict away: {"code", "day", "block"}. 409 where nothing simple does."""
    itinerary = itinerary_or_404(request, no)
    body = json_body(request)
    code = params.one_of("code", str(body.get("code", "")), [one.value for one in Code])
    day = params.whole("day", str(body.get("day", "")), 0, high=60)
    try:
        operations = repair(itinerary=itinerary, code=code, day=day, block=str(body.get("block", ""))[:40])
    except Refused as refused:
        return JsonResponse({"message": refused.message, "code": refused.code}, status=409)
    return JsonResponse({"operations": operations, "revision": itinerary.revision})


@requires("orders.create")
@require_POST
def suggestion(request: HttpRequest, no: str) -> JsonResponse:
    """What the planner would change: {"text", "day"}; lines to accept one by one. 409 with words where nothing can be planned."""
    itinerary = itinerary_or_404(request, no)
    body = json_body(request)
    text = params.text("text", str(body.get("text", "")), 300)
    day = params.whole("day", str(body.get("day", 0)), 0, high=60)
    try:
        return JsonResponse(_told(suggest(itinerary=itinerary, text=text, day=day)))
    except (BadInput, Refused) as refused:
        return JsonResponse({"message": refused.message}, status=409)


def _told(found: Suggestion) -> dict[str, Any]:
    return {
        "revision": found.revision,
        "lines": [_line(one) for one in found.lines],
        "core": [wish_words(one) for one in found.core],
        "relaxations": [_relaxation(one) for one in found.relaxations],
    }


def _line(one: Line) -> dict[str, Any]:
    what = {"add": _("Add"), "remove": _("Take out"), "move": _("At another time")}[one.what]
    return {
        "what": one.what,
        "label": what,
        "day": one.day,
        "name": one.name,
        "operations": one.operations,
        "why": explained(one.reason),
    }


def _relaxation(one: dict[str, Any]) -> str:
    wish = wish_words(one)
    return (
        _("Without %(wish)s everything else fits") % {"wish": wish}
        if one.get("enough")
        else _("Without %(wish)s it still does not fit") % {"wish": wish}
    )


def told_core(itinerary: Itinerary) -> dict[str, list[str]]:
    """What the first plan could not meet, and what giving a wish up would do; empty lists when all was met."""
    planning = itinerary.planning
    return {
        "core": [wish_words(one) for one in planning.get("core", [])],
        "relaxations": [_relaxation(one) for one in planning.get("relaxations", [])],
    }


@requires("orders.create")
@require_POST
def template(request: HttpRequest, no: str) -> HttpResponse:
    """Keep the plan as a template."""
    itinerary = itinerary_or_404(request, no)
    save_template(source=itinerary, title=params.text("title", request.POST.get("title"), 80), user=actor(request))
    messages.success(request, _("Kept as a template; new itineraries can start from it."))
    return HttpResponseRedirect(reverse("itinerary:editor", args=[no]))


@requires("orders.create")
@require_POST
def from_template(request: HttpRequest, no: str) -> HttpResponse:
    """A new trip with a template's days."""
    found = Itinerary.objects.filter(no=no, is_template=True).first()
    if found is None:
        raise Http404
    day = params.date("starts_on", request.POST.get("starts_on")) or found.starts_on + dt.timedelta(days=30)
    fresh = start_from_template(template=found, starts_on=day, user=actor(request))
    return HttpResponseRedirect(reverse("itinerary:editor", args=[fresh.no]))
