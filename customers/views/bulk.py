"""What is done to many customers at once: first how many and whom not, then the act in the background with its progress."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import clock, params
from core.errors import BadInput
from customers.models import BulkAction
from customers.queries import bulk as acts
from customers.services import bulk, bulk_export
from staff.access import actor, client_ip, requires

ASKED = ("owner", "tag", "name", "reason", "phones", "title", "due")


def _chosen(request: HttpRequest) -> acts.Chosen:
    if request.POST.get("whole") == "1":
        return acts.Chosen(params.text("query", request.POST.get("query"), 500), ())
    ticked = tuple(params.whole("id", value, 0) for value in request.POST.getlist("id"))
    if not ticked:
        raise BadInput(_("Choose at least one customer."))
    if len(ticked) > acts.MOST_TICKED:
        raise BadInput(_("Choose at most %(most)s customers at once.") % {"most": acts.MOST_TICKED})
    return acts.Chosen("", ticked)


def _kind(request: HttpRequest) -> tuple[str, bulk.Kind]:
    kinds = bulk.kinds_for(actor(request))
    name = params.text("kind", request.POST.get("kind"), 20)
    if name not in kinds:
        raise Http404
    return name, kinds[name]


def _given(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "") for name in ASKED}


@requires("customers.view")
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """The dialog: whom it is about, how many are so already, what has to be said. Writes nothing."""
    chosen, (name, kind), user, given = _chosen(request), _kind(request), actor(request), _given(request)
    ids = chosen.ids(user, clock.now())
    total, complaint, same = ids.count(), "", 0
    if any(given[ask.name] for ask in kind.asks):
        try:
            args = kind.clean(user, given, total)
            same = acts.count_same(ids, kind.same(args)) if kind.same else 0
        except BadInput as error:
            complaint = error.message
    asks = [
        {"ask": ask, "options": ask.options(user) if ask.options else [], "value": given[ask.name]} for ask in kind.asks
    ]  # fmt: skip
    context = {
        "name": name, "kind": kind, "chosen": chosen, "total": total, "same": same, "left": total - same, "asks": asks,
        "complaint": complaint, "whole": not chosen.ticked, "counts_same": kind.same is not None,
        "undoable": kind.undo is not None,
    }  # fmt: skip
    return render(request, "customers/bulk_dialog.html", context)


@requires("customers.view")
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Begin, and go to its page."""
    chosen, (name, _kind_found), user = _chosen(request), _kind(request), actor(request)
    begun = bulk.start_bulk(
        actor=user, kind=name, given=_given(request), targets=chosen.ids(user, clock.now()), query=chosen.query
    )  # fmt: skip
    return HttpResponse(status=204, headers={"HX-Redirect": reverse("customers:bulk", args=[begun.pk])})


def _own(request: HttpRequest, bulk_id: int) -> BulkAction:
    return get_object_or_404(acts.mine(actor(request)), pk=bulk_id)


def _facts(request: HttpRequest, found: BulkAction) -> dict[str, Any]:
    kind, now = bulk.kind_of(found.kind), clock.now()
    over = found.finished_at is not None
    return {
        "bulk": found, "kind": kind, "what": kind.describe(found.args) if kind.describe else "", "over": over,
        "skips": acts.skips(found), "left_out": acts.left_out(found, actor(request)) if over else [],
        "can_undo": bulk.can_undo(found, now), "n_skipped": sum(found.skips.values()),
        "has_file": over and found.kind == "export" and found.expires_at is not None and found.expires_at > now
        and found.actor_id == actor(request).pk,
    }  # fmt: skip


@requires("customers.view")
@require_safe
def bulk_list(request: HttpRequest) -> HttpResponse:
    """What one began, newest first."""
    rows = [
        {"bulk": found, "kind": kind, "what": kind.describe(found.args) if kind.describe else ""}
        for found in acts.mine(actor(request))[:30]
        for kind in [bulk.kind_of(found.kind)]
    ]
    return render(request, "customers/bulk_list.html", {"rows": rows})


@requires("customers.view")
@require_safe
def bulk_page(request: HttpRequest, bulk_id: int) -> HttpResponse:
    """One act: how far it is, what was left out and why, its file, the way back."""
    return render(request, "customers/bulk_page.html", _facts(request, _own(request, bulk_id)))


@requires("customers.view")
@require_safe
def progress(request: HttpRequest, bulk_id: int) -> HttpResponse:
    """The moving part of the page, as a fragment."""
    return render(request, "customers/bulk_progress.html", _facts(request, _own(request, bulk_id)))


@requires("customers.view")
@require_POST
def stop(request: HttpRequest, bulk_id: int) -> HttpResponse:
    """No further step."""
    found = _own(request, bulk_id)
    bulk.stop_bulk(found, actor=actor(request))
    messages.info(request, _("Stopped. What is done stays done; it can be undone."))
    return redirect("customers:bulk", found.pk)


@requires("customers.view")
@require_POST
def undo(request: HttpRequest, bulk_id: int) -> HttpResponse:
    """Take back what has not been changed again since."""
    found = _own(request, bulk_id)
    bulk.undo_bulk(found, actor=actor(request))
    return redirect("customers:bulk", found.pk)


@requires("customers.export")
@require_safe
def file(request: HttpRequest, bulk_id: int) -> HttpResponse:
    """The exported file: only for the one who asked for it, for a day."""
    found = get_object_or_404(BulkAction, pk=bulk_id, kind="export", actor=actor(request))
    content = bulk_export.read_file(found, actor=actor(request), ip=client_ip(request))
    name = f"customers-{clock.shanghai_date(found.created_at):%Y%m%d}-{found.pk}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)
