"""The audit trail: who did what, changes the database noticed by itself, and proof that nothing is missing."""

import csv
import datetime as dt
import io

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import clock, params
from core.errors import Refused
from staff.access import actor, client_ip, may, requires
from staff.models import User
from staff.queries import PAGE, AuditFilter, audit_entries, row_changes, tracked_models
from staff.rules import safe_cell
from staff.services import chain_break, write_audit

EXPORT_ROWS = 20_000


def _asked(request: HttpRequest) -> AuditFilter:
    since, until = params.date("since", request.GET.get("since")), params.date("until", request.GET.get("until"))
    return AuditFilter(
        actor_id=params.whole("actor", request.GET.get("actor"), 0) or None,
        action=params.text("action", request.GET.get("action"), 60),
        object_type=params.text("type", request.GET.get("type"), 60),
        object_id=params.text("object", request.GET.get("object"), 60),
        since=clock.day_bounds(since)[0] if since else None,
        until=clock.day_bounds(until)[1] if until else None,
    )


@require_safe
@requires("audit.view")
def entries(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first."""
    asked = _asked(request)
    found = list(audit_entries(asked, params.whole("before", request.GET.get("before"), 0, high=2**62))[: PAGE + 1])
    page = found[:PAGE]
    context = {
        "entries": page, "cursor": page[-1].id if len(found) > PAGE else None, "asked": asked,
        "since": request.GET.get("since", ""), "until": request.GET.get("until", ""),
        "people": User.objects.order_by("display_name"), "actions": ACTIONS, "perms_export": may(request.user, "audit.export"),
    }  # fmt: skip
    return render(request, "staff/audit.html", context)


ACTIONS = (
    "reveal.", "session.", "staff.", "department.", "policy.", "campaigns.", "order.", "product.", "customer.", "privacy.",
    "audit.",
)  # fmt: skip


@require_safe
@requires("audit.view")
def changes(request: HttpRequest) -> HttpResponse:
    """What the database's own triggers wrote down: catches bulk updates and changes made past the pages."""
    models = tracked_models()
    label = params.one_of("table", request.GET.get("table"), list(models), "staff.user")
    if label not in models:
        raise Http404
    object_id = params.whole("object", request.GET.get("object"), 0, high=2**62)
    rows, cursor = row_changes(label, str(object_id or ""), params.whole("before", request.GET.get("before"), 0, high=2**62))
    tables = [(name, model.pgh_tracked_model._meta.verbose_name) for name, model in models.items()]  # type: ignore[attr-defined]
    context = {"rows": rows, "cursor": cursor, "tables": tables, "label": label, "object_id": object_id or ""}
    return render(request, "staff/audit_changes.html", context)


@require_POST
@requires("audit.view")
def verify(request: HttpRequest) -> HttpResponse:
    """Walk the chain and say whether every entry fits."""
    count, broken = chain_break()
    if broken is None:
        messages.success(request, _("All %(count)s entries are intact.") % {"count": f"{count:,}"})
    else:
        messages.error(request, _("Entry %(id)s does not fit: it or one before it was altered or removed.") % {"id": broken})
    write_audit(actor(request), "audit.verified", detail={"entries": count, "broken": broken}, ip=client_ip(request))
    return redirect("staff:audit")


@require_POST
@requires("audit.export")
def export(request: HttpRequest) -> HttpResponse:
    """The filtered entries as CSV, at most 20,000; the export itself is written down."""
    rows = list(audit_entries(_asked(request))[: EXPORT_ROWS + 1])
    if len(rows) > EXPORT_ROWS:
        raise Refused(_("More than %(limit)s entries; narrow the filter.") % {"limit": f"{EXPORT_ROWS:,}"}, "too_many_rows")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_("Time"), _("Who"), _("Action"), _("Object"), _("Detail"), _("Address")])
    for entry in rows:
        at = entry.at.astimezone(clock.SHANGHAI).replace(tzinfo=None).isoformat(" ", "seconds")
        cells = [
            at,
            str(entry.actor or ""),
            entry.action,
            f"{entry.object_type} {entry.object_id} {entry.object_name}".strip(),
            str(entry.detail),
            entry.ip or "",
        ]
        writer.writerow([safe_cell(cell) for cell in cells])
    write_audit(actor(request), "audit.exported", detail={"rows": len(rows)}, ip=client_ip(request))
    name = f"audit-{dt.datetime.now(clock.SHANGHAI):%Y%m%d-%H%M}.csv"
    return HttpResponse(
        "\ufeff" + out.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
