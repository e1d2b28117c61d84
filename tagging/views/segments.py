"""P5: segments, built as sentences, counted while one builds."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from rest_framework.exceptions import ParseError

from core import clock, params
from core.conditions import ConditionError
from core.errors import BadInput
from core.parsers import decode
from staff.access import actor, may, requires
from tagging.models import Segment
from tagging.queries import lists
from tagging.queries.schema import builder_schema
from tagging.services import segments as services
from tagging.views.ready import ready_segments

EMPTY: dict[str, Any] = {"all": []}


@requires("segments.view")
@require_safe
def segment_list(request: HttpRequest) -> HttpResponse:
    """All segments with their sentences and last counts."""
    rows = [(segment, lists.sentence_of(segment.condition)) for segment in lists.segments()]
    context = {"rows": rows, "can_edit": may(request.user, "segments.manage"), "ready": ready_segments()}
    return render(request, "tagging/segments.html", context)


@requires("segments.manage")
@require_http_methods(["GET", "POST"])
def segment_new(request: HttpRequest) -> HttpResponse:
    """Build a new one, perhaps from a ready-made question."""
    ready = {one["key"]: one for one in ready_segments()}.get(request.GET.get("ready", ""))
    values = {"name": ready["name"], "condition": ready["condition"]} if ready else {}
    return _edit(request, None, values)


@requires("segments.view")
@require_http_methods(["GET", "POST"])
def segment_edit(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Look at one, and change it for those who may."""
    segment = get_object_or_404(Segment, pk=segment_id)
    values = {"name": segment.name, "description": segment.description, "condition": segment.condition}
    return _edit(request, segment, values)


def _edit(request: HttpRequest, segment: Segment | None, values: dict[str, Any]) -> HttpResponse:
    errors: dict[str, str] = {}
    if request.method == "POST":
        values, errors = _posted(request), {}
        try:
            saved = _save(request, segment, values)
        except BadInput as error:
            errors = error.fields or {"condition": error.message}
        else:
            messages.success(request, _("The segment was saved."))
            return redirect("tagging:segment", saved.pk)
    context = {
        "segment": segment, "values": values, "errors": errors, "schema": builder_schema(),
        "tree": values.get("condition") or EMPTY, "can_edit": may(request.user, "segments.manage"),
    }  # fmt: skip
    return render(request, "tagging/segment.html", context, status=422 if errors else 200)


def _posted(request: HttpRequest) -> dict[str, Any]:
    return {
        "name": params.text("name", request.POST.get("name"), 60),
        "description": params.text("description", request.POST.get("description"), 200),
        "condition": read_condition(request.POST.get("condition", "")),
    }


def _save(request: HttpRequest, segment: Segment | None, values: dict[str, Any]) -> Segment:
    if not may(request.user, "segments.manage"):
        raise BadInput(_("Your role does not include this."))
    return services.save_segment(actor(request), **values, segment=segment)


def read_condition(text: str) -> Any:
    """The builder's hidden field as JSON; BadInput when it is none."""
    try:
        return decode(text.encode("utf-8", "surrogatepass")[:200_000])
    except ParseError as error:
        raise BadInput(_("The condition could not be read."), {"condition": str(error.detail)}) from error


@requires("segments.manage")
@require_POST
def segment_delete(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Delete one that no campaign uses."""
    services.delete_segment(actor(request), get_object_or_404(Segment, pk=segment_id))
    messages.success(request, _("The segment was deleted."))
    return redirect("tagging:segments")


@requires("segments.view")
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """The fragment beside the builder: sentence, count, some people with the reasons."""
    try:
        found = lists.preview(read_condition(request.POST.get("condition", "")), actor(request), clock.now())
    except ConditionError as error:
        return render(request, "tagging/preview.html", {"complaint": error.complaint})
    except BadInput as error:
        return render(request, "tagging/preview.html", {"complaint": error.message})
    return render(request, "tagging/preview.html", {"found": found})


@requires("segments.view")
@require_safe
def segment_numbers(request: HttpRequest, segment_id: int) -> HttpResponse:
    """The segment counted now, for programs: within the asker's scope."""
    segment = get_object_or_404(Segment, pk=segment_id)
    found = lists.preview(segment.condition, actor(request), clock.now())
    return JsonResponse({"count": found.count.number, "is_estimate": found.count.is_estimate, "sentence": found.sentence})
