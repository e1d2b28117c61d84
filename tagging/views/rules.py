"""P4: one rule, written as sentences beside a live preview; published, paused, taken back."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import params
from core.conditions.params import remembering_options
from core.errors import BadInput
from staff.access import actor, requires
from tagging.choices import RuleState
from tagging.forms.draft import Line, check, draft_of, empty_draft, json_of
from tagging.forms.records import RuleForm, complain, posted_draft
from tagging.models import Tag, TagRule
from tagging.queries.lists import rule_versions
from tagging.queries.progress import progress_of
from tagging.services import rules as services

STOP_POLLING = 286


@requires("tags.manage")
@require_http_methods(["GET", "POST"])
def rule_new(request: HttpRequest, tag_id: int) -> HttpResponse:
    """Write a rule for a tag."""
    return _edit(request, get_object_or_404(Tag.objects.select_related("group"), pk=tag_id), None)


@requires("tags.manage")
@require_http_methods(["GET", "POST"])
def rule_edit(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Change a rule: a published one gets its next version."""
    rule = get_object_or_404(TagRule.objects.select_related("tag__group"), pk=rule_id)
    return _edit(request, rule.tag, rule)


def _edit(request: HttpRequest, tag: Tag, rule: TagRule | None) -> HttpResponse:
    with remembering_options():
        if request.method == "POST":
            form, draft = RuleForm(request.POST), posted_draft(request.POST)
            saved = _save(request, tag, rule, form, draft)
            if saved is not None:
                return _saved(request, saved)
            return render(request, "tagging/rule.html", _context(tag, rule, form, draft), status=422)
        start: dict[str, Any] = {"name": tag.name, "keep_days": 14}
        if rule:
            start = {name: getattr(rule, name) for name in RuleForm.base_fields}
        draft = draft_of(rule.condition) if rule else empty_draft()
        return render(request, "tagging/rule.html", _context(tag, rule, RuleForm(initial=start), draft))


def _context(tag: Tag, rule: TagRule | None, form: RuleForm, draft: Line) -> dict[str, Any]:
    versions = rule_versions(rule) if rule and rule.state != RuleState.DRAFT else []
    progress = progress_of(rule) if rule else None
    return {"tag": tag, "rule": rule, "form": form, "draft": draft, "versions": versions, "progress": progress}


def _save(request: HttpRequest, tag: Tag, rule: TagRule | None, form: RuleForm, draft: Line) -> TagRule | None:
    """The saved rule; None when something is wrong, and then the form and the draft say what."""
    node = check(draft)
    if not form.is_valid() or node is None:
        return None
    values = {**form.cleaned_data, "condition": json_of(draft)}
    try:
        if rule is None:
            return services.create_rule(actor(request), tag=tag, **values)
        return services.edit_rule(actor(request), rule.pk, **values)
    except BadInput as error:
        complain(form, draft, error)
        return None


def _saved(request: HttpRequest, rule: TagRule) -> HttpResponse:
    if "publish" in request.POST and rule.state != RuleState.ACTIVE:
        services.publish_rule(actor(request), rule.pk)
        messages.success(request, _("The rule is at work. Tags appear within a minute."))
    elif rule.state == RuleState.ACTIVE:
        messages.success(request, _("Version %(n)s is at work. Tags follow within a minute.") % {"n": rule.version})
    else:
        messages.success(request, _("Saved. The rule gives no tags before it is published."))
    return redirect("tagging:tag", rule.tag_id)


@requires("tags.view")
@require_safe
def rule_progress(request: HttpRequest, rule_id: int) -> HttpResponse:
    """How far the back-fill is; asked every second until it is over."""
    progress = progress_of(get_object_or_404(TagRule, pk=rule_id))
    over = progress is None or progress.is_over
    context = {"progress": progress, "rule_id": rule_id}
    return render(request, "tagging/progress.html", context, status=STOP_POLLING if over else 200)


@requires("tags.manage")
@require_POST
def rule_state(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Publish or pause a rule."""
    rule = get_object_or_404(TagRule, pk=rule_id)
    state = params.one_of("state", request.POST.get("state"), [RuleState.ACTIVE, RuleState.PAUSED], RuleState.PAUSED)
    if state == RuleState.ACTIVE:
        services.publish_rule(actor(request), rule.pk)
        messages.success(request, _("The rule is at work. Tags appear within a minute."))
    else:
        services.pause_rule(actor(request), rule.pk)
        messages.success(request, _("The rule rests. Its tags stay as they are."))
    return redirect("tagging:tag", rule.tag_id)


@requires("tags.manage")
@require_POST
def rule_restore(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Take a rule back to an earlier version."""
    rule = get_object_or_404(TagRule, pk=rule_id)
    version = params.whole("version", request.POST.get("version"), 0)
    restored = services.restore_rule(actor(request), rule.pk, version)
    facts = {"old": version, "n": restored.version}
    messages.success(request, _("Back to the condition of version %(old)s, now as version %(n)s.") % facts)
    return redirect("tagging:rule", rule.pk)


@requires("tags.manage")
@require_POST
def rule_delete(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Delete a rule; its tags run out."""
    rule = get_object_or_404(TagRule, pk=rule_id)
    services.delete_rule(actor(request), rule.pk)
    messages.success(request, _("The rule was deleted. Its tags run out."))
    return redirect("tagging:tag", rule.tag_id)
