"""The website's chat window, for anybody: a page of its own that a button on the agency's site opens."""

import time
import uuid
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import params
from core.errors import BadInput, Refused
from customers.api.web import Throttle
from messaging.queries_chat import asks_for_rating, shown_lines
from messaging.services.chat_states import rate
from messaging.services.web_chat import conversation_of, post_web
from staff.access import client_ip

COOKIE, A_YEAR = "chat_visitor", 365 * 86_400
throttle = Throttle(60)


def _visitor(request: HttpRequest) -> str:
    """The visitor of this browser; empty for a cookie that is not ours."""
    value = request.get_signed_cookie(COOKIE, default="", salt=COOKIE)
    return str(value) if value else ""


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The window."""
    visitor = _visitor(request) or str(uuid.uuid4())
    response = render(request, "messaging/web_chat.html", _context(visitor))
    response.set_signed_cookie(
        COOKIE, visitor, salt=COOKIE, max_age=A_YEAR, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
    return response


def _context(visitor: str) -> dict[str, Any]:
    conversation = conversation_of(visitor) if visitor else None
    shown = shown_lines(conversation) if conversation else []
    state, wants_rating = (
        conversation.state if conversation else "bot",
        conversation is not None and asks_for_rating(conversation),
    )
    version = f"{shown[-1]['id'] if shown else 0}-{state}-{int(wants_rating)}"
    return {"lines": shown, "state": state, "rate": wants_rating, "version": version, "key": uuid.uuid4().hex}


@require_safe
def lines(request: HttpRequest) -> HttpResponse:
    """What was said, asked for every two seconds; 204 when nothing is new."""
    context = _context(_visitor(request))
    if request.GET.get("v") == context["version"]:
        return HttpResponse(status=204)
    return render(request, "messaging/_web_lines.html", context)


@require_POST
def say(request: HttpRequest) -> HttpResponse:
    """Write."""
    if not throttle.allows(client_ip(request) or "", time.monotonic()):
        raise Refused(_("Please wait a moment before you write again."), "too_fast")
    visitor = _visitor(request)
    if not visitor:
        raise BadInput(_("Please open the chat again."))
    text = params.text("text", request.POST.get("text"), 2000)
    key, choice = params.text("key", request.POST.get("key"), 40), params.text("choice", request.POST.get("choice"), 60)
    if not text or not key:
        raise BadInput(_("Write something first."), {"text": _("write something")})
    post_web(visitor, text=text, key=key, choice=choice)
    return render(request, "messaging/_web_lines.html", _context(visitor))


@require_POST
def rate_service(request: HttpRequest) -> HttpResponse:
    """Rate the person who served."""
    visitor = _visitor(request)
    rating = params.whole("rating", request.POST.get("rating"), 5, 1, 5)
    conversation = conversation_of(visitor) if visitor else None
    if conversation is not None:
        rate(conversation, rating)
    return render(request, "messaging/_web_lines.html", _context(visitor))
