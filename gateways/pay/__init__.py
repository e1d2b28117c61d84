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


@dataclass(frozen=True)
class ShareReceiver:
    """Who gets a part of a payment: a merchant's number at the platform, how much, and what for."""

    account: str
    amount_fen: int
    description: str


@dataclass(frozen=True)
class ShareState:
    """A profit-sharing order; `state` is PROCESSING or FINISHED.

    `receivers` are (account, fen, result, why not); a result is PENDING, SUCCESS or CLOSED.
    """

    out_order_no: str
    order_id: str
    state: str
    receivers: tuple[tuple[str, int, str, str], ...]


@dataclass(frozen=True)
class ReturnState:
    """Shared money on its way back; `result` is PROCESSING, SUCCESS or FAILED."""

    out_return_no: str
    result: str
    amount_fen: int
    reason: str


@dataclass(frozen=True)
class BillLine:
    """One line of a day's bill: a payment, or (with `out_refund_no`) a refund; `amount_fen` is what moved."""

    out_trade_no: str
    transaction_id: str
    out_refund_no: str
    amount_fen: int


@dataclass(frozen=True)
class Bill:
    """Everything the platform booked on a Shanghai day; `sha256` of the file it came in."""

    day: dt.date
    lines: tuple[BillLine, ...]
    sha256: str


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
        shares_profit: bool = False,
    ) -> Prepay:
        """Place an order at the cashier. Retrying with the same `out_trade_no` and content is safe.

        `shares_profit`: the platform holds the money until it was shared, or `unfreeze` lets it go (30 days at most).
        """
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

    def add_receiver(self, *, account: str, name: str, relation: str) -> None:
        """Make a merchant known as somebody who may get a share; doing it again is fine. `relation`: SUPPLIER, STORE, ..."""
        ...

    def share(
        self, *, transaction_id: str, out_order_no: str, receivers: tuple[ShareReceiver, ...], unfreeze: bool
    ) -> ShareState:
        """Give merchants their parts of a payment. Key mode on `out_order_no`. errcode RULE_LIMIT over the allowed share,
        NOT_ENOUGH when less is left, INVALID_REQUEST within a minute of the payment."""
        ...

    def query_share(self, *, transaction_id: str, out_order_no: str) -> ShareState:
        """Ask what became of it; errcode RESOURCE_NOT_EXISTS when the platform never saw it."""
        ...

    def unfreeze(self, *, transaction_id: str, out_order_no: str, description: str) -> ShareState:
        """Let what was not shared go to us. Key mode on `out_order_no`."""
        ...

    def return_share(
        self, *, out_order_no: str, out_return_no: str, account: str, amount_fen: int, description: str
    ) -> ReturnState:
        """Take shared money back from a merchant, within 180 days. Key mode on `out_return_no`."""
        ...

    def query_return(self, *, out_order_no: str, out_return_no: str) -> ReturnState:
        """Ask what became of it."""
        ...

    def bill(self, day: dt.date) -> Bill:
        """The trade bill of a past day (ready at ten the next morning). errcode NO_STATEMENT_EXIST when nothing was booked,
        STATEMENT_CREATING while it is being made."""
        ...


def pay() -> Pay:
    """The payment client chosen in settings.GATEWAYS."""
    return cast(Pay, gateway("pay"))
