"""Staff pages of the content library."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.choices import ContentKind
from catalog.forms.content import ContentForm
from catalog.models import ContentItem
from catalog.queries import content as queries
from catalog.queries.resources import destination_options
from catalog.services import content as services
from core import params
from core.errors import BadInput
from staff.access import actor, may, requires


@requires("products.view")
@require_safe
def content_list(request: HttpRequest) -> HttpResponse:
    """Everything proposals and products may be written from."""
    get = request.GET.get
    destinations, tags = destination_options(), queries.content_tags()
    wanted = queries.ContentFilter(
        q=params.text("q", get("q"), 60),
        kind=params.one_of("kind", get("kind"), list(ContentKind.values)),
        destination=params.one_of("destination", get("destination"), [code for code, _name in destinations]),
        tag=params.text("tag", get("tag"), 20),
        resting=get("resting") == "1",
    )
    counts = queries.content_counts()
    context = {
        "wanted": wanted,
        "items": queries.read_content(wanted),
        "kinds": [("", _("All"), sum(counts.values())), *((k, label, counts.get(k, 0)) for k, label in ContentKind.choices)],
        "destinations": destinations,
        "tags": tags,
        "is_filtered": wanted != queries.ContentFilter(),
        "can_edit": may(request.user, "products.edit"),
    }
    return render(request, "catalog/content_list.html", context)


def _item(item_id: int) -> ContentItem:
    item = queries.content_item(item_id)
    if item is None:
        raise Http404
    return item


@requires("products.view")
@require_safe
def content_page(request: HttpRequest, item_id: int) -> HttpResponse:
    """One item."""
    context = {"item": _item(item_id), "can_edit": may(request.user, "products.edit")}
    return render(request, "catalog/content.html", context)


@requires("products.view")
@require_safe
def content_picture(request: HttpRequest, item_id: int) -> HttpResponse:
    """The picture's bytes, as what they were found to be, never as a page."""
    item = get_object_or_404(ContentItem, pk=item_id, picture__isnull=False)
    response = HttpResponse(bytes(item.picture or b""), content_type=item.media_type)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


@require_http_methods(["GET", "POST"])
@requires("products.edit")
def content_new(request: HttpRequest) -> HttpResponse:
    """Add an item."""
    return _form(request, None)


@require_http_methods(["GET", "POST"])
@requires("products.edit")
def content_edit(request: HttpRequest, item_id: int) -> HttpResponse:
    """Change an item."""
    return _form(request, get_object_or_404(ContentItem, pk=item_id))


def _form(request: HttpRequest, item: ContentItem | None) -> HttpResponse:
    is_post = request.method == "POST"
    form = ContentForm(request.POST if is_post else None, request.FILES if is_post else None, initial=_said(item))
    if form.is_bound and form.is_valid():
        saved = _save(form, item, request)
        if saved is not None:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("catalog:content", args=[saved.pk]))
    context = {"form": form, "item": item}
    return render(request, "catalog/content_form.html", context, status=422 if form.errors else 200)


def _said(item: ContentItem | None) -> dict[str, Any]:
    if item is None:
        return {}
    names = ("kind", "title", "body", "destination", "minutes", "credit")
    return {name: getattr(item, name) for name in names} | {"tags": "，".join(item.tags)}


def _save(form: ContentForm, item: ContentItem | None, request: HttpRequest) -> ContentItem | None:
    file = form.cleaned_data["file"]
    try:
        return services.save_content(
            item=item, words=form.words(), picture=file.read() if file is not None else None, user=actor(request)
        )
    except BadInput as error:
        for name, complaint in error.fields.items():
            form.add_error(name if name in form.fields else None, complaint)
    return None


@require_POST
@requires("products.edit")
def content_rest(request: HttpRequest, item_id: int) -> HttpResponse:
    """Put an item aside, or take it back."""
    item = services.rest_content(item=_item(item_id), user=actor(request))
    messages.success(request, _("Back in the library.") if item.is_active else _("Put aside."))
    return HttpResponseRedirect(reverse("catalog:content", args=[item.pk]))
