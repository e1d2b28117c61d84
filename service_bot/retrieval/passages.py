"""Passages of documents: the hash of a term, and how well a passage that shares rare terms really fits the question."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from service_bot.retrieval.lexical import Floats
from service_bot.retrieval.text import normalise

MEAN_LENGTH = 300.0  # terms; a constant, so that new passages change no old weight
WINDOW = 60  # characters in which the words of a question should stand together
FEATURES = ["all_words", "window", "run", "score", "score_margin", "window_margin", "rarest_missing", "terms"]


@lru_cache(maxsize=200_000)
def term_hash(term: str) -> int:
    """A signed 64-bit number for a term."""
    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=8).digest(), "big", signed=True)


@dataclass(frozen=True)
class Question:
    """A question's different terms with the rarity of each in the collection."""

    rarities: Mapping[str, float]

    @property
    def mass(self) -> float:
        """Sum of rarities."""
        return sum(self.rarities.values()) or 1.0


def closeness(question: Question, text: str, asked: str) -> tuple[float, float, float]:
    """Share of the question's mass in the whole passage and in its best window, and the longest run of equal characters."""
    plain = normalise(text)
    found = {term: _places(plain, term) for term in question.rarities}
    present = {term: places for term, places in found.items() if places}
    whole = sum(question.rarities[term] for term in present) / question.mass
    return whole, _best_window(question, present) / question.mass, _longest_run(normalise(asked), plain)


def _places(plain: str, term: str) -> list[int]:
    places: list[int] = []
    start = plain.find(term)
    while start >= 0 and len(places) < 40:
        places.append(start)
        start = plain.find(term, start + 1)
    return places


def _best_window(question: Question, present: Mapping[str, Sequence[int]]) -> float:
    marks = sorted((place, term) for term, places in present.items() for place in places)
    inside: dict[str, int] = {}
    mass, best, first = 0.0, 0.0, 0
    for place, term in marks:
        inside[term] = inside.get(term, 0) + 1
        mass += question.rarities[term] if inside[term] == 1 else 0.0
        while place - marks[first][0] > WINDOW:
            gone = marks[first][1]
            inside[gone] -= 1
            mass -= question.rarities[gone] if inside[gone] == 0 else 0.0
            first += 1
        best = max(best, mass)
    return best


def _longest_run(asked: str, plain: str) -> float:
    best, start = 0, 0
    while start + best < len(asked):
        while start + best < len(asked) and asked[start : start + best + 1] in plain:
            best += 1
        start += 1
    return best / max(len(asked), 1)


def order(question: Question, asked: str, found: Sequence[tuple[str, float]]) -> tuple[list[int], Floats]:
    """Places of (text, BM25) pairs, best first, and FEATURES of the best, which say whether it is right."""
    top = max(score for _text, score in found) or 1.0
    rows = np.array([(*closeness(question, text, asked), score / top) for text, score in found])
    points = rows @ np.array([0.6, 0.8, 0.5, 0.9])
    ranked = np.argsort(-points, kind="stable").tolist()
    first, second = rows[ranked[0]], rows[ranked[1]] if len(ranked) > 1 else np.zeros(4)
    missing = _rarest_missing(question, found[ranked[0]][0])
    margins = (found[ranked[0]][1] - (found[ranked[1]][1] if len(ranked) > 1 else 0.0)) / top, first[1] - second[1]
    return ranked, np.array(
        [first[0], first[1], first[2], top / question.mass, *margins, missing, np.log1p(len(question.rarities))]
    )


def _rarest_missing(question: Question, text: str) -> float:
    plain = normalise(text)
    missing = [rarity for term, rarity in question.rarities.items() if term not in plain]
    return max(missing, default=0.0) / max(max(question.rarities.values(), default=1.0), 1e-9)


def rarest(frequencies: Mapping[str, int], entries: int, budget: int) -> list[str]:
    """Terms worth looking up: no term of over 5 % of the entries unless fewer than three remain, the rarest first, until
    `budget` postings would be read."""
    ordered = sorted((count, term) for term, count in frequencies.items() if count)
    chosen: list[str] = []
    read = 0
    for count, term in ordered:
        if len(chosen) >= 3 and (count > 0.05 * entries or read + count > budget):
            break
        chosen.append(term)
        read += count
    return chosen
