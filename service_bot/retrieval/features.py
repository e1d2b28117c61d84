"""What a question and each answer of the FAQ have in common: one row of features per answer, all at once.

The same rows train the ranking and serve the customer. Values of meaning are zero where the encoder is not installed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service_bot.retrieval.lexical import Lexicon, largest_per_owner, starts_of
from service_bot.retrieval.model import Floats, Model
from service_bot.retrieval.text import normalise, numbers
from service_bot.retrieval.vectors import embed, embed_one

LEXICAL = [
    "question_in_wording",
    "wording_in_question",
    "question_in_answer",
    "question_in_all",
    "bm25",
    "best_of_both",
    "verbatim",
]
NEARLY = 0.6
MEANING = ["near_wording", "near_second", "near_answer", "near_all", "raw_wording", "raw_answer", "same_topic", "topic_surprise"]
CANDIDATE = [*LEXICAL, *MEANING]
VERDICT = [
    *CANDIDATE,
    "margin", "margin_third", "share", "stands_out", "near_margin", "word_margin", "length", "unknown_words",
    "topic_covered", "foreign_near", "foreign_known", "number_missing",
]  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One answer with every way to ask for it."""

    id: str
    question: str
    answer: str
    similar: tuple[str, ...] = ()

    @property
    def wordings(self) -> tuple[str, ...]:
        """The question and the similar ones."""
        return (self.question, *self.similar)


