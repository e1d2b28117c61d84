"""Staff pages of suppliers: files in, reports out."""

import csv
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.choices import FeedRunState, FileFault, IssueReason, IssueSeverity, MatchState, ResourceKind
from catalog.forms import MappingForm, UploadForm
from catalog.models import FeedRun
from catalog.queries import feeds as queries
from catalog.queries import resources as lists
from catalog.queries.matching import pair_counts
from catalog.services import feeds as services
from core import params
from core.errors import BadInput
from staff.access import may, may_reveal, requires
from staff.choices import FieldClass
from staff.models import User
from staff.services import write_audit

BUSY = (FeedRunState.UPLOADED, FeedRunState.RUNNING)


@requires("suppliers.view")
@require_safe
def supplier_list(request: HttpRequest) -> HttpResponse:
    """Suppliers, their newest files, and the door for the next one."""
    context = {
        "suppliers": lists.suppliers_with_counts(),
        "runs": queries.newest_runs(),
        "form": UploadForm(),
        "can_import": may(request.user, "suppliers.import"),
        "kinds": dict(ResourceKind.choices),
        "sees_costs": may(request.user, "cost.view"),
        "waiting_pairs": pair_counts().get(MatchState.REVIEW, 0),
    }
    return render(request, "catalog/suppliers.html", context)


@require_http_methods(["GET", "POST"])
@requires("suppliers.import")
def feed_import(request: HttpRequest) -> HttpResponse:
    """Take a file: GET shows the form alone, POST reads the file and goes on to its report."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        run = _upload(form, cast(User, request.user))
        if run is not None:
            return HttpResponseRedirect(reverse("catalog:feed_run", args=[run.pk]))
    return render(request, "catalog/import.html", {"form": form}, status=422 if form.errors else 200)


def _upload(form: UploadForm, user: User) -> FeedRun | None:
    data = form.cleaned_data
    try:
        run = services.upload_feed(
            supplier=data["supplier"],
            filename=data["file"].name,
            content=data["file"].read(),
            kind=data["kind"],
            city=data["city"],
            is_full=data["is_full"],
            user=user,
        )
    except BadInput as error:
        for name, complaint in error.fields.items():
            form.add_error(name if name in form.fields else None, complaint)
        return None
    return run


@requires("suppliers.view")
@require_safe
def feed_run(request: HttpRequest, run_id: int) -> HttpResponse:
    """One file's report; while it is being read, its progress."""
    return render(request, "catalog/feed_run.html", _report(request, _run(run_id)))


@requires("suppliers.view")
@require_safe
def feed_progress(request: HttpRequest, run_id: int) -> HttpResponse:
    """What the page asks every second while a file is read; afterwards it loads the page whole."""
    run = _run(run_id)
    if run.state not in BUSY:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return render(request, "catalog/feed_progress.html", {"run": run, "is_waiting": _needs_mapping(run)})


def _run(run_id: int) -> FeedRun:
    run = queries.run_without_content(run_id)
    if run is None:
        raise Http404
    return run


def _needs_mapping(run: FeedRun) -> bool:
    """Whether the file waits for a person to say which column is the name."""
    matches = services.matches_of(run)
    return run.state == FeedRunState.UPLOADED and not any(match.field == "name" and match.is_certain for match in matches)


def _report(request: HttpRequest, run: FeedRun) -> dict[str, Any]:
    wanted, after = _issue_filter(request), params.text("after", request.GET.get("after"), 20)
    reasons = queries.reasons_of(run)
    matches = services.matches_of(run)
    form = MappingForm(run.mapping.get("columns", []))
    return {
        "run": run,
        "is_busy": run.state in BUSY,
        "is_waiting": _needs_mapping(run),
        "fault": FileFault(run.error).label if run.error in FileFault else run.error,
        "reasons": reasons,
        "has_jumps": any(one.reason == IssueReason.PRICE_JUMP and one.is_refusal for one in reasons),
        "wanted": wanted,
        "page": queries.read_issues(run, wanted, after),
        "mapping": list(zip(matches, [form[name] for name in form.fields], strict=True)),
        "can_import": may(request.user, "suppliers.import"),
        "shows_prices": may_reveal(request.user, FieldClass.COST),
        "elsewhere": sum(run.findings.get("no_destination", {}).values()),
    }


def _issue_filter(request: HttpRequest) -> queries.IssueFilter:
    get = request.GET.get
    return queries.IssueFilter(
        reason=params.one_of("reason", get("reason"), list(IssueReason.values)),
        severity=params.one_of("severity", get("severity"), list(IssueSeverity.values)),
        q=params.text("q", get("q"), 60),
    )


@requires("suppliers.view")
@require_safe
def feed_report(request: HttpRequest, run_id: int) -> HttpResponse:
    """The report as CSV for the supplier, with the filters in force. No cell can act as a formula."""
    run = _run(run_id)
    wanted = _issue_filter(request)
    write_audit(cast(User, request.user), "feed.report_exported", run, {"reason": wanted.reason, "severity": wanted.severity})
    header = [_("Row"), _("Name"), _("Column"), _("Value"), _("What is wrong"), _("What was done")]
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")  # Excel reads UTF-8 only after this mark
    response.headers["Content-Disposition"] = f'attachment; filename="feed-report-{run.pk}.csv"'
    writer = csv.writer(response)
    writer.writerow(header)
    writer.writerows([harmless(cell) for cell in line] for line in queries.report_lines(run, wanted))
    return response


def harmless(cell: str) -> str:
    """A cell no spreadsheet takes for a formula: what begins with = + - @ (of any width), tab or return gets an apostrophe."""
    return f"'{cell}" if cell.lstrip(" \u3000")[:1] in set("=+-@＝＋－＠\t\r\n|%") else cell


@require_POST
@requires("suppliers.import")
def feed_decide(request: HttpRequest, run_id: int) -> HttpResponse:
    """Approve or reject a quarantined file."""
    run, user = _run(run_id), cast(User, request.user)
    if params.one_of("decision", request.POST.get("decision"), ["approve", "reject"], "reject") == "approve":
        services.approve_feed(run, user=user)
        messages.success(request, _("Approved: the file is being applied."))
    else:
        services.reject_feed(run, user=user)
        messages.info(request, _("Rejected: everything stays as it was."))
    return HttpResponseRedirect(reverse("catalog:feed_run", args=[run.pk]))


@require_POST
@requires("suppliers.import")
def feed_remap(request: HttpRequest, run_id: int) -> HttpResponse:
    """Read the file again with a person's choice of columns."""
    run = _run(run_id)
    form = MappingForm(run.mapping.get("columns", []), request.POST)
    if not form.is_valid():
        raise BadInput(_("Please choose a meaning for every column."))
    services.remap_feed(run, form.chosen(), user=cast(User, request.user))
    messages.success(request, _("The file is being read with your columns."))
    return HttpResponseRedirect(reverse("catalog:feed_run", args=[run.pk]))


@requires("suppliers.view")
@require_safe
def feed_numbers(request: HttpRequest, run_id: int) -> HttpResponse:
    """The report's numbers for programs: rows by what became of them."""
    run = _run(run_id)
    names = ("total", "created", "changed", "same", "refused", "flagged", "gone")
    counts = {name: getattr(run, f"rows_{name}") for name in names}
    return JsonResponse({"state": run.state, "is_finished": run.state not in BUSY, **counts})
