"""Aliyun SMS over its signed HTTP interface (SendSms, version 2017-05-25); no SDK.

Signature: https://help.aliyun.com/zh/sdk/product-overview/rpc-mechanism
API: https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms
"""

import base64
import datetime as dt
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.conf import settings

from core import clock
from gateways.choices import Source
from gateways.errcodes import RetryClass
from gateways.errors import BAD_ANSWER, OUR_LIMIT, CallbackRefused, GatewayError
from gateways.many import LEASE, Batch, Fate, Outcome, Parcel, broken, by_code, leased
from gateways.rules import budgets_for
from gateways.services import CallNote, record_call
from gateways.shared_state import SharedState, shared_state
from gateways.sms import SmsFound, SmsReceipt, SmsReply, SmsReport
from gateways.transport import Reply, Transport
from gateways.wire import Answer, Wire, request_bytes

URL = "https://dysmsapi.aliyuncs.com/"
HOST = "dysmsapi.aliyuncs.com"
API = "SendSms"
QUERY = "QuerySendDetails"
PRICE = Decimal("0.045")  # yuan per part of 67 characters, the vendor's list price; the bill decides
MAX_CALLBACK_BYTES = 64 * 1024


class LiveSms:
    """See gateways.sms.Sms for what each method promises."""

    def __init__(
        self,
        vendors: Mapping[str, str] | None = None,
        *,
        base_url: str = "",
        transport: Transport | None = None,
        state: SharedState | None = None,
        record: Callable[[str, str], AbstractContextManager[CallNote]] = record_call,
    ) -> None:
        config = vendors or settings.VENDORS
        self._key_id, self._key_secret = config["SMS_ACCESS_KEY_ID"], config["SMS_ACCESS_KEY_SECRET"]
        self._sign_name, self._callback_token = config["SMS_SIGN_NAME"], config.get("SMS_CALLBACK_TOKEN", "")
        self._transport, self._state, self._record = (
            transport or Transport("sms", base_url=base_url),
            state or shared_state(),
            record,
        )
        self._wire = Wire(self._transport.base_url or URL)

    def send(self, *, phone: str, template: str, params: Mapping[str, str], out_id: str) -> SmsReceipt:
        scope = f"sms:{self._transport.base_url}:{self._key_id}"
        verdict = self._state.admit(scope, budgets_for("sms", API), scope)
        if not verdict.allowed:
            raise GatewayError("sms", API, OUR_LIMIT, retry_in_seconds=verdict.seconds)
        form = self._form(phone, template, params, out_id)
        with self._record("sms", API) as note:
            body = canonical(form).encode()
            reply = self._transport.send(
                API, "POST", URL, body=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
            )
            receipt = self._receipt(reply)
            note.request_id, note.cost_amount = receipt.request_id, PRICE
            return receipt

    def send_many(self, parcels: Sequence[Parcel]) -> Batch:
        scope = f"sms:{self._transport.base_url}:{self._key_id}"
        for _ in range(-(-len(parcels) // LEASE)):
            verdict = self._state.admit(scope, leased("sms", API), scope)
            if not verdict.allowed:
                raise GatewayError("sms", API, OUR_LIMIT, retry_in_seconds=verdict.seconds)
        path = f"/{HOST}/" if self._transport.base_url else "/"
        forms = (canonical(self._form(one.address, one.template_id, one.fields, one.key)).encode() for one in parcels)
        return Batch(
            self._wire.start([request_bytes("POST", HOST, path, form, "application/x-www-form-urlencoded") for form in forms]),
            _read_many,
        )

    def find(self, *, phone: str, out_id: str, on: dt.date) -> SmsFound:
        with self._record("sms", QUERY):
            for page in range(1, 6):
                more = {"SendDate": f"{on:%Y%m%d}", "PageSize": "50", "CurrentPage": str(page)}
                form = self._signed({"Action": QUERY, "PhoneNumber": phone.removeprefix("+86"), **more})
                reply = self._transport.send(
                    QUERY,
                    "POST",
                    URL,
                    body=canonical(form).encode(),
                    headers={"Content-Type": "application/x-www-form-urlencoded"},
                )
                details = self._details(reply)
                for one in details:
                    if one.get("OutId") == out_id:
                        return _found(one)
                if len(details) < 50:
                    break
        return SmsFound(False)

    def _details(self, reply: Reply) -> list[Mapping[str, Any]]:
        found = reply.json_object()
        if found is None or "Code" not in found:
            raise self._transport.unhealthy(QUERY, reply)
        if found["Code"] != "OK":
            raise GatewayError("sms", QUERY, str(found["Code"])[:60])
        inner = found.get("SmsSendDetailDTOs") or {}
        return list(inner.get("SmsSendDetailDTO", ()) if isinstance(inner, dict) else inner)

    def _form(self, phone: str, template: str, params: Mapping[str, str], out_id: str) -> dict[str, str]:
        form = {
            "Action": API,
            "PhoneNumbers": phone.removeprefix("+86"),
            "SignName": self._sign_name,
            "TemplateCode": template,
            "TemplateParam": json.dumps(dict(params), ensure_ascii=False),
            "OutId": out_id,
        }
        return self._signed(form)

    def _signed(self, form: Mapping[str, str]) -> dict[str, str]:
        whole = {
            **form, "Version": "2017-05-25", "Format": "JSON", "AccessKeyId": self._key_id, "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0", "SignatureNonce": uuid.uuid4().hex,
            "Timestamp": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        }  # fmt: skip
        return {**whole, "Signature": signature(whole, self._key_secret)}

    def _receipt(self, reply: Reply) -> SmsReceipt:
        found = reply.json_object()
        if found is None or "Code" not in found:
            raise self._transport.unhealthy(API, reply)
        code, request_id = str(found["Code"]), str(found.get("RequestId") or "")
        if code == "OK":
            return SmsReceipt(str(found.get("BizId") or ""), request_id)
        failure = GatewayError("sms", API, code[:60], ambiguous=reply.status >= 500, request_id=request_id)
        if failure.rule.retry is RetryClass.QUOTA:
            failure.retry_in_seconds = failure.wait_seconds
        raise failure

    def parse_callback(self, query: Mapping[str, str], body: bytes) -> list[SmsReport | SmsReply]:
        if len(body) > MAX_CALLBACK_BYTES:
            raise CallbackRefused(Source.SMS, "too-large")
        given = query.get("token", "").encode("utf-8", "replace")
        if not self._callback_token or not hmac.compare_digest(given, self._callback_token.encode()):
            raise CallbackRefused(Source.SMS, "forged")
        try:
            return [_read(item) for item in json.loads(body)]
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            raise CallbackRefused(Source.SMS, BAD_ANSWER) from None


def canonical(form: Mapping[str, str]) -> str:
    """The form in the vendor's fixed order and encoding."""
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(form.items()))


def signature(form: Mapping[str, str], secret: str, method: str = "POST") -> str:
    """The signature of a call with these parameters."""
    message = f"{method}&%2F&{_quoted(canonical(form))}".encode()
    return base64.b64encode(hmac.new(f"{secret}&".encode(), message, hashlib.sha1).digest()).decode()


def _quoted(text: str) -> str:
    return quote(text, safe="~")


def _read(item: Mapping[str, Any]) -> SmsReport | SmsReply:
    if "content" in item:
        return SmsReply(str(item["phone_number"]).removeprefix("+86"), str(item["content"]), _moment(item["send_time"]))
    delivered = item["success"] is True or str(item["success"]).lower() == "true"
    error = "" if delivered else str(item.get("err_code") or "")
    return SmsReport(str(item["biz_id"]), str(item.get("out_id") or ""), delivered, error[:60], _moment(item["report_time"]))


def _moment(text: Any) -> dt.datetime:
    """The vendor writes Shanghai wall time without a zone."""
    return dt.datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S").replace(tzinfo=clock.SHANGHAI).astimezone(dt.UTC)


def _read_many(answer: Answer) -> Outcome:
    """Aliyun says no with HTTP 4xx and a JSON body; only a body that is none leaves us in the dark."""
    try:
        found = json.loads(answer.body) if answer.body else None
    except ValueError:
        found = None
    if answer.broken or answer.status >= 500 or not isinstance(found, dict) or "Code" not in found:
        return broken("sms", answer) or Outcome(Fate.UNCLEAR, BAD_ANSWER)
    code = str(found["Code"])
    return Outcome(Fate.SENT, vendor_id=str(found.get("BizId") or "")) if code == "OK" else by_code("sms", code[:60])


def _found(detail: Mapping[str, Any]) -> SmsFound:
    """SendStatus: 1 waiting for the receipt, 2 failed, 3 delivered."""
    status, error = str(detail.get("SendStatus", "")), str(detail.get("ErrCode") or "")
    delivered = {"2": False, "3": True}.get(status)
    return SmsFound(True, delivered, str(detail.get("BizId") or ""), "" if delivered else error[:60])
