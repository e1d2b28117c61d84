"""Which answer of the FAQ a question asks for, and how sure that is. One function for chat, hit test and evaluation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from service_bot.retrieval.calibration import NEVER, Scale, fit_scale, threshold_for, wilson_interval
from service_bot.retrieval.features import LEXICAL, Corpus, Entry
from service_bot.retrieval.model import Floats, Ranking, load

TARGET, FLOOR = 0.95, 0.90  # precision aimed at, and the least that is accepted when labels are too few to prove more
FALSE_ANSWERS = 0.025  # share of the labelled questions "not for the bot" that may pass
WORTH = 200  # the shipped threshold counts like so many labelled questions


@dataclass(frozen=True)
class Hit:
    """A candidate: `probability` that it is the right answer, 0 to 1, the only number staff see."""

    id: str
    probability: float


@dataclass(frozen=True)
class Label:
    """A question whose right answer a person named; `id` is empty when none of the answers fits."""

    question: str
    id: str


class Faq:
    """Search over one agency's answers. Build it once per version of the knowledge; asking takes some milliseconds."""

    def __init__(self, entries: Sequence[Entry], labels: Sequence[Label] = (), meaning: bool = True) -> None:
        """`labels` are learned as further wordings, teach what is not for the bot, and set scale and threshold."""
        if not entries:
            raise ValueError("a FAQ needs an answer")
        model = load()
        foreign = [label.question for label in labels if not label.id]
        self.corpus = Corpus(_with_learned(entries, labels), model, foreign, meaning)
        ranking = model.with_meaning if self.corpus.meaning else model.without_meaning
        if ranking is None:
            raise ValueError("the model has no ranking for this installation")
        self.ranking: Ranking = ranking
        self.scale, self.threshold = Scale(), self.ranking.threshold
        if labels:
            self._calibrate(labels)

    def ask(self, question: str, most: int = 3, leave_out: bool = False) -> list[Hit]:
        """The best candidates, best first. An empty question has none. `leave_out`: as if this very wording were not known."""
        return self._judge(question, most, leave_out)[0]

    def answers(self, hits: Sequence[Hit]) -> bool:
        """Whether the first of these may be said without a person looking at it."""
        return bool(hits) and hits[0].probability >= self.threshold

    def _judge(self, question: str, most: int, leave_out: bool = False) -> tuple[list[Hit], float]:
        if not question.strip():
            return [], -math.inf
        rows = self.corpus.rows(question, leave_out)
        scores = self.score(rows)
        logit = self.logit(self.corpus.verdict_row(question, rows, scores, leave_out))
        order = np.argsort(-scores, kind="stable")[:most]
        first = self.scale.probability(logit)
        powers = np.exp(scores - scores.max())
        rest = max(float(powers.sum() - powers[order[0]]), 1e-9)
        shares = [first] + [min(first, (1 - first) * float(powers[place]) / rest) for place in order[1:]]
        return [Hit(self.corpus.entries[place].id, share) for place, share in zip(order, shares, strict=True)], logit

    def score(self, rows: Floats) -> Floats:
        """The ranking's score of each candidate."""
        usable = rows if self.corpus.meaning else rows[:, : len(LEXICAL)]
        return usable @ self.ranking.weights

    def logit(self, verdict: Floats) -> float:
        """How sure the shipped model is, before the agency's own scale."""
        standard = (verdict - self.ranking.centres) / self.ranking.scales
        return float(np.clip(standard, -4, 4) @ self.ranking.verdict + self.ranking.verdict_shift)

    def _calibrate(self, labels: Sequence[Label]) -> None:
        """Judge each label as if it had not been learned, then fit scale and threshold to what was right."""
        judged = [(self._judge(label.question, 1, leave_out=True), label) for label in labels]
        kept = [(logit, hits[0].id == label.id, not label.id) for (hits, logit), label in judged if hits]
        logits, rights, foreign = [one[0] for one in kept], [one[1] for one in kept], [one[2] for one in kept]
        self.scale = fit_scale(logits, rights)
        found = [threshold_for(logits, rights, target, foreign, FALSE_ANSWERS, never=math.inf) for target in (TARGET, FLOOR)]
        own = next((value for value in found if value < math.inf), math.inf)
        self.threshold = self.scale.probability(self._between(own, len(logits))) if self._bearable(logits, rights) else NEVER

    def _shipped(self) -> float:
        """The shipped threshold as a logit."""
        return math.log(self.ranking.threshold / (1 - self.ranking.threshold))

    def _between(self, own: float, labels: int) -> float:
        """The labels' threshold drawn towards the shipped one, as far as there are few labels; the shipped one where the
        labels are too few to prove any."""
        share = labels / (labels + WORTH)
        return self._shipped() if math.isinf(own) else share * own + (1 - share) * self._shipped()

    def _bearable(self, logits: Sequence[float], rights: Sequence[bool]) -> bool:
        """Whether the labels leave it possible that the shipped threshold keeps the floor; else only menus are shown."""
        said = [right for logit, right in zip(logits, rights, strict=True) if logit >= self._shipped()]
        return wilson_interval(sum(said), len(said))[1] >= FLOOR


def _with_learned(entries: Sequence[Entry], labels: Sequence[Label]) -> list[Entry]:
    learned: dict[str, list[str]] = {}
    for label in labels:
        if label.id:
            learned.setdefault(label.id, []).append(label.question)
    return [replace(entry, similar=(*entry.similar, *learned.get(entry.id, []))) for entry in entries]
