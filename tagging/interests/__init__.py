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
    chosen = story.search()
    found = [story.tell(theme, chosen) for theme in chosen]
    return sorted((one for one in found if one is not None), key=lambda one: (-one.probability, one.theme))


class _Story:
    """The views of one person, and how believable sets of interests make them."""

    def __init__(self, known: Sequence[tuple[int, str, float]], catalogue: Catalogue, masses: Mapping[str, float]) -> None:
        self._views = known
        self._themes = [catalogue.themes[code] for _place, code, _weight in known]
        self._masses = masses
        self._weight = sum(weight for _place, _code, weight in known)
        # Half a log of the number of views per interest: a long history must not turn chance into interests.
        self._price = 0.5 * math.log(max(self._weight, 2.0)) + math.log((1 - PRIOR) / PRIOR) * 0.5

    def score(self, chosen: frozenset[str]) -> float:
        """Log-likelihood against pure chance, minus the price of the interests. Pure chance scores 0."""
        if not chosen:
            return 0.0
        lifts = [sum(1 / self._masses[theme] for theme in chosen & themes) / len(chosen) for themes in self._themes]
        return max(self._likelihood(lifts, noise) for noise in NOISE) - self._price * len(chosen)

    def _likelihood(self, lifts: Sequence[float], noise: float) -> float:
        weighed = zip(self._views, lifts, strict=True)
        return sum(weight * math.log(noise + (1 - noise) * lift) for (_place, _code, weight), lift in weighed)

    def search(self) -> frozenset[str]:
        """Greedy: the best single change, again and again; the score rises with each, so it ends.

        It begins with one interest or two at once: of two equal ones, neither alone explains enough.
        """
        chosen: frozenset[str] = frozenset()
        best = 0.0
        candidates = self._candidates()
        while True:
            neighbours = [chosen | {theme} for theme in candidates - chosen] if len(chosen) < MOST else []
            if not chosen:
                neighbours += [frozenset(pair) for pair in itertools.combinations(sorted(candidates), 2)]
            neighbours += [chosen - {theme} for theme in chosen]
            neighbours += [(chosen - {old}) | {new} for old in chosen for new in candidates - chosen]
            scored = sorted(((self.score(one), sorted(one)) for one in neighbours), reverse=True)
            if not scored or scored[0][0] <= best + 1e-9:
                return chosen
            best, chosen = scored[0][0], frozenset(scored[0][1])

    def _candidates(self) -> frozenset[str]:
        seen: dict[str, int] = {}
        for themes in self._themes:
            for theme in themes:
                seen[theme] = seen.get(theme, 0) + 1
        often = [theme for theme, times in seen.items() if times >= _LEAST_VIEWS and self._masses.get(theme, 0) > 0]
        often.sort(key=lambda theme: (-seen[theme] / self._masses[theme], theme))
        return frozenset(often[:_MOST_CANDIDATES])

    def tell(self, theme: str, chosen: frozenset[str]) -> Found | None:
        """An interest of the best set with its probability and the views that it explains better than the others do."""
        gain = self.score(chosen) - self.score(chosen - {theme})
        mine = tuple(
            place
            for (place, _code, _weight), themes in zip(self._views, self._themes, strict=True)
            if theme in themes and all(self._masses[theme] <= self._masses[other] for other in themes & chosen)
        )
        if not mine:
            return None
        weight = sum(weight for (_p, _c, weight), themes in zip(self._views, self._themes, strict=True) if theme in themes)
        lift = weight / self._weight / self._masses[theme]
        return Found(theme, 1 / (1 + math.exp(-min(gain, 60.0))), lift, mine)
