"""One shape for every error of the mini-program API: {code, message, request_id, fields}."""

import logging
import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import APIException, Throttled, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core.errors import BadInput, Refused

logger = logging.getLogger(__name__)


def body(code: str, message: str, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    """The error body; `request_id` also stands in the log."""
    return {"code": code, "message": message, "request_id": uuid.uuid4().hex, "fields": fields or {}}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception hook. Unknown exceptions stay unknown: they are bugs, and loud (500)."""
    if isinstance(error, Refused):
        return Response(body(error.code, error.message), status=status.HTTP_409_CONFLICT)
    if isinstance(error, BadInput):
        return Response(body("invalid", error.message, error.fields), status=status.HTTP_400_BAD_REQUEST)
    told = getattr(error, "user_text", None)
    if told is not None:  # a vendor's failure; core knows no gateways, only that their errors can speak to people
        retry = bool(getattr(error, "retryable", False))
        return _named(Response(body("platform", str(told)), status=_vendor_status(error, retry)), retry=retry)
    if isinstance(error, OperationalError):
        logger.error("database unavailable: %s", error)
        return _named(Response(body("unavailable", _("Please try again in a moment.")), status=503), retry=True)
    response = exception_handler(error, context)
    if response is None:
        return None
    response.data = _plain(error, response.data)
    return response


def _vendor_status(error: Exception, retry: bool) -> int:
    """503 when a later try can succeed, 409 when the caller sent what the vendor refuses (a used-up code), else 502."""
    if retry:
        return status.HTTP_503_SERVICE_UNAVAILABLE
    return status.HTTP_409_CONFLICT if getattr(error, "blame", "") == "customer" else status.HTTP_502_BAD_GATEWAY


def _named(response: Response, *, retry: bool) -> Response:
    if retry:
        response["Retry-After"] = "3"
    return response


def _plain(error: Exception, data: Any) -> dict[str, Any]:
    if isinstance(error, ValidationError):
        fields = data if isinstance(data, dict) else {"non_field_errors": data}
        return body("invalid", _("Please check the marked fields."), fields)
    if isinstance(error, Http404):
        return body("not_found", _("This does not exist."))
    if isinstance(error, PermissionDenied):
        return body("forbidden", _("You may not do this."))
    if isinstance(error, Throttled):
        return body("throttled", _("Too many requests; please wait a moment."))
    code = error.get_codes() if isinstance(error, APIException) else "error"
    return body(code if isinstance(code, str) else "error", str(data.get("detail", error) if isinstance(data, dict) else error))
