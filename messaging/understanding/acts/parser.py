"""Finding the acts of one customer message with the trained model, with or without what the talk is about."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from messaging.understanding.acts.features import buckets, character_features, tidy
from messaging.understanding.acts.labels import RATINGS, mask_of
from messaging.understanding.acts.values import canonical

MODEL_FOLDER = Path(__file__).resolve().parent.parent / "data"
# What a sentence that names no kind of place may mean: the sentence model's margin, moved towards what the talk is about.
FOCUS_BONUS = 0.6
DOMAIN_WORDS = {
    "景点": ("景点", "景区", "公园", "博物馆", "好玩", "游玩"),
    "酒店": ("酒店", "宾馆", "旅馆", "住宿", "住处", "入住"),
    "餐馆": ("餐馆", "餐厅", "饭店", "馆子", "饭馆", "菜", "吃"),
    "出租": ("出租", "打车", "的士"),
    "地铁": ("地铁",),
}


class Act(NamedTuple):
    """What the customer does with one slot: Inform, Request, Select or General; `start` and `end` are its place in the text."""

    intent: str
    domain: str
    slot: str
    value: str
    start: int = -1
    end: int = -1

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The act without its place, as data sets write it."""
        return self[:4]


@dataclass(frozen=True)
class Focus:
    """What the talk is about just before a message."""

    domain: str = ""

    def after(self, acts: Sequence[Act]) -> "Focus":
        """The focus once a message with these acts was said: what was looked for, else what was named, else asked about."""
        for fits in _FOCUS_ORDER:
            domain = next((act.domain for act in acts if act.domain in DOMAIN_WORDS and fits(act)), "")
            if domain:
                return Focus(domain)
        return self


_FOCUS_ORDER: tuple[Callable[[Act], bool], ...] = (
    lambda act: act.intent == "Select",
    lambda act: act.intent == "Request" and act.slot == "名称",
    lambda act: act.intent == "Inform" and act.slot == "名称",
    lambda act: act.intent == "Request",
    lambda act: act.intent == "Inform",
)


@dataclass(frozen=True)
class Span:
    """A value found in a text, by character offsets."""

    label: str
    start: int
    end: int


class ActParser:
    """The trained model; build it once (`shared_parser`) and call `parse` for each message."""

    def __init__(self, folder: Path = MODEL_FOLDER) -> None:
        # Imported here: a process that never reads a chat pays nothing for it.
        import pycrfsuite

        self._tagger: Any = pycrfsuite.Tagger()
        self._tagger.open(str(folder / "acts.crfsuite"))
        with np.load(folder / "acts.npz") as stored:
            self._weights = stored["weights"]
            self._bias = stored["bias"]
            self._scale = stored["scale"]
            names: list[str] = stored["names"].tolist()
        self._names = [tuple(name.split("+")) for name in names]
        self._columns = {name: column for column, name in enumerate(names)}
        self._siblings = [[other for other, more in enumerate(self._names) if _alike(name, more)] for name in self._names]

    def parse(self, text: str, focus: Focus | None = None) -> list[Act]:
        """The acts of a message; with a focus, requests that name no kind of place go to what the talk is about."""
        clean = tidy(text)
        if not clean.strip():
            return []
        spans = list(_spans(self._tagger.tag(character_features(clean))))
        rows = self._weights[buckets(_masked(clean, spans))]
        margins = rows.sum(axis=0, dtype=np.int32) * self._scale + self._bias
        if focus and focus.domain:
            margins = self._pulled(clean, spans, focus.domain, margins)
        spans = [self._placed(_ride(span, clean), margins) for span in spans]
        return [*_valued(text, spans), *self._sentence_acts(margins)]

    def _placed(self, span: Span, margins: Any) -> Span:
        """A rating goes to the kind of place the sentence asks a rating of."""
        if span.label not in RATINGS:
            return span
        return Span(max(RATINGS, key=lambda label: margins[self._columns[label]]), span.start, span.end)

    def _sentence_acts(self, margins: Any) -> Iterator[Act]:
        for index in np.flatnonzero(margins > 0):
            intent, domain, slot, *value = self._names[index]
            if "+".join((intent, domain, slot)) not in RATINGS:
                yield Act(intent, domain, slot, value[0] if value else ("none" if intent == "General" else ""))

    def _pulled(self, clean: str, spans: list[Span], domain: str, margins: Any) -> Any:
        """Acts whose kind of place the sentence leaves open go to what the talk is about: that column takes the best
        margin of its siblings and a bonus, the others a malus."""
        named = {key for key, words in DOMAIN_WORDS.items() if any(word in clean for word in words)}
        named |= {span.label.split("+")[1] for span in spans if span.label.endswith("+名称")}
        moved = margins.copy()
        for column, name in enumerate(self._names):
            sign = _sign(name, named, domain)
            if sign:
                best = max(margins[other] for other in self._siblings[column]) if sign > 0 else margins[column]
                moved[column] = best + sign * FOCUS_BONUS
        return moved


_TAXI, _METRO = re.compile("出租|打车|打的|的士|叫.{0,3}车|车型|车牌|网约车|专车"), re.compile("地铁")


def _ride(span: Span, clean: str) -> Span:
    """From where to where is said alike of taxis and of the metro: the word for the ride decides."""
    intent, domain, slot = span.label.split("+")
    if domain not in ("出租", "地铁"):
        return span
    taxi, metro = bool(_TAXI.search(clean)), bool(_METRO.search(clean))
    ride = domain if taxi == metro else "出租" if taxi else "地铁"
    return Span(f"{intent}+{ride}+{slot}", span.start, span.end)


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """The same act about another kind of place: two requests for a phone, two choices of a sight near something."""
    if one[0] != other[0]:
        return False
    return one[1:3] == other[1:3] if one[0] == "Select" else one[2] == other[2]


def _sign(name: tuple[str, ...], named: set[str], domain: str) -> int:
    intent, about, slot, *value = name
    if intent == "Select":
        return 0 if named - {about} or not value else 1 if value[0] == domain else -1
    if intent != "Request" and slot != "评分":
        return 0
    # 附近有什么餐馆 names what is looked for, not where from.
    near = {slot.removeprefix("周边")} if slot.startswith("周边") else set()
    if named - near:
        return 0
    return 1 if about == domain else -1


def _spans(labels: Sequence[str]) -> Iterator[Span]:
    """Runs of B-x I-x I-x; an I that follows nothing of its kind opens a run as well."""
    start, current = 0, ""
    for position, label in enumerate([*labels, "O"]):
        name = label[2:]
        if current and (label == "O" or label[0] == "B" or name != current):
            yield Span(current, start, position)
            current = ""
        if label != "O" and not current:
            start, current = position, name


def _valued(text: str, spans: list[Span]) -> Iterator[Act]:
    for span in spans:
        intent, domain, slot = span.label.split("+")
        value = canonical(slot, text[span.start : span.end])
        if slot == "酒店设施":
            slot, value = f"酒店设施-{value}", "是" if intent == "Inform" else ""
        yield Act(intent, domain, slot, value, span.start, span.end)


def _masked(clean: str, spans: list[Span]) -> str:
    pieces, last = [], 0
    for span in spans:
        pieces += [clean[last : span.start], mask_of(span.label)]
        last = span.end
    return "".join([*pieces, clean[last:]])


@lru_cache(maxsize=1)
def shared_parser() -> ActParser:
    """The parser of this process, read from disk at its first use."""
    return ActParser()
