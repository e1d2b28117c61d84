"""Shared characters, weighed: how much of the question stands in a text, and how much of the text in the question.

BM25 (Robertson and Zaragoza 2009) with k1 = 1.2 and b = 0.1: a long passage is not punished for its length, which measured
better than the usual 0.75 wherever short questions and long passages lie side by side.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from service_bot.retrieval.text import terms

K1 = 1.2
B = 0.1
Floats = NDArray[np.float64]


def weight(count: int, length: int, mean_length: float) -> float:
    """BM25's weight of a term that occurs `count` times in a text of `length` terms, without its rarity."""
    return count * (K1 + 1) / (count + K1 * (1 - B + B * length / max(mean_length, 1.0)))


def rarity(texts_with: int, texts: int) -> float:
    """Inverse document frequency, above zero for every term."""
    return math.log(1 + (texts - texts_with + 0.5) / (texts_with + 0.5))


class Lexicon:
    """The terms of a set of texts and how rare each is among `groups` (several texts of one answer count once)."""

    def __init__(self, texts: Sequence[str], groups: Sequence[int]) -> None:
        bags = [Counter(terms(text)) for text in texts]
        self.place = {term: number for number, term in enumerate(dict.fromkeys(term for bag in bags for term in bag))}
        self.rarities, self.unknown = self._rarities(bags, groups)
        lengths = [sum(bag.values()) for bag in bags]
        mean = float(np.mean(lengths)) if lengths else 1.0
        entries = [
            (row, self.place[term], weight(count, lengths[row], mean))
            for row, bag in enumerate(bags)
            for term, count in bag.items()
        ]
        shape = (len(texts), max(len(self.place), 1))
        rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
        self.weights = csr_matrix((values, (rows, columns)), shape=shape, dtype=np.float64)
        self.present = self.weights.copy()
        self.present.data[:] = 1.0
        self.masses: Floats = np.asarray(self.present @ self.rarities).ravel()

    def _rarities(self, bags: Sequence[Counter[str]], groups: Sequence[int]) -> tuple[Floats, float]:
        members: dict[int, set[str]] = {}
        for bag, group in zip(bags, groups, strict=True):
            members.setdefault(group, set()).update(bag)
        frequencies = Counter(term for found in members.values() for term in found)
        total = max(len(members), 1)
        return np.array([rarity(frequencies[term], total) for term in self.place] or [0.0]), rarity(0, total)

    def question(self, text: str) -> tuple[Floats, float]:
        """The question as a row of rarities over known terms, and its whole mass, unknown terms included."""
        row = np.zeros(self.weights.shape[1])
        mass = 0.0
        for term in set(terms(text)):
            number = self.place.get(term)
            mass += self.unknown if number is None else self.rarities[number]
            if number is not None:
                row[number] = self.rarities[number]
        return row, mass


def largest_per_owner(values: Floats, starts: NDArray[np.int64]) -> Floats:
    """The largest value of each owner; the texts of an owner stand together, from `starts[owner]`."""
    return np.maximum.reduceat(values, starts)


def starts_of(sizes: Iterable[int]) -> NDArray[np.int64]:
    """Where each owner's texts begin."""
    return np.concatenate([[0], np.cumsum(list(sizes))[:-1]]).astype(np.int64)
