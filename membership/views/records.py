"""One dialog for the programme's reference rows."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from membership.forms import RECORDS
from membership.services.records import save_record
from membership.views.tiers import actor
from staff.access import requires

_HOME = {"program": "points", "rule": "points", "task": "tasks", "benefit": "overview", "item": "mall", "service": "mall"}


@require_http_methods(["GET", "HEAD", "POST"])
@requires("membership.manage")
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """A new row of a kind; for the programme's one row, that one."""
    model, _form, _title = _of(kind)
    return _serve(request, kind, model.current() if kind == "program" else model())


@require_http_methods(["GET", "HEAD", "POST"])
@requires("membership.manage")
def edit(request: HttpRequest, kind: str, record_id: int) -> HttpResponse:
    """Change a row."""
    model, _form, _title = _of(kind)
    return _serve(request, kind, get_object_or_404(model, pk=record_id))


def _of(kind: str) -> tuple[Any, Any, Any]:
    if kind not in RECORDS:
        raise Http404
    return RECORDS[kind]


def _serve(request: HttpRequest, kind: str, record: Any) -> HttpResponse:
    _model, form_class, title = _of(kind)
    form = form_class(request.POST if request.method == "POST" else None, instance=record)
    if request.method == "POST" and form.is_valid():
        save_record(form.instance, by=actor(request))
        messages.success(request, _("Saved."))
        return HttpResponse(status=204, headers={"HX-Redirect": reverse(f"membership:{_HOME[kind]}")})
    status = 422 if request.method == "POST" else 200
    return render(request, "membership/record_form.html", {"form": form, "title": title, "action": request.path}, status=status)
