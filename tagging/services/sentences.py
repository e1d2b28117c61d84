"""A rule written in one sentence: by a model where one is configured, else by patterns; always shown before it counts."""

import dataclasses
import logging
from typing import Any

from core.conditions import ConditionError, dump
from core.conditions.params import Param, known
from core.conditions.registry import fields
from gateways.errors import LlmUnavailable
from tagging import ai
from tagging.queries.checking import checked
from tagging.queries.vocabulary import vocabulary
from tagging.sentence import read

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Written:
    """What a sentence was read as. `by`: "model" or "patterns"; `unread`: the parts nobody understood."""

    condition: dict[str, Any] | None
    keep_days: int | None
    unread: tuple[str, ...]
    by: str


def write_rule(sentence: str) -> Written:
    """Read a sentence. Patterns first: what they read whole needs no model. Else the model, where one is configured and its
    answer can be asked; else what the patterns understood, with what they did not.
    """
    reading = read(sentence, vocabulary())
    condition = _askable(reading.condition)
    if condition is not None and not reading.unread:
        return Written(condition, reading.keep_days, (), "patterns")
    proposed = _from_model(sentence)
    if proposed is not None:
        return proposed
    return Written(condition, reading.keep_days, reading.unread, "patterns")


def _askable(condition: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if condition is None else dump(checked(condition))


def _from_model(sentence: str) -> Written | None:
    try:
        proposed = ai.propose_rule(sentence, described_fields())
        return None if proposed is None else Written(dump(checked(dump(proposed.node))), proposed.keep_days, (), "model")
    except (LlmUnavailable, ConditionError) as error:
        logger.info("the model could not write a rule: %s", error)
        return None


MOST_OPTIONS = 60


def described_fields() -> dict[str, Any]:
    """Every field with its settings and the values it takes, for a model."""
    return {
        field.name: {
            "means": str(field.label),
            "settings": {param.name: _described(param) for param in field.params},
            "example": {field.name: dict(field.start)},
        }
        for field in fields().values()
    }


def _described(param: Param) -> Any:
    options = getattr(param, "options", None)
    if options is None:
        return str(param.label) or type(param).__name__
    return {str(option.value): str(option.label) for option in list(known(options).values())[:MOST_OPTIONS]}
