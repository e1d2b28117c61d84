"""What the bot does with a message: answer, offer a menu, ask one thing back, or bring a person."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MENU_FLOOR = 0.15  # below it a candidate is not even offered
MENU_MOST = 3
# Whoever asks for a person gets one. A question *about* the staff ("人工客服几点上班") is a question.
_PERSON = re.compile(
    r"转人工|转接人工|人工服务|找人工|要人工|叫人工|接人工|真人|活人|换个人|找客服|人来|不想跟机器|别用机器|^人工(客服)?[!！。.]*$"
)
_ABOUT_STAFF = re.compile(r"几点|上班|下班|时间|是不是|吗[?？]?$|多少钱")
_GREETING = re.compile(
    r"^(你好|您好|哈喽|hello|hi|在吗|在不在|有人吗|早上好|晚上好|下午好|谢谢|多谢|好的|嗯+|哦+|ok|收到|再见|拜拜)[呀啊哦的了吧啦呢哈~!！。.\s]*$",
    re.IGNORECASE,
)


class Move(StrEnum):
    """The bot's four moves, and a greeting returned."""

    ANSWER = "answer"
    MENU = "menu"
    ASK = "ask"
    HUMAN = "human"
    GREET = "greet"


@dataclass(frozen=True)
class Candidate:
    """Something that could be said: which row it is from, its text, and how likely it is right (0 to 1)."""

    source: str
    id: str
    title: str
    text: str
    probability: float
    certain: bool


@dataclass(frozen=True)
class Decision:
    """A move, its reason for staff, and the candidates it says or offers."""

    move: Move
    reason: str
    candidates: tuple[Candidate, ...] = ()


def asks_for_person(text: str) -> bool:
    """Whether the customer asks for a human being, now."""
    return bool(_PERSON.search(text)) and not _ABOUT_STAFF.search(text)


def is_greeting(text: str) -> bool:
    """Whether nothing is asked: a hello or thanks."""
    return bool(_GREETING.match(text.strip()))


def decide(text: str, candidates: Sequence[Candidate], failed_before: int = 0) -> Decision:
    """The move for one merged message. `failed_before` counts turns in a row in which the bot could not help."""
    if asks_for_person(text):
        return Decision(Move.HUMAN, "asked_for_person")
    if is_greeting(text):
        return Decision(Move.GREET, "greeting")
    ordered = sorted(candidates, key=lambda one: (-one.certain, -one.probability))
    if ordered and ordered[0].certain:
        return Decision(Move.ANSWER, ordered[0].source, (ordered[0],))
    offered = tuple(one for one in ordered if one.probability >= MENU_FLOOR)[:MENU_MOST]
    if offered and failed_before < 2:
        return Decision(Move.MENU, "unsure", offered)
    if not any(character.isalnum() for character in text) and not failed_before:
        return Decision(Move.ASK, "no_words")
    return Decision(Move.HUMAN, "unknown" if not failed_before else "failed_twice")
