"""P22: is everything coming in?"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from customers.queries import sources
from staff.access import requires


@requires("data.view")
@require_safe
def data_health(request: HttpRequest) -> HttpResponse:
    """P22: is everything coming in?"""
    return render(request, "customers/data.html", {**_sources(), "identities": sources.identity_numbers()})


@requires("data.view")
@require_safe
def data_sources(request: HttpRequest) -> HttpResponse:
    """The cards and the live tail, refreshed while somebody looks."""
    return render(request, "customers/data_sources.html", _sources())


def _sources() -> dict[str, Any]:
    return {
        "cards": sources.source_cards(),
        "trouble": sources.trouble(),
        "tail": sources.live_tail(),
        "mode": settings.PLATFORM_MODE,
    }
