"""WeChat Pay calling us. Anything but 2xx makes the platform try again for a day."""

import logging

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from gateways.choices import Source
from gateways.errors import CallbackRefused
from gateways.pay import PaymentNotice, pay
from gateways.services import mark_callback_processed, store_callback
from orders.services.cashier import UnknownPayment, WrongPayment
from orders.services.payments import settle_payment
from orders.services.refunds import settle_refund_notice

logger = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024


@csrf_exempt
@require_POST
def notify(request: HttpRequest) -> HttpResponse:
    """A payment or refund notice: proven, kept, applied, all in one transaction, then 204.

    403 for what is not proven to come from the platform (or came before), 404 for a payment we do not know and 409 for one
    that is not as we asked for it: both are worth an alarm, and the platform's next attempt finds things mended or not.
    """
    body = request.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        return _fail(413, "too large")
    try:
        with transaction.atomic():
            _apply(pay().parse_notify(request.META, body), body)
    except CallbackRefused as error:
        logger.warning("payment notice refused: %s", error.reason)
        return _fail(403, "refused")
    except UnknownPayment as error:
        logger.error("ALARM payment notice about %s, which we never started", error)
        return _fail(404, "unknown order")
    except WrongPayment as error:
        logger.error("ALARM payment notice does not fit: %s", error)
        return _fail(409, "does not fit")
    return HttpResponse(status=204)


def _apply(notice: PaymentNotice, body: bytes) -> None:
    about = notice.out_refund_no or notice.transaction_id or notice.out_trade_no
    kept = store_callback(
        source=Source.PAY, dedupe_key=f"{notice.event_type}:{about}", body=body.decode("utf-8", "replace"), kind=notice.event_type
    )
    if notice.out_refund_no:
        settle_refund_notice(notice)
    else:
        settle_payment(notice)
    if kept:
        mark_callback_processed(kept)


def _fail(status: int, message: str) -> JsonResponse:
    return JsonResponse({"code": "FAIL", "message": message}, status=status)
