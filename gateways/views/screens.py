"""What the parts of the page share: the control plane, and screens that are sent only when they changed."""

import functools
import hashlib
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from core.errors import Refused
from gateways.simulator.console import Console, ConsoleError

P = ParamSpec("P")
Screen = Callable[Concatenate[HttpRequest, P], HttpResponse]
_VERSION = "VERSION-OF-THIS-SCREEN"


def ask(verb: str, **arguments: Any) -> Any:
    """Call a verb of the control plane."""
    return _console(settings.SIM_URL).do(verb, **arguments)


def picture(media_id: str) -> tuple[bytes, str]:
    """An uploaded picture and its type."""
    return _console(settings.SIM_URL).picture(media_id)


@functools.lru_cache(maxsize=4)
def _console(url: str) -> Console:
    return Console(url)


def show(request: HttpRequest, part: str, template: str, here: str, **context: Any) -> HttpResponse:
    """A screen of one part (staff, customer, console) that asks for itself every two seconds.

    `here` is the address that shows it again. 204 when the browser has this very screen already: scrolling, typing and
    opened details stay as they are.
    """
    html = render_to_string(f"sim/{template}.html", {**context, "part": part, "here": here, "version": _VERSION}, request)
    version = hashlib.sha256(html.encode()).hexdigest()[:12]
    if request.method == "GET" and request.GET.get("v") == version:
        return HttpResponse(status=204)
    response = HttpResponse(html.replace(_VERSION, version))
    if request.method == "POST":
        response["HX-Trigger-After-Settle"] = "sim:changed"
    return response


def screen(part: str, home: Callable[..., HttpResponse] | None = None) -> Callable[[Screen[P]], Screen[P]]:
    """Make a view survive a simulator that is away, was reset, or says no.

    Away: a screen that says so and tries again. Gone (404 on a GET): the part's home. Anything else: `Refused`.
    """

    def decorate(view: Screen[P]) -> Screen[P]:
        @functools.wraps(view)
        def shown(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except ConsoleError as error:
                if error.status == 0:
                    return render(request, "sim/away.html", {"part": part, "here": request.path, "sim_url": settings.SIM_URL})
                if error.status == 404 and request.method == "GET" and home is not None:
                    return home(request)
                raise Refused(_sentence(error.status), "sim-refused") from error

        return shown

    return decorate


def _sentence(status: int) -> str:
    if status == 404:
        return _("The simulated world does not know them any more.")
    return _("That is not possible now: somebody was faster, or it has been done already.")
