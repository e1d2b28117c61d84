"""Which of many true things about a customer deserves the next step. Pure: facts come in as advice, the best come out."""

import dataclasses
from collections.abc import Iterable

SHOWN = 3


@dataclasses.dataclass(frozen=True)
class Act:
    """One click: a link (`fields` empty and `is_post` False) or a POST with these hidden fields."""

    label: str
    url: str
    is_post: bool = False
    fields: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True)
class Advice:
    """Something true that asks for a step. Of one `topic` only the weightiest counts; `draft` is what one could write.

    Weights: 90 and more cannot wait (money, departure, the law), 60 to 89 today, below that when there is time. `key` names
    the task that the act would make, so that advice taken once is not given again.
    """

    code: str
    topic: str
    weight: int
    icon: str
    title: str
    reason: str
    act: Act | None = None
    draft: str = ""
    key: str = ""
    tone: str = "info"


def choose(found: Iterable[Advice], taken: Iterable[str] = (), limit: int = SHOWN) -> list[Advice]:
    """The weightiest advice first, one of each topic, without what has been taken up already."""
    done, topics, chosen = set(taken), set[str](), []
    for advice in sorted(found, key=lambda one: (-one.weight, one.code)):
        if advice.topic not in topics and not (advice.key and advice.key in done):
            topics.add(advice.topic)
            chosen.append(advice)
    return chosen[:limit]
