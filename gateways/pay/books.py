"""Profit sharing and the daily bill, on wechatpayv3's paths and our own transport.

https://pay.weixin.qq.com/doc/v3/merchant/4012067962 (sharing), 4012071242 (bills)
"""

import csv
import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from gateways.errors import BAD_ANSWER, GatewayError
from gateways.pay import Bill, BillLine, ReturnState, ShareReceiver, ShareState
from gateways.pay.client import SafeCore, SafePay

COLUMNS = ("交易时间", "微信订单号", "商户订单号", "交易状态", "货币种类", "订单金额", "商户退款单号", "申请退款金额", "退款状态")
DESCRIPTION_CHARS = 80


class Books:
    """The part of the client that shares money and reads bills; LivePay sets `_core` and `_pay`."""

    _core: SafeCore
    _pay: SafePay

    def add_receiver(self, *, account: str, name: str, relation: str) -> None:
        """See gateways.pay.Pay."""
        self._pay.profitsharing_add_receiver(
            account_type="MERCHANT_ID", account=account, relation_type=relation, name=name or None
        )

    def share(
        self, *, transaction_id: str, out_order_no: str, receivers: tuple[ShareReceiver, ...], unfreeze: bool
    ) -> ShareState:
        """See gateways.pay.Pay."""
        asked = [
            {
                "type": "MERCHANT_ID", "account": one.account, "amount": one.amount_fen,
                "description": one.description[:DESCRIPTION_CHARS],
            }
            for one in receivers
        ]  # fmt: skip
        _status, text = self._pay.profitsharing_order(transaction_id, out_order_no, asked, unfreeze)
        return _share(text)

    def query_share(self, *, transaction_id: str, out_order_no: str) -> ShareState:
        """See gateways.pay.Pay."""
        _status, text = self._pay.profitsharing_order_query(transaction_id, out_order_no)
        return _share(text)

    def unfreeze(self, *, transaction_id: str, out_order_no: str, description: str) -> ShareState:
        """See gateways.pay.Pay."""
        _status, text = self._pay.profitsharing_unfreeze(transaction_id, out_order_no, description[:DESCRIPTION_CHARS])
        return _share(text)

    def return_share(
        self, *, out_order_no: str, out_return_no: str, account: str, amount_fen: int, description: str
    ) -> ReturnState:
        """See gateways.pay.Pay."""
        _status, text = self._pay.profitsharing_return(
            out_return_no, account, amount_fen, description[:DESCRIPTION_CHARS], out_order_no=out_order_no
        )
        return _return(text)

    def query_return(self, *, out_order_no: str, out_return_no: str) -> ReturnState:
        """See gateways.pay.Pay."""
        _status, text = self._pay.profitsharing_return_query(out_order_no, out_return_no)
        return _return(text)

    def bill(self, day: dt.date) -> Bill:
        """See gateways.pay.Pay."""
        _status, text = self._core.request(f"/v3/bill/tradebill?bill_date={day.isoformat()}&bill_type=ALL")
        where = json.loads(text)
        try:
            url, digest = str(where["download_url"]), str(where["hash_value"]).lower()
        except (KeyError, TypeError):
            raise GatewayError("pay", "tradebill", BAD_ANSWER) from None
        # The file itself carries no signature: the digest in the signed answer is its proof.
        _status, content = self._pay.download_bill(url)
        if hashlib.sha1(content.encode(), usedforsecurity=False).hexdigest() != digest:
            raise GatewayError("pay", "billdownload", BAD_ANSWER)
        try:
            return Bill(day, read_bill(content), hashlib.sha256(content.encode()).hexdigest())
        except (KeyError, ValueError, InvalidOperation):
            raise GatewayError("pay", "billdownload", BAD_ANSWER) from None


def read_bill(content: str) -> tuple[BillLine, ...]:
    """The lines of a trade bill (CSV, each value behind a backtick, two rows of sums at the end).

    ValueError where a sum does not agree with the lines, or a currency is not CNY: then the file is not whole.
    """
    rows = list(csv.reader(content.lstrip("\ufeff").splitlines()))
    names = rows[0]
    sums_at = next(index for index, row in enumerate(rows) if row and row[0] == "总交易单数")
    lines = tuple(_line(dict(zip(names, map(_plain, row), strict=True))) for row in rows[1:sums_at])
    sums = dict(zip(rows[sums_at], map(_plain, rows[sums_at + 1]), strict=True))
    paid = sum(line.amount_fen for line in lines if not line.out_refund_no)
    refunded = sum(line.amount_fen for line in lines if line.out_refund_no)
    if (int(sums["总交易单数"]), _fen(sums["订单总金额"]), _fen(sums["申请退款总金额"])) != (len(lines), paid, refunded):
        raise ValueError("the bill does not add up")
    return lines


def _plain(value: str) -> str:
    return value.strip().removeprefix("`")


def _line(row: Mapping[str, str]) -> BillLine:
    if row["货币种类"] != "CNY":
        raise ValueError("another currency")
    refund = row["商户退款单号"] if row["商户退款单号"] not in {"", "0"} else ""
    return BillLine(
        out_trade_no=row["商户订单号"], transaction_id=row["微信订单号"], out_refund_no=refund,
        amount_fen=_fen(row["申请退款金额"] if refund else row["订单金额"]),
    )  # fmt: skip


def _fen(text: str) -> int:
    fen = Decimal(text) * 100
    if fen != fen.to_integral_value() or fen < 0:
        raise ValueError("an amount must be whole fen")
    return int(fen)


def _share(text: str) -> ShareState:
    data = _object(text)
    try:
        found = tuple(
            (str(one["account"]), int(one["amount"]), str(one["result"]), str(one.get("fail_reason") or ""))
            for one in data.get("receivers") or ()
        )
        return ShareState(str(data["out_order_no"]), str(data["order_id"]), str(data["state"]), found)
    except (KeyError, TypeError, ValueError):
        raise GatewayError("pay", "profitsharing", BAD_ANSWER, ambiguous=True) from None


def _return(text: str) -> ReturnState:
    data = _object(text)
    try:
        return ReturnState(
            str(data["out_return_no"]), str(data["result"]), int(data["amount"]), str(data.get("fail_reason") or "")
        )
    except (KeyError, TypeError, ValueError):
        raise GatewayError("pay", "profitsharing-return", BAD_ANSWER, ambiguous=True) from None


def _object(text: str) -> dict[str, Any]:
    data = json.loads(text)
    return data if isinstance(data, dict) else {}
