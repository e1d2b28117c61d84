"""What each column of a file means: by its label first, by its content where the label says nothing.

A use gives its fields with their labels (Chinese and English) and the tests of their content; the algorithm is here.
"""

import dataclasses
import functools
import re
from collections.abc import Callable, Iterable, Mapping

from core.tables.texts import compare_key

CERTAIN = 0.75  # below this a person must confirm before the column is used
_BY_CONTENT = 0.6
_BY_PART = 0.85
Test = Callable[[str], bool]


@dataclasses.dataclass(frozen=True)
class Match:
    """One column's meaning. `confidence` is from 0 to 1; below CERTAIN the column waits for a person."""

    column: str
    field: str
    confidence: float

    @property
    def is_certain(self) -> bool:
        """Whether the column is used without asking."""
        return self.confidence >= CERTAIN


@dataclasses.dataclass(frozen=True)
class Meanings:
    """The fields a file may hold. `labels`: field -> how people head it; `shapes`: field -> whether a value looks like
    it (refuses a label that only begins like it); `contents`: tests tried on a column whose label says nothing, in
    order; `kept`: labels of columns kept as they are; `rest`: the field of every other column; `empty`: of an empty one.
    """

    labels: Mapping[str, tuple[str, ...]]
    shapes: Mapping[str, Test]
    contents: tuple[tuple[str, Test], ...]
    rest: str
    empty: str
    kept: frozenset[str] = frozenset()

    @functools.cached_property
    def keys(self) -> dict[str, set[str]]:
        """Field -> its labels in the form in which labels are compared."""
        return {field: {label_key(label) for label in labels} for field, labels in self.labels.items()}

    def propose(self, columns: list[str], samples: list[list[str]]) -> list[Match]:
        """A meaning for every column; no field is given to two columns, the surer one has it."""
        guesses = [self._guess(column, sample) for column, sample in zip(columns, samples, strict=True)]
        best: dict[str, float] = {}
        for guess in guesses:
            best[guess.field] = max(best.get(guess.field, 0.0), guess.confidence)
        taken: set[str] = set()
        result = []
        for guess in guesses:
            first = guess.field not in taken and guess.confidence == best[guess.field]
            if guess.field in {self.rest, self.empty} or first:
                taken.add(guess.field)
                result.append(guess)
            else:
                result.append(Match(guess.column, self.rest, 1.0))
        return result

    def _guess(self, column: str, sample: list[str]) -> Match:
        key = label_key(column)
        if key in self.kept:
            return Match(column, self.rest, 1.0)
        for field, keys in self.keys.items():
            if key in keys:
                return Match(column, field, 1.0)
        partial = self._by_part_of_label(key)
        if partial and self._fits(partial, sample):
            return Match(column, partial, _BY_PART)
        if not sample:
            return Match(column, self.empty, 1.0)
        return self._by_content(column, sample)

    def _by_part_of_label(self, key: str) -> str | None:
        """The field whose label the column's label begins with ("城市名称" is a city), else ends with ("参考门票")."""
        words = [(word, field) for field, keys in self.keys.items() for word in keys if len(word) >= (4 if word.isascii() else 2)]
        words.sort(key=lambda pair: -len(pair[0]))
        starting = next((field for word, field in words if key.startswith(word)), None)
        return starting or next((field for word, field in words if key.endswith(word)), None)

    def _fits(self, field: str, sample: list[str]) -> bool:
        """Whether most values look like the field: "价格说明" begins like a price and is none."""
        test = self.shapes.get(field)
        return test is None or not sample or sum(1 for text in sample if test(text)) * 2 >= len(sample)

    def _by_content(self, column: str, sample: list[str]) -> Match:
        for field, test in self.contents:
            share = sum(1 for text in sample if test(text)) / len(sample)
            if share >= 0.8:
                return Match(column, field, round(_BY_CONTENT * share, 2))
        return Match(column, self.rest, 1.0)


def label_key(column: str) -> str:
    """A label without case, spaces, brackets and underscores: "门票 (元)" and "门票" are one."""
    return re.sub(r"\(.*?\)|[\s_\-/*.:]", "", compare_key(column))


def chosen(matches: Iterable[Match], *, corrections: Mapping[str, str] | None = None) -> list[Match]:
    """The matches with a person's corrections, which are certain."""
    fixed = corrections or {}
    return [Match(match.column, fixed[match.column], 1.0) if match.column in fixed else match for match in matches]
