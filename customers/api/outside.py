"""`POST /ingest/v1/<source-code>`: signed events of ticketing, gates, guide devices, tills, car parks and platforms."""

import logging

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core import api_errors
from core.errors import BadInput, Refused
from customers.intake.signing import Unsigned
from customers.services.outside import believe, take_in

logger = logging.getLogger(__name__)

MAX_BODY = 1_000_000
PAUSE_SECONDS = 300


@csrf_exempt
@require_POST
def receive(request: HttpRequest, code: str) -> JsonResponse:
    """Take one message in: 200 with a result per item; 403 unsigned or stale, 413 over 1 MB, 400 no request at all."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        return _no(415, "unsupported", _("Send the body unpacked."))
    try:
        body = request.body if int(request.META.get("CONTENT_LENGTH") or 0) <= MAX_BODY else None
    except (RequestDataTooBig, ValueError):
        body = None
    if body is None:
        return _no(413, "too_large", _("The request is larger than 1 MB."))
    try:
        message = believe(code, {name.lower(): value for name, value in request.headers.items()}, body)
    except Unsigned as unsigned:
        logger.warning("ingest refused: %s", unsigned.reason)
        return _no(403, "forbidden", _("The source, its signature or the time is not right."))
    if message.source.is_paused:
        answer = _no(503, "paused", _("This source is paused; send it again later."))
        answer.headers["Retry-After"] = str(PAUSE_SECONDS)
        return answer
    try:
        result, is_repeat = take_in(message)
    except BadInput as bad:
        return JsonResponse(api_errors.body("invalid", bad.message, bad.fields), status=400)
    except Refused as refused:
        return _no(409, refused.code, refused.message)
    return JsonResponse(result, headers={"Webhook-Replay": "true"} if is_repeat else {})


def _no(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse(api_errors.body(code, message), status=status)
