"""A message's text with the customer's own words in it: `{{name|朋友}}` is the name, or 朋友 where there is none."""

import hashlib
import re
from collections.abc import Mapping

from campaigns.rules.journeys.steps import VARIABLES

_PLACE = re.compile(r"\{\{\s*([a-z_]+)\s*(?:\|([^{}|]*))?\}\}")


def places(text: str) -> list[tuple[str, str | None]]:
    """(variable, what stands for it where it is missing; None: nothing was written)."""
    return [(match.group(1), match.group(2)) for match in _PLACE.finditer(text)]


def text_problems(text: str) -> list[tuple[str, str]]:
    """(code, detail) of what is wrong with a text's variables: unknown ones, ones without a fall-back, half brackets."""
    found = [("variable", name) for name, _fallback in places(text) if name not in VARIABLES]
    found += [("fallback", name) for name, fallback in places(text) if name in VARIABLES and not (fallback or "").strip()]
    if "{{" in _PLACE.sub("", text) or "}}" in _PLACE.sub("", text):
        found.append(("brackets", ""))
    return found


def render(text: str, values: Mapping[str, str]) -> str:
    """The text for one person, in a single pass: what a nickname contains is never read as a variable."""
    return _PLACE.sub(lambda match: values.get(match.group(1), "").strip() or (match.group(2) or "").strip(), text)


def arm_of(salt: str, step_id: str, customer_id: int, weights: Mapping[str, int]) -> str:
    """The branch of an A/B test: the same for a person for ever, evenly spread by weight."""
    digest = hashlib.sha256(f"{salt}:{step_id}:{customer_id}".encode()).hexdigest()
    place = int(digest[:8], 16) % 100
    for label, weight in weights.items():
        if place < weight:
            return label
        place -= weight
    return next(iter(weights))
