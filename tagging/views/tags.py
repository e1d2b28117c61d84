"""P4: the tag system and its rules."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import params
from core.errors import BadInput
from customers.models import Customer
from staff.access import actor, may, requires
from tagging.choices import Dimension, RuleState
from tagging.models import Tag, TagGroup, TagRule
from tagging.queries import lists
from tagging.queries.schema import builder_schema
from tagging.services import manual, rules, taxonomy
from tagging.views.segments import EMPTY, read_condition


@requires("tags.view")
@require_safe
def tag_list(request: HttpRequest) -> HttpResponse:
    """Dimensions, groups and tags with how many people have each."""
    groups = lists.tag_tree()
    dimensions = [(label, [group for group in groups if group.dimension == value]) for value, label in Dimension.choices]
    context = {
        "dimensions": [(label, found) for label, found in dimensions if found],
        "groups": groups,
        "can_edit": may(request.user, "tags.manage"),
    }
    return render(request, "tagging/tags.html", context)


@requires("tags.view")
@require_safe
def tag_detail(request: HttpRequest, tag_id: int) -> HttpResponse:
    """One tag: its rules as sentences, who got it lately and why."""
    tag = get_object_or_404(Tag.objects.select_related("group"), pk=tag_id)
    context = {
        "tag": tag,
        "rules": [(rule, lists.sentence_of(rule.condition)) for rule in tag.rules.order_by("id")],
        "recent": lists.recent_assignments(tag, actor(request)),
        "trend": lists.assigned_by_day(tag),
        "can_edit": may(request.user, "tags.manage"),
    }
    return render(request, "tagging/tag.html", context)


@requires("tags.manage")
@require_POST
def tag_add(request: HttpRequest) -> HttpResponse:
    """A new tag in a group."""
    group = get_object_or_404(TagGroup, pk=params.whole("group", request.POST.get("group"), 0))
    name = params.text("name", request.POST.get("name"), 30)
    description = params.text("description", request.POST.get("description"), 120)
    tag = taxonomy.save_tag(actor(request), group=group, name=name, description=description)
    messages.success(request, _("The tag was made. Give it a rule, so that it fills itself."))
    return redirect("tagging:tag", tag.pk)


@requires("tags.manage")
@require_http_methods(["GET", "POST"])
def rule_new(request: HttpRequest, tag_id: int) -> HttpResponse:
    """Write a rule for a tag."""
    return _edit(request, get_object_or_404(Tag.objects.select_related("group"), pk=tag_id), None)


@requires("tags.manage")
@require_http_methods(["GET", "POST"])
def rule_edit(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Change a rule: its next version."""
    rule = get_object_or_404(TagRule.objects.select_related("tag__group"), pk=rule_id)
    return _edit(request, rule.tag, rule)


def _edit(request: HttpRequest, tag: Tag, rule: TagRule | None) -> HttpResponse:
    values: dict[str, Any] = (
        {"name": rule.name, "keep_days": rule.keep_days, "condition": rule.condition} if rule else {"keep_days": 30}
    )
    errors: dict[str, str] = {}
    if request.method == "POST":
        values = {
            "name": params.text("name", request.POST.get("name"), 60),
            "keep_days": params.whole("keep_days", request.POST.get("keep_days"), 30, 0, 3650),
            "condition": read_condition(request.POST.get("condition", "")),
        }
        try:
            user = actor(request)
            saved = rules.edit_rule(user, rule.pk, **values) if rule else rules.create_rule(user, tag=tag, **values)
            if "publish" in request.POST:
                rules.publish_rule(user, saved.pk)
        except BadInput as error:
            errors = error.fields or {"condition": error.message}
        else:
            messages.success(request, _("The rule is at work.") if "publish" in request.POST else _("The rule was saved."))
            return redirect("tagging:tag", tag.pk)
    context = {
        "tag": tag, "rule": rule, "values": values, "errors": errors, "schema": builder_schema(), "tree": values.get("condition") or EMPTY,
    }  # fmt: skip
    return render(request, "tagging/rule.html", context, status=422 if errors else 200)


@requires("tags.manage")
@require_POST
def rule_state(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Publish or pause."""
    rule = get_object_or_404(TagRule, pk=rule_id)
    state = RuleState(params.one_of("state", request.POST.get("state"), [RuleState.ACTIVE, RuleState.PAUSED], RuleState.PAUSED))
    if state == RuleState.ACTIVE:
        rules.publish_rule(actor(request), rule.pk)
    else:
        rules.pause_rule(actor(request), rule.pk)
    messages.success(request, _("The rule is at work.") if state == RuleState.ACTIVE else _("The rule rests."))
    return redirect("tagging:tag", rule.tag_id)


@requires("tags.view")
@require_safe
def customer_panel(request: HttpRequest, customer_id: int) -> HttpResponse:
    """A customer's tags with their reasons, as a panel of the profile."""
    customer = get_object_or_404(Customer.objects.visible_to(actor(request)), pk=customer_id)
    assignments = list(lists.tags_with_reasons(customer))
    owned = {one.tag_id for one in assignments}
    can_assign = may(request.user, "tags.assign")
    more = (
        [tag for tag in Tag.objects.filter(is_archived=False).select_related("group") if tag.pk not in owned]
        if can_assign
        else []
    )
    context = {"customer": customer, "assignments": assignments, "more": more, "can_assign": can_assign}
    return render(request, "tagging/customer_panel.html", context)


@requires("tags.assign")
@require_POST
def customer_tag(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Give or take a tag by hand; "never" also keeps the rules from giving it again."""
    customer = get_object_or_404(Customer.objects.visible_to(actor(request)), pk=customer_id)
    tag = get_object_or_404(Tag, pk=params.whole("tag", request.POST.get("tag"), 0))
    what = params.one_of("do", request.POST.get("do"), ["add", "remove", "never"], "add")
    if what == "add":
        manual.add_tag(actor(request), [customer.pk], tag)
    else:
        manual.remove_tag(actor(request), [customer.pk], tag, never_again=what == "never")
    request.method = "GET"
    return customer_panel(request, customer_id)
