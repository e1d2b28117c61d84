"""Prices and ratings as suppliers write them."""

import dataclasses
import re
import unicodedata
from decimal import Decimal, InvalidOperation

LARGEST_PRICE = Decimal("1000000")
YUAN_WORDS = {"cny", "rmb", "¥", "元", "人民币", "yuan"}
_FREE = {"免费", "免票", "free", "免费开放", "无需门票"}
_NUMBER = r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?"
_PRICE = re.compile(
    rf"(?:cny|rmb|¥|人民币|约|均价|人均|票价|门票|成人票?|:)*\s*(?P<low>{_NUMBER})"
    rf"(?:\s*(?:-|~|至|到)\s*¥?(?P<high>\d+(?:\.\d+)?))?"
    r"\s*(?:元|块|rmb|cny|¥)?(?:起|左右)?(?:\s*(?:/|每)\s*(?:人|间|晚|间夜|位|张|次|天|person|night))*(?:起|左右)?"
)


@dataclasses.dataclass(frozen=True)
class Price:
    """A price in yuan, two decimals; of a range, its lower end ("from")."""

    amount: Decimal


def parse_price(text: str) -> Price | None:
    """The price in a cell ("¥1,280.00", "60元/人", "198-298", "免费"); None when there is none to be read.

    Negative and enormous prices are read as written: judging them is not reading them.
    """
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    if plain in _FREE:
        return Price(Decimal("0.00"))
    match = _PRICE.fullmatch(plain)
    if not match or len(plain) > 40:
        return None
    try:
        amount = Decimal(match["low"].replace(",", ""))
        return Price(amount.quantize(Decimal("0.01")))
    except InvalidOperation:
        return None


def is_yuan(currency: str) -> bool:
    """Whether a currency cell means yuan."""
    return unicodedata.normalize("NFKC", currency).strip().casefold() in YUAN_WORDS


def parse_rating(text: str) -> Decimal | None:
    """A rating from 0 to 5 with one decimal ("4.7", "4.7分", "94%" is none)."""
    match = re.fullmatch(r"(\d(?:\.\d{1,3})?)\s*(?:分|/\s*5)?", unicodedata.normalize("NFKC", text).strip())
    if not match:
        return None
    value = Decimal(match[1])
    return value.quantize(Decimal("0.1")) if value <= 5 else None


def parse_coordinate(text: str, limit: int) -> float | None:
    """A latitude (limit 90) or longitude (limit 180) in degrees; None when it is none. Zero counts as missing."""
    if not re.fullmatch(r"-?\d{1,3}(\.\d{1,15})?", text.strip()):
        return None
    value = float(text)
    return value if abs(value) <= limit and value != 0 else None
