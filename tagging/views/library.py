"""The tag system as a whole: as a spreadsheet, its versions, tags that become one, and what WeCom shows of it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import params
from core.errors import BadInput
from customers.models import CorpTag
from staff.access import actor, requires
from tagging.models import Tag, TagGroup, TagMerge, TagPush, TaxonomyVersion
from tagging.queries.conditions import tag_options
from tagging.services import joining, sheets, wecom
from tagging.services import versions as services

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LARGEST_FILE = 5_000_000


@requires("tags.view")
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """Groups and tags as an .xlsx file."""
    headers = {"Content-Disposition": 'attachment; filename="tags.xlsx"', "Cache-Control": "no-store"}
    return HttpResponse(sheets.export_tags(), content_type=_XLSX, headers=headers)


@requires("tags.manage")
@require_http_methods(["GET", "POST"])
def import_file(request: HttpRequest) -> HttpResponse:
    """Take in an edited file: what it made, and every row it left out."""
    if request.method != "POST":
        return render(request, "tagging/import.html", {})
    file = request.FILES.get("file")
    if file is None or (file.size or 0) > LARGEST_FILE:
        raise BadInput(_("Choose a file of at most 5 MB."), {"file": _("Choose a file of at most 5 MB.")})
    done = sheets.import_tags(actor(request), file.read())
    return render(request, "tagging/import.html", {"done": done})


@requires("tags.manage")
@require_safe
def versions(request: HttpRequest) -> HttpResponse:
    """What the tag system was before, newest first."""
    rows = TaxonomyVersion.objects.select_related("by")
    shown = [(row, len(row.data), sum(len(group["tags"]) for group in row.data)) for row in rows]
    return render(request, "tagging/versions.html", {"versions": shown})


@requires("tags.manage")
@require_POST
def version_keep(request: HttpRequest) -> HttpResponse:
    """Keep the tag system as it is now."""
    services.keep_version(actor(request), params.text("note", request.POST.get("note"), 120) or _("kept by hand"))
    messages.success(request, _("This version is kept."))
    return redirect("tagging:versions")


@requires("tags.manage")
@require_POST
def version_restore(request: HttpRequest, version_id: int) -> HttpResponse:
    """Take the tag system back to a version."""
    version = get_object_or_404(TaxonomyVersion, pk=version_id)
    services.restore_version(actor(request), version)
    messages.success(request, _("The tag system is as it was then. Tags that came since are archived."))
    return redirect("tagging:tags")


@requires("tags.manage")
@require_http_methods(["GET", "POST"])
def tag_merge(request: HttpRequest, tag_id: int) -> HttpResponse:
    """Merge a tag into another one."""
    tag = get_object_or_404(Tag.objects.select_related("group"), pk=tag_id)
    if request.method != "POST":
        options = [option for option in tag_options() if option.value != tag.pk]
        return render(request, "tagging/merge.html", {"tag": tag, "options": options})
    survivor = get_object_or_404(Tag.objects.select_related("group"), pk=params.whole("into", request.POST.get("into"), 0))
    people = joining.merge_tags(actor(request), tag, survivor)
    text = ngettext("%(n)s customer now has “%(tag)s” instead.", "%(n)s customers now have “%(tag)s” instead.", people)
    messages.success(request, text % {"n": people, "tag": survivor.name})
    return redirect("tagging:tag", survivor.pk)


@requires("tags.manage")
@require_POST
def tag_part(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Take a merge of tags back."""
    merge = get_object_or_404(TagMerge.objects.select_related("absorbed"), pk=merge_id)
    people = joining.part_tags(actor(request), merge)
    text = ngettext("%(n)s customer has “%(tag)s” again.", "%(n)s customers have “%(tag)s” again.", people)
    messages.success(request, text % {"n": people, "tag": merge.absorbed.name})
    return redirect("tagging:tag", merge.absorbed_id)


@requires("tags.manage")
@require_safe
def wecom_page(request: HttpRequest) -> HttpResponse:
    """What WeCom shows of our tags, what waits, what failed, and which corp tags are not ours and stay locked."""
    ours = set(Tag.objects.exclude(wecom_tag_id="").values_list("wecom_tag_id", flat=True))
    groups = [
        (group, group.tags.filter(is_pushed=True).exclude(wecom_tag_id="").count(), group.tags.filter(is_pushed=True).count())
        for group in TagGroup.objects.order_by("position", "id")
    ]
    context = {
        "groups": groups, "library": CorpTag.objects.count(),
        "foreign": CorpTag.objects.exclude(tag_id__in=ours).order_by("group_name", "position", "name")[:200],
        "told": TagPush.objects.filter(pushed_at__isnull=False).count(),
        "failed": TagPush.objects.exclude(error="").select_related("relationship__customer", "relationship__user")[:20],
    }  # fmt: skip
    return render(request, "tagging/wecom.html", context)


@requires("tags.manage")
@require_POST
def group_wecom(request: HttpRequest, group_id: int) -> HttpResponse:
    """Show a group's tags in WeCom, or no longer (`off=1`)."""
    group = get_object_or_404(TagGroup, pk=group_id)
    shown = request.POST.get("off") != "1"
    wecom.show_in_wecom(actor(request), group, shown=shown)
    text = _("“%(name)s” goes to WeCom now.") if shown else _("“%(name)s” is taken off in WeCom.")
    messages.success(request, text % {"name": group.name})
    return redirect("tagging:wecom")
