"""Vendors of data calling us: verified, kept once, answered at once. All work happens in jobs."""

import logging

from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from customers.models import Source
from customers.services.connecting import receive_hook
from customers.services.sms_replies import receive_items
from gateways.errors import CallbackRefused
from gateways.sms import sms

logger = logging.getLogger(__name__)

MAX_BODY = 64 * 1024


def body_of(request: HttpRequest) -> bytes | None:
    """The body, or None when it is larger than 64 kB."""
    try:
        return request.body if int(request.META.get("CONTENT_LENGTH") or 0) <= MAX_BODY else None
    except (RequestDataTooBig, ValueError):
        return None


@csrf_exempt
@require_POST
def sms_callback(request: HttpRequest) -> JsonResponse:
    """Delivery reports and replies; 403 when forged or unreadable, 413 over 64 kB. The answer is the one Aliyun expects."""
    body = body_of(request)
    if body is None:
        return JsonResponse({"code": 1, "msg": "too large"}, status=413)
    try:
        items = sms().parse_callback(request.GET.dict(), body)
    except CallbackRefused as refused:
        logger.warning("%s", refused)
        return JsonResponse({"code": 1, "msg": "refused"}, status=403)
    with transaction.atomic():
        receive_items(items)
    return JsonResponse({"code": 0, "msg": "成功"})


@csrf_exempt
@require_POST
def platform_callback(request: HttpRequest, code: str) -> JsonResponse:
    """A connected platform's webhook: 403 when it is not theirs or the source unknown or paused, 413 over 64 kB."""
    body = body_of(request)
    if body is None:
        return JsonResponse({"code": 1}, status=413)
    source = Source.objects.filter(code=code, is_paused=False).first()
    try:
        if source is None:
            raise CallbackRefused("platform", "unknown")
        with transaction.atomic():
            hook = receive_hook(source, {name.lower(): value for name, value in request.headers.items()}, body)
    except CallbackRefused as refused:
        logger.warning("%s", refused)
        return JsonResponse({"code": 1, "msg": "refused"}, status=403)
    return JsonResponse(hook.answer)
