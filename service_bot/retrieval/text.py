"""Chinese text for search: one spelling for every way to write a thing, then overlapping characters as terms.

No word segmentation: a segmenter that errs differently on question and answer loses both. Single characters and pairs of
neighbours do as well on documents (measured), need no dictionary and cannot fail on a new place name.
"""

import re
import unicodedata
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
LONGEST = 2_000  # characters of a question that are looked at; a longer one is cut, never refused

_RUNS = re.compile(r"[a-z0-9]+(?:\.[0-9]+)?|[㐀-鿿豈-﫿ぁ-ヿ가-힣]+")
_BLANKS = re.compile(r"\s+")
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ud800-\udfff]")
_NUMBERS = re.compile(r"\d+(?:\.\d+)?")


@cache
def _simplified() -> dict[int, str]:
    lines = (DATA / "simplified.txt").read_text(encoding="utf-8").splitlines()
    pairs = "".join(line for line in lines if not line.startswith("#"))
    return {ord(pairs[place]): pairs[place + 1] for place in range(0, len(pairs), 2)}


def normalise(text: str) -> str:
    """Half width, lower case, simplified characters, white space as single blanks; control characters are dropped."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST]).lower().translate(_simplified())
    return _INVISIBLE.sub("", _BLANKS.sub(" ", plain))


def terms(text: str) -> list[str]:
    """Terms of a text, in order, with repetitions: words and numbers in ASCII whole, Chinese as single characters and
    pairs of neighbours."""
    found: list[str] = []
    for run in _RUNS.findall(normalise(text)):
        if run[0].isascii():
            found.append(run)
        else:
            found.extend(run)
            found.extend(run[place : place + 2] for place in range(len(run) - 1))
    return found


def numbers(text: str) -> set[str]:
    """Numbers that stand in a text in Arabic figures: 30, 2.5."""
    return set(_NUMBERS.findall(normalise(text)))
