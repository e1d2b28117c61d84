"""Keeping views of the customer list: save, rename, pin, share, delete, undo."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core import params
from customers.models import SavedView
from customers.queries import saved as kept
from customers.queries.filters import read_filters
from customers.services import saved
from staff.access import actor, requires


@requires("customers.view")
@require_POST
def view_save(request: HttpRequest) -> HttpResponse:
    """Keep the filters in force under a name."""
    query = params.text("query", request.POST.get("query"), 600)
    read_filters(QueryDict(query))  # nonsense is not kept
    view = saved.save_view(
        actor(request), name=request.POST.get("name", ""), query=query, is_shared=request.POST.get("shared") == "1"
    )
    messages.success(request, _("The view was saved."))
    return _open(view)


def _open(view: SavedView) -> HttpResponse:
    return redirect(f"{reverse('customers:list')}?{view.query}&saved={view.pk}")


def _own(request: HttpRequest, view_id: int) -> SavedView:
    view = kept.find(actor(request), view_id)
    if view is None:
        raise Http404
    return view


@requires("customers.view")
@require_POST
def view_change(request: HttpRequest, view_id: int) -> HttpResponse:
    """Rename, pin or share one's own view."""
    view = _own(request, view_id)
    chosen = {f"is_{name}": request.POST.get(name) == "1" for name in ("pinned", "shared")}
    saved.change_view(view, name=request.POST.get("name", ""), **chosen)
    messages.success(request, _("The view was changed."))
    return _open(view)


@requires("customers.view")
@require_POST
def view_delete(request: HttpRequest, view_id: int) -> HttpResponse:
    """Delete one's own view, with a way back."""
    saved.delete_view(_own(request, view_id))
    messages.success(request, _("The view was deleted."), extra_tags=reverse("customers:view_restore", args=[view_id]))
    return redirect("customers:list")


@requires("customers.view")
@require_POST
def view_restore(request: HttpRequest, view_id: int) -> HttpResponse:
    """Undo the deletion."""
    if not saved.restore_view(actor(request), view_id):
        raise Http404
    return HttpResponse(status=204) if request.headers.get("HX-Request") == "true" else redirect("customers:list")
