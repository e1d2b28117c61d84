"""A message made ready for rules: plain characters one for one with the original, and its clauses."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_CLAUSE = re.compile(r"[^，。！？!?；;\n…,、～~]+[，。！？!?；;\n…,、～~]*")
_SENTENCE = re.compile(r"[^。！？!?\n…；;]+[。！？!?\n…；;]*")


@dataclass(frozen=True)
class Span:
    """A stretch of a message by character offsets; `end` is exclusive."""

    start: int
    end: int

    def overlaps(self, other: "Span") -> bool:
        """Whether both share a character."""
        return self.start < other.end and other.start < self.end


def plain(text: str) -> str:
    """Full-width forms to ASCII and letters to lower case, each character for one, so that offsets hold."""
    return "".join(map(_plain, text))


def _plain(char: str) -> str:
    if char in "，。！？；：（）～":
        return {"：": ":", "（": "(", "）": ")", "～": "~"}.get(char, char)
    folded = unicodedata.normalize("NFKC", char).lower()
    return folded if len(folded) == 1 else char


def clauses(text: str) -> Iterator[Span]:
    """Stretches between commas and stronger marks; a mark belongs to the clause before it."""
    for found in _CLAUSE.finditer(text):
        yield Span(*found.span())


def sentences(text: str) -> Iterator[Span]:
    """Stretches between full stops and the like."""
    for found in _SENTENCE.finditer(text):
        yield Span(*found.span())


def clause_of(text: str, position: int) -> Span:
    """The clause that holds a position."""
    for span in clauses(text):
        if span.start <= position < span.end:
            return span
    return Span(0, len(text))


def blank(text: str, spans: list[Span]) -> str:
    """The text with some stretches replaced by a neutral character of the same length."""
    chars = list(text)
    for span in spans:
        chars[span.start : span.end] = "□" * (span.end - span.start)
    return "".join(chars)
