"""Interests from behaviour: pure, no database. `find` says what a person is drawn to, given what they looked at.

Counting views is not enough: popular themes are seen by everybody, and a product carries several themes of which only one
may be the reason (three views of a theme mean that interest in one case of four). So each set of interests is a small
story of how the views came about, and the most believable story wins:

    a view is chance with one of the probabilities NOISE, whichever suits: any product, by the catalogue's own base rates;
    else one of the person's interests, all alike, picked a product among those that carry its theme.

Views that one interest explains give no credit to another ("explaining away"), and a theme that half of the catalogue has
must be seen far more often than one that few products have ("lift against base rates").

The best set is searched greedily (add or drop one theme at a time), scored by its likelihood and a price per interest (the
Bayesian information criterion's half log n, and the prior odds). An interest's probability is the odds of the best set
against the best set without it.
"""

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_Set = tuple[int, ...]
NOISE = (0.2, 0.4, 0.6, 0.8)  # shares of views that have no reason (yet: a search adds reasons one by one)
MOST = 5  # interests of one person
PRIOR = 0.06  # how often a person has a given interest
_LEAST_VIEWS = 2  # one view is no interest
_MOST_CANDIDATES = 14  # those seen most beyond chance


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """What there is to look at: product -> its themes, and how often each product is seen by anybody (base rates)."""

    themes: Mapping[str, frozenset[str]]
    rates: Mapping[str, float]

    @classmethod
    def of(cls, themes: Mapping[str, Sequence[str]], seen: Mapping[str, int]) -> "Catalogue":
        """A catalogue from views of everybody; a product nobody saw counts as seen once."""
        total = sum(seen.get(code, 0) + 1 for code in themes)
        return cls({c: frozenset(t) for c, t in themes.items()}, {c: (seen.get(c, 0) + 1) / total for c in themes})

    def mass(self, theme: str) -> float:
        """The share of all views that go to products of a theme."""
        return sum(rate for code, rate in self.rates.items() if theme in self.themes[code])


@dataclasses.dataclass(frozen=True)
class Found:
    """An interest with its probability, how much more often its products were seen than by chance, and the views it explains."""

    theme: str
    probability: float
    lift: float
    events: tuple[int, ...]


def find(views: Sequence[tuple[str, float]], catalogue: Catalogue, masses: Mapping[str, float]) -> list[Found]:
    """What somebody is drawn to, strongest first. `views` are (product, weight), weight 1 for a view of today and fading;
    views of unknown products are left out. `masses` is theme -> `catalogue.mass(theme)`, computed once for everybody.
    """
    known = [(place, code, weight) for place, (code, weight) in enumerate(views) if code in catalogue.themes and weight > 0]
    if len(known) < _LEAST_VIEWS:
        return []
    story = _Story(known, catalogue, masses)
    chosen = story.search() if story.themes else ()
    found = [story.tell(place, chosen) for place in chosen]
    return sorted((one for one in found if one is not None), key=lambda one: (-one.probability, one.theme))


class _Story:
    """The views of one person, and how believable sets of interests make them. Sets are tuples of places in `themes`."""

    def __init__(self, known: Sequence[tuple[int, str, float]], catalogue: Catalogue, masses: Mapping[str, float]) -> None:
        self._places = [place for place, _code, _weight in known]
        self._seen = [catalogue.themes[code] for _place, code, _weight in known]
        self._masses = masses
        self.themes = self._candidates()
        self._weights = np.array([weight for _place, _code, weight in known])
        self._lifts = np.array([[1 / masses[theme] if theme in seen else 0.0 for seen in self._seen] for theme in self.themes])
        total = float(self._weights.sum())
        # Half a log of the number of views per interest: a long history must not turn chance into interests.
        self._price = 0.5 * math.log(max(total, 2.0)) + math.log((1 - PRIOR) / PRIOR) * 0.5

    def _candidates(self) -> list[str]:
        seen: dict[str, int] = {}
        for themes in self._seen:
            for theme in themes:
                seen[theme] = seen.get(theme, 0) + 1
        often = [theme for theme, times in seen.items() if times >= _LEAST_VIEWS and self._masses.get(theme, 0) > 0]
        often.sort(key=lambda theme: (-seen[theme] / self._masses[theme], theme))
        return sorted(often[:_MOST_CANDIDATES])

    def scores(self, sets: Sequence[_Set]) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """Log-likelihood of sets of one size against pure chance, minus the price of the interests. Pure chance scores 0."""
        size = len(sets[0])
        if size == 0:
            return np.zeros(len(sets))
        lifts = self._lifts[np.array(sets)].mean(axis=1)
        by_noise = [np.log(noise + (1 - noise) * lifts) @ self._weights for noise in NOISE]
        best: np.ndarray[Any, np.dtype[np.float64]] = np.max(by_noise, axis=0) - self._price * size
        return best

    def search(self) -> _Set:
        """Greedy: the best single change, again and again; the score rises with each, so it ends.

        It begins with one interest or two at once: of two equal ones, neither alone explains enough.
        """
        chosen: _Set = ()
        best = 0.0
        while True:
            found = [self._best(sets) for sets in self._neighbours(chosen) if sets]
            score, candidate = max(found, default=(best, chosen))
            if score <= best + 1e-9:
                return chosen
            best, chosen = score, candidate

    def _best(self, sets: list[_Set]) -> tuple[float, _Set]:
        scores = self.scores(sets)
        place = int(scores.argmax())
        return float(scores[place]), sets[place]

    def _neighbours(self, chosen: _Set) -> list[list[_Set]]:
        """Sets one change away, by size: one more, one less, one for another; from nothing also every two."""
        others = [place for place in range(len(self.themes)) if place not in chosen]
        more = [tuple(sorted((*chosen, place))) for place in others] if len(chosen) < MOST else []
        less = [tuple(one for one in chosen if one != place) for place in chosen] if len(chosen) > 1 else []
        swapped = [tuple(sorted((*rest, place))) for rest in _without_each(chosen) for place in others]
        pairs: list[_Set] = list(itertools.combinations(others, 2)) if not chosen else []
        return [more, less, swapped, pairs]

    def tell(self, place: int, chosen: _Set) -> Found | None:
        """An interest of the best set with its probability and the views that it explains better than the others do."""
        theme, mates = self.themes[place], {self.themes[one] for one in chosen}
        rest = tuple(one for one in chosen if one != place)
        gain = float(self.scores([chosen])[0] - self.scores([rest])[0])
        mass = self._masses[theme]
        mine = tuple(
            number
            for number, themes in zip(self._places, self._seen, strict=True)
            if theme in themes and all(mass <= self._masses[other] for other in themes & mates)
        )
        if not mine:
            return None
        share = float(self._weights[self._lifts[place] > 0].sum() / self._weights.sum())
        return Found(theme, 1 / (1 + math.exp(-min(gain, 60.0))), share / mass, mine)


def _without_each(chosen: _Set) -> list[_Set]:
    return [tuple(one for one in chosen if one != place) for place in chosen]
