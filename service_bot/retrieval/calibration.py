"""From a score to the one number that staff see: the probability that the answer is right; and from which on we answer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEVER = 1.01  # a threshold that no probability reaches: only menus are shown
CONFIDENCE = 1.645  # one-sided 95 %: the question is only whether precision may lie below the target


def wilson_lower(right: int, answered: int, z: float = CONFIDENCE) -> float:
    """Lower bound of a share (Wilson 1927). Zero when nothing was answered."""
    return wilson_interval(right, answered, z)[0] if answered else 0.0


def wilson_interval(right: int, answered: int, z: float = 1.96) -> tuple[float, float]:
    """Two-sided interval of a share; (0, 1) when nothing was counted."""
    if not answered:
        return 0.0, 1.0
    share, square = right / answered, z * z
    middle = (share + square / (2 * answered)) / (1 + square / answered)
    half = z / (1 + square / answered) * math.sqrt(share * (1 - share) / answered + square / (4 * answered * answered))
    return max(0.0, middle - half), min(1.0, middle + half)


def threshold_for(
    probabilities: Sequence[float],
    rights: Sequence[bool],
    target: float,
    foreign: Sequence[bool] = (),
    allowed: float = 1.0,
    never: float = NEVER,
) -> float:
    """The smallest probability (or logit) from which on the lower bound of precision reaches `target`; `never` when none does.

    `foreign` marks questions that must not be answered at all; at most the share `allowed` of them may be.
    """
    best, right, answered, false = never, 0, 0, 0
    marks = list(foreign) or [False] * len(rights)
    limit = allowed * sum(marks)
    ordered = sorted(zip(probabilities, rights, marks, strict=True), reverse=True)
    for place, (probability, is_right, is_foreign) in enumerate(ordered):
        answered, right, false = answered + 1, right + is_right, false + is_foreign
        tied = place + 1 < len(ordered) and ordered[place + 1][0] == probability
        if not tied and false <= limit and wilson_lower(right, answered) >= target:
            best = probability
    return best


@dataclass(frozen=True)
class Scale:
    """`probability = 1 / (1 + exp(-(steepness * logit + shift)))` (Platt 1999)."""

    steepness: float = 1.0
    shift: float = 0.0

    def probability(self, logit: float) -> float:
        """What a logit means here."""
        return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, self.steepness * logit + self.shift))))


def fit_scale(logits: Sequence[float], rights: Sequence[bool], pull: float = 4.0) -> Scale:
    """Platt's two numbers by Newton's method, pulled to (1, 0) as by `pull` questions, so that a few labels cannot run away."""
    x: NDArray[np.float64] = np.array(logits, dtype=np.float64)
    y: NDArray[np.float64] = np.array(rights, dtype=np.float64)
    found: NDArray[np.float64] = np.array([1.0, 0.0])
    design = np.stack([x, np.ones_like(x)], axis=1)
    for _round in range(100):
        p = 1 / (1 + np.exp(-np.clip(design @ found, -40, 40)))
        gradient = design.T @ (p - y) + pull * (found - np.array([1.0, 0.0]))
        curvature = (design * (p * (1 - p))[:, None]).T @ design + pull * np.eye(2)
        step = np.clip(np.linalg.solve(curvature, gradient), -0.5, 0.5)  # short steps: Newton alone may jump past the valley
        found = found - step
        if float(np.abs(step).max()) < 1e-8:
            break
    return Scale(max(0.05, float(found[0])), float(found[1]))
