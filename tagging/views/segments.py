"""P5: segments, built as sentences, counted while one builds."""

import datetime as dt
import json
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import clock, params
from core.conditions import parse, say
from core.conditions.params import remembering_options
from core.errors import BadInput
from staff.access import actor, may, requires
from tagging.forms.draft import Line, check, draft_of, empty_draft, json_of
from tagging.forms.records import SegmentForm, complain, posted_draft
from tagging.models import Segment
from tagging.queries import lists
from tagging.queries.members import count_members, within_scope
from tagging.queries.ready import ready_segments
from tagging.queries.segment_facts import as_of, segment_facts
from tagging.services import segments as services


@requires("segments.view")
@require_safe
def segment_list(request: HttpRequest) -> HttpResponse:
    """All segments with their sentences and last counts, and ready-made ones to begin with."""
    text = params.text("q", request.GET.get("q"), 60)
    found = lists.segments()
    rows = lists.with_sentences(list(found.filter(name__icontains=text) if text else found))
    known = {segment.name for segment, _sentence in rows}
    with remembering_options():
        ready = [(one, lists.sentence_of(one.condition)) for one in ready_segments() if one.name not in known]
    context = {"rows": rows, "q": text, "can_edit": may(request.user, "segments.manage"), "ready": ready}
    return render(request, "tagging/segments.html", context)


@requires("segments.manage")
@require_http_methods(["GET", "POST"])
def segment_new(request: HttpRequest) -> HttpResponse:
    """Build a new one; `?ready=` starts from a ready-made one, `?copy=` from an existing one."""
    if request.method == "POST":
        return _post(request, None)
    start, condition = _beginning(request)
    draft = draft_of(condition) if condition else empty_draft()
    return _page(request, None, SegmentForm(initial=start), draft)


def _beginning(request: HttpRequest) -> tuple[dict[str, str], Any]:
    key = params.text("ready", request.GET.get("ready"), 30)
    ready = next((one for one in ready_segments() if one.key == key), None)
    if ready is not None:
        return {"name": ready.name, "description": ready.description}, ready.condition
    copied = Segment.objects.filter(pk=params.whole("copy", request.GET.get("copy"), 0)).first()
    if copied is not None:
        return {"name": _("%(name)s (copy)") % {"name": copied.name}, "description": copied.description}, copied.condition
    return {}, None


@requires("segments.view")
@require_http_methods(["GET", "POST"])
def segment_edit(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Look at one, and change it for those who may."""
    if request.method == "POST" and not may(request.user, "segments.manage"):
        raise PermissionDenied(_("Your role does not include this. Ask an administrator if you need it."))
    segment = get_object_or_404(Segment, pk=segment_id)
    if request.method == "POST":
        return _post(request, segment)
    start = {"name": segment.name, "description": segment.description, "kind": segment.kind}
    return _page(request, segment, SegmentForm(initial=start), draft_of(segment.condition))


def _post(request: HttpRequest, segment: Segment | None) -> HttpResponse:
    with remembering_options():
        form, draft = SegmentForm(request.POST), posted_draft(request.POST)
        node = check(draft)
        if form.is_valid() and node is not None:
            try:
                saved = services.save_segment(actor(request), **form.cleaned_data, condition=json_of(draft), segment=segment)
            except BadInput as error:
                complain(form, draft, error)
            else:
                messages.success(request, _("Saved “%(name)s”.") % {"name": saved.name})
                return redirect("tagging:segment", saved.pk)
        return _page(request, segment, form, draft, status=422)


def _page(request: HttpRequest, segment: Segment | None, form: SegmentForm, draft: Line, status: int = 200) -> HttpResponse:
    can_edit = may(request.user, "segments.manage")
    context: dict[str, Any] = {"segment": segment, "form": form, "draft": draft, "can_edit": can_edit, "readonly": not can_edit}
    if not can_edit and segment is not None:  # a form whose inputs rest sends none of them: the preview asks the stored condition
        context["condition"] = json.dumps(segment.condition)
    context["can_campaign"] = may(request.user, "campaigns.edit")
    with remembering_options():
        return render(request, "tagging/segment.html", context, status=status)


@requires("segments.view")
@require_safe
def segment_insight(request: HttpRequest, segment_id: int) -> HttpResponse:
    """The segment in time: trend, overlap with others, and who was in it on a day (`on`) and why."""
    segment = get_object_or_404(Segment, pk=segment_id)
    on = _day(request.GET.get("on"))
    with remembering_options():
        context = {
            "segment": segment, "facts": segment_facts(segment) if segment.ready_at else None, "today": clock.today(),
            "as_of": as_of(segment, actor(request), on) if segment.ready_at else None,
        }  # fmt: skip
        return render(request, "tagging/insight.html", context)


def _day(text: str | None) -> dt.date:
    if not text:
        return clock.today()
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(_("This is no date."), {"on": _("This is no date.")}) from error


@requires("segments.manage")
@require_POST
def segment_delete(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Delete one that no campaign uses."""
    services.delete_segment(actor(request), get_object_or_404(Segment, pk=segment_id))
    messages.success(request, _("The segment was deleted."))
    return redirect("tagging:segments")


@requires("segments.manage")
@require_POST
def segments_install(request: HttpRequest) -> HttpResponse:
    """Add every ready-made segment that is not there yet."""
    made = services.install_segments(actor(request), {one.name: (one.description, one.condition) for one in ready_segments()})
    messages.success(request, ngettext("Added %(n)s segment.", "Added %(n)s segments.", made) % {"n": made})
    return redirect("tagging:segments")


@requires("segments.view")
@require_safe
def segment_count(request: HttpRequest, segment_id: int) -> HttpResponse:
    """The cell of a segment that no night has counted yet: counted now."""
    segment = get_object_or_404(Segment, pk=segment_id)
    count = count_members(parse(segment.condition), clock.now(), sample=0)
    return render(request, "tagging/count.html", {"count": count})


@requires("segments.view")
@require_safe
def segment_numbers(request: HttpRequest, segment_id: int) -> HttpResponse:
    """The segment counted now, for programs: within the asker's scope."""
    segment = get_object_or_404(Segment, pk=segment_id)
    node = parse(segment.condition)
    count = count_members(within_scope(node, actor(request)), clock.now(), sample=0)
    return JsonResponse({"count": count.number, "is_estimate": count.is_estimate, "sentence": say(node)})
