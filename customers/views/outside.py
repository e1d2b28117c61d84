"""Other systems: connect one, give it keys, watch what it sends, replay what could not be taken."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import BadInput
from customers.choices import RejectionState
from customers.forms import SourceForm
from customers.intake.kinds import SOURCES
from customers.models import Rejection, Source, SourceKey
from customers.queries import outside as queries
from customers.services import connecting, outside, sources
from staff.access import actor, may, requires
from staff.services import write_audit


@require_http_methods(["GET", "POST"])
@requires("data.manage")
def connect(request: HttpRequest) -> HttpResponse:
    """Connect another system: choose what it is, name it, get its address."""
    kinds = [(kind.code, kind.label) for kind in SOURCES.values()]
    form = SourceForm(request.POST or None, kinds=kinds, initial={"kind": request.GET.get("kind", "ticketing")})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            source = sources.create_source(code=data["code"], kind=data["kind"], name=data["name"], user=actor(request))
            return HttpResponseRedirect(reverse("data:source", args=[source.code]))
        except BadInput as bad:
            for name, complaint in bad.fields.items():
                form.add_error(name, complaint)
    context = {"form": form, "kinds": SOURCES.values()}
    return render(request, "customers/connect.html", context, status=422 if form.errors else 200)


def _source(code: str) -> Source:
    return get_object_or_404(Source, code=code)


def _context(request: HttpRequest, source: Source, **more: Any) -> dict[str, Any]:
    state = next(one for one in queries.source_states() if one.source.pk == source.pk)
    return {
        "source": source,
        "state": state,
        "keys": queries.valid_keys(source),
        "rejections": queries.open_rejections(source),
        "schema": queries.schema_of(source.kind),
        "address": f"{settings.PUBLIC_URL}{reverse('data:ingest', args=[source.code])}",
        "hook": f"{settings.PUBLIC_URL}{reverse('data:platform_callback', args=[source.code])}",
        "is_simulated": settings.PLATFORM_MODE == "sim" and bool(state.kind and state.kind.connector),
        "can_manage": may(request.user, "data.manage"),
        **more,
    }


@requires("data.view")
@require_safe
def source_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One other system: its address and keys, its last day, what it may send, what could not be taken."""
    return render(request, "customers/source.html", _context(request, _source(code)))


@requires("data.manage")
@require_POST
def key_create(request: HttpRequest, code: str) -> HttpResponse:
    """A new key. Its secret is in this answer and nowhere else; the page is not kept by the browser."""
    source = _source(code)
    _key, secret = sources.create_key(source, user=actor(request))
    response = render(request, "customers/source.html", _context(request, source, secret=secret))
    response.headers["Cache-Control"] = "no-store"
    return response


def _back(source: Source) -> HttpResponse:
    return HttpResponseRedirect(reverse("data:source", args=[source.code]))


@requires("data.manage")
@require_POST
def key_revoke(request: HttpRequest, code: str, key_id: int) -> HttpResponse:
    """From now on nothing signed with this key is believed."""
    source = _source(code)
    sources.revoke_key(get_object_or_404(SourceKey, pk=key_id, source=source), user=actor(request))
    messages.success(request, _("The key was revoked."))
    return _back(source)


@requires("data.manage")
@require_POST
def source_pause(request: HttpRequest, code: str) -> HttpResponse:
    """Pause or resume."""
    source = _source(code)
    sources.pause_source(source, paused=not source.is_paused, user=actor(request))
    messages.success(request, _("Resumed.") if source.is_paused else _("Paused: the sender is asked to come back later."))
    return _back(source)


@requires("data.manage")
@require_POST
def source_check(request: HttpRequest, code: str) -> HttpResponse:
    """Test the connection, one question after the other, each with its fix."""
    source = _source(code)
    checks = [*connecting.check_connector(source), *sources.check_source(source)]
    return render(request, "customers/source_checks.html", {"checks": checks})


@requires("data.manage")
@require_POST
def source_resync(request: HttpRequest, code: str) -> HttpResponse:
    """Pull from a connected platform now; `start` goes back to the beginning of what it still gives."""
    source = _source(code)
    connecting.resync(source, from_start=request.POST.get("start") == "1", user=actor(request))
    messages.success(request, _("The platform is being asked now."))
    return _back(source)


@requires("data.manage")
@require_POST
def replay_all(request: HttpRequest, code: str) -> HttpResponse:
    """Judge every waiting item of a source anew. It cannot be undone: what is taken stands in the log."""
    source = _source(code)
    waiting = list(Rejection.objects.filter(source=source, state=RejectionState.OPEN).order_by("pk")[:1000])
    return _replayed(request, source, waiting)


@requires("data.manage")
@require_POST
def replay_one(request: HttpRequest, code: str, rejection_id: int) -> HttpResponse:
    """Judge one item anew."""
    source = _source(code)
    return _replayed(request, source, [get_object_or_404(Rejection, pk=rejection_id, source=source)])


def _replayed(request: HttpRequest, source: Source, waiting: list[Rejection]) -> HttpResponse:
    taken = outside.replay(waiting, user=actor(request))
    write_audit(actor(request), "source.replayed", source, {"items": len(waiting), "taken": taken})
    words = ngettext("%(taken)s of %(items)s item was taken.", "%(taken)s of %(items)s items were taken.", len(waiting))
    messages.success(request, words % {"taken": taken, "items": len(waiting)})
    return _back(source)


@requires("data.manage")
@require_POST
def drop_one(request: HttpRequest, code: str, rejection_id: int) -> HttpResponse:
    """Give one item up."""
    source = _source(code)
    rejection = get_object_or_404(Rejection, pk=rejection_id, source=source)
    outside.drop([rejection], user=actor(request))
    write_audit(actor(request), "source.dropped", source, {"item": rejection.item_id})
    messages.info(request, _("The item was given up."))
    return _back(source)
