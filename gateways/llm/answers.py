"""From what a model wrote to a JSON object that satisfies the schema, or the reason why not."""

import json
import re
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

MAX_CHARS = 200_000
_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?```\s*\Z", re.DOTALL)


class Unusable(Exception):
    """The answer cannot be used; the text says why, for the model's one repair."""


def read_answer(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The object in the answer; prose and a code fence around it are forgiven. Raises Unusable."""
    found = _parse(text[:MAX_CHARS])
    if not isinstance(found, dict):
        raise Unusable("the answer is not one JSON object")
    error = next(Draft202012Validator(dict(schema)).iter_errors(found), None)
    if error is not None:
        raise Unusable(f"{'/'.join(map(str, error.absolute_path)) or 'the object'}: {error.message[:300]}")
    return found


def _parse(text: str) -> Any:
    fenced = _FENCE.match(text)
    inner = fenced[1] if fenced else text
    for candidate in (inner, inner[inner.find("{") : inner.rfind("}") + 1]):
        try:
            return json.loads(candidate)
        except (ValueError, RecursionError):
            continue
    raise Unusable("the answer is not JSON")
