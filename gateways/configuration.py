"""Are the vendors' settings whole and well formed? Asked when the settings are read, so that a slip stops the start.

A vendor none of whose settings is given is off: its calls fail with a clear sentence. Half a vendor is a mistake.
"""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

# Whole or not at all. PAY needs the mini-program's app id as well.
REQUIRED: dict[str, tuple[str, ...]] = {
    "wecom": ("WECOM_CORP_ID", "WECOM_AGENT_ID", "WECOM_SECRET", "WECOM_CALLBACK_TOKEN", "WECOM_CALLBACK_AES_KEY"),
    "mini": ("MINI_APP_ID", "MINI_APP_SECRET"),
    "official": ("OA_APP_ID", "OA_APP_SECRET"),
    "pay": (
        "PAY_MCH_ID", "PAY_SERIAL_NO", "PAY_PRIVATE_KEY", "PAY_PUBLIC_KEY_ID", "PAY_PUBLIC_KEY", "PAY_API_V3_KEY",
    ),
    "sms": ("SMS_ACCESS_KEY_ID", "SMS_ACCESS_KEY_SECRET", "SMS_SIGN_NAME"),
    "octo": ("OCTO_BASE_URL", "OCTO_TOKEN"),
    "llm": ("LLM_BASE_URL", "LLM_API_KEY", "LLM_MODEL"),
}  # fmt: skip


def is_configured(vendors: Mapping[str, str], vendor: str) -> bool:
    """Whether all that the vendor needs is given."""
    return all(vendors.get(name) for name in REQUIRED[vendor])


def complaints(vendors: Mapping[str, str]) -> list[str]:
    """What is wrong with the vendors' settings, one line each; empty when all is well. No secret is repeated."""
    return [*_halves(vendors), *_malformed(vendors)]


def _halves(vendors: Mapping[str, str]) -> Iterator[str]:
    for names in REQUIRED.values():
        missing = [name for name in names if not vendors.get(name)]
        if missing and len(missing) < len(names):
            yield f"{', '.join(missing)} missing; give all of {', '.join(names)}, or none of them."
    if is_configured(vendors, "pay") and not vendors.get("MINI_APP_ID"):
        yield "MINI_APP_ID missing; WeChat Pay collects for the mini-program."


def _malformed(vendors: Mapping[str, str]) -> Iterator[str]:
    for name, (is_right, wanted) in _SHAPES.items():
        value = vendors.get(name, "")
        if value and not is_right(value):
            yield f"{name} must be {wanted}."


def _is_aes_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text + "=", validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def _is_private_key(text: str) -> bool:
    try:
        return isinstance(load_pem_private_key(text.encode(), None), RSAPrivateKey)
    except (ValueError, TypeError):
        return False


def _is_public_key(text: str) -> bool:
    try:
        return isinstance(load_pem_public_key(text.encode()), RSAPublicKey)
    except ValueError:
        return False


_SHAPES: dict[str, tuple[Callable[[str], bool], str]] = {
    "WECOM_AGENT_ID": (lambda text: text.isascii() and text.isdigit(), "a whole number, such as 1000002"),
    "WECOM_CALLBACK_AES_KEY": (_is_aes_key, "the 43 characters of EncodingAESKey"),
    "PAY_PRIVATE_KEY": (_is_private_key, "an RSA private key in PEM (apiclient_key.pem)"),
    "PAY_PUBLIC_KEY": (_is_public_key, "the platform's RSA public key in PEM (pub_key.pem)"),
    "PAY_PUBLIC_KEY_ID": (lambda text: text.startswith("PUB_KEY_ID_"), "the id that begins with PUB_KEY_ID_"),
    "PAY_API_V3_KEY": (lambda text: len(text.encode()) == 32, "32 characters long"),
    "OCTO_BASE_URL": (lambda text: text.startswith("https://"), "an https address, such as https://host/octo/v1"),
    "LLM_BASE_URL": (lambda text: text.startswith(("http://", "https://")), "an http(s) address, such as https://host/v1"),
}
