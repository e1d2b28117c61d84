"""Doors of the staff pages: who may open a view, what a locked-out person is told, guarded values."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.translation import gettext as _

from staff.models import User
from staff.rules import ABILITIES, REVEAL_SECONDS, can, may_see_field

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]  # a view function with its URL parameters


def actor(request: HttpRequest) -> User:
    """Who is acting: the member of staff behind a request that `requires` let in."""
    if not isinstance(request.user, User):
        raise PermissionDenied(_("Please log in."))
    return request.user


def may(user: Any, ability: str) -> bool:
    """Whether a signed-in member of staff has an ability. Superusers have all; the anonymous none."""
    if not isinstance(user, User) or not user.is_active:
        return False
    return user.is_superuser or can(user.role, ability)


def may_reveal(user: Any, field_class: str) -> bool:
    """Whether the user may ever see plain values of a field class (contact, document, cost)."""
    return isinstance(user, User) and user.is_active and (user.is_superuser or may_see_field(user.role, field_class))


def signed_in(view: View[P]) -> View[P]:
    """Let in every member of staff, whatever the role: for a person's own account. The anonymous go to the log-in page."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return to_login(request)
        return view(request, *args, **kwargs)

    guarded.ability = "signed_in"  # type: ignore[attr-defined]
    return guarded


def requires(*abilities: str) -> Callable[[View[P]], View[P]]:
    """Let a view in only for those with the ability, or with one of several.

    The anonymous go to the log-in page (htmx fragments: 401), those with a temporary password choose a new one first,
    others get 403. `view.ability` tells tests what is asked.
    """
    unknown = set(abilities) - ABILITIES
    if unknown or not abilities:
        raise KeyError(f"no such ability: {', '.join(sorted(unknown))}")

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_login(request)
            if request.user.must_change_password:
                return HttpResponseRedirect(resolve_url("staff:password"))
            if not any(may(request.user, ability) for ability in abilities):
                raise PermissionDenied(_("Your role does not include this. Ask an administrator if you need it."))
            return view(request, *args, **kwargs)

        guarded.ability = " or ".join(abilities)  # type: ignore[attr-defined]
        return guarded

    return decorate


def to_login(request: HttpRequest) -> HttpResponse:
    """The log-in page with a way back; 401 for a fragment, which cannot follow a redirect to a whole page."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=401)
    back = urlencode({"next": request.get_full_path()}) if request.method in {"GET", "HEAD"} else ""
    return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{back}".rstrip("?"))


def client_ip(request: HttpRequest) -> str | None:
    """The caller's address as the web server vouches for it; forwarded headers are its business, not ours."""
    return request.META.get("REMOTE_ADDR") or None


def reveal_reason(request: HttpRequest) -> str:
    """The reason given in the form of `{% guarded %}`: one of the offered ones, or the person's own words."""
    return (request.POST.get("reason") or request.POST.get("other") or "").strip()


def revealed(request: HttpRequest, *, value: str, masked: str, url: str) -> HttpResponse:
    """The fragment that shows a plain value and hides it again after a minute. Call `staff.services.reveal` first."""
    context = {"value": value, "masked": masked, "url": url, "seconds": REVEAL_SECONDS}
    fragment = render(request, "staff/revealed.html", context)
    fragment.headers["Cache-Control"] = "no-store"
    return fragment


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None) -> HttpResponse:
    """What axes answers after too many wrong passwords: 429, how long to wait, and what else to do."""
    minutes = round(float(settings.AXES_COOLOFF_TIME) * 60)
    page = render(request, "staff/locked_out.html", {"minutes": minutes}, status=429)
    page.headers["Retry-After"] = str(minutes * 60)
    return page
