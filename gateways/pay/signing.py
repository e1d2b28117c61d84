"""WeChat Pay v3's proofs: who signed a message, when, and what its sealed resource says.

https://pay.weixin.qq.com/doc/v3/merchant/4012071382 (notices), 4013053249 (signatures)
"""

import base64
import binascii
import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

MAX_SKEW_SECONDS = 300
SCHEME = "WECHATPAY2-SHA256-RSA2048"
MAX_HEADER_CHARS = 1024

KeyBySerial = Callable[[str], RSAPublicKey | None]


class Unproven(Exception):
    """A message whose proof fails; `reason` is a short word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Proof:
    """The signature headers of a response or a notice."""

    timestamp: str
    nonce: str
    signature: str
    serial: str

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> "Proof":
        """Read them from HTTP headers or from Django's META; raises Unproven when one is missing."""
        scheme = _header(headers, "Signature-Type")
        parts = [_header(headers, name) for name in ("Timestamp", "Nonce", "Signature", "Serial")]
        if not all(0 < len(part) <= MAX_HEADER_CHARS for part in parts) or scheme not in {"", SCHEME}:
            raise Unproven("incomplete")
        return cls(*parts)


def check(proof: Proof, body: bytes, key_by_serial: KeyBySerial, at: dt.datetime) -> None:
    """Raises Unproven unless the platform signed exactly these bytes within five minutes of `at` (aware)."""
    key = key_by_serial(proof.serial)
    if key is None:
        raise Unproven("unknown-serial")
    signed = f"{proof.timestamp}\n{proof.nonce}\n".encode() + body + b"\n"
    try:
        key.verify(base64.b64decode(proof.signature, validate=True), signed, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        raise Unproven("forged") from None
    stamp = proof.timestamp
    if not stamp.isascii() or not stamp.isdigit() or abs(at.timestamp() - int(stamp)) > MAX_SKEW_SECONDS:
        raise Unproven("stale")


def open_resource(resource: Any, api_v3_key: str) -> dict[str, Any]:
    """Decrypt a notice's `resource`; raises Unproven when it is not what the platform makes."""
    try:
        if resource["algorithm"] != "AEAD_AES_256_GCM":
            raise Unproven("unknown-algorithm")
        secret = base64.b64decode(resource["ciphertext"], validate=True)
        aad = (resource.get("associated_data") or "").encode()
        plain = json.loads(AESGCM(api_v3_key.encode()).decrypt(resource["nonce"].encode(), secret, aad))
    except (KeyError, TypeError, AttributeError, ValueError, InvalidTag, RecursionError):
        raise Unproven("unreadable") from None
    if not isinstance(plain, dict):
        raise Unproven("unreadable")
    return plain


def _header(headers: Mapping[str, str], name: str) -> str:
    wanted = {f"wechatpay-{name}".lower(), f"HTTP_WECHATPAY_{name}".upper().replace("-", "_").lower()}
    return next((value for key, value in headers.items() if key.lower() in wanted and isinstance(value, str)), "")
