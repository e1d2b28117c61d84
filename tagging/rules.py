"""Pure decisions about tags: how sure a measured precision is, how confidence fades, when a model's word counts."""

import dataclasses
import datetime as dt
import math

FADED = 0.25  # a fading tag goes at a quarter of full confidence
_Z = 1.959964  # 95 %
ENOUGH_VERDICTS = 50
GOOD_PRECISION = 0.9


@dataclasses.dataclass(frozen=True)
class Precision:
    """How often a tag was right when people looked: `right` of `total`, with the 95 % Wilson interval (both 0..1)."""

    right: int
    total: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Right ones of all; 0 without verdicts."""
        return self.right / self.total if self.total else 0.0

    @property
    def is_proven(self) -> bool:
        """Whether a model's suggestions of this tag may be given without a person: 0.9 on 50 verdicts."""
        return self.total >= ENOUGH_VERDICTS and self.share >= GOOD_PRECISION


def precision(right: int, total: int) -> Precision:
    """The Wilson score interval (Wilson 1927): honest for few verdicts, never outside of 0..1; 0..1 without any."""
    if total == 0:
        return Precision(0, 0, 0.0, 1.0)
    share, square = right / total, _Z * _Z
    middle = share + square / (2 * total)
    spread = _Z * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    scale = 1 + square / total
    return Precision(right, total, max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


def faded(confidence: float, expires_at: dt.datetime | None, half_life_days: int, at: dt.datetime) -> float:
    """The confidence of a fading tag at a moment: it halves every `half_life_days` and reaches FADED when the tag goes."""
    if expires_at is None or half_life_days <= 0:
        return confidence
    left = (expires_at - at).total_seconds() / 86_400
    return min(confidence, FADED * 2 ** (left / half_life_days))
