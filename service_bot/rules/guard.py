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
    r"(?:https?://|www\.)[^\s\u4e00-\u9fff<>\"'，。）)】]+|(?<![\w@.])(?:[a-z0-9-]{2,}\.)+(?:com|cn|net|org|top|xyz|cc|io|me|info|vip|shop|site|club|example|test|link|live|icu|pw|tk|ru|app|dev|co|tv|biz|online|store|ly)\b(?:/[^\s\u4e00-\u9fff]*)?",
    re.IGNORECASE,
)
_HOST = re.compile(r"^(?:https?://)?(?:www\.)?([^/:?#\s]+)", re.IGNORECASE)
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_PHONE = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|400-?\d{3}-?\d{4})(?!\d)")
_MOBILE = re.compile(r"(?<![\d.])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")
_CARD = re.compile(r"(?<!\d)(?:62|4|5[1-5])(?:[ -]?\d){13,17}(?!\d)")
# Talks to a machine: no answer of an agency reads like this, and no model is asked about a message that does.
_TO_MACHINE = re.compile(
    r"(?:忽略|无视|忘(?:记|掉)|抛开|跳过|推翻|作废)(?:掉|了)?(?:你|以上|之前|前面|上述|所有|全部|一切|此前|先前|上面|原来).{0,12}(?:指令|要求|规则|提示|内容|设定|限制|约束|吩咐)|"
    r"(?:系统|system)\s*(?:提示|prompt|指令|消息)|你现在(?:是|起|开始)(?!(?:不是|在|几|什么|机器|真人|人工))|从现在(?:起|开始)[，, ]?你(?:是|要|必须|就是)|(?:请|你)?扮演(?!一)|(?:管理员|开发者|调试|越狱|上帝|无限制)模式|"
    r"(?:ignore|disregard|forget|override|bypass) (?:all|any|the|your|previous|prior|above|earlier)|jailbreak|越狱|developer mode|DAN mode|you are now|act as|"
    r"</?(?:system|assistant|user|instruction|tool)s?\b|\[/?INST\]|<\|im_|#{2,}\s*(?:system|instruction|系统)|(?:输出|打印|重复|复述|翻译|泄露|告诉我|说出|念出).{0,6}(?:提示词|系统提示|初始指令|system prompt|你的(?:规则|设定|指令))",
    re.IGNORECASE,
)  # fmt: skip
# Lures a customer away from the agency: to somebody's own account, their private WeChat, a code to pay at.
_LURE = re.compile(
    r"不要(?:告诉|让)(?:客户|客人|用户|客服|公司|别人)|(?<![勿别])(?<!不要)(?<!切勿)(?:转账|转款|汇款|打款|付款|转|汇|打)(?:到|至|给|进)(?:我|他|她|个人|私人|老板|经理|以下|下面|下方|这个|该|此|新的?)(?!们(?:公司|的)?(?:对公|公司|官方))|"
    r"加(?:我|他|她)(?:的)?(?:私人|个人)?(?:微信|[vV][xX]?信?|QQ)|(?:加|添加)(?:私人|个人)(?:微信|号)|加(?:[vV][xX]|[vV]信|薇信|威信|維信)|加.{0,10}(?:微信|QQ).{0,16}(?:付款|转账|汇款|打款|付定金|领(?:取)?(?:红包|优惠|券)|返现|内部价|折)|"
    r"(?<![勿别])(?<!不要)私下(?:转|付|加|交易|成交|联系)|扫(?:描|一下)?(?:下方|下面|这个|以下|我的|他的|此)?.{0,2}二维码(?:付|转|汇)",
    re.IGNORECASE,
)  # fmt: skip


def _plain(text: str) -> str:
    return re.sub(r"[\s\u200b-\u200f\u2060\ufeff·.\-_*|]+", "", unicodedata.normalize("NFKC", text)).lower()


def hosts_of(text: str) -> list[str]:
    """The hosts of all addresses in a text, with or without a scheme."""
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).replace("。com", ".com").replace("。cn", ".cn")
    return [found[1].lower().rstrip(".") for one in _URL.findall(plain) if (found := _HOST.match(one))]


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
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    return bool(_TO_MACHINE.search(plain) or _LURE.search(plain))


def complaint(text: str, allowed_hosts: Collection[str], allowed_phones: Collection[str] | None = None) -> str:
    """Why a text of ours may not leave: canary, address, orders, phone; empty when it may.

    Mobile numbers and bank cards are looked at where `allowed_phones` is given: written knowledge names hotlines, and
    somebody's own number or account in it is how customers are robbed. A number in a row of the catalogue is its source's.
    """
    if holds_canary(text):
        return "canary"
    if any(not _is_ours(host, allowed_hosts) for host in hosts_of(text)):
        return "address"
    if gives_orders(text):
        return "orders"
    return "phone" if allowed_phones is not None and _private_numbers(text, allowed_phones) else ""


def _private_numbers(text: str, allowed: Collection[str]) -> bool:
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    known = {re.sub(r"\D", "", one)[-11:] for one in allowed}
    mobiles = [re.sub(r"\D", "", one)[-11:] for one in _MOBILE.findall(plain)]
    return any(one not in known for one in mobiles) or any(_is_card(one) for one in _CARD.findall(plain))


def _is_card(text: str) -> bool:
    """Luhn's check (ISO/IEC 7812): a long number that is no bank card passes."""
    digits = [int(one) for one in text if one.isdigit()][::-1]
    return sum(one if place % 2 == 0 else sum(divmod(2 * one, 10)) for place, one in enumerate(digits)) % 10 == 0


def _is_ours(host: str, allowed: Collection[str]) -> bool:
    return any(host == one or host.endswith(f".{one}") for one in allowed if one)


def unsourced(text: str, sources: Sequence[str]) -> list[str]:
    """Numbers, phones and addresses in a phrased text that no source holds: a phrased text may not have any."""
    known = "\n".join(unicodedata.normalize("NFKC", source) for source in sources)
    numbers = set(_NUMBER.findall(known)) | set(_PHONE.findall(known))
    found = _NUMBER.findall(unicodedata.normalize("NFKC", text)) + _PHONE.findall(text)
    hosts = set(hosts_of(known))
    return [one for one in found if one not in numbers] + [host for host in hosts_of(text) if host not in hosts]
