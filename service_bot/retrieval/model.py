"""The numbers that training left behind (`training.py` says how): topics, a measure of meaning, two rankings.

One ranking uses meaning, one shared characters alone, for installations without the encoder. The file is plain NumPy
arrays, loaded without pickle. Everything in it comes from text written for this project (data/topics_*.txt).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service_bot.retrieval.text import DATA

FILE = DATA / "answers.npz"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ranking:
    """Weights of a candidate's features, and of the features of the winner that say whether it is right."""

    weights: Floats
    centres: Floats
    scales: Floats
    verdict: Floats
    verdict_shift: float
    threshold: float


@dataclass(frozen=True)
class Model:
    """`topics`: 512 x T weights with `topic_shifts`; `centre` and `stretch` make vectors of one topic lie close."""

    topics: Floats
    topic_shifts: Floats
    centre: Floats
    stretch: Floats
    with_meaning: Ranking | None
    without_meaning: Ranking | None

    def tuned(self, vectors: NDArray[np.float32]) -> Floats:
        """Vectors in which wording counts less and subject more; rows of length 1."""
        moved: Floats = (vectors.astype(np.float64) - self.centre) @ self.stretch
        tuned: Floats = moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
        return tuned

    def topic_shares(self, vectors: NDArray[np.float32]) -> Floats:
        """How likely each text speaks of each of the travel topics; rows sum to 1."""
        logits: Floats = vectors.astype(np.float64) @ self.topics + self.topic_shifts
        powers: Floats = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: Floats = powers / powers.sum(axis=1, keepdims=True)
        return shares


def save(model: Model, path: Path = FILE) -> None:
    """Write the arrays; the big ones in half precision, which changes no ranking."""
    arrays: dict[str, NDArray[np.generic]] = {
        "topics": model.topics.astype(np.float16),
        "topic_shifts": model.topic_shifts.astype(np.float32),
        "centre": model.centre.astype(np.float32),
        "stretch": model.stretch.astype(np.float16),
    }
    for name, ranking in (("with", model.with_meaning), ("without", model.without_meaning)):
        if ranking:
            arrays |= {f"{name}_{part}": np.asarray(getattr(ranking, part), dtype=np.float64) for part in _PARTS}
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


_PARTS = ("weights", "centres", "scales", "verdict", "verdict_shift", "threshold")


@cache
def load(path: Path = FILE) -> Model:
    """The shipped model."""
    with np.load(path, allow_pickle=False) as arrays:
        found = {name: arrays[name].astype(np.float64) for name in arrays.files}
    return Model(
        found["topics"],
        found["topic_shifts"],
        found["centre"],
        found["stretch"],
        _ranking(found, "with"),
        _ranking(found, "without"),
    )


def _ranking(arrays: dict[str, Floats], name: str) -> Ranking | None:
    if f"{name}_weights" not in arrays:
        return None
    weights, centres, scales, verdict, shift, threshold = (arrays[f"{name}_{part}"] for part in _PARTS)
    return Ranking(weights, centres, scales, verdict, float(shift), float(threshold))
