"""The builder's fragments: its lines after a button was pressed, and what the condition means right now."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from core import clock, params
from core.conditions import Node
from core.conditions.params import remembering_options
from staff.access import actor, requires
from tagging.forms.draft import Line, apply, check, draft_of, empty_draft
from tagging.forms.records import posted_draft
from tagging.models import Tag, TagRule
from tagging.queries.members import count_members, within_scope
from tagging.queries.previews import preview, rule_effect
from tagging.queries.reach import reach
from tagging.queries.warnings import warnings
from tagging.services.sentences import write_rule

EXACT_SECONDS = 20.0


@requires("tags.manage", "segments.manage")
@require_POST
def builder(request: HttpRequest) -> HttpResponse:
    """The lines of the form after one of its buttons."""
    with remembering_options():
        command = params.text("do", request.POST.get("do"), 40)
        draft = apply(posted_draft(request.POST), command, request.POST.dict())
        return render(request, "tagging/builder/builder.html", {"draft": draft})


@requires("tags.manage", "segments.manage")
@require_POST
def sentence(request: HttpRequest) -> HttpResponse:
    """A sentence read into the builder's lines; what was not understood is said, and what stood there before is kept then."""
    text = params.text("sentence", request.POST.get("sentence"), 300)
    with remembering_options():
        written = write_rule(text) if text else None
        draft: Line = empty_draft()
        if written is not None and written.condition is not None:
            draft = draft_of(written.condition)
        elif request.POST.getlist("line"):
            draft = posted_draft(request.POST)
        return render(request, "tagging/builder/builder.html", {"draft": draft, "written": written, "sentence": text})


@requires("segments.view", "tags.manage")
@require_POST
def exact_count(request: HttpRequest) -> HttpResponse:
    """The true number behind an estimate."""
    with remembering_options():
        node = _asked(request)
    if node is None:
        return HttpResponse(status=204)
    count = count_members(within_scope(node, actor(request)), clock.now(), seconds=EXACT_SECONDS, sample=0)
    return render(request, "tagging/count.html", {"count": count})


@requires("tags.manage")
@require_POST
def rule_preview(request: HttpRequest, tag_id: int) -> HttpResponse:
    """Who would get the tag, who would lose it, and some people with their reasons."""
    tag = get_object_or_404(Tag.objects.select_related("group"), pk=tag_id)
    rule = TagRule.objects.filter(pk=params.whole("rule", request.POST.get("rule"), 0), tag=tag).first()
    with remembering_options():
        node = _asked(request)
        if node is None:
            return render(request, "tagging/preview.html", {"tag": tag})
        now = clock.now()
        found = preview(node, actor(request), now, for_rule=True)
        effect = rule_effect(node, tag, rule, now)
        told = warnings(node, found.count, now, tag, rule.pk if rule else None)
        context = {"tag": tag, "found": found, "effect": effect, "warnings": told}
        return render(request, "tagging/preview.html", context)


@requires("segments.view")
@require_POST
def segment_preview(request: HttpRequest) -> HttpResponse:
    """How many people, by which channels they can be reached, and some of them with their reasons."""
    with remembering_options():
        node = _asked(request)
        if node is None:
            return render(request, "tagging/preview.html", {})
        now = clock.now()
        found = preview(node, actor(request), now)
        channels = reach(within_scope(node, actor(request)), now)
        context = {"found": found, "channels": channels, "warnings": warnings(node, found.count, now)}
        return render(request, "tagging/preview.html", context)


def _asked(request: HttpRequest) -> Node | None:
    """The posted condition, or None while it is not complete yet."""
    return check(posted_draft(request.POST))
