"""wechatpayv3 on our own transport: deadlines, pooled connections, errors instead of codes, answers proven whole.

The library accepts a response signed a day ago, has no default time-out, opens a connection per call and would log
the Authorization header; none of that is left here. Its request builders, paths and signatures are used as they are.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.core import Core
from wechatpayv3.type import RequestType
from wechatpayv3.utils import build_authorization, load_private_key, load_public_key

from core import clock
from gateways.errcodes import RetryClass
from gateways.errors import OUR_LIMIT, GatewayError
from gateways.pay import signing
from gateways.rules import budgets_for
from gateways.services import CallNote
from gateways.shared_state import SharedState
from gateways.transport import Reply, Transport

GATE = "https://api.mch.weixin.qq.com"
CERTIFICATE_PAUSE_SECONDS = 600.0
_IDS = re.compile(r"/(out-trade-no|id|refunds|orders|return-orders)/(?!unfreeze)[^/?]+")

Recorder = Callable[[str, str], AbstractContextManager[CallNote]]


class SafeCore(Core):
    """wechatpayv3's core with its HTTP and its proof of answers replaced."""

    def __init__(self, config: Mapping[str, str], transport: Transport, state: SharedState, record: Recorder) -> None:
        self._mchid, self._cert_serial_no = config["PAY_MCH_ID"], config["PAY_SERIAL_NO"]
        self._private_key = load_private_key(config["PAY_PRIVATE_KEY"])
        self._apiv3_key = config["PAY_API_V3_KEY"]
        self._public_key, self._public_key_id = load_public_key(config["PAY_PUBLIC_KEY"]), config["PAY_PUBLIC_KEY_ID"]
        self._certificates: list[Any] = []
        self._cert_dir = self._logger = None
        self._gate_way = GATE
        self._transport, self._state, self._record = transport, state, record
        self._certificates_guard, self._certificates_after = threading.Lock(), 0.0

    def request(
        self,
        path: str,
        method: RequestType = RequestType.GET,
        data: Any = None,
        skip_verify: bool = False,
        **_unused: Any,
    ) -> tuple[int, str]:
        """Sign, send, prove. Raises GatewayError on every answer that is not a proven 2xx."""
        api = _IDS.sub(r"/\1/*", path.partition("?")[0]).lstrip("/")
        self._admit(api)
        body = json.dumps(data, ensure_ascii=False) if data else ""
        with self._record("pay", api) as note:
            reply = self._transport.send(
                api, method.value, GATE + path, body=body.encode() or None, headers=self._headers(path, method, body)
            )
            note.request_id = str(reply.headers.get("Request-ID") or "")
            if reply.status not in range(200, 300):
                raise self._refusal(api, reply)
            if not skip_verify:
                self._prove(api, reply)
            return reply.status, reply.body.decode()

    def _admit(self, api: str) -> None:
        verdict = self._state.admit(f"pay:{self._mchid}:{api}", budgets_for("pay", api), f"pay:{self._mchid}")
        if not verdict.allowed:
            raise GatewayError("pay", api, OUR_LIMIT, retry_in_seconds=verdict.seconds)

    def _headers(self, path: str, method: RequestType, body: str) -> dict[str, str]:
        authorization = build_authorization(path, method.value, self._mchid, self._cert_serial_no, self._private_key, data=body)
        headers = {"Accept": "application/json", "Content-Type": "application/json", "Authorization": authorization}
        return {**headers, **({"Wechatpay-Serial": self._public_key_id} if self._public_key_id else {})}

    def _refusal(self, api: str, reply: Reply) -> GatewayError:
        """The error of a vendor's code; its wait, where the code names one, parks the job."""
        code = (reply.json_object() or {}).get("code")
        if not isinstance(code, str) or not code:
            return self._transport.unhealthy(api, reply)
        failure = GatewayError(
            "pay", api, code[:60], ambiguous=reply.status >= 500, request_id=str(reply.headers.get("Request-ID") or "")
        )
        if failure.rule.retry is RetryClass.QUOTA:
            failure.retry_in_seconds = failure.wait_seconds
        return failure

    def _prove(self, api: str, reply: Reply) -> None:
        try:
            signing.check(signing.Proof.from_headers(reply.headers), reply.body, self.key_by_serial, clock.now())
        except signing.Unproven:
            failure = GatewayError(
                "pay", api, "bad-signature", ambiguous=True, request_id=str(reply.headers.get("Request-ID") or "")
            )
        else:
            return
        raise failure

    def key_by_serial(self, serial: str) -> RSAPublicKey | None:
        """The platform's key of that serial: the public key, or a certificate's (both appear while a merchant migrates)."""
        if serial == self._public_key_id:
            return self._public_key if isinstance(self._public_key, RSAPublicKey) else None
        if not re.fullmatch(r"[0-9A-Fa-f]{8,64}", serial):
            return None
        return self._certified_key(serial) or (self._certified_key(serial) if self._refresh_certificates() else None)

    def _certified_key(self, serial: str) -> RSAPublicKey | None:
        found = next((certificate for certificate in self._certificates if certificate.serial_number == int(serial, 16)), None)
        key = found.public_key() if found else None
        return key if isinstance(key, RSAPublicKey) else None

    def _refresh_certificates(self) -> bool:
        """Ask for the certificates, at most every ten minutes: a forger's serial must not make us call the platform."""
        with self._certificates_guard:
            if time.monotonic() < self._certificates_after:
                return False
            self._certificates_after = time.monotonic() + CERTIFICATE_PAUSE_SECONDS
        try:
            self._update_certificates()
        except GatewayError:
            return False
        return True


class SafePay(WeChatPay):
    """wechatpayv3's methods on a SafeCore."""

    def __init__(self, core: SafeCore, appid: str, mchid: str) -> None:
        self._type, self._partner_mode, self._notify_url = WeChatPayType.MINIPROG, False, None
        self._mchid, self._appid, self._core = mchid, appid, core
