"""What payments and refunds share: the platform's words, where it reports to, and notices that do not fit."""

from django.conf import settings

GONE = {"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"}
CLOSED = {"ORDER_CLOSED", "ORDERCLOSED"}
PAID = {"ORDER_PAID", "ORDERPAID"}
OTHER_CONTENT = {"OUT_TRADE_NO_USED", "INVALID_REQUEST"}


class UnknownPayment(Exception):
    """The platform speaks of a payment or refund that we never started."""


class WrongPayment(Exception):
    """What the platform says of a payment is not what we asked for: amount, currency, receiver."""


def notify_url() -> str:
    """Where the platform reports payments and refunds."""
    return f"{settings.PUBLIC_URL}/callbacks/pay"
