"""P4: the tag system: tree, overview, one tag."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import params
from core.conditions.params import remembering_options
from core.errors import BadInput
from staff.access import actor, may, requires
from tagging.forms.records import GroupForm, TagForm
from tagging.models import Tag, TagGroup, TagMerge
from tagging.queries import lists
from tagging.services import taxonomy
from tagging.services.starter import install_starter
from tagging.services.verdicts import precisions


@requires("tags.view")
@require_safe
def tag_list(request: HttpRequest) -> HttpResponse:
    """The tree with its counts, the numbers of the whole system, what was given lately."""
    with remembering_options():
        tree = _tree(request)
        context = {
            **tree,
            "largest": lists.largest(tree["tree"]),
            "overview": lists.overview(),
            "recent": lists.recent_assignments(actor(request), limit=12),
        }
        return render(request, "tagging/tags.html", context)


def _tree(request: HttpRequest) -> dict[str, Any]:
    return {"tree": lists.tag_tree(archived="archived" in request.GET), "can_edit": may(request.user, "tags.manage")}


@requires("tags.view")
@require_safe
def tag_detail(request: HttpRequest, tag_id: int) -> HttpResponse:
    """One tag: its numbers, its rules as sentences, who got it lately and why."""
    tag = get_object_or_404(Tag.objects.select_related("group"), pk=tag_id)
    with remembering_options():
        context = {
            **_tree(request),
            "tag": tag,
            "facts": lists.tag_facts(tag),
            "rules": lists.with_sentences(list(tag.rules.order_by("id"))),
            "recent": lists.recent_assignments(actor(request), tag),
            "precision": precisions([tag.pk]).get(tag.pk),
            "merges": TagMerge.objects.filter(survivor=tag, undone_at=None).select_related("absorbed", "by"),
        }
        return render(request, "tagging/tag.html", context)


@requires("tags.manage")
@require_http_methods(["GET", "POST"])
def group_form(request: HttpRequest, group_id: int | None = None) -> HttpResponse:
    """The dialog that makes or changes a group."""
    group = get_object_or_404(TagGroup, pk=group_id) if group_id else None
    start = {"name": group.name, "dimension": group.dimension, "is_exclusive": group.is_exclusive} if group else None
    form = GroupForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            saved = taxonomy.save_group(actor(request), **form.cleaned_data, group=group)
        except BadInput as error:
            form.add_error("name", error.message)
        else:
            return _done(request, _("Saved “%(name)s”.") % {"name": saved.name}, reverse("tagging:tags"))
    title = _("Change the group") if group else _("New group")
    return _dialog(request, form, title, {"group": group})


@requires("tags.manage")
@require_http_methods(["GET", "POST"])
def tag_form(request: HttpRequest, tag_id: int | None = None) -> HttpResponse:
    """The dialog that makes or changes a tag."""
    tag = get_object_or_404(Tag.objects.select_related("group"), pk=tag_id) if tag_id else None
    if tag:
        start: dict[str, Any] = {"group": tag.group_id, "name": tag.name, "description": tag.description}
    else:
        start = {"group": params.whole("group", request.GET.get("group"), 0) or None}
    form = TagForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            saved = taxonomy.save_tag(actor(request), **form.cleaned_data, tag=tag)
        except BadInput as error:
            form.add_error("name", error.message)
        else:
            return _done(request, _("Saved “%(name)s”.") % {"name": saved.name}, reverse("tagging:tag", args=[saved.pk]))
    return _dialog(request, form, _("Change the tag") if tag else _("New tag"), {"tag": tag})


def _dialog(request: HttpRequest, form: forms.Form, title: str, context: dict[str, Any]) -> HttpResponse:
    filled = {"form": form, "title": title, "action": request.path, **context}
    return render(request, "tagging/dialog.html", filled, status=422 if form.errors else 200)


def _done(request: HttpRequest, text: str, url: str) -> HttpResponse:
    """After a dialog or a plain form: a toast, and the page that shows the result."""
    messages.success(request, text)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)


@requires("tags.manage")
@require_POST
def group_order(request: HttpRequest, group_id: int) -> HttpResponse:
    """A new order of a group's tags: `tag` values in order, or `up` with the id of the tag that moves one place."""
    group = get_object_or_404(TagGroup, pk=group_id)
    ids = list(group.tags.order_by("position", "id").values_list("pk", flat=True))
    moved = params.whole("up", request.POST.get("up"), 0)
    if moved in ids[1:]:
        place = ids.index(moved)
        ids[place - 1], ids[place] = ids[place], ids[place - 1]
    taxonomy.order_tags(actor(request), group, ids)
    return redirect(f"{reverse('tagging:tags')}#group-{group.pk}")


@requires("tags.manage")
@require_POST
def tag_place(request: HttpRequest, tag_id: int) -> HttpResponse:
    """A tag dropped somewhere in the tree: `group`, and `before` with the tag it stands before (none: at the end). No page
    follows: the tree has moved already."""
    tag = get_object_or_404(Tag.objects.select_related("group"), pk=tag_id)
    group = get_object_or_404(TagGroup, pk=params.whole("group", request.POST.get("group"), 0))
    taxonomy.place_tag(actor(request), tag, group, params.whole("before", request.POST.get("before") or "0", 0))
    return HttpResponse(status=204)


@requires("tags.manage")
@require_POST
def group_delete(request: HttpRequest, group_id: int) -> HttpResponse:
    """Delete an empty group."""
    group = get_object_or_404(TagGroup, pk=group_id)
    taxonomy.delete_group(actor(request), group)
    return _done(request, _("The group was deleted."), reverse("tagging:tags"))


@requires("tags.manage")
@require_POST
def tag_archive(request: HttpRequest, tag_id: int) -> HttpResponse:
    """Take a tag out of use, or back (`back=1`)."""
    tag, back = get_object_or_404(Tag, pk=tag_id), request.POST.get("back") == "1"
    taxonomy.archive_tag(actor(request), tag, archived=not back)
    text = _("The tag is back in use.") if back else _("The tag is archived.")
    return _done(request, text, reverse("tagging:tag", args=[tag.pk]))


@requires("tags.manage")
@require_POST
def tag_delete(request: HttpRequest, tag_id: int) -> HttpResponse:
    """Delete a tag that nobody has."""
    taxonomy.delete_tag(actor(request), get_object_or_404(Tag, pk=tag_id))
    return _done(request, _("The tag was deleted."), reverse("tagging:tags"))


@requires("tags.manage")
@require_POST
def install(request: HttpRequest) -> HttpResponse:
    """Add the ready-made travel taxonomy."""
    made = install_starter(actor(request))
    text = ngettext("Added %(n)s tag. Its rules are at work.", "Added %(n)s tags. Their rules are at work.", made) % {"n": made}
    return _done(request, text, reverse("tagging:tags"))
