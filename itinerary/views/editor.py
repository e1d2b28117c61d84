"""P11: the editor's page, and the JSON behind its island."""

import time
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from catalog.choices import ChargeUnit, ResourceKind
from catalog.models import Resource
from core import params
from itinerary.checks.verify import Verdict
from itinerary.choices import BlockKind, TripStage
from itinerary.forms import edits_of, json_body
from itinerary.models import Itinerary
from itinerary.planner.catalogue import CATALOGUE, Code
from itinerary.pricing.party import CellKind
from itinerary.queries.documents import document, verdict_of
from itinerary.queries.listing import latest_quote
from itinerary.services.editing import Conflict, apply_edits
from itinerary.services.quoting import quote_itinerary, sheet_data
from itinerary.views.pages import itinerary_or_404
from staff.access import actor, may, may_reveal, requires
from staff.choices import FieldClass

KINDS = {
    ResourceKind.ATTRACTION: BlockKind.SIGHT,
    ResourceKind.HOTEL: BlockKind.HOTEL,
    ResourceKind.RESTAURANT: BlockKind.MEAL,
    ResourceKind.TRANSPORT: BlockKind.TRANSPORT,
}
FOUND = 40


@requires("orders.view")
@require_safe
def editor(request: HttpRequest, no: str) -> HttpResponse:
    """The page; the island fills itself from data.json."""
    itinerary = itinerary_or_404(request, no)
    sent = latest_quote(itinerary)
    context = {
        "itinerary": itinerary,
        "sent": sent,
        "link": request.build_absolute_uri(f"/p/{sent.token}") if sent else "",
        "can_edit": may(request.user, "orders.create") and itinerary.stage in {TripStage.DESIGN, TripStage.QUOTED},
        "words": _words(),
    }
    return render(request, "itinerary/editor.html", context)


@requires("orders.view")
@require_safe
def data(request: HttpRequest, no: str) -> JsonResponse:
    """Document, checks and prices of the working version."""
    return JsonResponse(state_of(request, itinerary_or_404(request, no)))


@requires("orders.create")
@require_POST
def edits(request: HttpRequest, no: str) -> JsonResponse:
    """Save operations. 409 with the state as it is now where somebody else changed the same thing."""
    itinerary = itinerary_or_404(request, no)
    revision, operations = edits_of(json_body(request))
    try:
        saved = apply_edits(itinerary_id=itinerary.pk, revision=revision, operations=operations, user=actor(request))
    except Conflict as conflict:
        itinerary.refresh_from_db()
        return JsonResponse({"message": conflict.message, "code": conflict.code, **state_of(request, itinerary)}, status=409)
    itinerary.refresh_from_db()
    return JsonResponse({"inverses": saved.inverses, "merged": len(saved.theirs), **state_of(request, itinerary)})


