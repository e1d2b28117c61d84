"""The page with its three columns, and the pictures the phones show."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gateways.simulator.console import ConsoleError
from gateways.views import screens


@require_safe
def phones(request: HttpRequest) -> HttpResponse:
    """The frame; the screens load themselves. `?staff=` and `?who=` choose whose phones."""
    return render(request, "sim/page.html", {"staff": request.GET.get("staff", ""), "who": request.GET.get("who", "")})


@require_safe
def picture(request: HttpRequest, media_id: str) -> HttpResponse:
    """A picture that was uploaded to the simulated WeCom."""
    try:
        content, kind = screens.picture(media_id)
    except ConsoleError as error:
        raise Http404 from error
    response = HttpResponse(content, content_type=kind if kind in {"image/png", "image/jpeg"} else "application/octet-stream")
    response["Cache-Control"] = "private, max-age=86400"
    return response