class Corpus:
    """The answers of one agency, prepared once; `foreign` are questions of which people said "not for the bot"."""

    def __init__(self, entries: Sequence[Entry], model: Model, foreign: Sequence[str] = (), meaning: bool = True) -> None:
        self.entries = list(entries)
        self.model = model
        self.wordings = [wording for entry in entries for wording in entry.wordings]
        self.plain = [normalise(wording) for wording in self.wordings]
        self.owners = np.array([number for number, entry in enumerate(entries) for _wording in entry.wordings], dtype=np.int64)
        self.starts = starts_of(len(entry.wordings) for entry in entries)
        answers = [entry.answer for entry in entries]
        owners = [*self.owners.tolist(), *range(len(answers))]
        self.lexicon = Lexicon([*self.wordings, *answers], owners)
        self.foreign = list(foreign)
        self.foreign_plain = [normalise(text) for text in foreign]
        self._prepare_meaning(answers, meaning)
        self._prepare_words()

    def _prepare_words(self) -> None:
        count = len(self.wordings)
        present = self.lexicon.present
        self.wording_words, self.answer_words = present[:count], present[count:]
        self.wording_weights, self.wording_masses = self.lexicon.weights[:count], self.lexicon.masses[:count]
        joined = self.answer_words.copy().tolil()
        for number in range(len(self.entries)):
            rows = present[:count][self.owners == number]
            joined[number] = joined[number].maximum(rows.max(axis=0)) if rows.shape[0] else joined[number]
        self.all_words = joined.tocsr()

    def _prepare_meaning(self, answers: list[str], meaning: bool) -> None:
        vectors = embed([*self.wordings, *answers, *self.foreign]) if meaning else None
        self.meaning = vectors is not None
        if vectors is None:
            return
        count, end = len(self.wordings), len(self.wordings) + len(answers)
        self.raw_wordings, self.raw_answers = vectors[:count], vectors[count:end]
        tuned, topics = self.model.tuned(vectors), self.model.topic_shares(vectors)
        self.near_wordings, self.near_answers, self.near_foreign = tuned[:count], tuned[count:end], tuned[end:]
        self.topic_wordings, self.topic_answers = topics[:count], topics[count:end]
        sizes = np.diff([*self.starts, count])[:, None]
        shares = (np.add.reduceat(self.topic_wordings, self.starts, axis=0) + 0.5 * self.topic_answers) / (sizes + 0.5)
        self.topics: Floats = shares / np.linalg.norm(shares, axis=1, keepdims=True)
        middle = np.add.reduceat(self.near_wordings, self.starts, axis=0) + self.near_answers
        self.middles: Floats = middle / np.linalg.norm(middle, axis=1, keepdims=True)

    def rows(self, question: str, leave_out: bool = False) -> Floats:
        """One row of CANDIDATE features per entry. `leave_out` passes over wordings that are the question itself, for
        measuring with questions that were learned."""
        hidden = np.array([plain == normalise(question) for plain in self.plain]) if leave_out else None
        lexical = self._lexical(question, hidden)
        meaning = self._meaning(question, hidden) if self.meaning else np.zeros((len(self.entries), len(MEANING)))
        return np.concatenate([lexical, meaning], axis=1)

    def _lexical(self, question: str, hidden: NDArray[np.bool_] | None) -> Floats:
        row, mass = self.lexicon.question(question)
        mass = max(mass, 1e-9)
        shared = np.asarray(self.wording_words @ row).ravel()
        inside, covered = shared / mass, shared / np.maximum(self.wording_masses, 1e-9)
        bm25 = np.asarray(self.wording_weights @ row).ravel() / mass
        both = 2 * inside * covered / np.maximum(inside + covered, 1e-9)
        if hidden is not None:
            for values in (inside, covered, bm25, both):
                values[hidden] = 0.0
        best = [largest_per_owner(values, self.starts) for values in (inside, covered)]
        answer, everything = (np.asarray(words @ row).ravel() / mass for words in (self.answer_words, self.all_words))
        if hidden is not None and hidden.any():
            everything = np.where(
                np.isin(np.arange(len(self.entries)), self.owners[hidden]), np.maximum(best[0], answer), everything
            )
        parts = [*best, answer, everything, *(largest_per_owner(values, self.starts) for values in (bm25, both))]
        verbatim = np.maximum(parts[-1] - NEARLY, 0.0)  # a typing error or a polite word apart
        return np.stack([*parts, verbatim], axis=1)

    def _meaning(self, question: str, hidden: NDArray[np.bool_] | None) -> Floats:
        vector = embed_one(question)
        assert vector is not None  # noqa: S101 - the corpus was embedded
        tuned, topic = self.model.tuned(vector[None])[0], self.model.topic_shares(vector[None])[0]
        near, raw = self.near_wordings @ tuned, (self.raw_wordings @ vector).astype(np.float64)
        if hidden is not None:
            near, raw = np.where(hidden, -1.0, near), np.where(hidden, -1.0, raw)
        best = largest_per_owner(near, self.starts)
        second = largest_per_owner(np.where(near >= best[self.owners], -1.0, near), self.starts)
        second = np.where(second <= -1.0, best, second)
        answer, raw_answer = self.near_answers @ tuned, (self.raw_answers @ vector).astype(np.float64)
        same = self.topics @ (topic / np.linalg.norm(topic))
        parts = [best, second, answer, self.middles @ tuned, largest_per_owner(raw, self.starts), raw_answer, same]
        return np.stack([*parts, np.log(same + 0.02)], axis=1)

    def verdict_row(self, question: str, rows: Floats, scores: Floats, leave_out: bool = False) -> Floats:
        """VERDICT features of the best candidate: how good, how far ahead, how much of the question stays unexplained."""
        order = np.argsort(-scores)
        winner = int(order[0])
        following = [float(scores[place]) for place in order[1:3]] + [float(scores.min()) - 1.0] * 2
        powers = np.exp(scores - scores.max())
        ahead = rows[winner] - rows[order[1]] if len(order) > 1 else rows[winner]
        near = rows[:, CANDIDATE.index("near_wording")]
        spread = (near[winner] - near.mean()) / max(float(near.std()), 1e-3) if self.meaning else 0.0
        unknown = 1.0 - float(rows[:, CANDIDATE.index("question_in_all")].max())
        extra = [
            float(scores[winner]) - following[0], float(scores[winner]) - following[1],
            float(powers[winner] / powers.sum()), float(spread),
            float(ahead[CANDIDATE.index("near_wording")]), float(ahead[CANDIDATE.index("question_in_all")]),
            float(np.log1p(len(normalise(question)))), unknown,
            *self._beyond(question, near[winner], leave_out), self._numbers(question, winner),
        ]  # fmt: skip
        return np.concatenate([rows[winner], extra])

    def _beyond(self, question: str, near: float, leave_out: bool) -> tuple[float, float, float]:
        """Share of the question's topics that any answer covers; how much nearer a foreign question is; whether any is known."""
        vector = embed_one(question) if self.meaning else None
        if vector is None:
            return 0.0, 0.0, 0.0
        covered = float(self.model.topic_shares(vector[None])[0] @ self.topics.max(axis=0).clip(0, 1))
        if not self.foreign:
            return covered, 0.0, 0.0
        nearness = self.near_foreign @ self.model.tuned(vector[None])[0]
        if leave_out:
            plain = normalise(question)
            nearness = np.where(np.array([text == plain for text in self.foreign_plain]), -1.0, nearness)
        return covered, float(nearness.max()) - float(near), 1.0

    def _numbers(self, question: str, winner: int) -> float:
        entry = self.entries[winner]
        said = numbers(question)
        return float(bool(said - numbers(" ".join([*entry.wordings, entry.answer])))) if said else 0.0
