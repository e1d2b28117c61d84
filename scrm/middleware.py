"""Between HTTP and every view: clean input, the language, errors raised on purpose, toasts for htmx."""

import json
import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote_to_bytes

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils import translation

from core.errors import BadInput, Refused
from core.parsers import is_clean
from gateways.errors import GatewayError
from scrm import errors

GetResponse = Callable[[HttpRequest], HttpResponse]
LANGUAGE_COOKIE = "language"
_HUGE_NUMBER = re.compile(r"(?<![0-9A-Za-z_-])\d{19,}(?![0-9A-Za-z_-])")
_MACHINES = ("/api/", "/callbacks/", "/ingest/")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class CleanInputMiddleware:
    """Refuses, before any view: NUL and invalid UTF-8 in path, query or form fields (400); ids beyond 64 bits (404).

    JSON bodies are checked by core.parsers. Postgres cannot store NUL, and would answer with an error of its own.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """400, 404 or 413 for what can never be right; else the view's answer."""
        refusal = self._refusal(request)
        if refusal is None:
            return self.get_response(request)
        with translation.override(chosen_language(request)):
            return errors.answer(request, refusal)

    def _refusal(self, request: HttpRequest) -> int | None:
        if not is_clean(request.path_info) or not _decodes(request.META.get("QUERY_STRING", "")):
            return 400
        if _HUGE_NUMBER.search(request.path_info):
            return 404
        if request.method == "POST" and (request.content_type or "").startswith(_FORMS):
            return self._form_refusal(request)
        return None

    def _form_refusal(self, request: HttpRequest) -> int | None:
        try:
            if request.content_type == _FORMS[0] and not _decodes(request.body.decode("ascii", "surrogateescape")):
                return 400
            fields = [text for name, values in request.POST.lists() for text in (name, *map(str, values))]
            names = [file.name or "" for files in request.FILES.lists() for file in files[1] if not isinstance(file, str)]
        except RequestDataTooBig:
            return 413
        except (SuspiciousOperation, MultiPartParserError, UnreadablePostError, UnicodeError, ValueError):
            return 400
        return None if _all_clean(fields + names) else 400


def _decodes(query: str) -> bool:
    """Whether a query string is UTF-8 without NUL once unquoted."""
    try:
        return "\x00" not in unquote_to_bytes(query.encode("utf-8", "surrogateescape")).decode()
    except UnicodeError:
        return False


def _all_clean(texts: Iterable[str]) -> bool:
    return all(is_clean(text) for text in texts)


def chosen_language(request: HttpRequest) -> str:
    """Chinese, unless the person chose English: what the browser would like does not count."""
    return "en" if request.COOKIES.get(LANGUAGE_COOKIE) == "en" else "zh-hans"


class LanguageMiddleware:
    """Activates the language of the cookie for the request."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The view's answer, in the chosen language."""
        language = chosen_language(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class ErrorMiddleware:
    """Errors that views raise on purpose become pages: BadInput 400, Refused 409, a lost database 503, too large 413."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The view's answer; an empty 405 gets its page."""
        response = self.get_response(request)
        if response.status_code == 405 and not response.content and not request.path.startswith(_MACHINES):
            page = errors.answer(request, 405)
            page.headers["Allow"] = response.headers.get("Allow", "")
            return page
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for a known error; None leaves a bug loud."""
        if isinstance(exception, Http404):  # also with DEBUG on, where Django would list every URL
            return errors.answer(request, 404)
        if isinstance(exception, BadInput):
            return errors.answer(request, 400, text=exception.message, fields=exception.fields)
        if isinstance(exception, Refused):
            return errors.answer(request, 409, text=exception.message, code=exception.code)
        if isinstance(exception, RequestDataTooBig):
            return errors.answer(request, 413)
        if isinstance(exception, OperationalError | InterfaceError):
            page = errors.answer(request, 503)
            page.headers["Retry-After"] = "3"
            return page
        if isinstance(exception, GatewayError):
            return errors.answer(request, 503 if exception.retryable else 409, text=str(exception.user_text), code="platform")
        return None


class ToastMiddleware:
    """Django messages ride an htmx answer as the HX-Trigger event "toasts"; `extra_tags` is the undo address."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The view's answer with its toasts."""
        response = self.get_response(request)
        moves_on = "HX-Redirect" in response.headers or "HX-Refresh" in response.headers or 300 <= response.status_code < 400
        if request.headers.get("HX-Request") != "true" or moves_on:
            return response
        toasts = [_toast(message) for message in messages.get_messages(request)]
        if toasts:
            events = _events(response.headers.get("HX-Trigger", ""))
            response.headers["HX-Trigger"] = json.dumps({**events, "toasts": toasts})
        return response


def _toast(message: Message) -> dict[str, str]:
    level = {messages.SUCCESS: "good", messages.WARNING: "warn", messages.ERROR: "bad"}.get(message.level, "info")
    return {"text": str(message.message), "level": level, "undo": str(message.extra_tags or "")}


def _events(header: str) -> dict[str, object]:
    if header.startswith("{"):
        return dict(json.loads(header))
    return {name.strip(): None for name in header.split(",") if name.strip()}
