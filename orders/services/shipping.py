"""Telling WeChat what was delivered for a payment.

Mini-programs of some trades must: the platform holds a payment's money until it was told (发货信息管理, since 2023).
https://developers.weixin.qq.com/miniprogram/dev/platform-capabilities/business-capabilities/order-shipping/
"""

from core import clock
from core.choices import Lane
from core.jobs import enqueue, job
from gateways.errors import GatewayError
from gateways.mini import ShippedKind, mini
from orders.choices import OfferKind, PaymentMethod, ShippingState
from orders.models import CommercePolicy, Payment

WORDS = 120


def tell_shipping(payment: Payment) -> None:
    """Have the platform told about a payment that arrived, where the agency's rules say so; in the caller's transaction."""
    if payment.method != PaymentMethod.WECHAT or not CommercePolicy.current().uploads_shipping:
        return
    Payment.objects.filter(pk=payment.pk, shipping="").update(shipping=ShippingState.WAITING)
    enqueue(upload_shipping, key=str(payment.pk), payment_id=payment.pk)


@job(Lane.USUAL)
def upload_shipping(payment_id: int) -> None:
    """Tell it; the same again changes nothing at the platform, so a retry is safe."""
    found = Payment.objects.filter(pk=payment_id, shipping=ShippingState.WAITING).select_related("order__product")
    payment = found.first()
    if payment is None:
        return
    goods = payment.order.lines.filter(offer__kind=OfferKind.GOODS).exists()
    try:
        mini().upload_shipping(
            transaction_id=payment.transaction_id or "", openid=payment.openid, at=clock.now(),
            kind=ShippedKind.FETCHED if goods else ShippedKind.SERVICE, words=payment.order.product.name[:WORDS],
        )  # fmt: skip
    except GatewayError as error:
        if error.retryable or error.ambiguous:
            raise
        Payment.objects.filter(pk=payment_id).update(shipping=ShippingState.FAILED)
        return
    Payment.objects.filter(pk=payment_id).update(shipping=ShippingState.DONE)
