"""Variables in what we write: `{{name|dear guest}}`. Compiled once, filled per person, never read a second time.

A value is put in as it is, so `{{` in somebody's nickname is only text. What is missing takes the words after the bar, then
the variable's own fall-back, then nothing: no customer ever sees a brace of ours.
"""

import dataclasses
import functools
import re
from collections.abc import Mapping, Sequence

_VARIABLE = re.compile(r"\{\{\s*([a-z_]{1,30})\s*(?:\|([^{}]{0,60}))?\}\}")
_BREAKS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")
# What can be said of everybody, and what to say when it is not known.
KNOWN: dict[str, str] = {"name": "您", "nickname": "您", "city": "您所在的城市", "adviser": "您的旅行顾问"}
VALUE_LENGTH = 60


@dataclasses.dataclass(frozen=True)
class Words:
    """A compiled text: `literals` has one more entry than `variables`, and they alternate."""

    literals: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]

    @property
    def is_personal(self) -> bool:
        """Whether it reads differently for different people."""
        return bool(self.variables)

    def fill(self, values: Mapping[str, str]) -> str:
        """The text for one person."""
        if not self.variables:
            return self.literals[0]
        pieces = [self.literals[0]]
        for (name, fallback), literal in zip(self.variables, self.literals[1:], strict=True):
            pieces += (_clean(values.get(name) or "") or fallback, literal)
        return "".join(pieces)


@functools.lru_cache(maxsize=512)
def compile_words(text: str) -> Words:
    """Read a text once. Anything that is no well-formed variable is text."""
    literals, variables, place = [], [], 0
    for found in _VARIABLE.finditer(text):
        literals.append(text[place : found.start()])
        name, fallback = found[1], found[2]
        variables.append((name, KNOWN.get(name, "") if fallback is None else fallback.strip()))
        place = found.end()
    return Words((*literals, text[place:]), tuple(variables))


def unknown_variables(text: str, given: Sequence[str] = ()) -> list[str]:
    """Variables nobody fills and that have no fall-back of their own: a slip of the writer, said before the launch."""
    names = {*KNOWN, *given}
    return [name for name, fallback in compile_words(text).variables if name not in names and not fallback]


def stray_braces(text: str) -> bool:
    """Whether a brace is left that looks like a variable and is none ("{{Name}}", "{{name")."""
    return any("{{" in literal or "}}" in literal for literal in compile_words(text).literals)


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` for one person."""
    return compile_words(text).fill(values)


def _clean(value: str) -> str:
    """A value on one line, at most `VALUE_LENGTH` characters."""
    return _BREAKS.sub("", value.replace("\n", " ").replace("\t", " ")).strip()[:VALUE_LENGTH]
