"""What the bot does with a message: answer, offer a menu or a trip, ask one thing back, or bring a person."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

MENU_FLOOR = 0.15  # below it a candidate is not even offered
MENU_MOST = 3
UPSET, UNEASY = 2, 1
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
    """What the bot can do."""

    ANSWER = "answer"
    MENU = "menu"
    ASK = "ask"
    HUMAN = "human"
    GREET = "greet"
    OFFER = "offer"


@dataclass(frozen=True)
class Candidate:
    """Something that could be said: which row it is from, its text, and how likely it is right (0 to 1).

    `entity` is the thing it speaks of, for the questions that follow.
    """

    source: str
    id: str
    title: str
    text: str
    probability: float
    certain: bool
    entity: str = ""

    @property
    def key(self) -> str:
        """`source:id`, by which menus, models and citations name it."""
        return f"{self.source}:{self.id}"


@dataclass(frozen=True)
class Choice:
    """What a model made of a question: the id of the chosen option ("" for none), and the question made complete ("" where
    nothing usable came)."""

    id: str
    rewritten: str


@dataclass(frozen=True)
class Feeling:
    """How the customer feels: level 0 to 3, how sure the model is, and what spoke for it."""

    level: int = 0
    score: float = 0.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision:
    """A move, its reason for staff, the candidates it says or offers, and what was understood on the way.

    `question` is the one thing to ask back; `topic` the reason's family, for skills and for what may be offered.
    """

    move: Move
    reason: str
    candidates: tuple[Candidate, ...] = ()
    feeling: Feeling = field(default_factory=Feeling)
    question: str = ""
    acts: tuple[tuple[str, str, str, str], ...] = ()
    note: str = ""


def asks_for_person(text: str) -> bool:
    """Whether the customer asks for a human being, now."""
    return bool(_PERSON.search(text)) and not _ABOUT_STAFF.search(text)


def is_greeting(text: str) -> bool:
    """Whether nothing is asked: a hello or thanks."""
    return bool(_GREETING.match(text.strip()))


def gate(text: str, feeling: Feeling) -> Decision | None:
    """What is decided before anything is looked up: hand-off words, mood, a greeting, no words at all."""
    if asks_for_person(text) or "human" in feeling.reasons:
        # Whoever asks for a person, and says nothing else against us, is not upset: no apology, no rest for marketing.
        calm = set(feeling.reasons) <= {"human", "model"}
        return Decision(Move.HUMAN, "asked_for_person", feeling=replace(feeling, level=0) if calm else feeling)
    if feeling.level >= UPSET:
        return Decision(Move.HUMAN, "mood", feeling=feeling)
    if is_greeting(text):
        return Decision(Move.GREET, "greeting", feeling=feeling)
    return None


def decide(text: str, candidates: Sequence[Candidate], failed_before: int = 0, feeling: Feeling | None = None) -> Decision:
    """The move for one merged message. `failed_before` counts turns in a row in which the bot could not help."""
    mood = feeling or Feeling()
    decided = gate(text, mood)
    if decided is not None:
        return decided
    ordered = sorted(candidates, key=lambda one: (-one.certain, -one.probability))
    if ordered and ordered[0].certain:
        return Decision(Move.ANSWER, ordered[0].source, (ordered[0],), mood)
    offered = tuple(one for one in ordered if one.probability >= MENU_FLOOR)[:MENU_MOST]
    if offered and failed_before < 2:
        return Decision(Move.MENU, "unsure", offered, mood)
    if not any(character.isalnum() for character in text) and not failed_before:
        return Decision(Move.ASK, "no_words", feeling=mood)
    return Decision(Move.HUMAN, "unknown" if not failed_before else "failed_twice", feeling=mood)
