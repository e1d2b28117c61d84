"""The linear part: hashed character n-grams and families of signs; nothing but numpy to run it."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from messaging.understanding.mood.signs import SIGNS

BUCKETS = 1 << 14
_FILE = Path(__file__).resolve().parent.parent / "data" / "mood.npz"
LONGEST = 400  # characters read; a longer message has said by then how its writer feels


_ASKS = re.compile(
    r"(?:吗|么|呢|多少|几[点天个]|怎么(?:办理?|走|用|去|弄|算|查|开|处理|收|填|写|选|联系)?|如何|哪[里儿些个天种]?|什么(?:时候|意思|要求)?|不[？?]?$|没[？?]?$|(.)不\1)[^，。！!？?]{0,12}(?:[？?，,。]|$)"
)
_CROSS = ("anger", "insult", "sarcasm", "demand", "harm", "silence", "loop", "ultimatum", "unmet", "contempt")
_GLAD = ("laugh", "praise", "joy")
_APART = ("suppose", "elsewhere", "others", "mine", "solved")
_LOOKS_CROSS = ("anger", "insult", "legal", "exposure", "harm", "demand", "money", "human")


def sign_features(text: str) -> list[float]:
    """How often each family of words occurs (at most 3), marks, form, and what families mean together; a fixed order."""
    counts = {name: float(min(sum(1 for _ in pattern.finditer(text)), 3)) for name, pattern in SIGNS.items()}
    cross = any(counts[name] for name in _CROSS)
    looks = any(counts[name] for name in _LOOKS_CROSS)
    glad = any(counts[name] for name in _GLAD)
    soft = bool(counts["polite"] or counts["hedge"])
    asks = bool(_ASKS.search(text))
    exclaims, queries = text.count("！") + text.count("!"), text.count("？") + text.count("?")
    return [
        *counts.values(),
        float(min(exclaims, 4)),
        float(min(queries, 4)),
        float(asks),
        min(len(text), 40) / 40,
        float(asks and not cross),
        float(asks and not cross and not counts["you"]),
        float(asks and looks and (soft or not counts["you"])),
        float(glad and looks),
        float(glad and not cross),
        float(soft and not cross),
        float(soft and cross),
        float(bool(counts["suppose"] or counts["elsewhere"]) and asks),
        float(cross and bool(counts["you"])),
        float(cross and any(counts[name] for name in _APART)),
        float(cross and not glad and not soft and not asks and not any(counts[name] for name in _APART)),
        float(sum(counts[name] > 0 for name in _CROSS) >= 2 and not glad),
        float(bool(counts["wait"]) and not soft),
        float(bool(counts["wait"]) and cross),
        float(exclaims >= 2 and cross and not glad),
        float(queries >= 2 and not soft),
        float(bool(counts["legal"] or counts["exposure"]) and not asks and not glad),
        float(bool(counts["human"]) and not asks),
        float(bool(counts["promise"]) and not asks and not soft),
        float(not looks and not cross and not counts["wait"] and not counts["promise"] and not counts["you"]),
    ]


def gram_buckets(text: str) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Hash buckets of character 1- to 3-grams."""
    padded = f"\x02{text}\x03"
    grams = {padded[i : i + n] for n in (1, 2, 3) for i in range(len(padded) - n + 1)}
    return np.fromiter({crc32(gram.encode()) & (BUCKETS - 1) for gram in grams}, dtype=np.int64)


@lru_cache(maxsize=1)
def _weights() -> tuple[Any, Any, float]:
    with np.load(_FILE) as stored:
        return stored["grams"].astype(np.float32), stored["signs"], float(stored["bias"])


def probability(text: str) -> float:
    """The model's probability that the writer is upset."""
    grams, signs, bias = _weights()
    found = gram_buckets(text)
    # Each message's n-grams have length one together, as in training.
    margin = float(grams[found].sum()) / max(len(found), 1) ** 0.5 + float(np.dot(signs, sign_features(text))) + bias
    return 1 / (1 + float(np.exp(-margin)))
