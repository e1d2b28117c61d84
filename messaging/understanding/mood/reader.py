"""Rules, model and the course of the talk put together."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from messaging.understanding.mood.model import LONGEST, probability
from messaging.understanding.mood.signs import (
    AGAIN,
    COMPLAINT,
    DANGER,
    NOT_DANGER,
    NOT_THREAT,
    NOT_WANTS_HUMAN,
    SHOUTS,
    SIGNS,
    SWEARS,
    THREAT,
    WANTS_HUMAN,
)
from messaging.understanding.text import plain

UPSET = 2
# The model alone brings a human from here on; a tenant's own verdicts may move it.
THRESHOLD = 0.57
UNEASY = 0.3
# A question or a request for something (求…, 谁有…) in which no family of words speaks of displeasure with us: the model
# then judges letters it does not know; it may make a person uneasy, but brings no human.
ASKS = re.compile(r"^(?:急)?[求找]|^谁|[吗呢么？?]|多少|怎么|如何|什么|哪|打一|梦见|(.)不\1|是不是|有没有|^为")
DISPLEASED = (
    "anger",
    "insult",
    "sarcasm",
    "demand",
    "harm",
    "wait",
    "promise",
    "rhetoric",
    "legal",
    "exposure",
    "human",
    "you",
    "money",
    "silence",
    "loop",
    "ultimatum",
    "unmet",
    "contempt",
)
NO_SIGN = 0.4
SURE, RATHER_SURE = 0.95, 0.65
# 气死我了这么美: joy in strong words, with nothing said against us.
GLAD = ("laugh", "praise", "joy")
AGAINST_US = (
    "insult",
    "sarcasm",
    "demand",
    "harm",
    "wait",
    "promise",
    "rhetoric",
    "silence",
    "loop",
    "ultimatum",
    "unmet",
    "contempt",
)


# The writer's own slip or other people's trouble, with nothing asked of us: the model must be surer.
APART, APART_SURE = ("mine", "others"), 0.85
FIRM = ("demand", "ultimatum", "silence", "loop", "wait", "sarcasm", "legal", "exposure")


@dataclass(frozen=True)
class Talk:
    """What came before in the conversation."""

    earlier: tuple[str, ...] = ()  # the customer's earlier messages, oldest first
    failed_answers: int = 0
    waited_too_long: bool = False
    in_dispute: bool = False


@dataclass(frozen=True)
class Mood:
    """Level 0-3, the model's probability, and what led to the level."""

    level: int
    score: float
    reasons: tuple[str, ...] = ()

    @property
    def upset(self) -> bool:
        """Whether a human has to take over now."""
        return self.level >= UPSET


def read_mood(text: str, talk: Talk | None = None, threshold: float = THRESHOLD) -> Mood:
    """The mood of a message, with what came before it where that is known."""
    words = plain(text.strip())[:LONGEST]
    if not words:
        return Mood(0, 0.0)
    score = probability(words)
    score = _tempered(words, score)
    reasons = _rules(words, score)
    level = max((_LEVELS[reason] for reason in reasons), default=0)
    if score >= threshold:
        reasons.append("model")
        level = max(level, UPSET)
    elif score >= UNEASY:
        level = max(level, 1)
    course = _course(words, talk) if talk else []
    if course:
        reasons += course
        # Trouble in the talk lifts unease to being upset, and calm to unease.
        level = max(level, min(level + 1, UPSET) if len(course) == 1 else UPSET)
    return Mood(level, round(score, 4), tuple(reasons))


def _tempered(words: str, score: float) -> float:
    """The model's word is not enough where nothing speaks of displeasure, or where joy explains the strong words."""
    spoken = {name for name in (*DISPLEASED, *GLAD) if SIGNS[name].search(words)}
    if not spoken.intersection(DISPLEASED):
        sure = SURE if ASKS.search(words) else RATHER_SURE
        return score if score >= sure else min(score, NO_SIGN)
    if any(SIGNS[name].search(words) for name in APART) and not spoken.intersection(FIRM):
        return score if score >= APART_SURE else min(score, NO_SIGN)
    if spoken.intersection(GLAD) and not spoken.intersection(AGAINST_US):
        return min(score, NO_SIGN)
    return score


_LEVELS = {"human": 2, "threat": 3, "complaint": 2, "insult": 3, "danger": 3, "shouting": 2, "repeating": 2}
# Below this the model is sure enough that a rule has met a joke or a calm question.
_SURELY_CALM = 0.12


def _rules(words: str, score: float) -> list[str]:
    reasons = []
    if WANTS_HUMAN.search(words) and not NOT_WANTS_HUMAN.search(words):
        reasons.append("human")
    if THREAT.search(words) and not NOT_THREAT.search(words):
        reasons.append("threat")
    glad = SIGNS["laugh"].search(words) or SIGNS["praise"].search(words)
    if COMPLAINT.search(words) and not NOT_THREAT.search(words):
        reasons.append("complaint")
    if SWEARS.search(words) and not glad and score > _SURELY_CALM:
        reasons.append("insult")
    if DANGER.search(words) and not NOT_DANGER.search(words) and score > _SURELY_CALM and not glad:
        reasons.append("danger")
    cross = (
        SIGNS["anger"].search(words)
        or SIGNS["insult"].search(words)
        or SIGNS["wait"].search(words)
        or SIGNS["demand"].search(words)
    )
    if SHOUTS.search(words) and cross and not glad and score > UNEASY:
        reasons.append("shouting")
    if AGAIN.search(words) and cross and not glad:
        reasons.append("repeating")
    return reasons


def _course(words: str, talk: Talk) -> list[str]:
    reasons = []
    if any(_same_question(words, plain(earlier)) for earlier in talk.earlier[-4:]):
        reasons.append("asked before")
    if talk.failed_answers >= 2:
        reasons.append("answers failed")
    if talk.waited_too_long:
        reasons.append("waited too long")
    if talk.in_dispute and (SIGNS["money"].search(words) or SIGNS["wait"].search(words)):
        reasons.append("order in dispute")
    return reasons


def _same_question(words: str, earlier: str) -> bool:
    return len(words) >= 4 and SequenceMatcher(None, words, earlier).ratio() >= 0.75
