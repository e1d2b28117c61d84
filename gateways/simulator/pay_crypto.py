"""Signatures and encryption of WeChat Pay v3: RSA-SHA256 over the raw bytes, AES-256-GCM for notices."""

import base64
import functools
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

SCHEME = "WECHATPAY2-SHA256-RSA2048"
_PART = re.compile(r'(\w+)="([^"]*)"')


@functools.lru_cache(maxsize=8)
def private_key(pem: str) -> RSAPrivateKey:
    """A private key from PEM; ValueError when it is not RSA."""
    key = load_pem_private_key(pem.encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("not an RSA private key")
    return key


@functools.lru_cache(maxsize=8)
def public_key(pem: str) -> RSAPublicKey:
    """A public key from PEM; ValueError when it is not RSA."""
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA public key")
    return key


def sign(pem: str, *parts: str | bytes) -> str:
    """The base64 signature over the parts, each followed by a line feed."""
    return base64.b64encode(private_key(pem).sign(joined(*parts), PKCS1v15(), SHA256())).decode()


def verifies(pem: str, signature: str, *parts: str | bytes) -> bool:
    """Whether a base64 signature fits the parts."""
    try:
        public_key(pem).verify(base64.b64decode(signature, validate=True), joined(*parts), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def plain_signature(key: RSAPrivateKey, message: bytes) -> str:
    """The base64 RSA-SHA256 signature over the bytes themselves (Alipay's RSA2)."""
    return base64.b64encode(key.sign(message, PKCS1v15(), SHA256())).decode()


def plain_verifies(pem: str, signature: str, message: bytes) -> bool:
    """Whether a base64 signature fits the bytes themselves."""
    try:
        public_key(pem).verify(base64.b64decode(signature, validate=True), message, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def joined(*parts: str | bytes) -> bytes:
    """The message that is signed."""
    return b"".join((part.encode() if isinstance(part, str) else part) + b"\n" for part in parts)


def authorization_parts(header: str) -> dict[str, str]:
    """The fields of an Authorization header; empty when it has another scheme."""
    scheme, _, rest = header.partition(" ")
    return dict(_PART.findall(rest)) if scheme == SCHEME else {}


def encrypt(api_v3_key: str, nonce: str, associated_data: str, plain: bytes) -> str:
    """AES-256-GCM as notices use it, base64."""
    sealed = AESGCM(api_v3_key.encode()).encrypt(nonce.encode(), plain, associated_data.encode())
    return base64.b64encode(sealed).decode()
