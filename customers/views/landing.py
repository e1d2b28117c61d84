"""What a newcomer sees who scans a code or opens a short link: the agency, and the member's code to add."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import clock
from customers.choices import WayKind
from customers.models import ContactWay
from customers.services.channels.events import count_open
from staff.models import AgencyPolicy


def _way(state: str) -> ContactWay:
    return get_object_or_404(ContactWay.objects.select_related("channel"), state=state)


@never_cache
@require_safe
def landing(request: HttpRequest, state: str) -> HttpResponse:
    """The public page of a code; each view counts, a HEAD of a crawler does not. Withdrawn codes say so."""
    way = _way(state)
    is_open = way.withdrawn_at is None and bool(way.config_id)
    if is_open and request.method == "GET":
        count_open(way.pk, clock.now())
    link = f"{way.url}?customer_channel={way.state}" if way.kind == WayKind.LINK else ""
    context = {"way": way, "is_open": is_open, "link": link, "agency": AgencyPolicy.current().agency_name}
    return render(request, "customers/landing.html", context, status=200 if is_open else 410)


@require_safe
def landing_picture(request: HttpRequest, state: str) -> HttpResponse:
    """The picture on the public page, as WeCom drew it."""
    way = _way(state)
    if way.picture is None or way.withdrawn_at is not None:
        raise Http404
    return HttpResponse(bytes(way.picture), content_type="image/png", headers={"Cache-Control": "public, max-age=3600"})
