"""WeCom calls us here: verify, keep, answer at once. All work happens in a job."""

import json
import logging

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from customers.services.contacts import receive_callback
from gateways.errors import CallbackRefused
from gateways.wecom import wecom

logger = logging.getLogger(__name__)

MAX_BODY = 64 * 1024


@csrf_exempt
@require_http_methods(["GET", "POST"])
def wecom_callback(request: HttpRequest) -> HttpResponse:
    """GET: the check of our URL. POST: an event; 403 when it is forged, replayed or stale, 413 over 64 kB."""
    try:
        if request.method == "GET":
            return HttpResponse(wecom().verify_url(request.GET.dict()), content_type="text/plain")
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY:
            return HttpResponse(status=413)
        with transaction.atomic():
            event = wecom().decrypt_callback(request.GET.dict(), request.body)
            receive_callback(event, json.dumps(event.fields))
    except CallbackRefused as refused:
        logger.warning("%s", refused)
        return HttpResponse(status=403)
    return HttpResponse("")
