"""The last look at what the assistant is about to say: no address we do not know, no figure without its source, no secret.

It does not judge intentions. A hostile model, a poisoned answer or a forged nickname may ask for anything; what leaves is
held to what the cited rows say and to the agency's own addresses.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Collection, Sequence

CANARY = "SHANHAI-CANARY-7F3A"  # stands in every prompt; words that hold it came from the prompt
_URL = re.compile(
    r"(?:https?://|www\.)[^\s\u4e00-\u9fff<>\"'，。）)】]+|(?<![\w@.])(?:[a-z0-9-]{2,}\.)+(?:com|cn|net|org|top|xyz|cc|io|me|info|vip|shop|site|club)\b(?:/[^\s\u4e00-\u9fff]*)?",
    re.IGNORECASE,
)
_HOST = re.compile(r"^(?:https?://)?(?:www\.)?([^/:?#\s]+)", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_PHONE = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|400-?\d{3}-?\d{4})(?!\d)")
_ORDERS = re.compile(
    r"忽略(?:以上|之前|前面|上述|所有).{0,12}(?:指令|要求|规则|提示|内容)|(?:系统|system)\s*(?:提示|prompt|指令)|你现在是|扮演(?!一)|"
    r"ignore (?:all|any|the|previous|above)|disregard|jailbreak|越狱|开发者模式|developer mode|</?(?:system|assistant|instruction)|"  # noqa: E501
    r"不要告诉(?:客户|用户)|转(?:账|款)到|加(?:我|他)?(?:的)?(?:私人)?微信号?|私下(?:转|付|加)|扫(?:描)?(?:下方|这个|以下)?.{0,4}二维码(?:付|转|加)",
    re.IGNORECASE,
)  # fmt: skip


def _plain(text: str) -> str:
    return re.sub(r"[\s\u200b-\u200f\u2060\ufeff·.\-_*|]+", "", unicodedata.normalize("NFKC", text)).lower()


def hosts_of(text: str) -> list[str]:
    """The hosts of all addresses in a text, with or without a scheme."""
    return [
        found[1].lower().rstrip(".") for one in _URL.findall(unicodedata.normalize("NFKC", text)) if (found := _HOST.match(one))
    ]


def holds_canary(text: str) -> bool:
    """Whether words of a prompt are in it, also spaced out, in full width, reversed or in base64."""
    wanted = _plain(CANARY)
    plain = _plain(text)
    if wanted in plain or wanted[::-1] in plain:
        return True
    for piece in re.findall(r"[A-Za-z0-9+/=]{16,}", text):
        try:
            opened = base64.b64decode(piece + "=" * (-len(piece) % 4), validate=False)
        except (binascii.Error, ValueError):
            continue
        if wanted in _plain(opened.decode("utf-8", "ignore")):
            return True
    return False


def gives_orders(text: str) -> bool:
    """Whether a text talks to a machine or lures a customer away; staff see it, and no model is asked about it."""
    return bool(_ORDERS.search(unicodedata.normalize("NFKC", text)))


def complaint(text: str, allowed_hosts: Collection[str]) -> str:
    """Why a text of ours may not leave: canary, address, orders; empty when it may."""
    if holds_canary(text):
        return "canary"
    if any(not _is_ours(host, allowed_hosts) for host in hosts_of(text)):
        return "address"
    return "orders" if gives_orders(text) else ""


def _is_ours(host: str, allowed: Collection[str]) -> bool:
    return any(host == one or host.endswith(f".{one}") for one in allowed if one)


def unsourced(text: str, sources: Sequence[str]) -> list[str]:
    """Numbers, phones and addresses in a phrased text that no source holds: a phrased text may not have any."""
    known = "\n".join(unicodedata.normalize("NFKC", source) for source in sources)
    numbers = set(_NUMBER.findall(known)) | set(_PHONE.findall(known))
    found = _NUMBER.findall(unicodedata.normalize("NFKC", text)) + _PHONE.findall(text)
    hosts = set(hosts_of(known))
    return [one for one in found if one not in numbers] + [host for host in hosts_of(text) if host not in hosts]
