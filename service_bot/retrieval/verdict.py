"""Whether the best passage is right: a logistic regression on what `passages.order` says of it, and its threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service_bot.retrieval.calibration import threshold_for
from service_bot.retrieval.lexical import Floats

DEFAULT_THRESHOLD = 0.85


def _bent(features: Floats) -> Floats:
    """The features and the squares of the first six: "twice as close" is worth more than twice."""
    return np.concatenate([features, features[..., :6] ** 2], axis=-1)


@dataclass(frozen=True)
class Verdict:
    """`probability = sigmoid(bent features . weights + shift)`; answer from `threshold` on."""

    weights: Floats
    shift: float
    threshold: float

    def probability(self, features: Floats) -> float:
        """That the passage answers the question."""
        return float(1 / (1 + np.exp(-np.clip(_bent(features) @ self.weights + self.shift, -40, 40))))


# Before an agency has labelled its own questions: most of the question's rare words close together, and well ahead of the
# second passage. Set by hand from what the features mean, not learned from anybody's corpus.
DEFAULT = Verdict(np.array([3.0, 6.0, 1.5, 0.3, 4.0, 3.0, -1.5, 0.2, *[0.0] * 6]), -8.5, DEFAULT_THRESHOLD)


def fit_verdict(rows: Sequence[Floats], rights: Sequence[bool], target: float) -> Verdict:
    """Learn from labelled questions; the threshold by halves: each half is judged by what the other taught."""
    x, y = _bent(np.stack(list(rows))), np.array(rights, dtype=np.float64)
    judged = np.zeros(len(y))
    halves = np.random.default_rng(len(y)).permutation(len(y)) % 2
    for half in (0, 1):
        held = halves == half
        weights, shift = _fit(x[~held], y[~held])
        judged[held] = 1 / (1 + np.exp(-np.clip(x[held] @ weights + shift, -40, 40)))
    weights, shift = _fit(x, y)
    return Verdict(weights, shift, threshold_for(judged.tolist(), [bool(right) for right in y], target))


def _fit(x: Floats, y: Floats, pull: float = 1.0) -> tuple[Floats, float]:
    """Newton's method on standardised features, lightly pulled to zero."""
    centre, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    design = np.concatenate([(x - centre) / scale, np.ones((len(x), 1))], axis=1)
    found = np.zeros(design.shape[1])
    penalty = pull * np.eye(len(found))
    penalty[-1, -1] = 1e-6
    for _round in range(100):
        p = 1 / (1 + np.exp(-np.clip(design @ found, -40, 40)))
        step = np.linalg.solve((design * (p * (1 - p))[:, None]).T @ design + penalty, design.T @ (p - y) + penalty @ found)
        step = np.clip(step, -1.0, 1.0)
        found = found - step
        if float(np.abs(step).max()) < 1e-8:
            break
    weights = found[:-1] / scale
    return weights, float(found[-1] - centre @ weights)
