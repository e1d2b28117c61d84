"""P22: is everything coming in?"""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from core import params
from core.services import retry_jobs
from customers.queries import imports, outside, sources
from gateways.queries import quota_gauges
from staff.access import actor, may, requires
from staff.services import write_audit


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
    return render(request, "customers/data_sources.html", {**_sources(), "can_manage": may(request.user, "data.manage")})


@requires("data.manage")
@require_POST
def jobs_retry(request: HttpRequest) -> HttpResponse:
    """Put failed jobs back in the queue: the one that is named, or all that are shown. They re-check the world when they run."""
    chosen = params.whole("job", request.POST.get("job"), 0, high=2**62)
    ids = [chosen] if chosen else [row["id"] for row in sources.failed_jobs()]
    count = retry_jobs(ids)
    if count:
        write_audit(actor(request), "jobs.retried", None, {"jobs": ids[:20], "count": count})
    words = ngettext("%(count)s job will run again.", "%(count)s jobs will run again.", count)
    messages.success(request, words % {"count": count})
    return redirect("customers:data")


def _sources() -> dict[str, Any]:
    trouble = sources.trouble()
    return {
        "failed": sources.failed_jobs() if trouble["failed"] else [],
        "gauges": quota_gauges(),
        "cards": sources.source_cards(),
        "trouble": trouble,
        "tail": sources.live_tail(trouble["newest"]),
        "outside": outside.source_states(),
        "imports": imports.newest_batches(5),
        "mode": settings.PLATFORM_MODE,
    }
