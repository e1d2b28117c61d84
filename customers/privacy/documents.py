"""Numbers of identity documents: one spelling, and a check where the law gives one."""

import re
import unicodedata

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_LAST = "10X98765432"
_SHAPES = {
    "passport": r"[A-Z0-9]{5,17}",
    "hk_macau": r"[CW][A-Z0-9]\d{7}",
    "taiwan": r"[LT]\d{8}",
    "home_return": r"[HM]\d{8}(\d{2})?",
    "birth": r"[A-Z]\d{9}",
    "other": r"[A-Z0-9]{4,40}",
}


def clean_number(kind: str, written: str) -> str:
    """A document number in one spelling: half-width, upper case, without spaces and dashes. ValueError when it cannot be right.

    A resident identity card is checked by its check digit (GB 11643) and its birthday.
    """
    number = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", written)).upper()
    if kind == "id_card":
        return _identity_card(number)
    if kind not in _SHAPES or not re.fullmatch(_SHAPES[kind], number, re.ASCII):
        raise ValueError("not a number of this document")
    return number


def _identity_card(number: str) -> str:
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", number, re.ASCII):
        raise ValueError("an identity card has 18 digits")
    month, day = int(number[10:12]), int(number[12:14])
    if not (1 <= month <= 12 and 1 <= day <= 31 and number[6:8] in {"19", "20"}):
        raise ValueError("the birthday in the number cannot be")
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False))
    if _LAST[total % 11] != number[17]:
        raise ValueError("the check digit does not fit")
    return number
