"""The shell's own pages: palette, preferences, and the gallery of components."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import resolve
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import params
from scrm import gallery, navigation
from scrm.middleware import LANGUAGE_COOKIE
from staff.access import requires

PER_KIND = 8
YEAR = 365 * 24 * 3600


@require_safe
@requires("workbench.view")
def palette(request: HttpRequest) -> HttpResponse:
    """Pages, actions and records that match `q`: a fragment for the palette, a whole page without JavaScript."""
    text = params.text("q", request.GET.get("q"), 80)
    recent = [path for path in request.GET.get("recent", "")[:600].split(",") if path]
    template = "shell/palette_results.html" if request.headers.get("HX-Request") == "true" else "shell/palette_page.html"
    return render(request, template, {"groups": find(request.user, text, recent), "q": text})


def find(user: Any, text: str, recent: list[str]) -> list[tuple[str, list[navigation.PaletteItem]]]:
    """The palette's groups in order: records first when something was typed, then pages, actions, appearance."""
    items = [*_records(user, text), *_pages(user, text, recent), *_appearance(text)]
    groups: dict[str, list[navigation.PaletteItem]] = {}
    for item in items:
        groups.setdefault(str(item.kind), []).append(item)
    return [(kind, found[:PER_KIND]) for kind, found in groups.items()]


def _records(user: Any, text: str) -> list[navigation.PaletteItem]:
    if not text:
        return []
    return [item for source in navigation.palette_sources() for item in source(user, text, PER_KIND)]


def _pages(user: Any, text: str, recent: list[str]) -> list[navigation.PaletteItem]:
    pages = [entry for group in navigation.NAVIGATION for entry in group.entries if navigation.allowed(user, entry)]
    actions = [entry for entry in navigation.ACTIONS if navigation.allowed(user, entry)]
    lately = [entry for path in recent for entry in pages if entry.path == path] if not text else []
    return [
        *(_item(entry, _("Recent")) for entry in lately),
        *(_item(entry, _("Pages")) for entry in pages if entry not in lately and _matches(entry, text)),
        *(_item(entry, _("Actions")) for entry in actions if _matches(entry, text)),
    ]


def _item(entry: navigation.Entry, kind: str) -> navigation.PaletteItem:
    return navigation.PaletteItem(str(entry.label), entry.path, entry.icon, kind, f"G {entry.go.upper()}" if entry.go else "")


def _matches(entry: navigation.Entry, text: str) -> bool:
    return navigation.matches(text, str(entry.label), entry.path)


def _appearance(text: str) -> list[navigation.PaletteItem]:
    looks = [(_("Light theme"), "light", "sun"), (_("Dark theme"), "dark", "moon"), (_("Theme of the system"), "auto", "monitor")]
    kind = _("Appearance and help")
    items = [
        navigation.PaletteItem(label, "#", icon, kind, theme=theme)
        for label, theme, icon in looks
        if text and navigation.matches(text, label, theme)
    ]
    if not text or navigation.matches(text, _("Show the shortcuts"), "?"):
        items.append(navigation.PaletteItem(_("Show the shortcuts"), "#", "keyboard", kind, "?", keys=True))
    return items


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Theme, density and language, each kept in a cookie for a year; then back to where one was."""
    response = HttpResponseRedirect(_next(request))
    for name, cookie, allowed in (
        ("theme", "theme", navigation.THEMES),
        ("density", "density", navigation.DENSITIES),
        ("language", LANGUAGE_COOKIE, tuple(code for code, _name in settings.LANGUAGES)),
    ):
        value = params.one_of(name, request.POST.get(name), list(allowed))
        if value:
            response.set_cookie(cookie, value, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response


def _next(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return target if safe else "/"


def missing(request: HttpRequest) -> HttpResponse:
    """Whatever no other URL takes: to the same address with a slash where that one exists, else 404."""
    with_slash = f"{request.path}/"
    if request.method in {"GET", "HEAD"} and resolve(with_slash).func is not missing:
        query = request.META.get("QUERY_STRING", "")
        return HttpResponseRedirect(f"{with_slash}?{query}" if query else with_slash)
    raise Http404


@require_safe
@requires("settings.view")
def components(request: HttpRequest) -> HttpResponse:
    """Every component of the design system, live; only where DEBUG is on."""
    if not settings.DEBUG:
        raise Http404
    return render(request, "shell/gallery.html", gallery.context())
