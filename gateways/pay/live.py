"""The real WeChat Pay v3."""

import datetime as dt
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from core import clock
from gateways.choices import Source
from gateways.errors import BAD_ANSWER, CallbackRefused, GatewayError
from gateways.pay import PaymentNotice, Prepay, RefundState, signing
from gateways.pay.books import Books
from gateways.pay.client import Recorder, SafeCore, SafePay
from gateways.services import record_call, spend_stamp
from gateways.shared_state import SharedState, shared_state
from gateways.transport import Transport

CURRENCY = "CNY"
DESCRIPTION_CHARS = 127
REASON_CHARS = 80
MAX_NOTICE_BYTES = 64 * 1024


class LivePay(Books):
    """See gateways.pay.Pay for what each method promises."""

    def __init__(
        self,
        vendors: Mapping[str, str] | None = None,
        *,
        base_url: str = "",
        transport: Transport | None = None,
        state: SharedState | None = None,
        record: Recorder = record_call,
        spend: Callable[..., bool] = spend_stamp,
    ) -> None:
        config = vendors or settings.VENDORS
        self._appid, self._mchid, self._key = config["MINI_APP_ID"], config["PAY_MCH_ID"], config["PAY_API_V3_KEY"]
        self._core = SafeCore(config, transport or Transport("pay", base_url=base_url), state or shared_state(), record)
        self._pay = SafePay(self._core, self._appid, self._mchid)
        self._spend = spend

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
        _status, text = self._pay.pay(
            description=description[:DESCRIPTION_CHARS],
            out_trade_no=out_trade_no,
            amount={"total": amount_fen, "currency": CURRENCY},
            payer={"openid": openid},
            time_expire=expires_at.astimezone(clock.SHANGHAI).isoformat(timespec="seconds"),
            notify_url=notify_url,
            attach=attach or None,
            settle_info={"profit_sharing": True} if shares_profit else None,
        )
        with understood("prepay"):
            prepay_id = str(json.loads(text)["prepay_id"])
        return Prepay(prepay_id, self._client_params(prepay_id))

    def _client_params(self, prepay_id: str) -> dict[str, str]:
        stamp, nonce, package = str(int(clock.now().timestamp())), secrets.token_hex(16), f"prepay_id={prepay_id}"
        signature = self._pay.sign([self._appid, stamp, nonce, package])
        return {"timeStamp": stamp, "nonceStr": nonce, "package": package, "signType": "RSA", "paySign": signature}

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> PaymentNotice:
        try:
            return self._notice(headers, body)
        except signing.Unproven as error:
            reason = error.reason
        raise CallbackRefused(Source.PAY, reason)

    def _notice(self, headers: Mapping[str, str], body: bytes) -> PaymentNotice:
        if len(body) > MAX_NOTICE_BYTES:
            raise signing.Unproven("too-large")
        proof = signing.Proof.from_headers(headers)
        signing.check(proof, body, self._core.key_by_serial, clock.now())
        if not self._spend(Source.PAY, proof.timestamp, proof.nonce, proof.signature):
            raise signing.Unproven("replayed")
        try:
            envelope = json.loads(body)
            resource = signing.open_resource(envelope["resource"], self._key)
            notice = _read_notice(str(envelope["event_type"]), resource)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            raise signing.Unproven("unreadable") from None
        if notice.mchid != self._mchid or notice.appid not in {"", self._appid}:
            raise signing.Unproven("wrong-receiver")
        return notice

    def query(self, out_trade_no: str) -> PaymentNotice:
        _status, text = self._pay.query(out_trade_no=out_trade_no)
        with understood("query"):
            return _read_notice("QUERY", json.loads(text))

    def close(self, out_trade_no: str) -> None:
        self._pay.close(out_trade_no)

    def refund(
        self, *, out_trade_no: str, out_refund_no: str, refund_fen: int, total_fen: int, reason: str, notify_url: str
    ) -> RefundState:
        _status, text = self._pay.refund(
            out_trade_no=out_trade_no,
            out_refund_no=out_refund_no,
            amount={"refund": refund_fen, "total": total_fen, "currency": CURRENCY},
            reason=reason[:REASON_CHARS] or None,
            notify_url=notify_url,
        )
        with understood("refund"):
            return _read_refund(json.loads(text))

    def query_refund(self, out_refund_no: str) -> RefundState:
        _status, text = self._pay.query_refund(out_refund_no=out_refund_no)
        with understood("query_refund"):
            return _read_refund(json.loads(text))


@contextmanager
def understood(api: str) -> Iterator[None]:
    """An answer of another shape than documented becomes a GatewayError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError):
        failure = GatewayError("pay", api, BAD_ANSWER, ambiguous=True)
    else:
        return
    raise failure


def _read_notice(event_type: str, data: Mapping[str, Any]) -> PaymentNotice:
    """A transaction, or the resource of a refund notice; amounts are whole fen."""
    is_refund = "refund_status" in data
    is_settled = is_refund or data["trade_state"] in {"SUCCESS", "REFUND"}
    amount = data["amount"] if is_settled else data.get("amount") or {}
    return PaymentNotice(
        event_type=event_type,
        out_trade_no=str(data["out_trade_no"]),
        transaction_id=str(data.get("transaction_id") or ""),
        trade_state=str(data["refund_status"] if is_refund else data["trade_state"]),
        amount_fen=_fen(amount["refund" if is_refund else "total"]) if is_settled else _fen(amount.get("total", 0)),
        currency=str(amount.get("currency") or CURRENCY),
        appid=str(data.get("appid") or ""),
        mchid=str(data.get("mchid") or ""),
        success_at=_moment(data.get("success_time")),
        out_refund_no=str(data["out_refund_no"]) if is_refund else "",
    )


def _read_refund(data: Mapping[str, Any]) -> RefundState:
    return RefundState(
        out_refund_no=str(data["out_refund_no"]),
        refund_id=str(data["refund_id"]),
        status=str(data["status"]),
        refund_fen=_fen(data["amount"]["refund"]),
        success_at=_moment(data.get("success_time")),
    )


def _fen(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("an amount must be whole fen")
    return value


def _moment(text: Any) -> dt.datetime | None:
    if not text:
        return None
    moment = dt.datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError("a time without zone")
    return moment.astimezone(dt.UTC)
