"""The error pages: one table of what each status says and what to do next; HTML for people, JSON for programs."""

import dataclasses
import logging
import sys
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.core.exceptions import DisallowedHost
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Said:
    """What an error page tells by default. `art` names the drawing."""

    title: Any
    text: Any
    art: str
    code: str


SAYINGS: Mapping[int, Said] = {
    400: Said(
        gettext_lazy("We could not read that"),
        gettext_lazy("Something in the address or the form is not valid. Go back and check what you entered."),
        "search",
        "invalid",
    ),
    403: Said(
        gettext_lazy("This is not open to you"),
        gettext_lazy("Your role does not include this page. Ask an administrator if you need it."),
        "lock",
        "forbidden",
    ),
    404: Said(
        gettext_lazy("Nothing here"),
        gettext_lazy("The page does not exist, was moved, or belongs to customers outside your scope."),
        "compass",
        "not_found",
    ),
    405: Said(
        gettext_lazy("That cannot be done here"),
        gettext_lazy("The page does not take this kind of request."),
        "compass",
        "method_not_allowed",
    ),
    409: Said(
        gettext_lazy("Not possible right now"),
        gettext_lazy("The state has changed in the meantime. Go back, reload, and look again."),
        "inbox",
        "refused",
    ),
    413: Said(
        gettext_lazy("Too large"),
        gettext_lazy("What you sent is larger than allowed. Send less at once, or split the file."),
        "inbox",
        "too_large",
    ),
    429: Said(gettext_lazy("Too many tries"), gettext_lazy("Please wait a while, then try again."), "lock", "throttled"),
    500: Said(
        gettext_lazy("That was our fault"),
        gettext_lazy("The error has been logged. Try again; if it comes back, tell an administrator the reference below."),
        "storm",
        "error",
    ),
    503: Said(
        gettext_lazy("Back in a moment"),
        gettext_lazy("The system is starting or its database is away. Your work is kept; reload in a few seconds."),
        "storm",
        "unavailable",
    ),
}


def answer(
    request: HttpRequest, status: int, *, title: str = "", text: str = "", code: str = "", fields: Mapping[str, str] | None = None
) -> HttpResponse:
    """The error response for a status: a page, a JSON body below /api/, or a short text for an htmx fragment."""
    said = SAYINGS[status]
    message = text or str(said.text)
    reference = uuid.uuid4().hex[:12] if status >= 500 else ""
    if reference:
        logger.error("error page %s, reference %s, path %s", status, reference, request.path)
    if request.path.startswith(("/api/", "/ingest/")):
        return JsonResponse(
            {
                "code": code or said.code,
                "message": message,
                "request_id": reference or uuid.uuid4().hex,
                "fields": dict(fields or {}),
            },
            status=status,
        )
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(
            message, status=status, content_type="text/plain; charset=utf-8", headers={"X-Message": quote(message)}
        )
    page = {
        "status": status, "title": title or said.title, "text": message, "art": said.art,
        "fields": list((fields or {}).values()) if len(fields or {}) > 1 else [], "back": _back(request), "reference": reference,
    }  # fmt: skip
    # 5xx pages must not ask the database again: no request context, hence no user and no navigation.
    context_request = request if status < 500 else None
    return HttpResponse(render_to_string("error.html", {"error": page}, request=context_request), status=status)


def _back(request: HttpRequest) -> str:
    """Where the person came from, when that is a page of ours and not this one."""
    referer = request.headers.get("Referer", "")
    allowed = {request.get_host()} if _known_host(request) else set()
    if referer and url_has_allowed_host_and_scheme(referer, allowed_hosts=allowed) and not referer.endswith(request.path):
        return referer
    return ""


def _known_host(request: HttpRequest) -> bool:
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return True


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return answer(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403; the exception's own sentence is shown when it has one."""
    return answer(request, 403, text=str(exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, the same for what does not exist and what is out of scope."""
    return answer(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: a bug, its traceback in the log beside the reference; 503 when it is only that the database is away."""
    if isinstance(sys.exc_info()[1], OperationalError):
        return answer(request, 503)
    return answer(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose token is missing or old."""
    return answer(request, 403, title=_("The form has expired"), text=_("Reload the page and send the form again."))
