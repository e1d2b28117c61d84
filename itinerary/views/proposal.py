"""P12: a proposal as its customer reads it on a phone: whole without JavaScript, from frozen data only."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog.illustration import draw_cover
from core import clock, params
from core.errors import BadInput, Refused
from itinerary.checks.verify import clock as time_of
from itinerary.choices import QuoteState
from itinerary.models import Acceptance, QuoteVersion
from itinerary.papers.render import render as render_paper
from itinerary.pricing.party import CellKind
from itinerary.queries.labels import cell_label
from itinerary.queries.sketch import sketch, svg_of
from itinerary.services.quoting import accept_quote, comment, note_view
from staff.access import client_ip
from staff.models import AgencyPolicy

CLOSED = {QuoteState.SUPERSEDED: "superseded", QuoteState.REVOKED: "revoked"}


def _sent(token: str) -> QuoteVersion:
    return get_object_or_404(QuoteVersion.objects.select_related("quote__itinerary__owner", "sent_by"), token=token)


@never_cache
@require_safe
def page(request: HttpRequest, token: str) -> HttpResponse:
    """The proposal; one that is closed or expired says so and shows nothing else."""
    sent = _sent(token)
    why = _why_closed(sent)
    context: dict[str, Any] = {
        "sent": sent,
        "why": why,
        "agency": AgencyPolicy.current().agency_name,
        "advisor": sent.quote.itinerary.owner,
    }
    if not why:
        if request.method == "GET":
            note_view(sent=sent, visitor=f"{client_ip(request)}|{request.headers.get('User-Agent', '')[:200]}")
        context |= _reading(sent)
    return render(request, "itinerary/proposal.html", context, status=410 if why else 200)


def _why_closed(sent: QuoteVersion) -> str:
    """superseded, revoked, expired; "" for one that is open or accepted."""
    why = CLOSED.get(QuoteState(sent.state), "")
    if not why and sent.state == QuoteState.SENT and sent.valid_until <= clock.now():
        return "expired"
    return why


def _reading(sent: QuoteVersion) -> dict[str, Any]:
    shown = sent.shown
    starts_on = dt.date.fromisoformat(shown["starts_on"])
    comments = list(sent.comments.order_by("id"))
    days = [
        {
            **day,
            "heading": day["title"]
            or next((block["city"] for block in day["blocks"] if block["city"] and block["kind"] != "transport"), "")
            or _("On your own"),
            "date": starts_on + dt.timedelta(days=day["number"] - 1),
            "blocks": [_spoken(block) for block in day["blocks"]],
            "comments": [one for one in comments if one.day == day["number"]],
        }
        for day in shown["plan"]
    ]
    return {
        "shown": shown,
        "starts_on": starts_on,
        "ends_on": starts_on + dt.timedelta(days=shown["days"] - 1),
        "days": days,
        "prices": [{**cell, "label": cell_label(CellKind(cell["kind"]), cell["age"])} for cell in shown["prices"]],
        "included": [label for key, label in _included().items() if key in shown["included"]],
        "schedule": [{**part, "due_on": dt.date.fromisoformat(part["due_on"])} for part in sent.schedule],
        "cancellation": cancellation_lines(sent.cancellation),
        "sketch": sketch([[block["place"] for block in day["blocks"] if block["place"]] for day in shown["plan"]]),
        "accepted": Acceptance.objects.filter(quote_version=sent).select_related("order").first(),
        "options": [_choices(one) for one in shown.get("options", [])],
        "general": [one for one in comments if one.day == 0],
        "hours_left": max(int((sent.valid_until - clock.now()).total_seconds() // 3600), 0),
    }


def _choices(group: dict[str, Any]) -> dict[str, Any]:
    return {**group, "choices": [{**one, "delta": Decimal(one["delta"])} for one in group["choices"]]}


def _spoken(block: dict[str, Any]) -> dict[str, Any]:
    return {
        **block,
        "from": time_of(block["starts"]),
        "to": time_of(block["ends"]),
        "shows_time": block["kind"] not in {"fee", "note", "guide", "vehicle"},
    }


def _included() -> dict[str, str]:
    return {
        "hotel": _("hotels as listed, twin sharing"),
        "sight": _("entrance fees as listed"),
        "meal": _("meals as listed"),
        "transport": _("trains and flights as listed"),
        "vehicle": _("vehicle with driver"),
        "guide": _("guide"),
        "activity": _("activities as listed"),
    }


def cancellation_lines(tiers: Sequence[dict[str, Any]]) -> list[str]:
    """The snapshot in words."""
    lines = [_("more than %(days)s days before: free of charge") % {"days": max((t["days_from"] for t in tiers), default=0)}]
    for tier in sorted(tiers, key=lambda one: -one["days_from"]):
        given = {"a": tier["days_from"], "b": tier["days_to"], "p": tier["percent"]}
        lines.append(_("%(a)s to %(b)s days before: %(p)s%%") % given if tier["days_from"] else _("on the day: %(p)s%%") % given)
    return lines


def _paper(request: HttpRequest, token: str, form: str) -> HttpResponse:
    """The open proposal as PDF or as a long picture; 410 where the page would say that it is closed."""
    sent = _sent(token)
    if _why_closed(sent):
        return page(request, token)
    reading = _reading(sent)
    answer = HttpResponse(render_paper("proposal", _paper_data(sent, reading), form), content_type=_TYPES[form])
    answer["Content-Disposition"] = f'inline; filename="{sent.shown["no"]}-v{sent.number}.{form}"'
    answer["Cache-Control"] = "private, max-age=600"
    return answer


_TYPES = {"pdf": "application/pdf", "png": "image/png"}


@require_safe
def as_pdf(request: HttpRequest, token: str) -> HttpResponse:
    """To print or to keep."""
    return _paper(request, token, "pdf")


@require_safe
def as_picture(request: HttpRequest, token: str) -> HttpResponse:
    """One long picture, as it is passed on in chats."""
    return _paper(request, token, "png")


def _paper_data(sent: QuoteVersion, reading: dict[str, Any]) -> dict[str, Any]:
    """The texts of the paper; the same frozen data as the page."""
    shown = sent.shown
    agency = AgencyPolicy.current()
    people = _("%(n)s adults") % {"n": shown["adults"]}
    if shown["child_ages"]:
        people += _(", %(n)s children") % {"n": len(shown["child_ages"])}
    return {
        "agency": agency.agency_name,
        "no": f"{shown['no']} v{sent.number}",
        "title": shown["title"],
        "glance": f"{reading['starts_on']:%Y-%m-%d} – {reading['ends_on']:%Y-%m-%d} · {people}",
        "total": _yuan(sent.total_amount),
        "until": _("valid until %(day)s") % {"day": f"{sent.valid_until.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"},
        "map": svg_of(reading["sketch"]) if reading["sketch"] else None,
        "days": [_paper_day(day) for day in reading["days"]],
        "prices": [(f"{cell['label']} × {cell['count']}", _yuan(Decimal(cell["price"]))) for cell in reading["prices"]],
        "included": reading["included"],
        "schedule": [f"{part['label']} {_yuan(Decimal(part['amount']))} · {part['due_on']}" for part in reading["schedule"]],
        "cancellation": reading["cancellation"],
        "words": {
            "price": _("Price"), "total": _("Total"), "included": _("Included"), "schedule": _("How it is paid"),
            "cancel": _("If you cancel"),
        },
        "foot": " · ".join(part for part in (agency.agency_name, agency.licence_no, agency.emergency_phone) if part),
    }  # fmt: skip


def _yuan(amount: Decimal) -> str:
    return f"¥{amount:,.0f}" if amount == amount.to_integral_value() else f"¥{amount:,.2f}"


def _paper_day(day: dict[str, Any]) -> dict[str, Any]:
    return {
        "heading": day["heading"],
        "date": f"{day['date']:%m-%d}",
        "note": day["note"],
        "blocks": [
            {
                "time": block["from"] if block["shows_time"] else "",
                "name": block["name"],
                "tag": _("optional") if block["is_optional"] else "",
                "under": " · ".join(text for text in (block["address"], block["note"]) if text),
            }
            for block in day["blocks"]
        ],
    }


@require_safe
def picture(request: HttpRequest, token: str, day: int) -> HttpResponse:
    """A drawing for the cover (day 0) or for a day: of the destination and of what is seen, the same whenever it is asked for."""
    sent = _sent(token)
    kept = sent.shown.get("picture", {"illustration": {}, "themes": []})
    if not 0 <= day <= sent.shown["days"] or _why_closed(sent):
        raise Http404
    themes = kept["themes"][day - 1] if 0 < day <= len(kept["themes"]) else []
    illustration = kept["illustration"] if not (day and themes) else {}
    drawn = draw_cover(illustration, key=f"{sent.shown['no']}-{day}", title=sent.shown["title"], themes=themes)
    answer = HttpResponse(drawn, content_type="image/svg+xml")
    answer["Cache-Control"] = "private, max-age=86400"
    return answer


@require_POST
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """The customer's yes."""
    sent = _sent(token)
    try:
        accept_quote(
            sent_id=sent.pk,
            version_hash=params.text("content_hash", request.POST.get("content_hash"), 64),
            name=params.text("name", request.POST.get("name"), 40),
            ip=client_ip(request),
            choices={key.removeprefix("choice-"): str(value) for key, value in request.POST.items() if key.startswith("choice-")},
        )
    except (BadInput, Refused) as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(reverse("itinerary:proposal", args=[token]) + "#accept")


@require_POST
def write(request: HttpRequest, token: str) -> HttpResponse:
    """A comment about a day."""
    sent = _sent(token)
    day = params.whole("day", request.POST.get("day"), 0, high=60)
    try:
        comment(sent=sent, day=day, name=request.POST.get("name", ""), text=request.POST.get("text", ""))
        messages.success(request, _("Thank you, your advisor will read it."))
    except (BadInput, Refused) as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(reverse("itinerary:proposal", args=[token]) + (f"#day-{day}" if day else "#comments"))
