"""Text from a stranger's file: what cannot be stored, what must not be shown, what is a phone number."""

import dataclasses
import re
import unicodedata

# Invisible marks that reverse or hide text. The joiner U+200D stays: it holds emoji together.
_INVISIBLE = re.compile(
    "[\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]"
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TAG = re.compile(r"<[a-zA-Z/!][^<>]{0,2000}>")
_SCRIPT = re.compile(r"(?is)<(script|style)\b.*?(</\1\s*>|$)")
_PHONE = re.compile(
    r"(\+?86-?)?("
    r"1[3-9]\d{9}"
    r"|(0\d{2,3}-?)?[2-9]\d{6,7}(-\d{1,6})?"
    r"|(0\d{2,3}-?)?[48]00-?\d{3,4}-?\d{3,4}(-\d{1,6})?"
    r"|(0\d{2,3}-?)?9[56]\d{3,4}"
    r"|\+\d{1,3}-?\d{6,12}"
    r")"
)


@dataclasses.dataclass(frozen=True)
class CleanText:
    """Text fit to be stored; `had_markup` when tags were taken out of it, `was_cut` when it was too long."""

    text: str
    had_markup: bool = False
    was_cut: bool = False


def storable(text: str) -> bool:
    """Whether Postgres can hold the text: no NUL, no lone surrogate."""
    return not _UNSTORABLE.search(text)


def shown(text: str, limit: int) -> str:
    """A value as it was found, for a report: cut, and without what cannot be stored or would mislead the reader."""
    return _INVISIBLE.sub("", _UNSTORABLE.sub("\ufffd", text[:limit]))


def clean(text: str, limit: int) -> CleanText:
    """The text without invisible marks and web page code, with single spaces, cut to `limit` characters."""
    plain = _TAG.sub(" ", _SCRIPT.sub(" ", text)) if "<" in text else text
    result = re.sub(r"[\s\u3000]+", " ", _INVISIBLE.sub("", plain)).strip()
    return CleanText(result[:limit], had_markup=plain != text, was_cut=len(result) > limit)


def compare_key(text: str) -> str:
    """Two spellings of one name give one key: full-width and half-width, upper and lower case, spaces."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


def phones(text: str) -> list[str] | None:
    """The phone numbers in a cell; None when a part of it is none. Notes in brackets are left out."""
    plain = unicodedata.normalize("NFKC", text)
    bracketed_area = re.sub(r"\((\d{3,4})\)", r"\1-", plain)
    parts = re.split(r"[,;/、\s]+(?!\d{4}\b-)", re.sub(r"\([^)]*\)", "", re.sub(r"\s*-+\s*", "-", bracketed_area)))
    found = [re.sub(r"(转|ext\.?)(\d)", r"-\2", part).removesuffix("转") for part in parts if part]
    if not found or not all(_is_phone(part) for part in found):
        return None
    return list(dict.fromkeys(found))


def _is_phone(text: str) -> bool:
    return len(text) <= 30 and bool(_PHONE.fullmatch(text))
