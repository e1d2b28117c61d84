"""How a message of another system is signed, by the Standard Webhooks scheme (https://www.standardwebhooks.com).

Headers `webhook-id`, `webhook-timestamp` (seconds), `webhook-signature` ("v1,<base64>", several separated by spaces);
signed is `id.timestamp.body`, with HMAC-SHA256 over the secret's bytes (`whsec_<base64>`).
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

TOLERANCE_SECONDS = 300
PREFIX = "whsec_"
SECRET_BYTES = 32
_ID = re.compile(r"[A-Za-z0-9._:\-]{8,80}")


class Unsigned(Exception):
    """A message we do not believe; `reason` is a short word for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Envelope:
    """The signed part of a message besides its body."""

    id: str
    timestamp: int
    signatures: tuple[bytes, ...]


def read_envelope(headers: Mapping[str, str], now: float) -> Envelope:
    """The three headers, well formed and of the last five minutes; Unsigned otherwise."""
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _ID.fullmatch(message_id) or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Unsigned("malformed")
    if abs(now - int(stamp)) > TOLERANCE_SECONDS:
        raise Unsigned("stale")
    parts = [part.partition(",") for part in headers.get("webhook-signature", "").split(" ")[:8]]
    given = tuple(decoded for version, _comma, text in parts if version == "v1" and (decoded := _decoded(text)))
    if not given:
        raise Unsigned("malformed")
    return Envelope(message_id, int(stamp), given)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> bytes:
    """The 32 bytes that belong into `webhook-signature` after "v1,", in base64."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return hmac.new(key, b"%s.%d." % (message_id.encode(), timestamp) + body, hashlib.sha256).digest()


def signed_by(envelope: Envelope, body: bytes, secrets: Iterable[tuple[int, str]]) -> int | None:
    """Which of the keys (id, secret) signed the message; None when none did. Every pair is compared, in constant time."""
    found = None
    for key_id, secret in secrets:
        expected = signature(secret, envelope.id, envelope.timestamp, body)
        for given in envelope.signatures:
            if hmac.compare_digest(expected, given):
                found = key_id
    return found
