"""What the bot should learn: its abstentions, thumbs down and corrections, alike ones together."""

import dataclasses

from service_bot.choices import GapState
from service_bot.models import Turn
from service_bot.retrieval.text import terms

MOST = 400
ALIKE = 0.34


@dataclasses.dataclass
class Gap:
    """Questions that ask nearly the same; the first stands for all."""

    turns: list[Turn]
    bag: set[str]

    @property
    def question(self) -> str:
        """The shortest wording that still is a question."""
        return min((turn.question for turn in self.turns), key=lambda text: (len(text) < 4, len(text)))[:200]

    @property
    def ids(self) -> str:
        """The turns' ids, for a form."""
        return ",".join(str(turn.pk) for turn in self.turns)


def open_gaps(most: int = 60) -> list[Gap]:
    """Clusters of open turns, the largest first. Greedy by shared terms: enough for some hundred questions."""
    gaps: list[Gap] = []
    down = Turn.objects.filter(reply__vote=-1, gap="")
    found = Turn.objects.filter(gap=GapState.OPEN) | down
    for turn in found.select_related("conversation").order_by("-at")[:MOST]:
        bag = set(terms(turn.question[:200]))
        if not bag:
            continue
        near = max(gaps, key=lambda gap: _alike(gap.bag, bag), default=None)
        if near is not None and _alike(near.bag, bag) >= ALIKE:
            near.turns.append(turn)
        else:
            gaps.append(Gap([turn], bag))
    return sorted(gaps, key=lambda gap: -len(gap.turns))[:most]


def _alike(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)) + abs(len(one) - len(other)) / 3)
