"""WeChat Pay v3: collect, ask, close, refund, and the notices it sends us. Amounts are whole fen.

Key mode throughout: the platform de-duplicates on `out_trade_no` and `out_refund_no`, so a retry is safe.
Never mark an order paid from what the client says: only a notice or a query counts.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast

from gateways.registry import gateway


@dataclass(frozen=True)
class Prepay:
    """An order at the cashier. `client_params` is what `wx.requestPayment` takes."""

    prepay_id: str
    client_params: dict[str, str]


@dataclass(frozen=True)
class PaymentNotice:
    """What the platform says about one payment, by notice or by query.

    `event_type` is TRANSACTION.SUCCESS, REFUND.SUCCESS, REFUND.ABNORMAL, REFUND.CLOSED, or QUERY for a query.
    `trade_state` is SUCCESS, NOTPAY, CLOSED, REFUND, USERPAYING, PAYERROR; for refund notices the refund's status.
    `amount_fen` is the order's total, for refund notices the refunded amount. `out_refund_no` only in refund notices.
    """

    event_type: str
    out_trade_no: str
    transaction_id: str
    trade_state: str
    amount_fen: int
    currency: str
    appid: str
    mchid: str
    success_at: dt.datetime | None
    out_refund_no: str = ""

    @property
    def is_paid(self) -> bool:
        """The money of the order has arrived (it may have been refunded since)."""
        return not self.out_refund_no and self.trade_state in {"SUCCESS", "REFUND"}


@dataclass(frozen=True)
class RefundState:
    """A refund as the platform sees it; `status` is PROCESSING, SUCCESS, CLOSED or ABNORMAL."""

    out_refund_no: str
    refund_id: str
    status: str
    refund_fen: int
    success_at: dt.datetime | None


class Pay(Protocol):
    """What we use of WeChat Pay. Every method may raise `GatewayError`."""

    def prepay(
        self,
        *,
        out_trade_no: str,
        description: str,
        amount_fen: int,
        openid: str,
        notify_url: str,
        expires_at: dt.datetime,
        attach: str = "",
    ) -> Prepay:
        """Place an order at the cashier. Retrying with the same `out_trade_no` and content is safe."""
        ...

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> PaymentNotice:
        """Verify and decrypt a notice (raw bytes); raises `CallbackRefused`. Call it in the transaction that stores it.

        `headers` may be Django's `request.META` or `request.headers`.
        """
        ...

    def query(self, out_trade_no: str) -> PaymentNotice:
        """Ask what became of an order; errcode ORDER_NOT_EXIST when the platform never saw it."""
        ...

    def close(self, out_trade_no: str) -> None:
        """Close an unpaid order; errcode ORDER_PAID when the customer was faster."""
        ...

    def refund(
        self, *, out_trade_no: str, out_refund_no: str, refund_fen: int, total_fen: int, reason: str, notify_url: str
    ) -> RefundState:
        """Ask for a refund, whole or part; asynchronous. Retry only with the same `out_refund_no`."""
        ...

    def query_refund(self, out_refund_no: str) -> RefundState:
        """Ask what became of a refund; errcode RESOURCE_NOT_EXISTS when the platform never saw it."""
        ...


def pay() -> Pay:
    """The payment client chosen in settings.GATEWAYS."""
    return cast(Pay, gateway("pay"))
