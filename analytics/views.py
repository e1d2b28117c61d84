"""P1: what deserves attention now."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics import queries
from staff.access import actor, may, requires


@requires("workbench.view")
@require_safe
def workbench(request: HttpRequest) -> HttpResponse:
    """The page itself is quick: its cards come as fragments."""
    steps = queries.setup_steps()
    return render(
        request, "analytics/workbench.html", {"cards": _cards(request), "steps": _steps(steps), "is_new": not steps[0][1]}
    )


CARDS = {
    "pulse": "customers.view",
    "tasks": "tasks.view",
    "hot": "customers.view",
    "departures": "orders.view",
    "campaigns": "campaigns.view",
}


def _cards(request: HttpRequest) -> list[str]:
    return [name for name, ability in CARDS.items() if name != "pulse" and may(request.user, ability)]


def _steps(steps: list[tuple[str, bool]]) -> list[dict[str, Any]]:
    words = {
        "customers": (_("First customers have come in"), "/data"),
        "tags": (_("A tag rule is at work"), "/tags"),
        "resources": (_("Suppliers' resources are imported"), "/suppliers"),
        "products": (_("A product is on sale"), "/products"),
        "segments": (_("A segment is built"), "/segments"),
        "campaign": (_("The first campaign is on its way"), "/campaigns"),
    }
    return [{"done": done, "label": words[name][0], "href": words[name][1]} for name, done in steps]


@requires("workbench.view")
@require_safe
def card(request: HttpRequest, name: str) -> HttpResponse:
    """One card as a fragment."""
    if name not in CARDS or not may(request.user, CARDS[name]):
        raise Http404
    return render(request, f"analytics/card_{name}.html", _content(request, name))


def _content(request: HttpRequest, name: str) -> dict[str, Any]:
    user = actor(request)
    if name == "pulse":
        return {**queries.pulses(user), "claimed": queries.claimed_revenue()}
    if name == "tasks":
        tasks, total = queries.open_tasks(user)
        return {"tasks": tasks, "total": total}
    if name == "hot":
        return {"hot": queries.hot_customers(user)}
    if name == "departures":
        return {"orders": queries.departures(user)}
    return {"running": queries.running_campaigns()}
