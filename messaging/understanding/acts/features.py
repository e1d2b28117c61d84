"""Features of characters and of sentences, the same for training and for use."""

import unicodedata
from collections.abc import Iterator
from zlib import crc32

import numpy as np

# Weights of the sentence model are addressed by hash; a power of two.
BUCKETS = 1 << 16
# A value in a sentence is masked by one character of this private-use block: its label's index is added to it.
MASK_BASE = 0xE000


def tidy(text: str) -> str:
    """Full-width letters, digits and brackets to their plain forms, one character for one, so that spans stay valid."""
    return "".join(_plain(char) for char in text)


def _plain(char: str) -> str:
    plain = unicodedata.normalize("NFKC", char)
    return plain.lower() if len(plain) == 1 else char


def kind(char: str) -> str:
    """Digit, letter, Chinese character or sign."""
    if char.isdigit():
        return "d"
    if char.isascii() and char.isalpha():
        return "a"
    return "h" if char.isalpha() else "p"


def character_features(text: str) -> list[list[str]]:
    """One list of features for each character of a tidy text: neighbours up to two away, their pairs and triples."""
    padded = "\x02\x02" + text + "\x03\x03"
    kinds = "".join(kind(char) for char in padded)
    rows = []
    for i in range(2, len(padded) - 2):
        a, b, c, d, e = (padded[j] for j in range(i - 2, i + 3))
        rows.append(
            [
                "0" + c,
                "1" + b,
                "2" + d,
                "3" + a,
                "4" + e,
                "5" + b + c,
                "6" + c + d,
                "7" + a + b,
                "8" + d + e,
                "9" + b + c + d,
                "A" + a + b + c,
                "B" + c + d + e,
                "C" + kinds[i - 2 : i + 3],
            ]
        )
    return rows


def buckets(masked: str) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """The distinct hash buckets of the character 1- to 4-grams of a masked sentence."""
    return np.fromiter({crc32(gram.encode()) & (BUCKETS - 1) for gram in grams(masked)}, dtype=np.int64)


def grams(masked: str) -> Iterator[str]:
    """Character 1- to 4-grams of a sentence with its ends marked."""
    padded = "\x02" + masked + "\x03"
    for size in (1, 2, 3, 4):
        for start in range(len(padded) - size + 1):
            yield padded[start : start + size]
