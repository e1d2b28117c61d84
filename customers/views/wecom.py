"""How far the synchronisation with WeCom is: a fragment of the data page."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from customers.choices import SyncKind, SyncState, SyncStep
from customers.models import SyncRun
from customers.queries.syncs import newest_runs, repairs_of
from customers.services.sync.runs import start_sync, stop_sync
from staff.access import actor, may, requires


@requires("data.view")
@require_safe
def sync_panel(request: HttpRequest) -> HttpResponse:
    """The newest runs: progress while one is under way, then what it read and put right."""
    return _panel(request)


def _panel(request: HttpRequest) -> HttpResponse:
    runs = newest_runs()
    running = next((run for run in runs if run.state == SyncState.RUNNING), None)
    order = list(SyncStep)
    at = order.index(SyncStep(running.step)) if running else -1
    steps = [{"step": step, "label": step.label, "done": place < at, "now": place == at} for place, step in enumerate(order)]
    context: dict[str, Any] = {"runs": runs, "running": running, "steps": steps, "repairs": repairs_of([run.pk for run in runs])}
    context["may_manage_data"] = may(actor(request), "data.manage")
    return render(request, "customers/sync_panel.html", context)


@requires("data.manage")
@require_POST
def sync_start(request: HttpRequest) -> HttpResponse:
    """Synchronise now; a run that is under way goes on."""
    kind = SyncKind.RECONCILE if SyncRun.objects.filter(state=SyncState.DONE).exists() else SyncKind.FULL
    start_sync(kind, actor=actor(request))
    messages.success(request, _("The synchronisation with WeCom is under way."))
    return _panel(request) if request.headers.get("HX-Request") == "true" else redirect("customers:data")


@requires("data.manage")
@require_POST
def sync_stop(request: HttpRequest, sync_id: int) -> HttpResponse:
    """End a run where it is."""
    stop_sync(get_object_or_404(SyncRun, pk=sync_id).pk, actor=actor(request))
    messages.success(request, _("The synchronisation was stopped."))
    return _panel(request) if request.headers.get("HX-Request") == "true" else redirect("customers:data")
