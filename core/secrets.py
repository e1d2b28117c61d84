"""Personal data at rest: AES-256-GCM with a key id, and keyed HMAC look-ups ("blind index").

The two keys are derived from settings.DATA_KEY by HKDF, so that knowing one tells nothing of the other.
"""

import functools
import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

KEY_ID = b"\x01"


@functools.cache
def _derived(purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"scrm:" + purpose).derive(settings.DATA_KEY)


@functools.cache
def _cipher() -> AESGCM:
    return AESGCM(_derived(b"seal"))


def seal(plain: str) -> bytes:
    """Encrypt text; the result is key id + nonce + ciphertext with tag."""
    return seal_bytes(plain.encode())


def seal_bytes(plain: bytes) -> bytes:
    """Encrypt a file; the result is key id + nonce + ciphertext with tag."""
    nonce = os.urandom(12)
    return KEY_ID + nonce + _cipher().encrypt(nonce, plain, KEY_ID)


def seal_many(plains: Sequence[str]) -> list[bytes]:
    """`seal` for many texts; the nonces are drawn from the system at once."""
    encrypt, nonces = _cipher().encrypt, os.urandom(12 * len(plains))
    return [
        KEY_ID + nonces[place : place + 12] + encrypt(nonces[place : place + 12], plain.encode(), KEY_ID)
        for place, plain in zip(range(0, len(nonces), 12), plains, strict=True)
    ]


def unseal(sealed: bytes) -> str:
    """Decrypt what `seal` made; ValueError when it was made with another key or was altered."""
    return unseal_bytes(sealed).decode()


def unseal_bytes(sealed: bytes) -> bytes:
    """Decrypt what `seal_bytes` made; ValueError when it was made with another key or was altered."""
    raw = bytes(sealed)
    if raw[:1] != KEY_ID or len(raw) < 29:
        raise ValueError("sealed with an unknown key")
    try:
        return _cipher().decrypt(raw[1:13], raw[13:], KEY_ID)
    except InvalidTag as error:
        raise ValueError("sealed with another key, or altered") from error


@functools.cache
def _hasher() -> hmac.HMAC:
    return hmac.new(_derived(b"lookup"), digestmod=hashlib.sha256)


def lookup_hash(kind: str, value: str) -> bytes:
    """A keyed 32-byte HMAC-SHA256 of a value, to find it again without storing it; `kind` separates name spaces."""
    hasher = _hasher().copy()  # setting up the key costs as much as hashing
    hasher.update(f"{kind}\x00{value}".encode())
    return hasher.digest()


def token_hash(token: str) -> bytes:
    """SHA-256 of a random 256-bit token: what is stored instead of the token itself."""
    return hashlib.sha256(token.encode()).digest()
