"""WeCom's callback crypto: SHA-1 stamp, AES-256-CBC, receive id; strict XML. Every failure is one CallbackRefused.

https://developer.work.weixin.qq.com/document/path/90968
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import struct
from collections.abc import Callable, Mapping
from xml.parsers import expat

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from gateways.choices import Source
from gateways.errors import CallbackRefused
from gateways.wecom import CallbackEvent

MAX_BODY_BYTES = 64 * 1024
MAX_SKEW_SECONDS = 300
MAX_STAMP_CHARS = 128
MAX_DEPTH = 8
PAD_BLOCK = 32
_EVENT_IDENTITY = (
    "FromUserName", "CreateTime", "Event", "ChangeType", "UserID", "ExternalUserID", "ChatId", "UpdateDetail",
    "Id", "TagType", "OpenKfId", "Token", "AgentID",
)  # fmt: skip

SpendStamp = Callable[..., bool]


class CallbackCrypto:
    """Opens what WeCom sends to one app's URL. `spend_stamp(source, *stamp)` is False for a stamp seen before."""

    def __init__(self, token: str, aes_key: str, receive_id: str, spend_stamp: SpendStamp) -> None:
        self._token, self._receive_id, self._spend = token, receive_id, spend_stamp
        self._key = base64.b64decode(aes_key + "=")
        if len(self._key) != 32:
            raise ValueError("WECOM_CALLBACK_AES_KEY must have 43 characters")

    def open_event(self, query: Mapping[str, str], body: bytes, at: dt.datetime) -> CallbackEvent:
        """The event in a POST callback that arrived at the aware moment `at`."""
        if len(body) > MAX_BODY_BYTES:
            raise _refused("too-large")
        envelope = flatten_xml(body)
        plain = self._open(query, envelope.get("Encrypt", ""), at)
        fields = flatten_xml(plain)
        if not fields:
            raise _refused("empty")
        return CallbackEvent(fields, dedupe_key(fields))

    def open_echo(self, query: Mapping[str, str], at: dt.datetime) -> str:
        """The plain text that answers the GET by which WeCom checks our URL."""
        return _text(self._open(query, query.get("echostr", ""), at))

    def _open(self, query: Mapping[str, str], sealed: str, at: dt.datetime) -> bytes:
        signature, timestamp, nonce = (query.get(name, "") for name in ("msg_signature", "timestamp", "nonce"))
        if not all(0 < len(part) <= MAX_STAMP_CHARS for part in (signature, timestamp, nonce)) or not sealed:
            raise _refused("incomplete")
        if not hmac.compare_digest(self._sign(timestamp, nonce, sealed).encode(), signature.encode("utf-8", "replace")):
            raise _refused("forged")
        if not timestamp.isascii() or not timestamp.isdigit() or abs(at.timestamp() - int(timestamp)) > MAX_SKEW_SECONDS:
            raise _refused("stale")
        if not self._spend(Source.WECOM, timestamp, nonce, signature):
            raise _refused("replayed")
        return self._decrypt(sealed)

    def _sign(self, timestamp: str, nonce: str, sealed: str) -> str:
        parts = sorted((self._token, timestamp, nonce, sealed))
        return hashlib.sha1("".join(parts).encode("utf-8", "replace")).hexdigest()  # noqa: S324  the platform's choice

    def _decrypt(self, sealed: str) -> bytes:
        try:
            secret = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError):
            raise _refused("not-base64") from None
        decryptor = Cipher(AES(self._key), CBC(self._key[:16])).decryptor()
        try:
            padded = decryptor.update(secret) + decryptor.finalize()
        except ValueError:
            raise _refused("bad-length") from None
        return self._unwrap(_unpad(padded))

    def _unwrap(self, content: bytes) -> bytes:
        """16 random bytes, length as big-endian uint32, message, receive id."""
        if len(content) < 20:
            raise _refused("bad-length")
        end = 20 + int(struct.unpack(">I", content[16:20])[0])
        if end > len(content):
            raise _refused("bad-length")
        if not hmac.compare_digest(content[end:], self._receive_id.encode()):
            raise _refused("wrong-receiver")
        return content[20:end]


def dedupe_key(fields: Mapping[str, str]) -> str:
    """What the platform's retries of one callback have in common: the message id, or what happened, when, to whom."""
    if message_id := fields.get("MsgId"):
        return f"msg:{message_id}"[:80]
    identity = "\x00".join(fields.get(name, "") for name in _EVENT_IDENTITY)
    return f"evt:{hashlib.sha256(identity.encode()).hexdigest()}"


def flatten_xml(document: bytes) -> dict[str, str]:
    """The leaves of a small XML document by dotted path below the root; repeated ones joined by commas.

    A document type, entities, depth over 8 and anything malformed are refused.
    """
    reader = _Flattener()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, ValueError):
        raise _refused("malformed") from None
    return {path: ",".join(values) for path, values in reader.leaves.items()}


class _Flattener:
    def __init__(self) -> None:
        self.leaves: dict[str, list[str]] = {}
        self._path: list[str] = []
        self._text: list[str] = []
        self._leaf = False

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._path) >= MAX_DEPTH:
            raise _refused("too-deep")
        self._path.append(name)
        self._text, self._leaf = [], True

    def text(self, data: str) -> None:
        self._text.append(data)

    def end(self, _name: str) -> None:
        if self._leaf and len(self._path) > 1:
            self.leaves.setdefault(".".join(self._path[1:]), []).append("".join(self._text).strip())
        self._path.pop()
        self._leaf = False

    def doctype(self, *_details: object) -> None:
        raise _refused("document-type")


def _unpad(padded: bytes) -> bytes:
    size = padded[-1] if padded else 0
    if not 1 <= size <= PAD_BLOCK or size > len(padded) or padded[-size:] != bytes([size]) * size:
        raise _refused("bad-padding")
    return padded[:-size]


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _refused("not-text") from None


def _refused(reason: str) -> CallbackRefused:
    return CallbackRefused(Source.WECOM, reason)
