"""P11: the editor's page, and the JSON behind its island."""

import datetime as dt
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from catalog.choices import ResourceKind
from catalog.models import Resource
from core import params
from itinerary.checks.verify import Issue, clock
from itinerary.choices import BlockKind, TripStage
from itinerary.forms import edits_of, json_body
from itinerary.models import Day, Itinerary, Trip
from itinerary.planner.catalogue import CATALOGUE, Code
from itinerary.pricing.party import CellKind
from itinerary.queries.advice import advice_of
from itinerary.queries.documents import document, open_spans, verdict_of
from itinerary.queries.drawer import Wanted, read_drawer, themes
from itinerary.queries.history import recent_operations, stacks_of
from itinerary.queries.labels import cell_label
from itinerary.queries.listing import itinerary_for, latest_quote
from itinerary.services.copies import Repriced, repriced
from itinerary.services.editing import Conflict, apply_edits
from itinerary.services.quoting import quote_itinerary, sheet_data
from itinerary.views.assist import told_core
from itinerary.views.pages import itinerary_or_404
from itinerary.views.words import explained, log_line, words
from staff.access import actor, may, may_reveal, requires
from staff.choices import FieldClass

KINDS = {
    ResourceKind.ATTRACTION: BlockKind.SIGHT,
    ResourceKind.HOTEL: BlockKind.HOTEL,
    ResourceKind.RESTAURANT: BlockKind.MEAL,
    ResourceKind.TRANSPORT: BlockKind.TRANSPORT,
}


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
        "words": words(),
        "trip": Trip.objects.filter(itinerary=itinerary).exists(),
        "planned": told_core(itinerary),
        "sees_costs": may_reveal(request.user, FieldClass.COST),
        "themes": themes(),
        "cloned": _cloned(request, itinerary),
    }
    return render(request, "itinerary/editor.html", context)


def _cloned(request: HttpRequest, itinerary: Itinerary) -> Repriced | None:
    """What the itinerary costs more or less than the one it was copied from, where the address names that."""
    source = itinerary_for(actor(request), params.text("copied", request.GET.get("copied"), 20))
    return repriced(source, itinerary) if source is not None else None


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
    body = json_body(request)
    revision, operations = edits_of(body)
    via = params.one_of("via", str(body.get("via", "")), ["undo", "redo", "planner"])
    try:
        saved = apply_edits(itinerary_id=itinerary.pk, revision=revision, operations=operations, user=actor(request), via=via)
    except Conflict as conflict:
        itinerary.refresh_from_db()
        theirs = [log_line(one) for one in recent_operations(itinerary) if one.revision > revision]
        told = {"message": conflict.message, "code": conflict.code, "theirs": theirs}
        return JsonResponse({**told, **state_of(request, itinerary)}, status=409)
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
        "issues": _issues([*verdict.issues, *advice_of(itinerary, found.days, found.sheet, found.frozen["exchange"])]),
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
        "hours": _hours(itinerary, found.days),
        "why": {key: explained(one) for key, one in itinerary.planning.get("reasons", {}).items()},
        "log": [log_line(one) for one in recent_operations(itinerary)],
        "stacks": stacks_of(itinerary, actor(request)),
        "refused": refusal(found.refused),
        "missing": sorted(found.costs.missing) if found.costs else [],
        "ms": round((time.perf_counter() - started) * 1000),
    }


def _hours(itinerary: Itinerary, days: Sequence[Day]) -> dict[str, str]:
    """Opening hours of each block on its date; "" where it is closed."""
    found = {}
    for day in days:
        date = itinerary.starts_on + dt.timedelta(days=day.number - 1)
        for block in day.blocks.all():
            spans = open_spans(block.resource, date) if block.resource else None
            if spans is not None:
                found[str(block.key)] = ", ".join(f"{clock(opens)}–{clock(closes)}" for opens, closes in spans)
    return found


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _without_costs(found: dict[str, Any], sees_costs: bool) -> dict[str, Any]:
    if not sees_costs:
        for day in found["days"]:
            for block in day["blocks"]:
                block.pop("price_amount")
                block.pop("price_reason")
    return found


def _issues(issues: Sequence[Issue]) -> list[dict[str, Any]]:
    return [
        {
            "code": i.code.value,
            "severity": i.severity.value,
            "day": i.day,
            "block": i.block,
            "text": issue_text(i.code, dict(i.params)),
        }
        for i in issues
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


@requires("orders.view")
@require_safe
def resources(request: HttpRequest, no: str) -> JsonResponse:
    """The drawer: resources by words or pinyin, kind, city, theme and price."""
    itinerary_or_404(request, no)
    get = request.GET.get
    kind = params.one_of("kind", get("kind"), list(ResourceKind.values))
    city = params.text("city", get("city"), 40)
    theme, price_to = params.text("theme", get("theme"), 20), params.whole("price_to", get("price_to"), 0, high=1_000_000)
    wanted = Wanted(params.text("q", get("q"), 60), kind, city, theme, Decimal(price_to) if price_to else None)
    sees_costs = may_reveal(request.user, FieldClass.COST)
    return JsonResponse({"results": [_card(row, sees_costs) for row in read_drawer(wanted)]})


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
        "place": [row.latitude, row.longitude] if row.latitude is not None else None,
        "hours": str(row.attributes.get("hours_text", "")),
    }
