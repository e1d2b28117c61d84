"""Alipay: who a user of our Alipay mini-program is. A profile across apps does not exist.

`my.getAuthCode` in the client -> the code comes to us -> `alipay.system.oauth.token` (RSA2) -> the user's id.
"""

import base64
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from django.utils.translation import gettext as _

from core import clock
from gateways.connectors import Finding, Hook, Item, Page
from gateways.connectors.calling import Caller, configured, decoded, digest, tried
from gateways.errors import CallbackRefused, GatewayError

URL = "https://openapi.alipay.com/gateway.do"
API = "alipay.system.oauth.token"
NEEDS = ("ALIPAY_APP_ID", "ALIPAY_PRIVATE_KEY", "ALIPAY_PUBLIC_KEY")
_REFUSED_CODE = "isv.code-invalid"


class AlipayIdentity:
    """An auth code becomes an identity; there is nothing to pull."""

    schema = ("alipay.linked",)
    pulls = False

    def __init__(self, vendors: Mapping[str, str], base_url: str) -> None:
        self._vendors, self._call = vendors, Caller("alipay", base_url)

    def pull(self, cursor: Mapping[str, Any]) -> Page:
        return Page([], dict(cursor))

    def handle_webhook(self, headers: Mapping[str, str], body: bytes) -> Hook:
        """The client brings a code. The code is the proof: only Alipay can say whose it is, once."""
        code = decoded("alipay", body).get("auth_code")
        if not isinstance(code, str) or not 8 <= len(code) <= 80 or not code.isascii() or not code.isalnum():
            raise CallbackRefused("alipay", "no-code")
        return Hook({"accepted": True}, digest(code), {"auth_code": code})

    def items_of(self, body: dict[str, Any]) -> list[Item]:
        user_id = self.user_of(str(body["auth_code"]))
        props = {"app": self._vendors["ALIPAY_APP_ID"]}
        who = {"alipay_user_id": user_id}
        at = clock.now().isoformat()
        return [{"id": digest(str(body["auth_code"])), "kind": "alipay.linked", "occurred_at": at, "who": who, "props": props}]

    def user_of(self, code: str) -> str:
        """The user an auth code stands for; GatewayError when Alipay does not know it, or the answer is not theirs."""
        form = self._signed({"method": API, "grant_type": "authorization_code", "code": code})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        raw = self._call.bytes(API, "POST", URL, body=urlencode(form).encode(), headers=headers)
        return self._checked(raw)

    def _signed(self, form: dict[str, str]) -> dict[str, str]:
        whole = {
            **form, "app_id": self._vendors["ALIPAY_APP_ID"], "charset": "utf-8", "sign_type": "RSA2", "version": "1.0",
            "timestamp": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 8 * 3600)), "format": "JSON",
        }  # fmt: skip
        text = "&".join(f"{name}={value}" for name, value in sorted(whole.items()))
        key = load_pem_private_key(self._vendors["ALIPAY_PRIVATE_KEY"].encode(), None)
        if not isinstance(key, RSAPrivateKey):
            raise GatewayError("alipay", API, "bad-key")
        return {**whole, "sign": base64.b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()}

    def _checked(self, raw: bytes) -> str:
        """The user's id out of an answer whose signature is Alipay's over the very bytes of the inner object."""
        found = json.loads(raw)
        name = API.replace(".", "_") + "_response"
        inner = found.get(name) or found.get("error_response") or {}
        start = raw.find(b'"' + name.encode() + b'":') + len(name) + 3
        signed = raw[start : raw.rfind(b',"sign"')]
        if "user_id" not in inner and "open_id" not in inner:
            raise GatewayError("alipay", API, str(inner.get("sub_code") or inner.get("code") or "bad-answer")[:40])
        key = load_pem_public_key(self._vendors["ALIPAY_PUBLIC_KEY"].encode())
        try:
            assert isinstance(key, RSAPublicKey)  # noqa: S101
            key.verify(base64.b64decode(str(found.get("sign", ""))), signed, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError) as error:
            raise GatewayError("alipay", API, "forged-answer") from error
        return str(inner.get("user_id") or inner.get("open_id"))

    def health(self) -> list[Finding]:
        given = configured(self._vendors, NEEDS)
        if not given.is_good:
            return [given]
        fix = _("Upload our public key in the Alipay console and copy theirs into ALIPAY_PUBLIC_KEY.")
        return [given, tried(_("Alipay accepts our signature"), fix, self._probe)]

    def _probe(self) -> None:
        """A code nobody has: Alipay refuses the code, not us."""
        try:
            self.user_of("0" * 32)
        except GatewayError as error:
            if error.errcode != _REFUSED_CODE:
                raise