def state_of(request: HttpRequest, itinerary: Itinerary) -> dict[str, Any]:
    """Everything the island shows. Costs only for those who may see them."""
    started = time.perf_counter()
    found = quote_itinerary(itinerary, with_scenarios=True)
    verdict = verdict_of(itinerary, found.days, found.costs)
    sees_costs = may_reveal(request.user, FieldClass.COST)
    return {
        "revision": itinerary.revision,
        "document": _without_costs(document(itinerary, found.days), sees_costs),
        "issues": _issues(verdict),
        "legs": {
            f"{a}>{b}": {"mode": leg.mode, "km": leg.km, "minutes": leg.minutes} for a, b, leg in verdict.legs if leg.minutes
        },
        "places": {
            str(block.key): [block.resource.latitude, block.resource.longitude]
            for day in found.days
            for block in day.blocks.all()
            if block.resource and block.resource.latitude is not None
        },
        "prices": [
            {"label": cell_label(c.place.kind, c.place.age), "count": c.place.count, "price": str(c.price)}
            for c in (found.sheet.cells if found.sheet else ())
            if c.price or c.place.kind == CellKind.ADULT
        ],
        "total": str(found.sheet.revenue) if found.sheet else None,
        "sheet": sheet_data(found.sheet) if found.sheet and sees_costs else None,
        "scenarios": [
            {"payers": s.payers, "adult": _text(s.adult), "single": _text(s.single_supplement), "refused": s.refused}
            for s in found.scenarios
        ],
        "refused": refusal(found.refused),
        "missing": sorted(found.costs.missing) if found.costs else [],
        "ms": round((time.perf_counter() - started) * 1000),
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _without_costs(found: dict[str, Any], sees_costs: bool) -> dict[str, Any]:
    if not sees_costs:
        for day in found["days"]:
            for block in day["blocks"]:
                block.pop("price_amount")
                block.pop("price_reason")
    return found


def _issues(verdict: Verdict) -> list[dict[str, Any]]:
    return [
        {
            "code": i.code.value,
            "severity": i.severity.value,
            "day": i.day,
            "block": i.block,
            "text": issue_text(i.code, dict(i.params)),
        }
        for i in verdict.issues
    ]


def issue_text(code: Code, given: dict[str, str]) -> str:
    """The complaint in words, with its figures."""
    known = CATALOGUE[code]
    label = _(known.text)
    if code == Code.HOURS and not given.get("hours"):
        return _("%(label)s: closed all day") % {"label": label}
    if not known.detail or not given:
        return label
    return f"{label}：{_(known.detail) % given}"


def refusal(code: str) -> str:
    """Why there is no price, in words; "" when there is one."""
    texts = {
        "": "",
        "no_rate": _("Some blocks have no price on their date."),
        "no_rate_of_exchange": _("A rate of exchange is missing."),
        "no_band": _("No rate for a group of this size."),
        "beds": _("More extra beds than rooms."),
        "rooming": _("The rooming does not fit the travellers."),
    }
    return texts.get(code, _("This cannot be priced yet."))


def cell_label(kind: CellKind, age: int | None) -> str:
    """A price's name for people."""
    texts = {
        CellKind.ADULT: _("Adult"),
        CellKind.SINGLE_SUPPLEMENT: _("Single room supplement"),
        CellKind.CHILD_TWIN: _("Child in a twin, %(age)s"),
        CellKind.CHILD_BED: _("Child with extra bed, %(age)s"),
        CellKind.CHILD_NO_BED: _("Child without bed, %(age)s"),
        CellKind.INFANT: _("Infant, %(age)s"),
    }
    return texts[kind] % {"age": age} if age is not None else texts[kind]


@requires("orders.view")
@require_safe
def resources(request: HttpRequest, no: str) -> JsonResponse:
    """The drawer: resources by words, kind and city, the best rated first."""
    itinerary_or_404(request, no)
    get = request.GET.get
    kind = params.one_of("kind", get("kind"), list(ResourceKind.values))
    city = params.text("city", get("city"), 40)
    found = Resource.objects.filter(gone_at__isnull=True)
    for word in params.text("q", get("q"), 60).split():
        found = found.filter(Q(name__icontains=word) | Q(address__icontains=word) | Q(city__icontains=word))
    if kind:
        found = found.filter(kind=kind)
    if city:
        found = found.filter(Q(city__in=[city, f"{city}市"]) | Q(destination__name=city))
    sees_costs = may_reveal(request.user, FieldClass.COST)
    rows = found.select_related("supplier").order_by("-rating", "id")[:FOUND]
    return JsonResponse({"results": [_card(row, sees_costs) for row in rows]})


def _card(row: Resource, sees_costs: bool) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "kind": KINDS[ResourceKind(row.kind)].value,
        "city": row.city,
        "rating": _text(row.rating),
        "minutes": row.visit_minutes,
        "price": _text(row.price_amount) if sees_costs else None,
        "unpriced": row.price_amount is None,
        "supplier": row.supplier.name,
    }


def _words() -> dict[str, Any]:
    """The island's sentences: it has no catalogue of its own."""
    return {
        "day": _("Day %(n)s"),
        "addDay": _("Add a day"),
        "removeDay": _("Remove the day"),
        "empty": _("Drop something here, or press N."),
        "picked": _("%(name)s picked up. Arrows move it, Space drops it, Escape puts it back."),
        "dropped": _("%(name)s is on day %(day)s, place %(at)s."),
        "saved": _("Saved"),
        "saving": _("Saving…"),
        "offline": _("Not saved: no answer. Your edit is kept and sent again."),
        "merged": _("Others edited too; both are kept."),
        "conflict": _("Somebody else changed the same thing meanwhile. You see their version; your last edit was not applied."),
        "walk": _("%(minutes)s min on foot"),
        "drive": _("%(minutes)s min by car, %(km)s km"),
        "noIssues": _("Nothing in the way of selling this."),
        "noPrice": _("no price"),
        "lock": _("Lock the time"),
        "unlock": _("Unlock the time"),
        "remove": _("Remove"),
        "duplicate": _("Duplicate"),
        "perPerson": _("a person"),
        "cost": _("Cost"),
        "price": _("Price"),
        "margin": _("Margin"),
        "rounding": _("Rounding"),
        "total": _("Total"),
        "group": _("Group size"),
        "adult": _("Adult"),
        "single": _("Single supplement"),
        "nothingFound": _("Nothing found"),
        "noPlaces": _("No coordinates to draw yet."),
        "kinds": {kind.value: str(kind.label) for kind in BlockKind},
        "units": {unit.value: str(unit.label) for unit in ChargeUnit},
        "undone": _("Undone"),
        "redone": _("Done again"),
        "nothingToUndo": _("Nothing to undo"),
        "retimed": _("The day was timed anew"),
        "optional": _("optional"),
        "note": _("Note for the customer"),
        "internal": _("Internal note"),
        "begins": _("Begins"),
        "ends": _("Ends"),
        "name": _("Name"),
        "amount": _("Price by hand"),
        "reason": _("Reason"),
        "save": _("Save"),
        "cancel": _("Cancel"),
    }
