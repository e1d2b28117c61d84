"""What an advertisement must not say, and what the platform cannot carry.

The advertising law (广告法 art. 9) forbids absolute claims; the platform counts bytes, not characters.
"""

import dataclasses
import functools
import re
from collections.abc import Mapping
from decimal import Decimal

from campaigns.rules.words import ABSOLUTE_WORDS, HARMLESS_AFTER, PROMISES
from messaging.rules import TEMPLATED, TEXT_BYTES, TITLE_BYTES, utf8_bytes
from messaging.rules.wording import compile_words, stray_braces, unknown_variables

_AMOUNT = r"((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d{1,2})?)"
_PRICE = re.compile(rf"[¥￥]\s*{_AMOUNT}|{_AMOUNT}\s*元")


@dataclasses.dataclass(frozen=True)
class Finding:
    """One remark on a text. `code` is absolute, promise, price, too_long or empty; blocking ones stop the launch."""

    code: str
    word: str
    instead: str = ""
    is_blocking: bool = False


def check_wording(text: str) -> list[Finding]:
    """Absolute claims and promises in a text, in reading order; the longest word at a place counts."""
    seen = dict.fromkeys(match.group() for match in _pattern().finditer(text))
    return [
        Finding("absolute", word, ABSOLUTE_WORDS[word], is_blocking=True)
        if word in ABSOLUTE_WORDS
        else Finding("promise", word, PROMISES[word], is_blocking=True)
        for word in seen
    ]


@functools.cache
def _pattern() -> re.Pattern[str]:
    words = sorted({**ABSOLUTE_WORDS, **PROMISES}, key=len, reverse=True)
    return re.compile("|".join(re.escape(word) + _unless(HARMLESS_AFTER.get(word, "")) for word in words))


def _unless(following: str) -> str:
    return f"(?![{following}])" if following else ""


def check_prices(text: str, price_from: Decimal | None) -> list[Finding]:
    """Amounts in a text that are not the product's price: a promise the booking page would break."""
    if price_from is None:
        return []
    amounts = dict.fromkeys(first or second for first, second in _PRICE.findall(text))
    return [Finding("price", amount, f"{price_from:f}") for amount in amounts if Decimal(amount.replace(",", "")) != price_from]


def check_length(text: str, card_title: str) -> list[Finding]:
    """What WeCom would refuse: 4,000 bytes of text, 64 bytes of card title, neither empty."""
    sizes = [("text", text, TEXT_BYTES), ("title", card_title, TITLE_BYTES)]
    too_long = [
        Finding("too_long", name, f"{utf8_bytes(value)}/{limit}", is_blocking=True)
        for name, value, limit in sizes
        if utf8_bytes(value) > limit
    ]
    return too_long + [Finding("empty", name, is_blocking=True) for name, value, _limit in sizes if not value.strip()]


def check_direct(
    channel: str, template_id: str, text: str, fields: Mapping[str, str], price_from: Decimal | None
) -> list[Finding]:
    """The same for a direct channel: its template's fields, or the inbox's text. Variables nobody fills stop the launch; so
    does an SMS for marketing whose template does not offer a way out."""
    words = [text, *fields.values()]
    found = [Finding("empty", "text", is_blocking=True)] if not any(one.strip() for one in words) else []
    if channel in TEMPLATED and not template_id:
        found.append(Finding("empty", "template", is_blocking=True))
    for one in words:
        found += [Finding("variable", name, is_blocking=True) for name in unknown_variables(one)]
        if stray_braces(one):
            found.append(Finding("variable", "{{", is_blocking=True))
    both = "\n".join(words)
    found += check_wording(both) + check_prices(both, price_from)
    return sorted(found, key=lambda finding: not finding.is_blocking)


def check_variables(text: str) -> list[Finding]:
    """A WeCom mass send says the same to everybody: a variable in it would go out as it stands."""
    words = compile_words(text)
    names = [name for name, _fallback in words.variables] + (["{{"] if stray_braces(text) else [])
    return [Finding("variable", name, is_blocking=True) for name in dict.fromkeys(names)]


def check_content(text: str, card_title: str, price_from: Decimal | None) -> list[Finding]:
    """Everything there is to say about a message, blocking remarks first."""
    both = f"{text}\n{card_title}"
    found = check_length(text, card_title) + check_variables(both) + check_wording(both) + check_prices(both, price_from)
    return sorted(found, key=lambda finding: not finding.is_blocking)
