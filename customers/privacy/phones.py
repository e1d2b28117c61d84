"""One spelling for every phone number: E.164, whatever people and platforms write."""

import re
import unicodedata

import phonenumbers

_SPACES = re.compile(r"[\s().\-·‐-―]+")
_WRITTEN = re.compile(r"\+?[0-9]{5,20}")


def to_e164(written: str, country_code: str = "86") -> str:
    """A phone number in E.164. ValueError when it cannot be one.

    Understands full-width digits, spaces and dashes, `+86`, `0086`, a bare `86` before a mainland mobile, and numbers
    of Hong Kong, Macau, Taiwan and elsewhere, either with their code or with `country_code` (digits) beside them.
    """
    digits = _SPACES.sub("", unicodedata.normalize("NFKC", written)).strip()
    if not _WRITTEN.fullmatch(digits) or not re.fullmatch(r"\+?(00)?[1-9][0-9]{0,2}", country_code):
        raise ValueError("not a phone number")
    code = country_code.lstrip("+0")
    for candidate in _candidates(digits, code):
        try:
            number = phonenumbers.parse(candidate, None)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    raise ValueError("not a phone number")


def _candidates(digits: str, code: str) -> list[str]:
    """The international spellings this may mean, the likeliest first."""
    if digits.startswith("+"):
        return [digits]
    if digits.startswith("00"):
        return [f"+{digits[2:]}"]
    national = f"+{code}{digits.removeprefix('0') if code != '39' else digits}"
    return [national, f"+{digits}"] if digits.startswith(code) else [national]
