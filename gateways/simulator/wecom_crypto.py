"""The callback encryption of WeCom: SHA1 signature and AES-256-CBC with PKCS#7 padding to 32 bytes."""

import base64
import hashlib
import struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

BLOCK = 32


def signature(token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    """The msg_signature of a callback."""
    return hashlib.sha1("".join(sorted((token, timestamp, nonce, encrypted))).encode()).hexdigest()  # noqa: S324 - WeCom's


def encrypt(aes_key: str, prefix: bytes, message: str, receive_id: str, *, bad_padding: bool = False) -> str:
    """Encrypt a message for a receiver; `prefix` is 16 random bytes. `bad_padding` makes what no receiver may accept."""
    text = message.encode()
    plain = prefix + struct.pack(">I", len(text)) + text + receive_id.encode()
    padding = BLOCK - len(plain) % BLOCK
    plain += bytes([0 if bad_padding else padding]) * padding
    encryptor = _cipher(aes_key).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def decrypt(aes_key: str, encrypted: str) -> tuple[str, str]:
    """The message and its receiver; ValueError when it is not what `encrypt` made."""
    decryptor = _cipher(aes_key).decryptor()
    plain = decryptor.update(base64.b64decode(encrypted)) + decryptor.finalize()
    padding = plain[-1]
    if not 1 <= padding <= BLOCK:
        raise ValueError("bad padding")
    content = plain[16:-padding]
    length = struct.unpack(">I", content[:4])[0]
    return content[4 : 4 + length].decode(), content[4 + length :].decode()


def _cipher(aes_key: str) -> Cipher[CBC]:
    key = base64.b64decode(aes_key + "=")
    return Cipher(AES(key), CBC(key[:16]))


def to_xml(fields: dict[str, str | int]) -> str:
    """A flat message as WeCom writes it."""
    return "<xml>" + "".join(f"<{name}>{_value(value)}</{name}>" for name, value in fields.items()) + "</xml>"


def _value(value: str | int) -> str:
    return str(value) if isinstance(value, int) else f"<![CDATA[{value}]]>"
