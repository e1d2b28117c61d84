"""P22: is everything coming in?"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from customers.queries import imports, outside, sources
from staff.access import may, requires


@requires("data.view")
@require_safe
def data_health(request: HttpRequest) -> HttpResponse:
    """P22: is everything coming in?"""
    return render(
        request,
        "customers/data.html",
        {**_sources(), "identities": sources.identity_numbers(), "can_manage": may(request.user, "data.manage")},
    )


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
        "outside": outside.source_states(),
        "imports": imports.newest_batches(5),
        "mode": settings.PLATFORM_MODE,
    }
